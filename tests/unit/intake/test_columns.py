"""What headings are taken for. Case numbers are those of the case list."""

import pytest

from evalkit.errors import UploadError
from evalkit.records.mapping import Mapping


def _map(**parts) -> Mapping:
    return Mapping.model_validate({"schema": "evalkit-mapping/1", **parts})


HEADERS = {
    "id": lambda n, q: f"calm8.q{n}",
    "underscore": lambda n, q: f"calm8_q{n}",
    "capitals_blank": lambda n, q: f"CALM8 Q{n}",
    "limesurvey": lambda n, q: f"calm8[q{n}]",
    "short_id": lambda n, q: f"q{n}",
    "capital_q": lambda n, q: f"Q{n}",
    "padded": lambda n, q: f"Q0{n}",
    "number": lambda n, q: str(n),
    "number_dot": lambda n, q: f"{n}.",
    "question": lambda n, q: f"Question {n}",
    "21_wording": lambda n, q: q,
    "21_wording_numbered": lambda n, q: f"{n}. {q}",
    "21_wording_q": lambda n, q: f"Q{n}: {q}",
    "20_case_nbsp_zero_width": lambda n, q: f"\u200b{q.upper()}\u00a0".replace(" ", "\u00a0"),
    "20_typographic": lambda n, q: q.replace("'", "’"),
    "google_grid": lambda n, q: f"How much do you agree? [{q}]",
}


@pytest.mark.parametrize("shape", HEADERS)
def test_headings_of_every_shape_are_recognised(desk, shape) -> None:
    headers = [HEADERS[shape](number, question) for number, question in enumerate(desk.questions, start=1)]
    upload = desk.check(desk.table(headers=headers))
    assert desk.values(upload) == desk.expected()
    assert {issue.severity for issue in upload.issues} <= {"fixed"}


def test_headings_by_our_label(desk) -> None:
    labels = [item.label for item in desk.study().instrument("calm8").items]
    assert desk.check(desk.table(headers=labels)).issues == ()


def test_users_own_wording_is_recognised(desk) -> None:
    study = desk.study("wide12")
    headers = ["I enjoy doing sums - even hard ones", '4) I enjoy "making" music', "q5", "q9", "q12"]
    upload = desk.check([["Pupil code", *headers], ["P1", 1, 2, 3, 4, 7], ["P2", 2, 2, 3, 4, 6]], study=study)
    assert upload.ok
    assert upload.responses.iloc[0].tolist() == ["P1", "pre", 1, 2, 3, 4, 7]


def test_numbers_of_two_questionnaires_side_by_side(desk) -> None:
    """Each block of numbers has the length of one questionnaire only."""
    study = desk.study("calm8", "wide12")
    headers = [*map(str, range(1, 9)), *map(str, range(1, 13))]
    rows = [["Pupil code", *headers], *([f"P{n}", *desk.expected()[n], *[1 + n] * 12] for n in range(4))]
    upload = desk.check(rows, study=study)
    assert upload.ok
    assert desk.values(upload) == desk.expected(4)
    assert upload.responses["wide12.q12"].tolist() == [1, 2, 3, 4]


def test_a_short_forms_own_numbers_are_asked_about(desk, only) -> None:
    """1 to 5, where the plan needs five questions that are 2, 4, 5, 9 and 12 in the full questionnaire."""
    study = desk.study("wide12")
    rows = [["Pupil code", 1, 2, 3, 4, 5], *([f"P{n}", 1, 2, 3, 4, n] for n in range(1, 5))]
    upload = desk.check(rows, study=study)
    problem = only(upload, "which_numbers")
    assert problem.severity == "ask"
    assert upload.responses["wide12.q2"].isna().all()
    assert "'column B': wide12.q2, 'column C': wide12.q4" in problem.message
    columns = {f"column {letter}": item for letter, item in zip("BCDEF", desk.wide_items, strict=True)}
    assert desk.check(rows, study=study, mapping=_map(columns=columns)).ok


def test_numbers_straight_through_several_questionnaires_are_asked_about(desk, only) -> None:
    study = desk.study("calm8", "wide12")
    rows = [["Code", *(f"Q{n}" for n in range(1, 14))], *([f"P{n}", *desk.expected()[n], *[n] * 5] for n in (1, 2, 3))]
    upload = desk.check(rows, study=study)
    problem = only(upload, "which_numbers")
    assert "'Q1' to 'Q8' (columns B to I) into 'calm8.q1' to 'calm8.q8'" in problem.message
    assert "'Q9' to 'Q13' (columns J to N) into 'wide12.q2', 'wide12.q4', 'wide12.q5'" in problem.message
    assert len(upload.issues) == 1
    places = "BCDEFGHIJKLMN"
    columns = {f"column {place}": item for place, item in zip(places, (*desk.items, *desk.wide_items), strict=True)}
    mended = desk.check(rows, study=study, mapping=_map(columns=columns))
    assert mended.ok
    assert desk.values(mended) == desk.expected(4)[1:]


@pytest.mark.parametrize("name", ["Calm", "calm8", "Calm scale", "CALM Q", "calm item"])
def test_questionnaires_name_in_front_of_the_number(desk, name) -> None:
    study = desk.study("calm8", "wide12")
    headers = [*(f"{name} {n}" for n in range(1, 9)), *(f"Wide_{n}" for n in (2, 4, 5, 9, 12))]
    rows = [["Code", *headers], *([f"P{n}", *desk.expected()[n], *[n] * 5] for n in (1, 2, 3))]
    upload = desk.check(rows, study=study)
    assert upload.ok, upload.issues
    assert desk.values(upload) == desk.expected(4)[1:]


def test_a_total_column_is_no_question(desk, only) -> None:
    """CALM8 beside Q1 to Q8 is the scale's sum."""
    headers = [f"Q{n}" for n in range(1, 9)]
    rows = [[*row, total] for row, total in zip(desk.table(headers=headers), ["CALM8", *[20] * 6], strict=True)]
    upload = desk.check(rows)
    assert desk.values(upload) == desk.expected()
    assert "'CALM8'" in only(upload, "columns_not_used").message


@pytest.mark.parametrize("shape", ["CALM{}", "Calm{} (pre)", "calm[SQ00{}]"])
def test_the_last_question_may_read_like_the_questionnaires_name(desk, shape) -> None:
    """CALM8 beside CALM1 to CALM7 is the eighth question."""
    upload = desk.check(desk.table(headers=[shape.format(n) for n in range(1, 9)]), study=desk.study("calm8", "wide12"))
    assert desk.values(upload) == desk.expected()
    kinds = [issue.kind for issue in upload.issues if issue.severity != "fixed"]
    assert kinds == ["missing_column"]  # of the other questionnaire


def test_a_total_beside_a_full_set_of_questions_is_none(desk, only) -> None:
    headers = [f"Calm {n}" for n in range(1, 9)]
    rows = [[*row, total] for row, total in zip(desk.table(headers=headers), ["CALM8", *[20] * 6], strict=True)]
    upload = desk.check(rows)
    assert desk.values(upload) == desk.expected()
    assert "'CALM8'" in only(upload, "columns_not_used").message


@pytest.mark.parametrize("shape", ["{} (R)", "{} [reversed]", "{}_R"])
@pytest.mark.parametrize("plain", [True, False])
def test_reversed_marks_are_asked_about_once(desk, only, shape, plain) -> None:
    headers = list(desk.questions) if plain else [f"Calm {n}" for n in range(1, 9)]
    headers[3], headers[5] = shape.format(headers[3]), shape.format(headers[5])
    upload = desk.check(desk.table(headers=headers))
    problem = only(upload, "turned_round")
    assert (problem.severity, problem.column) == ("ask", "E and G")
    assert "already turned round" in problem.message
    assert upload.responses["calm8.q4"].isna().all()
    assert [issue for issue in upload.issues if issue.severity != "fixed"] == [problem]


def test_same_heading_twice_and_a_question_missing(desk, only) -> None:
    headers = list(desk.questions)
    headers[7] = headers[6]
    upload = desk.check(desk.table(headers=headers))
    problem = only(upload, "column_twice")
    assert "Columns H and I have the same heading" in problem.message
    assert "Is one of them 'Can wait' (calm8.q8), which is missing?" in problem.message
    assert "ignore" not in problem.message
    assert [issue for issue in upload.issues if issue.severity != "fixed"] == [problem]


def test_surveymonkey_two_header_rows(desk) -> None:
    head = ["Respondent ID", "Collector ID", "Pupil code", "How much do you agree?", *[""] * 7]
    below = ["", "", "Open-Ended Response", *desk.questions]
    body = [[n, 4, f"P{n}", *desk.expected()[n]] for n in range(4)]
    upload = desk.check([head, below, *body])
    assert upload.ok, upload.issues
    assert desk.values(upload) == desk.expected(4)
    single = [[*head[:3], *desk.questions], ["", "", "Open-Ended Response", *["Response"] * 8], *body]
    assert desk.values(desk.check(single)) == desk.expected(4)


def test_many_form_columns_are_counted(desk, only) -> None:
    extra = [f"Points - {question}" for question in desk.questions]
    upload = desk.check([[*row, *(extra if place == 0 else [1] * 8)] for place, row in enumerate(desk.table(12))])
    message = only(upload, "form_columns_left_out").message
    assert "and 5 more come from the survey form" in message
    assert "evalkit leaves these out" in message


def test_original_numbers_of_a_short_form(desk) -> None:
    study = desk.study("wide12")
    rows = [["Pupil code", "Q2", "Q4", "Q5", "Q9", "Q12"], *([f"P{n}", 1, 2, 3, 4, n] for n in range(1, 5))]
    assert desk.check(rows, study=study).ok


def test_17_title_over_the_columns_names_the_questionnaire(desk) -> None:
    study = desk.study("calm8", "wide12")
    above = ["", "Calm scale", *[""] * 7, "Wide questionnaire", *[""] * 4]
    rows = [
        above,
        ["Pupil code", *range(1, 9), 2, 4, 5, 9, 12],
        *([f"P{n}", *desk.expected()[n], *[n] * 5] for n in (1, 2)),
    ]
    assert desk.check(rows, study=study).ok


def test_25_before_and_after_side_by_side(desk) -> None:
    above = ["", "Autumn term", *[""] * 7, "Summer term", *[""] * 7]
    rows = [above, ["Pupil code", *range(1, 9), *range(1, 9)]]
    rows += [[f"P{n}", *desk.expected()[n], *desk.expected()[n + 1]] for n in range(4)]
    upload = desk.check(rows, wave=None)
    assert upload.ok
    frame = upload.responses
    assert frame["wave"].tolist() == ["pre"] * 4 + ["post"] * 4
    assert desk.values(upload) == desk.expected(4) + desk.expected(5)[1:]


@pytest.mark.parametrize("shape", ["{} (pre)", "pre_{}", "{} Autumn term"])
def test_25_wave_in_each_heading(desk, shape) -> None:
    after = shape.replace("pre", "post").replace("Autumn", "Summer")
    headers = [*(shape.format(item) for item in desk.items), *(after.format(item) for item in desk.items)]
    rows = [["Pupil code", *headers], *([f"P{n}", *desk.expected()[n], *desk.expected()[n + 1]] for n in range(4))]
    assert desk.values(desk.check(rows, wave=None)) == desk.expected(4) + desk.expected(5)[1:]
    assert desk.values(desk.check(rows, wave="post")) == desk.expected(5)[1:]


def test_16_qualtrics_three_header_rows(desk) -> None:
    rows = [
        ["StartDate", "RecordedDate", "QID1", *(f"QID2_{n}" for n in range(1, 9))],
        ["Start Date", "Recorded Date", "What is your pupil code?", *(f"Say how much - {q}" for q in desk.questions)],
        [f'{{"ImportId":"QID{n}"}}' for n in range(11)],
        *(["2026-01-01 10:00", "2026-01-01 10:02", f"P{n}", *desk.expected()[n]] for n in range(4)),
    ]
    rows[1][3:] = list(desk.questions)
    upload = desk.check(rows)
    assert upload.ok, upload.issues
    assert desk.values(upload) == desk.expected(4)


def test_header_row_is_found_below_titles_and_notes(desk) -> None:
    title = [["Calm survey 2026"], ["Pupil answers", "please do not share"], [], ["Class", "7A"]]
    upload = desk.check([*title, *desk.table()])
    assert desk.values(upload) == desk.expected()


def test_a_resembling_heading_is_asked_about_never_assumed(desk, only) -> None:
    headers = list(desk.questions)
    headers[4] = "I think befor I akt."
    rows = desk.table(headers=headers)
    upload = desk.check(rows)
    problem = only(upload, "which_question")
    assert (problem.severity, problem.column) == ("ask", "F")
    assert "'Thinks first' (calm8.q5)" in problem.message
    assert upload.responses["calm8.q5"].isna().all()
    assert "missing_column" not in [issue.kind for issue in upload.issues]
    mended = desk.check(rows, mapping=_map(columns={"I think befor I akt.": "calm8.q5"}))
    assert mended.ok
    assert desk.values(mended) == desk.expected()


def test_47_missing_columns_are_named_together(desk, only) -> None:
    rows = [[*row[:3], *row[5:]] for row in desk.table()]
    problem = only(desk.check(rows), "missing_column")
    assert problem.severity == "ask"
    assert "q3 ('Sleeps well') and q4 ('Worries a lot')" in problem.message
    decided = desk.check(rows, mapping=_map(absent=["calm8.q3", "calm8.q4"]))
    assert decided.ok
    assert decided.responses["calm8.q3"].isna().all()
    few = only(desk.check([[*row[:3]] for row in desk.table()]), "missing_column")
    assert few.severity == "error"


def test_48_extra_columns_are_warned_about_once(desk, only) -> None:
    rows = [
        [*row, *extra]
        for row, extra in zip(desk.table(2), (["Hobby", "Shoe size"], ["chess", 4], ["", 5]), strict=True)
    ]
    upload = desk.check(rows)
    problem = only(upload, "columns_not_used")
    assert (problem.severity, problem.column) == ("warn", "J and K")
    assert "'Hobby' and 'Shoe size'" in problem.message
    assert upload.ok


def test_18_two_columns_for_one_question(desk, only) -> None:
    same = [[*row, row[3]] for row in desk.table()]
    problem = only(desk.check(same), "column_repeated")
    assert problem.severity == "fixed"
    other = [[*row, row[3] if place == 0 else row[2]] for place, row in enumerate(desk.table(12))]
    upload = desk.check(other)
    assert only(upload, "column_twice").severity == "ask"
    assert upload.responses["calm8.q3"].isna().all()
    mended = desk.check(other, mapping=_map(columns={"column J": "ignore"}))
    assert mended.ok
    assert desk.values(mended) == desk.expected(12)


def test_19_column_without_a_heading(desk, only) -> None:
    rows = [[*row, extra] for row, extra in zip(desk.table(2), ["", "x", "y"], strict=True)]
    assert only(desk.check(rows), "no_heading").severity == "warn"
    rows = desk.table(2)
    rows[0][3] = ""
    upload = desk.check(rows)
    assert only(upload, "no_heading").severity == "ask"
    assert desk.check(rows, mapping=_map(columns={"column D": "calm8.q3"})).ok


def test_27_table_on_its_side(desk, only) -> None:
    turned = [list(row) for row in zip(*desk.table(), strict=True)]
    upload = desk.check(turned)
    assert not upload.ok
    assert desk.values(upload) == desk.expected()
    assert "run down the side" in only(upload, "turned_table").message
    decided = desk.check(turned, mapping=_map(turned=True))
    assert decided.ok
    assert only(decided, "turned_table").severity == "fixed"


def test_no_known_column(desk) -> None:
    with pytest.raises(UploadError, match="No column heading is one that the plan knows") as caught:
        desk.check([["Colour", "Shape"], ["red", "round"]])
    assert "A 'Colour' and B 'Shape'" in caught.value.message
    assert "calm8.q1" in caught.value.message


def test_refusal_names_nobody(desk) -> None:
    with pytest.raises(UploadError, match="No column heading") as caught:
        desk.check([["ann@school.org", "B801200005001", "x"], ["bo@school.org", "B801200005002", "y"]])
    assert "ann" not in caught.value.message
    assert "B8012" not in caught.value.message


@pytest.mark.parametrize(
    "rows",
    [
        [["Ann Other1", 2, 3, 2], ["Ann Other2", 2, 3, 3]],
        [["Ann Other", "Agree"], ["Bo Other", "Disagree"], ["Cy Other", "Agree"]],
        [["Ann Other", "Quite", "x:0:0:root"], ["q", "Quite", "y"]],
        [["Ann Other:x:0:0:root:/root:/bin/sh"], ["daemon:x:1:1"]],
    ],
)
def test_a_file_without_headings_quotes_no_row(desk, rows) -> None:
    with pytest.raises(UploadError, match=r"seems to hold answers|only one column") as caught:
        desk.check(rows)
    assert "Other" not in caught.value.message
    assert "root" not in caught.value.message


def test_a_roster_and_totals_are_told_what_is_missing(desk) -> None:
    with pytest.raises(UploadError, match="The pupil codes are here, but none of the questions") as caught:
        desk.check([["Pupil code", "Year"], ["P1", 7], ["P2", 8]])
    assert "Send the file with each answer" in caught.value.message
    with pytest.raises(UploadError, match="Totals cannot be used; we need each answer") as caught:
        desk.check([["Pupil code", "Calm total"], ["P1", 27], ["P2", 18]])
    assert "'Calm total'" in caught.value.message


def test_another_number_of_numbered_questions_is_another_version(desk) -> None:
    with pytest.raises(UploadError, match="12 numbered questions, from 'q1' to 'q12', but the plan asks") as caught:
        desk.check([["Pupil code", *(f"q{n}" for n in range(1, 13))], ["P1", *[2] * 12], ["P2", *[3] * 12]])
    assert "answers to two versions are never mixed" in caught.value.message


def test_headings_that_look_like_questions_are_listed_first(desk) -> None:
    with pytest.raises(UploadError, match="The first row reads: C 'XYZ1' and A 'Colour'"):
        desk.check([["Colour", "Email", "XYZ1"], ["red", "", "round"]])


def test_answers_alone_are_no_headings(desk) -> None:
    with pytest.raises(UploadError, match="No column heading"):
        desk.check([["P1", 1, 2, 3, 4, 5, 5, 5, 5], ["P2", 1, 2, 3, 3, 3, 3, 3, 3]])


def test_28_headings_without_rows(desk, only) -> None:
    upload = desk.check(desk.table()[:1])
    assert only(upload, "no_rows").severity == "error"
    assert upload.responses.empty
    assert list(upload.responses.columns) == ["pupil", "wave", *desk.items]


def test_mapping_that_names_no_item_is_an_error(desk, only) -> None:
    upload = desk.check(desk.table(), mapping=_map(columns={"calm8.q1": "calm8.q77"}))
    assert "'calm8.q77'" in only(upload, "mapping_target").message


def test_59_microsoft_forms_columns(desk, only) -> None:
    form = ["ID", "Start time", "Completion time", "Email", "Name", "Last modified time", "Your pupil code"]
    quiz = ["Points - I stay calm in tests.", "Feedback - I stay calm in tests."]
    rows = [[*form, *desk.questions, *quiz]]
    rows += [[n + 1, "x", "y", "a@b.org", "Ann Other", "", f"P{n}", *desk.expected()[n], 1, "ok"] for n in range(3)]
    upload = desk.check({"Form1": rows})
    assert upload.ok
    assert upload.responses["pupil"].tolist() == ["P0", "P1", "P2"]
    assert only(upload, "personal_columns_dropped").column == "D and E"
    assert only(upload, "form_columns_left_out").column == "A to C, F, P and Q"
    assert all("Other" not in issue.message and "a@b" not in issue.message for issue in upload.issues)


def test_59_addresses_under_another_heading(desk, only) -> None:
    rows = [["Contact", *desk.table()[0]], *([f"x{n}@y.org", *row] for n, row in enumerate(desk.table()[1:]))]
    assert "'Contact'" in only(desk.check(rows), "personal_columns_dropped").message


def test_google_forms(desk, only) -> None:
    rows = [["Timestamp", "Email address", "Score", "Pupil code", *desk.questions]]
    rows += [["2026/01/01", "a@b.org", "5 / 8", f"P{n}", *desk.expected()[n]] for n in range(3)]
    upload = desk.check(rows)
    assert upload.ok
    assert only(upload, "form_columns_left_out").column == "A and C"


def test_a_group_called_like_a_question_does_not_lay_the_table_on_its_side(desk) -> None:
    heading = desk.table(2)[0][2]
    rows = [[row[0], "Group" if place == 0 else heading, *row[1:]] for place, row in enumerate(desk.table(12))]
    upload = desk.check(rows)
    assert "turned_table" not in {one.kind for one in upload.issues}
    assert desk.values(upload) == desk.expected(12)
