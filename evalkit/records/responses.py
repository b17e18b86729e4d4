"""What intake hands on: the tidy responses of one file and every problem found in it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import pandas as pd

Severity = Literal["error", "ask", "warn", "fixed"]
PROBLEM_COLUMNS = (
    "severity", "kind", "file", "sheet", "rows", "column", "header", "item", "count", "found", "allowed", "mend",
    "message",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to answer a question about a file.

    Attributes
    ----------
    words : the answer as a person reads it
    decision : what it adds to the mapping file, as plain data
    """

    words: str
    decision: Mapping[str, Any] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Question:
    """Something that only a person can say about a file, with the answers that there are."""

    words: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to repair, with every place where it stands.

    Attributes
    ----------
    severity : error (must be mended), ask (needs an answer), warn (look at it), fixed (evalkit mended it and says so)
    kind : short stable name, for example out_of_range
    file, sheet : where; sheet is empty for text files
    rows : the rows as the spreadsheet shows them, 1-based; empty when the whole file or column is meant
    column, header, item : column letter, its header, and the item it was taken for; empty when none
    found, allowed, mend : what stands there, what may stand there, what to do
    questions : for what is asked: the questions, each with its answers as decisions of the mapping file
    cells : every cell that is meant: row as the spreadsheet shows it, column counted from 0
    """

    severity: Severity
    kind: str
    file: str
    mend: str
    sheet: str = ""
    rows: tuple[int, ...] = ()
    column: str = ""
    header: str = ""
    item: str = ""
    found: str = ""
    allowed: str = ""
    questions: tuple[Question, ...] = ()
    cells: tuple[tuple[int, int], ...] = ()

    @property
    def where(self) -> str:
        """File, sheet, rows and column in words."""
        parts = [self.file]
        if self.sheet:
            parts.append(f"sheet {self.sheet}")
        if self.rows:
            shown = ", ".join(str(row) for row in self.rows[:6]) + (" ..." if len(self.rows) > 6 else "")
            parts.append(f"row {shown}" if len(self.rows) == 1 else f"rows {shown} ({len(self.rows)} rows)")
        if self.column:
            word = "column" if self.column.isalpha() else "columns"
            named = self.item or self.header
            parts.append(f"{word} {self.column}" + (f" ({named})" if named else ""))
        return ", ".join(parts)

    @property
    def message(self) -> str:
        """The whole problem: where, what was found, what is allowed, how to mend it."""
        found = f" {self.found.rstrip('.')}{'' if self.found.endswith('?') else '.'}" if self.found else ""
        allowed = f" Allowed: {self.allowed.rstrip('.')}." if self.allowed else ""
        return f"{self.where}:{found}{allowed} {self.mend}"


def problem_table(problems: tuple[Problem, ...]) -> pd.DataFrame:
    """A row per problem, columns PROBLEM_COLUMNS."""
    rows = [
        {
            "severity": one.severity, "kind": one.kind, "file": one.file, "sheet": one.sheet,
            "rows": ", ".join(str(row) for row in one.rows), "column": one.column, "header": one.header,
            "item": one.item, "count": max(len(one.rows), 1), "found": one.found, "allowed": one.allowed,
            "mend": one.mend, "message": one.message,
        }
        for one in problems
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=list(PROBLEM_COLUMNS))


@dataclass(frozen=True, slots=True)
class Source:
    """The file that was read: its name without the folder, the SHA-256 of its bytes, its sheet and its data rows."""

    file: str
    sha256: str
    sheet: str
    rows: int


def is_settled(issues: tuple[Problem, ...]) -> bool:
    """Whether nothing is left that must be mended or answered."""
    return not any(one.severity in ("error", "ask") for one in issues)


@dataclass(frozen=True, slots=True)
class SchoolList:
    """The list of the schools of a trial, read and checked.

    Attributes
    ----------
    schools : frame - a row per school that was randomised: `school`, then what the list has of `arm` (the plan's ids),
        characteristics of schools (text) and compliance of schools (Float64)
    issues, source, decisions : as in `Upload`
    """

    schools: pd.DataFrame
    issues: tuple[Problem, ...]
    source: Source
    decisions: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"<SchoolList: {len(self.schools)} schools, {len(self.issues)} problems>"

    @property
    def problems(self) -> pd.DataFrame:
        """The problems as a table, a row per problem."""
        return problem_table(self.issues)

    @property
    def ok(self) -> bool:
        """Whether nothing is left that must be mended or answered."""
        return is_settled(self.issues)


@dataclass(frozen=True, slots=True)
class ColumnRead:
    """What a column of a file was taken for.

    Attributes
    ----------
    column, header : letter and heading as the spreadsheet shows them
    kind : item, pupil, wave, characteristic, school, class, arm, compliance, identity (dropped: may tell who pupils
        are), form (left out: from the form), ignore, asked, or empty (not used)
    target : instrument.item, or the id of a characteristic or compliance measure
    wave : the wave that the heading itself names
    """

    column: str
    header: str
    kind: str
    target: str = ""
    wave: str = ""


@dataclass(frozen=True, slots=True)
class Upload:
    """One survey file, read and checked.

    Attributes
    ----------
    responses : frame - a row per pupil and wave: `pupil`, `wave`, then one column per item, named
        `instrument.item` (for example grit_s8.q3), dtype Int16, answers as printed in the questionnaire (not reversed),
        empty where there is no valid answer; measures are Float64 (`pretest.value`); then one text column per
        characteristic of the plan. In a trial then what the file has of `school`, `class`, `arm` (the plan's ids),
        characteristics (text) and compliance (Float64); a pupil without any number has a row too. Rows that cannot be
        used (no pupil code, a second row for one pupil) are left out here and stand in `issues`
    issues : every problem found, in the order a person would repair them
    source : the file
    decisions : what was decided by the mapping file and was applied, a sentence each
    columns : what each column was taken for
    form : a short hash of the headings: files of one form have the same
    roster : frame - what a file without any answers says of pupils: `pupil` and characteristics; empty in others
    days : first and last day on which the form was answered (year-month-day), where it says; else empty
    settled_codes : codes that a person looked at and left as they are
    """

    responses: pd.DataFrame
    issues: tuple[Problem, ...]
    source: Source
    decisions: tuple[str, ...] = ()
    columns: tuple[ColumnRead, ...] = ()
    form: str = ""
    roster: pd.DataFrame = field(default_factory=pd.DataFrame)
    days: tuple[str, ...] = ()
    settled_codes: frozenset[str] = frozenset()

    def __repr__(self) -> str:
        return f"<Upload: {len(self.responses)} rows, {len(self.issues)} problems>"

    @property
    def problems(self) -> pd.DataFrame:
        """The problems as a table, a row per problem."""
        return problem_table(self.issues)

    @property
    def ok(self) -> bool:
        """Whether nothing is left that must be mended or answered."""
        return is_settled(self.issues)
