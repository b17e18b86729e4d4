"""Fit indices that estimate, with gaps in the answers, what complete answers would have given."""

from dataclasses import dataclass

import numpy as np

from evalkit.stats.factor.answers import Answers
from evalkit.stats.factor.implied import columns_by_parameter, pair_slopes, slopes
from evalkit.stats.factor.likelihood import Likelihood
from evalkit.stats.factor.sandwich import meat, saturated_information, saturated_scores
from evalkit.stats.vectors import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class GapWeights:
    """Of the saturated means and covariances of all blocks side by side, r in number.

    Attributes
    ----------
    gappy : array, shape (r, r)
        Their observed information with gaps, per pupil.
    between : array, shape (r, r)
        gappy^-1 complete gappy^-1, with the information that complete answers would give.
    spread : array, shape (r, r), or None
        gappy^-1 meat gappy^-1, their covariance times n, where robust numbers are wanted.
    """

    gappy: FloatArray
    between: FloatArray
    spread: FloatArray | None


def gap_weights(
    answers: tuple[Answers, ...],
    closed: tuple[Answers, ...],
    means: tuple[FloatArray, ...],
    covariances: tuple[FloatArray, ...],
    clusters: tuple[IntArray, ...] | None,
    *,
    robust: bool,
) -> GapWeights:
    """Weights of the saturated moments; `closed` are complete answers with the same moments."""
    n = sum(one.n for one in answers)
    parts: list[tuple[FloatArray, FloatArray, FloatArray]] = []
    for block, (gaps, full, mean, covariance) in enumerate(zip(answers, closed, means, covariances, strict=True)):
        information = saturated_information(gaps, mean, covariance)
        inverse = np.linalg.inv(information)
        between = inverse @ saturated_information(full, mean, covariance) @ inverse
        spread = np.zeros((0, 0))
        if robust:
            scores = saturated_scores(gaps, mean, covariance)
            codes = None if clusters is None else clusters[block]
            spread = inverse @ meat([(slice(None), scores)], codes, size=scores.shape[1]) @ inverse / n
        parts.append((information, between, spread))
    return GapWeights(
        _side_by_side([one[0] for one in parts]),
        _side_by_side([one[1] for one in parts]),
        _side_by_side([one[2] for one in parts]) if robust else None,
    )


def gap_hat(likelihood: Likelihood, parameters: FloatArray, weights: GapWeights) -> float:
    """Expectation of the complete-answers statistic at the estimates from answers with gaps.

    Notes
    -----
    With U = W - W D (D'W D)^-1 D'W, W the gappy information and D the slopes of the moments:
    tr(U B) with B = W^-1 Wc W^-1, or robust tr(U B U G), G the covariance of the moments [1]_.

    References
    ----------
    .. [1] Zhang & Savalei (2023). New computations for RMSEA and CFI following FIML and TS estimation with missing
       data. Psychol. Methods 28, 263-283, versions 6 and 3. doi:10.1037/met0000445
    """
    structure = likelihood.structure
    matrices = structure.at(parameters)
    rows: list[FloatArray] = []
    for block in range(structure.n_blocks):
        bend = slopes(structure, matrices, block)
        by_cell = np.vstack([bend.level.T, pair_slopes(bend)])
        rows.append(columns_by_parameter(structure, bend.cells, by_cell))
    steep = np.vstack(rows)
    reach = weights.gappy @ steep
    left = weights.gappy - reach @ np.linalg.solve(steep.T @ reach, reach.T)
    if weights.spread is None:
        return float(np.sum(left * weights.between))
    return float(np.sum((left @ weights.between @ left) * weights.spread))


def _side_by_side(parts: list[FloatArray]) -> FloatArray:
    size = sum(len(one) for one in parts)
    whole, start = np.zeros((size, size)), 0
    for one in parts:
        whole[start : start + len(one), start : start + len(one)] = one
        start += len(one)
    return whole
