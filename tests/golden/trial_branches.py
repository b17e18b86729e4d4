"""Every kind of invented trial, and every sentence that the trial report's bank can produce."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache, partial
from typing import Any, get_args

from evalkit.records.results import Caveat, Check, CheckName, Rating, Results, load_results
from evalkit.report import (
    sections_brief,
    sections_trial,
    words_rating,
    words_took_part,
    words_trial,
    words_trial_caveats,
    words_trial_checks,
    words_trial_groups,
    words_trial_steps,
)
from evalkit.report.blocks import Block
from evalkit.report.trial_effects import effects
from evalkit.report.words_caveats import caveat_sentence
from evalkit.shipped import shipped
from tests.golden.trial_sample import FOUND, changed, trial, with_found

PLAIN = ("banner", "answer_box", "fact_boxes", "main_chart", "how_sure", "finding_list", "headline", "taking_part",
         "flow", "steps", "limits", "warnings")  # fmt: skip
EVALUATOR = ("design", "sample_size", "participants", "balance", "scores", "subgroups", "follow_up", "schools",
             "robustness", "missing", "delivery", "security", "wwc", "cost", "context", "model", "deviations",
             "checklist", "numbers", "data_protection",
             "questionnaires")  # fmt: skip
BRIEF = ("banner", "answer_box", "fact_boxes", "picture", "how_sure", "steps", "closing")
RANGES: dict[str, tuple[float, float]] = {  # verdict: interval in g, with 0.1 declared
    "rose_clearly": (0.12, 0.3), "rose": (0.02, 0.3), "rose_slightly": (0.01, 0.08), "same": (-0.05, 0.06),
    "unclear": (-0.1, 0.3), "fell_clearly": (-0.3, -0.12), "fell": (-0.3, -0.02), "fell_slightly": (-0.08, -0.01),
}  # fmt: skip
DISPLAYS = (
    "arms", "attrition", "balance", "checklist", "context", "cost", "cost_summary", "deviations", "distribution",
    "dropout", "fidelity", "fidelity_summary", "flow", "mdes", "missing_pattern", "months", "padlocks", "reasons",
    "schools", "seal", "threats", "wwc", "wwc_attrition",
)  # fmt: skip


def with_range(outcome: str, low: float, high: float, **more: Any) -> Results:
    """The invented trial with another interval of an outcome, in g; other scales follow."""
    kind_scale = {"science": 2.4, "history": 2.4, "passed": 34.0, "worry": 5.0}.get(outcome, 0.0)
    middle = (low + high) / 2
    estimate = math.exp(1.8 * middle) if outcome == "grade" else kind_scale * middle
    error = 1.8 * (high - low) / 4 if outcome == "grade" else kind_scale * (high - low) / 4
    return with_found({outcome: (estimate, error, middle, low, high)}, **more)


def _without(name: str) -> Results:
    full = case("cluster")
    return replace(full, displays={one: full.displays[one] for one in DISPLAYS if one != name})


def _shipped(name: str) -> Results:
    return load_results(shipped("analyses") / name / "results.json")


# Kinds of trial that must all give a whole report, each made when it is first asked for.
CASES: dict[str, Callable[[], Results]] = {
    "cluster": trial,
    "individual": lambda: trial(design="individual_trial"),
    "multisite": lambda: trial(design="multisite_trial"),
    "classes": lambda: trial(unit_of_randomisation="class", trial=_with_classes()),
    "three arms": lambda: trial(arms=3),
    "bare": lambda: trial(bare=True),
    "not simulated": lambda: trial(synthetic=None),
    "primary hidden": lambda: trial(hidden=("science",)),
    "all hidden": lambda: trial(hidden=tuple(FOUND)),
    "primary failed": lambda: trial(failed=("science",)),
    "no smallest difference": lambda: trial(worthwhile=None),
    "all pupils": lambda: trial(primary_pupils=False),
    "yes or no": lambda: trial(outcomes=("passed",)),
    "grades": lambda: trial(outcomes=("grade",)),
    "one-sided": lambda: trial(sides=1),
    "no checks": lambda: replace(case("cluster"), checks=(), caveats=()),
    "bare, individual, three arms": lambda: trial(bare=True, design="individual_trial", arms=3),
    "nothing displayed": lambda: trial(without=DISPLAYS),
    **{name: partial(_shipped, name) for name in ("eal-mainstream-classroom", "project-star")},
    **{f"without {name}": partial(_without, name) for name in DISPLAYS},
}


@cache
def case(kind: str) -> Results:
    """The trial of a kind; tests only read it."""
    return CASES[kind]()


def _with_classes() -> dict[str, Any]:
    return {"class": {"headers": ["Class"]}}


def blocks_of(results: Results) -> dict[str, Block | list[Block]]:
    """Everything that the two templates show, by the name of its part."""
    from evalkit.report import sections_trial_evaluator

    found = {f"plain {name}": getattr(sections_trial, name)(results) for name in PLAIN}
    found |= {f"evaluator {name}": getattr(sections_trial_evaluator, name)(results) for name in EVALUATOR}
    told = get_args(sections_trial_evaluator.TextName)
    found |= {f"evaluator {name}": sections_trial_evaluator.told(results, name) for name in told}
    return found | {f"brief {name}": getattr(sections_brief, name)(results) for name in BRIEF}


def answers() -> dict[str, str]:
    """The answer under every branch, by the name of the branch."""
    found = {verdict: words_trial.trial_answer(with_range("science", *ends)) for verdict, ends in RANGES.items()}
    for outcome in ("passed", "grade", "worry"):
        alone = {f"{verdict}, {outcome}": with_range(outcome, *ends, outcomes=(outcome,), p=0.001)
                 for verdict, ends in RANGES.items()}  # fmt: skip
        found |= {name: words_trial.trial_answer(results) for name, results in alone.items()}
    others = {
        "hidden": trial(hidden=("science",)),
        "failed": trial(failed=("science",)),
        "three arms": trial(arms=3),
        "pupils drawn": trial(design="individual_trial"),
        "pupils drawn within schools": trial(design="multisite_trial"),
        "many lost": trial(ratings={"drop_out": "weak"}),
        "not rated": trial(without=("padlocks",)),
        "may": trial(p=0.06),
        "three arms, unclear": with_range("science", -0.1, 0.3, arms=3),
        "three arms, same": with_range("science", -0.05, 0.06, arms=3),
    }
    return found | {name: words_trial.trial_answer(results) for name, results in others.items()}


def effects_in_words() -> list[str]:
    """What happened on one outcome, for every verdict and kind."""
    told: list[str] = []
    for outcome in FOUND:
        for ends in RANGES.values():
            for p in (0.001, 0.04):
                results = with_range(outcome, *ends, p=p)
                one = next(one for one in effects(results) if one.outcome == outcome)
                told.append(words_trial.describe_effect(results, one))
    for results in (trial(hidden=tuple(FOUND)), trial(failed=tuple(FOUND))):
        told += [words_trial.describe_effect(results, one) for one in effects(results)]
    return told


def subgroups_in_words() -> list[str]:
    """Whether the difference is another one for a group of pupils, for every case."""
    base = trial()
    made = [
        base,
        changed(base, "subgroup_interaction", conf_low=0.1, conf_high=0.4),
        changed(base, "subgroup_interaction", conf_low=-0.4, conf_high=-0.1),
        changed(base, "subgroup_interaction", conf_low=math.nan, conf_high=math.nan, p_value=0.01),
        changed(base, "subgroup_interaction", conf_low=math.nan, conf_high=math.nan, p_value=0.5),
        changed(base, "subgroup_interaction", status="suppressed"),
        changed(base, "subgroup_interaction", status="not_estimated"),
    ]
    return [sentence for results in made for sentence in words_trial_groups.subgroup_sentences(results)]


def caveats_in_words(results: Results) -> list[str]:
    """A sentence for every kind of caveat, with a number and without."""
    level = {**dict.fromkeys(words_trial_caveats.LIMITS, "limit"), **dict.fromkeys(words_trial_caveats.NOTES, "note")}
    return [
        caveat_sentence(results, Caveat(kind, level.get(kind, "warning"), outcome, facts))  # type: ignore[arg-type]
        for kind in words_trial_caveats.CAVEATS
        for outcome, facts in (("science", {"share": 0.21}), ("", {}), ("science", {"g": -0.12, "label": "age"}))
    ]


@cache
def every_trial_sentence() -> tuple[str, ...]:
    """Every sentence that the plain part of the trial report can show."""
    results = trial()
    checks = [Check(name, rating, {}) for name in get_args(CheckName) for rating in get_args(Rating)]
    judged = trial()
    rows = judged.displays["padlocks"]
    rows.loc[rows["column"] == "final", "padlocks"] = math.nan
    return (
        *answers().values(),
        *effects_in_words(),
        *subgroups_in_words(),
        *(words_trial_checks.trial_check_sentence(results, one) for one in checks),
        *caveats_in_words(results),
        *words_trial_steps.STEPS.values(),
        *words_trial_steps.STEPS_FOR.values(),
        *words_trial_caveats.limit_sentences(results),
        *(
            sentence
            for kind in ("cluster", "individual", "multisite", "classes", "three arms", "nothing displayed")
            for sentence in words_took_part.took_part(case(kind))
        ),
        *(words_rating.security_sentence(one, "science") for one in (results, judged, trial(bare=True))),
        words_rating.months_sentence(results),
        words_rating.status_note({"V", "D", "M"}),
        words_trial.likely_sentence(results),
        words_trial.STANDARD,
        words_trial.SIMULATED,
        words_trial.CONTEXT,
    )
