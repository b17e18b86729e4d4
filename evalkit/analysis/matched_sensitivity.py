"""How strong something that nobody measured would have to be to explain a difference after matching away."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.special import stdtrit

from evalkit.analysis.estimate import Estimate
from evalkit.analysis.matched_rows import matched_difference
from evalkit.analysis.matched_sample import MatchedSample, matching_of
from evalkit.errors import FitError
from evalkit.stats.disclosure import mean_is_safe
from evalkit.stats.linear import fit_linear
from evalkit.stats.unseen_confounder import benchmark, e_value, robustness_value, signed_rank_bounds
from evalkit.stats.vectors import FloatArray
from evalkit.stats.weighted_difference import WeightedDifference

SENSITIVITY_COLUMNS = ("outcome", "quantity", "label", "value", "low", "high", "note")
AS_STRONG = "something unseen, as strong as this"
Row = tuple[str, str, float, float, float, str]


def sensitivity(found: Sequence[tuple[MatchedSample, Estimate]]) -> pd.DataFrame:
    """Sensitivity of every primary row to something unseen.

    Parameters
    ----------
    found : each outcome's matched pupils and its primary row

    Returns
    -------
    frame, SENSITIVITY_COLUMNS
        `e_value` (value: of the estimate; low: of the interval's nearer limit), `robustness_value` and
        `robustness_value_alpha` (shares of the residual variance), `partial_r2`, `benchmark` (label: the fact; value:
        what would be left of the difference, in the outcome's unit, if something unseen were as strong as that fact,
        with its interval), `rosenbaum_gamma` (pairs only: odds from which on the signed-rank test no longer tells a
        difference). Nothing where the primary row has no numbers, or rests on too few pupils.

    Notes
    -----
    Robustness values use the matched least-squares fit; their interval's value uses the clustered error.
    """
    rows: list[tuple[object, ...]] = []
    for matched, row in found:
        threshold = matched.sample.plan.suppression_threshold
        safe = all(mean_is_safe(int(n), threshold) for n in (row.n_treated, row.n_control) if not math.isnan(n))
        if row.status != "ok" or not safe:
            continue
        difference = matched_difference(matched)
        made = [*_e_values(row), *_robustness(matched, difference), *_rank_bounds(matched)]
        rows += [(matched.sample.outcome.id, *one) for one in made]
    table = pd.DataFrame(rows, columns=list(SENSITIVITY_COLUMNS))
    numbers = ("value", "low", "high")
    return table.astype({name: "float64" if name in numbers else "str" for name in SENSITIVITY_COLUMNS})


def _e_values(row: Estimate) -> list[Row]:
    if math.isnan(row.effect_size):
        return []
    one = e_value(row.effect_size, low=row.es_low, high=row.es_high)
    note = "risk ratio with both the programme and the outcome; from Hedges' g by exp(0.91 g)"
    return [("e_value", "", one.value, one.limit, math.nan, note)]


def _robustness(matched: MatchedSample, found: WeightedDifference) -> list[Row]:
    if not (math.isfinite(found.classical_t) and found.df > 0 and found.classical_df > 1):
        return []
    ratio = found.std_error / found.classical_std_error
    level = matched.sample.plan.conf_level
    critical = float(stdtrit(found.df, 0.5 + level / 2))
    one = robustness_value(found.classical_t, found.classical_df, error_ratio=ratio, critical=critical)
    rows: list[Row] = [
        ("partial_r2", "", one.partial_r2, math.nan, math.nan, "share of the outcome's residual variance"),
        ("robustness_value", "", one.value, math.nan, math.nan, "brings the difference to 0"),
        ("robustness_value_alpha", "", one.value_alpha, math.nan, math.nan, "brings the interval to 0"),
    ]
    return [*rows, *_benchmarks(matched, found, ratio, critical)]


def _benchmarks(matched: MatchedSample, found: WeightedDifference, ratio: float, critical: float) -> list[Row]:
    """What would be left if something unseen were as strong as each fact that was seen."""
    plan, covariates = matched.sample.plan, matched.covariates
    labels = {one.id: one.label for one in (*plan.covariates, *plan.subgroups)}
    used = matched.matched
    weights, chosen = matched.weights[used], matched.chosen[used].astype(np.float64)
    y, x = matched.rows.loc[used, "outcome"].to_numpy(dtype=np.float64), covariates.values[used]
    factor = 100.0 if matched.sample.outcome.kind == "yes_no" else 1.0
    rows: list[Row] = []
    for fact in dict.fromkeys(covariates.plain.facts):
        columns = enumerate(zip(covariates.facts, covariates.parts, strict=True))
        others = x[:, [place for place, (one, parts) in columns if one != fact and fact not in parts]]
        with_programme = np.column_stack([chosen, x])
        try:
            left = benchmark(
                found.estimate,
                found.classical_std_error,
                df=found.classical_df,
                r2_covariate_treatment=_partial_r2(chosen, x, others, weights),
                r2_covariate_outcome=_partial_r2(y, with_programme, np.column_stack([chosen, others]), weights),
                level=plan.conf_level,
                error_ratio=ratio,
                critical=critical,
            )
        except FitError:
            continue
        label = matched.covariates.names[covariates.facts.index(fact)] if fact == "baseline" else labels.get(fact, fact)
        numbers = (factor * left.estimate, factor * left.conf_low, factor * left.conf_high)
        note = AS_STRONG
        if left.r2_outcome >= 1:  # then nothing is left to err by, and an interval would say too much
            numbers, note = (numbers[0], math.nan, math.nan), f"{AS_STRONG}; it would explain all that is left"
        rows.append(("benchmark", label, *numbers, note))
    return rows


def _partial_r2(y: FloatArray, full: FloatArray, reduced: FloatArray, weights: FloatArray) -> float:
    """Share of what the reduced columns leave over that the full ones explain."""
    one, zero = (_residual(y, columns, weights) for columns in (full, reduced))
    return max(0.0, 1 - one / zero) if zero > 0 else 0.0


def _residual(y: FloatArray, columns: FloatArray, weights: FloatArray) -> float:
    fit = fit_linear(np.column_stack([np.ones(len(y)), columns]), y, weights=weights)
    return float(weights @ fit.residuals**2)


def _rank_bounds(matched: MatchedSample) -> list[Row]:
    """Rosenbaum's gamma, where pupils were matched one to one."""
    matching, units = matching_of(matched.sample), matched.units
    paired = matching.unit == "pupil" and len(units.pairs) and matching.ratio == 1 and not matching.replacement
    if not paired or units.method not in ("nearest", "optimal"):
        return []
    y = matched.rows["outcome"].to_numpy(dtype=np.float64)
    gaps = y[units.pairs[:, 0]] - y[units.pairs[:, 1]]
    alpha = matched.sample.plan.alpha / 2
    try:
        bounds = signed_rank_bounds(gaps, gamma=[1.0], alpha=alpha)
    except FitError:
        return []
    note = "signed-rank test of the pairs; pupils taken as independent"
    return [("rosenbaum_gamma", "", bounds.critical_gamma, math.nan, math.nan, note)]
