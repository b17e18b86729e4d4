"""Standardised loadings, factor correlations and omega of a fitted factor model, with their standard errors."""

from dataclasses import dataclass

import numpy as np

from evalkit.stats.factor.fit import FactorFit
from evalkit.stats.factor.structure import Matrices
from evalkit.stats.vectors import FloatArray

STEP = 1e-5  # of a parameter in units of its standard error


@dataclass(frozen=True, slots=True, eq=False)
class Standardised:
    """A solution in which items and factors have variance 1, of one block.

    Attributes
    ----------
    loading, loading_error : array, shape (p, m)
        NaN in the error where the loading is fixed at 0.
    correlation, correlation_error : array, shape (m, m)
        Of the factors.
    omega, omega_error : array, shape (m,)
        Share of the variance of the plain sum of a factor's items that the factor explains. For ordinal answers of the
        sum of the latent responses, not of the answers.
    """

    loading: FloatArray
    loading_error: FloatArray
    correlation: FloatArray
    correlation_error: FloatArray
    omega: FloatArray
    omega_error: FloatArray


def standardise(fit: FactorFit, *, block: int = 0) -> Standardised:
    """Standardise one block of a solution, each factor turned so that its loadings add up to a positive number.

    Notes
    -----
    lambda_ij sqrt(psi_jj / sigma_ii), psi_jk / sqrt(psi_jj psi_kk), and omega_j = (sum lambda_ij)^2 psi_jj / 1' Sigma_j
    1 over the items of factor j [1]_. Standard errors by the delta method.

    References
    ----------
    .. [1] McDonald (1999). Test theory: a unified treatment, eq. 6.20b. doi:10.4324/9781410601087
    """
    is_ordinal = bool(fit.structure.item_of.size)
    pattern = fit.matrices.loading[block] != 0
    sign = turned(fit, block=block)

    def numbers(parameters: FloatArray) -> FloatArray:
        return np.concatenate(
            [one.ravel() for one in _standard(fit.structure.at(parameters), block, pattern, sign, is_ordinal)]
        )

    there = numbers(fit.parameters)
    # Only functions of a few numbers each: differences are exact enough, and one place holds the formulas.
    steps = STEP * np.sqrt(np.diag(fit.covariance))
    slopes = np.array(
        [
            (numbers(fit.parameters + step * unit) - numbers(fit.parameters - step * unit)) / (2 * step)
            for step, unit in zip(steps, np.eye(steps.size), strict=True)
        ]
    )
    error = np.sqrt(np.maximum(np.einsum("qi,qr,ri->i", slopes, fit.covariance, slopes), 0.0))
    p, m = pattern.shape
    cuts = [p * m, p * m + m * m]
    loading, correlation, omega = np.split(there, cuts)
    loading_error, correlation_error, omega_error = np.split(error, cuts)
    return Standardised(
        loading.reshape(p, m),
        np.where(pattern, loading_error.reshape(p, m), np.nan),
        correlation.reshape(m, m),
        correlation_error.reshape(m, m),
        omega,
        omega_error,
    )


def turned(fit: FactorFit, *, block: int = 0) -> FloatArray:
    """-1 for each factor whose standardised loadings add up to less than 0, else 1; shape (m,)."""
    spread = np.sqrt(np.diag(fit.moments[block].implied_covariance))
    return np.where((fit.matrices.loading[block] / spread[:, np.newaxis]).sum(axis=0) < 0, -1.0, 1.0)


def _standard(
    matrices: Matrices, block: int, pattern: "np.ndarray", sign: FloatArray, is_ordinal: bool
) -> tuple[FloatArray, FloatArray, FloatArray]:
    loading, factor = matrices.loading[block] * sign, matrices.factor[block] * np.outer(sign, sign)
    covariance = loading @ factor @ loading.T + matrices.error[block]
    if is_ordinal:
        np.fill_diagonal(covariance, matrices.scale[block] ** -2)
    variance = np.diag(factor)
    spread = np.sqrt(variance)
    shared = loading.sum(axis=0) ** 2 * variance
    total = np.einsum("im,ij,jm->m", pattern, covariance, pattern)
    standard = loading * spread / np.sqrt(np.diag(covariance))[:, np.newaxis]
    return standard, factor / np.outer(spread, spread), shared / total
