"""The pre-registered plan of an evaluation (`evaluation.yaml`) as a frozen record."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast, get_args

from pydantic import Field, model_validator

from evalkit.errors import SpecError
from evalkit.records.characteristic import Characteristic
from evalkit.records.clusters import Clusters
from evalkit.records.comparison import Comparison
from evalkit.records.data_protection import DataProtection
from evalkit.records.evaluation_checks import Fault, plan_faults
from evalkit.records.evaluation_parts import (
    Arm,
    Data,
    Delivery,
    MissingData,
    Multiplicity,
    Programme,
    Registration,
    Selection,
    Wave,
)
from evalkit.records.feedback import Feedback
from evalkit.records.figure import Figures
from evalkit.records.instrument import Instrument, instrument_versions, load_instrument
from evalkit.records.measure import Measure, instrument_of
from evalkit.records.outcome import Baseline, Outcome
from evalkit.records.spec_file import Faults, Spec, read_yaml, validate_spec
from evalkit.records.standards import load_standards
from evalkit.records.standards_disclosure import ProfileName
from evalkit.records.trial import Trial
from evalkit.records.wording import ItemWording, load_wording

EVALUATION_FILE = "evaluation.yaml"
Design = Literal[
    "single_group_prepost",
    "cluster_trial",
    "individual_trial",
    "multisite_trial",
    "matched_comparison",
    "comparison_prepost",
    "feedback_survey",
    "national_comparison",
]
TRIALS: tuple[Design, ...] = ("cluster_trial", "individual_trial", "multisite_trial")
COMPARISONS: tuple[Design, ...] = ("matched_comparison", "comparison_prepost")


class Evaluation(Spec):
    """The plan: programme, design, arms, waves, outcomes and every choice made before the data were seen."""

    schema_: Literal["evalkit-evaluation/1"] = Field(alias="schema")
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
    title: str
    programme: Programme
    registration: Registration | None = None
    design: Design
    unit_of_randomisation: Literal["none", "pupil", "class", "school"] = "none"
    arms: tuple[Arm, ...] = ()
    waves: tuple[Wave, ...] = ()
    measures: tuple[Measure, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    figures: Figures | None = Field(default=None, exclude_if=lambda value: value is None)
    feedback: Feedback | None = Field(default=None, exclude_if=lambda value: value is None)
    covariates: tuple[Characteristic, ...] = ()
    subgroups: tuple[Characteristic, ...] = ()
    trial: Trial | None = None
    comparison: Comparison | None = None
    clusters: Clusters | None = None
    selection: Selection | None = None
    delivery: Delivery | None = None
    missing_data: MissingData = MissingData()
    alpha: float = Field(default=0.05, gt=0, lt=0.5)
    sides: Literal[1, 2] = 2
    multiplicity: Multiplicity = Multiplicity()
    suppression_threshold: int = Field(default=10, ge=3, le=100)
    disclosure_profile: ProfileName | None = None
    seed: int = Field(ge=0, le=2**32 - 1)
    pupil_headers: tuple[str, ...] = ()
    data: Data | None = None
    data_protection: DataProtection | None = None
    contact: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _threshold_of_the_profile(cls, data: Any) -> Any:
        """A profile without a threshold of the plan's own brings its own."""
        if not isinstance(data, dict):
            return data
        content = cast("dict[str, Any]", data)
        name: Any = content.get("disclosure_profile")
        if name not in get_args(ProfileName) or "suppression_threshold" in content:
            return content
        return {**content, "suppression_threshold": load_standards().disclosure.profile(name).one_threshold}

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

    @property
    def is_trial(self) -> bool:
        """Whether arms were allocated at random."""
        return self.design in TRIALS

    @property
    def is_comparison(self) -> bool:
        """Whether groups are compared that nobody drew at random."""
        return self.design in COMPARISONS

    @property
    def has_groups(self) -> bool:
        """Whether arms are compared, drawn at random or not."""
        return self.is_trial or self.is_comparison

    @property
    def groups(self) -> Trial | None:
        """What the plan says of schools and groups, in a trial or a comparison; None where there is one group only."""
        return self.trial or (self.comparison.groups if self.comparison else None)

    @property
    def assigned_unit(self) -> Literal["none", "pupil", "class", "school"]:
        """What was randomised; in a comparison what was chosen for the programme."""
        return self.comparison.assigned if self.comparison else self.unit_of_randomisation

    @property
    def needs_school(self) -> bool:
        """Whether the analysis cannot do without the pupils' schools."""
        return self.assigned_unit != "pupil" if self.comparison else self.design != "individual_trial"

    @property
    def baseline_wave(self) -> str:
        """The wave of the baseline: the last one before the programme began, which is the first unless said."""
        named = self.comparison.last_wave_before if self.comparison else None
        return named if named in [wave.id for wave in self.waves] and named else self.waves[0].id

    @property
    def only_figures(self) -> bool:
        """Whether there are no answers in files, only figures as they were printed."""
        return not self.outcomes

    @property
    def anonymous(self) -> bool:
        """Whether each answer is a person of its own, because nobody is known again at another wave."""
        return self.design == "feedback_survey" and not (self.feedback and self.feedback.linked)

    @property
    def control(self) -> Arm:
        """The control arm of a trial, the comparison group; of a single group, its one arm."""
        return next((arm for arm in self.arms if arm.control), self.arms[0])

    def wave_of(self, outcome: Outcome) -> str:
        """When an outcome is measured: its own wave, else the first one after the baseline."""
        waves = [wave.id for wave in self.waves]
        return outcome.wave or waves[min(waves.index(self.baseline_wave) + 1, len(waves) - 1)]

    def baseline_of(self, outcome: Outcome) -> Baseline:
        """The score that stands for an outcome at the baseline wave: its own baseline, else the same score."""
        return outcome.baseline or Baseline(instrument=outcome.instrument, score=outcome.score)

    @property
    def _start(self) -> tuple[Characteristic, ...]:
        """When pupils or schools of a comparison started, as a column of the files."""
        fact = self.comparison.start_fact if self.comparison is not None else None
        return (fact,) if fact is not None else ()

    @property
    def pupil_facts(self) -> tuple[Characteristic, ...]:
        """Every characteristic that stands in a pupil file, each once, in the plan's order."""
        found = [*self.covariates, *self.subgroups, *self._start, *(self.clusters.facts if self.clusters else ())]
        groups = self.groups
        if groups is not None:
            found += [*groups.strata, *([groups.left] if groups.left else [])]
        return tuple({one.id: one for one in found if one.level == "pupil"}.values())

    @property
    def school_facts(self) -> tuple[Characteristic, ...]:
        """Every characteristic of schools, each once: the school list holds it, or else the pupil file."""
        found = [*self.covariates, *self.subgroups, *self._start]
        groups = self.groups
        if groups is not None:
            found += [*groups.strata, *([groups.school_left] if groups.school_left else [])]
        return tuple({one.id: one for one in found if one.level == "school"}.values())

    def outcome(self, outcome_id: str) -> Outcome:
        """The outcome with this id."""
        return next(outcome for outcome in self.outcomes if outcome.id == outcome_id)


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
        """The ids of the items that the plan needs from this instrument, in questionnaire order."""
        instrument = self.instrument(instrument_id)
        wanted: set[str] = set()
        for name, score in self.scores:
            if name == instrument_id:
                wanted |= set(instrument.items_of(score))
        return tuple(item.id for item in instrument.items if item.id in wanted)

    @property
    def scores(self) -> tuple[tuple[str, str], ...]:
        """Every (instrument, score) that the plan needs, each once: the outcomes, then baselines of another measure."""
        outcomes = [(one.instrument, one.score) for one in self.plan.outcomes]
        others = [(one.baseline.instrument, one.baseline.score) for one in self.plan.outcomes if one.baseline]
        return tuple(dict.fromkeys([*outcomes, *others]))

    def items_at(self, wave: str) -> tuple[str, ...]:
        """The items, as instrument.item, that a file of this wave must hold.

        A measure is needed at the waves that it names. A questionnaire is needed at every wave; in a trial, where the
        baseline is another measure, only from the outcome's wave on, and a baseline questionnaire at the first wave.
        """
        needed: dict[str, None] = {}
        measures = {one.id: one for one in self.plan.measures}
        for instrument in self.instruments:
            if instrument.id in measures:
                present = wave in measures[instrument.id].waves
            else:
                present = wave in self._questionnaire_waves(instrument.id)
            if present:
                needed |= dict.fromkeys(f"{instrument.id}.{item}" for item in self.items(instrument.id))
        return tuple(needed)

    def waves_of(self, instrument_id: str) -> tuple[str, ...]:
        """The waves at which the plan needs an instrument, in the plan's order."""
        items = {f"{instrument_id}.{item}" for item in self.items(instrument_id)}
        return tuple(wave.id for wave in self.plan.waves if items & set(self.items_at(wave.id)))

    def _questionnaire_waves(self, instrument_id: str) -> set[str]:
        waves = [wave.id for wave in self.plan.waves]
        found: set[str] = set()
        for outcome in self.plan.outcomes:
            own = self.plan.baseline_of(outcome).instrument == instrument_id
            if outcome.instrument == instrument_id:
                found |= set(waves[waves.index(self.plan.wave_of(outcome)) :])
            if own:
                found |= set(waves[: waves.index(self.plan.baseline_wave) + 1])
        return found


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
    return Study(plan, path.parent, tuple(instruments), load_wording(path.parent, instruments))


def _load_instruments(plan: Evaluation, folder: Path) -> tuple[list[Instrument], list[Fault]]:
    """The instruments in the plan's order, and (key in the plan, sentence) for what cannot be had."""
    instruments: list[Instrument] = []
    faults: list[Fault] = []
    measures = {one.id: one for one in plan.measures}
    for name in _instruments_named(plan):
        if name in measures:
            instruments.append(instrument_of(measures[name]))
            continue
        first = next(place for place, outcome in enumerate(plan.outcomes) if name in _named_by(outcome))
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
        if outcome.baseline is not None and outcome.baseline.instrument in loaded:
            faults += _baseline_faults(outcome, outcome.baseline, place, loaded[outcome.baseline.instrument])
    return instruments, faults


def _named_by(outcome: Outcome) -> tuple[str, ...]:
    return (outcome.instrument, *([outcome.baseline.instrument] if outcome.baseline else []))


def _instruments_named(plan: Evaluation) -> list[str]:
    """Outcomes' instruments first, then those that only a baseline needs; each once."""
    outcomes = [outcome.instrument for outcome in plan.outcomes]
    baselines = [outcome.baseline.instrument for outcome in plan.outcomes if outcome.baseline]
    return list(dict.fromkeys([*outcomes, *baselines]))


def _baseline_faults(outcome: Outcome, baseline: Baseline, place: int, instrument: Instrument) -> list[Fault]:
    if any(score.id == baseline.score for score in instrument.scores):
        return []
    scores = ", ".join(score.id for score in instrument.scores)
    sentence = (
        f"outcome {outcome.id}: the baseline {instrument.id} has no score '{baseline.score}'. Use one of: {scores}."
    )
    return [(("outcomes", place, "baseline", "score"), sentence)]


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
