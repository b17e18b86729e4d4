"""Adjust p-values for having asked several questions. Missing p-values stay missing and are not counted."""

from typing import Literal

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.vectors import FloatArray


def holm(p: npt.ArrayLike) -> FloatArray:
    """Adjust p-values by Holm's step-down method, which controls any false positive in the family.

    Parameters
    ----------
    p : array_like, shape (m,), 0 to 1 or NaN

    Returns
    -------
    array, shape (m,)
        In the order given; NaN where `p` is NaN.

    Raises
    ------
    FitError
        When a p-value lies outside 0 to 1.

    Notes
    -----
    p~_(i) = max_{j <= i} min(1, (m - j + 1) p_(j)) [1]_. No assumption about dependence.

    References
    ----------
    .. [1] Holm (1979). A simple sequentially rejective multiple test procedure. Scand. J. Stat. 6, 65-70.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.06, 0.06]
    """
    return _adjust(p, "holm")


def hochberg(p: npt.ArrayLike) -> FloatArray:
    """Adjust p-values by Hochberg's step-up method: as Holm, sharper, for independent or positively dependent tests.

    Parameters, returns and errors as `holm`.

    Notes
    -----
    p~_(i) = min_{j >= i} min(1, (m - j + 1) p_(j)) [1]_.

    References
    ----------
    .. [1] Hochberg (1988). A sharper Bonferroni procedure. Biometrika 75, 800-802. doi:10.1093/biomet/75.4.800

    Examples
    --------
    >>> hochberg([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.04, 0.04]
    """
    return _adjust(p, "hochberg")


def benjamini_hochberg(p: npt.ArrayLike) -> FloatArray:
    """Adjust p-values by Benjamini and Hochberg: controls the expected share of false discoveries.

    Parameters, returns and errors as `holm`.

    Notes
    -----
    p~_(i) = min_{j >= i} min(1, m p_(j) / j) [1]_.

    References
    ----------
    .. [1] Benjamini & Hochberg (1995). Controlling the false discovery rate. J. R. Stat. Soc. B 57, 289-300.
       doi:10.1111/j.2517-6161.1995.tb02031.x

    Examples
    --------
    >>> benjamini_hochberg([0.01, 0.04, 0.03]).round(2).tolist()
    [0.03, 0.04, 0.04]
    """
    return _adjust(p, "benjamini_hochberg")


def _adjust(p: npt.ArrayLike, method: Literal["holm", "hochberg", "benjamini_hochberg"]) -> FloatArray:
    values = np.atleast_1d(np.asarray(p, dtype=np.float64))
    present = np.flatnonzero(~np.isnan(values))
    if np.any((values[present] < 0) | (values[present] > 1)):
        raise FitError("A p-value lies outside 0 to 1. Adjust p-values, not test statistics.")
    order = present[np.argsort(values[present], kind="stable")]
    m = order.size
    rank = np.arange(1, m + 1)
    steps = values[order] * (m / rank if method == "benjamini_hochberg" else m - rank + 1)
    steps = np.maximum.accumulate(steps) if method == "holm" else np.minimum.accumulate(steps[::-1])[::-1]
    adjusted = np.full(values.shape, np.nan)
    adjusted[order] = np.minimum(steps, 1.0)
    return adjusted
