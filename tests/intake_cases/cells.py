"""Cases 33 to 50: what stands in the cells of answers. All answers are made up."""

import datetime
from pathlib import Path

import numpy as np

from tests.intake_cases.cases import Sent, case
from tests.intake_cases.files import ITEMS, workbook
from tests.intake_cases.study import make_study
from tests.intake_cases.tables import LABELS, rows, sent


def worded(names: tuple[str, ...] = LABELS) -> list[list[object]]:
    """The table with the words of the answers."""
    content = rows()
    return [content[0], *([row[0], *(names[int(str(one))] for one in row[1:])] for row in content[1:])]


def with_cell(text: object) -> list[list[object]]:
    """The table with one cell changed: row 4, column C."""
    content = rows()
    content[3][2] = text
    return content


@case("33", "F", "labels_read")
def labels(folder: Path) -> Sent:
    """The answers stand as words."""
    return sent(folder, worded())


@case("34", "A", "label_typo")
def typo(folder: Path) -> Sent:
    """One word is mistyped in several cells."""
    return sent(folder, [["Agre" if cell == "Agree" else cell for cell in row] for row in worded()])


@case("35", "F", "labels_read")
def mixed(folder: Path) -> Sent:
    """Numbers and words are mixed."""
    content = rows()
    words = worded()
    return sent(folder, [words[place] if place % 2 else row for place, row in enumerate(content)])


@case("36", "F", "labels_read")
def number_and_word(folder: Path) -> Sent:
    """Each cell has the number and the word: 4 - Agree."""
    return sent(folder, worded(tuple(f"{place} - {word}" for place, word in enumerate(LABELS))))


@case("37", "A", "other_labels")
def other_words(folder: Path) -> Sent:
    """Five other words than the questionnaire's."""
    return sent(folder, worded(("", "Never", "Rarely", "Sometimes", "Often", "Always")))


@case("38", "A", "code_and_label_differ")
def other_way(folder: Path) -> Sent:
    """On this form 1 stood for 'Strongly agree' and 5 for 'Strongly disagree'."""
    names = tuple(f"{6 - place} - {word}" for place, word in enumerate(LABELS))
    return sent(folder, worded(names))


@case("39", "E", "more_points_than_scale")
def six_points(folder: Path) -> Sent:
    """The form offered six answers where the questionnaire has five."""
    content = rows()
    return sent(folder, [content[0], *([row[0], *(int(str(one)) + place % 2 for one in row[1:])]
                                      for place, row in enumerate(content[1:]))])  # fmt: skip


@case("40", "A", "counted_from_zero")
def from_zero(folder: Path) -> Sent:
    """The form counted from 0 to 4."""
    content = rows()
    return sent(folder, [content[0], *([row[0], *(int(str(one)) - 1 for one in row[1:])] for row in content[1:])])


@case("41", "E", "out_of_range")
def out_of_range(folder: Path) -> Sent:
    """44 was typed for 4."""
    return sent(folder, with_cell(44))


@case("41_half", "E", "not_a_whole_number")
def half(folder: Path) -> Sent:
    """3.5 stands for an answer."""
    return sent(folder, with_cell("3.5"))


@case("42", "W", "two_answers")
def two_ticked(folder: Path) -> Sent:
    """A pupil ticked two answers: 3,4."""
    return sent(folder, with_cell("3,4"))


@case("43", "F", "read_as_blank")
def missing_codes(folder: Path) -> Sent:
    """-99, a full stop and 'prefer not to say' stand for no answer."""
    content = with_cell("-99")
    content[4][3], content[5][4] = ".", "Prefer not to say"
    return sent(folder, content)


@case("44", "F", "read_as_blank")
def none_and_na(folder: Path) -> Sent:
    """A pupil's code is NA, another one's None; NA also stands in a cell for no answer."""
    content = with_cell("NA")
    content[1][0], content[2][0] = "NA", "None"
    return sent(folder, content)


@case("45", "E", "turned_into_date")
def made_a_date(folder: Path) -> Sent:
    """Excel made a date of 1-2."""
    return sent(folder, workbook(with_cell(datetime.date(2026, 2, 1))))


@case("46", "W", "same_answer_throughout")
def straight(folder: Path) -> Sent:
    """A pupil gave one answer to all questions."""
    content = rows()
    content[3][1:] = [4] * 8
    return sent(folder, content)


@case("46_fast", "W", "answered_fast")
def fast(folder: Path) -> Sent:
    """A pupil took 9 seconds for eight questions."""
    begun = datetime.datetime(2026, 2, 3, 9, 0, tzinfo=datetime.UTC)
    content: list[list[object]] = [["Start time", "Completion time", *rows()[0]]]
    for place, row in enumerate(rows()[1:]):
        ended = begun + datetime.timedelta(seconds=9 if place == 2 else 95 + place)
        content.append([f"{begun:%d/%m/%Y %H:%M:%S}", f"{ended:%d/%m/%Y %H:%M:%S}", *row])
    return sent(folder, content)


@case("47", "A", "missing_column")
def missing_item(folder: Path) -> Sent:
    """The form left one question out."""
    return sent(folder, [[*row[:3], *row[4:]] for row in rows()])


@case("47_order", "A", "which_numbers")
def other_order(folder: Path) -> Sent:
    """The questions have numbers, in another order than the questionnaire's."""
    order = (3, 1, 2, 4, 5, 6, 7, 8)
    content = [[row[0], *(row[place] for place in order)] for row in rows(headers=[f"Q{n}" for n in range(1, 9)])]
    return sent(folder, content, study=make_study(folder, instruments=("calm8", "wide12")))


@case("48", "W", "columns_not_used")
def extra_items(folder: Path) -> Sent:
    """The form asked two questions more."""
    return sent(folder, [[*row, *more] for row, more in zip(rows(), [["Hobby", "Shoe size"], *[["chess", 4]] * 12],
                                                              strict=True)])  # fmt: skip


@case("49", "W", "turned_already")
def turned_already(folder: Path) -> Sent:
    """The answers to the two reversed questions were turned round before the file was sent."""
    rng = np.random.default_rng(49)
    level = rng.integers(1, 6, 40)
    noise = rng.integers(-1, 2, (40, 8))
    answers = np.clip(level[:, None] + noise, 1, 5)
    return sent(folder, [["Pupil code", *ITEMS], *([f"P{n:03}", *map(int, row)] for n, row in enumerate(answers))])


@case("50", "E", "formula_without_value")
def formula(folder: Path) -> Sent:
    """A cell holds a formula, but not its result."""
    content = rows()
    book = workbook(content)
    book.active["C4"] = "=1+2"
    return sent(folder, book)


@case("50_code", "E", "code_is_error")
def formula_of_a_code(folder: Path) -> Sent:
    """A formula that looks the pupil's code up found none."""
    content = [list(row) for row in rows()]
    content[3][0] = "#N/A"
    return sent(folder, content)


@case("43_spss", "F", "read_as_blank")
def missing_of_spss(folder: Path) -> Sent:
    """SPSS writes #NULL! where there is no answer."""
    content = [list(row) for row in rows()]
    content[3][2] = "#NULL!"
    return sent(folder, content)


@case("42_points", "A", "out_of_points")
def points_out_of_five(folder: Path) -> Sent:
    """Each answer is written as points: 3/5."""
    return sent(
        folder,
        [list(row) if not place else [row[0], *(f"{one}/5" for one in row[1:])] for place, row in enumerate(rows())],
    )


@case("48_blank", "W", "nobody_answered")
def blank_questionnaire(folder: Path) -> Sent:
    """The columns of one of two questionnaires are all blank."""
    study = make_study(folder, instruments=("calm8", "wide12"))
    heads, *pupils = rows()
    more = [f"wide12.q{number}" for number in range(1, 13)]
    return sent(folder, [[*heads, *more], *([*row, *[""] * 12] for row in pupils)], study=study)
