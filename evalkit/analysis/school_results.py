"""Each school's own figures beside the programme's: means of its pupils, and its result drawn towards the average."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalkit.analysis.cluster_change import clustered_change
from evalkit.analysis.multilevel import multilevel
from evalkit.analysis.paired_sample import paired_samples
from evalkit.analysis.trial_model import fit_trial, fixed_part
from evalkit.analysis.trial_sample import TrialSample, randomised_pupils, trial_sample
from evalkit.analysis.trial_schools import pooled_variance, schools_shown
from evalkit.errors import DesignError, FitError
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.outcome import Outcome
from evalkit.records.school_results import FigureKind, SchoolFigure, SchoolResults
from evalkit.records.scores import Scores
from evalkit.records.standards import load_standards
from evalkit.stats.disclosure import mean_is_safe
from evalkit.stats.shrinkage import shrink_schools
from evalkit.stats.vectors import FloatArray

FEW = "Too few pupils: numbers are shown only when they rest on {threshold} pupils or more."
NOBODY = "No pupil of this school has a score that can be used here."
FEW_SCHOOLS = (
    "The programme has numbers from fewer than {fewest} schools, so yours beside them would tell about another school."
)
FEW_OTHERS = "The other schools have too few pupils to set yours beside them."
NOT_A_NUMBER = "Figures of single schools are worked out for scores and other numbers only."


@dataclass(frozen=True, slots=True, eq=False)
class OfSchools:
    """The pupils of one outcome with their schools.

    Attributes
    ----------
    outcome : Outcome
    kind : change or level
    frame : frame - a row per pupil: school, before, after, arm (of kind level), result (the change; or the outcome
        minus what the fixed part of the model expects), hub where there are several
    problem : why schools cannot be set side by side, else empty
    """

    outcome: Outcome
    kind: FigureKind
    frame: pd.DataFrame
    problem: str = ""


def school_results(
    scores: Scores, study: Study, *, names: Mapping[str, str] | None = None
) -> tuple[SchoolResults, ...]:
    """Make the record of every school in the data, in the order of their names.

    Parameters
    ----------
    scores : Scores
    study : Study
    names : what to call schools, by how they are written in the data

    Returns
    -------
    tuple of SchoolResults
        Numbers of a school are hidden where fewer of its pupils than the plan's threshold stand behind them, where all
        other schools together have fewer, and where fewer schools than `methods.fewest_schools_shown` are left.

    Raises
    ------
    DesignError
        The plan or the data know no schools.
    """
    plan = study.plan
    schools = schools_of(scores, plan)
    found = [_of_schools(scores, study, outcome) for outcome in plan.outcomes if outcome.role != "placebo"]
    figures = [_figures(one, plan, schools) for one in found]
    arms = _arms(scores, plan)
    return tuple(
        SchoolResults(
            school=school,
            name=(names or {}).get(school, school),
            arm=arms.get(school, ""),
            figures=tuple(by_school[school] for by_school in figures),
        )
        for school in schools
    )


def knows_schools(plan: Evaluation) -> bool:
    """Whether a plan of this kind says in which school pupils are."""
    named = plan.has_groups or plan.clusters is not None
    return named and not plan.only_figures and plan.design != "feedback_survey"


def schools_of(scores: Scores, plan: Evaluation) -> list[str]:
    """The schools of the pupils, sorted. Raises DesignError where the plan or the data know none."""
    if not knows_schools(plan):
        raise DesignError(
            f"{plan.id}: there is no report for every school, because the plan does not say which school pupils are "
            "in. A plan with one group names schools under 'clusters:'; a trial and a comparison know them anyway."
        )
    if "school" not in scores.roster.columns:
        raise DesignError(
            f"{plan.id}: the data do not say which school pupils are in. Add the column 'School' to the pupil files."
        )
    named = scores.roster["school"].fillna("").astype("str")
    return sorted(set(named) - {""})


def _arms(scores: Scores, plan: Evaluation) -> dict[str, str]:
    """School -> the arm of all its pupils; schools with pupils in several arms are not in it."""
    if not plan.has_groups:
        return {}
    frame = randomised_pupils(scores, plan)[0].dropna(subset=["arm"])
    arms = frame.groupby(frame["school"].astype("str"))["arm"].agg(lambda own: sorted(set(own.astype("str"))))
    return {str(school): own[0] for school, own in arms.items() if len(own) == 1}


def _of_schools(scores: Scores, study: Study, outcome: Outcome) -> OfSchools:
    if not study.plan.has_groups:
        return _changes(scores, study, outcome)
    empty = pd.DataFrame({"school": [], "result": []})
    if outcome.kind != "number":
        return OfSchools(outcome, "level", empty, NOT_A_NUMBER)
    sample = trial_sample(scores, study, outcome)
    try:
        return OfSchools(outcome, "level", _levels(sample))
    except FitError as error:
        return OfSchools(outcome, "level", empty, error.message)


def _changes(scores: Scores, study: Study, outcome: Outcome) -> OfSchools:
    sample = next(one for one in paired_samples(scores, study) if one.outcome.id == outcome.id)
    found = clustered_change(scores, study.plan, sample)
    frame = found.frame.rename(columns={"change": "result"})
    if not found.problem:
        before = scores.frame[(scores.frame["scale"] == outcome.scale) & (scores.frame["wave"] == sample.wave_pre)]
        values = pd.Series(before["value"].to_numpy(dtype="float64"), index=before["pupil"].astype("str"))
        frame = frame.assign(before=values.reindex(frame.index))
        frame = frame.assign(after=frame["before"] + frame["result"])
    return OfSchools(outcome, "change", frame, found.problem)


def _levels(sample: TrialSample) -> pd.DataFrame:
    """Outcomes beside what the fixed part of the primary model expects, schools being random in any case."""
    model = fit_trial(sample)
    if "school" not in model.data.columns:
        raise FitError("The data do not say which school the pupils are in.")
    fixed = fixed_part(model.formula).replace(" + C(school)", "")
    fit = multilevel(f"{fixed} + (1 | school)", model.data, df="normal")
    expected = fit.predict(random=False)
    data = model.data.loc[expected.index]
    before = sample.analysed["baseline"].reindex(data.index) if sample.has_baseline else math.nan
    return pd.DataFrame(
        {
            "school": data["school"].astype("str"), "arm": data["arm"].astype("str"), "before": before,
            "after": data["outcome"], "result": data["outcome"].astype("float64") - expected,
        }
    )  # fmt: skip


def _figures(found: OfSchools, plan: Evaluation, schools: Sequence[str]) -> dict[str, SchoolFigure]:
    """School -> its figure."""
    blank = SchoolFigure(outcome=found.outcome.id, kind=found.kind)
    if found.problem:
        return {school: _without(blank, found.problem) for school in schools}
    groups = found.frame.groupby("school")["result"]
    sizes, means = groups.size(), groups.mean()
    reasons = {school: _hidden(sizes, school, plan) for school in schools}
    if all(reasons.values()):
        return {school: _without(blank, reason) for school, reason in reasons.items()}
    hubs = found.frame.drop_duplicates("school").set_index("school")["hub"] if "hub" in found.frame else None
    try:
        shrunken = shrink_schools(
            means.to_numpy(), sizes.to_numpy(), conf_level=plan.conf_level,
            within_variance=pooled_variance(found.frame["result"], found.frame["school"]),
            hubs=None if hubs is None else pd.factorize(hubs.reindex(means.index), sort=True)[0],
        )  # fmt: skip
    except FitError as error:
        return {school: _without(blank, reasons[school] or error.message) for school in schools}
    parts = (
        shrunken.value, shrunken.low, shrunken.high,
        shrunken.deviation, shrunken.deviation_low, shrunken.deviation_high,
    )  # fmt: skip
    fewest = int(load_standards().methods.fewest_schools_shown.value)
    shown = schools_shown(sizes, threshold=plan.suppression_threshold, fewest=fewest)
    dots = pd.Series(shrunken.deviation, index=means.index)[shown].sort_values(kind="stable")
    rows = dict(zip(means.index, np.column_stack(parts), strict=True))
    return {
        school: _without(blank, reasons[school])
        if reasons[school]
        else _figure(found, school, rows[school], middle=shrunken.middle, dots=dots)
        for school in schools
    }


def _without(figure: SchoolFigure, reason: str) -> SchoolFigure:
    return SchoolFigure(outcome=figure.outcome, kind=figure.kind, reason=reason)


def _hidden(sizes: pd.Series, school: str, plan: Evaluation) -> str:
    """Why a school's numbers are not shown; empty where they are."""
    threshold, fewest = plan.suppression_threshold, int(load_standards().methods.fewest_schools_shown.value)
    own = int(sizes.get(school, 0))
    if own == 0:
        return NOBODY
    if not mean_is_safe(own, threshold):
        return FEW.format(threshold=threshold)
    if len(sizes) < fewest:
        return FEW_SCHOOLS.format(fewest=fewest)
    return "" if mean_is_safe(int(sizes.sum()) - own, threshold) else FEW_OTHERS


def _figure(found: OfSchools, school: str, row: FloatArray, *, middle: float, dots: pd.Series) -> SchoolFigure:
    own = found.frame[found.frame["school"] == school]
    peers = found.frame
    if found.kind == "level" and own["arm"].nunique() == 1:
        peers = peers[peers["arm"] == own["arm"].iloc[0]]
    change = found.kind == "change"
    value, low, high, beside, beside_low, beside_high = map(float, row)
    return SchoolFigure(
        outcome=found.outcome.id,
        kind=found.kind,
        n=float(len(own)),
        before=float(own["before"].mean()),
        after=float(own["after"].mean()),
        value=value if change else math.nan,
        low=low if change else math.nan,
        high=high if change else math.nan,
        beside=beside,
        beside_low=beside_low,
        beside_high=beside_high,
        schools_before=float(np.mean(peers["before"])),
        schools_after=float(np.mean(peers["after"])),
        average=middle if change else math.nan,
        others=tuple(map(float, dots.drop(school, errors="ignore"))),
    )
