"""Refit a least-squares model without clusters many times: other allocations of the treatment, or rows drawn again."""

from typing import cast

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SINGULAR = 1e-10  # share of a column's square that must be left after the other columns


def refit_allocations_linear(rest: FloatArray, outcome: FloatArray, arms: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Estimates and standard errors of the treated arms under B allocations.

    Parameters
    ----------
    rest : ndarray (n, q)
        Columns of the design that stay, the constant among them; independent.
    outcome : ndarray (n,)
    arms : ndarray (B, n, k)
        Columns of the k treated arms under each allocation.

    Returns
    -------
    (ndarray (B, k), ndarray (B, k)) - NaN where the columns depend on one another or fit the outcome exactly.

    Notes
    -----
    By the theorem of Frisch, Waugh and Lovell: with M = I - Q Q' that takes `rest` out, b = (A'MA)^-1 A'My, and
    var(b) = s^2 (A'MA)^-1 with s^2 = (y'My - b'A'My) / (n - q - k).
    """
    basis = np.linalg.qr(rest)[0]
    left = outcome - basis @ (basis.T @ outcome)
    columns = arms - np.einsum("nq,bqk->bnk", basis, np.einsum("nq,bnk->bqk", basis, arms))
    square = np.einsum("bnk,bnl->bkl", columns, columns)
    cross = np.einsum("bnk,n->bk", columns, left)
    whole = np.einsum("bnk,bnk->bk", arms, arms)
    shares = np.einsum("bkk->bk", square) / np.maximum(whole, 1e-300)
    good = (shares > SINGULAR).all(axis=1) & (np.linalg.cond(square) < 1.0 / SINGULAR)
    inverse = np.full(square.shape, np.nan)
    inverse[good] = np.linalg.inv(square[good])
    estimate = np.einsum("bkl,bl->bk", inverse, cross)
    df = outcome.size - rest.shape[1] - arms.shape[2]
    variance = (left @ left - np.einsum("bk,bk->b", estimate, cross)) / df if df > 0 else np.full(len(arms), np.nan)
    error = np.sqrt(np.maximum(variance, 0.0)[:, None] * np.einsum("bkk->bk", inverse))
    error[error == 0.0] = np.nan
    return estimate, error


def refit_counts_linear(design: FloatArray, outcome: FloatArray, counts: FloatArray) -> FloatArray:
    """Coefficients (B, p) when row i is there counts[i, b] times; NaN for those that such rows leave undetermined.

    Parameters
    ----------
    design : ndarray (n, p)
    outcome : ndarray (n,)
    counts : ndarray (n, B)

    Notes
    -----
    A column that happens to be constant in a draw, such as a mark of a rare gap, takes only its own coefficient along:
    coefficient j is determined where (S+ S)_jj = 1, S the crossproducts and S+ their pseudoinverse.
    """
    n, p = design.shape
    scale = np.sqrt((design**2).mean(axis=0))
    scaled = design / scale
    products = np.einsum("np,nq->npq", scaled, scaled).reshape(n, p * p)
    square = (counts.T @ products).reshape(-1, p, p)
    cross = counts.T @ (scaled * outcome[:, None])
    found = np.full((counts.shape[1], p), np.nan)
    good = np.linalg.cond(square) < 1.0 / SINGULAR
    found[good] = np.linalg.solve(square[good], cross[good][:, :, None])[:, :, 0] / scale
    inverse = cast("FloatArray", np.linalg.pinv(square[~good], rcond=SINGULAR, hermitian=True))
    values = np.einsum("bpq,bq->bp", inverse, cross[~good]) / scale
    determined = np.abs(np.einsum("bpq,bqp->bp", inverse, square[~good]) - 1.0) < 1e-6
    found[~good] = np.where(determined, values, np.nan)
    return found
