"""What is said about answers that are no plain answers: one problem for each repair, with all its cells."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.labels import Answer, Reading
from evalkit.intake.normal import counted, letter, listed, plain, quoted, yaml_text
from evalkit.records.instrument import Instrument, ResponseScale
from evalkit.records.responses import Choice, Question

_TYPE_IT = "Look at the pupil's answers and type the right one, or leave the cell blank."
_FEW_CELLS = 8
_SHORT = 40


@dataclass(slots=True)
class Odd:
    """An odd text and every cell (row number, column index) in which it stands."""

    text: str
    answer: Answer
    cells: list[tuple[int, int]] = field(default_factory=list)


def allowed_answers(scale: ResponseScale) -> str:
    """The answers there are, in words: whole numbers and, where they have them, labels."""
    if len(scale.anchors) == len(scale.values):
        return ", ".join(f"{code} ({scale.anchors[code]})" for code in scale.values) + ", or blank"
    ends = "; ".join(f"{code} is '{label}'" for code, label in sorted(scale.anchors.items()))
    return f"whole numbers from {scale.min} to {scale.max}" + (f" ({ends})" if ends else "") + ", or blank"


def report_scale(
    findings: Findings,
    instrument: Instrument,
    scale: ResponseScale,
    columns: Sequence[Column],
    values: Sequence[Sequence[int | None]],
    odd: Sequence[Odd],
) -> bool:
    """Say when the whole questionnaire seems to have been given on another answer scale; True when it has.

    Its answers are then not used at all: a 4 of six points is not a 4 of five.
    """
    numbers = {
        one.answer.code: one for one in odd if one.answer.reading == "out_of_range" and one.answer.code is not None
    }
    if not numbers:
        return False
    used = {value for column in values for value in column if value is not None}
    cells = sum(len(one.cells) for one in numbers.values())
    given = cells + sum(value is not None for column in values for value in column)
    spread = len({column for one in numbers.values() for _, column in one.cells})
    where = [column.index for column in columns]
    below = set(numbers) == {scale.min - 1}
    if below and scale.max not in used and cells > 1 and spread > 1:
        _ask_zero(findings, instrument, scale, where, cells)
        return True
    beyond = set(numbers) <= {scale.min - 1, scale.max + 1} and scale.max + 1 in numbers
    if (beyond or below) and cells >= max(3, 0.04 * given) and spread > 1:
        low, high = min([*numbers, *used]), max([*numbers, *used])
        findings.add(
            "error",
            "more_points_than_scale",
            f"{instrument.title}: the answers run from {low} to {high}, which is more than the {len(scale.values)} "
            "points of this questionnaire",
            "The form seems to have offered other answers than the questionnaire has. Check the form. Answers on "
            "another scale cannot be turned into these, so none of them is used.",
            allowed=allowed_answers(scale),
            columns=where,
        )
        return True
    return False


def _ask_zero(
    findings: Findings, instrument: Instrument, scale: ResponseScale, columns: Sequence[int], zeros: int
) -> None:
    low = scale.min - 1
    steps = ", ".join(f"'{code - 1}': {code}" for code in scale.values)
    findings.add(
        "ask",
        "counted_from_zero",
        f"{instrument.title}: the answers run from {low} to {scale.max - 1}, and {zeros} of them are {low}",
        f"Did the form count from {low}? Then each of these answers must be 1 higher. Until this is answered none of "
        f"them is used. Mend it in the file, or write it in a mapping file: labels: {{{instrument.id}: {{{steps}}}}}.",
        allowed=allowed_answers(scale),
        columns=columns,
        questions=[
            Question(
                f"Did the form for {instrument.title} count from {low}?",
                (
                    Choice(
                        "Yes: each answer is 1 higher",
                        {"labels": {instrument.id: {str(code - 1): code for code in scale.values}}},
                    ),
                    Choice(f"No: {low} means that there is no answer", {"labels": {instrument.id: {str(low): None}}}),
                ),
            )
        ],
    )


def report_odd(
    findings: Findings, instrument: Instrument, scale: ResponseScale, columns: Sequence[Column], odd: Sequence[Odd]
) -> None:
    """Say every odd text once, with its cells; what means 'no answer' together."""
    headers = {column.index: column for column in columns}
    missing = [one for one in odd if one.answer.reading == "missing"]
    others = [one for one in odd if one.answer.reading != "missing"]
    if missing:
        cells = [cell for one in missing for cell in one.cells]
        texts = listed([quoted(one.text) for one in sorted(missing, key=lambda one: one.text)])
        findings.add(
            "fixed",
            "read_as_blank",
            f"{texts} {'stands' if len(missing) == 1 else 'stand'} "
            + ("here" if len(cells) == 1 else f"in {counted(len(cells), 'cell')} ({_cells(cells)})"),
            "evalkit reads this as 'not answered'. Nothing to do.",
            rows=[row for row, _ in cells],
            columns=[column for _, column in cells],
            cells=cells,
        )
    unknown = [one for one in others if one.answer.reading == "unknown"]
    if _is_other_label_set(unknown, others, scale, columns):
        _ask_label_set(findings, instrument, scale, unknown)
        others = [one for one in others if one.answer.reading != "unknown"]
    shares = [one for one in others if re.fullmatch(rf"\d+ ?/ ?{scale.max}", plain(one.text))]
    if len(shares) > 1 and sum(len(one.cells) for one in shares) >= 2 * len(columns):
        _ask_out_of(findings, instrument, scale, shares)
        others = [one for one in others if one not in shares]
    turned = _turned_words(others, scale)
    if turned:
        _ask_direction(findings, instrument, scale, turned)
        others = [one for one in others if one not in turned]
    for one in others:
        _say(findings, instrument, scale, one, headers)


def _ask_out_of(findings: Findings, instrument: Instrument, scale: ResponseScale, shares: Sequence[Odd]) -> None:
    """3/4 in many cells: three of four points, and not two boxes ticked."""
    meant = {
        plain(one.text): int(plain(one.text).partition("/")[0]) for one in sorted(shares, key=lambda one: one.text)
    }
    meant = {text: code for text, code in meant.items() if code in scale.values}
    lines = ", ".join(f"{yaml_text(text)}: {code}" for text, code in meant.items())
    texts = listed([quoted(text) for text in meant])
    findings.add(
        "ask",
        "out_of_points",
        f"{instrument.title}: the answers are written as {texts}",
        f"Does {quoted(next(iter(meant)))} mean that many of {scale.max} points? Then type the first number alone, or "
        f"write in a mapping file: labels: {{{instrument.id}: {{{lines}}}}}. Until then none of these is used.",
        allowed=allowed_answers(scale),
        columns=[column for one in shares for _, column in one.cells],
        questions=[
            Question(
                f"{instrument.title}: is the first number of {texts} the answer?",
                (
                    Choice("Yes", {"labels": {instrument.id: meant}}),
                    Choice("No: count them as not answered", {"labels": {instrument.id: dict.fromkeys(meant)}}),
                ),
            )
        ],
        cells=[cell for one in shares for cell in one.cells],
    )


def _turned_words(others: Sequence[Odd], scale: ResponseScale) -> list[Odd]:
    """Texts such as '1 - Strongly agree' where 5 is meant, when numbers and words run against each other throughout."""
    differ = [one for one in others if one.answer.reading == "code_and_label_differ"]
    opposite = [one for one in differ if one.answer.opposite]
    return opposite if len(opposite) == len(differ) > 1 else []


def _ask_direction(findings: Findings, instrument: Instrument, scale: ResponseScale, turned: Sequence[Odd]) -> None:
    words = {plain(one.text): scale.min + scale.max - code for one in turned if (code := one.answer.code) is not None}
    numbers = {plain(one.text): one.answer.code for one in turned}
    lines = ", ".join(f"{yaml_text(text)}: {code}" for text, code in words.items())
    texts = listed([quoted(text) for text in words])
    findings.add(
        "ask",
        "code_and_label_differ",
        f"{instrument.title}: the numbers run against the words ({texts})",
        "Which of the two counts? On some forms 1 stands for agree. Type the answer's exact words alone, or its number "
        f"alone. If the words count, you can write in a mapping file: labels: {{{instrument.id}: {{{lines}}}}}.",
        allowed=allowed_answers(scale),
        columns=[column for one in turned for _, column in one.cells],
        questions=[
            Question(
                f"{instrument.title}: the numbers run against the words ({texts}). Which of the two counts?",
                (
                    Choice("The words", {"labels": {instrument.id: words}}),
                    Choice("The numbers", {"labels": {instrument.id: numbers}}),
                ),
            )
        ],
        cells=[cell for one in turned for cell in one.cells],
    )


def _say(
    findings: Findings, instrument: Instrument, scale: ResponseScale, odd: Odd, headers: dict[int, Column]
) -> None:
    """One odd text as a problem."""
    severity, kind, complaint, mend = _words(odd, instrument, scale)
    where = sorted({column for _, column in odd.cells})
    single = headers[where[0]] if len(where) == 1 else None
    times = f" stands in {counted(len(odd.cells), 'cell')} ({_cells(odd.cells)}) and" if len(odd.cells) > 1 else ""
    found = f"{quoted(odd.text)}{times} {complaint}" if plain(odd.text) else complaint[0].upper() + complaint[1:]
    findings.add(
        severity,
        kind,
        found,
        mend,
        allowed=allowed_answers(scale),
        rows=[row for row, _ in odd.cells],
        columns=where,
        header=single.header if single else "",
        item=single.target if single else "",
        questions=_questions(odd, instrument, scale) if severity == "ask" else (),
        cells=odd.cells,
    )


def _questions(odd: Odd, instrument: Instrument, scale: ResponseScale) -> list[Question]:
    """Which answer a text is: the likely one first."""
    text = plain(odd.text)
    if len(text) > _SHORT:
        return []
    likely = [odd.answer.code] if odd.answer.code in scale.values else []
    codes = [*likely, *(code for code in scale.values if code not in likely)]
    choices = [Choice(_answer(code, scale), {"labels": {instrument.id: {text: code}}}) for code in codes]
    choices.append(Choice("Not an answer: count it as not answered", {"labels": {instrument.id: {text: None}}}))
    return [Question(f"{instrument.title}: what does {quoted(text)} mean?", tuple(choices))]


def _answer(code: int, scale: ResponseScale) -> str:
    return f"{code} ({scale.anchors[code]})" if code in scale.anchors else str(code)


def _words(odd: Odd, instrument: Instrument, scale: ResponseScale) -> tuple:
    text, answer = plain(odd.text), odd.answer
    code = answer.code if answer.code is not None else "NUMBER"
    told = ""
    if len(text) <= _SHORT:
        told = f" Or write it in a mapping file: labels: {{{instrument.id}: {{{yaml_text(text)}: {code}}}}}."
        told += " If it is no answer, write null there." if code == "NUMBER" else ""
    cells = "that cell" if len(odd.cells) == 1 else "those cells"
    table: dict[Reading, tuple[str, str, str, str]] = {
        "out_of_range": ("error", "out_of_range", "is not one of the answers", _TYPE_IT),
        "not_whole": ("error", "not_a_whole_number", "is not a whole number", _TYPE_IT),
        "date": (
            "error", "turned_into_date",
            "is a date. Your spreadsheet program turned what was typed (such as 1-2 or 3/4) into one",
            f"The answer is lost from this cell. {_TYPE_IT} Format the column as Text first, or it happens again.",
        ),
        "formula_error": ("error", "formula_error", "is the error of a formula and not an answer", _TYPE_IT),
        "uncalculated": (
            "error", "formula_without_value", "a formula stands here without its result",
            "Open the file in your spreadsheet program, save it and send it again, or copy the cells and choose "
            "'Paste special', 'Values'.",
        ),
        "two_answers": (
            "warn", "two_answers", "is more than one answer to one question",
            "evalkit counts this as not answered. If the form shows one clear answer, type that one.",
        ),
        "code_and_label_differ": (
            "ask", "code_and_label_differ", "names a number and words that do not belong together",
            f"Which of the two counts? Type the answer's number or its exact words in {cells}.{told}",
        ),
        "like_a_label": (
            "ask", "label_typo", "is not one of the answers",
            f"Is '{answer.suggestion}' meant? If so, type these words in {cells}.{told}",
        ),
        "unknown": (
            "ask", "unknown_answer", "is not one of the answers",
            f"What does it mean? Type the answer's number or its exact words in {cells}.{told}",
        ),
    }  # fmt: skip
    return table[answer.reading]


def _is_other_label_set(
    unknown: Sequence[Odd], others: Sequence[Odd], scale: ResponseScale, columns: Sequence[Column]
) -> bool:
    """Words in many cells, about as many different ones as the scale has answers, none of them known."""
    spread = {column for one in unknown for _, column in one.cells}
    return (
        2 < len(unknown) <= len(scale.values)
        and len(spread) * 2 >= len(columns)
        and sum(len(one.cells) for one in unknown) >= 2 * len(columns)
        and all(one.answer.reading in ("unknown", "two_answers") for one in others)
    )


def _ask_label_set(findings: Findings, instrument: Instrument, scale: ResponseScale, unknown: Sequence[Odd]) -> None:
    texts = sorted((plain(one.text) for one in unknown), key=str.casefold)
    meant = zip(texts, _numbers(texts, scale), strict=True)
    lines = ", ".join(f"{yaml_text(text)}: {number}" for text, number in meant)
    findings.add(
        "ask",
        "other_labels",
        f"{instrument.title}: the answers are {listed([quoted(text) for text in texts])}, not the words of this "
        "questionnaire",
        "If the form offered the same choices under other names, type the number of each instead ('Find and replace' "
        "does it at once). If it offered other choices, these answers cannot be used. Instead of typing you can write "
        f"in a mapping file which number each stands for: labels: {{{instrument.id}: {{{lines}}}}}.",
        allowed=allowed_answers(scale),
        columns=[column for one in unknown for _, column in one.cells],
        questions=[question for one in unknown for question in _questions(one, instrument, scale)],
    )


def _numbers(texts: Sequence[str], scale: ResponseScale) -> list[int | str]:
    """The number that each text ends with, as in A1 to A5, where that gives each its own answer; else NUMBER."""
    ends = [re.search(r"\d+$", text) for text in texts]
    numbers = [int(end.group()) for end in ends if end]
    clear = len(set(numbers)) == len(texts) and set(numbers) <= set(scale.values)
    return [*numbers] if clear else ["NUMBER"] * len(texts)


def _cells(cells: Sequence[tuple[int, int]]) -> str:
    """Cells as a spreadsheet names them: F14, G20."""
    names = [f"{letter(column)}{row}" for row, column in sorted(cells)]
    return listed(names, limit=_FEW_CELLS)
