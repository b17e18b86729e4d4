"""A yes/no outcome: what the treatment does to the share of pupils, and the odds ratio of one pupil beside it."""

import numpy as np

from evalkit.analysis.design import FloatArray
from evalkit.analysis.multilevel_arms import Arms, reallocate
from evalkit.analysis.multilevel_tables import between_columns
from evalkit.analysis.sample import Sample
from evalkit.errors import FitError
from evalkit.stats.glm import LogitFit, fit_logit
from evalkit.stats.marginal import marginal_contrast
from evalkit.stats.mixed.fit import MixedFit
from evalkit.stats.mixed.inference import quantile, two_sided
from evalkit.stats.resample_plan import has_one_intercept

N_NODES = 15
SHARE, SD, RATIO = "share of pupils", "standard deviations", "odds ratio"


def binary_rows(core: MixedFit, sample: Sample, arms: Arms, *, conf_level: float) -> list[dict[str, object]]:
    """Risk difference, Cox's d, marginal and conditional odds ratio of every treated arm.

    Parameters
    ----------
    core : MixedFit
        Of the same formula; only the columns kept are taken from it.
    sample : Sample
    arms : Arms
    conf_level : float

    Returns
    -------
    list of dict
        Rows of the effect-size table: `contrast variant arm estimate conf_low conf_high interval p_value df unit
        reason`.

    Notes
    -----
    A logit with the same fixed part and one random intercept (`stats.glm`), both risks averaged over all pupils'
    covariates and integrated over the schools' effects (`stats.marginal`), delta method. Where whole groups were
    allocated, limits and p take Student's t with J minus the columns that vary between groups as df; odds ratios are
    made from the limits of their logarithm.
    """
    names = ("risk_difference", "cox_d", "marginal_odds_ratio", "conditional_odds_ratio")
    try:
        fit = _logit(core, sample)
    except FitError as error:
        empty = {"unit": SD, "reason": error.message}
        return [
            {"contrast": own, "variant": v, "arm": k, **empty} for k, own in enumerate(arms.names, 1) for v in names
        ]
    df = np.inf if arms.group is None else float(sample.terms[-1].levels - between_columns(core, sample))
    rows: list[dict[str, object]] = []
    for arm, own in enumerate(arms.names, start=1):
        treated, control = (_design(core, sample, arms, k) for k in (arm, 0))
        found = marginal_contrast(fit, treated=treated, control=control)
        values = (
            (names[0], found.risk_difference, found.risk_difference_std_error, SHARE),
            (names[1], found.cox_d, found.cox_d_std_error, SD),
            (names[2], found.marginal_log_odds_ratio, found.marginal_log_odds_ratio_std_error, RATIO),
            (names[3], found.conditional_log_odds_ratio, found.conditional_log_odds_ratio_std_error, RATIO),
        )
        rows += [{"contrast": own, "arm": arm, **_row(*value, df=df, conf_level=conf_level)} for value in values]
    return rows


def _logit(core: MixedFit, sample: Sample) -> LogitFit:
    if not has_one_intercept(sample.terms):
        raise FitError(
            "The model of a yes/no outcome takes one random intercept. Keep (1 | group) of the level that was "
            "allocated."
        )
    if sample.weights is not None:
        raise FitError("The model of a yes/no outcome takes no weights.")
    kept = list(core.coordinates.kept)
    return fit_logit(
        sample.columns[kept].T,
        sample.outcome,
        clusters=sample.terms[0].codes,
        names=[sample.coding.names[i] for i in kept],
        n_nodes=N_NODES,
    )


def _design(core: MixedFit, sample: Sample, arms: Arms, arm: int) -> FloatArray:
    everyone = np.full(arms.codes.shape, arm, dtype=np.intp)
    return reallocate(sample, arms, everyone).columns[list(core.coordinates.kept)].T


def _row(variant: str, value: float, std_error: float, unit: str, *, df: float, conf_level: float) -> dict[str, object]:
    if not np.isfinite(value):
        return {
            "variant": variant,
            "unit": unit,
            "reason": "With an interaction there is one odds ratio per covariate value.",
        }
    reach = quantile(conf_level, df) * std_error
    limits = [value, value - reach, value + reach]
    estimate, low, high = np.exp(limits) if unit == RATIO else limits
    return {
        "variant": variant,
        "estimate": float(estimate),
        "conf_low": float(low),
        "conf_high": float(high),
        "interval": "delta",
        "p_value": two_sided(value / std_error, df),
        "df": df,
        "unit": unit,
        "reason": "",
    }
