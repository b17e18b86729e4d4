"""Every branch of the answer and every sentence of the bank, for the golden tests and the reading age."""

import itertools
import math
from dataclasses import replace
from functools import cache

from evalkit.records.results import Caveat, Check, Results
from evalkit.report import (
    sections,
    words,
    words_caveats,
    words_checks,
    words_measure,
    words_percent,
    words_pupils,
    words_steps,
)
from evalkit.report.words_change import SHAPES, Change, answer_sentence, changes, describe_change, finding
from tests.golden.sample import sample

GAP = math.nan
INTERVALS = {
    "rose_clearly": (8.0, 6.0, 10.0), "rose": (4.7, 1.1, 8.2), "rose_slightly": (1.5, 0.4, 2.6),
    "fell_clearly": (-8.0, -10.0, -6.0), "fell": (-4.7, -8.2, -1.1), "fell_slightly": (-1.5, -2.6, -0.4),
    "same": (-0.2, -2.8, 2.5), "may_have_risen": (2.0, 0.1, 3.9), "may_have_fallen": (-2.0, -3.9, -0.1),
    "unclear": (1.0, -4.0, 6.0), "moved_alike": (GAP, GAP, GAP), "not_moved": (GAP, GAP, GAP),
    "suppressed": (GAP, GAP, GAP), "not_estimated": (GAP, GAP, GAP),
}  # fmt: skip


def change(label: str, verdict: str, *, primary: bool = True, lower: bool = False, n: float = 48) -> Change:
    """An outcome's change with this verdict."""
    estimate, low, high = INTERVALS[verdict]
    return Change(label.lower(), label, primary, estimate, low, high, 3.0, n, verdict, lower)  # type: ignore[arg-type]


def answers() -> dict[str, str]:
    """The answer under every branch, by the name of the branch."""
    two = {
        f"{first} + {second}": ([change("Self-efficacy", first), change("Grit", second)], False)
        for first, second in itertools.combinations_with_replacement(INTERVALS, 2)
        if first == second or "unclear" in (first, second) or (first, second) in (("rose", "same"), ("rose", "fell"))
    }
    cases: dict[str, tuple[list[Change], bool]] = {
        **{verdict: ([change("Self-efficacy", verdict)], False) for verdict in INTERVALS},
        **two,
        "rose + suppressed": ([change("Self-efficacy", "rose"), change("Grit", "suppressed")], False),
        "unclear + suppressed": ([change("Self-efficacy", "unclear"), change("Grit", "suppressed")], False),
        "rose + moved_alike": ([change("Self-efficacy", "rose"), change("Grit", "moved_alike")], False),
        "same + not_moved": ([change("Self-efficacy", "same"), change("Grit", "not_moved")], False),
        "moved_alike + not_moved + suppressed": (
            [change("Self-efficacy", "moved_alike"), change("Grit", "not_moved"), change("Hope", "suppressed")], False,
        ),
        "rose + unclear + suppressed": (
            [change("Self-efficacy", "rose"), change("Grit", "unclear"), change("Hope", "suppressed")], False,
        ),
        "lower is better, fell": ([change("Worry", "fell", lower=True), change("Grit", "rose")], False),
        "lower is better, rose": ([change("Worry", "rose", lower=True)], False),
        "lower is better, same": ([change("Worry", "same", lower=True)], False),
        "few pupils, rose": ([change("Self-efficacy", "rose", n=18)], True),
        "few pupils, unclear": ([change("Self-efficacy", "unclear", n=18), change("Grit", "unclear", n=17)], True),
        "few pupils, number unknown": ([change("Self-efficacy", "rose", n=GAP)], True),
        "secondary left out": ([change("Self-efficacy", "rose"), change("Grit", "fell", primary=False)], False),
        "only secondary": ([change("Grit", "fell", primary=False)], False),
        "many outcomes": ([change(f"Scale {letter}", "rose") for letter in "ABCDE"], False),
    }  # fmt: skip
    return {name: answer_sentence(found, few=few) for name, (found, few) in cases.items()}


def changes_in_words() -> list[str]:
    """What happened to one outcome, for every verdict and direction."""
    both = [(verdict, lower) for verdict in SHAPES for lower in (False, True)]
    told = [describe_change(change("Self-efficacy", verdict, lower=lower)) for verdict, lower in both]
    return [*told, *findings()]


def findings() -> list[str]:
    """The title of the main chart, for every verdict."""
    return [finding([change("Self-efficacy", verdict), change("Grit", "unclear")]) for verdict in SHAPES]


def checks_in_words(results: Results) -> list[str]:
    """Every check with every rating."""
    facts = {one.name: one.facts for one in results.checks}
    facts["delivery"] = {"share_delivered": 0.83}
    return [
        words_checks.check_sentence(results, Check(name, rating, facts[name]))
        for name, rating in words_checks.SENTENCES
    ]


def caveat_examples(results: Results) -> list[Caveat]:
    """A caveat of every kind, with the facts the analysis gives."""
    facts: dict[str, dict] = {
        "few_pupils": {"n_linked": 18},
        "low_reliability": {"stat": "omega", "value": 0.61, "wave": "pre"},
        "ceiling_reached": {"scale": "grit_s8.total", "wave": "post", "percent": 24.0},
        "floor_reached": {"scale": "grit_s8.total", "wave": "pre", "percent": 22.0},
        "high_drop_out": {"share_lost": 0.31},
        "leavers_differ": {"g": -0.42, "difference": -2.0},
        "straight_lining": {"scale": "grit_s8.total", "wave": "post", "percent": 18.0},
        "heywood": {"wave": "pre"},
        "item_against_scale": {"scale": "gse10.total", "wave": "pre", "items": "q1, q4"},
        "same_change": {"moved": True},
        "instrument_caution": {"instrument": "grit_s8"},
        "pre_post_caution": {"instrument": "grit_s8"},
        "not_validated": {"instrument": "grit_s8"},
        "age_outside": {"instrument": "grit_s8"},
        "not_linked": {"pre_only": 5, "post_only": 3},
        "wide_interval": {"half_width": 7.2},
        "complete_cases": {"n_linked": 48, "n_left_out": 8},
        "one_or_more_suppressed": {"threshold": 10},
    }
    plain = {"not_linked", "instrument_caution", "pre_post_caution", "not_validated", "age_outside", "few_pupils"}
    level = {**dict.fromkeys(words_caveats.LIMITS, "limit"), **dict.fromkeys(words_caveats.NOTES, "note")}
    return [
        Caveat(
            kind, level.get(kind, "warning"), "" if kind in plain or kind in level else results.plan.outcomes[0].id,
            facts.get(kind, {}),
        )
        for kind in words_caveats.CAVEATS
    ]  # fmt: skip


def pupils_in_words(results: Results) -> list[str]:
    """Reliable change, leavers and regression to the mean, with each status."""
    one = results.plan.outcomes[0].id
    frame = results.estimates
    told: list[str] = []
    for status, value in (("ok", 2.0), ("suppressed", GAP), ("not_estimated", GAP)):
        changed = frame.copy()
        chosen = changed["inquiry"].isin(["reliable_change", "leavers"])
        changed.loc[chosen, "status"] = status
        changed.loc[chosen & (changed["contrast"] != "threshold"), "estimate"] = value
        changed.loc[changed["inquiry"] == "leavers", ["conf_low", "conf_high"]] = [0.2, 3.8]
        row = changed[changed["inquiry"] == "change"].head(1)
        row = row.assign(inquiry="regression_to_mean", estimate=value, reason="The plan gives no mean to go by.")
        altered = replace(results, estimates=type(frame)([*changed.to_dict("records"), *row.to_dict("records")]))
        told += [
            words_pupils.reliable_sentence(altered, one), words_pupils.leavers_sentence(altered, one),
            words_pupils.regression_sentence(altered, one),
        ]  # fmt: skip
    partly = frame.copy()
    partly.loc[partly["contrast"].isin(["improved", "declined"]), ["status", "estimate"]] = ["suppressed", GAP]
    told.append(words_pupils.reliable_sentence(replace(results, estimates=partly), one))
    for contrast in ("improved", "declined"):
        most = frame.copy()
        hidden = (most["inquiry"] == "reliable_change") & ~most["contrast"].isin([contrast, "threshold"])
        most.loc[hidden, ["status", "estimate"]] = ["suppressed", GAP]
        told.append(words_pupils.reliable_sentence(replace(results, estimates=most), one))
    return told


def measures_in_words(results: Results) -> list[str]:
    """How well measures worked, for good, fair, poor and absent reliabilities, and what others found."""
    told: list[str] = []
    quality = results.displays["quality"]
    for alpha, omega in ((0.9, 0.9), (0.72, 0.74), (0.5, 0.52), (0.8, GAP), (GAP, GAP)):
        changed = quality.assign(alpha=alpha, omega=omega)
        altered = replace(results, displays={**results.displays, "quality": changed})
        told.append(words_measure.fit_sentence(altered, str(quality["scale"].iloc[0])))
    mixed = quality.copy()
    mixed.loc[mixed["wave"] == "post", ["alpha", "omega"]] = GAP
    altered = replace(results, displays={**results.displays, "quality": mixed})
    told.append(words_measure.fit_sentence(altered, str(quality["scale"].iloc[0])))
    for outcome in results.plan.outcomes:
        told += words_measure.published_sentences(results, outcome.id)
    return [*told, *words_measure.caution_sentences(results)]


def measured(results: Results) -> Results:
    """The same results, as if every outcome were a number that files already hold."""
    facts = {"unit": "percent", "validated": False, "error": None, "norm": None}
    error = {"value": 2.5, "source": "the manual"}
    instruments = {
        name: {**one, "measure": {**facts, "error": error if place else None}}
        for place, (name, one) in enumerate(results.instruments.items())
    }
    return replace(results, instruments=instruments)


def numbers_in_words(results: Results) -> list[str]:
    """What is said of measured numbers in other words than of answers."""
    facts = {"stat": "error", "value": 0.6, "wave": "pre"}
    low = Caveat("low_reliability", "warning", results.plan.outcomes[0].id, facts)
    return [
        *checks_in_words(results),
        *(words_caveats.caveat_sentence(results, one) for one in [*caveat_examples(results), low]),
        *(describe_change(one) for one in changes(results)),
        *(words_measure.exactness_sentence(results, one.id) for one in results.plan.outcomes),
        *words_steps.MEASURED.values(),
        words.likely_sentence(results),
        sections.EXACT_INTRO,
        sections.FIT_INTRO,
    ]


@cache
def every_sentence() -> tuple[str, ...]:
    """Every sentence the bank can produce for the design single_group_prepost."""
    results = sample()
    return (
        *answers().values(),
        *changes_in_words(),
        *checks_in_words(results),
        *(words_caveats.caveat_sentence(results, one) for one in caveat_examples(results)),
        *words_steps.STEPS.values(),
        *words_steps.STEPS_FOR.values(),
        *pupils_in_words(results),
        *measures_in_words(results),
        *numbers_in_words(measured(results)),
        *(text for kind in words_percent.PERCENT_KINDS.values() for text in kind[1:]),
        *(text.format(linked=48, all=56, answered="answered") for text in words.FLOW_TITLES.values()),
        words.likely_sentence(results),
        words.SYNTHETIC,
        words.WORTHWHILE,
        words.NO_WORTHWHILE,
    )
