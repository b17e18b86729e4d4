"""Figures as they were printed: what each can have been, its interval where n is known, and what n can have been."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from evalkit.analysis.estimate import Estimate, suppressed, too_few_reason
from evalkit.errors import DesignError
from evalkit.records.evaluation import Evaluation
from evalkit.records.figure import ReportedFigure
from evalkit.stats.disclosure import proportion_is_safe
from evalkit.stats.proportions import wilson
from evalkit.stats.reported_mean import ReportedMean, mean_difference
from evalkit.stats.reported_share import fitting_counts, grim
from evalkit.stats.share_tests import share_difference

MOST_TRIED = 1000  # where nobody says how many were asked
NO_N = "How many this rests on is not published, so no interval can be worked out."
NO_SD = "The spread (SD) or the number behind this mean is not published, so no interval can be worked out."
NO_N_OF_GAP = "How many are in the two groups is not published, so no interval can be worked out."


@dataclass(frozen=True, slots=True)
class Share:
    """What a printed percentage can have been: the counts of n that print so (empty: n is not known)."""

    percent: float
    n: int | None
    counts: tuple[int, ...]

    @property
    def value(self) -> float:
        """In percent: the count's own where only one prints so, else as printed."""
        return 100 * self.counts[0] / self.n if self.n and len(self.counts) == 1 else self.percent


def share_of(figure: ReportedFigure) -> Share:
    """The counts behind a printed percentage. A percentage that its n cannot give has been refused or flagged."""
    assert figure.percent is not None
    if figure.n is None:
        return Share(float(figure.percent), None, ())
    if figure.count is not None:
        return Share(float(figure.percent), figure.n, (figure.count,))
    found = fitting_counts(figure.percent, n=figure.n)
    return Share(float(figure.percent), figure.n, found or (round(float(figure.percent) * figure.n / 100),))


def most_asked(figure: ReportedFigure) -> int:
    """The largest n that makes sense."""
    return figure.asked or MOST_TRIED


def refuse_impossible(plan: Evaluation) -> None:
    """Refuse percentages that no number of people can give.

    Raises
    ------
    DesignError
        Naming each, unless the plan says that the source prints it so.
    """
    reported = plan.figures.reported if plan.figures else ()
    problems = [sentence for one in reported if (sentence := _impossible(one))]
    surveys = dict.fromkeys(one.survey for one in reported if one.survey is not None and one.n is None)
    for survey in surveys:
        together = [one for one in reported if one.survey == survey and one.n is None and one.percent is not None]
        asked = [one.asked for one in together if one.asked is not None]
        if not asked or any(one.printed_so for one in together) or len(together) < 2:
            continue
        if not grim([str(one.percent) for one in together], max_n=min(asked)).sizes:
            listed = ", ".join(f"{one.percent}%" for one in together)
            problems.append(
                f"The survey '{survey}': no number of answers up to {min(asked)} gives all of {listed}. Check them, or "
                "give each its own n; if the source prints them so, write 'printed_so: true' at one of them."
            )
    if problems:
        raise DesignError(f"{plan.id}: there are percentages that no number of people gives.", problems=problems)


def _impossible(figure: ReportedFigure) -> str:
    if figure.percent is None or figure.printed_so:
        return ""
    so = "if the source prints it so, write 'printed_so: true'"
    if figure.n is None:
        if figure.asked is None or grim(figure.percent, max_n=figure.asked).sizes:
            return ""
        return f"{figure.label}: no number up to the {figure.asked} asked gives {figure.percent}%. Check both; {so}."
    fitting = fitting_counts(figure.percent, n=figure.n)
    if figure.count is not None and figure.count not in fitting:
        found = f"{figure.count} of {figure.n}"
        return (
            f"{figure.label}: {found} is {100 * figure.count / figure.n:.2f}%, not {figure.percent}%. Check them; {so}."
        )
    if fitting:
        return ""
    near = sorted(
        {math.floor(float(figure.percent) * figure.n / 100), math.ceil(float(figure.percent) * figure.n / 100)}
    )
    told = " and ".join(f"{count} of {figure.n} is {100 * count / figure.n:.2f}%" for count in near)
    return f"{figure.label}: no whole number of {figure.n} gives {figure.percent}%: {told}. Check the figure; {so}."


def reported_rows(figure: ReportedFigure, plan: Evaluation) -> list[Estimate]:
    """The figure itself, with its interval where n is known; where not, what it would be with the n that fit."""
    if figure.kind == "percent":
        return _share_rows(figure, plan)
    row = _row(figure, plan, unit=figure.unit if figure.kind == "mean" else "percentage_points")
    if figure.kind == "mean":
        assert figure.mean is not None
        if figure.n is None or figure.sd is None or figure.n < 2:
            return [replace(row, estimate=figure.mean, estimator="as_printed", n_treated=_size(figure.n), reason=NO_SD)]
        found = mean_difference(ReportedMean(figure.mean, figure.sd, figure.n), 0.0, conf_level=plan.conf_level)
        limits = {"conf_low": found.low, "conf_high": found.high, "std_error": found.std_error, "df": found.df}
        return [replace(row, estimate=figure.mean, estimator="t", n_treated=figure.n, **limits)]
    return [_gap_row(figure, row, plan)]


def disclosed(rows: Sequence[Estimate], figure: ReportedFigure, plan: Evaluation) -> list[Estimate]:
    """Hide a figure of too few people that is not public already."""
    if figure.published or figure.n is None or figure.kind == "mean":
        return list(rows)
    threshold = plan.suppression_threshold
    counts = share_of(figure).counts if figure.kind == "percent" else ()
    if counts and all(proportion_is_safe(count, figure.n, threshold) for count in counts):
        return list(rows)
    return [suppressed(row, too_few_reason(threshold).replace("pupils", "people")) for row in rows]


def _share_rows(figure: ReportedFigure, plan: Evaluation) -> list[Estimate]:
    share, row = share_of(figure), _row(figure, plan, unit="percent")
    if share.n is None:
        printed = replace(row, estimate=share.percent, estimator="as_printed", reason=NO_N)
        return [printed, *_if_n_rows(figure, row, plan)]
    limits = [wilson(count, share.n, conf_level=plan.conf_level) for count in (share.counts[0], share.counts[-1])]
    found = replace(
        row, estimate=share.value, estimator="wilson", conf_low=100 * limits[0].low, conf_high=100 * limits[1].high,
        n_treated=share.n,
    )  # fmt: skip
    return [found]


def _if_n_rows(figure: ReportedFigure, row: Estimate, plan: Evaluation) -> list[Estimate]:
    """The interval with the smallest n that fits and, where it is known how many were asked, with the largest."""
    sizes = fitting_n(figure, plan)
    wanted = dict.fromkeys([*sizes[:1], *(sizes[-1:] if figure.asked else ())])
    rows: list[Estimate] = []
    for n in wanted:
        counts = fitting_counts(str(figure.percent), n=n)
        low, high = (wilson(count, n, conf_level=plan.conf_level) for count in (counts[0], counts[-1]))
        rows.append(
            replace(
                row, inquiry="reported_if", contrast=f"n = {n}", estimator="wilson", n_treated=n,
                estimate=float(str(figure.percent)), conf_low=100 * low.low, conf_high=100 * high.high,
                reason=f"Only if it rests on {n}.",
            )
        )  # fmt: skip
    return rows


def fitting_n(figure: ReportedFigure, plan: Evaluation) -> tuple[int, ...]:
    """Every n that can have given this percentage; with a survey's other percentages, one n for all of them."""
    reported = plan.figures.reported if plan.figures else ()
    together = [one for one in reported if figure.survey and one.survey == figure.survey and one.n is None]
    percents = [str(one.percent) for one in together if one.percent is not None] or [str(figure.percent)]
    limit = min([one.asked for one in (*together, figure) if one.asked is not None], default=MOST_TRIED)
    return grim(percents, max_n=limit).sizes or grim(str(figure.percent), max_n=limit).sizes


def _gap_row(figure: ReportedFigure, row: Estimate, plan: Evaluation) -> Estimate:
    assert figure.gap is not None
    if figure.groups is None or any(part.n is None for part in figure.groups):
        return replace(row, estimate=float(figure.gap), estimator="as_printed", reason=NO_N_OF_GAP)
    behind, ahead = (_part_counts(part.percent, part.n or 0) for part in figure.groups)
    found = [
        share_difference(one, other, conf_level=plan.conf_level)
        for one, other in ((ahead[0], behind[-1]), (ahead[-1], behind[0]))
    ]
    return replace(
        row, estimate=float(figure.gap), estimator="newcombe", conf_low=100 * min(one.low for one in found),
        conf_high=100 * max(one.high for one in found), n_treated=behind[0][1], n_control=ahead[0][1],
    )  # fmt: skip


def _part_counts(percent: str, n: int) -> tuple[tuple[int, int], ...]:
    return tuple((count, n) for count in fitting_counts(percent, n=n) or (round(float(percent) * n / 100),))


def _row(figure: ReportedFigure, plan: Evaluation, *, unit: str) -> Estimate:
    return Estimate(
        inquiry="reported", outcome=figure.id, wave=figure.wave or "", contrast="", estimator="", unit=unit,
        conf_level=plan.conf_level,
    )  # fmt: skip


def _size(n: int | None) -> float:
    return math.nan if n is None else n
