"""More files in the shapes in which survey tools and statistics programs write them. All answers are made up.

They join the shapes of `shapes.py`: the same pupils and answers.
"""

import datetime
from collections.abc import Sequence
from pathlib import Path

from tests.intake_cases.cases import Sent
from tests.intake_cases.files import text, workbook
from tests.intake_cases.shapes import people, shape
from tests.intake_cases.tables import ITEMS, LABELS, QUESTIONS, sent

TIMES = ("2026-02-03 09:00:00", "2026-02-03 09:04:00")


def _words(answers: Sequence[int]) -> list[str]:
    return [LABELS[one] for one in answers]


@shape
def limesurvey_bare_codes(folder: Path) -> Sent:
    """LimeSurvey for R: codes of questions hold neither blanks nor underscores, and there is a token."""
    heads = ["id", "submitdate", "lastpage", "startlanguage", "seed", "token", "pupilcode"]
    lines = [[n, TIMES[1], 3, "en", 900 + n, f"tk{n}", code, *answers] for n, code, answers in people()]
    return sent(folder, [[*heads, *(f"calm8_SQ00{n}" for n in range(1, 9))], *lines])


@shape
def redcap_labels_and_forms(folder: Path) -> Sent:
    """REDCap with labels: what it writes of repeated forms and surveys, and 'Complete?' behind each form."""
    heads = ["Record ID", "Event Name", "Repeat Instrument", "Repeat Instance", "Survey Identifier", "Survey Timestamp",
             "Pupil code", "Who helped you? (choice=Teacher)", "Complete?", *QUESTIONS, "Complete?"]  # fmt: skip
    lines = [
        [n, "Autumn term", "", "", "", TIMES[1], code, "Unchecked", "Complete", *_words(answers), "Complete"]
        for n, code, answers in people()
    ]
    return sent(folder, [heads, *lines], wave=None)


@shape
def jisc_online_surveys(folder: Path) -> Sent:
    """Online surveys (Jisc): numbers of two levels in front of the questions."""
    heads = ["Unique Response Number", "1. Your pupil code", *(f"2.{n}. {one}" for n, one in enumerate(QUESTIONS, 1))]
    lines = [[f"1143355-1143337-{n:08}", code, *_words(answers)] for n, code, answers in people()]
    return sent(folder, [heads, *lines])


@shape
def smartsurvey(folder: Path) -> Sent:
    """SmartSurvey: pages and numbers in front of the questions, and a Unique ID of its own that is empty."""
    heads = ["UserID", "UserNo", "Name", "Email", "IP Address", "Unique ID", "Started", "Ended", "Tracking Link",
             "Page 1. Q1. Your code", *(f"Page 2. Q2. How true? - {one}" for one in QUESTIONS)]  # fmt: skip
    lines = [
        [7_000 + n, n, "Test Pupil", "", "192.0.2.1", "", *TIMES, "Main link", code, *_words(answers)]
        for n, code, answers in people()
    ]
    return sent(folder, workbook([heads, *lines]))


@shape
def typeform(folder: Path) -> Sent:
    """Typeform: a number of its own under #, questions as people speak, times in UTC."""
    heads = ["#", "What's your pupil code?", *QUESTIONS, "Response Type", "Start Date (UTC)", "Stage Date (UTC)",
             "Submit Date (UTC)", "Network ID", "Tags", "Ending"]  # fmt: skip
    lines = [
        [f"l5xk{n:028x}", code, *_words(answers), "completed", TIMES[0], "", TIMES[1], f"{n:010x}", "", ""]
        for n, code, answers in people()
    ]
    return sent(folder, [heads, *lines])


@shape
def alchemer(folder: Path) -> Sent:
    """Alchemer: each row of a grid with the question behind a colon."""
    heads = ["Response ID", "Time Started", "Date Submitted", "Status", "Contact ID", "Legacy Comments", "Comments",
             "Language", "Referer", "SessionID", "User Agent", "Tags", "IP Address", "Longitude", "Latitude", "Country",
             "City", "State/Region", "Postal", "Please type in your code. It is on the card.",
             *(f"{one.rstrip('.')}:How true is this of you?" for one in QUESTIONS)]  # fmt: skip
    lines = [
        [n, *TIMES, "Complete", "", "", "", "English", "", f"17{n}", "Browser", "", "192.0.2.1", "-1.1", "52.6", "UK",
         "Leicester", "LCE", "LE1", code, *_words(answers)]
        for n, code, answers in people()
    ]  # fmt: skip
    return sent(folder, [heads, *lines])


@shape
def r_with_row_names(folder: Path) -> Sent:
    """A table that R wrote with its row names, in a column without a heading."""
    return sent(folder, [["", "pupil_code", *ITEMS], *([n, code, *answers] for n, code, answers in people())])


@shape
def pandas_with_index(folder: Path) -> Sent:
    """A table that pandas wrote twice with its index, the answers as decimal numbers."""
    lines = [[n - 1, n - 1, code, *(f"{one}.0" for one in answers)] for n, code, answers in people()]
    return sent(folder, [["Unnamed: 0", "Unnamed: 0.1", "pupil_code", *ITEMS], *lines])


@shape
def excel_of_a_mac(folder: Path) -> Sent:
    """CSV (Macintosh): Mac Roman, in which the byte of an apostrophe is another letter for Windows."""
    heads = ["Pupil code", *(one.replace("'", "’") for one in QUESTIONS), "What’s best? – if you like"]
    lines = [[code, *_words(answers), "It’s the café"] for _, code, answers in people()]
    return sent(folder, text([heads, *lines], end="\r").encode("mac_roman"))


@shape
def lines_in_quotation_marks(folder: Path) -> Sent:
    """CSV that a program took for one column and saved again: every line stands in quotation marks."""
    lines = [["Pupil code", *ITEMS], *([code, *answers] for _, code, answers in people())]
    return sent(folder, "".join('"' + ",".join(map(str, line)) + '"\r\n' for line in lines))


@shape
def answers_shown_as_dates(folder: Path) -> Sent:
    """A workbook whose answers are numbers in a date format: 3 is shown as 3-Jan."""
    book = workbook([["Pupil code", *ITEMS], *([code, *answers] for _, code, answers in people())])
    for row in book.active.iter_rows(min_row=2, min_col=2):
        for cell in row:
            cell.number_format = "d-mmm"
    assert book.active["B2"].value != datetime.date(1900, 1, 3)
    return sent(folder, book)


@shape
def answers_with_pictures(folder: Path) -> Sent:
    """Numbers with a face behind them, and keycaps."""
    lines = [[code, f"{answers[0]} 🙂", f"{answers[1]}\ufe0f\u20e3", *answers[2:]] for _, code, answers in people()]
    return sent(folder, [["Pupil code", *ITEMS], *lines])
