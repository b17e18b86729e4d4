"""A difference that is right when either the propensity or the outcome model is: augmented inverse probability."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import stdtr, stdtrit

from evalkit.errors import FitError
from evalkit.stats.linear import check_clusters, check_rows, fit_linear
from evalkit.stats.propensity import Propensity, check_groups
from evalkit.stats.vectors import BoolArray, FloatArray

Target = Literal["att", "ate", "ato"]


@dataclass(frozen=True, slots=True)
class DoublyRobust:
    """Programme minus comparison, doubly robust.

    Attributes
    ----------
    estimate, std_error, df, t_value, p_value, conf_low, conf_high : float
        Unit of the outcome; the error allows for the estimated propensity and outcome models and for clusters.
    estimand : str
    n_clusters : int
    level : float
    """

    estimate: float
    std_error: float
    df: float
    t_value: float
    p_value: float
    conf_low: float
    conf_high: float
    estimand: Target
    n_clusters: int
    level: float


def doubly_robust(
    outcome: ArrayLike,
    treated: ArrayLike,
    propensity: Propensity,
    *,
    clusters: ArrayLike | None = None,
    estimand: Target = "att",
    level: float = 0.95,
) -> DoublyRobust:
    """Combine a propensity with a linear outcome model in each group.

    Parameters
    ----------
    outcome : array, shape (n,)
    treated : array, shape (n,)
    propensity : Propensity
        Its design is also that of the outcome models.
    clusters : array, shape (n,), optional
        What the programme was assigned to.
    estimand : {"att", "ate", "ato"}
    level : float

    Returns
    -------
    DoublyRobust

    Raises
    ------
    FitError
        Bad values, a group with fewer units than columns, fewer than three clusters.

    Notes
    -----
    With target weight h = e (att), 1 (ate), e(1 - e) (ato) [1]_:
    b = [sum h (m1 - m0) + sum T h/e (y - m1) - sum (1 - T) h/(1 - e) (y - m0)] / sum h,
    for att with h replaced by T in the first sum and in the denominator (m1 then drops out). The variance is the
    sandwich of all estimating equations together (logit, both outcome models, b) [2]_ over clusters, times G/(G - 1);
    t with G - 1 degrees of freedom, G the number of clusters.

    References
    ----------
    .. [1] Li, Morgan and Zaslavsky (2018). Balancing covariates via propensity score weighting. JASA 113, 390-400;
       att: Mercatanti and Li (2014). Do debit cards increase household spending? AOAS 8(4), 2485-2508.
    .. [2] Lunceford and Davidian (2004). Stratification and weighting via the propensity score in estimation of causal
       treatment effects. Statistics in Medicine 23, 2937-2960. doi:10.1002/sim.1903
    """
    y = np.asarray(outcome, dtype=np.float64)
    check_rows("outcome", y, length=len(propensity.scores))
    chosen = check_groups(treated, length=len(y))
    groups = np.arange(len(y)) if clusters is None else check_clusters(clusters, length=len(y))[1]
    count = int(groups.max()) + 1
    if count < 3:
        raise FitError(f"{count} clusters are too few for a doubly robust difference; at least 3 are needed.")
    x = propensity.design
    one, zero = (_outcome_model(x, y, rows) for rows in (chosen, ~chosen))
    parts = _Equations(x, y, chosen, propensity.scores, x @ one, x @ zero, estimand)
    estimate = parts.estimate
    scores = parts.influence(estimate)
    sums = np.zeros(count)
    np.add.at(sums, groups, scores)
    error = float(np.sqrt(count / (count - 1) * (sums**2).sum()))
    df = count - 1
    t_value = estimate / error if error > 0 else float("nan")
    half = float(stdtrit(df, 0.5 + level / 2)) * error
    return DoublyRobust(
        estimate=estimate,
        std_error=error,
        df=float(df),
        t_value=t_value,
        p_value=float(2 * stdtr(df, -abs(t_value))),
        conf_low=estimate - half,
        conf_high=estimate + half,
        estimand=estimand,
        n_clusters=count,
        level=level,
    )


def _outcome_model(x: FloatArray, y: FloatArray, rows: BoolArray) -> FloatArray:
    """Coefficients (p,) of one group's outcome model; 0 for columns that are not determined there."""
    fit = fit_linear(x[rows], y[rows])
    found = np.zeros(x.shape[1])
    found[fit.kept] = fit.coefficients
    return found


@dataclass(frozen=True, slots=True)
class _Equations:
    """The estimating equations of all parameters, at their solution."""

    x: FloatArray
    y: FloatArray
    chosen: BoolArray
    e: FloatArray
    m1: FloatArray
    m0: FloatArray
    estimand: Target

    @property
    def _weights(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Weight of m1 - m0, of a programme unit's and of a comparison unit's residual."""
        t, e = self.chosen.astype(np.float64), self.e
        if self.estimand == "att":
            return t, t, (1 - t) * e / (1 - e)
        if self.estimand == "ate":
            return np.ones(len(e)), t / e, (1 - t) / (1 - e)
        return e * (1 - e), t * (1 - e), (1 - t) * e

    @property
    def _slopes(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Derivatives of the three weights by the linear predictor; de/dl = e(1 - e)."""
        t, e = self.chosen.astype(np.float64), self.e
        zero = np.zeros(len(e))
        if self.estimand == "att":
            return zero, zero, (1 - t) * e / (1 - e)
        if self.estimand == "ate":
            return zero, -t * (1 - e) / e, (1 - t) * e / (1 - e)
        slope = e * (1 - e)
        return slope * (1 - 2 * e), -t * slope, (1 - t) * slope

    @property
    def estimate(self) -> float:
        h, a, b = self._weights
        return float((h @ (self.m1 - self.m0) + a @ (self.y - self.m1) - b @ (self.y - self.m0)) / h.sum())

    def influence(self, estimate: float) -> FloatArray:
        """Each unit's part in the estimate's error, shape (n,); it adds up to 0."""
        x, y = self.x, self.y
        h, a, b = self._weights
        dh, da, db = self._slopes
        gap, r1, r0 = self.m1 - self.m0, y - self.m1, y - self.m0
        own = h * (gap - estimate) + a * r1 - b * r0
        by_logit = x.T @ (dh * (gap - estimate) + da * r1 - db * r0)
        information = (x * (self.e * (1 - self.e))[:, None]).T @ x
        logit = x * (self.chosen - self.e)[:, None]
        total = own + logit @ np.linalg.solve(information, by_logit)
        for rows, residual, slope in ((self.chosen, r1, x.T @ (h - a)), (~self.chosen, r0, x.T @ (b - h))):
            inner = x[rows].T @ x[rows]
            moved = np.linalg.lstsq(inner, slope, rcond=None)[0]
            total[rows] += (x[rows] @ moved) * residual[rows]
        return total / h.sum()
