"""Corrections for answers that are not normal, and for pupils who share a school."""

from collections.abc import Iterable

import numpy as np

from evalkit.stats.factor.answers import Answers, embed, inner_inverse
from evalkit.stats.factor.goodness import ChiSquare
from evalkit.stats.factor.normal import case_lifts
from evalkit.stats.vectors import FloatArray, IntArray

MOST_ITEMS = 60  # with gaps, the fourth power of the number of items must fit in memory


def meat(parts: Iterable[tuple[slice, FloatArray]], clusters: IntArray | None, *, size: int) -> FloatArray:
    """Sum over pupils, or over schools of their summed scores, of s s'; C / (C - 1) times that for C schools.

    Scores of `size` numbers come some rows at a time, so that those of a large survey need not stand side by side.
    """
    if clusters is None:
        total = np.zeros((size, size))
        for _, scores in parts:
            total += scores.T @ scores
        return total
    codes, of_row = np.unique(clusters, return_inverse=True)
    sums = np.zeros((codes.size, size))
    for rows, scores in parts:
        np.add.at(sums, of_row[rows], scores)
    return sums.T @ sums * (codes.size / max(codes.size - 1, 1))


def scaled_test(plain: float, df: int, *, trace: float) -> ChiSquare:
    """Mean-adjusted statistic: plain / c with c = trace / df."""
    scale = trace / df if df > 0 else 1.0
    return ChiSquare(plain / scale, df, scale, 0.0, plain, trace)


def shifted_test(plain: float, df: int, *, trace: float, trace_of_square: float) -> ChiSquare:
    """Mean-and-variance adjusted statistic a T + df - a trace, a = sqrt(df / trace of square) [1]_.

    References
    ----------
    .. [1] Asparouhov & Muthen (2010). Simple second order chi-square correction. Mplus technical appendix, eq. 5-6.
    """
    if df <= 0:
        return ChiSquare(plain, df, 1.0, 0.0, plain, trace)
    stretch = np.sqrt(df / trace_of_square)
    shift = float(df - stretch * trace)
    return ChiSquare(float(stretch * plain + shift), df, float(1 / stretch), shift, plain, trace)


def saturated_trace(
    answers: Answers, mean: FloatArray, covariance: FloatArray, clusters: IntArray | None, *, with_means: bool
) -> float:
    """tr(B A^-1) of one block at its own moments: A their information per pupil, B their meat per pupil.

    For complete answers this is a function of Mahalanobis distances d: the mean over pupils of
    d^2 + (d^4 - 2 d^2 + p) / 2, with schools in the place of pupils where they are given.
    """
    if not answers.is_complete:
        information = saturated_information(answers, mean, covariance) / answers.share
        scores = saturated_scores(answers, mean, covariance)
        filling = meat([(slice(None), scores)], clusters, size=scores.shape[1])
        return float(np.trace(np.linalg.solve(information, filling))) / len(scores)
    n, p = answers.rows.shape
    away = answers.rows - mean
    lifted = away @ np.linalg.inv(covariance)
    if clusters is None:
        distance = np.einsum("ij,ij->i", lifted, away)
        total = float((distance**2 - 2 * distance + p).sum()) / 2
        return (total + (float(distance.sum()) if with_means else 0.0)) / n
    total, codes = 0.0, np.unique(clusters)
    for code in codes:
        rows = clusters == code
        crossed = lifted[rows].T @ away[rows] - np.count_nonzero(rows) * np.eye(p)
        total += 0.5 * float(np.sum(crossed * crossed.T))
        if with_means:
            total += float(lifted[rows].sum(axis=0) @ away[rows].sum(axis=0))
    return total * codes.size / max(codes.size - 1, 1) / n


def saturated_scores(answers: Answers, mean: FloatArray, covariance: FloatArray) -> FloatArray:
    """Slope of every pupil's log-likelihood by the means and then the covariances (lower half, row by row)."""
    lifted, inverses = case_lifts(answers, covariance, mean)
    rows, columns = np.tril_indices(mean.size)
    weight = np.where(rows == columns, 0.5, 1.0)
    expected = np.vstack([embed(batch, one, mean.size)[:, rows, columns] for batch, one in inverses])
    by_covariance = weight * (lifted[:, rows] * lifted[:, columns] - expected[answers.pattern])
    return np.hstack([lifted, by_covariance])


def saturated_information(answers: Answers, mean: FloatArray, covariance: FloatArray) -> FloatArray:
    """Observed information of means and covariances at given moments, times the block's share of pupils."""
    p = mean.size
    inside = np.zeros((p * p, p * p))
    across = np.zeros((p * p, p))
    level = np.zeros((p, p))
    for batch in answers.batches:
        inverse = inner_inverse(batch, covariance)
        away = batch.mean - mean[batch.items]
        moments = batch.spread + away[:, :, np.newaxis] * away[:, np.newaxis, :]
        wide = embed(batch, inverse, p).reshape(-1, p * p)
        # Half of what is left of W (x) W taken into W (x) W T W, so that one tensor serves both.
        product = embed(batch, inverse @ moments @ inverse - 0.5 * inverse, p).reshape(-1, p * p)
        lift = embed(batch, np.einsum("rij,rj->ri", inverse, away), p)
        weighted = wide * batch.weight[:, np.newaxis]
        inside += weighted.T @ product
        across += weighted.T @ lift
        level += weighted.sum(axis=0).reshape(p, p)
    rows, columns = np.tril_indices(p)
    weight = np.where(rows == columns, 0.5, 1.0)
    tensor = inside.reshape(p, p, p, p)
    i, j, k, m = rows[:, np.newaxis], columns[:, np.newaxis], rows, columns
    pairs = tensor[i, k, j, m] + tensor[i, m, j, k] + tensor[j, k, i, m] + tensor[j, m, i, k]
    reach = across.reshape(p, p, p)
    mixed = (reach[:, rows, columns] + reach[:, columns, rows]) * weight
    return np.block([[level, mixed], [mixed.T, pairs * np.outer(weight, weight)]])
