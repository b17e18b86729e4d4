"""Pupil codes, waves and corrections. Case numbers are those of the case list."""

import datetime

import pytest

from evalkit.errors import UploadError
from evalkit.records.mapping import Mapping


def _map(**parts) -> Mapping:
    return Mapping.model_validate({"schema": "evalkit-mapping/1", **parts})


def _coded(desk, *codes: str) -> list[list[object]]:
    return [
        desk.table()[0],
        *([code, *answers] for code, answers in zip(codes, desk.expected(len(codes)), strict=True)),
    ]


def test_51_codes_stay_text(desk) -> None:
    upload = desk.check(_coded(desk, "007", "1E5", "NA", "None"))
    assert upload.responses["pupil"].tolist() == ["007", "1E5", "NA", "None"]
    assert str(upload.responses["pupil"].dtype) == "str"


def test_codes_are_tidied_and_said(desk, only) -> None:
    upload = desk.check(_coded(desk, " P1 ", "P2\u00a0", "3.0", "\u200bP4"))
    assert upload.responses["pupil"].tolist() == ["P1", "P2", "3", "P4"]
    assert only(upload, "code_tidied").rows == (2, 3, 4, 5)


def test_blank_code(desk, only) -> None:
    upload = desk.check(_coded(desk, "P1", "", "P3", "  "))
    problem = only(upload, "no_pupil_code")
    assert (problem.severity, problem.rows) == ("error", (3, 5))
    assert upload.responses["pupil"].tolist() == ["P1", "P3"]


def test_53_two_rows_with_different_answers(desk, only) -> None:
    upload = desk.check(_coded(desk, "P1", "P2", "P1", "P4"))
    problem = only(upload, "pupil_twice")
    assert (problem.severity, problem.rows) == ("ask", (2, 4))
    assert "'P1' stands here twice" in problem.message
    assert upload.responses["pupil"].tolist() == ["P2", "P4"]


def test_53_two_equal_rows(desk, only) -> None:
    rows = _coded(desk, "P1", "P2", "P3")
    rows.append(["p1", *rows[1][1:]])
    upload = desk.check(rows)
    assert only(upload, "row_repeated").severity == "fixed"
    assert only(upload, "code_capitals").rows == (5,)
    assert upload.responses["pupil"].tolist() == ["P1", "P2", "P3"]


def test_53_row_is_left_out_by_decision(desk) -> None:
    correction = {"row": 2, "found": "P1", "action": "leave_out_row", "reason": "typed twice"}
    upload = desk.check(_coded(desk, "P1", "P2", "P1"), mapping=_map(corrections=[correction]))
    assert upload.ok
    assert upload.responses["pupil"].tolist() == ["P2", "P1"]
    assert upload.decisions == ("survey.csv, row 2: left out. Reason: typed twice.",)


def test_codes_of_the_mapping_file(desk) -> None:
    upload = desk.check(_coded(desk, "PO1", "P02"), mapping=_map(codes={"po1": "P01"}, decided_by="the data lead"))
    assert upload.responses["pupil"].tolist() == ["P01", "P02"]
    assert upload.decisions == ("survey.csv: 1 pupil code typed wrongly was corrected. Decided by: the data lead.",)


def test_52_upn_as_code_is_warned_about_and_never_shown(desk, only) -> None:
    upload = desk.check(_coded(desk, "B801200005001", "B801200005002", "B801200005001"))
    assert only(upload, "upn_as_code").rows == (2, 3, 4)
    assert only(upload, "pupil_twice").rows == (2, 4)
    assert all("B8012" not in issue.message for issue in upload.issues)


def test_59_names_as_codes(desk, only) -> None:
    upload = desk.check(_coded(desk, "Ann Other", "Bo O'Neil", "P3"))
    problem = only(upload, "name_as_code")
    assert problem.rows == (2, 3)
    assert "Other" not in problem.message


def test_a_code_that_is_a_formula_is_told_and_not_repeated(desk, only) -> None:
    rows = desk.table()
    rows[2][0], rows[4][0] = "=cmd|' /C calc'!A0", "<b>P4</b>"
    problem = only(desk.check(rows), "code_strange")
    assert (problem.severity, problem.rows, problem.column) == ("warn", (3, 5), "A")
    assert "calc" not in problem.message


def test_a_total_beside_names_is_asked_about_and_no_answer(desk) -> None:
    rows = [["Name", *row] for row in desk.table()]
    rows += [["Average", "", *[2.345] * (len(rows[0]) - 2)], ["Total", 12, *[""] * (len(rows[0]) - 2)]]
    upload = desk.check(rows)
    asked = [one for one in upload.issues if one.severity in ("error", "ask")]
    assert [(one.kind, one.rows) for one in asked] == [("total_row", (len(rows) - 1,)), ("total_row", (len(rows),))]
    assert "'Average'" in asked[0].message
    assert "found: 'Total'" in asked[1].message


@pytest.mark.parametrize("word", ["Total", "AVERAGE", "Mean:", "Grand total"])
def test_22_total_row(desk, only, word) -> None:
    rows = [*_coded(desk, "P1", "P2"), [word, 7, 8, 9, 10, 11, 12, 13, 14]]
    upload = desk.check(rows)
    problem = only(upload, "total_row")
    assert (problem.severity, problem.rows) == ("ask", (4,))
    assert {issue.kind for issue in upload.issues} == {"total_row", "few_pupils"}
    assert len(upload.responses) == 2
    decided = {"row": 4, "found": word, "action": "leave_out_row", "reason": "a total"}
    assert desk.check(rows, mapping=_map(corrections=[decided])).ok


def test_22_total_row_without_a_code(desk, only) -> None:
    rows = [["Class", *row] for row in _coded(desk, "P1", "P2")]
    rows.append(["Total", "", 7, 8, 9, 10, 11, 12, 13, 14])
    only(desk.check(rows), "total_row")


def test_a_pupil_called_max_is_no_total(desk) -> None:
    assert desk.check(_coded(desk, "Max", "Sam")).ok


def test_row_with_a_note(desk, only) -> None:
    rows = [*_coded(desk, "P1", "P2"), ["", "Printed for Mrs Other, 12 November"]]
    upload = desk.check(rows)
    problem = only(upload, "note_row")
    assert (problem.severity, problem.rows) == ("warn", (4,))
    assert "Other" not in problem.message
    assert upload.ok


@pytest.mark.parametrize("note", ["Note: two pupils did it on paper", "Note: Y8 did the survey on paper"])
def test_a_note_in_the_column_of_codes_is_no_pupil(desk, only, note) -> None:
    upload = desk.check([*_coded(desk, "P1", "P2"), [note, *[""] * 8]])
    problem = only(upload, "note_row")
    assert (problem.severity, problem.rows) == ("warn", (4,))
    assert "paper" not in problem.message
    assert upload.responses["pupil"].tolist() == ["P1", "P2"]


def test_a_pupil_without_answers_whose_code_is_like_the_others_stays(desk) -> None:
    upload = desk.check([*_coded(desk, "KL014", "Ann Other"), ["KL 015", *[""] * 8], ["Bo van Other", *[""] * 8]])
    assert len(upload.responses) == 4


def test_repeated_heading_row(desk, only) -> None:
    rows = _coded(desk, "P1", "P2")
    assert only(desk.check([*rows, rows[0], ["P3", *desk.expected()[2]]]), "heading_repeated").rows == (4,)


def test_63_codes_turned_into_dates(desk, only) -> None:
    rows: list = _coded(desk, "P1", "P2")
    rows[2][0] = datetime.datetime(2026, 4, 3)
    problem = only(desk.check({"S": rows}), "code_turned_into_date")
    assert (problem.severity, problem.rows, problem.column) == ("error", (3,), "A")


def test_no_pupil_column(desk, only) -> None:
    rows = [row[1:] for row in desk.table()]
    upload = desk.check(rows)
    assert only(upload, "no_pupil_column").severity == "error"
    assert upload.responses.empty
    assert list(upload.responses.columns) == ["pupil", "wave", *desk.items]


def test_likely_pupil_column_is_asked_about(desk, only) -> None:
    rows = desk.table()
    rows[0][0] = "Reference given by school"
    upload = desk.check(rows)
    problem = only(upload, "which_pupil_column")
    assert (problem.severity, problem.column) == ("ask", "A")
    mended = desk.check(rows, mapping=_map(columns={"Reference given by school": "pupil"}))
    assert mended.ok
    assert desk.values(mended) == desk.expected()


@pytest.mark.parametrize(
    "header", ["Code", "pupil_id", "ID", "Student ID", "Your pupil code", "3. Please enter your code:", "Participant"]
)
def test_usual_names_of_the_pupil_column(desk, header) -> None:
    rows = desk.table()
    rows[0][0] = header
    assert desk.check(rows).issues == ()


def test_pupil_code_is_preferred_to_upn(desk, only) -> None:
    rows = [["UPN", *desk.table()[0]], *([f"B80120000500{n}", *row] for n, row in enumerate(desk.table()[1:]))]
    upload = desk.check(rows)
    assert upload.responses["pupil"].tolist()[0] == "P001"
    assert "'UPN'" in only(upload, "personal_columns_dropped").message


# waves


def test_wave_by_id_or_label(desk) -> None:
    assert set(desk.check(desk.table(), wave="Summer term").responses["wave"]) == {"post"}


def test_unknown_wave_lists_the_waves(desk) -> None:
    with pytest.raises(
        UploadError, match=r"no wave 'week 3'. Use one of: pre \(Autumn term\) and post \(Summer term\)"
    ):
        desk.check(desk.table(), wave="week 3")


def test_no_wave_at_all(desk) -> None:
    with pytest.raises(UploadError, match="not said when these answers were given"):
        desk.check(desk.table(), wave=None)


def test_wave_column(desk, only) -> None:
    waves = ["Wave", "pre", "Autumn term", "POST", "after", "", "later"]
    rows = [[*row, wave] for row, wave in zip(desk.table(), waves, strict=True)]
    upload = desk.check(rows, wave=None)
    assert upload.responses["wave"].tolist() == ["pre", "pre", "post", "post"]
    problems = [issue for issue in upload.issues if issue.kind == "unknown_wave"]
    assert [issue.rows for issue in problems] == [(6,), (7,)]
    assert "'later' is no wave of the plan" in problems[1].message


def test_redcap_events(desk) -> None:
    rows = [["record_id", "redcap_event_name", *(item.replace(".", "_") for item in desk.items)]]
    for pupil, answers in enumerate(desk.expected(4)):
        rows += [[pupil, "pre_arm_1", *answers], [pupil, "post_arm_1", *reversed(answers)]]
    upload = desk.check(rows, wave=None)
    assert upload.issues == ()
    assert upload.responses["wave"].tolist() == ["pre", "post"] * 4


def test_limesurvey(desk) -> None:
    head = [
        "id",
        "submitdate",
        "lastpage",
        "startlanguage",
        "code",
        *(item.replace(".", "[") + "]" for item in desk.items),
    ]
    rows = [head, *([n, "2026-01-01", 3, "en", f"P{n}", *answers] for n, answers in enumerate(desk.expected(4)))]
    upload = desk.check("\ufeff" + desk.text(rows, separator=";"))
    assert upload.ok
    assert desk.values(upload) == desk.expected(4)


def test_one_pupil_in_two_waves_is_no_double(desk) -> None:
    rows = [["Time point", *desk.table()[0]], *(["pre", *row] for row in desk.table()[1:])]
    rows += [["post", *row] for row in desk.table()[1:]]
    upload = desk.check(rows, wave=None)
    assert upload.ok
    assert len(upload.responses) == 12


def test_wave_column_that_disagrees(desk, only) -> None:
    rows = [[*row, wave] for row, wave in zip(desk.table(2), ["Wave", "pre", "post"], strict=True)]
    upload = desk.check(rows, wave="pre")
    assert only(upload, "wave_disagrees").rows == (3,)
    assert upload.responses["pupil"].tolist() == ["P001"]


def test_a_file_of_both_waves_sent_as_one(desk, only) -> None:
    rows = [[*row, wave] for row, wave in zip(desk.table(2), ["Wave", "Before", "After"], strict=True)]
    message = only(desk.check(rows, wave="pre"), "wave_disagrees").message
    assert "this column says 'Before' and 'After'" in message
    assert "This file holds both times. Send it without naming a wave" in message


def test_column_called_survey_that_holds_no_waves(desk) -> None:
    rows = [[*row, "Year 7" if place else "Survey"] for place, row in enumerate(desk.table(2))]
    assert desk.check(rows, wave="pre").ok


# corrections


def test_correction_blank_and_set(desk) -> None:
    rows = desk.table(3)
    rows[1][2], rows[2][3] = "9", "55"
    corrections = [
        {"row": 2, "column": "C", "found": "9", "action": "blank", "reason": "cannot be read"},
        {"row": 3, "column": "D", "found": "55", "action": "set", "to": "5", "reason": "paper form"},
    ]
    upload = desk.check(rows, mapping=_map(corrections=corrections))
    assert upload.ok
    assert desk.values(upload)[0][1] is None
    assert desk.values(upload)[1][2] == 5
    assert upload.decisions[1] == "survey.csv, row 3, column D: the entry was corrected. Reason: paper form."
    assert all("55" not in decision for decision in upload.decisions)


@pytest.mark.parametrize(("row", "column"), [(2, "C"), (99, "C"), (2, "ZZ"), (2, "?")])
def test_correction_that_no_longer_fits_changes_nothing(desk, only, row, column) -> None:
    correction = {"row": row, "column": column, "found": "9", "action": "blank", "reason": "x"}
    upload = desk.check(desk.table(), mapping=_map(corrections=[correction]))
    assert only(upload, "decision_not_used").severity == "warn"
    assert desk.values(upload) == desk.expected()
    assert upload.decisions == ()
