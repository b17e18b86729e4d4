"""Allocate units (schools, classes, pupils) to arms at random; the same seed gives the same allocation for ever."""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

import numpy as np
import numpy.typing as npt
from numpy.random import PCG64, SeedSequence

from evalkit.errors import DesignError
from evalkit.stats.allocation_balance import BalanceCriterion, imbalance
from evalkit.stats.vectors import FloatArray, IntArray

ALGORITHM = "evalkit-allocation"
ALGORITHM_VERSION = 1
AllocationMethod = Literal["within_groups", "minimisation"]
Keys = npt.NDArray[np.uint64]


@dataclass(frozen=True, slots=True)
class Scheme:
    """How n units are to be allocated to k arms. Units stand in a fixed order (by their ID).

    Attributes
    ----------
    weights : tuple of int, length k, each >= 1 - the arms' shares: (1, 1) is equal, (2, 1) two of three to the first
    groups : int array (n,) - stratum or pair of each unit; all 0 for one list without strata
    method : `within_groups`: fixed numbers of units per arm within each group; `minimisation`: one unit after another
        goes to the arm that keeps the factors balanced, with probability `follow`
    factors : int array (n, f) - for minimisation: code of each unit's level of each factor
    follow : float, 0 to 1 - for minimisation: least probability of taking the better arm
    earlier_factors, earlier_arms : int arrays (m, f) and (m,) - units allocated in earlier batches: minimisation goes
        on from them; for any method an arm that has some may get none now
    covariates : float array (n, c) - for re-randomisation
    criterion : BalanceCriterion, or "none": the first draw is taken
    at_most : float - a draw is taken when the criterion is no larger
    most_draws : int - draws tried before giving up
    """

    weights: tuple[int, ...]
    groups: IntArray
    method: AllocationMethod = "within_groups"
    factors: IntArray | None = None
    follow: float = 1.0
    earlier_factors: IntArray | None = None
    earlier_arms: IntArray | None = None
    covariates: FloatArray | None = None
    criterion: BalanceCriterion | Literal["none"] = "none"
    at_most: float = math.inf
    most_draws: int = 1


@dataclass(frozen=True, slots=True)
class Allocation:
    """Arm of every unit, and how it was found.

    Attributes
    ----------
    arms : int array (n,), 0 to k - 1
    draws : int - draws tried, the last being the one taken
    balance : float - the criterion of that draw; NaN without a criterion
    """

    arms: IntArray
    draws: int
    balance: float


def allocate(scheme: Scheme, *, entropy: tuple[int, ...]) -> Allocation:
    """Draw one allocation.

    Parameters
    ----------
    scheme : Scheme
    entropy : tuple of int, each >= 0 - the seed, and numbers that tell several draws of one seed apart

    Returns
    -------
    Allocation

    Raises
    ------
    DesignError
        When an arm would get no unit, or no draw of `most_draws` meets the balance criterion.

    Notes
    -----
    Everything random is a list of 64-bit whole numbers from PCG64, seeded by NumPy's SeedSequence; NumPy promises that
    both streams never change (it does not promise that of its shuffles). Units are put in random order by sorting such
    numbers. Within a group of size m every arm gets floor(m / W) w_a units, W the sum of the weights w; the units left
    over go to the arms that are furthest below their share of the whole list, groups taken in random order and ties
    broken at random. Given the numbers per group and arm, every allocation is equally likely.

    Minimisation [1]_ takes the units in random order. For each it adds up, over the factors and the arms' totals, the
    range over arms of (units of the same level) / weight that would follow from each arm, and takes the arm with the
    smallest sum with probability 1 - c (W - w_a), c = (1 - follow) / (W - min w), else another in proportion to the
    weights. With unequal weights this keeps the arms' shares [2]_.

    Re-randomisation draws until the criterion holds [3]_.

    References
    ----------
    .. [1] Pocock & Simon (1975). Sequential treatment assignment. Biometrics 31, 103-115. doi:10.2307/2529712
    .. [2] Han, Enas & McEntegart (2009). Randomization by minimization for unbalanced treatment allocation. Stat. Med.
       28, 3329-3346. doi:10.1002/sim.3710
    .. [3] Morgan & Rubin (2012). Rerandomization to improve covariate balance. Ann. Stat. 40, 1263-1282.
       doi:10.1214/12-AOS1008

    Examples
    --------
    >>> scheme = Scheme((1, 1), groups=np.array([0, 0, 0, 0, 1, 1]))
    >>> allocate(scheme, entropy=(20260301,)).arms.tolist()
    [0, 0, 1, 1, 1, 0]
    """
    bits = PCG64(SeedSequence(entropy))
    best = math.inf
    for draws in range(1, scheme.most_draws + 1):
        arms = _minimise(scheme, bits) if scheme.method == "minimisation" else _within_groups(scheme, bits)
        _refuse_empty_arms(arms, scheme)
        if scheme.criterion == "none" or scheme.covariates is None:
            return Allocation(arms, draws, math.nan)
        # Rounding keeps the decision the same on machines that add up in another order.
        balance = round(imbalance(scheme.covariates, arms, criterion=scheme.criterion, n_arms=len(scheme.weights)), 9)
        if balance <= scheme.at_most:
            return Allocation(arms, draws, balance)
        best = min(best, balance)
    raise DesignError(
        f"None of {scheme.most_draws:,} draws met the balance criterion: {scheme.criterion} at most {scheme.at_most:g} "
        f"was asked, the best draw had {best:.4g}. Allow more imbalance, balance fewer columns, or stratify."
    )


def arm_counts(groups: IntArray, weights: tuple[int, ...], bits: PCG64) -> IntArray:
    """How many units of every group (G,) go to every arm: (G, k), as near to the shares as whole numbers can be.

    Notes
    -----
    Groups are coded 0 to G - 1. See `allocate`. Random numbers are used for units left over only.
    """
    sizes = np.bincount(groups)
    total, k = sum(weights), len(weights)
    share = np.array(weights, dtype=np.int64)
    counts = np.outer(sizes // total, share)
    given = counts.sum(axis=0)
    order = np.argsort(_keys(bits, len(sizes)), kind="stable")
    for group in order[sizes[order] % total > 0].tolist():
        left = int(sizes[group]) % total
        room = -(-left * share // total)
        ties = _keys(bits, k)
        for _ in range(left):
            behind = groups.size * share - total * given
            open_arms = [arm for arm in range(k) if room[arm] > 0]
            arm = max(open_arms, key=lambda one: (int(behind[one]), int(ties[one])))
            counts[group, arm] += 1
            given[arm] += 1
            room[arm] -= 1
    return counts


def _within_groups(scheme: Scheme, bits: PCG64) -> IntArray:
    counts = arm_counts(scheme.groups, scheme.weights, bits)
    keys = _keys(bits, scheme.groups.size)
    order = np.lexsort((keys, scheme.groups))
    arms = np.empty(scheme.groups.size, dtype=np.int64)
    arms[order] = np.repeat(np.tile(np.arange(len(scheme.weights)), len(counts)), counts.ravel())
    return arms


def _minimise(scheme: Scheme, bits: PCG64) -> IntArray:
    n, weights = scheme.groups.size, scheme.weights
    factors = _with_total(scheme.factors, n)
    earlier = _with_total(scheme.earlier_factors, 0 if scheme.earlier_arms is None else scheme.earlier_arms.size)
    levels = int(max(factors.max(initial=0), earlier.max(initial=0))) + 1
    counts = np.zeros((factors.shape[1], levels, len(weights)), dtype=np.int64)
    every: IntArray = np.arange(factors.shape[1], dtype=np.int64)
    for unit in range(len(earlier)):
        counts[every, earlier[unit], 0 if scheme.earlier_arms is None else scheme.earlier_arms[unit]] += 1
    scale = np.array([math.lcm(*weights) // one for one in weights], dtype=np.int64)
    order = np.argsort(_keys(bits, n), kind="stable")
    chances = _keys(bits, 2 * n).reshape(n, 2)
    arms = np.empty(n, dtype=np.int64)
    for unit in order.tolist():
        now = counts[every, factors[unit]]
        spread = [int(np.ptp((now + one) * scale, axis=1).sum()) for one in np.eye(len(weights), dtype=np.int64)]
        better = [arm for arm, value in enumerate(spread) if value == min(spread)]
        tie, follow = int(chances[unit, 0]), int(chances[unit, 1])
        arms[unit] = _arm_taken(_pick(better, weights, Fraction(tie, 2**64)), weights, scheme.follow, follow)
        counts[every, factors[unit], arms[unit]] += 1
    return arms


def _arm_taken(better: int, weights: tuple[int, ...], follow: float, key: int) -> int:
    """The better arm with its probability, else another: exact fractions, so that no rounding decides."""
    total = sum(weights)
    c = (1 - Fraction(str(follow))) / (total - min(weights))
    leave = c * (total - weights[better])
    chance = Fraction(key, 2**64)
    if chance >= leave:
        return better
    return _pick([arm for arm in range(len(weights)) if arm != better], weights, chance / leave)


def _pick(arms: list[int], weights: tuple[int, ...], chance: Fraction) -> int:
    """One of some arms in proportion to the weights; `chance` lies from 0 to below 1."""
    place = chance * sum(weights[arm] for arm in arms)
    for arm in arms:
        place -= weights[arm]
        if place < 0:
            return arm
    return arms[-1]


def _with_total(factors: IntArray | None, n: int) -> IntArray:
    """The factors and a constant one: the arms' totals are balanced too."""
    constant = np.zeros((n, 1), dtype=np.int64)
    return constant if factors is None else np.hstack([factors, constant])


def _keys(bits: PCG64, count: int) -> Keys:
    return np.asarray(bits.random_raw(count), dtype=np.uint64)


def _refuse_empty_arms(arms: IntArray, scheme: Scheme) -> None:
    everyone = arms if scheme.earlier_arms is None else np.concatenate([arms, scheme.earlier_arms])
    empty = int(np.count_nonzero(np.bincount(everyone, minlength=len(scheme.weights)) == 0))
    if empty:
        raise DesignError(
            f"{empty} of {len(scheme.weights)} arms would get nobody: there are only {arms.size} to allocate with "
            f"shares {' : '.join(map(str, scheme.weights))}. Recruit more, or use fewer arms or more equal shares."
        )
