"""The moments themselves, with no model: what a factor model is held against."""

import numpy as np
from numpy.linalg import LinAlgError

from evalkit.errors import FitError
from evalkit.stats.factor.answers import Answers, embed, inner_inverse
from evalkit.stats.factor.normal import weigh
from evalkit.stats.vectors import FloatArray

TURNS = 2000
SINGULAR = (
    "Some items can be computed exactly from others (copies, or fewer pupils than items), so no factor can be "
    "fitted. Look for a column that was pasted twice, or report alpha alone."
)


def saturate(answers: Answers) -> tuple[FloatArray, FloatArray, float]:
    """Means, covariance matrix (divisor n) and the least value of the objective for one block.

    With gaps by the EM algorithm [1]_, until a turn moves no moment by more than 1e-9 standard deviations.

    Raises
    ------
    FitError
        The covariance matrix is singular.

    References
    ----------
    .. [1] Little & Rubin (2002). Statistical analysis with missing data, 2nd ed., section 11.2.
    """
    if answers.is_complete:
        mean, covariance = answers.batches[0].mean[0], answers.batches[0].spread[0]
    else:
        mean, covariance = _expect(answers)
    spread = np.sqrt(np.diag(covariance))
    if float(np.linalg.eigvalsh(covariance / np.outer(spread, spread))[0]) < 1e-9:
        raise FitError(SINGULAR)
    pull = weigh(answers, covariance, mean)
    assert pull is not None
    return mean, covariance, pull.value


def _expect(answers: Answers) -> tuple[FloatArray, FloatArray]:
    mean = np.nanmean(answers.rows, axis=0)
    covariance = np.diag(np.nanvar(answers.rows, axis=0))
    scale = np.sqrt(np.diag(covariance))
    for _ in range(TURNS):
        try:
            new_mean, new_covariance = _turn(answers, mean, covariance)
        except LinAlgError:
            raise FitError(SINGULAR) from None
        moved = max(
            float(np.abs((new_mean - mean) / scale).max()),
            float(np.abs((new_covariance - covariance) / np.outer(scale, scale)).max()),
        )
        mean, covariance = new_mean, new_covariance
        if moved < 1e-9:
            return mean, covariance
    raise FitError(
        "Too many answers are missing to find the covariances of the items. Leave out items that hardly anyone "
        "answered, or use complete rows only."
    )


def _turn(answers: Answers, mean: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """One E and M step: moments of the answers completed by regression, with what regression leaves open."""
    p = mean.size
    first, second = np.zeros(p), np.zeros((p, p))
    for batch in answers.batches:
        inverse = embed(batch, inner_inverse(batch, covariance), p)
        reach = covariance @ inverse
        away = embed(batch, batch.mean - mean[batch.items], p)
        shift = np.einsum("rij,rj->ri", reach, away)
        inside = embed(batch, batch.spread, p)
        weight = batch.weight
        first += weight @ shift
        second += np.einsum("r,ri,rj->ij", weight, shift, shift)
        second += np.einsum("r,rij->ij", weight, reach @ inside @ reach.transpose(0, 2, 1))
        second += np.tensordot(weight, covariance - reach @ covariance, axes=1)
    first, second = first / answers.share, second / answers.share
    return mean + first, second - np.outer(first, first)
