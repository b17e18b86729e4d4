"""The files a school gets with its pupil codes: the class list, and slips to cut out."""

import csv
import html
import io
from pathlib import Path

import pandas as pd

from evalkit.errors import SpecError
from evalkit.records.whole_file import write_whole

HEADINGS = ("Class", "Number", "Pupil code", "Name (stays in school)")
_WIDTHS = (16, 9, 14, 34)

_SLIPS = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>Pupil codes: {title}</title>
<style>
@page {{ size: A4; margin: 10mm; }}
body {{ font-family: sans-serif; margin: 0; color: #000; background: #fff; }}
ul {{ display: grid; grid-template-columns: repeat(3, 1fr); list-style: none; margin: 0; padding: 0; }}
li {{ border: 1px dashed #555; padding: 5mm 4mm; break-inside: avoid; text-align: center; }}
strong {{ display: block; font: 700 20pt monospace; letter-spacing: 0.1em; margin: 2mm 0; }}
small {{ font-size: 9pt; }}
</style>
</head>
<body>
<ul>
{slips}
</ul>
</body>
</html>
"""
_SLIP = "<li><small>{title}<br>{group}, number {number}</small><strong>{code}</strong><small>{words}</small></li>"
_WORDS = "Your code. Type it in each time, exactly like this. Keep this slip."


def write_code_list(codes: pd.DataFrame, path: str | Path) -> None:
    """Write a class list with an empty column for the names, which stay in school.

    Parameters
    ----------
    codes : frame with `group`, `number`, `pupil`
    path : a new .csv or .xlsx file

    Raises
    ------
    SpecError
        Another ending, or there is a file already: names may have been typed into it.
    """
    place = check_new_file(path, (".csv", ".xlsx"))
    rows = [(group, number, code, "") for group, number, code in codes.itertuples(index=False, name=None)]
    write_whole(place, _csv(rows) if place.suffix.lower() == ".csv" else _workbook(rows))


def write_slips(codes: pd.DataFrame, path: str | Path, *, title: str) -> None:
    """Write a page to print and cut: one slip for each code.

    Parameters
    ----------
    codes : frame with `group`, `number`, `pupil`
    path : a new .html file
    title : the programme's name

    Raises
    ------
    SpecError
        As `write_code_list`.
    """
    place = check_new_file(path, (".html",))
    slips = "\n".join(
        _SLIP.format(title=html.escape(title), group=html.escape(group), number=number, code=code, words=_WORDS)
        for group, number, code in codes.itertuples(index=False, name=None)
    )
    write_whole(place, _SLIPS.format(title=html.escape(title), slips=slips))


def check_new_file(path: str | Path, endings: tuple[str, ...]) -> Path:
    """The path, if a new file with one of these endings can stand there. Raises SpecError saying why it cannot."""
    place = Path(path)
    if place.suffix.lower() not in endings:
        raise SpecError(f"{place}: this file cannot be written. Use a name that ends in {' or '.join(endings)}.")
    if place.exists():
        raise SpecError(f"{place}: there is a file already, and it may hold names. Choose another name.")
    if not place.absolute().parent.is_dir():
        raise SpecError(f"{place}: the folder {place.parent} is not there. Make it first.")
    return place


def _csv(rows: list[tuple[str, int, str, str]]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([HEADINGS, *rows])
    return text.getvalue().encode("utf-8-sig")


def _workbook(rows: list[tuple[str, int, str, str]]) -> bytes:
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Pupil codes"
    sheet.append(HEADINGS)
    for row in rows:
        sheet.append(row)
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for column, width in zip(("A", "B", "C", "D"), _WIDTHS, strict=True):
        sheet.column_dimensions[column].width = width
        for cell in sheet[column]:
            cell.number_format = "@" if column != "B" else "0"
    sheet.freeze_panes = "A2"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()
