"""The pre-registered plan of an evaluation (`evaluation.yaml`) as a frozen record."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from evalkit.errors import SpecError
from evalkit.records.evaluation_checks import Fault, plan_faults
from evalkit.records.instrument import Identifier, Instrument, instrument_versions, load_instrument
from evalkit.records.spec_file import Faults, Spec, read_spec, read_yaml, validate_spec

EVALUATION_SCHEMA = "evalkit-evaluation/1"
EVALUATION_FILE = "evaluation.yaml"
Design = Literal["single_group_prepost"]
Status = Literal["V", "D", "M"]


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
    """A group that is treated alike."""

    id: Identifier
    label: str


class Wave(Spec):
    """A time at which pupils answer."""

    id: Identifier
    label: str
    date: str | None = None


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


class Outcome(Spec):
    """A score of an instrument that the programme is meant to change."""

    id: Identifier
    label: str
    instrument: Identifier
    version: str | None = None
    score: Identifier
    role: Literal["primary", "secondary"]
    estimand: Estimand
    smallest_worthwhile: SmallestWorthwhile | None = None
    retest: Retest | None = None

    @property
    def scale(self) -> str:
        """The name of the scale in every table: instrument.score."""
        return f"{self.instrument}.{self.score}"


class Characteristic(Spec):
    """A column of the pupil list that is used as covariate or subgroup."""

    id: Identifier
    label: str
    headers: tuple[str, ...] = ()
    values: dict[str, str] = Field(default_factory=dict)


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
    """What happens to pupils without a score in one of the waves."""

    strategy: Literal["complete_cases"] = "complete_cases"
    note: str | None = None


class DataFile(Spec):
    """One survey file as the school sent it. Without `wave`, the file must have a wave column."""

    path: str
    wave: Identifier | None = None
    sheet: str | None = None
    mapping: str | None = None


class Data(Spec):
    """Where the data are: survey files as sent, or a release made earlier."""

    files: tuple[DataFile, ...] = ()
    release: str | None = None
    synthetic: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        if self.files and self.release:
            raise ValueError("give either 'files' or 'release', not both")
        return self


class Evaluation(Spec):
    """The plan: programme, design, arms, waves, outcomes and every choice made before the data were seen."""

    schema_: Literal["evalkit-evaluation/1"] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
    title: str
    programme: Programme
    registration: Registration | None = None
    design: Design
    unit_of_randomisation: Literal["none", "pupil", "class", "school"] = "none"
    arms: tuple[Arm, ...] = Field(min_length=1)
    waves: tuple[Wave, ...] = Field(min_length=1)
    outcomes: tuple[Outcome, ...] = Field(min_length=1)
    covariates: tuple[Characteristic, ...] = ()
    subgroups: tuple[Characteristic, ...] = ()
    selection: Selection | None = None
    delivery: Delivery | None = None
    missing_data: MissingData = MissingData()
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    sides: Literal[1, 2] = 2
    multiplicity: Multiplicity = Multiplicity()
    suppression_threshold: int = Field(default=10, ge=3, le=100)
    seed: int = Field(ge=0, le=2**32 - 1)
    pupil_headers: tuple[str, ...] = ()
    data: Data | None = None
    contact: str | None = None

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        faults = plan_faults(self)
        if faults:
            raise Faults(faults)
        return self

    @property
    def conf_level(self) -> float:
        """The level of every interval: 1 - alpha."""
        return 1 - self.alpha

    def outcome(self, outcome_id: str) -> Outcome:
        """The outcome with this id."""
        return next(outcome for outcome in self.outcomes if outcome.id == outcome_id)


class ItemWording(Spec):
    """The wording of one instrument that the user holds a licence for."""

    version: str
    permission: str
    may_be_shared: bool = False
    items: dict[Identifier, str]


class Wording(Spec):
    """`wording.yaml` beside the plan: used to recognise columns; never printed unless `may_be_shared` is true."""

    schema_: Literal["evalkit-wording/1"] = Field(alias="schema")
    instruments: dict[Identifier, ItemWording]


@dataclass(frozen=True, slots=True)
class Study:
    """An evaluation with all that its plan refers to.

    Attributes
    ----------
    plan : Evaluation - evaluation.yaml
    folder : Path - where it stands
    instruments : tuple of Instrument - one for every instrument the plan names, in the plan's order
    wording : mapping of instrument id to the user's own wording
    """

    plan: Evaluation
    folder: Path
    instruments: tuple[Instrument, ...]
    wording: dict[str, ItemWording]

    def instrument(self, instrument_id: str) -> Instrument:
        """The instrument with this id."""
        return next(one for one in self.instruments if one.id == instrument_id)

    def items(self, instrument_id: str) -> tuple[str, ...]:
        """The ids of the items that the plan's outcomes need from this instrument, in questionnaire order."""
        instrument = self.instrument(instrument_id)
        wanted: set[str] = set()
        for outcome in self.plan.outcomes:
            if outcome.instrument == instrument_id:
                wanted |= set(instrument.items_of(outcome.score))
        return tuple(item.id for item in instrument.items if item.id in wanted)


def load_evaluation(place: str | Path) -> Study:
    """Load a plan with its instruments.

    Parameters
    ----------
    place : the folder that holds `evaluation.yaml`, or the file itself

    Raises
    ------
    SpecError
        Naming file, line and key of every problem, also an instrument, score or version that does not exist.
    """
    path = Path(place)
    path = path / EVALUATION_FILE if path.is_dir() else path
    if not path.is_file():
        raise SpecError(
            f"{path}: there is no evaluation plan here. Name the folder that holds {EVALUATION_FILE}, "
            "or make one with 'evalkit new NAME'."
        )
    file = read_yaml(path)
    plan = validate_spec(file, Evaluation)
    instruments, faults = _load_instruments(plan, path.parent)
    if faults:
        problems = [sentence if not key else f"{path}, line {file.line(key)}: {sentence}" for key, sentence in faults]
        raise SpecError(f"{path}: the plan asks for something that is not there.", problems=problems)
    return Study(plan, path.parent, tuple(instruments), _load_wording(path.parent, instruments))


def _load_instruments(plan: Evaluation, folder: Path) -> tuple[list[Instrument], list[Fault]]:
    """The instruments in the plan's order, and (key in the plan, sentence) for what cannot be had."""
    instruments: list[Instrument] = []
    faults: list[Fault] = []
    for name in dict.fromkeys(outcome.instrument for outcome in plan.outcomes):
        first = next(place for place, outcome in enumerate(plan.outcomes) if outcome.instrument == name)
        named = sorted({one.version for one in plan.outcomes if one.instrument == name and one.version is not None})
        several = instrument_versions(name, beside=folder)
        if several and len(named) > 1:
            sentence = f"{name}: the outcomes name {' and '.join(named)}. Two versions are never mixed; keep one."
            faults.append((("outcomes", first, "version"), sentence))
            continue
        try:
            instruments.append(load_instrument(name, version=named[0] if several and named else None, beside=folder))
        except SpecError as error:
            own_file = error.problems != (error.message,)
            faults += [(() if own_file else ("outcomes", first, "instrument"), one) for one in error.problems]
    loaded = {instrument.id: instrument for instrument in instruments}
    for place, outcome in enumerate(plan.outcomes):
        if outcome.instrument in loaded:
            faults += _outcome_faults(outcome, place, loaded[outcome.instrument])
    return instruments, faults


def _outcome_faults(outcome: Outcome, place: int, instrument: Instrument) -> list[Fault]:
    faults: list[Fault] = []
    if outcome.version is not None and outcome.version != instrument.version:
        sentence = (
            f"outcome {outcome.id}: the plan names version '{outcome.version}' of {instrument.id}, the instrument file "
            f"is version '{instrument.version}'. Two versions are never mixed."
        )
        faults.append((("outcomes", place, "version"), sentence))
    chosen = next((score for score in instrument.scores if score.id == outcome.score), None)
    if chosen is None:
        scores = ", ".join(score.id for score in instrument.scores)
        sentence = f"outcome {outcome.id}: {instrument.id} has no score '{outcome.score}'. Use one of: {scores}."
        faults.append((("outcomes", place, "score"), sentence))
    elif chosen.purpose == "check":
        sentence = (
            f"outcome {outcome.id}: the score '{chosen.id}' tests the answers and is no outcome. Use another score."
        )
        faults.append((("outcomes", place, "score"), sentence))
    return faults


def _load_wording(folder: Path, instruments: list[Instrument]) -> dict[str, ItemWording]:
    path = folder / "wording.yaml"
    if not path.is_file():
        return {}
    wording = read_spec(path, Wording).instruments
    problems: list[str] = []
    for instrument in instruments:
        own = wording.get(instrument.id)
        if own is None:
            continue
        if own.version != instrument.version:
            problems.append(
                f"{instrument.id}: wording is for version '{own.version}', needed is '{instrument.version}'."
            )
        known = {item.id for item in instrument.items}
        problems += [f"{instrument.id}: there is no item '{item}'." for item in own.items if item not in known]
    if problems:
        raise SpecError(f"{path}: the wording does not fit the instruments.", problems=problems)
    return wording
