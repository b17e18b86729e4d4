"""Describe one column of scores: its size, mean, spread and histogram."""

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from evalkit.stats.vectors import FloatArray, IntArray, check_scale, finite_vector


@dataclass(frozen=True, slots=True)
class Description:
    """`n` scores, their mean, and their standard deviation with divisor n - 1; NaN where there are too few."""

    n: int
    mean: float
    sd: float


def describe(values: npt.ArrayLike) -> Description:
    """Size, mean and standard deviation of one column of scores.

    Parameters
    ----------
    values : array_like, shape (n,), no missing values; n may be 0

    Returns
    -------
    Description
        Mean NaN without scores, standard deviation NaN with fewer than 2.

    Raises
    ------
    FitError
        With missing or infinite values.

    Examples
    --------
    >>> describe([1.0, 2.0, 3.0])
    Description(n=3, mean=2.0, sd=1.0)
    """
    scores = finite_vector(values, "values")
    mean = float(scores.mean()) if scores.size else math.nan
    sd = float(scores.std(ddof=1)) if scores.size > 1 else math.nan
    return Description(n=scores.size, mean=mean, sd=sd)


def scale_bins(minimum: float, maximum: float) -> FloatArray:
    """Edges of equally wide bins over a whole scale, at round numbers where there are any.

    Parameters
    ----------
    minimum, maximum : float
        Ends of the scale, from the instrument, never from data.

    Returns
    -------
    array, shape (bins + 1,)
        6 to 14 bins, as near to 10 as round edges allow: whole numbers on a long scale (10 to 40 in steps of 3), else
        halves, quarters, fifths or tenths (1 to 5 in halves); 10 equal bins where nothing is round.

    Raises
    ------
    FitError
        With an impossible scale.

    Examples
    --------
    >>> scale_bins(1, 5).tolist()
    [1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 4.5, 5.0]
    """
    check_scale(np.empty(0), "values", minimum=minimum, maximum=maximum)
    span = maximum - minimum
    widths = range(1, int(span) + 1) if span >= 10 else (0.5, 0.25, 0.2, 0.1, 1.0)
    fitting = [round(span / width) for width in widths if abs(span / width - round(span / width)) < 1e-9]
    bins = min((count for count in fitting if 6 <= count <= 14), key=lambda count: abs(count - 10), default=10)
    return np.linspace(minimum, maximum, bins + 1)


def histogram_bins(minimum: float, maximum: float, *, sd: float) -> FloatArray:
    """Edges of equally wide bins over a whole scale, narrow enough to show how scores are spread.

    Parameters
    ----------
    minimum, maximum : float
        Ends of the scale, from the instrument, never from data.
    sd : float
        Of the scores; NaN where there is none.

    Returns
    -------
    array, shape (bins + 1,)
        `scale_bins`, but for a scale of 10 points or more of which the scores use a small part: then bins of the
        largest whole number of points that divides the scale and is at most 0.6 sd, at least 1.

    Examples
    --------
    >>> histogram_bins(0, 150, sd=15.0)[:4].tolist(), histogram_bins(1, 5, sd=0.1).size
    ([0.0, 6.0, 12.0, 18.0], 9)
    """
    edges = scale_bins(minimum, maximum)
    span, widest = maximum - minimum, 0.6 * sd
    if span < 10 or not edges[1] - edges[0] > widest or abs(span - round(span)) > 1e-9:
        return edges
    width = max((one for one in range(1, int(widest) + 1) if round(span) % one == 0), default=1)
    return np.linspace(minimum, maximum, round(span / width) + 1)


def bin_counts(values: npt.ArrayLike, edges: npt.ArrayLike) -> IntArray:
    """Count the scores in each bin; a bin holds its lower edge, the last one its upper edge too.

    Parameters
    ----------
    values : array_like, shape (n,), within the outer edges
    edges : array_like, shape (bins + 1,), rising

    Returns
    -------
    array, shape (bins,)
        Adds up to n. A score that rounding has put a hair below an edge counts as lying on it.

    Raises
    ------
    FitError
        With scores outside the edges.

    Examples
    --------
    >>> bin_counts([1.0, 2.0, 2.9, 4.0], [1, 2, 3, 4]).tolist()
    [1, 2, 1]
    """
    scores, limits = finite_vector(values, "values"), finite_vector(edges, "edges")
    check_scale(scores, "values", minimum=float(limits[0]), maximum=float(limits[-1]))
    slack = 1e-9 * float(limits[-1] - limits[0])
    places = np.searchsorted(limits - slack, scores, side="right") - 1
    return np.bincount(np.clip(places, 0, limits.size - 2), minlength=limits.size - 1).astype(np.int64)


def count_at(values: npt.ArrayLike, point: float, *, minimum: float, maximum: float) -> int:
    """How many scores lie on one point of the scale, rounding apart.

    Parameters
    ----------
    values : array_like, shape (n,), within the scale
    point : float
        For example the scale's maximum, to find who has reached the ceiling.
    minimum, maximum : float
        Ends of the scale; they set how much rounding is forgiven.

    Raises
    ------
    FitError
        With scores outside the scale.
    """
    scores = finite_vector(values, "values")
    check_scale(scores, "values", minimum=minimum, maximum=maximum)
    return int(np.count_nonzero(np.abs(scores - point) <= 1e-9 * (maximum - minimum)))
