"""Answers that are no plain answers, in a whole file. Case numbers are those of the case list."""

import pytest

from evalkit.records.mapping import Mapping


def _map(**parts) -> Mapping:
    return Mapping.model_validate({"schema": "evalkit-mapping/1", **parts})


def _labelled(desk, pupils: int = 6) -> list[list[object]]:
    rows = desk.table(pupils)
    return [rows[0], *([row[0], *(desk.labels[code] for code in row[1:])] for row in rows[1:])]


def test_33_labels_are_read_and_said(desk, only) -> None:
    upload = desk.check(_labelled(desk))
    assert desk.values(upload) == desk.expected()
    assert upload.ok
    assert only(upload, "labels_read").column == "B to I"


def test_34_typo_is_asked_about_once_for_the_file(desk, only) -> None:
    rows = [
        [str(cell).replace("Disagree", "Disargee") if place else cell for place, cell in enumerate(row)]
        for row in _labelled(desk)
    ]
    upload = desk.check(rows)
    problem = only(upload, "label_typo")
    count = sum(code == 2 for row in desk.expected() for code in row)
    assert problem.severity == "ask"
    assert f"'Disargee' stands in {count} cells" in problem.message
    assert "Is 'Disagree' meant" in problem.message
    assert "labels: {calm8: {'Disargee': 2}}" in problem.message
    mended = desk.check(rows, mapping=_map(labels={"calm8": {"Disargee": 2}}))
    assert mended.ok
    assert desk.values(mended) == desk.expected()
    assert mended.decisions == (f"survey.csv: {count} answers were read as the mapping file says.",)


def test_35_36_numbers_and_words_mixed(desk) -> None:
    rows = _labelled(desk)
    rows[1][1:] = desk.expected()[0]
    rows[2][1:] = [f"{code} - {desk.labels[code]}" for code in desk.expected()[1]]
    rows[3][1:] = [f"{desk.labels[code]} ({code})" for code in desk.expected()[2]]
    upload = desk.check(rows)
    assert upload.ok
    assert desk.values(upload) == desk.expected()


def test_37_other_words_of_the_same_number(desk, only) -> None:
    words = ["", "Nope", "Hardly ever", "So so", "Quite", "Absolutely"]
    rows = [desk.table()[0], *([row[0], *(words[code] for code in row[1:])] for row in desk.table()[1:])]
    problem = only(desk.check(rows), "other_labels")
    assert problem.severity == "ask"
    assert all(f"'{word}'" in problem.message for word in words[1:])
    labels = {word: code for code, word in enumerate(words) if word}
    mended = desk.check(rows, mapping=_map(labels={"calm8": labels}))
    assert desk.values(mended) == desk.expected()


def test_38_numbers_that_run_the_other_way(desk, only) -> None:
    rows = desk.table()
    rows[1][2] = "2 - Agree"
    assert only(desk.check(rows), "code_and_label_differ").severity == "ask"
    turned = [rows[0], *([row[0], *(6 - code for code in row[1:])] for row in desk.table()[1:])]
    labels = {str(6 - code): code for code in range(1, 6)}
    assert desk.values(desk.check(turned, mapping=_map(labels={"calm8": labels}))) == desk.expected()


def test_39_six_points_for_five(desk, only) -> None:
    rows = desk.table(20)
    for row in rows[1::3]:
        row[2] = row[5] = 6
    upload = desk.check(rows)
    problem = only(upload, "more_points_than_scale")
    assert problem.severity == "error"
    assert "run from 1 to 6" in problem.message
    assert "5 points" in problem.message
    assert all(value is None for row in desk.values(upload) for value in row)


def test_40_counted_from_zero(desk, only) -> None:
    rows = [desk.table()[0], *([row[0], *(code - 1 for code in row[1:])] for row in desk.table()[1:])]
    upload = desk.check(rows)
    problem = only(upload, "counted_from_zero")
    assert problem.severity == "ask"
    assert "labels: {calm8: {'0': 1, '1': 2, '2': 3, '3': 4, '4': 5}}" in problem.message
    assert all(value is None for row in desk.values(upload) for value in row)
    labels = {str(code - 1): code for code in range(1, 6)}
    assert desk.values(desk.check(rows, mapping=_map(labels={"calm8": labels}))) == desk.expected()


@pytest.mark.parametrize(
    ("text", "kind", "severity"),
    [
        pytest.param("44", "out_of_range", "error", id="41_typed_twice"),
        pytest.param("0", "out_of_range", "error", id="one_zero"),
        pytest.param("-1", "out_of_range", "error", id="negative"),
        pytest.param("3.5", "not_a_whole_number", "error", id="41_decimal"),
        pytest.param("3,4", "two_answers", "warn", id="42_two_ticks"),
        pytest.param("Agree; Disagree", "two_answers", "warn", id="42_two_labels"),
        pytest.param("-99", "read_as_blank", "fixed", id="43_minus_99"),
        pytest.param("88", "read_as_blank", "fixed", id="43_the_scales_own_code"),
        pytest.param(".", "read_as_blank", "fixed", id="43_dot"),
        pytest.param("Prefer not to say", "read_as_blank", "fixed", id="43_prefer_not"),
        pytest.param("NA", "read_as_blank", "fixed", id="44_na"),
        pytest.param("None", "unknown_answer", "ask", id="44_none"),
        pytest.param("01-Feb", "turned_into_date", "error", id="45_date_as_text"),
        pytest.param("#REF!", "formula_error", "error", id="broken_formula"),
        pytest.param("Somewhat blue", "unknown_answer", "ask", id="unknown"),
        pytest.param("=1+1", "unknown_answer", "ask", id="70_formula_as_text"),
    ],
)
def test_one_odd_cell(desk, only, text, kind, severity) -> None:
    rows = desk.table()
    rows[4][3] = text
    upload = desk.check(rows)
    problem = only(upload, kind)
    assert (problem.severity, problem.rows, problem.column) == (severity, (5,), "D")
    assert text in problem.message
    expected = desk.expected()
    expected[3][2] = None
    assert desk.values(upload) == expected
    assert len(upload.issues) == 1


def test_out_of_range_says_every_cell_and_what_is_allowed(desk, only) -> None:
    rows = desk.table(20)
    rows[2][3] = rows[7][5] = 44
    problem = only(desk.check(rows), "out_of_range")
    assert problem.rows == (3, 8)
    assert "'44' stands in 2 cells (D3 and F8) and is not one of the answers" in problem.message
    assert "1 (Strongly disagree), 2 (Disagree)" in problem.message
    assert "leave the cell blank" in problem.message


def test_plain_words_come_before_the_mapping_file(desk, only) -> None:
    rows = desk.table()
    rows[4][3] = "x"
    message = only(desk.check(rows), "unknown_answer").message
    assert message.index("Type the answer's number or its exact words in that cell") < message.index("mapping file")


def test_names_that_end_in_numbers_come_with_their_numbers(desk, only) -> None:
    rows = [desk.table()[0], *([row[0], *(f"A{code}" for code in row[1:])] for row in desk.table()[1:])]
    assert "'A1': 1, 'A2': 2, 'A3': 3, 'A4': 4, 'A5': 5" in only(desk.check(rows), "other_labels").message


def test_all_answers_equal(desk, only) -> None:
    rows = [desk.table()[0], *([row[0], *[3] * 8] for row in desk.table()[1:])]
    assert only(desk.check(rows), "all_answers_equal").severity == "error"


def test_no_usable_answers(desk, only) -> None:
    rows = [desk.table()[0], *([row[0], *[""] * 8] for row in desk.table()[1:])]
    assert only(desk.check(rows), "no_usable_answers").severity == "error"
    rows = [desk.table()[0], *([row[0], *["blue"] * 8] for row in desk.table()[1:])]
    assert "no_usable_answers" not in {one.kind for one in desk.check(rows).issues}


def test_pupil_without_answers_is_kept_and_said(desk, only) -> None:
    rows = desk.table()
    rows[2][1:] = [""] * 8
    upload = desk.check(rows)
    problem = only(upload, "no_answers")
    assert (problem.severity, problem.rows) == ("warn", (3,))
    assert len(upload.responses) == 6
    assert upload.ok


def test_mapping_label_outside_the_scale_is_an_error(desk, only) -> None:
    problem = only(desk.check(desk.table(), mapping=_map(labels={"calm8": {"blue": 9}})), "mapping_label")
    assert "'blue' is 9" in problem.message


def test_65_characteristic_values(desk, only) -> None:
    study = desk.study(fsm=True)
    rows = [[*row, value] for row, value in zip(desk.table(), ["FSM6", "Y", "1", "n", "", "0", "maybe"], strict=True)]
    upload = desk.check(rows, study=study)
    assert upload.responses["fsm"].tolist() == ["eligible", "eligible", "not eligible", "", "not eligible", ""]
    problem = only(upload, "unknown_value")
    assert (problem.severity, problem.rows) == ("ask", (7,))
    without = desk.check(desk.table(), study=study)
    assert only(without, "no_characteristic").severity == "warn"
    assert without.responses["fsm"].tolist() == [""] * 6


def test_order_of_problems(desk) -> None:
    rows = desk.table()
    rows[5][1], rows[3][2], rows[2][4], rows[1][5], rows[4][6] = "9", "9.5", "blue", "3,4", "."
    severities = [issue.severity for issue in desk.check(rows).issues]
    assert severities == ["error", "error", "ask", "warn", "fixed"]
    assert [issue.rows for issue in desk.check(rows).issues[:2]] == [(4,), (6,)]
