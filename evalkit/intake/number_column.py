"""A column of numbers -> values, and everything in it that is no number, said once for each repair."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from evalkit.intake.answers import places_of
from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.labels import answer_key
from evalkit.intake.normal import counted, listed, plain, quoted, yaml_text
from evalkit.intake.numbers import Mended, Number, NumberReading, NumberRules, read_numbers
from evalkit.records.responses import Choice, Question, Severity

Values = list[float | None]
_MOST_TEXTS = 6
_SHORT = 40
_MENDED: dict[Mended, str] = {
    "percent": "percent signs",
    "thousands": "signs between thousands",
    "comma": "decimal commas",
    "unit": "the unit behind the number",
}
NO_WORDS: Mapping[str, float] = {}
YES_NO_WORDS: Mapping[str, float] = {
    **dict.fromkeys(("yes", "y", "true", "passed", "pass"), 1.0),
    **dict.fromkeys(("no", "n", "false", "failed", "fail"), 0.0),
}
_TYPE_IT = "Type the right number, or leave the cell blank."


def read_number_column(
    table: Table,
    column: Column,
    rules: NumberRules,
    *,
    name: str,
    decided: Mapping[str, float | None],
    findings: Findings,
    measure: str = "",
    words: Mapping[str, float] = NO_WORDS,
    whose: Sequence[str] = (),
) -> tuple[Values, int]:
    """Read a column of numbers.

    Parameters
    ----------
    name : what the numbers are, for messages
    decided : what a mapping file says texts mean, keys made by `answer_key`; None is no number
    measure : id of the measure, when it is one of the plan
    words : texts that stand for a number by themselves, keys made by `answer_key`
    whose : for each row the pupil or the school that a number outside the range is told of, where that matters

    Returns
    -------
    A value per row of the table, None where there is no valid number; and the number of cells that were read as the
    mapping file says.
    """
    cells = table.cells(column.index)
    meaning = read_numbers(cells, rules)
    for text in meaning:
        if plain(text) and answer_key(text) in words:
            meaning[text] = Number("number", words[answer_key(text)])
        if plain(text) and answer_key(text) in decided:
            value = decided[answer_key(text)]
            outside = value is not None and not rules.holds(value)
            meaning[text] = Number("blank") if value is None else Number("out_of_range" if outside else "number", value)
    special = {
        **dict.fromkeys(places_of(table, column.index, table.raw.uncalculated), Number("uncalculated")),
        **dict.fromkeys(places_of(table, column.index, table.raw.dates), Number("date")),
    }
    found = [special.get(place) or meaning[text] for place, text in enumerate(cells)]
    _Said(table, column, rules, name, measure, findings, whose).say(cells, found)
    used = sum(bool(plain(text)) and answer_key(text) in decided for text in cells) if decided else 0
    return [one.value if one.reading == "number" else None for one in found], used


class _Said:
    """Says what is wrong with one column of numbers."""

    def __init__(
        self, table: Table, column: Column, rules: NumberRules, name: str, measure: str, findings: Findings,
        whose: Sequence[str],
    ) -> None:  # fmt: skip
        self.numbers = table.numbers
        self.column = column
        self.rules = rules
        self.name = name
        self.measure = measure
        self.findings = findings
        self.whose = whose

    def say(self, cells: Sequence[str], found: Sequence[Number]) -> None:
        """Group the cells by what must be done with them."""
        places: dict[NumberReading, list[int]] = defaultdict(list)
        mended: dict[Mended, list[int]] = defaultdict(list)
        for place, one in enumerate(found):
            if one.reading not in ("number", "blank"):
                places[one.reading].append(place)
            if one.mended and one.reading == "number":
                mended[one.mended].append(place)
        if mended:
            every = [place for some in mended.values() for place in some]
            what = listed([_MENDED[one] for one in mended])
            self._add("fixed", "number_tidied", f"Numbers stand here with {what}", _NOTHING, every)
        if places["missing"]:
            texts = listed([quoted(text) for text in sorted({plain(cells[place]) for place in places["missing"]})])
            self._add("fixed", "read_as_blank", f"{texts} stands here", _AS_BLANK, places["missing"])
        self._texts(cells, places["text"])
        self._outside(found, places["out_of_range"])
        self._simple(places)
        self._shares([one.value for one in found if one.reading == "number" and one.value is not None])

    def _texts(self, cells: Sequence[str], places: Sequence[int]) -> None:
        rows: dict[str, list[int]] = defaultdict(list)
        for place in places:
            rows[plain(cells[place])].append(place)
        if len(rows) > _MOST_TEXTS:
            some = listed([quoted(text, limit=20) for text in list(rows)[:3]])
            found = f"{counted(len(places), 'cell')} of '{self.name}' hold no number (such as {some})"
            self._add("error", "not_a_number", found, f"Is this the right column? {_TYPE_IT}", places)
            return
        for text, where in rows.items():
            times = f" stands in {counted(len(where), 'cell')} and" if len(where) > 1 else ""
            told = ""
            if self.measure and len(text) <= _SHORT:
                told = (
                    f" If it stands for a number, such as 1 for yes, say so in a mapping file: labels: "
                    f"{{{self.measure}: {{{yaml_text(text)}: NUMBER}}}}. If it means that there is none, write null."
                )
            found = f"{quoted(text)}{times} is not a number"
            self._add("ask", "not_a_number", found, f"{_TYPE_IT}{told}", where, self._questions(text))

    def _questions(self, text: str) -> list[Question]:
        """What a word in a measure's column may mean: no number, or the ends of its range."""
        if not self.measure or len(text) > _SHORT:
            return []
        choices = [Choice("There is no number", {"labels": {self.measure: {text: None}}})]
        for end, value in (("lowest", self.rules.low), ("highest", self.rules.high)):
            if value is not None:
                choices.append(Choice(f"The {end}: {value:g}", {"labels": {self.measure: {text: value}}}))
        return [Question(f"What does {quoted(text)} mean in '{self.name}'?", tuple(choices))]

    def _outside(self, found: Sequence[Number], places: Sequence[int]) -> None:
        if not places:
            return
        values = sorted({value for place in places if (value := found[place].value) is not None})
        shown = listed([f"{value:g}" for value in (values if len(values) <= _MOST_TEXTS else values[:3])])
        more = f" and {len(values) - 3} more" if len(values) > _MOST_TEXTS else ""
        verb = "lies" if len(values) == 1 else "lie"
        filled = sum(one.reading in ("number", "out_of_range") for one in found)
        mend = _TYPE_IT
        if len(places) * 2 > filled and len(places) > 1:
            mend = "Is this the right column? If so, correct 'low' and 'high' in the plan. Else copy the right column."
        of = listed(list(dict.fromkeys(self.whose[place] for place in places)), limit=_MOST_TEXTS) if self.whose else ""
        what = f"{shown}{more} {verb} outside what '{self.name}' can be{f' ({of})' if of else ''}"
        self._add("error", "out_of_range", what, mend, places)

    def _simple(self, places: Mapping[NumberReading, Sequence[int]]) -> None:
        said: tuple[tuple[NumberReading, str, str, str], ...] = (
            (
                "date", "turned_into_date",
                "This is a date. Your spreadsheet program turned what was typed (such as 1.2 or 3/4) into one",
                f"Format the column as Number first, then type the number again. {_TYPE_IT}",
            ),
            ("formula_error", "formula_error", "This is the error of a formula and not a number", _TYPE_IT),
            (
                "uncalculated", "formula_without_value", "A formula stands here without its result",
                "Open the file in your spreadsheet program, save it and send it again, or copy the cells and choose "
                "'Paste special', 'Values'.",
            ),
        )  # fmt: skip
        for reading, kind, found, mend in said:
            if places.get(reading):
                self._add("error", kind, found, mend, places[reading])

    def _shares(self, values: Sequence[float]) -> None:
        """Shares of 1 where percents are meant."""
        percents = self.rules.low == 0 and self.rules.high == 100 and "percent" in self.rules.unit.casefold()
        if percents and len(values) > 2 and max(values) <= 1 and max(values) > 0:
            self._add(
                "ask", "shares_of_one",
                f"'{self.name}' is planned in percent, but no number here is above 1",
                "Are these shares of 1, such as 0.95 for 95 percent? If so, multiply them by 100. Else check that this "
                "is the right column.",
                [],
            )  # fmt: skip

    def _add(
        self,
        severity: Severity,
        kind: str,
        found: str,
        mend: str,
        places: Sequence[int],
        questions: Sequence[Question] = (),
    ) -> None:
        self.findings.add(
            severity,
            kind,
            found,
            mend,
            allowed=self._allowed() if severity in ("error", "ask") else "",
            rows=[self.numbers[place] for place in places],
            columns=[self.column.index],
            header=self.column.header,
            item=self.measure,
            questions=questions,
        )

    def _allowed(self) -> str:
        low, high = self.rules.low, self.rules.high
        if low is None and high is None:
            return "a number, or blank"
        if high is None:
            return f"a number from {low:g}, or blank"
        return f"numbers from {low or 0:g} to {high:g}, or blank"


_NOTHING = "evalkit reads them as numbers. Nothing to do."
_AS_BLANK = "evalkit reads this as 'no number'. Nothing to do."
