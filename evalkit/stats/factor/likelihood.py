"""A factor model at given parameters under the normal likelihood: value, slope, information and pupils' scores."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.errors import FitError
from evalkit.stats.factor.answers import Answers
from evalkit.stats.factor.implied import (
    by_parameter,
    columns_by_parameter,
    implied_covariance,
    implied_mean,
    second_slopes,
    slopes,
)
from evalkit.stats.factor.normal import Pull, case_scores, gradient, information, weigh
from evalkit.stats.factor.search import Bottom, minimise
from evalkit.stats.factor.structure import Matrices, Structure
from evalkit.stats.vectors import FloatArray

NO_SOLUTION = (
    "The factor model could not be fitted to these items: no single solution fits best. The items may not hang "
    "together as its factors say (check that reversed items were reversed), or there are too few pupils. "
    "Report alpha alone."
)


@dataclass(frozen=True, slots=True, eq=False)
class Likelihood:
    """A structure and the answers it is fitted to.

    Attributes
    ----------
    structure : Structure
    answers : tuple of Answers
        One per block.
    spreads : tuple of array, shape (p,)
        Variances of the items in each block, to tell a solution that has run off.
    """

    structure: Structure
    answers: tuple[Answers, ...]
    spreads: tuple[FloatArray, ...]

    def slope(self, parameters: FloatArray) -> tuple[float, FloatArray]:
        """Objective (minus log-likelihood per pupil, constants left out) and its gradient, shape (q,)."""
        matrices = self.structure.at(parameters)
        value, slope = 0.0, np.zeros(parameters.size)
        for block, answers in enumerate(self.answers):
            pull = self._weigh(matrices, block, answers)
            if pull is None:
                return np.inf, slope
            bend = slopes(self.structure, matrices, block)
            value += pull.value
            np.add.at(slope, self.structure.parameter[bend.cells], gradient(bend, pull))
        return value, slope

    def curvature(self, parameters: FloatArray, observed: bool, *, moments_bend: bool = True) -> FloatArray:
        """Information per pupil, shape (q, q); expected, or observed (with or without the moments' own curvature)."""
        matrices = self.structure.at(parameters)
        total = np.zeros((parameters.size, parameters.size))
        for block, answers in enumerate(self.answers):
            bend = slopes(self.structure, matrices, block)
            covariance, mean = implied_covariance(matrices, block), self._mean(matrices, block)
            found = information(answers, bend, covariance, mean, observed=observed)
            if observed and moments_bend:
                pull = weigh(answers, covariance, mean)
                assert pull is not None
                found = found + second_slopes(self.structure, matrices, bend, pull.covariance, pull.mean, block)
            total += by_parameter(self.structure, bend.cells, found)
        return total

    def scores(self, parameters: FloatArray, block: int) -> Iterator[tuple[slice, FloatArray]]:
        """Slope of every pupil's log-likelihood in a block by the parameters, shape (rows, q), some rows at a time."""
        matrices, answers = self.structure.at(parameters), self.answers[block]
        bend = slopes(self.structure, matrices, block)
        mean = self._mean(matrices, block)
        if mean is None:
            mean = answers.batches[0].mean[0]
        for rows, by_cell in case_scores(answers, bend, implied_covariance(matrices, block), mean):
            yield rows, columns_by_parameter(self.structure, bend.cells, by_cell)

    def lost(self, parameters: FloatArray) -> bool:
        """Whether an error variance has run off below anything that data could mean."""
        error = self.structure.at(parameters).error
        return any(bool(np.any(np.diag(error[block]) < -20 * spread)) for block, spread in enumerate(self.spreads))

    def find(self, *starts: FloatArray, is_near: bool = False) -> Bottom:
        """Minimise from the first start that leads to a bottom; one that is near needs no careful first turns.

        Raises
        ------
        FitError
            There is no start to begin from, or no bottom is reached.
        """
        for begin in starts:
            if np.isfinite(self.slope(begin)[0]):
                bottom = minimise(self.slope, self.curvature, begin, lost=self.lost, is_near=is_near)
                if bottom.converged:
                    return bottom
        raise FitError(NO_SOLUTION)

    def _mean(self, matrices: Matrices, block: int) -> FloatArray | None:
        return implied_mean(matrices, block) if self.structure.has_means else None

    def _weigh(self, matrices: Matrices, block: int, answers: Answers) -> Pull | None:
        return weigh(answers, implied_covariance(matrices, block), self._mean(matrices, block))


def make_likelihood(structure: Structure, answers: Sequence[Answers], covariances: Sequence[FloatArray]) -> Likelihood:
    """Put a structure and answers together."""
    return Likelihood(structure, tuple(answers), tuple(np.diag(one) for one in covariances))
