"""The primary model of a trial on every imputed data set, pooled."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evalkit.analysis.multilevel import Fit
from evalkit.analysis.trial_model import TrialModel, arm_term, coefficients, fit_trial
from evalkit.analysis.trial_sample import GAP, TrialSample
from evalkit.stats.completed_fits import completed_tests
from evalkit.stats.missing_imputation import Imputations
from evalkit.stats.pooling import PooledEstimates, pool_estimates
from evalkit.stats.resample_plan import has_one_intercept
from evalkit.stats.vectors import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Imputed:
    """The imputed data sets of one outcome and how to analyse them.

    Attributes
    ----------
    sample : TrialSample
    rows : frame - the outcome's population in order of school and pupil
    imputations : Imputations
    by_arm : whether the arms were imputed apart
    """

    sample: TrialSample
    rows: pd.DataFrame = field(repr=False)
    imputations: Imputations
    by_arm: bool

    @property
    def arms(self) -> list[str]:
        """Treated arms that have pupils."""
        return [arm for arm in self.sample.treated if arm in set(self.rows["arm"])]

    @property
    def terms(self) -> list[str]:
        """Fixed terms beside the arm; without gaps there are no indicators of them."""
        return [term for term in self.sample.terms if not term.endswith(GAP)]

    def completed(self, imputations: Imputations, number: int) -> pd.DataFrame:
        """The rows with the gaps of one imputation filled."""
        filled = imputations.completed(number)
        return self.rows.assign(**{name: filled[:, k] for k, name in enumerate(imputations.names)})


def pooled(imputed: Imputed, imputations: Imputations, model: TrialModel | None = None) -> PooledEstimates:
    """The primary model on every imputed data set, pooled by Rubin with Barnard and Rubin's df on the model's own.

    Parameters
    ----------
    imputed : Imputed
    imputations : as its own, or shifted
    model : the model of the first data set, from `first_model`, when it was fitted already
    """
    first = model or first_model(imputed)
    found = _at_once(imputed, imputations, first)
    if found is None:
        found = _one_by_one(imputed, imputations)
    estimates, errors, dfs = found
    return pool_estimates(estimates, errors, df_complete=dfs, conf_level=imputed.sample.plan.conf_level)


def first_model(imputed: Imputed) -> TrialModel:
    """The primary model of the first data set, whose design the others share."""
    return fit_trial(imputed.sample, rows=imputed.completed(imputed.imputations, 0), terms=imputed.terms)


def _at_once(
    imputed: Imputed, imputations: Imputations, first: TrialModel
) -> tuple[FloatArray, FloatArray, FloatArray] | None:
    """All data sets together, where the model has one school effect and Kenward-Roger; None where it cannot be done."""
    fit = first.fit
    if not isinstance(fit, Fit) or fit.df != "kenward-roger" or not has_one_intercept(fit.sample.terms):
        return None
    kept = list(fit.core.coordinates.kept)
    terms, names = ([values[k] for k in kept] for values in (fit.sample.coding.terms, fit.sample.coding.names))
    filled = [name for name in imputations.names if name in terms]
    if any(terms.count(name) != 1 or name not in names for name in filled):
        return None
    if fit.sample.outcome.size != len(imputed.rows) or any(":" in term for term in terms):
        return None
    tables = np.stack([imputations.completed(number) for number in range(len(imputations.numbers))])
    place = {name: k for k, name in enumerate(imputations.names)}
    outcomes = (
        tables[:, :, place["outcome"]]
        if "outcome" in place
        else np.broadcast_to(fit.sample.outcome, tables.shape[:2]).copy()
    )
    tests = completed_tests(
        fit.sample.columns[kept],
        outcomes,
        varying={names.index(name): tables[:, :, place[name]] for name in filled},
        codes=fit.sample.terms[0].codes,
        n_clusters=fit.sample.terms[0].levels,
        contrasts=np.array([np.eye(len(kept))[names.index(arm_term(arm))] for arm in imputed.arms]),
    )
    found = [np.array([getattr(test, name) for test in tests]).T for name in ("estimate", "std_error", "df")]
    return (found[0], found[1], found[2]) if np.isfinite(found).all() else None


def _one_by_one(imputed: Imputed, imputations: Imputations) -> tuple[FloatArray, FloatArray, FloatArray]:
    rows: list[Sequence[Sequence[float]]] = []
    for number in range(len(imputations.numbers)):
        model = fit_trial(imputed.sample, rows=imputed.completed(imputations, number), terms=imputed.terms)
        table = coefficients(model)
        own = [table[arm_term(arm)] for arm in imputed.arms]
        rows.append([[float(one[name]) for one in own] for name in ("estimate", "std_error", "df")])
    estimates, errors, dfs = np.array(rows).swapaxes(0, 1)
    return estimates, errors, dfs
