"""Figures that were published: a share, a mean or a gap as printed, what it rests on, the national figure beside it."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from evalkit.records.instrument_parts import Identifier
from evalkit.records.spec_file import Spec

NO_YEAR = "a national figure needs its year, such as 'year: 2017/18': figures of different years cannot be compared"


def _as_printed(value: object) -> object:
    """A number of the file as the text that was printed; 93.50 needs quotes to keep its zero."""
    return f"{Decimal(str(value)):f}" if isinstance(value, int | float) and not isinstance(value, bool) else value


def _is_percent(text: str) -> str:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError("write a percentage as printed, without its sign, for example 93.75") from None
    if not number.is_finite() or not 0 <= number <= 100:
        raise ValueError("a percentage lies between 0 and 100")
    return text


Percent = Annotated[str, BeforeValidator(_as_printed), WithJsonSchema({"type": ["string", "number"]})]
Year = Annotated[str, BeforeValidator(_as_printed), WithJsonSchema({"type": ["string", "integer"]})]
Count = Annotated[int, Field(ge=0)]
Size = Annotated[int, Field(ge=1)]


class National(Spec):
    """The figure of the country (or of another large population) that one's own is held against.

    year : the year that it is about; there is no comparison without it
    n, sd : how many it rests on, and of a mean the SD, where they are known
    """

    percent: Percent | None = None
    mean: float | None = None
    gap: Percent | None = None
    year: Year | None = None
    of: str | None = None
    n: Size | None = None
    sd: float | None = Field(default=None, gt=0)
    source: str | None = None

    @model_validator(mode="after")
    def _has_a_year(self) -> Self:
        if not (self.year or "").strip():
            raise ValueError(NO_YEAR)
        for text in (self.percent, self.gap):
            if text is not None:
                _is_percent(text)
        return self


class Rise(Spec):
    """That a figure is the share of those who rose between ordered grades.

    grades : which list of `figures: grades:`
    able : how many could rise, where it is known: those who were below the highest grade at first
    """

    grades: Identifier
    from_: str | None = Field(default=None, alias="from")
    to: str | None = None
    able: Size | None = None


class Part(Spec):
    """One of the two groups behind a gap."""

    label: str
    percent: Percent
    n: Size | None = None


class ReportedFigure(Spec):
    """A figure as it was printed: exactly one of `percent`, `mean` and `gap` (percentage points between two groups).

    of : what `n` counts, such as "schools inspected"
    n : how many it rests on; leave it out when nobody printed it
    asked : how many were asked or could have been counted: the most that n can be
    survey : figures with the same word here come from the same people, so that one n must fit them all
    wave : the occasion; figures with the same label and different waves are compared
    groups : the two groups behind a gap, the one that is behind first
    printed : how the source prints the difference from the national figure, such as "+2.0%"
    printed_so : the source really prints a percentage that its n cannot give; it then becomes a finding, not an error
    published : whether the figure is public already; if not, small numbers are hidden
    """

    id: Identifier
    label: str
    percent: Percent | None = None
    mean: float | None = None
    gap: Percent | None = None
    unit: str = "points"
    of: str = "people"
    n: Size | None = None
    count: Count | None = None
    asked: Size | None = None
    sd: float | None = Field(default=None, gt=0)
    year: Year | None = None
    wave: Identifier | None = None
    survey: Identifier | None = None
    rise: Rise | None = None
    groups: tuple[Part, Part] | None = None
    national: National | None = None
    better: Literal["higher", "lower"] = "higher"
    printed: str | None = None
    printed_so: bool = False
    published: bool = True
    source: str
    note: str | None = None

    @property
    def kind(self) -> Literal["percent", "mean", "gap"]:
        """What was printed."""
        return "percent" if self.percent is not None else "mean" if self.mean is not None else "gap"

    @model_validator(mode="after")
    def _is_one_thing(self) -> Self:
        given = [name for name in ("percent", "mean", "gap") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"give exactly one of percent, mean and gap; found {' and '.join(given) or 'none'}")
        for text in (self.percent, self.gap, *(part.percent for part in self.groups or ())):
            if text is not None:
                _is_percent(text)
        if self.national is not None and getattr(self.national, self.kind) is None:
            raise ValueError(f"the national figure beside a {self.kind} must be a {self.kind} too")
        if self.rise is not None and self.kind != "percent":
            raise ValueError("only a percent can be the share of those who rose")
        if self.n is not None and self.asked is not None and self.n > self.asked:
            raise ValueError(f"{self.n} answered, but only {self.asked} were asked")
        if self.count is not None and (self.n is None or self.count > self.n):
            raise ValueError("a count needs the n that it is part of, and cannot be above it")
        return self


class Move(Spec):
    """How many went from one grade to another (or kept theirs)."""

    from_: str = Field(alias="from")
    to: str
    n: Count


class Transition(Spec):
    """All moves between two gradings, and the share that rose nationally where it is known."""

    id: Identifier
    label: str
    grades: Identifier
    of: str = "schools"
    moves: tuple[Move, ...] = Field(min_length=1)
    national: National | None = None
    year: Year | None = None
    published: bool = True
    source: str

    @model_validator(mode="after")
    def _national_share(self) -> Self:
        if self.national is not None and self.national.percent is None:
            raise ValueError("the national figure beside a transition is the percent that rose")
        return self


class Printing(Spec):
    """A number and the place where it is printed."""

    n: Count
    where: str


class RepeatedCount(Spec):
    """One thing whose number is printed in several places; the places must agree."""

    id: Identifier
    label: str
    printings: tuple[Printing, ...] = Field(min_length=2)
    note: str | None = None


class Figures(Spec):
    """The block `figures:` of a plan.

    grades : ordered grades by name, the lowest first
    joined : how those whom the figures are about came to be in; a reader must know
    """

    grades: dict[Identifier, tuple[str, ...]] = Field(default_factory=dict)
    reported: tuple[ReportedFigure, ...] = ()
    transitions: tuple[Transition, ...] = ()
    counts: tuple[RepeatedCount, ...] = ()
    joined: str | None = None
