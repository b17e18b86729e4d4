"""A number that a file already holds: a test score, a reading age, a count; an instrument of one item."""

from typing import Literal, Self

from pydantic import Field, model_validator

from evalkit.records.instrument import INSTRUMENT_SCHEMA, Instrument
from evalkit.records.instrument_parts import Identifier, Item, Licence, MissingRule, ResponseScale, Score
from evalkit.records.spec_file import Spec

VALUE = "value"  # the one item, and the one score, of every measure
MEASURE_VERSION = "as-supplied"


class MeasureError(Spec):
    """How exact a number is: its standard error of measurement, in its own points, and who published it."""

    value: float = Field(gt=0)
    source: str


class MeasureNorm(Spec):
    """Mean and SD of a population that was measured in the same way."""

    mean: float
    sd: float = Field(gt=0)
    population: str
    source: str


class Measure(Spec):
    """A number in a column of a file, used as an outcome or as a baseline.

    low, high : the lowest and the highest number that may stand in a cell, whole numbers
    unit : what one point is, for tables: points, months of reading age, percent, incidents
    waves : wave -> how the column is headed in files; a measure belongs to the waves named here, and to no other
    missing : what stands in a cell where there is no number, besides nothing
    source : who made the measure, or where the numbers come from
    edition : which published test this is, in which edition; only with it is a measure of the same id in another plan
        the same one (`ek.compare`)
    validated : whether somebody else has shown that it measures what it says
    """

    id: Identifier
    label: str = Field(min_length=3, max_length=60)
    low: int
    high: int
    unit: str = "points"
    higher_is: Literal["better", "worse", "neither"] = "better"
    waves: dict[Identifier, tuple[str, ...]] = Field(min_length=1)
    missing: tuple[str, ...] = ()
    source: str
    edition: str | None = Field(default=None, min_length=3, max_length=60, pattern=r"^[^@\[\]|]+$")
    validated: bool = False
    error: MeasureError | None = None
    norm: MeasureNorm | None = None

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must be below high ({self.high})")
        return self

    @property
    def item(self) -> str:
        """The name of its column in every table: id.value."""
        return f"{self.id}.{VALUE}"


def instrument_of(measure: Measure) -> Instrument:
    """The measure as an instrument with one item and one score, both called `value`."""
    return Instrument(
        schema=INSTRUMENT_SCHEMA,
        id=measure.id,
        version=measure.edition or MEASURE_VERSION,
        title=measure.label,
        construct=measure.label,
        respondent="pupil",
        **{"class": "C"},  # pyright: ignore[reportArgumentType]
        wording="withheld",
        licence=Licence(holder=measure.source, terms="A number, not a questionnaire.", open_licence=False),
        citation=measure.source,
        responses={
            "number": ResponseScale(min=measure.low, max=measure.high, decimals=True, missing_codes=measure.missing)
        },
        default_response="number",
        items=(Item(id=VALUE, label=measure.label),),
        scores=(
            Score(
                id=VALUE,
                label=measure.label,
                method="sum",
                keys=(VALUE,),
                range=(float(measure.low), float(measure.high)),
                higher_is=measure.higher_is,
                missing=MissingRule(rule="complete", min_items=1, note="One number."),
            ),
        ),
        validated=measure.validated,
    )
