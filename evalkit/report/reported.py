"""The published figures of a plan with what the analysis found: one record per figure, for words and pictures."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from evalkit.records.figure import ReportedFigure
from evalkit.records.results import Results
from evalkit.report.numbers import fixed, known, percent, signed
from evalkit.report.rows import records

Verdict = Literal["higher", "lower", "not_told_apart", "unknown", "no_national"]


@dataclass(frozen=True, slots=True)
class Reported:
    """A figure, its estimate, and its difference from the national figure.

    Attributes
    ----------
    figure : ReportedFigure - as the plan holds it
    own, national, rise : rows of the estimates; empty where there is none
    if_n : rows "only if it rests on n"
    rests_on : the row of the display `figures`
    """

    figure: ReportedFigure
    own: Mapping[str, Any]
    national: Mapping[str, Any]
    rise: Mapping[str, Any]
    if_n: tuple[Mapping[str, Any], ...]
    rests_on: Mapping[str, Any]

    @property
    def suppressed(self) -> bool:
        """Whether its numbers are hidden."""
        return self.own["status"] == "suppressed"

    @property
    def n_known(self) -> bool:
        """Whether there is an interval."""
        return known(self.own["conf_low"])

    @property
    def verdict(self) -> Verdict:
        """Whether it can be told apart from the national figure."""
        if not self.national:
            return "no_national"
        low, high = self.national["conf_low"], self.national["conf_high"]
        if not known(low):
            return "unknown"
        return "higher" if low > 0 else "lower" if high < 0 else "not_told_apart"


def reported_figures(results: Results) -> tuple[Reported, ...]:
    """Every published figure, in the plan's order."""
    figures = results.plan.figures.reported if results.plan.figures else ()
    if not figures:
        return ()
    rows = records(results.estimates)
    rests = {str(row["outcome"]): row for row in records(results.displays["figures"])}

    def of(inquiry: str, figure: str) -> list[dict[str, Any]]:
        return [row for row in rows if row["inquiry"] == inquiry and row["outcome"] == figure]

    def first(inquiry: str, figure: str) -> Mapping[str, Any]:
        found = of(inquiry, figure)
        return found[0] if found else {}

    return tuple(
        Reported(
            one, first("reported", one.id), first("national", one.id), first("rise_of_able", one.id),
            tuple(of("reported_if", one.id)), rests[one.id],
        )
        for one in figures
    )  # fmt: skip


def printed_value(one: ReportedFigure) -> str:
    """The figure as a reader sees it: 48%, 15 percentage points, 48.3 points.

    A percentage of fewer than 200 people, or of nobody knows how many, is shown without decimals.
    """
    if one.kind == "percent":
        return percent(float(str(one.percent)), n=one.n)
    if one.kind == "gap":
        return f"{one.gap} percentage points"
    return f"{_as_given(one.mean)} {one.unit}"


def national_value(one: ReportedFigure) -> str:
    """The national figure in the same way; empty without one."""
    if one.national is None:
        return ""
    if one.kind == "percent":
        return f"{one.national.percent}%"
    if one.kind == "gap":
        return f"{one.national.gap} points"
    return _as_given(one.national.mean)


def difference_value(one: Reported) -> str:
    """The difference from the national figure, in points or in the figure's own unit."""
    if not one.national or not known(one.national["estimate"]):
        return ""
    if one.figure.kind == "mean":
        return signed(one.national["estimate"], digits_of(one.figure))
    return signed(one.national["estimate"], 0)


def digits_of(one: ReportedFigure) -> int:
    """How many decimals a mean was printed with."""
    given = [_as_given(one.mean), _as_given(one.national.mean if one.national else None)]
    return max(len(text.partition(".")[2]) for text in given)


def _as_given(value: float | None) -> str:
    return "" if value is None else fixed(value, len(f"{value:g}".partition(".")[2]))
