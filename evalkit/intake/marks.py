"""Marks by which people, spreadsheet programs and evalkit itself keep a text from being read as something else."""

from evalkit.intake.raw import Note
from evalkit.records.cells import bare_cell


def unmarked(cell: str) -> str:
    """`="007"` and `'007` become 007; the mark that `harmless_cell` set in a file that comes back is taken off."""
    if cell.startswith('="') and cell.endswith('"') and len(cell) > 2:
        return cell[2:-1]
    if cell.startswith("'"):
        return cell[1:] if cell[1:2].isdigit() else bare_cell(cell)
    return cell


def marks_note(count: int, sheet: str = "") -> Note:
    """What is said when marks were taken off."""
    cells = "1 cell was" if count == 1 else f"{count:,} cells were"
    found = f"{cells} marked as text (='...' or an apostrophe in front)"
    return Note("fixed", "text_marks", found, "evalkit took the marks off. Nothing to do.", sheet)
