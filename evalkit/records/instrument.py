"""A questionnaire as a frozen record: items, answer scales, scoring keys, and what is known about it."""

import re
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from evalkit.errors import SpecError
from evalkit.records.instrument_checks import instrument_faults
from evalkit.records.spec_file import Faults, Spec, read_spec
from evalkit.shipped import shipped

INSTRUMENT_SCHEMA = "evalkit-instrument/1"
Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
ItemKey = Annotated[str, Field(pattern=r"^-?[a-z][a-z0-9_]*$", max_length=41)]
ReliabilityStat = Literal["alpha", "omega", "alpha_omega", "mean_alpha_meta", "retest_r", "retest_icc"]
NO_RULE_PUBLISHED = "No rule for missing answers was published; a score needs every answer (evalkit's choice)."


class AgeRange(Spec):
    """The ages, in years, the questionnaire was made for."""

    min: int | None = None
    max: int | None = None
    note: str | None = None
    verified: bool


class Licence(Spec):
    """Who owns the wording, and on what terms it may be used."""

    holder: str
    terms: str
    conditions: tuple[Literal["non_commercial", "no_alteration", "free_to_end_user", "cite_source"], ...] = ()
    open_licence: bool
    spdx: str | None = None
    conflict: str | None = None


class ResponseScale(Spec):
    """The answers a pupil can give: whole numbers from min to max, some or all with a label."""

    min: int
    max: int
    anchors: dict[int, str] = Field(default_factory=dict)
    missing_codes: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if self.min >= self.max:
            raise ValueError(f"min ({self.min}) must be below max ({self.max})")
        outside = [code for code in self.anchors if not self.min <= code <= self.max]
        if outside:
            raise ValueError(f"the anchors {outside} lie outside {self.min}-{self.max}")
        return self

    @property
    def values(self) -> range:
        """Every answer allowed."""
        return range(self.min, self.max + 1)

    @property
    def span(self) -> str:
        """Lowest and highest answer as text, for example 1-5."""
        return f"{self.min}-{self.max}"


class Item(Spec):
    """One question. `label` is our own short name for it; `text` is its wording where that may be shipped."""

    id: Identifier
    label: Annotated[str, Field(min_length=3, max_length=60)]
    text: str | None = None
    response: Identifier | None = None


class MissingRule(Spec):
    """When a score is given although answers are missing.

    complete: only when every item is answered. available_mean: the mean of the answered items, if at least `min_items`
    are (for means). prorate: that mean times the number of items (for sums), rounded to a whole number where `rounding`
    says so. For a score made from one other score, `min_items` counts the items answered behind it; for a score made
    from several, the part scores.
    """

    rule: Literal["complete", "available_mean", "prorate"]
    min_items: int = Field(ge=1)
    rounding: Literal["none", "half_up"] = "none"
    source: str | None = None
    note: str | None = None


class Transform(Spec):
    """One step of an affine score: add to it or multiply it."""

    op: Literal["add", "multiply"]
    value: float

    def apply(self, number: float) -> float:
        """The number after this step."""
        return number + self.value if self.op == "add" else number * self.value


class Score(Spec):
    """How a scale's score is made from items or from other scores. A key such as -q1 reverses item q1.

    mean, sum: of the items, or of other scores. percent_in: 100 for a pupil whose answer is one of `values`, else 0, so
    that the mean over pupils is the published percentage. top_minus_bottom: 100 for an answer in `top`, -100 for one in
    `bottom`, else 0; the mean over pupils is the percentage at the top minus that at the bottom. lookup: the value that
    `table` gives for the whole raw score. affine: the other score after the steps of `transform`.
    `purpose: check` marks a score that tests the answers (such as social desirability) and is no outcome.
    """

    id: Identifier
    label: str
    method: Literal["mean", "sum", "percent_in", "top_minus_bottom", "lookup", "affine"]
    keys: tuple[ItemKey, ...] = ()
    from_score: Identifier | None = None
    from_scores: tuple[Identifier, ...] = ()
    response: Identifier | None = None
    purpose: Literal["outcome", "check"] = "outcome"
    range: tuple[float, float] | None = None
    higher_is: Literal["better", "worse", "neither"] = "neither"
    missing: MissingRule | None = None
    table: Identifier | None = None
    transform: tuple[Transform, ...] = ()
    values: tuple[int, ...] = ()
    top: tuple[int, ...] = ()
    bottom: tuple[int, ...] = ()
    note: str | None = None

    @property
    def parts(self) -> tuple[str, ...]:
        """The ids of the other scores it is made from."""
        return (self.from_score,) if self.from_score else self.from_scores

    @property
    def items(self) -> tuple[str, ...]:
        """The ids of the items, without the sign."""
        return tuple(key.removeprefix("-") for key in self.keys)

    @property
    def reversed_items(self) -> frozenset[str]:
        """The ids of the items that are turned round."""
        return frozenset(key[1:] for key in self.keys if key.startswith("-"))


class PublishedReliability(Spec):
    """A reliability that somebody published: one value, or a range from low to high."""

    score: Identifier
    stat: ReliabilityStat
    value: float | None = Field(default=None, ge=0, le=1)
    low: float | None = Field(default=None, ge=0, le=1)
    high: float | None = Field(default=None, ge=0, le=1)
    weeks: float | None = Field(default=None, gt=0)
    sample: str | None = None
    n: int | None = None
    source: str | None = None
    verified: bool

    @model_validator(mode="after")
    def _has_a_value(self) -> Self:
        if (self.value is None) == (self.low is None) or (self.low is None) != (self.high is None):
            raise ValueError("give either 'value' or both 'low' and 'high'")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError("'low' is above 'high'; swap them")
        return self

    @property
    def lowest(self) -> float:
        """The value, or the lower end of the range."""
        lowest = self.value if self.value is not None else self.low
        assert lowest is not None
        return lowest

    @property
    def highest(self) -> float:
        """The value, or the upper end of the range."""
        highest = self.value if self.value is not None else self.high
        assert highest is not None
        return highest


class Norm(Spec):
    """A published mean and SD, with the population in words."""

    score: Identifier
    mean: float
    sd: float | None = Field(default=None, gt=0)
    n: int | None = None
    population: str
    country: str | None = None
    year: int | None = None
    source: str | None = None
    verified: bool


class ChangeNote(Spec):
    """What is known of the smallest change that matters to people."""

    mid: float | None = None
    score: Identifier | None = None
    note: str | None = None


class Source(Spec):
    """Where a fact of this file was read."""

    what: str
    source: str
    level: Literal["primary", "secondary", "data", "unverified"]


class Variant(Spec):
    """Another form of the same questionnaire, only described here."""

    id: str
    note: str


class HandScored(Spec):
    """A case worked by hand: answers in, scores out (None where no score may be given)."""

    answers: dict[str, int | None]
    expect: dict[str, float | None]
    note: str | None = None


class Instrument(Spec):
    """One questionnaire in one version. Identity is id, version and answer scales: other versions are other measures.

    What the file knows but nobody verified (`verified: false`) is kept for the next person who looks, and reaches
    nothing else: use `verified_reliability`, `verified_norms` and `verified_age`.
    """

    schema_: Literal["evalkit-instrument/1"] = Field(alias="schema")
    id: Identifier
    version: str
    title: str
    construct_: str = Field(alias="construct")
    respondent: Literal["pupil", "student", "pupil_or_adult", "staff", "adult"]
    age: AgeRange | None = None
    class_: Literal["A", "B", "C"] = Field(alias="class")
    wording: Literal["shipped", "withheld", "partly"]
    licence: Licence
    citation: str
    stem: str | None = None
    responses: dict[Identifier, ResponseScale]
    default_response: Identifier
    items: tuple[Item, ...] = Field(min_length=1)
    scores: tuple[Score, ...] = Field(min_length=1)
    no_composite: bool = False
    validated: bool = True
    lookup_tables: dict[Identifier, dict[int, float]] = Field(default_factory=dict)
    variants: tuple[Variant, ...] = ()
    bands: tuple[str, ...] = ()
    bands_note: str | None = None
    reliability: tuple[PublishedReliability, ...] = ()
    reliability_note: str | None = None
    norms: tuple[Norm, ...] = ()
    norms_note: str | None = None
    factor_structure: str | None = None
    change: ChangeNote | None = None
    caution: str | None = None
    prepost_caution: str | None = None
    verified: tuple[Source, ...] = ()
    tests: tuple[HandScored, ...] = ()

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        faults = instrument_faults(self)
        if faults:
            raise Faults(faults)
        return self

    @property
    def identity(self) -> str:
        """Text that is equal only for the same items, order, version and answer scales."""
        scales = ",".join(scale.span for scale in self.responses.values())
        return f"{self.id}@{self.version}[{scales}]"

    def item(self, item_id: str) -> Item:
        """The item with this id."""
        return next(item for item in self.items if item.id == item_id)

    def score(self, score_id: str) -> Score:
        """The score with this id. Raises SpecError naming the scores there are."""
        for score in self.scores:
            if score.id == score_id:
                return score
        names = ", ".join(score.id for score in self.scores)
        raise SpecError(f"{self.id} has no score '{score_id}'. Use one of: {names}.")

    def response_of(self, item_id: str) -> ResponseScale:
        """The answer scale of an item."""
        return self.responses[self.item(item_id).response or self.default_response]

    def items_of(self, score_id: str) -> tuple[str, ...]:
        """The ids of all items that a score needs, through other scores too, in the order of the questionnaire."""
        wanted = set(self.item_signs(score_id))
        return tuple(item.id for item in self.items if item.id in wanted)

    def item_signs(self, score_id: str) -> dict[str, bool]:
        """Every item that a score needs, through other scores too, and whether it is reversed; in order of the keys."""
        score = self.score(score_id)
        signs = {item: item in score.reversed_items for item in score.items}
        for part in score.parts:
            signs |= self.item_signs(part)
        return signs

    def missing_rule(self, score_id: str) -> MissingRule:
        """The rule for missing answers; where none was published, every item (or part score) is needed."""
        score = self.score(score_id)
        if score.missing is not None:
            return score.missing
        count = len(score.keys) or len(score.from_scores) or 1
        return MissingRule(rule="complete", min_items=count, note=NO_RULE_PUBLISHED)

    def range_of(self, score_id: str) -> tuple[float, float]:
        """The lowest and highest score there can be, from the file's `range` or from the answers allowed."""
        score = self.score(score_id)
        return score.range if score.range is not None else self.possible_range(score_id)

    def possible_range(self, score_id: str) -> tuple[float, float]:
        """The lowest and highest score that the answers allowed can give."""
        score = self.score(score_id)
        if score.method == "percent_in":
            return (0.0, 100.0)
        if score.method == "top_minus_bottom":
            return (-100.0, 100.0)
        if score.method == "lookup" and score.table is not None:
            values = self.lookup_tables[score.table].values()
            return (float(min(values)), float(max(values)))
        ends = [self.possible_range(part) for part in score.parts]
        if score.keys:
            scales = [self.response_of(item) for item in score.items]
            ends = [(float(scale.min), float(scale.max)) for scale in scales]
        low, high = sum(end[0] for end in ends), sum(end[1] for end in ends)
        if score.method == "mean":
            return (low / len(ends), high / len(ends))
        for step in score.transform:
            low, high = step.apply(low), step.apply(high)
        return (min(low, high), max(low, high))

    @property
    def verified_age(self) -> AgeRange | None:
        """The ages it was made for, where that was verified."""
        return self.age if self.age is not None and self.age.verified else None

    def verified_reliability(self, score_id: str) -> tuple[PublishedReliability, ...]:
        """The published reliabilities of a score that were verified; the only ones a report may show."""
        return tuple(one for one in self.reliability if one.verified and one.score == score_id)

    def verified_norms(self, score_id: str) -> tuple[Norm, ...]:
        """The published means of a score that were verified; the only ones a report may show."""
        return tuple(one for one in self.norms if one.verified and one.score == score_id)


def load_instrument(name: str | Path, *, beside: Path | None = None) -> Instrument:
    """Load a questionnaire by its id, or from a file.

    Parameters
    ----------
    name : the id of an instrument, or the path of an `instrument.yaml`
    beside : a folder whose own `instruments/ID/instrument.yaml` comes before the shipped ones

    Raises
    ------
    SpecError
        There is no such instrument (the message lists those there are), or its file breaks a rule or has another id
        than its folder.
    """
    text = str(name)
    if isinstance(name, Path) or text.endswith((".yaml", ".yml")):
        return read_spec(Path(name), Instrument)
    if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
        raise SpecError(f"'{text}' is not an instrument id. Use letters, digits and _ only, such as grit_s8.")
    folders = [beside / "instruments"] if beside else []
    for folder in [*folders, shipped("instruments")]:
        path = folder / text / "instrument.yaml"
        if path.is_file():
            return _read_named(path, text)
    raise SpecError(f"There is no instrument '{text}'. Use one of: {', '.join(instrument_ids())}, or add its file.")


def _read_named(path: Path, name: str) -> Instrument:
    instrument = read_spec(path, Instrument)
    if instrument.id != name:
        raise SpecError(f"{path}: the id is '{instrument.id}' but the folder is called '{name}'. Make them the same.")
    return instrument


def instrument_ids() -> list[str]:
    """The ids of all shipped instruments, sorted."""
    return sorted(path.parent.name for path in shipped("instruments").glob("*/instrument.yaml"))
