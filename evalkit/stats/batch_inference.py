"""Kenward and Roger's test of one combination of fixed effects for many random-intercept fits at once."""

from dataclasses import dataclass

import numpy as np

from evalkit.stats.mixed.moments import FloatArray
from evalkit.stats.resample_two_level import Batch, BatchFit, weighted_sums


@dataclass(frozen=True, slots=True)
class BatchTest:
    """One combination of fixed effects in B replicates; NaN where a fit failed.

    Attributes
    ----------
    estimate, std_error, df : ndarray (B,)
    """

    estimate: FloatArray
    std_error: FloatArray
    df: FloatArray


def kenward_roger(batch: Batch, fit: BatchFit, *, contrast: FloatArray) -> BatchTest:
    """Estimate, adjusted standard error and degrees of freedom of a combination, in every replicate.

    Parameters
    ----------
    batch : Batch
        Clusters may differ in size between replicates; no `count`.
    fit : BatchFit
        REML fits of that batch.
    contrast : ndarray (p,)

    Returns
    -------
    BatchTest
        Equal to `mixed.inference.infer` on each replicate.

    Notes
    -----
    Kenward and Roger [1]_ in closed form: with phi = (sigma_u^2, sigma_e^2), v = sigma_e^2 + n sigma_u^2 and
    S(c) = sum_j c_j m_j m_j', P_u = -S(n^2 / v^2), P_e = -(W / sigma_e^4 + S(n / v^2)), Q_uu = S(n^3 / v^3),
    Q_ue = S(n^2 / v^3), Q_ee = W / sigma_e^6 + S(n / v^3); information I_ij = (T_ij - 2 tr(Phi Q_ij) + tr(Phi P_i Phi
    P_j)) / 2 with T_uu = sum n^2 / v^2, T_ue = sum n / v^2, T_ee = (N - J) / sigma_e^4 + sum 1 / v^2; Phi_A = Phi + 2
    Phi [sum_ij w_ij (Q_ij - P_i Phi P_j)] Phi, w the inverse of I; df = 2 (l' Phi l)^2 / (g' w g) with g_i = l' Phi P_i
    Phi l.

    References
    ----------
    .. [1] Kenward, Roger (1997). Small sample inference for fixed effects from restricted maximum likelihood.
       Biometrics 53. doi:10.2307/2533558
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        return _test(batch, fit, contrast)


def _test(batch: Batch, fit: BatchFit, contrast: FloatArray) -> BatchTest:
    p, sizes = len(contrast), batch.sizes
    first, second, traces = _pieces(batch, fit, p)
    phi = fit.inverse * fit.sigma2
    turned = np.einsum("abn,ibcn->iacn", phi, first)  # Phi P_i
    through = np.einsum("iabn,jban->ijn", turned, turned)
    info = (traces - 2.0 * np.einsum("abn,ijban->ijn", phi, second) + through) / 2.0
    spread = _inverse(info)
    inner = np.einsum("ijn,ijabn->abn", spread, second)
    inner -= np.einsum("ijn,iabn,jbcn->acn", spread, first, turned)
    l_phi = np.einsum("a,abn->bn", contrast, phi)
    variance = l_phi.T @ contrast
    adjusted = variance + 2.0 * np.einsum("an,abn,bn->n", l_phi, inner, l_phi)
    change = np.einsum("an,iabn,bn->in", l_phi, first, l_phi)
    df = 2.0 * variance**2 / np.einsum("in,ijn,jn->n", change, spread, change)
    good = fit.converged & (adjusted > 0.0) & np.isfinite(df) & (sizes > 0.0).any(axis=0)
    return BatchTest(
        np.where(good, contrast @ fit.beta, np.nan),
        np.where(good, np.sqrt(adjusted), np.nan),
        np.where(good, df, np.nan),
    )


def _pieces(batch: Batch, fit: BatchFit, p: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """P_i (2, p, p, B), Q_ij (2, 2, p, p, B) and T_ij (2, 2, B)."""
    sizes, sigma2 = np.broadcast_to(batch.sizes, (len(batch.size), batch.draws)), fit.sigma2
    inverse = 1.0 / (sigma2 * (1.0 + sizes * fit.ratio))  # 1 / v
    by_two, by_three = sizes * inverse**2, sizes * inverse**3
    weights = np.stack([by_two * sizes, by_two, by_three * sizes**2, by_three * sizes, by_three], axis=1)
    sums = weighted_sums(batch, weights)[:p, :p]
    within = batch.within[:p, :p] / sigma2**2
    first = np.stack([-sums[:, :, 0], -(within + sums[:, :, 1])])
    mixed = sums[:, :, 3]
    second = np.stack([np.stack([sums[:, :, 2], mixed]), np.stack([mixed, within / sigma2 + sums[:, :, 4]])])
    there = sizes > 0.0
    crossed = by_two.sum(axis=0)
    last = (batch.n_rows - there.sum(axis=0)) / sigma2**2 + (there * inverse**2).sum(axis=0)
    traces = np.stack([np.stack([(by_two * sizes).sum(axis=0), crossed]), np.stack([crossed, last])])
    return first, second, traces


def _inverse(matrix: FloatArray) -> FloatArray:
    """Inverses of 2 x 2 matrices (2, 2, B)."""
    (a, b), (_, d) = matrix
    return np.stack([np.stack([d, -b]), np.stack([-b, a])]) / (a * d - b * b)
