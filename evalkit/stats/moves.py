"""Moves between ordered grades: who rose, of those who could."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.proportions import Proportion, wilson
from evalkit.stats.share_tests import exact_binomial_p


@dataclass(frozen=True, slots=True)
class Moves:
    """How many rose, stayed and fell between two gradings.

    Attributes
    ----------
    n, rose, same, fell : int
    able_to_rise, able_to_fall : int
        Those who were below the highest grade, and above the lowest one, at first.
    share_rose : Proportion or None
        Of those able to rise; None when nobody was.
    share_fell : Proportion or None
        Of those able to fall.
    sign_p : float
        Exact sign test of as many rises as falls; 1 when nobody moved. With two grades it is McNemar's exact test.
    """

    n: int
    rose: int
    same: int
    fell: int
    able_to_rise: int
    able_to_fall: int
    share_rose: Proportion | None
    share_fell: Proportion | None
    sign_p: float


def moves(counts: npt.ArrayLike, *, conf_level: float = 0.95) -> Moves:
    """Count moves between ordered grades.

    Parameters
    ----------
    counts : array_like of int, shape (g, g), g >= 2
        Rows: the grade at first, lowest first. Columns: the grade later, in the same order.
    conf_level : float, between 0 and 1

    Returns
    -------
    Moves

    Raises
    ------
    FitError
        When the table is not square, holds something else than counts, or is empty.

    Notes
    -----
    Who has the highest grade cannot rise: counting them in makes a share of rises depend on how many began there.

    Examples
    --------
    >>> found = moves([[4, 6, 0], [1, 20, 9], [0, 2, 8]])
    >>> found.rose, found.able_to_rise, found.fell, round(found.share_rose.value, 3)
    (15, 40, 3, 0.375)
    """
    table = np.asarray(counts, dtype=np.float64)
    square = table.ndim == 2 and table.shape[0] == table.shape[1] >= 2
    if not square or not np.isfinite(table).all() or (table < 0).any() or (table != np.floor(table)).any():
        raise FitError("A table of moves needs a row and a column for each of two or more grades, and whole counts.")
    n = int(table.sum())
    if n == 0:
        raise FitError("The table of moves is empty: give how many went from each grade to each.")
    rose, fell = int(np.triu(table, 1).sum()), int(np.tril(table, -1).sum())
    able_to_rise, able_to_fall = n - int(table[-1].sum()), n - int(table[0].sum())
    return Moves(
        n=n,
        rose=rose,
        same=n - rose - fell,
        fell=fell,
        able_to_rise=able_to_rise,
        able_to_fall=able_to_fall,
        share_rose=wilson(rose, able_to_rise, conf_level=conf_level) if able_to_rise else None,
        share_fell=wilson(fell, able_to_fall, conf_level=conf_level) if able_to_fall else None,
        sign_p=exact_binomial_p(rose, rose + fell, reference=0.5) if rose + fell else 1.0,
    )
