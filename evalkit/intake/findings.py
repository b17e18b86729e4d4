"""The list of problems of one file while it grows, and its order at the end."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from evalkit.intake.normal import letters, plain
from evalkit.intake.raw import Note
from evalkit.records.responses import Problem, Question, Severity

_FEW_COLUMNS = 40
_ORDER: dict[Severity, int] = {"error": 0, "ask": 1, "warn": 2, "fixed": 3}


@dataclass(slots=True)
class Findings:
    """Collects the problems of one sheet of one file."""

    file: str
    sheet: str = ""
    problems: list[Problem] = field(default_factory=list)

    def add(
        self,
        severity: Severity,
        kind: str,
        found: str,
        mend: str,
        *,
        allowed: str = "",
        rows: Iterable[int] = (),
        columns: Iterable[int] = (),
        header: str = "",
        item: str = "",
        questions: Sequence[Question] = (),
        cells: Iterable[tuple[int, int]] | None = None,
    ) -> None:
        """Note a problem; columns are counted from 0, rows as the spreadsheet shows them.

        `cells` says which cells are meant; without it, those in which the rows and the columns meet.
        """
        rows, columns = sorted(set(rows)), sorted(set(columns))
        if cells is None:
            cells = ((row, column) for row in rows for column in columns) if len(columns) <= _FEW_COLUMNS else ()
        self.problems.append(
            Problem(
                severity,
                kind,
                self.file,
                mend,
                sheet=self.sheet,
                rows=tuple(rows),
                column=letters(columns),
                header=short_header(header),
                item=item,
                found=found,
                allowed=allowed,
                questions=tuple(questions),
                cells=tuple(cells),
            )
        )

    def add_notes(self, notes: Iterable[Note]) -> None:
        """Take over what a reader had to say about this sheet or the whole file."""
        for note in (one for one in notes if one.sheet in ("", self.sheet)):
            self.add(note.severity, note.kind, note.found, note.mend, rows=note.rows)

    def ordered(self) -> tuple[Problem, ...]:
        """Errors first, then questions, warnings and what was mended; within each by row and column."""
        return ordered(self.problems)


def ordered(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """The problems in the order in which a person would repair them."""
    return tuple(
        sorted(
            problems,
            key=lambda one: (
                _ORDER[one.severity],
                one.rows[:1] or (0,),
                len(one.column),
                one.column,
                one.kind,
                one.found,
            ),
        )
    )


def short_header(header: str) -> str:
    """A header cut to what fits into a sentence."""
    shown = plain(header)
    return f"{shown[:57]}..." if len(shown) > 60 else shown
