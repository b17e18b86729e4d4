"""Whether the arms of a trial were alike, as randomised and as analysed: effect sizes, without tests."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalkit.analysis.trial_overlap import Shown, may_be_shown
from evalkit.analysis.trial_sample import NOT_RECORDED, TrialSample
from evalkit.records.characteristic import Characteristic
from evalkit.records.evaluation import Evaluation
from evalkit.stats.description import describe
from evalkit.stats.disclosure import rounded_counts, suppress_groups
from evalkit.stats.effect_size import hedges_correction, independent_groups
from evalkit.stats.vectors import BoolArray, FloatArray, IntArray

BALANCE_COLUMNS = (
    "outcome", "sample", "level", "variable", "label", "category", "arm", "n", "n_missing", "mean", "sd", "count",
    "percent", "rounded_to", "std_difference",
)  # fmt: skip
TEXT = BALANCE_COLUMNS[:7]


@dataclass(frozen=True, slots=True, eq=False)
class _Variable:
    """One fact about the units of one sample.

    Attributes
    ----------
    key : name that is equal only where the values are
    values : float array, shape (n,); NaN where missing
    categories : level -> bool array, shape (n,); empty for a number
    arms : arm -> bool array, shape (n,): the units of the sample in that arm
    threshold : 1 for schools, whose facts are not about pupils
    rounding : counts that would tell about few pupils by subtraction are rounded to a multiple of this
    """

    key: str
    name: str
    label: str
    values: FloatArray
    categories: dict[str, BoolArray]
    arms: dict[str, BoolArray]
    control: str
    threshold: int
    rounding: int


def balance(samples: Sequence[TrialSample], *, rounding: int) -> pd.DataFrame:
    """Compare the arms on the baseline, covariates, strata and subgroups, for every outcome.

    Parameters
    ----------
    samples : all outcomes of the plan
    rounding : `methods.count_rounding` of the standards

    Returns
    -------
    frame, BALANCE_COLUMNS
        `sample`: `randomised`, everybody in the outcome's population, or `analysed`. `level`: pupil, or school for
        facts about schools and for `school_size` (pupils in each), where whole schools were randomised; n then counts
        schools. Numbers have mean and SD, categories count and percent of those known. `std_difference`, on the rows
        of treated arms: Hedges' g against the control arm, for a category (p1 - p0) over the pooled SD of its 0 and 1,
        with the same small-sample factor.

    Notes
    -----
    The standardisers are those of `evalkit randomise` [1]_ but for the small-sample factor; each treated arm is pooled
    with the control arm only. Numbers about fewer pupils than the threshold are hidden, 0% and 100% among them, with
    further categories so that they cannot be worked out. Counts that would tell by subtraction about the few pupils in
    whom two samples differ are rounded (`rounded_to`), and the percentage and difference come from what is shown; means
    that would are hidden.

    References
    ----------
    .. [1] Hedges (1981). Distribution theory for Glass's estimator. J. Educ. Stat. 6, 107-128.
       doi:10.3102/10769986006002107
    """
    shown: Shown = {}
    analysed = [_sample_rows(one, "analysed", shown, rounding) for one in samples]
    randomised = [_sample_rows(one, "randomised", shown, rounding) for one in samples]
    rows = [row for pair in zip(randomised, analysed, strict=True) for rows in pair for row in rows]
    table = pd.DataFrame(rows, columns=list(BALANCE_COLUMNS))
    types = {name: "str" if name in TEXT else "float64" for name in BALANCE_COLUMNS}
    return table.astype(types)


def baseline_gap(table: pd.DataFrame, outcome: str) -> float:
    """The largest baseline difference of an outcome's analysed sample over the treated arms, as `balance` shows it.

    Without its sign; NaN where none is shown.
    """
    own = table[(table["outcome"] == outcome) & (table["sample"] == "analysed") & (table["variable"] == "baseline")]
    gaps = own["std_difference"].dropna()
    return float(gaps.abs().max()) if len(gaps) else math.nan


def baseline_label(sample: TrialSample) -> str:
    """What the baseline is called: the measure's label, else that of the outcome, which was then measured twice."""
    name = sample.plan.baseline_of(sample.outcome).instrument
    labels = {one.id: one.label for one in sample.plan.measures}
    return labels.get(name, sample.outcome.label)


def _sample_rows(sample: TrialSample, which: str, shown: Shown, rounding: int) -> list[dict[str, object]]:
    chosen = sample.frame["analysed" if which == "analysed" else "in_population"].to_numpy(dtype=bool)
    found: list[dict[str, object]] = []
    levels = (("pupil", _of_pupils(sample, chosen, rounding)), ("school", _of_schools(sample, chosen, which)))
    for level, variables in levels:
        for one in variables:
            rows = _category_rows(one, shown) if one.categories else _number_rows(one, shown)
            place = {"outcome": sample.outcome.id, "sample": which, "level": level}
            found += [place | {"variable": one.name, "label": one.label} | row for row in rows]
    return found


def _of_pupils(sample: TrialSample, chosen: BoolArray, rounding: int) -> Iterator[_Variable]:
    frame, plan = sample.frame, sample.plan
    arms = {arm.id: chosen & (frame["arm"] == arm.id).to_numpy() for arm in plan.arms}
    if frame["baseline"].notna().any():
        key = plan.baseline_of(sample.outcome).scale
        values = frame["baseline"].to_numpy(dtype="float64")
        label, threshold = baseline_label(sample), plan.suppression_threshold
        yield _Variable(key, "baseline", label, values, {}, arms, plan.control.id, threshold, rounding)
    chosen_by = sample.outcome.pupils
    for fact in _compared(plan, plan.pupil_facts):
        same_for_all = chosen_by is not None and chosen_by.subgroup == fact.id and len(chosen_by.values) == 1
        if fact.id in frame.columns and not same_for_all:
            yield _variable(fact, frame[fact.id], arms, plan, (plan.suppression_threshold, rounding))


def _of_schools(sample: TrialSample, chosen: BoolArray, which: str) -> Iterator[_Variable]:
    if sample.unit != "school":
        return
    plan, schools = sample.plan, sample.schools
    sizes = sample.frame.loc[chosen, "school"].value_counts().reindex(schools["school"], fill_value=0)
    inside = np.ones(len(schools), dtype=bool) if which == "randomised" else sizes.to_numpy() > 0
    arms = {arm.id: inside & (schools["arm"] == arm.id).to_numpy() for arm in plan.arms}
    pupils = sizes.to_numpy(dtype="float64")
    known = np.where(pupils > 0, pupils, math.nan)
    yield _Variable("school_size", "school_size", "Pupils in each school", known, {}, arms, plan.control.id, 1, 1)
    for fact in _compared(plan, plan.school_facts):
        if fact.id in schools.columns:
            yield _variable(fact, schools[fact.id], arms, plan, (1, 1))


def _compared(plan: Evaluation, facts: Sequence[Characteristic]) -> list[Characteristic]:
    """Facts that were there before: not why somebody left."""
    left = [one.id for one in (plan.groups.left, plan.groups.school_left) if one] if plan.groups else []
    return [one for one in facts if one.id not in left]


def _variable(
    fact: Characteristic, column: pd.Series, arms: dict[str, BoolArray], plan: Evaluation, rules: tuple[int, int]
) -> _Variable:
    if fact.kind == "number":
        values = column.to_numpy(dtype="float64")
        return _Variable(fact.id, fact.id, fact.label, values, {}, arms, plan.control.id, *rules)
    texts = column.where(column != NOT_RECORDED)
    present = sorted(set(texts.dropna()))
    planned = list(dict.fromkeys(fact.values.values()))
    order = [one for one in planned if one in present] + [one for one in present if one not in planned]
    categories = {text: (texts == text).fillna(False).to_numpy(dtype=bool) for text in order}
    known = np.where(texts.isna(), math.nan, 0.0)
    return _Variable(fact.id, fact.id, fact.label, known, categories, arms, plan.control.id, *rules)


def _number_rows(variable: _Variable, shown: Shown) -> list[dict[str, object]]:
    known = ~np.isnan(variable.values)
    own = {arm: members & known for arm, members in variable.arms.items()}
    safe = {
        arm: may_be_shown(shown, (variable.key, arm), members, threshold=variable.threshold)
        for arm, members in own.items()
    }
    rows: list[dict[str, object]] = []
    for arm, members in own.items():
        row = _row(variable, arm, members)
        if safe[arm]:
            found = describe(variable.values[members])
            row |= {"mean": found.mean, "sd": found.sd}
        if arm != variable.control and safe[arm] and safe[variable.control]:
            row["std_difference"] = _difference(variable.values[members], variable.values[own[variable.control]])
        rows.append(row)
    return rows


def _category_rows(variable: _Variable, shown: Shown) -> list[dict[str, object]]:
    known = ~np.isnan(variable.values)
    own = {arm: members & known for arm, members in variable.arms.items()}
    counts = {arm: _shown_counts(variable, arm, members, shown) for arm, members in own.items()}
    control, n_control = counts[variable.control], int(own[variable.control].sum())
    rows: list[dict[str, object]] = []
    for text in variable.categories:
        for arm, members in own.items():
            row, n = _row(variable, arm, members) | {"category": text}, int(members.sum())
            count, rounded_to = counts[arm][text]
            if n:
                row |= {"count": count, "percent": 100 * count / n, "rounded_to": rounded_to}
            if arm != variable.control:
                row["std_difference"] = _difference_of_shares((count, n), (control[text][0], n_control))
            rows.append(row)
    return rows


def _shown_counts(variable: _Variable, arm: str, members: BoolArray, shown: Shown) -> dict[str, tuple[float, float]]:
    """What may be shown of each category in an arm: its count, NaN if none, and what it is rounded to."""
    inside = {text: members & category for text, category in variable.categories.items()}
    counts = np.array([int(one.sum()) for one in inside.values()])
    hidden = np.zeros(len(counts), dtype=bool)
    if variable.threshold > 1:
        hidden = suppress_groups(counts, threshold=variable.threshold, zeros=True)
    open_texts = [text for text, hide in zip(inside, hidden, strict=True) if not hide]
    noted = {key: list(before) for key, before in shown.items()}
    exact = all(
        may_be_shown(noted, (variable.key, arm, text), inside[text], threshold=variable.threshold)
        for text in open_texts
    )
    if exact:
        shown.update(noted)
    shown_counts = counts.astype(np.float64) if exact else _rounded(counts, variable.rounding)
    step = 1 if exact else variable.rounding
    return {
        text: (math.nan, math.nan) if hide else (float(count), float(step))
        for text, count, hide in zip(inside, shown_counts, hidden, strict=True)
    }


def _rounded(counts: IntArray, to: int) -> FloatArray:
    """Counts to the nearest multiple; of two, the smaller is rounded and the other is the rest."""
    rounded = rounded_counts(counts, to)
    if counts.size == 2:
        larger = int(np.argmax(counts))
        rounded[larger] = counts.sum() - rounded[1 - larger]
    return rounded


def _row(variable: _Variable, arm: str, members: BoolArray) -> dict[str, object]:
    missing = int((variable.arms[arm] & np.isnan(variable.values)).sum())
    return {"category": "", "arm": arm, "n": float(members.sum()), "n_missing": float(missing)}


def _difference(treated: FloatArray, control: FloatArray) -> float:
    """Hedges' g; 0 where all are alike, NaN where there is no spread within the arms or hardly anybody."""
    if min(treated.size, control.size) < 1 or treated.size + control.size < 4:
        return math.nan
    if np.ptp(treated) == 0 and np.ptp(control) == 0:
        return 0.0 if treated[0] == control[0] else math.nan
    return independent_groups(treated, control).effect.value


def _difference_of_shares(treated: tuple[float, int], control: tuple[float, int]) -> float:
    """Hedges' g of a 0 and 1 from (how many have a 1, of how many) in each arm; NaN where one is hidden."""
    (a, n_a), (b, n_b) = treated, control
    if min(n_a, n_b) < 1 or n_a + n_b < 4 or math.isnan(a + b):
        return math.nan
    df = n_a + n_b - 2
    variance = (a * (n_a - a) / n_a + b * (n_b - b) / n_b) / df
    gap = a / n_a - b / n_b
    if variance <= 0:
        return 0.0 if gap == 0 else math.nan
    return hedges_correction(df) * gap / math.sqrt(variance)
