"""Ordinary and weighted least squares: arrays in, one frozen result out."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular
from scipy.special import stdtr, stdtrit

from evalkit.errors import FitError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]

# R's lm calls a column dependent when less than 1e-7 of its length is left after the earlier columns.
NOTHING, SURE = 3e-13, 1e-7  # shares of a squared length
RANK_TOLERANCE = 1e-7


@dataclass(frozen=True, slots=True)
class LinearFit:
    """A least-squares fit; with several schools, read it through `robust.cluster_robust`.

    Attributes
    ----------
    names : tuple of str
        The columns that were estimated, in the order of the design (k of them).
    dropped : tuple of str
        Columns that earlier columns determine; they have no coefficient.
    kept : ndarray, shape (k,)
        Positions of `names` in the design as it was given.
    coefficients, std_errors, t_values, p_values : ndarray, shape (k,)
        Unit of the outcome per unit of the column; p is two-sided, on `df_residual` degrees of freedom.
    covariance : ndarray, shape (k, k)
        sigma^2 (X'WX)^-1, valid only if pupils are independent.
    sigma : float
        Residual standard deviation (of a row of weight 1); NaN when no degree of freedom is left.
    df_residual : int
        Rows of positive weight minus k.
    r_squared, adjusted_r_squared : float
        Share of variance explained, about the (weighted) mean when the design contains a constant.
    log_likelihood : float
        Gaussian log-likelihood at its maximum.
    design : ndarray, shape (n, k)
    weights : ndarray, shape (n,), or None
    fitted, residuals : ndarray, shape (n,)
        Unweighted, in the unit of the outcome.
    """

    names: tuple[str, ...]
    dropped: tuple[str, ...]
    kept: IntArray
    coefficients: FloatArray
    std_errors: FloatArray
    t_values: FloatArray
    p_values: FloatArray
    covariance: FloatArray
    sigma: float
    df_residual: int
    r_squared: float
    adjusted_r_squared: float
    log_likelihood: float
    design: FloatArray = field(repr=False)
    weights: FloatArray | None = field(repr=False)
    fitted: FloatArray = field(repr=False)
    residuals: FloatArray = field(repr=False)

    def intervals(self, level: float = 0.95) -> FloatArray:
        """Confidence limits, shape (k, 2), on `df_residual` degrees of freedom."""
        half = stdtrit(self.df_residual, 0.5 + level / 2) * self.std_errors
        return np.column_stack([self.coefficients - half, self.coefficients + half])


def fit_linear(
    design: ArrayLike,
    outcome: ArrayLike,
    *,
    names: Sequence[str] | None = None,
    weights: ArrayLike | None = None,
) -> LinearFit:
    """Fit a linear model by (weighted) least squares.

    Parameters
    ----------
    design : array, shape (n, p)
        One row per pupil, the constant included as a column of ones. An ANCOVA is a design with the pretest in it.
    outcome : array, shape (n,)
    names : sequence of str, optional
        Column names for messages; `column 1`, `column 2`, ... otherwise.
    weights : array, shape (n,), optional
        Above 0. The variance of row i is taken as sigma^2 / weight.

    Returns
    -------
    LinearFit
        Columns that earlier ones determine are left out and listed in `dropped`.

    Raises
    ------
    FitError
        When lengths differ, a value is missing or infinite, a weight is not above 0, or fewer rows than columns remain.

    Notes
    -----
    b minimises (y - Xb)'W(y - Xb); sqrt(W) X = QR, R b = Q' sqrt(W) y, Cov b = sigma^2 (R'R)^-1 [1]_ ch. 5.3, without
    forming X'X. Columns are first brought to length one, so the scale of a covariate does not matter.

    References
    ----------
    .. [1] Golub and Van Loan (2013). Matrix Computations, 4th edition.

    Examples
    --------
    >>> fit = fit_linear([[1, 0], [1, 0], [1, 1], [1, 1]], [1.0, 3.0, 4.0, 6.0])
    >>> fit.coefficients.round(6).tolist(), round(fit.sigma, 6)
    ([2.0, 3.0], 1.414214)
    """
    x, labels = check_design(design, names=names)
    y = check_rows("outcome", outcome, length=len(x))
    w = None if weights is None else check_weights(weights, length=len(x))
    root = np.ones(len(x)) if w is None else np.sqrt(w)
    kept = independent_columns(x * root[:, None])
    df = len(x) - len(kept)
    if df < 0 or not len(kept):
        raise FitError(f"The model has {len(kept)} columns for {len(x)} rows: use more rows or fewer columns.")
    x = x[:, kept]
    coefficients, unscaled = _solve(x * root[:, None], y * root)
    residuals = y - x @ coefficients
    rss = float(np.sum((root * residuals) ** 2))
    sigma2 = rss / df if df else np.nan
    covariance = sigma2 * unscaled
    std_errors = np.sqrt(np.diag(covariance))
    with np.errstate(divide="ignore", invalid="ignore"):
        t_values = coefficients / std_errors
    r2, adjusted = _r_squared(x, y - residuals, rss, root)
    n = len(y)
    return LinearFit(
        names=tuple(label for k, label in enumerate(labels) if k in kept),
        dropped=tuple(label for k, label in enumerate(labels) if k not in kept),
        kept=kept,
        coefficients=coefficients,
        std_errors=std_errors,
        t_values=t_values,
        p_values=2 * stdtr(df, -np.abs(t_values)) if df else np.full(len(kept), np.nan),
        covariance=covariance,
        sigma=float(np.sqrt(sigma2)),
        df_residual=df,
        r_squared=r2,
        adjusted_r_squared=adjusted,
        log_likelihood=float(np.log(root).sum() - n / 2 * (np.log(2 * np.pi) + np.log(max(rss, 1e-300) / n) + 1)),
        design=x,
        weights=w,
        fitted=y - residuals,
        residuals=residuals,
    )


def independent_columns(design: FloatArray, *, tolerance: float = RANK_TOLERANCE) -> IntArray:
    """Find the columns that earlier columns do not determine; of a dependent set the earliest stay.

    Parameters
    ----------
    design : ndarray, shape (n, p)
    tolerance : float
        A column is dependent when less than this share of its length is left after the earlier ones.

    Returns
    -------
    ndarray of int
        Positions, ascending.
    """
    scale = np.abs(design).max(axis=0, initial=0.0)
    x = design / np.where(scale > 0, scale, 1.0)
    norms = np.linalg.norm(x, axis=0)
    x /= np.where(norms > 0, norms, 1.0)
    kept = np.flatnonzero(norms > 0)
    quick = _by_crossproducts(x[:, kept].T @ x[:, kept], tolerance)
    if quick is not None:
        return kept[quick]
    # The triangle has the geometry of the whole design, so later passes cost p^3 only.
    r = np.linalg.qr(x, mode="r")
    while len(kept):
        # Only the first dependent column of a pass is sure: its arbitrary direction spoils what follows.
        pivots = np.abs(np.diag(np.linalg.qr(r[:, kept], mode="r")))
        dependent = np.flatnonzero(pivots < tolerance)
        if len(dependent):
            kept = np.delete(kept, dependent[0])
        elif len(pivots) < len(kept):
            kept = np.delete(kept, len(pivots))
        else:
            break
    return kept


def _by_crossproducts(gram: FloatArray, tolerance: float) -> IntArray | None:
    """The columns kept of unit columns with these crossproducts; None where their digits do not decide.

    What is left of a column's squared length is known to about 1e-13 times the spread of the columns' directions: a
    column is independent above `SURE`, dependent below `NOTHING` when the tolerance on its length is no finer than the
    root of that.
    """
    triangle = np.zeros_like(gram)  # the Cholesky factor's rows, one for each column kept
    left = np.ones(len(gram))
    kept: list[int] = []
    for j in range(len(gram)):
        if left[j] < NOTHING and tolerance**2 > 2 * NOTHING:
            continue
        if left[j] < SURE:
            return None
        row = (gram[j] - triangle[: len(kept), j] @ triangle[: len(kept)]) / left[j] ** 0.5
        triangle[len(kept)] = row
        left = left - row**2
        kept.append(j)
    return np.array(kept, dtype=np.intp)


def check_design(design: ArrayLike, *, names: Sequence[str] | None = None) -> tuple[FloatArray, tuple[str, ...]]:
    """Make a design a float matrix with names, or say which columns hold missing or infinite values."""
    x = np.asarray(design, dtype=float)
    if x.ndim != 2 or not x.shape[0] or not x.shape[1]:
        raise FitError(f"The design has shape {x.shape}: it must be a table with at least one row and one column.")
    labels = tuple(names) if names is not None else tuple(f"column {k + 1}" for k in range(x.shape[1]))
    if len(labels) != x.shape[1]:
        raise FitError(f"{len(labels)} names were given for {x.shape[1]} columns: give one name per column.")
    bad = np.flatnonzero(~np.isfinite(x).all(axis=0))
    if len(bad):
        raise FitError(
            "The design has missing or infinite values: leave these rows out or impute them first.",
            problems=[f"{labels[k]}: {int((~np.isfinite(x[:, k])).sum())} rows" for k in bad],
        )
    return x, labels


def check_rows(what: str, values: ArrayLike, *, length: int) -> FloatArray:
    """Make a vector of the right length with finite values, or say what is wrong with it."""
    v = np.asarray(values, dtype=float)
    if v.shape != (length,):
        raise FitError(f"The {what} has shape {v.shape}, the design {length} rows: give one value per row.")
    if not np.isfinite(v).all():
        count = int((~np.isfinite(v)).sum())
        raise FitError(f"The {what} has {count} missing or infinite values: leave these rows out or impute them.")
    return v


def check_weights(weights: ArrayLike, *, length: int) -> FloatArray:
    """Make weights a vector of values above 0, or say how many are not."""
    w = check_rows("weights", weights, length=length)
    if (w <= 0).any():
        raise FitError(f"{int((w <= 0).sum())} weights are 0 or below: leave these rows out or mend the weights.")
    return w


def check_clusters(clusters: ArrayLike, *, length: int) -> tuple[NDArray[np.generic], IntArray]:
    """Turn school labels into sorted labels (J,) and codes 0 .. J-1 (n,), or say how many labels are missing."""
    labels: NDArray[np.generic] = np.asarray(clusters)
    if labels.shape != (length,):
        raise FitError(f"The clusters have shape {labels.shape}, the design {length} rows: give one label per row.")
    missing = int(sum(label is None or label != label for label in labels.tolist())) if labels.dtype.kind in "fO" else 0
    if missing:
        raise FitError(f"{missing} of {length} rows have no cluster: leave them out or fill in the label.")
    return np.unique(labels, return_inverse=True)


def _solve(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    norms = np.linalg.norm(x, axis=0)
    q, r = np.linalg.qr(x / norms)
    inverse = solve_triangular(r, np.eye(len(norms))) / norms[:, None]
    return inverse @ (q.T @ y), inverse @ inverse.T


def _r_squared(x: FloatArray, fitted: FloatArray, rss: float, root: FloatArray) -> tuple[float, float]:
    n, k = x.shape
    weights = root**2
    norms = np.linalg.norm(x, axis=0)
    ones = np.ones(n)
    nearest: FloatArray = np.asarray(np.linalg.lstsq(x / norms, ones)[0], dtype=np.float64) / norms
    constant = bool(np.linalg.norm(ones - x @ nearest) < 1e-7 * np.sqrt(n))
    centre = float(weights @ fitted / weights.sum()) if constant else 0.0
    mss = float(weights @ (fitted - centre) ** 2)
    if mss + rss == 0 or n <= k:
        return np.nan, np.nan
    r2 = mss / (mss + rss)
    return r2, 1 - (1 - r2) * (n - constant) / (n - k)
