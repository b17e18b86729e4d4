"""The smaller parts of a plan: programme, arms, waves, what was delivered, missing data, where the files are."""

from typing import Literal, Self

from pydantic import Field, model_validator

from evalkit.records.instrument_parts import Identifier
from evalkit.records.spec_file import Spec


class Programme(Spec):
    """What was done, for whom and where."""

    name: str
    description: str
    setting: str | None = None
    provider: str | None = None
    year: str | None = None


class Registration(Spec):
    """Where the plan was registered before the outcome data were seen."""

    id: str
    registry: str | None = None
    date: str | None = None


class Arm(Spec):
    """A group that is treated alike. In a trial one arm is the control: what would have happened anyway."""

    id: Identifier
    label: str
    control: bool = False


class Wave(Spec):
    """A time at which pupils answer."""

    id: Identifier
    label: str
    date: str | None = None


class Selection(Spec):
    """How pupils came to take part. When chosen for a low baseline, the unselected population's figures are needed."""

    chosen_on_baseline: bool
    description: str | None = None
    population: dict[Identifier, "PopulationFigures"] = Field(default_factory=dict)


class PopulationFigures(Spec):
    """Mean and retest correlation of the unselected population for one outcome, with their source."""

    mean: float
    retest_r: float = Field(ge=0, lt=1)
    source: str


class Delivery(Spec):
    """What was planned and what was delivered, where it is known."""

    planned: str | None = None
    delivered: str | None = None
    share_delivered: float | None = Field(default=None, ge=0, le=1)
    source: str | None = None


class Multiplicity(Spec):
    """How p-values are adjusted within the primary and within the secondary outcomes."""

    method: Literal["holm", "hochberg", "benjamini_hochberg", "none"] = "holm"
    family: str = "primary outcomes"


class MissingData(Spec):
    """What happens to pupils without a score in one of the waves.

    strategy : who is in the primary analysis; with multiple_imputation it stands beside the complete cases
    baseline : pupils without a baseline are left out, or stay by the missing-indicator method (randomised designs only)
    auxiliary : ids of covariates or subgroups that only the imputation model uses
    imputations : how many imputed data sets
    """

    strategy: Literal["complete_cases", "multiple_imputation"] = "complete_cases"
    baseline: Literal["leave_out", "indicator"] = "leave_out"
    auxiliary: tuple[Identifier, ...] = ()
    imputations: int = Field(default=20, ge=2, le=1000)
    note: str | None = None


class DataFile(Spec):
    """One survey file as the school sent it. Without `wave`, the file must have a wave column."""

    path: str
    wave: Identifier | None = None
    sheet: str | None = None
    mapping: str | None = None


class Hubs(Spec):
    """The list of schools by hub and trust, and what the lead of a hub may see.

    path : a file with the columns URN, School, Hub, Trust
    schools_named : the schools agreed that the lead of their hub sees which school is which, where it has enough pupils
    """

    path: str | None = None
    sheet: str | None = None
    schools_named: bool = False


class Data(Spec):
    """Where the data are: survey files as sent and, in a trial, the list of schools; or a release made earlier.

    hubs : in which hub and trust schools are, for the pages of hubs and trusts
    synthetic : what a reader must know when nobody gave these answers
    obtain : how to get files that may not be passed on; told when they are not there
    """

    files: tuple[DataFile, ...] = ()
    schools: DataFile | None = None
    hubs: Hubs | None = Field(default=None, exclude_if=lambda value: value is None)
    release: str | None = None
    synthetic: str | None = None
    obtain: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.files and self.release:
            raise ValueError("give either 'files' or 'release', not both")
        return self
