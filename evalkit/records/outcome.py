"""What an evaluation asks about: a score, when it is measured, what exactly is estimated, and for whom."""

from typing import Literal, Self

from pydantic import Field, model_validator

from evalkit.records.instrument_parts import Identifier
from evalkit.records.spec_file import Spec


class Estimand(Spec):
    """What exactly is estimated (population, contrast, measure) and how gaps in taking part are handled."""

    population: str
    contrast: str
    measure: str
    non_compliance: str
    drop_out: str
    average: Literal["pupil", "school"] = "pupil"


class SmallestWorthwhile(Spec):
    """The smallest change that would be worth having, in the unit named, and who says so."""

    value: float = Field(gt=0)
    unit: Literal["points", "percent_of_range", "sd"]
    source: str


class Retest(Spec):
    """A published retest correlation for reliable change; the gap may be 4 weeks at most."""

    value: float = Field(gt=0, lt=1)
    weeks: float = Field(gt=0)
    source: str

    @model_validator(mode="after")
    def _is_short(self) -> Self:
        if self.weeks > 4:
            raise ValueError(
                f"a retest over {self.weeks:g} weeks measures stability, not reliability; use one of at most 4 weeks, "
                "or leave 'retest' out to use this sample's own reliability"
            )
        return self


class Baseline(Spec):
    """The score that stands for the outcome at the first wave; it may be another measure (KS2 for GCSE)."""

    instrument: Identifier
    score: Identifier

    @property
    def scale(self) -> str:
        """The name of the scale in every table: instrument.score."""
        return f"{self.instrument}.{self.score}"


class PupilFilter(Spec):
    """The pupils whom an analysis is about: those with these values of a subgroup (as meant, not as typed)."""

    subgroup: Identifier
    values: tuple[str, ...] = Field(min_length=1)


class Outcome(Spec):
    """A score of an instrument (or a measure of the plan) that the programme is meant to change.

    role : primary, secondary, or placebo: a score that the programme cannot have changed (comparisons only)
    kind : number, yes_no (0 or 1) or ordered (few ordered grades); decides the model in a trial
    wave : when it is measured; without it the second wave. Later waves with the same score are follow-ups
    baseline : the score at the first wave; without it the same score, where it was measured then
    pupils : the pupils of the analysis, when they are not all who were randomised
    attainment : whether it is attainment: only then may months of progress be shown
    made_by_developer : whether those who made the programme made the measure
    """

    id: Identifier
    label: str
    instrument: Identifier
    version: str | None = None
    score: Identifier
    role: Literal["primary", "secondary", "placebo"]
    estimand: Estimand
    smallest_worthwhile: SmallestWorthwhile | None = None
    retest: Retest | None = None
    kind: Literal["number", "yes_no", "ordered"] = "number"
    wave: Identifier | None = None
    baseline: Baseline | None = None
    pupils: PupilFilter | None = None
    attainment: bool = False
    made_by_developer: bool = False

    @property
    def scale(self) -> str:
        """The name of the scale in every table: instrument.score."""
        return f"{self.instrument}.{self.score}"
