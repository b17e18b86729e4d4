"""How well the items of a scale hang together: alpha, omega and statistics per item."""

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.special import fdtri, ndtri

from evalkit.stats.item_covariance import ItemCovariance, Missing, item_covariance
from evalkit.stats.one_factor import fit_one_factor
from evalkit.stats.vectors import check_conf_level

ReliabilityMethod = Literal["alpha", "omega", "ordinal_alpha", "ordinal_omega", "ordinal_omega_latent"]


@dataclass(frozen=True, slots=True)
class Reliability:
    """The reliability of a sum or mean of k items.

    Attributes
    ----------
    method : "alpha", "omega", "ordinal_alpha", "ordinal_omega" or "ordinal_omega_latent"
    value, low, high : float
        Can be negative for alpha: then items contradict one another (often a reversed item left unreversed).
    std_error : float
        NaN for alpha, whose interval (Feldt) is not symmetric.
    n, n_incomplete, k : int
        Rows with all k answers, which alone were used (or the fewest rows behind a pair); rows with an answer missing;
        items.
    conf_level : float
    is_heywood : bool
        Omegas only: the factor model gave an impossible (negative) error variance; do not trust the value.
    """

    method: ReliabilityMethod
    value: float
    low: float
    high: float
    std_error: float
    n: int
    n_incomplete: int
    k: int
    conf_level: float
    is_heywood: bool


def alpha(items: npt.ArrayLike, *, conf_level: float = 0.95, missing: Missing = "complete") -> Reliability:
    """Cronbach's alpha with Feldt's interval.

    Parameters
    ----------
    items : array_like, shape (n, k)
        Scored answers (reversed items already reversed), NaN where missing; k >= 2, at least 3 complete rows.
    conf_level : float, between 0 and 1
    missing : "complete" or "pairwise"
        As in `item_covariance`. Pairwise limits count the fewest rows behind any pair, where psych counts all rows.

    Returns
    -------
    Reliability

    Raises
    ------
    FitError
        With too few items or complete rows, an item without spread (it is named by its position), or total scores
        without spread.

    Notes
    -----
    alpha = k/(k-1) (1 - sum s_i^2 / s_total^2) [1]_; limits 1 - (1 - alpha) F with F the 1 - a/2 and a/2 quantiles of
    F(n-1, (n-1)(k-1)) [2]_, exact for items with equal covariances.

    References
    ----------
    .. [1] Cronbach (1951). Coefficient alpha. Psychometrika 16, 297-334. doi:10.1007/BF02310555
    .. [2] Feldt, Woodruff & Salih (1987). Statistical inference for coefficient alpha. Appl. Psychol. Meas. 11, 93-103,
       eq. 8. doi:10.1177/014662168701100107

    Examples
    --------
    >>> found = alpha([[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 4, 5]])
    >>> round(found.value, 3), round(found.low, 3)
    (0.933, 0.56)
    """
    return alpha_from(item_covariance(items, missing=missing), conf_level=conf_level)


def alpha_from(found: ItemCovariance, *, conf_level: float = 0.95) -> Reliability:
    """`alpha` where the covariances are known already (no item constant, at least 3 rows)."""
    covariance, n, n_incomplete = found.covariance, found.n, found.n_incomplete
    k = covariance.shape[0]
    value = _alpha_of(np.trace(covariance), covariance.sum(), k)
    tail = (1 - check_conf_level(conf_level)) / 2
    between, within = float(n - 1), float((n - 1) * (k - 1))
    return Reliability(
        method="alpha",
        value=value,
        low=1 - (1 - value) * float(fdtri(between, within, 1 - tail)),
        high=1 - (1 - value) * float(fdtri(between, within, tail)),
        std_error=math.nan,
        n=n,
        n_incomplete=n_incomplete,
        k=k,
        conf_level=conf_level,
        is_heywood=False,
    )


def omega(items: npt.ArrayLike, *, conf_level: float = 0.95) -> Reliability:
    """McDonald's omega from a one-factor model by maximum likelihood.

    Parameters
    ----------
    items : array_like, shape (n, k)
        As for `alpha`; k >= 3 and more complete rows than items.
    conf_level : float, between 0 and 1

    Returns
    -------
    Reliability
        Of the plain sum of the items when one factor lies behind them; answers are treated as continuous.

    Raises
    ------
    FitError
        As `alpha`, and when the factor model has no solution.

    Notes
    -----
    omega = (sum l)^2 / ((sum l)^2 + sum theta) [1]_, loadings l and uniquenesses theta from `fit_one_factor`. Limits
    omega +- z se, the standard error by the delta method from the expected information, as lavaan gives for a defined
    parameter; the upper limit is cut at 1.

    References
    ----------
    .. [1] McDonald (1999). Test theory: a unified treatment, eq. 6.20b. doi:10.4324/9781410601087

    Examples
    --------
    >>> omega([[1, 2, 1], [2, 2, 3], [3, 4, 3], [4, 4, 5], [2, 3, 2], [5, 4, 5], [3, 3, 4]]).method
    'omega'
    """
    return omega_from(item_covariance(items), conf_level=conf_level)


def omega_from(found: ItemCovariance, *, conf_level: float = 0.95) -> Reliability:
    """`omega` where the covariances of complete rows are known already (no item constant)."""
    n = found.n
    factor = fit_one_factor(found.covariance * ((n - 1) / n), n=n)
    common, unique = float(factor.loadings.sum()), float(factor.uniquenesses.sum())
    total = common**2 + unique
    slope = np.concatenate(
        [np.full(factor.loadings.size, 2 * common * unique), np.full(factor.loadings.size, -(common**2))]
    )
    slope /= total**2
    value = common**2 / total
    std_error = math.sqrt(float(slope @ factor.covariance @ slope))
    half_width = float(ndtri((1 + check_conf_level(conf_level)) / 2)) * std_error
    return Reliability(
        method="omega",
        value=value,
        low=value - half_width,
        high=min(value + half_width, max(value, 1.0)),
        std_error=std_error,
        n=n,
        n_incomplete=found.n_incomplete,
        k=factor.loadings.size,
        conf_level=conf_level,
        is_heywood=factor.is_heywood,
    )


def _alpha_of(sum_of_variances: float, total_variance: float, k: int) -> float:
    return k / (k - 1) * (1 - float(sum_of_variances) / float(total_variance))
