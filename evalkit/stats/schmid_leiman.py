"""psych's omega_h and omega_t: one general factor and three group factors behind the items."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.item_covariance import Missing, item_covariance
from evalkit.stats.rotation import minres, oblimin, varimax
from evalkit.stats.vectors import FloatArray

_FEWEST_ITEMS = 6
_GROUPS = 3


@dataclass(frozen=True, slots=True, eq=False)
class SchmidLeiman:
    """A scale's variance split into a general factor, three group factors and the rest.

    Attributes
    ----------
    omega_h : float
        Share of the variance of the standardised sum that the general factor explains.
    omega_t : float
        Share that the general and the group factors explain together. NOT the omega of a one-factor model.
    general : array, shape (k,)
        Loadings on the general factor, not negative.
    groups : array, shape (k, 3)
        Loadings on the group factors.
    uniquenesses : array, shape (k,)
    turned : tuple of int
        Items (places from 0) that load negatively on the general factor; they were turned round, as psych does, and
        probably should have been reversed.
    n, n_incomplete : int
        As in `ItemCovariance`.
    """

    omega_h: float
    omega_t: float
    general: FloatArray
    groups: FloatArray
    uniquenesses: FloatArray
    turned: tuple[int, ...]
    n: int
    n_incomplete: int


def schmid_leiman(items: npt.ArrayLike, *, missing: Missing = "complete") -> SchmidLeiman:
    """Compute omega_h and omega_t as psych's `omega` does by default.

    Parameters
    ----------
    items, missing : as in `item_covariance`; 6 items or more

    Returns
    -------
    SchmidLeiman

    Raises
    ------
    FitError
        As `item_covariance`, and with fewer than 6 items.

    Notes
    -----
    Three minimum-residual factors of the correlation matrix, turned by varimax and then oblimin (pattern P, factor
    correlations Phi); one factor of Phi with loadings g; general loadings P g, group loadings P sqrt(1 - g^2),
    uniquenesses u^2 = 1 - h^2 of the three factors [1]_. With V the sum of the correlations after turning items with a
    negative general loading: omega_h = (sum of general loadings)^2 / V, omega_t = 1 - sum(u^2) / V [2]_.

    References
    ----------
    .. [1] Schmid & Leiman (1957). The development of hierarchical factor solutions. Psychometrika 22, 53-61.
       doi:10.1007/BF02289209
    .. [2] Revelle & Zinbarg (2009). Coefficients alpha, beta, omega, and the glb. Psychometrika 74, 145-154.
       doi:10.1007/s11336-008-9102-z

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> found = schmid_leiman(rng.normal(size=(300, 1)) + rng.normal(size=(300, 9)))
    >>> found.omega_h < found.omega_t < 1
    True
    """
    found = item_covariance(items, missing=missing)
    correlation = found.correlation
    k = len(correlation)
    if k < _FEWEST_ITEMS:
        raise FitError(f"The scale has {k} items; three group factors need at least {_FEWEST_ITEMS}. Report omega.")
    orthogonal = varimax(minres(correlation, factors=_GROUPS))
    orthogonal = orthogonal[:, np.argsort(-(orthogonal**2).sum(axis=0), kind="stable")]
    pattern, between = oblimin(orthogonal)
    signs = np.where(pattern.sum(axis=0) < 0, -1.0, 1.0)
    pattern, between = pattern * signs, between * np.outer(signs, signs)
    higher = minres(between, factors=1)[:, 0]
    general = pattern @ higher
    groups = pattern * np.sqrt(np.maximum(1 - higher**2, 0.0))
    uniquenesses = 1 - (orthogonal**2).sum(axis=1)
    key = np.where(general < 0, -1.0, 1.0)
    total = float((correlation * np.outer(key, key)).sum())
    if total <= 1e-12 * k:
        raise FitError("The standardised items add up to the same for everybody. Check the reversed items.")
    return SchmidLeiman(
        omega_h=float(np.abs(general).sum()) ** 2 / total,
        omega_t=1 - float(uniquenesses.sum()) / total,
        general=general * key,
        groups=groups * key[:, None],
        uniquenesses=uniquenesses,
        turned=tuple(int(place) for place in np.flatnonzero(key < 0)),
        n=found.n,
        n_incomplete=found.n_incomplete,
    )
