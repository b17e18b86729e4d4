"""The tables on what is missing: patterns, what foretells a gap, the answer with gaps filled in."""

from functools import partial

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.figure_missing import pattern_name
from evalkit.report.numbers import ABSENT, bare_p, count, effect, fixed, interval, known, percent, signed
from evalkit.report.rows import Row, rows_of
from evalkit.report.table_cells import cell, cell_range, interval_name, shown, table
from evalkit.report.tables_methods import trimmed_table
from evalkit.report.tables_participants import arm_name, arm_order
from evalkit.report.trial_effects import arm_of, display, effects, primary_effects
from evalkit.report.words_arms import arm_label, has_schools, short_arm
from evalkit.report.words_names import opening, outcome_label

DROPOUT = (
    "{label}: what foretells that a pupil's outcome is missing (logit{school}). Above 1: missing more "
    "often. All together: the test of all predictors at once."
)


def pattern_table(results: Results) -> Table | None:
    """Patterns of gaps by group; None when they are not known."""
    found = display(results, "missing_pattern")
    arms = [arm for arm in arm_order(results) if any(row["arm"] == arm for row in found)]
    cells = {(row["outcome"], row["pattern"], row["arm"]): row for row in found}
    rows = [
        [
            outcome_label(results, str(outcome)),
            pattern_name(str(pattern)),
            *(_pattern_cell(cells.get((outcome, pattern, arm))) for arm in arms),
        ]
        for outcome, pattern in dict.fromkeys((row["outcome"], row["pattern"]) for row in found)
    ]
    if not rows:
        return None
    header = ["Outcome", "Pattern", *(arm_name(results, arm) for arm in arms)]
    return table(results, header, rows, align="ll" + "r" * len(arms), caption="What is missing together, in pupils.")


def _pattern_cell(row: Row | None) -> str:
    if row is None:
        return ABSENT
    return (
        shown(row["n"], count)
        if not known(row["percent"])
        else f"{count(row['n'])} ({percent(row['percent'], n=None)})"
    )


def dropout_tables(results: Results) -> list[Table]:
    """What foretells that an outcome is missing, a table per primary outcome; none where there is no model."""
    found: list[Table] = []
    header = ("Predictor", "Odds ratio", interval_name(results), "p")
    for outcome in dict.fromkeys(one.outcome for one in primary_effects(results)):
        rows = [
            [
                _term(results, row),
                shown_or_dash(row["odds_ratio"]),
                interval(row["conf_low"], row["conf_high"], digits=2),
                bare_p(row["p_value"]),
            ]
            for row in display(results, "dropout", outcome=outcome)
            if known(row["p_value"]) or known(row["odds_ratio"])
        ]
        if rows:
            school = " with a school effect" if has_schools(results.plan) else ""
            caption = DROPOUT.format(label=outcome_label(results, outcome), school=school)
            found.append(table(results, header, rows, align="lrrr", caption=caption, widths=(48, 16, 22, 14)))
    return found


def dropout_reasons(results: Results) -> list[tuple[str, str]]:
    """Outcomes that have no such model, with the reason."""
    return [
        (outcome_label(results, str(row["outcome"])), str(row["reason"]))
        for row in display(results, "dropout")
        if row.get("reason") and not known(row["odds_ratio"]) and not known(row["p_value"])
    ]


def _term(results: Results, row: Row) -> str:
    if row["term"] == "all":
        return "All together"
    return opening(arm_label(results.plan, str(row["label"])))


def shown_or_dash(value: float) -> str:
    """A ratio, or a dash where there is none."""
    return effect(value) if known(value) else ABSENT


def imputed_table(results: Results) -> Table | None:
    """The main analysis beside the one with gaps filled in; None when gaps were not filled in."""
    rows = []
    for one in effects(results):
        filled = _missing_row(results, one.outcome, str(one.row["contrast"]), "imputed")
        if not filled or filled["status"] == "not_estimated":
            continue
        name = f"{one.label}, {short_arm(results.plan, one.arm)}"
        rows.append([name, "Pupils with an outcome", *_numbers(one.row), ABSENT])
        rows.append([name, "Gaps filled in", *_numbers(filled), str(filled.get("reason") or ABSENT)])
    if not rows:
        return None
    header = ("Outcome", "Analysis", "Difference", interval_name(results), "p", "How")
    caption = "The main analysis beside multiple imputation, pooled by Rubin's rules."
    return trimmed_table(results, header, rows, align="llrrrl", caption=caption, widths=(21, 18, 11, 17, 8, 25))


def _numbers(row: Row) -> list[str]:
    return [
        cell(row, "estimate", partial(signed, digits=2)),
        cell_range(row, digits=2),
        cell(row, "p_value", bare_p),
    ]


def _missing_row(results: Results, outcome: str, contrast: str, estimator: str) -> Row:
    return next(
        (
            row
            for row in rows_of(results, "missing")
            if (row["outcome"], row["contrast"], row["estimator"]) == (outcome, contrast, estimator)
        ),
        {},
    )


TIPPING = (
    "On {name}{arm}, pupils without an outcome in the programme group would have to lie {shift} of a standard "
    "deviation {way} what was filled in for them before the verdict changed."
)
TIPPING_NONE = "On {name}{arm}, no shift {way} that was tried, up to one standard deviation, changes the verdict."
NOT_FILLED = "On {name}, gaps were not filled in. {reason}"
WAYS = {"tipping_low": "below", "tipping_high": "above"}


def tipping_sentences(results: Results) -> list[str]:
    """How different pupils without an outcome would have to be to change the verdict; why not where there is none."""
    told: dict[str, None] = {}
    several = len({row["contrast"] for row in rows_of(results, "missing")}) > 1
    for row in rows_of(results, "missing"):
        name = outcome_label(results, str(row["outcome"]))
        arm = f" ({short_arm(results.plan, arm_of(str(row['contrast'])))})" if several else ""
        if row["status"] == "not_estimated" and row["estimator"] == "imputed":
            told[NOT_FILLED.format(name=name, reason=str(row["reason"]))] = None
        elif row["estimator"] in WAYS and row["status"] == "ok":
            way = WAYS[str(row["estimator"])]
            text = TIPPING if known(row["estimate"]) else TIPPING_NONE
            shift = fixed(abs(row["estimate"]), 2) if known(row["estimate"]) else ""
            told[text.format(name=name, arm=arm, way=way, shift=shift)] = None
        elif row["estimator"] in WAYS and row["status"] == "not_estimated" and row["reason"]:
            told[f"On {name}{arm}: {row['reason']}"] = None
    return list(told)
