"""The frame of a matched comparison's models: sizes, standard deviations and formula of each primary analysis."""

import math
from collections.abc import Sequence

import pandas as pd

from evalkit.analysis.matched_rows import assigned_by, matched_difference
from evalkit.analysis.matched_sample import MatchedSample
from evalkit.stats.balancing import effective_size
from evalkit.stats.disclosure import mean_is_safe, proportion_is_safe
from evalkit.stats.effect_size import hedges_correction
from evalkit.stats.weighted_difference import WeightedDifference

MODEL_COLUMNS = (
    "model", "outcome", "contrast", "formula", "estimand", "method", "n_pupils", "n_schools", "n_treated", "n_control",
    "clusters_treated", "clusters_control", "effective_treated", "effective_control", "is_singular", "converged",
    "df_method", "sd_total", "hedges_j", "mean_treated", "mean_control", "sd_treated", "sd_control",
)  # fmt: skip
TEXT = ("model", "outcome", "contrast", "formula", "estimand", "method", "df_method")
ABOUT_PUPILS = ("sd_total", "mean_treated", "mean_control", "sd_treated", "sd_control")


def matched_models(found: Sequence[MatchedSample]) -> pd.DataFrame:
    """Two rows for each outcome: the primary analysis, and the plain difference of everybody.

    Returns
    -------
    frame, MODEL_COLUMNS
        Means and standard deviations are weighted in the primary row. What rests on too few pupils is empty.
    """
    rows: list[dict[str, object]] = []
    for matched in found:
        primary = matched_difference(matched)
        alone = matched_difference(matched, adjust=False, everybody=True, by=assigned_by(matched))
        rows += [_row("primary", matched, primary), _row("unadjusted", matched, alone)]
    table = pd.DataFrame(rows, columns=list(MODEL_COLUMNS))
    return table.astype({name: "str" if name in TEXT else "float64" for name in MODEL_COLUMNS})


def _row(name: str, matched: MatchedSample, one: WeightedDifference) -> dict[str, object]:
    sample, plan, is_primary = matched.sample, matched.sample.plan, name == "primary"
    used = matched.matched if is_primary else matched.weights >= 0
    weights = matched.weights if is_primary else (matched.weights >= 0).astype("float64")
    schools = matched.rows.loc[used, "school"].nunique() if "school" in matched.rows.columns else math.nan
    terms = " + ".join(["programme", *matched.covariates.names]) if is_primary else "programme"
    grouped = matched.cluster_by != "pupil"
    row: dict[str, object] = {
        "model": name,
        "outcome": sample.outcome.id,
        "contrast": f"{sample.treated[0]} - {plan.control.id}",
        "formula": f"outcome ~ {terms}",
        "estimand": matched.units.estimand,
        "method": matched.units.method if is_primary else "",
        "n_pupils": one.n_treated + one.n_control,
        "n_schools": schools,
        "n_treated": one.n_treated,
        "n_control": one.n_control,
        "clusters_treated": one.clusters_treated if grouped else math.nan,
        "clusters_control": one.clusters_control if grouped else math.nan,
        "effective_treated": effective_size(weights[matched.chosen]),
        "effective_control": effective_size(weights[~matched.chosen]),
        "is_singular": 0,
        "converged": 1,
        "df_method": f"CR2, clustered by {matched.cluster_by if is_primary else assigned_by(matched)}",
        "sd_total": one.sd_pooled,
        "hedges_j": hedges_correction(one.n_treated + one.n_control - 2),
        "mean_treated": one.mean_treated,
        "mean_control": one.mean_control,
        "sd_treated": one.sd_treated,
        "sd_control": one.sd_control,
    }
    return row if _is_safe(matched, one) else row | dict.fromkeys(ABOUT_PUPILS, math.nan)


def _is_safe(matched: MatchedSample, one: WeightedDifference) -> bool:
    threshold, sample = matched.sample.plan.suppression_threshold, matched.sample
    if not all(mean_is_safe(n, threshold) for n in (one.n_treated, one.n_control)):
        return False
    if sample.outcome.kind != "yes_no":
        return True
    outcome = matched.rows["outcome"]
    groups = [outcome[group & matched.matched] for group in (matched.chosen, ~matched.chosen)]
    return all(proportion_is_safe(int((own == sample.high).sum()), len(own), threshold) for own in groups)
