"""The main chart: each outcome's change with its likely range, zero, and the smallest change that matters."""

import textwrap

import pandas as pd

from evalkit.records.results import Results
from evalkit.report.blocks import Figure
from evalkit.report.figure_forest import ForestRow, forest
from evalkit.report.numbers import change as change_text
from evalkit.report.numbers import fixed, interval, known
from evalkit.report.words import worthwhile_sentence
from evalkit.report.words_change import DOWN, UP, Change, changes, finding

LETTERS_IN_LABEL = 44
CAPTION = (
    "Arrow or dot: mean change. Line: its likely range. 0: same mean before and after. 100: a move from the lowest "
    "possible score to the highest."
)
AXIS = "Change in percentage points of the scale's range"
SIDES = ("◀ fell", "rose ▶")


def change_data(results: Results) -> pd.DataFrame:
    """The numbers drawn, a row per outcome."""
    found = changes(results)
    return pd.DataFrame(
        {
            "label": [one.label for one in found],
            "estimate": [one.estimate for one in found],
            "low": [one.low for one in found],
            "high": [one.high for one in found],
            "worthwhile": [one.worthwhile for one in found],
            "marker": [_marker(one) for one in found],
        }
    )


def change_figure(results: Results, *, most: int | None = None) -> Figure | None:
    """Draw the changes from the display `change`, primary outcomes first where only the first `most` are drawn.

    None when none may be shown.
    """
    found = changes(results)
    if not any(known(one.estimate) for one in found):
        return None
    title = finding(found)
    if most is not None:
        found = tuple(sorted(found, key=lambda one: not one.primary))[:most]
    caption = f"{CAPTION} {worthwhile_sentence(found)}"
    rows = [_row(one) for one in found]
    return forest(rows, title=title, axis=AXIS, sides=SIDES, alt=_alt(title, found), caption=caption)


def _row(one: Change) -> ForestRow:
    shown = known(one.estimate)
    role = "" if one.primary else " (secondary)"
    label = textwrap.shorten(one.label, LETTERS_IN_LABEL - len(role), placeholder=" …") + role
    numbers = f"{change_text(one.estimate)} ({interval(one.low, one.high, digits=1)})" if shown else "not shown"
    return ForestRow(
        label, numbers, one.estimate, one.low, one.high, worthwhile=one.worthwhile, bold=one.primary,
        firm=one.verdict != "unclear", marker=_marker(one),
    )  # fmt: skip


def _marker(one: Change) -> str:
    if one.verdict in UP:
        return ">"
    return "<" if one.verdict in DOWN else "o"


def _alt(title: str, found: tuple[Change, ...]) -> str:
    parts = [
        f"{one.label}: {change_text(one.estimate)}, likely range {interval(one.low, one.high, digits=1)}"
        + (f", smallest change that matters {fixed(one.worthwhile, 1)}" if known(one.worthwhile) else "")
        if known(one.estimate)
        else f"{one.label}: not shown"
        for one in found
    ]
    return f"{title}. Change in percentage points of the scale's range. {'; '.join(parts)}."
