"""The parts of a questionnaire's file: answer scales, items, scores, rules, and what was published about it."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from evalkit.records.spec_file import Spec

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
ItemKey = Annotated[str, Field(pattern=r"^-?[a-z][a-z0-9_]*$", max_length=41)]
ReliabilityStat = Literal["alpha", "omega", "alpha_omega", "mean_alpha_meta", "retest_r", "retest_icc"]


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
    """The answers a pupil can give: whole numbers from min to max, some or all with a label.

    `decimals: true` is for a number that was measured (a test score, attendance): any number from min to max.
    """

    min: int
    max: int
    decimals: bool = False
    anchors: dict[int, str] = Field(default_factory=dict[int, str])
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
