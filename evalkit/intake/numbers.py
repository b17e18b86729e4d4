"""A number as it stands in a cell -> its value, or why there is none; whole columns, for decimal commas show there."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Literal

from evalkit.intake.normal import normal, plain
from evalkit.intake.usual_names import MISSING_MARKS, MISSING_NUMBERS, MISSING_WORDS

NumberReading = Literal["number", "blank", "missing", "out_of_range", "text", "date", "formula_error", "uncalculated"]
Mended = Literal["", "percent", "thousands", "comma", "unit"]

_PLAIN = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?\Z")
_COMMA = re.compile(r"[+-]?\d*,\d+\Z")
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?\Z")
_GROUPED_DOTS = re.compile(r"[+-]?\d{1,3}(?:[.’' ]\d{3})+,\d+\Z")
_BLANKED = re.compile(r"[+-]?\d{1,3}(?:[ ’']\d{3})+(?:\.\d+)?\Z")
_UNIT = re.compile(r"([+-]?[\d.,]+) *([^\W\d_][^\d]*)\Z")
_DATE = re.compile(
    r"(?:\d{1,2}[/.]\d{1,2}[/.]\d{2,4}|\d{4}-\d{2}-\d{2}(?:[ T].*)?"
    r"|\d{1,2}[-/. ](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*(?:[-/. ]\d{2,4})?)\Z",
    re.IGNORECASE,
)
SHEET_ERROR = re.compile(r"#(?:N/A|REF!|VALUE!|DIV/0!|NAME\?|NUM!|SPILL!|CALC!|GETTING_DATA)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Number:
    """What one text means where a number is expected.

    Attributes
    ----------
    reading : how the text was understood
    value : the number; None where there is none
    mended : what had to be put right to read it
    """

    reading: NumberReading
    value: float | None = None
    mended: Mended = ""


@dataclass(frozen=True, slots=True)
class NumberRules:
    """What may stand in a column of numbers.

    Attributes
    ----------
    low, high : the lowest and the highest number; None where there is no end
    unit : what a point is called; its first word may stand behind a number
    missing : texts that mean that there is no number
    """

    low: float | None = None
    high: float | None = None
    unit: str = ""
    missing: Collection[str] = ()

    def holds(self, value: float) -> bool:
        """Whether the number lies within the range."""
        return (self.low is None or value >= self.low) and (self.high is None or value <= self.high)


def read_numbers(texts: Sequence[str], rules: NumberRules) -> dict[str, Number]:
    """Read the different texts of one column.

    Returns
    -------
    What each text means. `1,234` is a decimal comma where other cells of the column have one or where only that lies
    within the range; else it is a thousand.
    """
    different = {text: plain(text) for text in set(texts)}
    commas = _has_decimal_commas(different.values())
    return {text: _number(cell, rules, commas=commas) for text, cell in different.items()}


def _has_decimal_commas(cells: Collection[str]) -> bool:
    bare = [re.sub(r"[% ]", "", cell) for cell in cells]
    return any(
        (_COMMA.match(cell) and not _GROUPED.match(cell)) or _GROUPED_DOTS.match(cell.replace("%", "")) for cell in bare
    ) and not any("." in cell and _PLAIN.match(cell) for cell in bare)


def _number(cell: str, rules: NumberRules, *, commas: bool) -> Number:
    if not cell:
        return Number("blank")
    if SHEET_ERROR.match(cell):
        return Number("formula_error")
    words = normal(cell)
    if cell in rules.missing or words in {normal(code) for code in rules.missing} - {""}:
        return Number("missing")
    found = _value(cell, rules, commas=commas)
    if found is not None and found.value is not None:
        if rules.holds(found.value):
            return found
        whole = found.value in MISSING_NUMBERS
        return Number("missing") if whole else Number("out_of_range", found.value)
    if cell in MISSING_MARKS or words in MISSING_WORDS:
        return Number("missing")
    return Number("date" if _DATE.match(cell) else "text")


def _value(cell: str, rules: NumberRules, *, commas: bool) -> Number | None:
    if _PLAIN.match(cell):
        return Number("number", float(cell))
    if cell.endswith("%"):
        inner = _value(cell[:-1].strip(), rules, commas=commas)
        return Number("number", inner.value, "percent") if inner else None
    if _COMMA.match(cell) and (commas or not _GROUPED.match(cell)):
        return Number("number", float(cell.replace(",", ".")), "comma")
    if _GROUPED.match(cell):
        grouped = float(cell.replace(",", ""))
        if _COMMA.match(cell) and not rules.holds(grouped) and rules.holds(float(cell.replace(",", "."))):
            return Number("number", float(cell.replace(",", ".")), "comma")
        return Number("number", grouped, "thousands")
    if _BLANKED.match(cell):
        return Number("number", float(re.sub(r"[ ’']", "", cell)), "thousands")
    if _GROUPED_DOTS.match(cell):
        return Number("number", float(re.sub(r"[.’' ]", "", cell).replace(",", ".")), "comma")
    unit = _UNIT.match(cell)
    if unit and rules.unit and _is_unit(unit.group(2), rules.unit):
        inner = _value(unit.group(1), rules, commas=commas)
        return Number("number", inner.value, "unit") if inner else None
    return None


def _is_unit(word: str, unit: str) -> bool:
    """Whether the word is the unit's own, whole or its first word, in the singular or the plural."""
    named = normal(unit)
    singular = normal(word).rstrip("s")
    return bool(singular) and singular in (named.rstrip("s"), named.split()[0].rstrip("s"))
