"""What a plan says of a comparison without randomisation: who is in which group, how like is compared with like."""

from typing import Literal, Self

from pydantic import Field, model_validator

from evalkit.records.characteristic import Characteristic
from evalkit.records.instrument_parts import Identifier
from evalkit.records.spec_file import Spec
from evalkit.records.trial import AllocationSource, Column, Compliance, Cost, PublishedFigure, Security, Trial

MatchMethod = Literal["nearest", "optimal", "full", "exact", "coarsened"]
Target = Literal["att", "ate", "ato"]
Form = Literal["curved", "linear"]
NEVER = "never"  # in the column with the start: a pupil or school that never started
AssignedUnit = Literal["pupil", "class", "school"]


class GroupSource(Spec):
    """Where it stands who had the programme.

    headers : how the column with the group is headed, in the pupil or the school file
    values : text in the file -> arm of the plan
    """

    headers: tuple[str, ...] = ()
    values: dict[str, Identifier] = Field(default_factory=dict)


class Start(Spec):
    """Where several groups started one after the other: the column that says when.

    level : whether single pupils or whole schools started
    values : text in the file -> the wave at which the programme had first been at work, or `never`
    """

    headers: tuple[str, ...] = ()
    level: Literal["pupil", "school"] = "school"
    values: dict[str, str] = Field(default_factory=dict)


class Matching(Spec):
    """How comparison units are chosen and weighted, fixed before the outcomes were seen.

    unit : pupil, or school (whole schools are matched on their own facts and their pupils' means)
    method : nearest (greedy), optimal (least total distance, one set of `ratio` for each), full (everybody within
        reach, in sets of one against many), exact, coarsened (exact on classes of numbers)
    estimand : whom the difference is about: att (those who had the programme), ate (everybody), ato (those for whom
        both were likely: overlap weights are then the primary analysis)
    distance : propensity (linear predictor of a logit) or mahalanobis
    ratio : comparison units for each programme unit (nearest, optimal)
    replacement : whether a comparison unit may serve several programme units (nearest)
    caliper : largest distance allowed in standard deviations of the linear predictor; none: no limit
    exact : ids of characteristics on which partners must agree
    coarsen : id of a number -> cut points between its classes (coarsened); others are cut into `bins` equal parts
    form : how facts enter: curved (as they are, with curves of numbers and products of two facts in which the groups
        differ) or linear (as they are)
    on : what is matched on: `baseline` and ids of covariates; empty: the baseline and all covariates
    """

    unit: Literal["pupil", "school"] = "pupil"
    method: MatchMethod = "nearest"
    estimand: Target = "att"
    distance: Literal["propensity", "mahalanobis"] = "propensity"
    ratio: int = Field(default=1, ge=1, le=20)
    replacement: bool = False
    caliper: float | None = Field(default=0.2, gt=0)
    exact: tuple[Identifier, ...] = ()
    coarsen: dict[Identifier, tuple[float, ...]] = Field(default_factory=dict)
    bins: int = Field(default=5, ge=2, le=50)
    form: Form = "curved"
    on: tuple[Identifier, ...] = ()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.replacement and self.method != "nearest":
            raise ValueError(f"'replacement' belongs to the method nearest; {self.method} uses each unit once")
        if self.ratio > 1 and self.method not in ("nearest", "optimal"):
            raise ValueError(f"'ratio' belongs to nearest and optimal; the sets of {self.method} have any size")
        if self.estimand == "ate" and self.method in ("nearest", "optimal"):
            raise ValueError(
                f"{self.method} chooses partners for those who had the programme, which is the estimand att; "
                "use the method full, exact or coarsened for ate"
            )
        if self.coarsen and self.method != "coarsened":
            raise ValueError("'coarsen' belongs to the method coarsened")
        return self


class Comparison(Spec):
    """A programme group beside a comparison group that nobody drew at random.

    school, class_ : how the columns are headed; without a school column pupils stand for themselves
    group : where it stands who had the programme
    assigned : what was chosen for the programme: errors are clustered there
    programme_schools : names of schools with the programme in any year: none of them may be a comparison school
    last_wave_before : the last wave before the programme began; the first one when left out
    start : where groups started at different times (comparison_prepost)
    permutations : draws of the permutation test of pupils (comparison_prepost); 0 leaves it out
    matching : how partners are found (matched_comparison)
    compliance, left, school_left, security, cost, context, checklist : as in a trial
    """

    school: Column = Column()
    class_: Column | None = Field(default=None, alias="class")
    group: GroupSource = GroupSource()
    assigned: AssignedUnit = "school"
    programme_schools: tuple[str, ...] = ()
    last_wave_before: Identifier | None = None
    start: Start | None = None
    permutations: int = Field(default=2000, ge=0, le=100_000)
    matching: Matching | None = None
    compliance: tuple[Compliance, ...] = ()
    left: Characteristic | None = None
    school_left: Characteristic | None = None
    security: Security | None = None
    cost: Cost | None = None
    context: tuple[PublishedFigure, ...] = ()
    checklist: dict[str, str] = Field(default_factory=dict)

    @property
    def start_fact(self) -> Characteristic | None:
        """The start as a column of the files."""
        if self.start is None:
            return None
        return Characteristic(
            id="start", label="Start", headers=self.start.headers, values=self.start.values, level=self.start.level
        )

    @property
    def groups(self) -> Trial:
        """What it shares with a trial: where schools and groups stand, compliance, rating, cost, context."""
        return Trial.model_construct(
            school=self.school,
            class_=self.class_,
            allocation=AllocationSource(headers=self.group.headers, values=self.group.values),
            compliance=self.compliance,
            left=self.left,
            school_left=self.school_left,
            security=self.security,
            cost=self.cost,
            context=self.context,
            checklist=self.checklist,
        )
