"""Cells of a table: numbers to the right, `c` where one is not shown, a dash where there is none."""

from collections.abc import Callable, Sequence

from evalkit.records.results import Results
from evalkit.report.blocks import Table, pipe_table
from evalkit.report.numbers import (
    ABSENT,
    SUPPRESSED,
    count,
    interval,
    known,
    listed,
    share,
)
from evalkit.report.rows import Row
from evalkit.report.words_names import inside

SUPPRESSED_NOTE = "c: not shown, because it rests on fewer than {threshold} pupils or would give such a number away."


def interval_name(results: Results) -> str:
    """What a column of intervals is called, such as "95% interval"."""
    return f"{share(results.plan.conf_level)} interval"


def table(
    results: Results,
    header: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    align: str,
    caption: str,
    widths: tuple[float, ...] = (),
) -> Table:
    """A table with its caption, and with a note on `c` where a cell is one; `widths` are relative column widths."""
    if any(cell == SUPPRESSED for row in rows for cell in row):
        note = SUPPRESSED_NOTE.format(threshold=count(results.plan.suppression_threshold))
        people = results.plan.design in ("feedback_survey", "national_comparison")
        caption = f"{caption} {note.replace('pupils', 'people') if people else note}"
    return Table(pipe_table(header, rows, align=align), caption, widths)


def without_hidden(
    header: Sequence[str], rows: Sequence[Sequence[str]], *, places: Sequence[int]
) -> tuple[list[int], str]:
    """Which columns to keep when those of `places` that hold nothing but `c` are left out, and a note naming these."""
    hidden = [place for place in places if rows and all(row[place] == SUPPRESSED for row in rows)]
    kept = [place for place in range(len(header)) if place not in hidden]
    names = listed([inside(header[place]) for place in hidden])
    return kept, f" Left out, as it may not be shown: {names}." if hidden else ""


def cell(row: Row, column: str, show: Callable[[float], str]) -> str:
    """A number of an estimate: `c` when suppressed, a dash when there is none."""
    if not row:
        return ABSENT
    if row.get("status") == "suppressed":
        return SUPPRESSED
    value = row.get(column)
    return show(value) if value is not None and known(value) else ABSENT


def cell_range(row: Row, *, digits: int) -> str:
    """The interval of an estimate, as `cell`."""
    if row and row.get("status") == "suppressed":
        return SUPPRESSED
    return interval(row.get("conf_low"), row.get("conf_high"), digits=digits) if row else ABSENT


def shown(value: float, show: Callable[[float], str]) -> str:
    """A number of a display: a gap there means suppressed."""
    return show(value) if known(value) else SUPPRESSED
