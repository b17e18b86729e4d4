"""One random-intercept model on every completed data set at once: what imputations share is summed once."""

from collections.abc import Mapping

import numpy as np

from evalkit.stats.batch_inference import BatchTest, kenward_roger
from evalkit.stats.resample_two_level import Batch, fit_batch
from evalkit.stats.vectors import FloatArray, IntArray


def completed_tests(
    columns: FloatArray,
    outcomes: FloatArray,
    *,
    varying: Mapping[int, FloatArray],
    codes: IntArray,
    n_clusters: int,
    contrasts: FloatArray,
) -> list[BatchTest]:
    """Fit by REML and test by Kenward-Roger in each of m completed data sets.

    Parameters
    ----------
    columns : ndarray (p, n)
        Independent columns of X; those of `varying` are replaced.
    outcomes : ndarray (m, n)
    varying : mapping of a column's place to ndarray (m, n)
        Columns that differ between the data sets.
    codes : ndarray (n,)
        Cluster of each row, 0 to n_clusters - 1, every cluster present.
    n_clusters : int
    contrasts : ndarray (r, p)

    Returns
    -------
    list of BatchTest
        One for each contrast, a value per data set; NaN where a fit did not converge.
    """
    order = np.argsort(codes, kind="stable")
    codes = codes[order]
    starts = np.searchsorted(codes, np.arange(n_clusters))
    size = np.bincount(codes, minlength=n_clusters).astype(np.float64)
    p = len(columns)
    fixed = tuple(k for k in range(p) if k not in varying)
    moving = (*(k for k in range(p) if k in varying), p)
    still = columns[list(fixed)][:, order]
    moved = np.stack([*(varying[k] for k in moving[:-1]), outcomes])[:, :, order]
    fixed_mean = np.add.reduceat(still, starts, axis=1) / size
    moving_mean = np.add.reduceat(moved, starts, axis=2) / size
    still, moved = still - fixed_mean[:, codes], moved - moving_mean[:, :, codes]
    within = np.empty((p + 1, p + 1, len(outcomes)))
    within[np.ix_(fixed, fixed)] = (still @ still.T)[:, :, None]
    crossed = np.einsum("fn,vmn->fvm", still, moved, optimize=True)
    within[np.ix_(fixed, moving)] = crossed
    within[np.ix_(moving, fixed)] = crossed.swapaxes(0, 1)
    within[np.ix_(moving, moving)] = np.einsum("vmn,wmn->vwm", moved, moved)
    n_rows = np.full(len(outcomes), float(codes.size))
    batch = Batch(size, n_rows, within, fixed, fixed_mean, moving, moving_mean.swapaxes(1, 2).copy(), None)
    fit = fit_batch(batch)
    return [kenward_roger(batch, fit, contrast=contrast) for contrast in contrasts]
