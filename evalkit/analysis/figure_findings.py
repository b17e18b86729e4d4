"""What does not hang together in published figures: points printed as percent, differences, places that disagree."""

import re
from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise

import pandas as pd

from evalkit.analysis.reported_figures import MOST_TRIED, fitting_n, most_asked
from evalkit.records.evaluation import Evaluation
from evalkit.records.figure import RepeatedCount, ReportedFigure
from evalkit.stats.reported_share import fitting_counts, grim

FINDING_COLUMNS = ("kind", "outcome", "label", "found", "value")
FINDING_KINDS = (
    "points_printed_as_percent", "difference_is_another", "percent_fits_no_n", "count_is_another", "gap_is_another",
    "counts_differ", "n_not_published", "more_digits_than_people",
)  # fmt: skip
FEW_FOR_DECIMALS = 200
NUMBER = re.compile(r"[-+\u2212]?\d+(?:\.\d+)?")
Finding = tuple[str, str, str, str, str]


def finding_table(plan: Evaluation) -> pd.DataFrame:
    """A row per finding: what is printed (`found`) and what it is or would have to be (`value`), as text."""
    rows: list[Finding] = []
    if plan.figures is not None:
        for figure in plan.figures.reported:
            rows += _about_printing(figure)
            rows += _about_n(figure, plan)
        rows += [one for count in plan.figures.counts for one in _about_counts(count)]
    order = {kind: place for place, kind in enumerate(FINDING_KINDS)}
    rows.sort(key=lambda row: order[row[0]])
    return pd.DataFrame(rows, columns=list(FINDING_COLUMNS)).astype("str")


def _about_printing(figure: ReportedFigure) -> Iterator[Finding]:
    """How the source prints the difference from the national figure, and the gap between two groups."""
    if figure.national is not None and figure.printed is not None:
        own, other = _value(figure), _national_value(figure)
        difference = own - other
        if figure.kind != "mean" and "%" in figure.printed:
            yield "points_printed_as_percent", figure.id, figure.label, figure.printed, f"{difference:+f}"
        number = NUMBER.search(figure.printed)
        if number is not None:
            printed = Decimal(number.group().replace("\u2212", "-"))
            if abs(printed - difference) > _rounding(own) + _rounding(other) + _rounding(printed):
                yield "difference_is_another", figure.id, figure.label, figure.printed, f"{difference:+f}"
    if figure.gap is not None and figure.groups is not None:
        behind, ahead = (Decimal(part.percent) for part in figure.groups)
        gap = Decimal(figure.gap)
        if abs(ahead - behind - gap) > _rounding(ahead) + _rounding(behind) + _rounding(gap):
            yield "gap_is_another", figure.id, figure.label, figure.gap, f"{ahead - behind:f}"


def _about_n(figure: ReportedFigure, plan: Evaluation) -> Iterator[Finding]:
    """What the digits of a percentage say about the number of people behind it."""
    if figure.percent is None:
        return
    limit = most_asked(figure)
    if figure.n is None:
        sizes = fitting_n(figure, plan)
        if not grim(figure.percent, max_n=limit).sizes:
            yield "percent_fits_no_n", figure.id, figure.label, f"{figure.percent}% of at most {limit}", ""
        else:
            yield "n_not_published", figure.id, figure.label, f"{figure.percent}%", listed_sizes(sizes, limit)
    elif figure.count is not None:
        if figure.count not in fitting_counts(figure.percent, n=figure.n):
            value = f"{figure.count} of {figure.n} is {100 * figure.count / figure.n:.1f}%"
            yield "count_is_another", figure.id, figure.label, f"{figure.percent}%", value
    elif not fitting_counts(figure.percent, n=figure.n):
        near = round(float(figure.percent) * figure.n / 100)
        found, value = f"{figure.percent}% of {figure.n}", f"{100 * near / figure.n:.2f}% is {near} of {figure.n}"
        yield "percent_fits_no_n", figure.id, figure.label, found, value
    people = figure.n or figure.asked
    if "." in figure.percent and people is not None and people < FEW_FOR_DECIMALS:
        yield "more_digits_than_people", figure.id, figure.label, f"{figure.percent}%", str(people)


def _about_counts(count: RepeatedCount) -> Iterator[Finding]:
    if len({one.n for one in count.printings}) > 1:
        found = "; ".join(f"{one.n:,} ({one.where})" for one in count.printings)
        yield "counts_differ", count.id, count.label, found, count.note or ""


def listed_sizes(sizes: tuple[int, ...], limit: int) -> str:
    """The n that fit, in few words: all of a few, or the first ones and where the list stops telling anything."""
    if len(sizes) == 0:
        return ""
    if len(sizes) <= 4 and limit < MOST_TRIED:
        return ", ".join(f"{n}" for n in sizes)
    steps = {later - earlier for earlier, later in pairwise(sizes)}
    first = ", ".join(f"{n}" for n in sizes[:3])
    end = "" if limit >= MOST_TRIED else f", up to {sizes[-1]}"
    if steps == {sizes[0]}:
        return f"{first} and so on in steps of {sizes[0]}{end}"
    return f"{first} and others{end}"


def _value(figure: ReportedFigure) -> Decimal:
    return Decimal(str(figure.percent or figure.gap or figure.mean))


def _national_value(figure: ReportedFigure) -> Decimal:
    assert figure.national is not None
    national = figure.national
    given = next(one for one in (national.percent, national.gap, national.mean) if one is not None)
    return Decimal(str(given))


def _rounding(number: Decimal) -> Decimal:
    """Half a unit of the last digit printed."""
    exponent = number.as_tuple().exponent
    return Decimal(5).scaleb(exponent - 1) if isinstance(exponent, int) else Decimal(0)
