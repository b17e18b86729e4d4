"""Predicted random effects (conditional modes) and how sure they are."""

from dataclasses import dataclass

import numpy as np

from evalkit.stats.mixed.evaluate import gather_outer, weigh_inner
from evalkit.stats.mixed.fit import MixedFit
from evalkit.stats.mixed.layout import Dense, Layout
from evalkit.stats.mixed.moments import FloatArray
from evalkit.stats.mixed.outer import level_blocks, parts_of, solve_outer
from evalkit.stats.mixed.two_level import TwoLevelStatistics

CHUNK = 2000  # rows of a crossed system handled at a time


@dataclass(frozen=True, slots=True)
class Effects:
    """Random effects of one term.

    Attributes
    ----------
    mode : ndarray (levels, q)
        Conditional mean given the outcomes, the fixed effects and the variances, in the user's units.
    covariance : ndarray (levels, q, q)
        Conditional covariance, fixed effects and variances taken as known (lme4's condVar).
    """

    mode: FloatArray
    covariance: FloatArray


def random_effects(fit: MixedFit) -> tuple[Effects, ...]:
    """Conditional modes and covariances of every random term, in the order of the terms.

    Notes
    -----
    b = Lambda (Lambda' Z'Z Lambda + I)^-1 Lambda' Z'(y - X beta), with covariance sigma^2 Lambda (..)^-1 Lambda'
    (Bates et al. 2015, eq. 15, 27).
    """
    if isinstance(fit.statistics, TwoLevelStatistics):
        work = [_two_level(fit.statistics, fit)]
    else:
        work = _general(fit.statistics, fit)
    found: dict[int, Effects] = {}
    scale = fit.coordinates.outcome_scale
    for factor, (mode, covariance) in zip(fit.factors, work, strict=True):
        for index, block, change in zip(factor.terms, factor.blocks, factor.maps, strict=True):
            columns = list(block)
            own = covariance[:, columns][:, :, columns]
            found[index] = Effects(mode[:, columns] @ change.T * scale, change @ own @ change.T * fit.sigma2)
    return tuple(found[index] for index in sorted(found))


def _two_level(statistics: TwoLevelStatistics, fit: MixedFit) -> tuple[FloatArray, FloatArray]:
    ratio = float(fit.sigmas[0][0, 0])
    left = statistics.mean[:, -1] - statistics.mean[:, :-1] @ fit.moments.beta
    spread = 1.0 + statistics.size * ratio
    return (ratio * statistics.size / spread * left)[:, None], (ratio / spread)[:, None, None]


def _general(layout: Layout, fit: MixedFit) -> list[tuple[FloatArray, FloatArray]]:
    """Modes and relative covariances of each factor's levels in working coordinates."""
    sigma, e = fit.sigmas[0], np.append(-fit.moments.beta, 1.0)
    inner = weigh_inner(layout, sigma)
    pull = sigma @ np.swapaxes(layout.triangle, 1, 2) @ inner.inverse  # Sigma R' K^-1
    left = layout.t @ e
    covariance = sigma - pull @ layout.triangle @ sigma
    found: list[tuple[FloatArray, FloatArray]] = []
    if layout.outer is not None:
        parts = parts_of(layout.factors[1:], nested=layout.nested)
        sums = gather_outer(layout.outer, inner)
        solved = solve_outer(parts, fit.sigmas[1:], sums.zz)
        modes = solved.h @ (sums.zx @ e)[:, :, None]
        for part, factor in zip(parts, layout.factors[1:], strict=True):
            own = modes[:, part.place, 0].reshape(factor.levels, factor.width)
            found.append((own, level_blocks(solved.h, part).reshape(factor.levels, factor.width, factor.width)))
        if isinstance(layout.outer, Dense):
            batch = np.repeat(np.arange(len(layout.outer.starts)), np.diff([*layout.outer.starts, len(left)]))
            left = left - (layout.outer.t @ modes[batch])[:, :, 0]
            reach = pull @ layout.outer.t
            covariance = covariance + reach @ solved.h[batch] @ np.swapaxes(reach, 1, 2)
        else:
            left = left - (layout.outer.t @ modes[0, :, 0]).reshape(left.shape)
            covariance = covariance + _crossed_spread(layout, pull, solved.h[0])
    mode = (pull @ left[:, :, None])[:, :, 0]
    back = np.argsort(layout.order)
    return [(mode[back], covariance[back]), *found]


def _crossed_spread(layout: Layout, pull: FloatArray, h: FloatArray) -> FloatArray:
    """A H A' in every inner level, A = Sigma R' K^-1 T, some levels at a time."""
    assert layout.outer is not None
    assert not isinstance(layout.outer, Dense)
    q = pull.shape[1]
    spread = np.empty_like(pull)
    for start in range(0, len(pull), CHUNK):
        stop = min(start + CHUNK, len(pull))
        t = layout.outer.t[start * q : stop * q].toarray().reshape(stop - start, q, -1)
        reach = pull[start:stop] @ t
        spread[start:stop] = (reach.reshape(-1, h.shape[0]) @ h).reshape(reach.shape) @ np.swapaxes(reach, 1, 2)
    return spread
