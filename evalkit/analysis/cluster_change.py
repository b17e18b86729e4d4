"""One group in schools (and hubs of schools): the change with an interval that minds them, and how much they differ."""

import math
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from scipy.special import ndtri

from evalkit.analysis.estimate import Estimate, not_estimated, suppressed, too_few_reason
from evalkit.analysis.linear_model import linear
from evalkit.analysis.multilevel import multilevel
from evalkit.analysis.paired_sample import PairedSample
from evalkit.analysis.trial_model import records
from evalkit.analysis.trial_schools import ALL_ARMS, pooled_variance, schools_shown, schools_table, side_by_side
from evalkit.errors import FitError
from evalkit.records.evaluation import Evaluation
from evalkit.records.school_places import SchoolPlaces
from evalkit.records.scores import Scores
from evalkit.stats.disclosure import mean_is_safe
from evalkit.stats.effect_size import hedges_correction

FUNNEL_COLUMNS = ("outcome", "kind", "n", "estimate", "low", "high", "outer_low", "outer_high")
OUTER = 0.998  # level of the outer limits of a funnel, 3 standard errors or so (Spiegelhalter 2005)
NO_SCHOOLS = "The data do not say which school the pupils are in. Add that column, or take 'clusters' out of the plan."
ONE_SCHOOL = "All pupils are in one school, so there is nothing to tell schools apart by."


@dataclass(frozen=True, slots=True, eq=False)
class ClusteredChange:
    """The linked pupils of one outcome with their schools.

    Attributes
    ----------
    sample : PairedSample
    frame : frame - pupil, school, hub (where the plan has hubs and they are several), change, target (0/1, where the
        plan names target pupils)
    problem : why schools cannot be looked at, else empty
    """

    sample: PairedSample
    frame: pd.DataFrame = field(repr=False)
    problem: str

    @property
    def random(self) -> str:
        """The random part of the model."""
        return "(1 | hub/school)" if "hub" in self.frame.columns else "(1 | school)"

    @property
    def widest(self) -> str:
        """The widest grouping: hubs, or schools."""
        return "hub" if "hub" in self.frame.columns else "school"


def clustered_change(scores: Scores, plan: Evaluation, sample: PairedSample) -> ClusteredChange:
    """Put change, school, hub and target beside each linked pupil; pupils without a school are left out."""
    roster = scores.roster.assign(pupil=scores.roster["pupil"].astype("str")).set_index("pupil")
    rows = scores.frame[(scores.frame["scale"] == sample.outcome.scale) & scores.frame["value"].notna()]
    values = {
        wave: pd.Series(own["value"].to_numpy(dtype="float64"), index=own["pupil"].astype("str").to_numpy())
        for wave, own in rows.groupby("wave")
    }
    empty = pd.DataFrame({"school": [], "change": []})
    if "school" not in roster.columns:
        return ClusteredChange(sample, empty, NO_SCHOOLS)
    if sample.problem or not {sample.wave_pre, sample.wave_post} <= values.keys():
        return ClusteredChange(sample, empty, sample.problem or NO_SCHOOLS)
    change = (values[sample.wave_post] - values[sample.wave_pre]).dropna().sort_index()
    frame = pd.DataFrame({"change": change, "school": roster["school"].reindex(change.index).fillna("").astype("str")})
    if plan.clusters is not None and plan.clusters.hub is not None and "hub" in roster.columns:
        frame["hub"] = roster["hub"].reindex(change.index).fillna("").astype("str")
    target = plan.clusters.target if plan.clusters else None
    if target is not None and target.subgroup in roster.columns:
        known = roster[target.subgroup].reindex(change.index).fillna("").astype("str")
        frame["target"] = known.isin(target.values).astype("float64").where(known != "")
    frame = frame[(frame["school"] != "") & (frame["hub"] != "" if "hub" in frame.columns else True)]
    if "hub" in frame.columns and frame["hub"].nunique() < 2:
        frame = frame.drop(columns="hub")
    problem = ONE_SCHOOL if frame["school"].nunique() < 2 else ""
    return ClusteredChange(sample, frame, problem)


def cluster_rows(found: ClusteredChange, plan: Evaluation) -> list[Estimate]:
    """The change in a multilevel model and with clustered errors, SDs between schools and hubs, target pupils."""
    row = Estimate(
        inquiry="change",
        outcome=found.sample.outcome.id,
        wave=found.sample.wave_post,
        contrast=f"{found.sample.wave_post} - {found.sample.wave_pre}",
        estimator="multilevel",
        unit="points",
        conf_level=plan.conf_level,
        n_treated=float(len(found.frame)),
        clusters_treated=float(found.frame["school"].nunique()),
        scale_version=found.sample.scale_version,
    )
    names = ["multilevel", "cluster_robust", "school_sd", "hub_sd"]
    kinds = dict.fromkeys(names[:2], "change") | dict.fromkeys(names[2:], "variation")
    blanks = {name: replace(row, estimator=name, inquiry=kinds[name]) for name in names}
    if "hub" not in found.frame.columns:
        del blanks["hub_sd"]
    if found.problem:
        return [not_estimated(one, found.problem) for one in blanks.values()]
    try:
        fit = multilevel(f"change ~ 1 + {found.random}", found.frame, df="kenward-roger")
        robust = linear("change ~ 1", found.frame, clusters=found.widest)
    except FitError as error:
        return [not_estimated(one, error.message) for one in blanks.values()]
    rows = [
        _tested(blanks["multilevel"], fit.tidy(conf_level=plan.conf_level), found),
        _tested(blanks["cluster_robust"], robust.tidy(conf_level=plan.conf_level), found),
    ]
    variances = {str(one["group"]): float(one["sd"]) for one in records(fit.variances())}
    rows += [replace(blanks[f"{level}_sd"], estimate=variances[group]) for level, group in _levels(found).items()]
    return [*rows, *_target_rows(found, row, plan)]


def _levels(found: ClusteredChange) -> dict[str, str]:
    """school and hub -> the name of their variance."""
    return {"school": "school:hub", "hub": "hub"} if "hub" in found.frame.columns else {"school": "school"}


def _tested(row: Estimate, table: pd.DataFrame, found: ClusteredChange) -> Estimate:
    """The row with the intercept's test, and its effect size on the SD of d_av."""
    sample = found.sample
    row = _with_test(row, table, "Intercept")
    sample = found.sample
    spread = math.sqrt((float(sample.pre.var(ddof=1)) + float(sample.post.var(ddof=1))) / 2)
    if not spread > 0:
        return row
    factor = hedges_correction(sample.n_linked - 1) / spread
    return replace(
        row,
        effect_size=factor * row.estimate,
        es_low=factor * row.conf_low,
        es_high=factor * row.conf_high,
        es_type="d_av",
        es_interval="t over the same SD",
    )


def _target_rows(found: ClusteredChange, row: Estimate, plan: Evaluation) -> list[Estimate]:
    """How much more target pupils changed than the others of their own school.

    The share of target pupils of each school is in the model, so that their coefficient compares within schools
    (Mundlak 1978, doi:10.2307/1913646).
    """
    if "target" not in found.frame.columns:
        return []
    data = found.frame.dropna(subset=["target"])
    data = data.assign(share=data.groupby("school")["target"].transform("mean"))
    n = int(data["target"].sum())
    target = plan.clusters.target if plan.clusters else None
    label = f"{target.subgroup}: {', '.join(target.values)}" if target else "target"
    row = replace(
        row, inquiry="target", estimator="within_schools", subgroup=label, contrast="target - others in the school",
        n_treated=float(n), n_control=float(len(data) - n),
    )  # fmt: skip
    if not all(mean_is_safe(int(one), plan.suppression_threshold) for one in (n, len(data) - n)):
        few = replace(row, n_treated=math.nan, n_control=math.nan)
        return [suppressed(few, too_few_reason(plan.suppression_threshold))]
    try:
        fit = multilevel(f"change ~ target + share + {found.random}", data, df="kenward-roger")
    except FitError as error:
        return [not_estimated(row, error.message)]
    return [_with_test(row, fit.tidy(conf_level=plan.conf_level), "target")]


def _with_test(row: Estimate, table: pd.DataFrame, term: str) -> Estimate:
    """The row with estimate, test and interval of one coefficient."""
    own = next(one for one in records(table) if one["term"] == term)
    return replace(
        row,
        estimate=float(own["estimate"]),
        std_error=float(own["std_error"]),
        df=float(own["df"]),
        statistic=float(own["estimate"]) / float(own["std_error"]),
        p_value=float(own["p_value"]),
        conf_low=float(own["conf_low"]),
        conf_high=float(own["conf_high"]),
    )


def school_changes(
    found: list[ClusteredChange], plan: Evaluation, *, fewest: int, places: SchoolPlaces | None = None
) -> pd.DataFrame:
    """Shrunken deviations of schools' changes from the average one, lowest first (the caterpillar).

    Returns
    -------
    frame, SCHOOLS_COLUMNS - as in a trial, the arm being `all`; what may not be shown is left out
    """
    tables: list[pd.DataFrame] = []
    for one in found:
        if one.problem:
            continue
        groups = one.frame.groupby("school")["change"]
        hubs = one.frame.drop_duplicates("school").set_index("school")["hub"] if "hub" in one.frame.columns else None
        tables.append(
            side_by_side(
                one.sample.outcome,
                groups.mean(),
                pooled_variance(one.frame["change"], one.frame["school"]) / groups.size(),
                pupils=groups.size(),
                arms=pd.Series(ALL_ARMS, index=list(groups.groups)),
                plan=plan,
                fewest=fewest,
                hubs=hubs,
                places=places,
            )
        )
    return schools_table(tables)


def funnel(
    found: list[ClusteredChange], plan: Evaluation, *, fewest: int, rounding: int, places: SchoolPlaces | None = None
) -> pd.DataFrame:
    """Each school's average change against its number of pupils, with the limits that chance alone would give.

    Returns
    -------
    frame, FUNNEL_COLUMNS
        `kind` school: n (rounded, for a size tells which school it is) and its mean change; `kind` limit: for a number
        of pupils the limits mean +- z s / sqrt(n) at the plan's level and at 0.998, s the pupils' SD within schools.

    References
    ----------
    Spiegelhalter (2005). Funnel plots for comparing institutional performance. Stat. Med. 24, 1185-1202.
    doi:10.1002/sim.1970
    """
    rows: list[tuple[object, ...]] = []
    for one in found:
        if one.problem:
            continue
        groups = one.frame.groupby("school")["change"]
        sizes, means = groups.size(), groups.mean()
        shown = schools_shown(
            sizes, arms=pd.Series(ALL_ARMS, index=sizes.index), places=places, threshold=plan.suppression_threshold,
            fewest=fewest,
        )  # fmt: skip
        if not shown.any():
            continue
        within = math.sqrt(pooled_variance(one.frame["change"], one.frame["school"]))
        middle, name = float(one.frame["change"].mean()), one.sample.outcome.id
        order = means[shown].sort_values(kind="stable").index
        rows += [
            (name, "school", max(rounding, rounding * round(float(sizes[school]) / rounding)), float(means[school]),
             math.nan, math.nan, math.nan, math.nan)
            for school in order
        ]  # fmt: skip
        inner, outer = (float(ndtri((1 + level) / 2)) for level in (plan.conf_level, OUTER))
        for n in np.linspace(0.7 * float(sizes[shown].min()), 1.1 * float(sizes[shown].max()), 25):
            error = within / math.sqrt(n)
            ends = (middle - inner * error, middle + inner * error, middle - outer * error, middle + outer * error)
            rows.append((name, "limit", float(n), middle, *ends))
    table = pd.DataFrame(rows, columns=list(FUNNEL_COLUMNS))
    return table.astype({name: "str" if name in ("outcome", "kind") else "float64" for name in FUNNEL_COLUMNS})
