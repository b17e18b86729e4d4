"""The numbers behind published figures: what each rests on, its range, the national one, the moves between grades."""

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.numbers import ABSENT, SUPPRESSED, bare_p, count, interval, known, part
from evalkit.report.reported import (
    Reported,
    difference_value,
    digits_of,
    national_value,
    printed_value,
    reported_figures,
)
from evalkit.report.rows import records
from evalkit.report.table_cells import shown, table

UNKNOWN = "not published"
IF_CAPTION = (
    "Figures without the number they rest on: which numbers of people give the percentage that is printed, and the "
    "range with the smallest and, where it is known how many were asked, the largest of them."
)


def figures_table(results: Results) -> Table:
    """A row per figure with what it rests on."""
    rows: list[list[str]] = []
    for one in reported_figures(results):
        digits = 0 if one.figure.kind != "mean" else digits_of(one.figure)
        numbers = [_as_printed(one), _fraction(one), _response(one), _range(one, digits)]
        if one.suppressed:
            numbers = [SUPPRESSED] * 4
        rows.append([_label(one), *numbers])
    header = ("Figure", "As printed", "Fraction", "Answered or counted", "Likely range")
    caption = "What is printed, and what it rests on."
    return table(results, header, rows, align="lrrrr", caption=caption, widths=(36, 16, 18, 16, 14))


def national_table(results: Results) -> Table | None:
    """Each figure beside the national one; None without any."""
    rows: list[list[str]] = []
    for one in reported_figures(results):
        if not one.national or one.figure.national is None:
            continue
        digits = 0 if one.figure.kind != "mean" else digits_of(one.figure)
        national, row = one.figure.national, one.national
        cells = [
            printed_value(one.figure), f"{national_value(one.figure)} ({national.year})",
            count(national.n) if national.n else UNKNOWN, difference_value(one),
            interval(row["conf_low"], row["conf_high"], digits=digits) if known(row["conf_low"]) else "cannot be told",
            bare_p(row["p_value"]) if known(row["p_value"]) else ABSENT,
        ]  # fmt: skip
        if one.suppressed:
            cells = [SUPPRESSED, cells[1], cells[2], *([SUPPRESSED] * 3)]
        rows.append([one.figure.label, *cells])
    if not rows:
        return None
    header = ("Figure", "Ours", "National (year)", "National number", "Difference", "Its likely range", "p")
    caption = "Beside the national figure. Differences of percentages are in percentage points."
    return table(results, header, rows, align="lrrrrrr", caption=caption, widths=(27, 14, 15, 13, 11, 12, 8))


def if_table(results: Results) -> Table | None:
    """What the figures without a number would mean with the numbers that fit; None when all have one."""
    fits = {
        str(row["outcome"]): str(row["value"])
        for row in records(results.displays["findings"])
        if row["kind"] == "n_not_published"
    }
    rows = [
        [
            one.figure.label, _as_printed(one), fits.get(one.figure.id, ABSENT), count(row["n_treated"]),
            f"{interval(row['conf_low'], row['conf_high'], digits=0)}%",
        ]
        for one in reported_figures(results)
        for row in one.if_n
    ]  # fmt: skip
    if not rows:
        return None
    header = ("Figure", "As printed", "Numbers that fit", "If it rests on", "Likely range then")
    return table(results, header, rows, align="lrlrr", caption=IF_CAPTION, widths=(32, 12, 26, 13, 17))


def transition_tables(results: Results) -> list[Table]:
    """Each table of moves: grades at first by grades later."""
    if "transitions" not in results.displays:
        return []
    made: list[Table] = []
    frame = results.displays["transitions"]
    for one in results.plan.figures.transitions if results.plan.figures else ():
        rows = records(frame[frame["outcome"] == one.id])
        grades = list(dict.fromkeys(str(row["grade_from"]) for row in rows))
        cells = {(str(row["grade_from"]), str(row["grade_to"])): row for row in rows}
        body = [
            [
                start,
                *(shown(cells[start, end]["count"], count) for end in grades),
                shown(cells[start, start]["n"], count),
            ]
            for start in grades
        ]
        caption = f"{one.label}: the grade at first (rows) and later (columns). To the right of the diagonal: rose."
        made.append(
            table(results, ("At first", *grades, "All"), body, align="l" + "r" * (len(grades) + 1), caption=caption)
        )
    return made


def _as_printed(one: Reported) -> str:
    return f"{one.figure.percent}%" if one.figure.kind == "percent" else printed_value(one.figure)


def _label(one: Reported) -> str:
    year = one.figure.year
    return f"{one.figure.label} ({year})" if year and year not in one.figure.label else one.figure.label


def _fraction(one: Reported) -> str:
    if one.figure.kind != "percent":
        return ABSENT
    if one.figure.n is None:
        return UNKNOWN
    return part(one.rests_on["count"], one.figure.n) if known(one.rests_on["count"]) else f"of {count(one.figure.n)}"


def _response(one: Reported) -> str:
    if one.figure.n is not None and one.figure.asked is not None:
        return part(one.figure.n, one.figure.asked)
    if one.figure.n is not None:
        return count(one.figure.n)
    return f"at most {count(one.figure.asked)}" if one.figure.asked else UNKNOWN


def _range(one: Reported, digits: int) -> str:
    if not one.n_known:
        return "cannot be told"
    unit = "%" if one.figure.kind == "percent" else ""
    return f"{interval(one.own['conf_low'], one.own['conf_high'], digits=digits)}{unit}"
