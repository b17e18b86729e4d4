"""How likely each unit was to be in the programme, given what stood before: a logit, or where it cannot be had."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit

from evalkit.errors import FitError
from evalkit.stats.linear import check_design, check_rows, independent_columns
from evalkit.stats.logit_search import plain_logit
from evalkit.stats.separation import separated_rows, separating_columns
from evalkit.stats.vectors import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Propensity:
    """A logit of being in the programme.

    Attributes
    ----------
    names : tuple of str
        Columns kept, p of them; the first is the constant.
    coefficients : ndarray, shape (p,)
        Log odds.
    linear, scores : ndarray, shape (n,)
        Linear predictor and probability of each unit.
    dropped : tuple of str
        Columns that earlier ones determine.
    design : ndarray, shape (n, p)
    """

    names: tuple[str, ...]
    coefficients: FloatArray
    linear: FloatArray
    scores: FloatArray
    dropped: tuple[str, ...]
    design: FloatArray = field(repr=False)


def check_groups(treated: ArrayLike, *, length: int) -> BoolArray:
    """Who is in the programme as true and false, or what is wrong with it.

    Raises
    ------
    FitError
        Values that are not 0 or 1, or a group without anybody.
    """
    values = check_rows("programme indicator", treated, length=length)
    if not np.isin(values, (0.0, 1.0)).all():
        raise FitError("The programme indicator must be 1 for units with the programme and 0 for the others.")
    chosen = values == 1
    for name, size in (("programme", int(chosen.sum())), ("comparison", int((~chosen).sum()))):
        if not size:
            raise FitError(f"Nobody is in the {name} group, so there is nothing to compare.")
    return chosen


def fit_propensity(covariates: ArrayLike, treated: ArrayLike, *, names: Sequence[str] | None = None) -> Propensity:
    """Fit the probability of being in the programme by maximum likelihood.

    Parameters
    ----------
    covariates : array, shape (n, k)
        What stood before the programme; a constant is added.
    treated : array, shape (n,)
        1 with the programme, 0 without.
    names : sequence of str, optional
        Of the covariates, for messages.

    Returns
    -------
    Propensity

    Raises
    ------
    FitError
        Bad values; a covariate, or a mixture of several, that tells the groups apart perfectly, so that nobody in one
        group is like anybody in the other.

    Notes
    -----
    logit e(x) = x'b [1]_. Newton's steps; separation by a linear programme (Albert and Anderson 1984).

    References
    ----------
    .. [1] Rosenbaum and Rubin (1983). The central role of the propensity score in observational studies for causal
       effects. Biometrika 70(1), 41-55. doi:10.1093/biomet/70.1.41

    Examples
    --------
    >>> found = fit_propensity([[0.0], [1], [2], [3], [4], [5]], [0, 0, 1, 0, 1, 1])
    >>> found.scores.round(3).tolist()
    [0.046, 0.139, 0.353, 0.647, 0.861, 0.954]
    """
    x, labels = check_design(covariates, names=names)
    chosen = check_groups(treated, length=len(x))
    full = np.column_stack([np.ones(len(x)), x])
    kept = independent_columns(full)
    told_as: tuple[str, ...] = ("constant", *labels)
    design, outcome = full[:, kept], chosen.astype(np.float64)
    found = [told_as[kept[k]] for k in separating_columns(design, outcome)]
    if found:
        told = f"'{found[0]}' tells" if len(found) == 1 else f"{', '.join(repr(one) for one in found)} together tell"
        apart = separated_rows(design, outcome)
        if 2 * apart < len(x):
            raise FitError(
                f"{told} {apart} of {len(x)} units apart from everybody in the other group, so that no propensity can "
                "be had. Leave those units out, or one of these facts if the others all but determine it."
            )
        raise FitError(
            f"{told} the groups apart perfectly: nobody with the programme is like anybody without it. "
            "Find comparison units that are alike in this, or leave it out and say so."
        )
    coefficients, linear, settled = plain_logit(design, outcome)
    if not settled:
        raise FitError(
            "The propensity model does not settle: its covariates all but tell the groups apart. Use fewer of them."
        )
    stay = [int(place) for place in kept]
    dropped = tuple(label for place, label in enumerate(told_as) if place not in stay)
    return Propensity(tuple(told_as[place] for place in stay), coefficients, linear, expit(linear), dropped, design)
