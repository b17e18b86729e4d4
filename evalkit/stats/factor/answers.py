"""Answers of one block of pupils, gathered by which items were answered."""

from dataclasses import dataclass

import numpy as np

from evalkit.stats.vectors import FloatArray, IntArray

CHUNK = 4_000_000  # numbers of one temporary array


@dataclass(frozen=True, slots=True, eq=False)
class Batch:
    """R patterns of answered items, each with k items.

    Attributes
    ----------
    items : int array, shape (R, k)
        The items answered.
    weight : array, shape (R,)
        Pupils with the pattern, as a share of all pupils of all blocks.
    mean, spread : array, shapes (R, k) and (R, k, k)
        Mean and covariance matrix (divisor n) of those pupils' answers.
    """

    items: IntArray
    weight: FloatArray
    mean: FloatArray
    spread: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class Answers:
    """Answers of one block, shape (n, p), NaN where missing.

    Attributes
    ----------
    rows : array, shape (n, p)
        At least one answer in each. Empty where only the moments are known.
    n : int
        Pupils.
    share : float
        n as a share of all pupils of all blocks.
    batches : tuple of Batch
        In order of the number of items answered, cut so that no temporary array grows large.
    pattern : int array, shape (n,)
        The pattern of each row, counted through the batches.
    """

    rows: FloatArray
    n: int
    share: float
    batches: tuple[Batch, ...]
    pattern: IntArray

    @property
    def is_complete(self) -> bool:
        """Whether every pupil answered every item."""
        return len(self.batches) == 1 and self.batches[0].items.shape == (1, self.rows.shape[1])


def from_moments(mean: FloatArray, covariance: FloatArray, *, n: int, share: float = 1.0) -> Answers:
    """Complete answers of which only the moments are known: enough for the objective, not for pupils' scores."""
    items = np.arange(mean.size, dtype=np.int64)[np.newaxis]
    batch = Batch(items, np.array([share]), mean[np.newaxis], covariance[np.newaxis])
    return Answers(np.empty((0, mean.size)), n, share, (batch,), np.empty(0, dtype=np.int64))


def gather(rows: FloatArray, *, total: int) -> Answers:
    """Gather answers by pattern.

    Parameters
    ----------
    rows : array, shape (n, p)
        NaN where missing; at least one answer in each row.
    total : int
        Pupils in all blocks.
    """
    there = ~np.isnan(rows)
    if there.all():
        centred = rows - rows.mean(axis=0)
        known = from_moments(rows.mean(axis=0), centred.T @ centred / len(rows), n=len(rows), share=len(rows) / total)
        return Answers(rows, len(rows), known.share, known.batches, np.zeros(len(rows), dtype=np.int64))
    patterns, of_row = _patterns(there)
    count = patterns.sum(axis=1)
    order = np.argsort(-count, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    of_row, patterns, count = rank[of_row], patterns[order], count[order]
    sizes = np.bincount(of_row, minlength=order.size).astype(np.float64)
    known = np.where(there, rows, 0.0)
    sums = np.zeros((order.size, rows.shape[1]))
    np.add.at(sums, of_row, known)
    means = sums / sizes[:, np.newaxis]
    by_pattern = np.argsort(of_row, kind="stable")
    ends = np.cumsum(sizes).astype(np.int64)
    batches: list[Batch] = []
    for start, stop in _cuts(count, rows.shape[1]):
        items = np.array([np.flatnonzero(one) for one in patterns[start:stop]], dtype=np.int64)
        mean = np.take_along_axis(means[start:stop], items, axis=1)
        spread = np.zeros((stop - start, items.shape[1], items.shape[1]))
        for place, one in enumerate(range(start, stop)):
            if sizes[one] > 1:
                centred = known[by_pattern[ends[one] - int(sizes[one]) : ends[one]]][:, items[place]] - mean[place]
                spread[place] = centred.T @ centred / sizes[one]
        batches.append(Batch(items, sizes[start:stop] / total, mean, spread))
    return Answers(rows, len(rows), len(rows) / total, tuple(batches), of_row)


def inner(batch: Batch, covariance: FloatArray) -> FloatArray:
    """A covariance matrix over the answered items of each pattern, shape (R, k, k)."""
    return covariance[batch.items[:, :, np.newaxis], batch.items[:, np.newaxis, :]]


def inner_inverse(batch: Batch, covariance: FloatArray) -> FloatArray:
    """Its inverse, shape (R, k, k)."""
    return np.asarray(np.linalg.inv(inner(batch, covariance)), dtype=np.float64)


def embed(batch: Batch, over_items: FloatArray, p: int) -> FloatArray:
    """Matrices or vectors over answered items as ones over all p items, 0 elsewhere; shape (R, p, p) or (R, p)."""
    places = np.arange(len(batch.items))
    if over_items.ndim == 2:
        wide = np.zeros((len(over_items), p))
        wide[places[:, np.newaxis], batch.items] = over_items
        return wide
    wide = np.zeros((len(over_items), p, p))
    wide[places[:, np.newaxis, np.newaxis], batch.items[:, :, np.newaxis], batch.items[:, np.newaxis, :]] = over_items
    return wide


def _patterns(there: "np.ndarray") -> tuple["np.ndarray", IntArray]:
    """The different rows of a yes-no table, and which of them each row is; by whole bytes, which is quick."""
    packed = np.ascontiguousarray(np.packbits(there, axis=1))
    _, first, of_row = np.unique(
        packed.view(np.dtype((np.void, packed.shape[1]))).ravel(), return_index=True, return_inverse=True
    )
    return there[first], of_row.reshape(-1)


def _cuts(count: "IntArray", p: int) -> list[tuple[int, int]]:
    """Runs of patterns with equally many items, none longer than a chunk holds."""
    most = max(1, CHUNK // (p * p))
    cuts: list[tuple[int, int]] = []
    start = 0
    for place in range(1, count.size + 1):
        if place == count.size or count[place] != count[start] or place - start >= most:
            cuts.append((start, place))
            start = place
    return cuts
