"""Files in the shapes in which survey tools and school systems export them. All answers are made up; nobody exists.

Each survey shape holds the answers of `rows()` to the questionnaire calm8, at the first time. Each roster shape is a
list of the same pupils.
"""

import datetime
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.intake_cases.cases import Sent
from tests.intake_cases.files import text, workbook
from tests.intake_cases.study import make_study
from tests.intake_cases.tables import LABELS, QUESTIONS, Rows, rows, sent

BEGUN = datetime.datetime(2026, 2, 3, 9, 0, tzinfo=datetime.UTC)
SHORT = (
    "Stays calm", "Breathes slowly", "Sleeps well", "Worries a lot",
    "Thinks first", "Gets upset", "Feels safe", "Can wait",
)  # fmt: skip
SHAPES: dict[str, Callable[[Path], Sent]] = {}
ROSTERS: dict[str, Callable[[Path], Sent]] = {}
ROSTER_FACTS = """\
subgroups:
  - id: fsm
    label: Free school meals
    headers: [FSM6, FSM, FSM Ever 6]
    values: {Y: 'yes', 'Yes': 'yes', 'T': 'yes', N: 'no', 'No': 'no', 'F': 'no'}
  - {id: year_group, label: Year group, headers: [Year, NC Year], values: {'5': Year 5, '6': Year 6}}
pupil_headers: [Admission number, Adno, Pupil code]
"""


def shape(make: Callable[[Path], Sent]) -> Callable[[Path], Sent]:
    """Put a survey shape on the list under the name of its function."""
    SHAPES[make.__name__] = make
    return make


def roster(make: Callable[[Path], Sent]) -> Callable[[Path], Sent]:
    """Put a roster shape on the list under the name of its function."""
    ROSTERS[make.__name__] = make
    return make


def people() -> list[tuple[int, str, list[int]]]:
    """Place, code and answers of each pupil."""
    return [(place, str(row[0]), [int(str(one)) for one in row[1:]]) for place, row in enumerate(rows()[1:], start=1)]


def _words(answers: Sequence[int]) -> list[str]:
    return [LABELS[one] for one in answers]


@shape
def microsoft_forms(folder: Path) -> Sent:
    """Microsoft Forms: running ID, times, e-mail and name, questions with a hard blank at the end."""
    heads = ["ID", "Start time", "Completion time", "Email", "Name", "Last modified time", "What is your pupil code?"]
    lines = [
        [place, BEGUN.replace(tzinfo=None), BEGUN.replace(tzinfo=None) + datetime.timedelta(seconds=90 + place),
         "anonymous", "", "", code, *_words(answers)]
        for place, code, answers in people()
    ]  # fmt: skip
    return sent(folder, workbook([[*heads, *(f"{one}\u00a0" for one in QUESTIONS)], *lines]))


@shape
def microsoft_forms_quiz(folder: Path) -> Sent:
    """Microsoft Forms made as a quiz: total points, and points and feedback behind each question."""
    heads: list[object] = [
        "ID",
        "Start time",
        "Completion time",
        "Email",
        "Name",
        "Total points",
        "Quiz feedback",
        "Grade posted time",
    ]
    for question in ("What is your pupil code?", *QUESTIONS):
        heads += [question, f"Points - {question}", f"Feedback - {question}"]
    lines: list[list[object]] = []
    for place, code, answers in people():
        line: list[object] = [
            place,
            "02/03/26 09:00:00",
            f"02/03/26 09:02:{place:02}",
            f"p{place}@school.example",
            f"Test Pupil{place}",
            0,
            "",
            "",
        ]
        for cell in (code, *_words(answers)):
            line += [cell, 0, ""]
        lines.append(line)
    return sent(folder, workbook([heads, *lines]))


@shape
def google_forms(folder: Path) -> Sent:
    """Google Forms: a time stamp, a grid whose rows are the questions."""
    heads = ["Timestamp", "Your pupil code", *(f"How much do you agree? [{one}]" for one in QUESTIONS)]
    lines = [[f"2026/02/03 9:{place:02}:00 am GMT", code, *_words(answers)] for place, code, answers in people()]
    return sent(folder, [heads, *lines])


@shape
def google_forms_numbers(folder: Path) -> Sent:
    """Google Forms with a linear scale from 1 to 5."""
    lines = [[f"03/02/2026 09:{place:02}:00", code, *answers] for place, code, answers in people()]
    return sent(folder, [["Timestamp", "Pupil code", *QUESTIONS], *lines])


QUALTRICS = [
    "StartDate", "EndDate", "Status", "IPAddress", "Progress", "Duration (in seconds)", "Finished", "RecordedDate",
    "ResponseId", "RecipientLastName", "RecipientFirstName", "RecipientEmail", "ExternalReference", "LocationLatitude",
    "LocationLongitude", "DistributionChannel", "UserLanguage",
]  # fmt: skip


def _qualtrics(folder: Path, cells: Callable[[Sequence[int]], Sequence[object]]) -> Sent:
    spelled = ["Start Date", "End Date", "Response Type", *QUALTRICS[3:]]
    heads = [
        [*QUALTRICS, "Q1", *(f"Q2_{n}" for n in range(1, 9))],
        [*spelled, "What is your pupil code?", *(f"How much do you agree? - {one}" for one in QUESTIONS)],
        [*(f'{{"ImportId":"{one}"}}' for one in QUALTRICS), '{"ImportId":"QID1_TEXT"}',
         *(f'{{"ImportId":"QID2_{n}"}}' for n in range(1, 9))],
    ]  # fmt: skip
    lines = [
        ["2026-02-03 09:00:00", f"2026-02-03 09:02:{place:02}", "IP Address", "192.0.2.1", 100, 120 + place, "True",
         f"2026-02-03 09:02:{place:02}", f"R_{place:015}", "", "", "", "", 52.4, -1.9, "anonymous", "EN-GB", code,
         *cells(answers)]
        for place, code, answers in people()
    ]  # fmt: skip
    return sent(folder, [*heads, *lines])


@shape
def qualtrics_codes(folder: Path) -> Sent:
    """Qualtrics with numeric values: three rows of headings."""
    return _qualtrics(folder, lambda answers: answers)


@shape
def qualtrics_text(folder: Path) -> Sent:
    """Qualtrics with choice text: three rows of headings."""
    return _qualtrics(folder, _words)


@shape
def qualtrics_preview(folder: Path) -> Sent:
    """Qualtrics with short names of questions, and a preview of the form among the answers."""
    made = _qualtrics(folder, _words)
    ((path, wave),) = made.files
    content = path.read_text(encoding="utf-8")
    for question, label in zip(QUESTIONS, SHORT, strict=True):
        content = content.replace(f"How much do you agree? - {question}", f"How true is this of you? - {label}")
    lines = content.splitlines(keepends=True)
    tried = lines[5].replace("IP Address", "Survey Preview").replace("Disagree", "Agree")
    path.write_text("".join([*lines[:3], tried, *lines[3:]]), encoding="utf-8", newline="")
    return Sent(made.study, ((path, wave),))


@shape
def limesurvey_code_and_text(folder: Path) -> Sent:
    """LimeSurvey with code and text in each heading, answers without dates, and the time that each page took."""
    heads = ["id. Response ID", "submitdate. Date submitted", "lastpage. Last page", "seed. Seed",
             "ipaddr. IP address", "code. Pupil code",
             *(f"calm[SQ00{n}]. How much do you agree? [{one}]" for n, one in enumerate(QUESTIONS, start=1)),
             "interviewtime. Total time", "groupTime12. Group time: Calm", "calmTime. Question time: calm"]  # fmt: skip
    lines = [
        [place, "1980-01-01 00:00:00", 3, 77 + place, "192.0.2.1", code, *_words(answers), "99.5", "60.1", "60.0"]
        for place, code, answers in people()
    ]
    return sent(folder, [heads, *lines], study=make_study(folder, year="2025/26"))


@shape
def limesurvey(folder: Path) -> Sent:
    """LimeSurvey: semicolons, quotation marks everywhere, a byte order mark, codes of questions in brackets."""
    heads = ["id", "submitdate", "lastpage", "startlanguage", "seed", "Code", *(f"calm[SQ00{n}]" for n in range(1, 9))]
    lines = [
        [place, f"2026-02-03 09:{place:02}:00", 3, "en", 1234567 + place, code, *_words(answers)]
        for place, code, answers in people()
    ]  # fmt: skip
    content = text([heads, *lines], separator=";").replace(";", '";"').replace("\r\n", '"\r\n"')
    return sent(folder, ("\ufeff" + '"' + content)[:-1])


def _redcap(folder: Path, heads: Sequence[str], event: str, cells: Callable[[Sequence[int]], Sequence[object]]) -> Sent:
    lines = [[code, event, *cells(answers), 2] for _, code, answers in people()]
    return sent(folder, [heads, *lines], wave=None)


@shape
def redcap_raw(folder: Path) -> Sent:
    """REDCap with raw values: the event says which time it is."""
    heads = ["record_id", "redcap_event_name", *(f"calm8_q{n}" for n in range(1, 9)), "calm_scale_complete"]
    return _redcap(folder, heads, "autumn_term_arm_1", lambda answers: answers)


@shape
def redcap_labels(folder: Path) -> Sent:
    """REDCap with labels: headings and answers in words."""
    return _redcap(folder, ["Record ID", "Event Name", *QUESTIONS, "Complete?"], "Autumn term", _words)


def redcap_code_once(folder: Path) -> Sent:
    """REDCap that asks for the pupil's code before the programme only; its record ID joins the answers afterwards."""
    heads = ["record_id", "redcap_event_name", "redcap_repeat_instrument", "pupil_code",
             *(f"calm8_q{n}" for n in range(1, 9)), "calm8_timestamp", "calm8_complete"]  # fmt: skip
    lines: list[list[object]] = []
    for place, code, answers in people():
        lines += [[place, "before", "", code, *answers, "2026-02-03 09:00:00", 2]]
        lines += [[place, "after", "", "", *answers, "", 2]]
    return sent(folder, [heads, *lines], wave=None)


@shape
def formr(folder: Path) -> Sent:
    """formr: its own columns of times, and the names of the item table."""
    heads = ["session", "created", "modified", "ended", "expired", "pupil_code", *(f"calm8_q{n}" for n in range(1, 9))]
    lines = [
        [f"xYz{place:061}", "2026-02-03 09:00:00", f"2026-02-03 09:02:{place:02}", f"2026-02-03 09:02:{place:02}", "",
         code,
         *answers]
        for place, code, answers in people()
    ]  # fmt: skip
    return sent(folder, [heads, *lines])


@shape
def surveymonkey(folder: Path) -> Sent:
    """SurveyMonkey: two rows of headings."""
    heads = [
        ["Respondent ID", "Collector ID", "Start Date", "End Date", "Your pupil code", *QUESTIONS],
        ["", "", "", "", "Open-Ended Response", *["Response"] * 8],
    ]
    lines = [
        [11_000 + place, 7, "02/03/2026 09:00:00 AM", f"02/03/2026 09:02:{place:02} AM", code, *_words(answers)]
        for place, code, answers in people()
    ]  # fmt: skip
    return sent(folder, [*heads, *lines])


@shape
def plain_sheet(folder: Path) -> Sent:
    """A sheet typed in by a teacher: a title, Q1 to Q8, gaps."""
    lines = [["Year 5 calm questions, autumn"], [], ["Code", *(f"Q{n}" for n in range(1, 9))]]
    return sent(folder, workbook([*lines, *([code, *answers] for _, code, answers in people())]))


def _roster(folder: Path, heads: Sequence[object], line: Callable[[int, str], Sequence[object]]) -> Sent:
    content: Rows = [list(heads), *(list(line(place, code)) for place, code, _ in people())]
    return sent(folder, content, wave=None, study=make_study(folder, more=ROSTER_FACTS), name="roster")


@roster
def sims(folder: Path) -> Sent:
    """SIMS: UPN, names, registration group, year, sex, FSM6, EAL, SEN, pupil premium."""
    return _roster(
        folder,
        ["UPN", "Legal Surname", "Legal Forename", "Adno", "Reg", "Year", "Sex", "FSM6", "EAL", "SEN Status", "PP",
         "DOB"],
        lambda place, code: [
            f"A8012000050{place:02}", "Testname", f"Zedric{place}", code, "5A", f"Year {5 + place % 2}", "F",
            "TF"[place % 2],
            "F", "N", "T", "01/09/2015",
        ],
    )  # fmt: skip


@roster
def arbor(folder: Path) -> Sent:
    """Arbor: full names, preferred names, medical notes and addresses beside the facts."""
    return _roster(
        folder,
        ["Pupil Name", "Admission Number", "Unique Pupil Number", "Year Group", "Registration Form", "FSM Ever 6",
         "Home Address", "Parent Email"],
        lambda place, code: [
            f"Testname, Zedric{place}", code, f"A8012000050{place:02}", f"Year {5 + place % 2}", "5A",
            "Yes" if place % 2 == 0 else "No", "1 Test Street", f"parent{place}@home.example",
        ],
    )  # fmt: skip


@roster
def bromcom(folder: Path) -> Sent:
    """Bromcom: short headings, Y and N."""
    return _roster(
        folder,
        ["Adno", "Forename", "Surname", "Year", "Tutor Group", "Gender", "FSM", "EAL", "SEN", "Ethnicity"],
        lambda place, code: [
            code, f"Zedric{place}", "Testname", f"Y{5 + place % 2}", "5A", "M", "YN"[place % 2], "N", "K", "WBRI",
        ],
    )  # fmt: skip
