"""Cluster-robust covariance CR0 to CR3 of least-squares and mixed-model coefficients."""

from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import solve_triangular

from evalkit.errors import FitError
from evalkit.stats.linear import check_clusters, check_design, check_rows, check_weights, independent_columns
from evalkit.stats.robust_blocks import Bucket, WorkingCovariance, reduce_clusters

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.intp]
Kind = Literal["CR0", "CR1", "CR1S", "CR2", "CR3"]

# Eigenvalues below this share of the largest possible one count as zero: the cluster alone decides that direction.
EIGENVALUE_TOLERANCE = 1e-11


@dataclass(frozen=True, slots=True)
class RobustCovariance:
    """Covariance of the coefficients that allows pupils of one cluster to be alike in any way.

    Attributes
    ----------
    kind : str
        CR0, CR1, CR1S, CR2 or CR3.
    matrix : ndarray, shape (p, p)
    n_rows, n_clusters : int
    n_deficient : int
        Clusters that decide some coefficient alone (leverage 1); the pseudo-inverse was used for them.
    root : ndarray, shape (p, p)
        T with T T' = M, the covariance under the working model (X'WX)^-1.
    design_terms, weighted_terms, own_terms : ndarray, shape (J, p, p)
        X'A'WX, (WX)'Phi A'WX and (WX)'A Phi A'WX of each cluster in the coordinates of `root`: all that degrees of
        freedom need.
    target : ndarray, shape (p, p)
        (WX)'Phi WX in the same coordinates; the identity when weights are inverse working variances.
    """

    kind: Kind
    matrix: FloatArray
    n_rows: int
    n_clusters: int
    n_deficient: int
    root: FloatArray = field(repr=False)
    design_terms: FloatArray = field(repr=False)
    weighted_terms: FloatArray = field(repr=False)
    own_terms: FloatArray = field(repr=False)
    target: FloatArray = field(repr=False)

    @property
    def std_errors(self) -> FloatArray:
        """Standard errors of the coefficients, shape (p,)."""
        return np.sqrt(np.maximum(np.diag(self.matrix), 0.0))


def cluster_robust(
    design: ArrayLike,
    residuals: ArrayLike,
    *,
    clusters: ArrayLike,
    kind: Kind = "CR2",
    weights: ArrayLike | None = None,
    working: WorkingCovariance | None = None,
) -> RobustCovariance:
    """Estimate the covariance of fitted coefficients from residuals, cluster by cluster.

    Parameters
    ----------
    design : array, shape (n, p)
        Full rank (`LinearFit.design`).
    residuals : array, shape (n,)
        y - Xb, unit of the outcome. For a mixed model without the predicted random effects.
    clusters : array, shape (n,)
        Label of each row's cluster.
    kind : {"CR0", "CR1", "CR1S", "CR2", "CR3"}
        CR0 no correction; CR1 J/(J-1); CR1S Stata's J(N-1)/((J-1)(N-p)); CR2 exact under the working model;
        CR3 the jackknife over clusters.
    weights : array, shape (n,), optional
        Weights of the least-squares fit.
    working : WorkingCovariance, optional
        None: (weighted) least squares, with independent errors of equal variance as the working model.
        `WorkingCovariance()`: weights are inverse variances. With random terms: the fitted mixed model.

    Returns
    -------
    RobustCovariance
        To be read through `robust_inference`, never with a normal quantile.

    Raises
    ------
    FitError
        Bad shapes or values, dependent columns, fewer than two clusters, a unit in two clusters.

    Notes
    -----
    V = M [sum_j X_j'W_j A_j e_j e_j'A_j'W_j X_j] M, M = (X'WX)^-1 [1]_ section 2. CR2: A_j = D'B^(+1/2)D with
    Phi_j = D'D and B = D [(I-H) Phi (I-H)']_jj D' [2]_, ^+ the Moore-Penrose inverse; CR3: A_j = (I - H_jj)^-1.
    Mixed model: W_j = V_j^-1, Phi_j = V_j. Work is O(n p^2) + O(J p^3), memory O(n p + J p^2).

    References
    ----------
    .. [1] Pustejovsky and Tipton (2018). Small-sample methods for cluster-robust variance estimation and hypothesis
       testing in fixed effects models. JBES 36(4), 672-683. doi:10.1080/07350015.2016.1247004
    .. [2] Bell and McCaffrey (2002). Bias reduction in standard errors for linear regression with multi-stage samples.
       Survey Methodology 28(2), 169-181.

    Examples
    --------
    >>> x = [[1, 0], [1, 0], [1, 0], [1, 1], [1, 1], [1, 1]]
    >>> found = cluster_robust(x, [-1.0, 0.0, 1.0, -2.0, 0.0, 2.0], clusters=[1, 2, 3, 4, 5, 6])
    >>> found.std_errors.round(4).tolist()
    [0.5774, 1.291]
    """
    if kind not in get_args(Kind):
        raise FitError(f"{kind!r} is not a robust covariance evalkit knows: use one of {', '.join(get_args(Kind))}.")
    x, names = check_design(design)
    e = check_rows("residuals", residuals, length=len(x))
    w = None if weights is None else check_weights(weights, length=len(x))
    found, codes = check_clusters(clusters, length=len(x))
    if len(found) < 2:
        raise FitError("A cluster-robust covariance needs at least two clusters, and one was found.")
    _check_working(working, length=len(x))
    buckets = reduce_clusters(x, e, clusters=codes, weights=w, working=working)
    # Rotation keeps lengths and ranks, so the few rows that are left can be asked instead of all.
    rows = np.concatenate([bucket.design.reshape(-1, x.shape[1]) for bucket in buckets])
    kept = set(independent_columns(rows).tolist())
    if len(kept) < x.shape[1]:
        lost = [name for k, name in enumerate(names) if k not in kept]
        raise FitError(f"Columns that others determine have no variance: {', '.join(lost)}. Leave them out first.")
    return _sandwich(
        buckets, _whitener(rows, buckets), kind=kind, n_rows=len(x), inverse=working is not None or w is None
    )


def _check_working(working: WorkingCovariance | None, *, length: int) -> None:
    if working is None:
        return
    if not (np.isfinite(working.residual_variance) and working.residual_variance > 0):
        raise FitError(f"The residual variance is {working.residual_variance}: it must be above 0.")
    for number, term in enumerate(working.terms, start=1):
        q = term.covariance.shape[0]
        if term.design.shape != (length, q) or term.groups.shape != (length,) or term.covariance.shape != (q, q):
            raise FitError(
                f"Random term {number} has groups {term.groups.shape}, design {term.design.shape} and covariance "
                f"{term.covariance.shape}: use ({length},), ({length}, q) and (q, q)."
            )


def _sandwich(buckets: list[Bucket], root: FloatArray, *, kind: Kind, n_rows: int, inverse: bool) -> RobustCovariance:
    p, n_clusters = len(root), sum(len(bucket.clusters) for bucket in buckets)
    target = np.zeros((p, p))
    for bucket in buckets:
        u = bucket.weighted_design @ root
        target += np.einsum("jrp,jrq->pq", u, u if bucket.working is None else bucket.working @ u, optimize=True)
    scores = np.empty((n_clusters, p))
    terms = np.empty((3, n_clusters, p, p))
    deficient = 0
    scale = _scale(kind, n_rows=n_rows, n_clusters=n_clusters, p=p)
    for bucket in buckets:
        x, u = bucket.design @ root, bucket.weighted_design @ root
        adjusted, count = _adjusted(bucket, x, u, target, kind=kind, scale=scale)
        deficient += count
        moved = adjusted if bucket.working is None else bucket.working @ adjusted
        scores[bucket.clusters] = np.einsum("jrp,jr->jp", adjusted, bucket.residuals)
        terms[0, bucket.clusters] = x.transpose(0, 2, 1) @ adjusted
        terms[1, bucket.clusters] = u.transpose(0, 2, 1) @ moved
        terms[2, bucket.clusters] = adjusted.transpose(0, 2, 1) @ moved
    half = scores @ root.T
    weighted = terms[0] if inverse else terms[1]
    return RobustCovariance(
        kind, half.T @ half, n_rows, n_clusters, deficient, root, terms[0], weighted, terms[2], target
    )


def _whitener(rows: FloatArray, buckets: list[Bucket]) -> FloatArray:
    # Two steps, so that no badly conditioned X'X is ever factored: first X = Q R, then the small Q'WQ.
    norms = np.linalg.norm(rows, axis=0)
    r = np.linalg.qr(rows / norms, mode="r")
    first = solve_triangular(r, np.eye(len(norms))) / norms[:, None]
    inner = np.zeros((len(norms), len(norms)))
    for bucket in buckets:
        inner += np.einsum("jrp,jrq->pq", bucket.design @ first, bucket.weighted_design @ first, optimize=True)
    lower = np.linalg.cholesky((inner + inner.T) / 2)
    return first @ solve_triangular(lower, np.eye(len(norms)), lower=True).T


def _scale(kind: Kind, *, n_rows: int, n_clusters: int, p: int) -> float:
    if kind == "CR1":
        return float(np.sqrt(n_clusters / (n_clusters - 1)))
    if kind == "CR1S":
        return float(np.sqrt(n_clusters * (n_rows - 1) / ((n_clusters - 1) * (n_rows - p))))
    return 1.0


def _adjusted(
    bucket: Bucket, x: FloatArray, u: FloatArray, target: FloatArray, *, kind: Kind, scale: float
) -> tuple[FloatArray, int]:
    """A_j'W_j X_j of every cluster in the bucket, and the number of clusters with leverage 1."""
    if kind == "CR3":
        # (I - U X')^-1 U = U (I - X'U)^-1: p by p whatever the size of the cluster.
        values, vectors = np.linalg.eigh(np.eye(x.shape[2]) - x.transpose(0, 2, 1) @ u)
        usable = values > EIGENVALUE_TOLERANCE
        inverse = np.where(usable, 1 / np.where(usable, values, 1.0), 0.0)
        return (u @ vectors * inverse[:, None, :]) @ vectors.transpose(0, 2, 1), int((~usable).any(axis=1).sum())
    if kind == "CR2":
        matrix, deficient = _bell_mccaffrey(bucket.working, x, u, target)
        return matrix @ u, deficient
    return scale * u, 0


def _bell_mccaffrey(
    working: FloatArray | None, x: FloatArray, u: FloatArray, target: FloatArray
) -> tuple[FloatArray, int]:
    ut = u.transpose(0, 2, 1)
    if working is None:
        cross = x @ ut
        b = np.eye(x.shape[1]) - cross - cross.transpose(0, 2, 1) + x @ target @ x.transpose(0, 2, 1)
        half, largest = None, np.ones(len(x))
    else:
        values, vectors = np.linalg.eigh(working)
        half = (vectors * np.sqrt(values)[:, None, :]) @ vectors.transpose(0, 2, 1)
        cross = x @ ut @ working
        left = working - cross - cross.transpose(0, 2, 1) + x @ target @ x.transpose(0, 2, 1)
        b, largest = half @ left @ half, values[:, -1] ** 2
    values, vectors = np.linalg.eigh((b + b.transpose(0, 2, 1)) / 2)
    usable = values > EIGENVALUE_TOLERANCE * largest[:, None]
    powers = np.where(usable, 1 / np.sqrt(np.where(usable, values, 1.0)), 0.0)
    a = (vectors * powers[:, None, :]) @ vectors.transpose(0, 2, 1)
    return a if half is None else half @ a @ half, int((~usable).any(axis=1).sum())
