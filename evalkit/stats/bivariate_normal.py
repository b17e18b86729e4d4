"""The bivariate normal distribution with standard margins: distribution function and density, elementwise."""

import numpy as np
import numpy.typing as npt
from scipy.special import ndtr, owens_t

from evalkit.stats.vectors import FloatArray

# Beyond 40 standard deviations every probability is 0 or 1 to machine precision, and arithmetic stays finite.
_FAR = 40.0


def bivariate_normal_cdf(x: npt.ArrayLike, y: npt.ArrayLike, rho: npt.ArrayLike) -> FloatArray:
    """P(X <= x, Y <= y) for standard normal X and Y with correlation rho.

    Parameters
    ----------
    x, y : array_like, broadcast against each other
        May be infinite.
    rho : array_like, strictly between -1 and 1

    Returns
    -------
    array, of the broadcast shape
        Absolute error about 1e-15.

    Notes
    -----
    (Phi(x) + Phi(y)) / 2 - T(x, (y - rho x) / (x s)) - T(y, (x - rho y) / (y s)) - d with s = sqrt(1 - rho^2),
    d = 1/2 where x and y differ in sign, else 0, and T Owen's function [1]_.

    References
    ----------
    .. [1] Owen (1956). Tables for computing bivariate normal probabilities. Ann. Math. Stat. 27, 1075-1090, eq. 2.1.

    Examples
    --------
    >>> round(float(bivariate_normal_cdf(0, 0, 0.5)), 6)
    0.333333
    """
    h, k, r = np.broadcast_arrays(*(np.asarray(one, dtype=np.float64) for one in (x, y, rho)))
    h, k = (np.where(one == 0, 1e-300, np.clip(one, -_FAR, _FAR)) for one in (h, k))
    s = np.sqrt((1 - r) * (1 + r))
    below = owens_t(h, (k - r * h) / (h * s)) + owens_t(k, (h - r * k) / (k * s))
    return np.clip((ndtr(h) + ndtr(k)) / 2 - below - np.where((h < 0) != (k < 0), 0.5, 0.0), 0.0, 1.0)


def bivariate_normal_density(x: npt.ArrayLike, y: npt.ArrayLike, rho: npt.ArrayLike) -> FloatArray:
    """Density at (x, y), which is also the slope of `bivariate_normal_cdf` in rho; 0 where x or y is infinite.

    Examples
    --------
    >>> round(float(bivariate_normal_density(0, 0, 0)), 6)
    0.159155
    """
    h, k, r = np.broadcast_arrays(*(np.asarray(one, dtype=np.float64) for one in (x, y, rho)))
    h, k = np.clip(h, -_FAR, _FAR), np.clip(k, -_FAR, _FAR)
    rest = (1 - r) * (1 + r)
    # h^2 - 2 r h k + k^2 as a sum of squares cannot cancel below 0.
    distance = (h - r * k) ** 2 / rest + k**2
    return np.exp(-distance / 2) / (2 * np.pi * np.sqrt(rest))
