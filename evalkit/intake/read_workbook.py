"""A workbook -> cells as text, read in the sealed child; what the child says is checked again here."""

from collections.abc import Iterable, Iterator

from evalkit.intake.marks import marks_note, unmarked
from evalkit.intake.raw import Note, RawFile, RawSheet, Refusal
from evalkit.intake.sealed.parent import sealed_messages, unsafe
from evalkit.intake.sealed.sheet import Message
from evalkit.intake.sealed.workbook import WorkbookKind

_MANY_ROWS = 1_000
_MANY_COLUMNS = 50
_SHORT = 200


def read_workbook(data: bytes, kind: WorkbookKind) -> RawFile | Refusal:
    """Read the bytes of a workbook whose zip directory was checked: every sheet, every value as text."""
    return gathered(sealed_messages(data, kind))


class _Texts(dict[str, str]):
    """A cell -> the text kept for it: one object for equal short texts, for labels stand there thousands of times."""

    def __init__(self) -> None:
        self.marked: set[str] = set()

    def __missing__(self, cell: str) -> str:
        text = unmarked(cell)
        if text != cell:
            self.marked.add(cell)
        if len(cell) < _SHORT:
            self[cell] = text
        return text


def gathered(messages: Iterable[Message]) -> RawFile | Refusal:
    """The sheets that a reader's messages tell of, or why there are none."""
    sheets: list[RawSheet] = []
    notes: list[Note] = []
    texts = _Texts()
    marked = 0
    for message in messages:
        match message:
            case ["sheet", str(name), bool(hidden)]:
                sheets.append(RawSheet(name, [], [], hidden=hidden))
                marked = 0
            case ["rows", list(numbers), list(rows)] if sheets and len(numbers) == len(rows) and _is_table(rows):
                sheets[-1].numbers.extend(map(int, numbers))
                sheets[-1].rows.extend([texts[cell] for cell in row] for row in rows)
                marked += sum(cell in texts.marked for row in rows for cell in row) if texts.marked else 0
            case ["facts", dict(facts)] if sheets:
                notes += [*_facts(sheets[-1], facts), *([marks_note(marked, sheets[-1].name)] if marked else [])]
            case ["refused", str(found), str(mend)]:
                return Refusal(found, mend)
            case ["done"]:
                return RawFile(sheets, notes)
            case _:
                break
    return Refusal(*unsafe())


def _is_table(rows: list[object]) -> bool:
    """Whether these are rows of texts; nothing else may come out of the child."""
    return all(isinstance(row, list) and all(type(cell) is str for cell in row) for row in rows)


def _facts(sheet: RawSheet, facts: dict[str, list]) -> Iterator[Note]:
    """Add to the sheet what is known about its cells; what was put right without changing an answer is a note."""
    sheet.hidden_rows.extend(facts["hidden_rows"])
    for name, cells in (("dates", sheet.dates), ("uncalculated", sheet.uncalculated), ("scientific", sheet.scientific)):
        cells.extend((row, column) for row, column in facts[name])
    (noughts,), (dates,), (rows, columns) = facts["noughts"], facts["shown_as_dates"], facts["empty"]
    if dates:
        found = f"{dates:,} {'number is' if dates == 1 else 'numbers are'} shown as a date of 1900, such as 3-Jan for 3"
        yield Note("fixed", "numbers_shown_as_dates", found, "evalkit reads the number. Nothing to do.", sheet.name)
    if noughts:
        found = f"{noughts:,} {'number is' if noughts == 1 else 'numbers are'} shown with noughts in front, such as 007"
        yield Note("fixed", "noughts_kept", found, "evalkit reads what is shown. Nothing to do.", sheet.name)
    much = [
        f"{count:,} empty {what}"
        for count, what, many in ((rows, "rows", _MANY_ROWS), (columns, "columns", _MANY_COLUMNS))
        if count >= many
    ]
    if much:
        found = f"The sheet stores {' and '.join(much)} beside the answers"
        yield Note("fixed", "empty_space", found, "evalkit leaves them out. Nothing to do.", sheet.name)
