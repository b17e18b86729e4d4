"""The pupils of each outcome with their schools: what the figures of schools, hubs and trusts are made of."""

import math
from dataclasses import dataclass, field

import pandas as pd

from evalkit.analysis.cluster_change import clustered_change
from evalkit.analysis.multilevel import multilevel
from evalkit.analysis.paired_sample import paired_samples
from evalkit.analysis.trial_model import fit_trial, fixed_part
from evalkit.analysis.trial_sample import TrialSample, randomised_pupils, trial_sample
from evalkit.errors import DesignError, FitError
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.outcome import Outcome
from evalkit.records.place_results import FigureKind
from evalkit.records.scores import Scores

NOT_A_NUMBER = "Figures of single schools are worked out for scores and other numbers only."


@dataclass(frozen=True, slots=True, eq=False)
class OfSchools:
    """The pupils of one outcome with their schools.

    Attributes
    ----------
    outcome : Outcome
    kind : change or level
    frame : frame - a row per pupil: school, before, after, arm (of kind level), result (the change; or the outcome
        minus what the fixed part of the model expects)
    problem : why schools cannot be set side by side, else empty
    """

    outcome: Outcome
    kind: FigureKind
    frame: pd.DataFrame = field(repr=False)
    problem: str = ""


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


def arms_of(scores: Scores, plan: Evaluation) -> dict[str, str]:
    """School -> the arm of all its pupils; schools with pupils in several arms are not in it."""
    if not plan.has_groups:
        return {}
    frame = randomised_pupils(scores, plan)[0].dropna(subset=["arm"])
    arms = frame.groupby(frame["school"].astype("str"))["arm"].agg(lambda own: sorted(set(own.astype("str"))))
    return {str(school): own[0] for school, own in arms.items() if len(own) == 1}


def of_schools(scores: Scores, study: Study, outcome: Outcome) -> OfSchools:
    """Each pupil's change, or outcome beside what the model expects, with the school."""
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
