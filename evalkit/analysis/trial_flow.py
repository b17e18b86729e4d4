"""Who was randomised, where they were lost and why: the participant flow of a trial, and its attrition."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from evalkit.analysis.trial_sample import NOT_RECORDED, TrialSample
from evalkit.records.standards_trial import WwcStandards
from evalkit.stats.attrition import Attrition, BoundaryVerdict, attrition_boundary
from evalkit.stats.attrition import attrition as count_attrition
from evalkit.stats.disclosure import suppress_groups

ALL_ARMS = "all"
UNIT_STEPS = ("left", "no_pupils_in_population", "no_pupils_analysed", "analysed")
PUPIL_STEPS = ("not_in_population", "left_with_school", "left", "no_outcome", "no_baseline", "no_covariate", "analysed")
ALWAYS = frozenset({"randomised", "left", "no_outcome", "analysed"})
FLOW_COLUMNS = ("level", "step", "arm", "n")
REASON_COLUMNS = ("level", "arm", "reason", "n")
ATTRITION_COLUMNS = ("outcome", "level", "arm", "randomised", "analysed", "lost", "lost_percent")
WWC_ATTRITION_COLUMNS = ("outcome", "level", "overall", "differential", "cautious", "optimistic", "status")


def flow(sample: TrialSample) -> pd.DataFrame:
    """The participant flow of one outcome, for schools, classes (where they were randomised) and pupils.

    Returns
    -------
    frame, FLOW_COLUMNS
        The first step of a level is `randomised`; the others are where each unit ended up, so that they add up to it.
        Steps that took nobody are left out, but for `left`, `no_outcome` and `analysed`.
        Schools: `left`, when no pupil has the outcome; `no_pupils_in_population`; `no_pupils_analysed`. Pupils:
        `not_in_population`; `left_with_school`; `left`, without an outcome for a recorded reason; `no_outcome`, for
        none; `no_baseline` and `no_covariate`, where the plan leaves such pupils out.
        Where schools are in several arms, the arm of a school is `all`.

    Notes
    -----
    Taking part is shown even when small, like in every flow. Who is in the outcome's population is a characteristic of
    pupils: where it holds, or leaves, fewer pupils of an arm than the threshold, the arm's steps are empty.
    """
    arms = _arms(sample)
    tables = [_flow_rows(level, UNIT_STEPS, ended, arms) for level, ended in _units(sample).items()]
    pupils = pd.DataFrame({"arm": sample.frame["arm"].astype("str"), "step": pupil_steps(sample)})
    rows = _flow_rows("pupil", PUPIL_STEPS, pupils, arms)
    hidden = {arm for arm in arms if population_is_hidden(sample, arm)}
    rows.loc[rows["arm"].isin(hidden) & (rows["step"] != "randomised"), "n"] = math.nan
    return pd.concat([*tables, rows], ignore_index=True)


def pupil_steps(sample: TrialSample) -> pd.Series:
    """Where each pupil of `sample.frame` ended up: one of PUPIL_STEPS, in the order of the frame."""
    frame = sample.frame
    gone = frame["outcome"].isna()
    with_school = pd.Series(False, index=frame.index)
    if "school" in frame.columns:
        with_school = ~frame["outcome"].notna().groupby(frame["school"]).transform("any")
    needs_baseline = sample.has_baseline and "baseline" not in dict(sample.fills)
    choices = {
        "not_in_population": ~frame["in_population"],
        "analysed": frame["analysed"],
        "left_with_school": gone & with_school,
        "left": gone & (_reason_of_pupils(sample) != NOT_RECORDED),
        "no_outcome": gone,
        "no_baseline": frame["baseline"].isna() & needs_baseline,
    }
    steps = np.select([one.to_numpy(dtype=bool) for one in choices.values()], list(choices), default="no_covariate")
    return pd.Series(steps, index=frame.index, dtype="str")


def reasons(sample: TrialSample) -> pd.DataFrame:
    """Why schools left, and why pupils of schools that stayed have no outcome.

    Returns
    -------
    frame, REASON_COLUMNS
        By arm, the most frequent first; they add up to the losses in the flow. Reasons of fewer pupils than the
        threshold are empty, and further ones, so that they cannot be worked out from the losses.
    """
    rows: list[tuple[str, str, str, float]] = []
    for level, ended in _units(sample).items():
        lost = ended[ended["step"] == "left"]
        for arm in [ALL_ARMS, *_arms(sample)]:
            counts = lost.loc[lost["arm"] == arm, "reason"].value_counts()
            rows += [(level, arm, reason, float(counts[reason])) for reason in _most_first(counts)]
    lost = sample.frame[pupil_steps(sample).isin(["left", "no_outcome"])]
    why = _reason_of_pupils(sample)[lost.index]
    for arm in _arms(sample):
        counts = why[lost["arm"] == arm].value_counts().reindex(sorted(set(why)), fill_value=0)
        hidden = dict(zip(counts.index, _hidden_reasons(counts.to_numpy(), sample), strict=True))
        shown = [reason for reason in _most_first(counts) if not hidden[reason]]
        rows += [("pupil", arm, reason, float(counts[reason])) for reason in shown]
        rows += [("pupil", arm, reason, math.nan) for reason in counts.index if hidden[reason]]
    return pd.DataFrame(rows, columns=list(REASON_COLUMNS))


def attrition(samples: Sequence[TrialSample]) -> pd.DataFrame:
    """How many were lost by arm and over all arms, for every outcome.

    Returns
    -------
    frame, ATTRITION_COLUMNS
        Pupils: of the outcome's population in all schools that were randomised, as the EEF counts. Schools and classes:
        without those that have no pupil in that population. `lost_percent` is 0 to 100.
    """
    rows: list[tuple[object, ...]] = []
    for sample in samples:
        for level, (randomised, analysed) in _counts(sample).items():
            together = {ALL_ARMS: (sum(randomised.values()), sum(analysed.values()))}
            by_arm = {arm: (n, analysed[arm]) for arm, n in randomised.items() if arm != ALL_ARMS}
            for arm, (n, kept) in (by_arm | together).items():
                hide = level == "pupil" and population_is_hidden(sample, arm)
                share = 100 * (1 - kept / n) if n else math.nan
                numbers = (math.nan,) * 4 if hide else (float(n), float(kept), float(n - kept), share)
                rows.append((sample.outcome.id, level, arm, *numbers))
    return pd.DataFrame(rows, columns=list(ATTRITION_COLUMNS))


def wwc_attrition(samples: Sequence[TrialSample], standards: WwcStandards) -> pd.DataFrame:
    """Attrition against the boundaries of the What Works Clearinghouse, at each level that counts.

    Returns
    -------
    frame, WWC_ATTRITION_COLUMNS
        `overall` in percent, `differential` in percentage points between the arms (with several, the largest and the
        smallest). The cluster level is what was randomised; pupils are then those of clusters that stayed. Where pupils
        were randomised there is only their own level. `status` is that of the boundaries.
    """
    rows: list[tuple[object, ...]] = []
    tables = (standards.attrition_cautious, standards.attrition_optimistic)
    status = max((table.status for table in tables), key="VDM".index)
    for sample in samples:
        hide = any(population_is_hidden(sample, arm) for arm in _arms(sample))
        for level, found in attrition_of_stayers(sample).items():
            verdicts = [_boundary(found, table.values) for table in tables]
            numbers = (100 * found.overall, 100 * found.differential)
            shown = (math.nan, math.nan) if hide else numbers
            words = ["low" if one.low else "high" for one in verdicts]
            rows.append((sample.outcome.id, level, *shown, *words, status))
    return pd.DataFrame(rows, columns=list(WWC_ATTRITION_COLUMNS))


def attrition_of_stayers(sample: TrialSample) -> dict[str, Attrition]:
    """Attrition as the What Works Clearinghouse counts it: of clusters, and of pupils in clusters that stayed."""
    counts = _counts(sample)
    found: dict[str, Attrition] = {}
    if sample.unit != "pupil":
        level = "class" if sample.unit == "classroom" else "school"
        found[level] = count_attrition(*counts[level])
        frame = sample.population
        stayed = frame["analysed"].groupby(frame[sample.unit]).transform("any").fillna(False).astype("bool")
        of_stayers = {arm: int((stayed & (frame["arm"] == arm)).sum()) for arm in _arms(sample)}
        counts["pupil"] = of_stayers, counts["pupil"][1]
    if sum(counts["pupil"][0].values()):
        found["pupil"] = count_attrition(*counts["pupil"])
    return found


def population_is_hidden(sample: TrialSample, arm: str) -> bool:
    """Whether an arm (or all arms) has too few pupils inside, or outside, the outcome's population to say how many."""
    frame = sample.frame
    own = frame["in_population"] if arm == ALL_ARMS else frame.loc[frame["arm"] == arm, "in_population"]
    inside = int(own.sum())
    return 0 < min(inside, len(own) - inside) < sample.plan.suppression_threshold


def _arms(sample: TrialSample) -> list[str]:
    return [arm.id for arm in sample.plan.arms]


def _units(sample: TrialSample) -> dict[str, pd.DataFrame]:
    """Of schools, and of classes where they were randomised: a row per unit with `arm`, `step` and `reason`."""
    frame, found = sample.frame, {}
    if "school" in frame.columns and len(sample.schools):
        schools = sample.schools
        arms = schools["arm"].astype("str") if sample.unit == "school" else ALL_ARMS
        why = sample.plan.groups.school_left if sample.plan.groups else None
        reason = schools[why.id] if why is not None and why.id in schools.columns else NOT_RECORDED
        steps = _unit_steps(frame, "school", schools["school"])
        found["school"] = pd.DataFrame({"arm": arms, "step": steps, "reason": reason})
    if sample.unit == "classroom":
        classes = frame.dropna(subset=["classroom"]).drop_duplicates("classroom").sort_values("classroom")
        steps = _unit_steps(frame, "classroom", classes["classroom"])
        found["class"] = pd.DataFrame({"arm": classes["arm"].astype("str"), "step": steps, "reason": NOT_RECORDED})
    return found


def _unit_steps(frame: pd.DataFrame, column: str, units: pd.Series) -> np.ndarray:
    by_unit = frame.assign(measured=frame["outcome"].notna()).groupby(column)
    inside = by_unit[["measured", "in_population", "analysed"]].any().reindex(units, fill_value=False)
    conditions = [(~inside[name]).to_numpy() for name in ("measured", "in_population", "analysed")]
    return np.select(conditions, list(UNIT_STEPS[:3]), default="analysed")


def _counts(sample: TrialSample) -> dict[str, tuple[dict[str, int], dict[str, int]]]:
    """Of each level: how many were randomised and how many are analysed, by arm."""
    found: dict[str, tuple[dict[str, int], dict[str, int]]] = {}
    for level, ended in _units(sample).items():
        own = ended[ended["step"] != "no_pupils_in_population"]
        arms = [ALL_ARMS] if (ended["arm"] == ALL_ARMS).all() else _arms(sample)
        found[level] = _by_arm(own["arm"], arms), _by_arm(own.loc[own["step"] == "analysed", "arm"], arms)
    population = sample.population
    arms = _arms(sample)
    found["pupil"] = _by_arm(population["arm"], arms), _by_arm(sample.analysed["arm"], arms)
    return found


def _by_arm(column: pd.Series, arms: Sequence[str]) -> dict[str, int]:
    return {arm: int((column == arm).sum()) for arm in arms}


def _flow_rows(level: str, steps: Sequence[str], ended: pd.DataFrame, all_arms: Sequence[str]) -> pd.DataFrame:
    arms = [ALL_ARMS] if (ended["arm"] == ALL_ARMS).all() else all_arms
    counts: dict[str, Mapping[str, int]] = {"randomised": _by_arm(ended["arm"], arms)}
    for step in steps:
        of_step = _by_arm(ended.loc[ended["step"] == step, "arm"], arms)
        if step in ALWAYS or any(of_step.values()):
            counts[step] = of_step
    rows = [(level, step, arm, float(by_arm[arm])) for step, by_arm in counts.items() for arm in arms]
    return pd.DataFrame(rows, columns=list(FLOW_COLUMNS))


def _reason_of_pupils(sample: TrialSample) -> pd.Series:
    why = sample.plan.groups.left if sample.plan.groups else None
    if why is None or why.id not in sample.frame.columns:
        return pd.Series(NOT_RECORDED, index=sample.frame.index)
    return sample.frame[why.id].fillna(NOT_RECORDED)


def _most_first(counts: pd.Series) -> list[str]:
    return sorted(counts.index, key=lambda reason: (-counts[reason], reason))


def _hidden_reasons(counts: np.ndarray, sample: TrialSample) -> np.ndarray:
    """Which reasons to hide, their total being known from the flow; with few losses all."""
    threshold = sample.plan.suppression_threshold
    if counts.sum() < threshold:
        return np.ones(len(counts), dtype=bool)
    return suppress_groups(counts, threshold=threshold)


def _boundary(found: Attrition, table: Sequence[float]) -> BoundaryVerdict:
    return attrition_boundary(found.overall, found.differential, table=table)
