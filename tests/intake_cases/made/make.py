"""Make the workbooks of this folder with LibreOffice: `python tests/intake_cases/made/make.py`, needs `soffice`.

Everything in them is made up. They hold what spreadsheets hold beside plain answers, as a program writes it that is not
ours: answers.xlsx, answers.ods and answers.xls are the same sheets.
"""

import datetime
import subprocess
import tempfile
from pathlib import Path

import openpyxl
from openpyxl.comments import Comment

HERE = Path(__file__).parent


def make(folder: Path) -> Path:
    """The workbook before LibreOffice opens it, calculates its formulas and writes it anew."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Answers 7A"
    sheet.append(["Keep calm survey"])
    sheet.append([])
    sheet.append(["Pupil code", "calm8.q1", "Filled in", "At", "Took", "Mean", "Done", "Note", "Share"])
    at, took = datetime.datetime(2026, 2, 1, 9, 30), datetime.timedelta(hours=26, minutes=5)
    sheet.append([7, 4, at.date(), at, took, "=AVERAGE(B4,5)", True, "two\nlines", 0.25])
    sheet.append(["P002", 5.0, at, at.time(), took, '=IF(B5=5,"",1)', False, "  two  blanks ", 1])
    sheet.append(["P003", 3.5, None, None, None, "=1/0", None, "<b>&amp;</b>", None])
    sheet.append([100_000, 1, None, None, None, "=B7+1", None, None, None])
    sheet.append(["P005", 2, None, None, None, None, None, "hidden", None])
    sheet.append(["P005", 2, None, None, None, None, None, None, None])
    sheet["A4"].number_format = "000"
    sheet["A7"].number_format = "0.00E+00"
    sheet["E4"].number_format = sheet["E5"].number_format = "[h]:mm:ss"
    sheet["I4"].number_format = "0%"
    sheet["B4"].comment = Comment("This is a note and no answer", "nobody")
    sheet.merge_cells("A1:I1")
    sheet.row_dimensions[8].hidden = True
    book.create_sheet("Empty")
    hidden = book.create_sheet("Hidden")
    hidden.append(["Pupil code", 1])
    hidden.sheet_state = "hidden"
    path = folder / "answers.xlsx"
    book.save(path)
    return path


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        path = make(Path(folder))
        for kind in ("xlsx", "ods", "xls"):
            subprocess.run(
                ["soffice", "--headless", "--convert-to", kind, "--outdir", str(HERE), str(path)], check=True
            )
