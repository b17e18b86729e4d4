"""Draw pupils at random for what need not see every pupil: the factor models of a nation's pupils."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from evalkit.scoring.rules import BoolArray, IntArray

TOLD = "Fitted to {n:,} pupils drawn at random from {whole:,}."


@dataclass(frozen=True, slots=True, eq=False)
class Draw:
    """Which pupils are taken where there are very many.

    Attributes
    ----------
    pupil : int array, shape (n,)
        The pupil of each row, numbered from 0.
    place : uint64 array, shape (m,)
        Each pupil's place in the draw: the same in every wave, and whatever the order of the rows.
    most : int
        Pupils taken at most.
    """

    pupil: IntArray
    place: npt.NDArray[np.uint64]
    most: int

    def rows(self, rows: BoolArray) -> BoolArray:
        """These rows of one wave, or those of the `most` pupils that come first in the draw."""
        pupils = self.linked([rows])
        drawn = self.of(pupils)
        return rows if drawn is pupils else rows & drawn[self.pupil]

    def linked(self, waves: Sequence[BoolArray]) -> BoolArray:
        """Which pupils have a row in every wave, shape (m,)."""
        found = np.ones(self.place.size, dtype=np.bool_)
        for rows in waves:
            here = np.zeros(self.place.size, dtype=np.bool_)
            here[self.pupil[rows]] = True
            found &= here
        return found

    def of(self, pupils: BoolArray) -> BoolArray:
        """These pupils, or the `most` of them that come first in the draw."""
        places = self.place[pupils]
        if places.size <= self.most:
            return pupils
        return pupils & (self.place <= np.partition(places, self.most - 1)[self.most - 1])

    def rows_of(self, pupils: BoolArray, rows: BoolArray) -> IntArray:
        """Where the row of each of these pupils is among the rows of one wave, in the order of the pupils' numbers."""
        where = np.zeros(self.place.size, dtype=np.int64)
        there = np.flatnonzero(rows)
        where[self.pupil[there]] = there
        return where[pupils]

    def told(self, n: int, whole: int) -> str:
        """The sentence for a table where n of all pupils were taken; empty where all were."""
        return TOLD.format(n=n, whole=whole) if n < whole else ""


def draw_pupils(pupils: "np.ndarray", *, most: int, seed: int) -> Draw:
    """A draw from the pupils' codes: by a keyed hash of each, so nothing depends on the order of rows."""
    number, names = pd.factorize(pupils)
    place = pd.util.hash_array(np.asarray(names, dtype=object), hash_key=f"{seed % 10**16:016d}", categorize=False)
    return Draw(number.astype(np.int64), place, most)
