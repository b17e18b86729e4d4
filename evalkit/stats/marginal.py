"""What a random-intercept logit says about the average pupil: risks, their difference, odds ratios and Cox's d."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from evalkit.errors import FitError
from evalkit.stats.glm import LogitFit

FloatArray = NDArray[np.float64]

# Nodes for averaging over schools: within 1e-7 of the exact average up to sigma = 3.
N_NODES = 61
# Cox's index: a logit difference over 1.65 is a standardised mean difference.
COX = 1.65


@dataclass(frozen=True, slots=True)
class MarginalContrast:
    """Treated against control, averaged over the pupils' covariates and over schools.

    Attributes
    ----------
    risk_treated, risk_control : float
        Average probability of a 1 if every pupil were treated, or none.
    risk_difference, risk_difference_std_error : float
        As a share: 0.05 is five percentage points.
    marginal_log_odds_ratio, marginal_log_odds_ratio_std_error : float
        logit(risk_treated) - logit(risk_control).
    cox_d, cox_d_std_error : float
        The marginal log odds ratio over 1.65.
    conditional_log_odds_ratio, conditional_log_odds_ratio_std_error : float
        The fit's own coefficient, for two pupils of one school; further from 0 than the marginal one. NaN when the
        contrast is not one column.
    """

    risk_treated: float
    risk_control: float
    risk_difference: float
    risk_difference_std_error: float
    marginal_log_odds_ratio: float
    marginal_log_odds_ratio_std_error: float
    cox_d: float
    cox_d_std_error: float
    conditional_log_odds_ratio: float
    conditional_log_odds_ratio_std_error: float

    @property
    def conditional_odds_ratio(self) -> float:
        """exp of the conditional log odds ratio."""
        return float(np.exp(self.conditional_log_odds_ratio))


def marginal_risk_difference(fit: LogitFit, treatment_column: int) -> MarginalContrast:
    """Compare a column at 1 with the same column at 0, everything else as observed.

    Parameters
    ----------
    fit : LogitFit
    treatment_column : int
        Position in the design of a column of 0 and 1 that enters no interaction; else use `marginal_contrast`.

    Returns
    -------
    MarginalContrast

    Raises
    ------
    FitError
        When the column is not 0/1.

    Examples
    --------
    >>> from evalkit.stats.glm import fit_logit
    >>> x = [[1, t] for t in (0, 0, 0, 1, 1, 1) for _ in range(4)]
    >>> y = [0, 1, 0, 0, 1, 1, 0, 1, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 1, 0, 1, 0, 1]
    >>> found = marginal_risk_difference(fit_logit(x, y, clusters=[s for s in range(6) for _ in range(4)]), 1)
    >>> round(found.risk_difference, 2), round(found.cox_d, 2), round(found.conditional_odds_ratio, 1)
    (0.42, 1.08, 7.8)
    """
    if not 0 <= treatment_column < fit.design.shape[1]:
        raise FitError(f"Column {treatment_column} is not in the design: use 0 to {fit.design.shape[1] - 1}.")
    if not np.isin(fit.design[:, treatment_column], (0, 1)).all():
        raise FitError(f"The treatment {fit.names[treatment_column]} has values that are not 0 or 1: recode it.")
    treated, control = fit.design.copy(), fit.design.copy()
    treated[:, treatment_column], control[:, treatment_column] = 1.0, 0.0
    return marginal_contrast(fit, treated=treated, control=control)


def marginal_contrast(fit: LogitFit, *, treated: ArrayLike, control: ArrayLike) -> MarginalContrast:
    """Compare two versions of the design, for instance with all interactions of the treatment recomputed.

    Parameters
    ----------
    fit : LogitFit
    treated, control : array, shape (m, p)
        The same pupils under each arm.

    Returns
    -------
    MarginalContrast

    Raises
    ------
    FitError
        When the shapes do not fit the model.

    Notes
    -----
    risk_a = mean_i E_z expit(x_ia'b + sigma z), z ~ N(0, 1), by Gauss-Hermite quadrature. Delta method with the joint
    covariance C of (b, sigma): d risk/db = mean_i E[p(1-p)] x_ia, d risk/dsigma = mean_i E[p(1-p) z]; the variance of
    f(risk_T, risk_C) is grad' C grad [1]_. Cox's d after [2]_.

    References
    ----------
    .. [1] Hedeker, du Toit, Demirtas and Gibbons (2018). A note on marginalization of regression parameters from mixed
       models of binary outcomes. Biometrics 74(1), 354-361. doi:10.1111/biom.12707
    .. [2] Cox (1970). Analysis of Binary Data; Sanchez-Meca, Marin-Martinez and Chacon-Moscoso (2003). Effect-size
       indices for dichotomized outcomes in meta-analysis. Psychological Methods 8(4), 448-467.
    """
    arms = [np.asarray(treated, dtype=float), np.asarray(control, dtype=float)]
    p = len(fit.coefficients)
    if any(arm.ndim != 2 or arm.shape[1] != p or not len(arm) for arm in arms) or arms[0].shape != arms[1].shape:
        raise FitError(f"The two designs have shapes {arms[0].shape} and {arms[1].shape}: both must be (rows, {p}).")
    (risk_t, grad_t), (risk_c, grad_c) = (_average_risk(fit, arm) for arm in arms)
    spread_t, spread_c = risk_t * (1 - risk_t), risk_c * (1 - risk_c)
    log_ratio = float(logit(risk_t) - logit(risk_c))
    log_ratio_error = _error(fit, grad_t / spread_t - grad_c / spread_c)
    change = arms[0] - arms[1]
    single = bool((change == change[0]).all())
    return MarginalContrast(
        risk_treated=risk_t,
        risk_control=risk_c,
        risk_difference=risk_t - risk_c,
        risk_difference_std_error=_error(fit, grad_t - grad_c),
        marginal_log_odds_ratio=log_ratio,
        marginal_log_odds_ratio_std_error=log_ratio_error,
        cox_d=log_ratio / COX,
        cox_d_std_error=log_ratio_error / COX,
        conditional_log_odds_ratio=float(change[0] @ fit.coefficients) if single else np.nan,
        conditional_log_odds_ratio_std_error=_error(fit, np.append(change[0], 0.0)) if single else np.nan,
    )


def _average_risk(fit: LogitFit, design: FloatArray) -> tuple[float, FloatArray]:
    nodes, weights = np.polynomial.hermite_e.hermegauss(N_NODES)
    weights = weights / weights.sum()
    linear = design @ fit.coefficients
    mean = np.zeros(len(linear))
    slope = np.zeros(len(linear))
    in_sigma = 0.0
    for node, weight in zip(nodes, weights, strict=True):
        p = expit(linear + fit.sigma * node)
        spread = weight * p * (1 - p)
        mean += weight * p
        slope += spread
        in_sigma += node * float(spread.mean())
    return float(mean.mean()), np.append(design.T @ slope / len(design), in_sigma)


def _error(fit: LogitFit, gradient: FloatArray) -> float:
    return float(np.sqrt(gradient @ fit.covariance @ gradient))
