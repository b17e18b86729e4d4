"""What each text in an answer cell is taken for; docs/reference/survey-files.md says it in words."""

import pytest

from evalkit.intake.labels import Answer, answer_key, read_answer
from evalkit.records.instrument import ResponseScale

AGREE = ResponseScale(
    min=1,
    max=5,
    anchors={1: "Strongly disagree", 2: "Disagree", 3: "Don't know yet", 4: "Agree", 5: "Strongly agree"},
    missing_codes=("88", "left early"),
)
TRUE7 = ResponseScale(min=1, max=7, anchors={1: "Not at all true of me", 7: "Very true of me"})
ZERO = ResponseScale(min=0, max=100)

# text, reading, code
ON_FIVE_POINTS = """
4                     | code                  | 4
 4                    | code                  | 4
4.0                   | code                  | 4
4,0                   | code                  | 4
+4                    | code                  | 4
４                    | code                  | 4
04                    | code                  | 4
Agree                 | label                 | 4
AGREE                 | label                 | 4
 agree.               | label                 | 4
strongly  agree       | label                 | 5
Don't know yet        | label                 | 3
Don’t know yet        | label                 | 3
don`t know yet        | label                 | 3
4 - Agree             | label                 | 4
4 – Agree             | label                 | 4
4. Agree              | label                 | 4
4=Agree               | label                 | 4
4 Agree               | label                 | 4
(4) Agree             | label                 | 4
Agree (4)             | label                 | 4
Agree - 4             | label                 | 4
4 - Agre              | label                 | 4
2 - Agree             | code_and_label_differ | 2
4 - blue              | code_and_label_differ | 4
.                     | missing               |
-                     | missing               |
—                     | missing               |
n/a                   | missing               |
N/A                   | missing               |
NA                    | missing               |
nan                   | missing               |
-99                   | missing               | -99
-99.0                 | missing               | -99
99                    | missing               | 99
999                   | missing               | 999
88                    | missing               |
Left early            | missing               |
Prefer not to say     | missing               |
no answer             | missing               |
6                     | out_of_range          | 6
0                     | out_of_range          | 0
44                    | out_of_range          | 44
-1                    | out_of_range          | -1
3.5                   | not_whole             |
3,5                   | two_answers           |
3,45                  | not_whole             |
3;4                   | two_answers           |
3/4                   | two_answers           |
3 and 4               | two_answers           |
1-2                   | two_answers           |
3, 4, 5               | two_answers           |
Agree, Disagree       | two_answers           |
Agree;Strongly agree; | two_answers           |
1-Feb                 | date                  |
01/02/2026            | date                  |
2026-02-01            | date                  |
Feb-01                | date                  |
2026-02-01 00:00:00   | date                  |
#N/A                  | formula_error         |
#REF!                 | formula_error         |
Agre                  | like_a_label          | 4
Stongly agree         | like_a_label          | 5
don't know            | like_a_label          | 3
None                  | unknown               |
maybe                 | unknown               |
x                     | unknown               |
=4                    | unknown               |
"""


def _rows(table: str) -> list[tuple[str, str, int | None]]:
    rows = []
    for line in table.strip("\n").splitlines():
        text, reading, code = line.split("|")
        rows.append((text.rstrip(), reading.strip(), int(code) if code.strip() else None))
    return rows


@pytest.mark.parametrize(("text", "reading", "code"), _rows(ON_FIVE_POINTS))
def test_on_five_points_with_a_label_each(text: str, reading: str, code: int | None) -> None:
    answer = read_answer(text, AGREE)
    assert (answer.reading, answer.code) == (reading, code)
    assert answer.value == (code if reading in ("code", "label") else None)


@pytest.mark.parametrize("text", ["", "  ", "\u00a0", "\u200b", "\t\r\n"])
def test_nothing_visible_is_blank(text: str) -> None:
    assert read_answer(text, AGREE) == Answer("blank")


# text, reading, code
ON_SEVEN_POINTS = """
Very true of me       | label        | 7
7 = Very true of me   | label        | 7
5 - quite true        | label        | 5
5                     | code         | 5
8                     | out_of_range | 8
quite true            | unknown      |
"""


@pytest.mark.parametrize(("text", "reading", "code"), _rows(ON_SEVEN_POINTS))
def test_where_only_the_ends_have_labels(text: str, reading: str, code: int | None) -> None:
    answer = read_answer(text, TRUE7)
    assert (answer.reading, answer.code) == (reading, code)


@pytest.mark.parametrize(("text", "code"), [("0", 0), ("99", 99), ("100", 100)])
def test_a_code_of_the_scale_is_never_taken_for_a_missing_code(text: str, code: int) -> None:
    assert read_answer(text, ZERO) == Answer("code", code)


@pytest.mark.parametrize(
    ("text", "code"), [("Nope", 1), ("nope!", 1), ("0", 2), ("0.5", 3), ("++", 4), ("Agree", 1), ("", None), ("3", 3)]
)
def test_what_a_person_decided_comes_first(text: str, code: int | None) -> None:
    meant = {"Nope": 1, "0": 2, "0.5": 3, "++": 4, "Agree": 1}
    decided = {answer_key(typed): value for typed, value in meant.items()}
    assert read_answer(text, AGREE, decided).value == code


def test_a_decision_outside_the_scale_is_not_followed() -> None:
    assert read_answer("Agree", AGREE, {"agree": 9}) == Answer("label", 4)
