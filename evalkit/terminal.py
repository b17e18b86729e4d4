"""What the command line prints: tables drawn on a terminal, tab-separated lines in a pipe, JSON for machines."""

import json
import sys
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from evalkit.progress import reporting_to

if TYPE_CHECKING:
    import pandas as pd

    from evalkit.records.responses import Problem

Cell = str | int | float | bool | None
HEADINGS = {
    "error": "To mend",
    "ask": "To decide",
    "warn": "Please look at",
    "fixed": "Put right for you",
}


def say(text: str = "") -> None:
    """One line on standard output."""
    sys.stdout.write(text + "\n")


def complain(text: str) -> None:
    """One line on standard error."""
    sys.stderr.write(text + "\n")


def say_json(content: object) -> None:
    """Machine-readable output."""
    say(json.dumps(content, indent=1, ensure_ascii=False, allow_nan=False))


def say_table(rows: Sequence[Mapping[str, Cell]], *, title: str = "") -> None:
    """A table: drawn by rich on a terminal, a header line and tab-separated lines in a pipe."""
    if not rows:
        return
    columns = list(rows[0])
    if not sys.stdout.isatty():
        say("\t".join(columns))
        for row in rows:
            say("\t".join(_text(row[column]).replace("\t", " ").replace("\n", " ") for column in columns))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table(title=title or None, title_justify="left", header_style="bold")
    for column in columns:
        numeric = all(isinstance(row[column], int | float) for row in rows)
        table.add_column(column, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_text(row[column]) for column in columns))
    Console().print(table, markup=False)


def say_frame(frame: "pd.DataFrame", *, json: bool) -> None:
    """A frame as a table, or as JSON with null for what is empty."""
    records = frame.astype(object).where(frame.notna(), None).to_dict("records")
    rows = [{str(name): cell for name, cell in row.items()} for row in records]
    say_json(rows) if json else say_table(rows)


def _text(cell: Cell) -> str:
    if cell is None:
        return ""
    return f"{cell:g}" if isinstance(cell, float) else str(cell)


@contextmanager
def progress_shown() -> Generator[None]:
    """Show progress while the block runs: a bar on a terminal, nothing in a pipe."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None)
        with reporting_to(lambda label, done, total: bar.update(task, description=label, completed=done, total=total)):
            yield


def problem_row(problem: "Problem") -> dict[str, object]:
    """A problem of a file, for machines."""
    return {
        "severity": problem.severity,
        "kind": problem.kind,
        "file": problem.file,
        "sheet": problem.sheet,
        "rows": list(problem.rows),
        "column": problem.column,
        "header": problem.header,
        "item": problem.item,
        "found": problem.found,
        "allowed": problem.allowed,
        "mend": problem.mend,
        "message": problem.message,
        "questions": [
            {
                "question": one.words,
                "choices": [{"answer": choice.words, "decision": choice.decision} for choice in one.choices],
            }
            for one in problem.questions
        ],
    }


def say_problems(problems: "tuple[Problem, ...]") -> None:
    """The problems of a file under a heading for each severity."""
    for severity, heading in HEADINGS.items():
        these = [one for one in problems if one.severity == severity]
        if not these:
            continue
        say(f"{heading} ({len(these)})")
        for one in these:
            say(f"  - {one.message}")
