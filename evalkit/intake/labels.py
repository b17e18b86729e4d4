"""One answer as it stands in a cell -> a code of the answer scale, no answer, or why it is neither."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

from rapidfuzz import fuzz, process

from evalkit.intake.normal import normal, plain
from evalkit.intake.numbers import SHEET_ERROR
from evalkit.intake.usual_names import MISSING_MARKS, MISSING_NUMBERS, MISSING_WORDS
from evalkit.records.instrument import ResponseScale

Reading = Literal[
    "code", "label", "blank", "missing", "two_answers", "out_of_range", "not_whole", "date", "formula_error",
    "uncalculated", "code_and_label_differ", "like_a_label", "unknown",
]  # fmt: skip

_WHOLE = re.compile(r"^[+-]?\d{1,15}(?:[.,]0*)?$")
_DECIMAL = re.compile(r"^[+-]?\d*[.,]\d+$")
_CODE_FIRST = re.compile(r"^[(\[]?([+-]?\d{1,3})\s*[-–—:=.)\]]*\s*(\D.*)$", re.DOTALL)
_CODE_LAST = re.compile(r"^(.*\D)\s*[(\[=:-]\s*([+-]?\d{1,3})\s*[)\]]?$", re.DOTALL)
_TWO = re.compile(
    r"^(\d{1,3})\s*(?:[,;/&+|-]|and|or|to)\s*(\d{1,3})(?:\s*(?:[,;/&+|-]|and|or)\s*\d{1,3})*$", re.IGNORECASE
)
_OUT_OF = re.compile(r"^(\d{1,3}) out of (\d{1,3})$", re.IGNORECASE)
_MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
_DATE = re.compile(
    rf"^(?:\d{{1,2}}[-/. ](?:{_MONTHS})[a-z]*(?:[-/. ]\d{{2,4}})?|(?:{_MONTHS})[a-z]*[-/. ]\d{{1,4}}"
    r"|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{4}-\d{2}-\d{2}(?:[ T].*)?)$",
    re.IGNORECASE,
)
_LIKENESS = 75
_SAME_WORDS = 95  # in another order
_PICTURES = ("So", "Sk", "Mn", "Me")  # signs and marks that are no letters, digits or punctuation


@dataclass(frozen=True, slots=True)
class Answer:
    """What one text means on one answer scale.

    Attributes
    ----------
    reading : how the text was understood
    code : the answer; for readings that are no answer, the number that was found or that is suggested; else None
    suggestion : the label that the text resembles
    opposite : the words mean the answer at the other end of the scale, as far from its end as the number
    """

    reading: Reading
    code: int | None = None
    suggestion: str = ""
    opposite: bool = False

    @property
    def value(self) -> int | None:
        """The code that goes into the responses."""
        return self.code if self.reading in ("code", "label") else None


def read_answer(text: str, scale: ResponseScale, decided: dict[str, int] | None = None) -> Answer:
    """Read one cell.

    Parameters
    ----------
    text : the cell
    scale : the answers there are
    decided : what a mapping file says texts mean, keys made by `normal` or, without letters and digits, by `plain`
    """
    cell = _without_pictures(plain(text))
    if not cell:
        return Answer("blank")
    meant = (decided or {}).get(answer_key(cell))
    if meant is not None and meant in scale.values:
        return Answer("code", meant)
    if SHEET_ERROR.match(cell):
        return Answer("formula_error")
    if answer_key(cell) in {answer_key(code) for code in scale.missing_codes}:
        return Answer("missing")
    if _WHOLE.match(cell):
        return _number(int(re.split("[.,]", cell)[0]), scale)
    anchors = {normal(label): code for code, label in scale.anchors.items()}
    words = normal(cell)
    if words in anchors:
        return Answer("label", anchors[words])
    if cell in MISSING_MARKS or words in MISSING_WORDS:
        return Answer("missing")
    of = _OUT_OF.match(cell)
    if of and int(of.group(2)) == scale.max and int(of.group(1)) in scale.values:
        return Answer("code", int(of.group(1)))
    two = _two(cell, scale, anchors)
    if two:
        return two
    if _DECIMAL.match(cell):
        return Answer("not_whole")
    return _mixed(cell, scale, anchors) or _wrong(words, anchors, scale)


def _without_pictures(cell: str) -> str:
    """'3 \N{SLIGHTLY SMILING FACE}' and the keycap 3 are 3; pictures alone stay."""
    if cell.isascii():
        return cell
    bare = "".join(sign for sign in cell if unicodedata.category(sign) not in _PICTURES).strip()
    return bare if _WHOLE.match(bare) else cell


def answer_key(text: str) -> str:
    """The key under which a decision about an answer is kept: its words, or its signs when it has no words."""
    cell = plain(text)
    return cell if _WHOLE.match(cell) or _DECIMAL.match(cell) else normal(cell) or cell


def _number(number: int, scale: ResponseScale) -> Answer:
    if number in scale.values:
        return Answer("code", number)
    return Answer("missing" if number in MISSING_NUMBERS else "out_of_range", number)


def _two(cell: str, scale: ResponseScale, anchors: dict[str, int]) -> Answer | None:
    """'3,4' or 'Agree; Strongly agree': two boxes ticked."""
    numbers = _TWO.match(cell)
    if numbers and all(int(one) in scale.values for one in numbers.groups()):
        return Answer("two_answers")
    parts = [normal(part) for part in re.split(r"[,;/|\n]", cell) if part.strip()]
    if len(parts) > 1 and all(part in anchors for part in parts):
        return Answer("two_answers")
    return None


def _mixed(cell: str, scale: ResponseScale, anchors: dict[str, int]) -> Answer | None:
    """'4 - Agree' or 'Agree (4)': the code and the label must say the same."""
    if _DATE.match(cell):
        return Answer("date")
    first, last = _CODE_FIRST.match(cell), _CODE_LAST.match(cell)
    if first:
        code, label = int(first.group(1)), normal(first.group(2))
    elif last:
        code, label = int(last.group(2)), normal(last.group(1))
    else:
        return None
    if not label or code not in scale.values:
        return None
    meant = anchors.get(label)
    if meant is None and code not in scale.anchors:
        return Answer("label", code)
    if meant is None and fuzz.ratio(label, normal(scale.anchors[code])) >= _LIKENESS:
        return Answer("label", code)
    if meant == code:
        return Answer("label", code)
    return Answer("code_and_label_differ", code, opposite=meant is not None and meant + code == scale.min + scale.max)


def _wrong(words: str, anchors: dict[str, int], scale: ResponseScale) -> Answer:
    """Words that are no label: like one, or unlike all."""
    near = process.extractOne(words, list(anchors), scorer=fuzz.ratio, score_cutoff=_LIKENESS) if words else None
    near = near or process.extractOne(words, list(anchors), scorer=fuzz.token_sort_ratio, score_cutoff=_SAME_WORDS)
    if near:
        code = anchors[near[0]]
        return Answer("like_a_label", code, scale.anchors[code])
    return Answer("unknown")
