"""What a plan says of a randomised trial: allocation, strata, compliance, analysis, rating, cost, context."""

from typing import Literal, Self

from pydantic import Field, model_validator

from evalkit.records.characteristic import Characteristic
from evalkit.records.instrument_parts import Identifier
from evalkit.records.spec_file import Spec

ThreatLevel = Literal["low", "moderate", "high"]
BiasDirection = Literal["unknown", "upward", "downward"]


class Column(Spec):
    """How files head a column, besides its usual name."""

    headers: tuple[str, ...] = ()


class AllocationSource(Spec):
    """Where it stands which school (or pupil) was put into which arm.

    certificate : the file that `evalkit randomise` wrote; it then decides, and a column is held against it
    headers : how the column with the arm is headed, in the pupil or the school file
    values : text in the file -> arm of the plan
    """

    certificate: str | None = None
    headers: tuple[str, ...] = ()
    values: dict[str, Identifier] = Field(default_factory=dict)


class Compliance(Spec):
    """How much of the programme a school or a pupil got: yes or no, or an amount.

    kind : yes_no (cells say yes or no) or dose (a number from low to high)
    complied_from : the dose from which on the programme counts as delivered as planned
    """

    id: Identifier
    label: str
    headers: tuple[str, ...] = ()
    level: Literal["pupil", "school"] = "school"
    kind: Literal["yes_no", "dose"] = "dose"
    low: float = 0
    high: float | None = None
    unit: str = "units"
    complied_from: float | None = None

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.kind == "dose" and self.high is None:
            raise ValueError("a dose needs 'high', the most that there can be")
        if self.kind == "dose" and self.high is not None and self.low >= self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        if self.kind == "yes_no" and self.complied_from is not None:
            raise ValueError("'complied_from' belongs to a dose; for yes_no leave it out")
        return self

    @property
    def highest(self) -> float:
        """The most that a cell may hold; 1 for yes_no."""
        return 1.0 if self.kind == "yes_no" or self.high is None else self.high


class TrialAnalysis(Spec):
    """Choices of the analysis, fixed before the outcome data were seen.

    df : degrees of freedom of the primary test
    class_level : whether classes are a level of their own between pupils and schools
    varying_effect : multisite trials: whether the effect may differ between schools (a random slope)
    permutations, bootstrap : draws of the randomisation test and of the bootstrap interval; 0 leaves them out
    """

    df: Literal["kenward-roger", "satterthwaite"] = "kenward-roger"
    class_level: bool = False
    varying_effect: bool = False
    permutations: int = Field(default=1000, ge=0, le=100_000)
    bootstrap: int = Field(default=1000, ge=0, le=100_000)


class AssumedDesign(Spec):
    """One column of the MDES table: what was assumed at a stage, for a group of pupils. As `ek.TrialDesign`."""

    stage: Literal["protocol", "randomisation"]
    group: str = "all"
    schools: float | None = Field(default=None, gt=0)
    classes: float | None = Field(default=None, gt=0)
    pupils: float = Field(gt=0)
    share_treated: float = Field(default=0.5, gt=0, lt=1)
    icc: float | None = Field(default=None, ge=0, lt=1)
    icc_class: float = Field(default=0, ge=0, lt=1)
    r2_pupil: float = Field(default=0, ge=0, lt=1)
    r2_school: float = Field(default=0, ge=0, lt=1)
    covariates: int = Field(default=0, ge=0)
    size_cv: float = Field(default=0, ge=0)
    power: float = Field(default=0.8, gt=0, lt=1)


class RatedThreat(Spec):
    """A threat to validity as the evaluator rated it, and why."""

    level: ThreatLevel
    direction: BiasDirection = "unknown"
    reason: str


class Security(Spec):
    """The evaluator's part of the security rating: the seven threats (ids in `standards.yaml`)."""

    rated_by: str
    threats: dict[str, RatedThreat]


class CostLine(Spec):
    """One thing that delivery costs: pounds in each year, over all schools; nothing that only the evaluation needs."""

    name: str
    timing: Literal["start_up", "recurring", "prerequisite"]
    amounts: tuple[float, ...] = Field(min_length=1)


class Cost(Spec):
    """Cost of delivery over the years, pupils reached in each year, days of school staff in each year."""

    items: tuple[CostLine, ...] = Field(min_length=1)
    pupils: tuple[float, ...] = Field(min_length=1)
    staff_days: tuple[float, ...] = ()
    source: str


class PublishedFigure(Spec):
    """Something published about this trial or programme, shown only as context."""

    what: str
    value: str
    source: str


class ReportTexts(Spec):
    """What no number can tell, in the evaluator's words, for the places that the EEF's report template has for it.

    A blank line starts a paragraph; a paragraph whose lines all start with "- " is a list.

    logic_model : how the programme is meant to work, from what is given to what should change
    ethics : who approved the trial, how schools and parents were asked
    personnel : who delivered, who evaluated, and what ties them
    timeline : what happened when
    process_evaluation : methods and findings of the implementation and process evaluation
    """

    logic_model: str = ""
    ethics: str = ""
    personnel: str = ""
    timeline: str = ""
    process_evaluation: str = ""


class Trial(Spec):
    """A randomised trial: everything that the design adds to a plan.

    school, class_ : how the columns are headed
    allocation : where the arms stand
    strata : strata of the randomisation, or factors of the minimisation: they are in the model
    compliance : how much of the programme was taken up
    left, school_left : why a pupil or a school has no outcome
    analysis : choices of the analysis
    assumed : columns of the MDES table for earlier stages
    security, cost, context, checklist : the evaluator's parts of rating, cost, context and CONSORT checklist
    texts : the evaluator's words for the report
    """

    school: Column = Column()
    class_: Column | None = Field(default=None, alias="class")
    allocation: AllocationSource = AllocationSource()
    strata: tuple[Characteristic, ...] = ()
    compliance: tuple[Compliance, ...] = ()
    left: Characteristic | None = None
    school_left: Characteristic | None = None
    analysis: TrialAnalysis = TrialAnalysis()
    assumed: tuple[AssumedDesign, ...] = ()
    security: Security | None = None
    cost: Cost | None = None
    context: tuple[PublishedFigure, ...] = ()
    checklist: dict[str, str] = Field(default_factory=dict)
    texts: ReportTexts = ReportTexts()
