"""Whether a difference after matching is another for some: each group by itself, and how far the groups are apart."""

from dataclasses import replace

import numpy as np
import pandas as pd

from evalkit.analysis.estimate import Estimate, not_estimated
from evalkit.analysis.matched_rows import MATCHED, filled
from evalkit.analysis.matched_sample import MatchedSample, pupil_covariates
from evalkit.analysis.trial_effects import blank, estimated
from evalkit.analysis.trial_model import PERCENT
from evalkit.analysis.trial_sample import NOT_RECORDED
from evalkit.records.characteristic import Characteristic
from evalkit.stats.linear import fit_linear
from evalkit.stats.robust import cluster_robust
from evalkit.stats.robust_inference import coefficient_tests, joint_test
from evalkit.stats.vectors import BoolArray, FloatArray
from evalkit.stats.weighted_difference import weighted_difference


def subgroup_rows(matched: MatchedSample, subgroup: Characteristic) -> list[Estimate]:
    """The interaction in the matched sample, then a row for each value: exploratory.

    Notes
    -----
    The match is the one for all pupils: within a group the balance may be less good, so covariates stay in the model.
    """
    arm = matched.sample.treated[0]
    texts = matched.rows[subgroup.id].astype("object")
    known = (texts.notna() & (texts != NOT_RECORDED)).to_numpy(dtype=bool) & matched.matched
    values = sorted(str(one) for one in set(texts[known]))
    row = blank(matched.sample, arm, inquiry="subgroup_interaction", estimator=MATCHED, subgroup=subgroup.id)
    if len(values) < 2:
        reason = f"Every matched pupil has the same value of '{subgroup.label}', so there are no groups to compare."
        return [not_estimated(row, reason)]
    curves = [place for place, parts in enumerate(matched.covariates.parts) if parts and subgroup.id not in parts]
    plain = pupil_covariates(matched.sample, matched.rows, without=[subgroup.id])
    x = plain.joined(matched.covariates.columns(curves)).values
    rows = estimated([row], lambda: [_interaction(matched, row, texts, known, values, x)])
    for value in values:
        own = known & (texts == value).to_numpy(dtype=bool)
        name = f"{subgroup.id}: {value}"
        one = blank(matched.sample, arm, inquiry="subgroup", estimator=MATCHED, subgroup=name)
        rows += estimated([one], lambda one=one, own=own: [_alone(matched, one, own, x)])
    return rows


def _alone(matched: MatchedSample, row: Estimate, own: BoolArray, x: FloatArray) -> Estimate:
    clusters = matched.clusters(matched.cluster_by)
    found = weighted_difference(
        matched.rows.loc[own, "outcome"].to_numpy(dtype=np.float64),
        matched.chosen[own],
        covariates=x[own],
        weights=matched.weights[own],
        clusters=None if clusters is None else clusters[own],
        level=matched.sample.plan.conf_level,
    )
    return filled(row, found, matched)


def _interaction(
    matched: MatchedSample, row: Estimate, texts: pd.Series, known: BoolArray, values: list[str], x: FloatArray
) -> Estimate:
    """How much the difference differs: for two groups the second minus the first; for more a joint test."""
    chosen = matched.chosen[known].astype(np.float64)
    groups = np.column_stack([(texts[known] == value).to_numpy(dtype=np.float64) for value in values[1:]])
    products = groups * chosen[:, None]
    design = np.column_stack([np.ones(len(chosen)), products, chosen, groups, x[known]])
    weights, y = matched.weights[known], matched.rows.loc[known, "outcome"].to_numpy(dtype=np.float64)
    fit = fit_linear(design, y, weights=weights)
    wanted = len(values) - 1
    if list(fit.kept[: wanted + 1]) != list(range(wanted + 1)):
        return not_estimated(row, "Not every group has matched pupils on both sides.")
    clusters = matched.clusters(matched.cluster_by)
    own = np.arange(len(chosen)) if clusters is None else clusters[known]
    covariance = cluster_robust(fit.design, fit.residuals, clusters=own, weights=weights)
    contrasts = np.eye(len(fit.coefficients))[1 : wanted + 1]
    counted = replace(row, n_treated=float(chosen.sum()), n_control=float((1 - chosen).sum()))
    if wanted > 1:
        joint = joint_test(fit.coefficients, covariance, contrasts=contrasts)
        reason = f"Joint test of {wanted} differences (F with {wanted} and the degrees of freedom shown)."
        return replace(counted, statistic=joint.f_value, df=joint.df_denominator, p_value=joint.p_value, reason=reason)
    level = matched.sample.plan.conf_level
    tests = coefficient_tests(fit.coefficients, covariance, contrasts=contrasts, level=level)
    factor = PERCENT if matched.sample.outcome.kind == "yes_no" else 1.0
    return replace(
        counted,
        estimate=factor * float(tests.estimates[0]),
        std_error=factor * float(tests.std_errors[0]),
        df=float(tests.df[0]),
        statistic=float(tests.t_values[0]),
        p_value=float(tests.p_values[0]),
        conf_low=factor * float(tests.conf_low[0]),
        conf_high=factor * float(tests.conf_high[0]),
        reason=f"The difference for '{values[1]}' minus the difference for '{values[0]}'.",
    )
