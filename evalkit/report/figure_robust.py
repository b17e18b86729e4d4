"""Whether other methods give the same answer: every analysis of the main outcome, one under the other."""

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_forest import ForestRow, forest
from evalkit.report.numbers import effect, fixed, interval, known, p_value
from evalkit.report.rows import Row, rows_of
from evalkit.report.trial_effects import Effect, primary_effects
from evalkit.report.words_arms import short_arm, treated_arms
from evalkit.report.words_methods import method_name
from evalkit.report.words_trial import unit_of

SIDES = ("◀ comparison higher", "programme higher ▶")
TITLE = "{label}: {same} of {all} other analyses point the same way and {agree} agree on whether 0 fits"
CAPTION = (
    "First row and dotted line: the main analysis. The others ask whether another choice of method would have changed "
    "the answer. Dark: the range leaves 0 out."
)


def robust_rows(results: Results, one: Effect) -> list[Row]:
    """The other analyses of an outcome and arm, in the order of the results."""
    return [
        row
        for row in rows_of(results, "robustness")
        if row["outcome"] == one.outcome and row["contrast"] == one.row["contrast"]
    ]


def robust_data(results: Results) -> pd.DataFrame:
    """The numbers drawn."""
    rows = [
        (one.outcome, str(row["contrast"]), str(row["estimator"]), row["estimate"], row["conf_low"], row["conf_high"])
        for one in primary_effects(results)
        for row in robust_rows(results, one)
    ]
    return pd.DataFrame(rows, columns=["outcome", "contrast", "estimator", "estimate", "low", "high"])


def robust_figure(results: Results, one: Effect) -> Figure | None:
    """Draw the other analyses of a main difference beside it; None where there are none."""
    rows = [row for row in robust_rows(results, one) if row["status"] == "ok"]
    if not rows or not known(one.estimate):
        return None
    arm = f", {short_arm(results.plan, one.arm)}" if len(treated_arms(results.plan)) > 1 else ""
    unit = "percentage points" if one.kind == "yes_no" else unit_of(results, one.outcome)
    title = _title(one, rows, f"{one.label}{arm}")
    drawn = [_row("The main analysis", one.row, bold=True), *(_row(method_name(row), row) for row in rows)]
    axis = f"Difference in {unit}"
    alt = f"{title}. {axis}. {'; '.join(f'{row.label}: {row.numbers}' for row in drawn)}."
    return forest(
        drawn, title=title, axis=axis, sides=SIDES, alt=alt, caption=CAPTION, also=one.estimate, letters=36, beside=True
    )


def _row(label: str, row: Row, *, bold: bool = False) -> ForestRow:
    value, low, high = (float(row[name]) for name in ("estimate", "conf_low", "conf_high"))
    if known(low) and known(high):
        numbers = f"{effect(value)} ({interval(low, high, digits=2)})"
    else:
        numbers = p_value(row["p_value"]) if known(row["p_value"]) else fixed(value, 2)
    firm = known(low) and known(high) and not low <= 0 <= high
    return ForestRow(label, numbers, value, low, high, bold=bold, firm=firm)


def _title(one: Effect, rows: list[Row], label: str) -> str:
    told = [row for row in rows if known(row["conf_low"]) and known(row["conf_high"])]
    clear = not one.low <= 0 <= one.high
    same = sum((row["estimate"] > 0) == (one.estimate > 0) for row in told)
    agree = sum((not row["conf_low"] <= 0 <= row["conf_high"]) == clear for row in told)
    return TITLE.format(label=label, same=same, all=len(told), agree=agree)
