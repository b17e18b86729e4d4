"""From scores, roster and school list to everyone who was randomised, and the pupils of one outcome of a trial."""

import math
from dataclasses import dataclass, field

import pandas as pd

from evalkit.records.characteristic import Characteristic
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.outcome import Outcome
from evalkit.records.scores import Scores

NOT_RECORDED = "not recorded"
GAP = "_missing"  # ending of the indicator column of a number with gaps


@dataclass(frozen=True, slots=True, eq=False)
class TrialSample:
    """The pupils of one outcome, in the order of their codes.

    Attributes
    ----------
    plan : Evaluation
    outcome : Outcome
    wave : when it was measured
    scale_version, baseline_version : versions of the two scales in these data; baseline_version is empty without one
    low, high, higher_is : of the outcome's scale
    baseline_low, baseline_high : of the baseline's scale
    frame : frame - a row per pupil who was randomised: `pupil school classroom arm outcome baseline` (classroom only
        where there are classes; arm a category with the control first), each stratum, covariate, subgroup and
        compliance of the plan as they stand in the data, gaps and all; and true/false columns `in_population` (the
        outcome's own pupils) and `analysed`
    terms : the fixed part of the primary model after the arm: baseline, strata, covariates, indicators of gaps
    fills : numbers whose gaps are filled in the model (the missing-indicator method), with what fills them
    left_out : terms of the plan that are not in the model, with the reason
    schools : frame - a row per school that was randomised, `school` and `arm` first
    """

    plan: Evaluation
    outcome: Outcome
    wave: str
    scale_version: str
    baseline_version: str
    low: float
    high: float
    higher_is: str
    baseline_low: float
    baseline_high: float
    frame: pd.DataFrame = field(repr=False)
    terms: tuple[str, ...]
    fills: tuple[tuple[str, float], ...]
    left_out: tuple[tuple[str, str], ...]
    schools: pd.DataFrame = field(repr=False)

    @property
    def analysed(self) -> pd.DataFrame:
        """The pupils of the primary analysis, with what stands in the data."""
        return self.frame[self.frame["analysed"]]

    def model_data(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Rows of `frame` as the model takes them: gaps filled, each with its indicator."""
        data = rows.copy()
        for name, value in self.fills:
            data[f"{name}{GAP}"] = data[name].isna().astype("float64")
            data[name] = data[name].fillna(value)
        return data

    @property
    def population(self) -> pd.DataFrame:
        """The pupils whom the outcome is about, those without an outcome too."""
        return self.frame[self.frame["in_population"]]

    @property
    def has_baseline(self) -> bool:
        """Whether there is a baseline in the model."""
        return "baseline" in self.terms

    @property
    def treated(self) -> tuple[str, ...]:
        """The ids of the arms that are compared with the control, in the plan's order."""
        return tuple(arm.id for arm in self.plan.arms if not arm.control)

    @property
    def unit(self) -> str:
        """The column of what was randomised: school, classroom or pupil."""
        return {"class": "classroom"}.get(self.plan.assigned_unit, self.plan.assigned_unit)


def trial_sample(scores: Scores, study: Study, outcome: Outcome, *, wave: str | None = None) -> TrialSample:
    """Put together who was randomised, what is known of each pupil, and who is analysed.

    Parameters
    ----------
    scores : Scores
    study : Study
    outcome : Outcome
    wave : another wave than the outcome's own, for a follow-up
    """
    plan = study.plan
    when = wave or plan.wave_of(outcome)
    frame, schools = randomised_pupils(scores, plan)
    instrument = study.instrument(outcome.instrument)
    frame["outcome"], version = scores_at(scores, frame["pupil"], outcome.scale, when)
    frame["in_population"] = _in_population(frame, outcome)
    before = plan.baseline_of(outcome)
    baseline, baseline_version = scores_at(scores, frame["pupil"], before.scale, plan.baseline_wave)
    frame["baseline"] = baseline
    has_baseline = when != plan.baseline_wave and bool(baseline.notna().any())
    frame["baseline"] = frame["baseline"] if has_baseline else math.nan
    terms, fills, left_out = _model_terms(frame, plan, with_baseline=has_baseline)
    low, high = instrument.range_of(outcome.score)
    baseline_low, baseline_high = study.instrument(before.instrument).range_of(before.score)
    return TrialSample(
        plan=plan,
        outcome=outcome,
        wave=when,
        scale_version=version or instrument.identity,
        baseline_version=baseline_version if "baseline" in terms else "",
        low=low,
        high=high,
        higher_is=instrument.score(outcome.score).higher_is,
        baseline_low=baseline_low,
        baseline_high=baseline_high,
        frame=frame.assign(analysed=_complete(frame, terms, [name for name, _ in fills])),
        terms=tuple(terms),
        fills=tuple(fills),
        left_out=tuple(left_out),
        schools=schools,
    )


def randomised_pupils(scores: Scores, plan: Evaluation) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The roster with the facts of schools beside each pupil's, and the school list; both in order of codes.

    Numbers are numbers, categories are text with `not recorded` where nothing stands.
    """
    frame = scores.roster.sort_values("pupil").reset_index(drop=True).copy()
    if not plan.needs_school and "school" in frame.columns and _blank(frame["school"]).any():
        frame = frame.drop(columns="school")  # no model of this design needs it, and a gap would cost a pupil
    schools = scores.schools.copy()
    if len(schools):
        schools = schools.sort_values("school").reset_index(drop=True)
        beside = [name for name in schools.columns if name not in frame.columns and name != "arm"]
        frame = frame.merge(schools[["school", *beside]], on="school", how="left", sort=False)
    elif "school" in frame.columns:
        schools = _schools_of(frame, plan)
    if "class" in frame.columns:
        frame["classroom"] = (frame["school"] + ": " + frame["class"]).where(frame["class"].fillna("") != "")
        frame = frame.drop(columns="class")
    for fact in (*plan.pupil_facts, *plan.school_facts):
        for table in (frame, schools):
            if fact.id in table.columns:
                table[fact.id] = _as_meant(table[fact.id], fact)
    order = [plan.control.id, *(arm.id for arm in plan.arms if not arm.control)]
    frame["arm"] = pd.Categorical(frame["arm"], categories=order)
    return frame, schools


def _schools_of(frame: pd.DataFrame, plan: Evaluation) -> pd.DataFrame:
    """The schools of the pupils, where no list of schools was given."""
    facts = [one.id for one in plan.school_facts if one.id in frame.columns]
    doses = [one.id for one in plan.groups.compliance if one.level == "school"] if plan.groups else []
    columns = ["school", "arm", *facts, *(one for one in doses if one in frame.columns)]
    schools = frame[columns].drop_duplicates("school").sort_values("school").reset_index(drop=True)
    return schools if plan.assigned_unit == "school" else schools.assign(arm="")


def _blank(column: pd.Series) -> pd.Series:
    return column.fillna("").astype("str") == ""


def _as_meant(column: pd.Series, fact: Characteristic) -> pd.Series:
    if fact.kind == "number":
        return pd.to_numeric(column, errors="coerce").astype("float64")
    return column.fillna("").astype("str").replace("", NOT_RECORDED)


def scores_at(scores: Scores, pupils: pd.Series, scale: str, wave: str) -> tuple[pd.Series, str]:
    """The scores of the pupils on one scale at one wave, and the version of the scale; empty when there is none."""
    frame = scores.frame
    rows = frame[(frame["scale"] == scale) & (frame["wave"] == wave)]
    values = pd.Series(rows["value"].to_numpy(dtype="float64"), index=rows["pupil"].astype("str"))
    version = str(rows["scale_version"].iloc[0]) if len(rows) else ""
    return values.reindex(pupils.to_numpy()).reset_index(drop=True), version


def _in_population(frame: pd.DataFrame, outcome: Outcome) -> pd.Series:
    if outcome.pupils is None:
        return pd.Series(True, index=frame.index)
    return frame[outcome.pupils.subgroup].isin(outcome.pupils.values)


def _model_terms(
    frame: pd.DataFrame, plan: Evaluation, *, with_baseline: bool
) -> tuple[list[str], list[tuple[str, float]], list[tuple[str, str]]]:
    """The planned terms that vary; what fills their gaps where the plan keeps pupils with gaps; terms left out.

    Where the plan leaves pupils with gaps out, a category that was not recorded becomes a gap.
    """
    terms: list[str] = []
    fills: list[tuple[str, float]] = []
    left_out: list[tuple[str, str]] = [] if with_baseline else [("baseline", "no pupil has a baseline")]
    keep_gaps = plan.missing_data.baseline == "indicator"
    strata = plan.groups.strata if plan.groups else ()
    planned = {one.id: one for one in (*strata, *plan.covariates)}
    numbers = [*(["baseline"] if with_baseline else []), *(k for k, one in planned.items() if one.kind == "number")]
    used = frame["in_population"] & frame["outcome"].notna()
    for name in [*numbers, *(name for name, one in planned.items() if one.kind == "category")]:
        if name not in numbers and not keep_gaps:
            frame[name] = frame[name].where(frame[name] != NOT_RECORDED)
        values = frame.loc[used, name]
        if values.nunique(dropna=True) < 2:
            left_out.append((name, "it is the same for every pupil who is analysed"))
            continue
        terms.append(name)
        if name in numbers and keep_gaps and bool(values.isna().any()):
            fills.append((name, float(values.mean())))
            terms.append(f"{name}{GAP}")
    return terms, fills, left_out


def _complete(frame: pd.DataFrame, terms: list[str], filled: list[str]) -> pd.Series:
    raw = [name for name in terms if name in frame.columns and name not in filled]
    needed = ["outcome", "arm", *raw, *(one for one in ("school", "classroom") if one in frame.columns)]
    return frame["in_population"] & frame[needed].notna().all(axis="columns")
