"""Answers to fit factor models to, with their own moments."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.factor.answers import Answers, from_moments, gather
from evalkit.stats.factor.saturated import saturate
from evalkit.stats.vectors import FloatArray, IntArray


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """The answers of all blocks with their own moments, made once and fitted by several models.

    Attributes
    ----------
    answers : tuple of Answers
    means, covariances : tuple of array
        Of the saturated model.
    value : float
        The least value that the objective can have.
    clusters : tuple of int array, or None
        The school of each row.
    """

    answers: tuple[Answers, ...]
    means: tuple[FloatArray, ...]
    covariances: tuple[FloatArray, ...]
    value: float
    clusters: tuple[IntArray, ...] | None

    @property
    def n(self) -> int:
        """Pupils in all blocks."""
        return sum(one.n for one in self.answers)

    @property
    def is_complete(self) -> bool:
        """Whether no answer is missing in any block."""
        return all(one.is_complete for one in self.answers)

    def closed(self) -> tuple[Answers, ...]:
        """Complete answers with the same moments, for the objective alone."""
        return tuple(
            from_moments(mean, covariance, n=one.n, share=one.share)
            for one, mean, covariance in zip(self.answers, self.means, self.covariances, strict=True)
        )


def take_sample(blocks: Sequence[FloatArray], *, clusters: Sequence[IntArray] | None = None) -> Sample:
    """Gather the answers of every block and find their own moments.

    Parameters
    ----------
    blocks : arrays, shape (n, p) each
        NaN where missing; rows with no answer at all are left out.
    clusters : int arrays, shape (n,) each
        School of each row, for standard errors and tests that allow for schools.

    Raises
    ------
    FitError
        Fewer pupils than items, an item without spread (counted from 1), items that determine one another, or fewer
        than two schools.
    """
    kept = [~np.isnan(rows).all(axis=1) for rows in blocks]
    full = [rows[keep] for rows, keep in zip(blocks, kept, strict=True)]
    for rows in full:
        _check(rows)
    total = sum(len(rows) for rows in full)
    answers = tuple(gather(rows, total=total) for rows in full)
    found = [saturate(one) for one in answers]
    schools = None
    if clusters is not None:
        schools = tuple(codes[keep] for codes, keep in zip(clusters, kept, strict=True))
        if min(np.unique(codes).size for codes in schools) < 2:
            raise FitError("The pupils come from fewer than 2 schools, so nothing can be said about schools.")
    return Sample(
        answers, tuple(one[0] for one in found), tuple(one[1] for one in found), sum(one[2] for one in found), schools
    )


def _check(rows: FloatArray) -> None:
    n, p = rows.shape
    if n <= p:
        raise FitError(f"{n} pupils answered {p} items; a factor model needs more pupils than items.")
    answered = ~np.isnan(rows).all(axis=0)
    low, high = (bound(np.where(np.isnan(rows), fill, rows), axis=0) for bound, fill in
                 ((np.min, np.inf), (np.max, -np.inf)))  # fmt: skip
    constant = np.flatnonzero(~(answered & (high > low)))
    if constant.size:
        places = ", ".join(str(int(place) + 1) for place in constant)
        raise FitError(f"Everyone gave the same answer to item {places} (counted from 1), or none. Leave it out.")
