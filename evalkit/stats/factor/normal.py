"""The normal-theory likelihood of answers, complete or with gaps: its value, slope and curvature."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.linalg import LinAlgError

from evalkit.stats.factor.answers import CHUNK, Answers, Batch, embed, inner, inner_inverse
from evalkit.stats.factor.implied import Slopes
from evalkit.stats.vectors import FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Pull:
    """The objective of one block and how it pulls at the implied moments.

    Attributes
    ----------
    value : float
        Sum over patterns of weight / 2 (log|Sigma| + tr(Sigma^-1 T)), T the moments about the implied mean.
    covariance : array, shape (p, p)
        G = sum of weight (W - W T W), W = Sigma^-1 over the items answered: d value = tr(G dSigma) / 2.
    mean : array, shape (p,)
        z = sum of weight W (mean - mu): d value = -z' dmu.
    """

    value: float
    covariance: FloatArray
    mean: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Weighing:
    """Per pattern of one batch: W, W T W and W (mean - mu), over all p items."""

    inverse: FloatArray
    product: FloatArray
    lift: FloatArray


def weigh(answers: Answers, covariance: FloatArray, mean: FloatArray | None) -> Pull | None:
    """Evaluate one block; None where the implied covariance matrix is not positive definite.

    Without a mean the items' means are free and equal the sample's, so they take no part (complete answers only).
    """
    p = covariance.shape[0]
    value, pull, push = 0.0, np.zeros((p, p)), np.zeros(p)
    for batch in answers.batches:
        try:
            root = np.linalg.cholesky(inner(batch, covariance))
        except LinAlgError:
            return None
        found = _weighing(batch, covariance, mean)
        log_determinant = 2 * np.log(np.diagonal(root, axis1=1, axis2=2)).sum(axis=1)
        trace = np.einsum("rij,rji->r", found.inverse, _moments(batch, mean))
        value += 0.5 * float(batch.weight @ (log_determinant + trace))
        _scatter(pull, batch, (found.inverse - found.product) * batch.weight[:, np.newaxis, np.newaxis])
        np.add.at(push, batch.items, found.lift * batch.weight[:, np.newaxis])
    return Pull(value, pull, push)


def gradient(bend: Slopes, pull: Pull) -> FloatArray:
    """Slope of the objective by the free cells of a block, shape (s,): w a'Gb - level z."""
    first, second = bend.vectors[bend.first], bend.vectors[bend.second]
    return bend.weight * np.einsum("sp,sp->s", first @ pull.covariance, second) - bend.level @ pull.mean


def information(
    answers: Answers, bend: Slopes, covariance: FloatArray, mean: FloatArray | None, *, observed: bool
) -> FloatArray:
    """Curvature by the free cells of a block, shape (s, s), the curvature of the moments themselves left out.

    Notes
    -----
    With P = V W V' and Q = V W T W V' for the vectors V of `bend`, a pair of cells with derivatives w (a b' + b a') and
    u (c d' + d c') has the expected information w u (P_ac P_bd + P_ad P_bc), and the observed one
    w u (P_ac Q_bd + P_ad Q_bc + P_bc Q_ad + P_bd Q_ac) less that. Means add m' W l; observed, mean and covariance cells
    also meet in m' W (c d' + d c') z.
    """
    size, p = bend.cells.size, covariance.shape[0]
    total = np.zeros((size, size))
    for batch in answers.batches:
        found = _weighing(batch, covariance, mean)
        step = max(1, CHUNK // max(size * size, p * p))
        for start in range(0, len(batch.items), step):
            part = slice(start, start + step)
            sub = Batch(batch.items[part], batch.weight[part], batch.mean[part], batch.spread[part])
            wide = Weighing(*(embed(sub, one[part], p) for one in (found.inverse, found.product, found.lift)))
            total += _meet(bend, wide, sub.weight, observed=observed, with_mean=mean is not None)
    return total


def case_scores(
    answers: Answers, bend: Slopes, covariance: FloatArray, mean: FloatArray
) -> Iterator[tuple[slice, FloatArray]]:
    """Slope of every pupil's log-likelihood by the free cells of a block, shape (rows, s), some rows at a time."""
    lifted, patterned = case_lifts(answers, covariance, mean)
    expected = np.vstack(
        [_between(bend, bend.vectors @ embed(batch, one, len(mean)) @ bend.vectors.T) for batch, one in patterned]
    )
    step = max(1, CHUNK // max(bend.cells.size, 1))
    for start in range(0, len(lifted), step):
        rows = slice(start, start + step)
        reach = lifted[rows] @ bend.vectors.T
        moved = reach[:, bend.first] * reach[:, bend.second] - expected[answers.pattern[rows]]
        yield rows, bend.weight * moved + lifted[rows] @ bend.level.T


def case_lifts(
    answers: Answers, covariance: FloatArray, mean: FloatArray
) -> tuple[FloatArray, list[tuple[Batch, FloatArray]]]:
    """W (y - mu) of every pupil over all items, shape (n, p), and W of every pattern, batch by batch."""
    p = covariance.shape[0]
    there = ~np.isnan(answers.rows)
    away = np.where(there, answers.rows - mean, 0.0)
    inverses: list[tuple[Batch, FloatArray]] = []
    lifted = np.zeros_like(away)
    done = 0
    order = np.argsort(answers.pattern, kind="stable")
    ends = np.concatenate([[0], np.cumsum(np.bincount(answers.pattern))])
    for batch in answers.batches:
        inverse = inner_inverse(batch, covariance)
        inverses.append((batch, inverse))
        for place in range(len(batch.items)):
            rows = order[ends[done + place] : ends[done + place + 1]]
            items = batch.items[place]
            lifted[rows[:, np.newaxis], items] = away[rows[:, np.newaxis], items] @ inverse[place]
        done += len(batch.items)
    assert lifted.shape[1] == p
    return lifted, inverses


def _moments(batch: Batch, mean: FloatArray | None) -> FloatArray:
    if mean is None:
        return batch.spread
    away = batch.mean - mean[batch.items]
    return batch.spread + away[:, :, np.newaxis] * away[:, np.newaxis, :]


def _weighing(batch: Batch, covariance: FloatArray, mean: FloatArray | None) -> Weighing:
    inverse = inner_inverse(batch, covariance)
    product = inverse @ _moments(batch, mean) @ inverse
    away = np.zeros_like(batch.mean) if mean is None else batch.mean - mean[batch.items]
    return Weighing(inverse, product, np.einsum("rij,rj->ri", inverse, away))


def _scatter(target: FloatArray, batch: Batch, inner: FloatArray) -> None:
    p = target.shape[0]
    places = batch.items[:, :, np.newaxis] * p + batch.items[:, np.newaxis, :]
    target += np.bincount(places.ravel(), weights=inner.ravel(), minlength=p * p).reshape(p, p)


def _meet(bend: Slopes, wide: Weighing, weight: FloatArray, *, observed: bool, with_mean: bool) -> FloatArray:
    vectors, a, b = bend.vectors, bend.first, bend.second
    reach = vectors @ wide.inverse @ vectors.T
    ac, ad, bc, bd = _corners(reach, a, b)
    met = ac * bd + ad * bc
    if observed:
        far = vectors @ wide.product @ vectors.T
        far_ac, far_ad, far_bc, far_bd = _corners(far, a, b)
        met = ac * far_bd + ad * far_bc + bc * far_ad + bd * far_ac - met
    total = np.tensordot(weight, met, axes=1) * np.outer(bend.weight, bend.weight)
    if with_mean:
        inverse = np.tensordot(weight, wide.inverse, axes=1)
        total += bend.level @ inverse @ bend.level.T
    if with_mean and observed:
        sight = bend.level @ wide.inverse @ vectors.T
        lift = wide.lift @ vectors.T
        cross = sight[:, :, a] * lift[:, np.newaxis, b] + sight[:, :, b] * lift[:, np.newaxis, a]
        mixed = np.tensordot(weight, cross, axes=1) * bend.weight
        total += mixed + mixed.T
    return total


def _corners(reach: FloatArray, a: "np.ndarray", b: "np.ndarray") -> tuple[FloatArray, ...]:
    by_a, by_b = reach[:, a, :], reach[:, b, :]
    return by_a[:, :, a], by_a[:, :, b], by_b[:, :, a], by_b[:, :, b]


def _between(bend: Slopes, reach: FloatArray) -> FloatArray:
    return reach[:, bend.first, bend.second]
