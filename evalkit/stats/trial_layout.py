"""A planned trial in whole numbers: which pupil is in which class, school and block, and who is allocated."""

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaincinv

from evalkit.errors import DesignError
from evalkit.stats.power_designs import SizeName, TrialDesign
from evalkit.stats.vectors import FloatArray, IntArray

MOST_CELLS = 5_000_000  # pupils of one trial
PUPILS_DRAWN = ("individual", "multisite_constant", "multisite_fixed", "multisite_random")
IN_STRATA = ("individual", "cluster", "cluster_three_level")


@dataclass(frozen=True, slots=True)
class TrialLayout:
    """The pupils of a planned trial before any of them is lost, in order of their smallest group.

    Attributes
    ----------
    block, school, group : ndarray (N,)
        Block, school and smallest group (class where there are classes, else school) of each pupil; 0 where there is
        none.
    unit : ndarray (N,)
        What is allocated: the pupil, or the pupil's school.
    arms : ndarray (U,)
        1 treated, 0 control, of each unit: one allocation that has the planned shares.
    strata : ndarray (U,)
        Units among which arms may be exchanged.
    """

    block: IntArray
    school: IntArray
    group: IntArray
    unit: IntArray
    arms: IntArray
    strata: IntArray

    @property
    def pupils(self) -> int:
        """N."""
        return len(self.unit)


def lay_out(design: TrialDesign) -> TrialLayout:
    """Turn a design into pupils.

    Parameters
    ----------
    design : TrialDesign
        `covariates` become strata of equal size, one more than there are covariates, in `individual`, `cluster` and
        `cluster_three_level`. Schools of unequal size have the quantiles of a gamma distribution with that CV.

    Returns
    -------
    TrialLayout

    Raises
    ------
    DesignError
        When a number of schools, classes or blocks is not whole, or the trial is too large to be drawn.
    """
    _check(design)
    blocks, classes = round(design.blocks or 1), round(design.classes or 1)
    schools = 1 if design.kind == "individual" else round(design.schools or 1) * blocks
    # Sizes go round the blocks and strata in turn, so that each has small and large schools.
    order = np.argsort(np.arange(schools) % blocks, kind="stable")
    means = _school_means(design, schools)[order]
    sizes = _whole_sizes(np.repeat(means, classes))
    group = np.repeat(np.arange(schools * classes), sizes)
    school = group // classes
    block_of = np.sort(np.arange(schools) % blocks)
    if design.kind in PUPILS_DRAWN:
        unit = np.arange(len(group))
        strata = _pupil_strata(design, school)
        if design.kind == "individual":
            return TrialLayout(school, school, group, unit, arms_by_share(strata, design.share_treated), strata)
    else:
        unit = school
        strata = block_of if blocks > 1 else np.arange(schools) % (design.covariates + 1)
    arms = arms_by_share(strata, design.share_treated)
    return TrialLayout(block_of[school], school, group, unit, arms, strata)


def arms_by_share(strata: IntArray, share: float) -> IntArray:
    """An allocation with this share of treated units in every stratum, as near as whole units allow, and over all.

    Examples
    --------
    >>> arms_by_share(np.array([0, 0, 0, 1, 1, 1]), 0.5)
    array([1, 1, 0, 1, 0, 0])
    """
    arms = np.zeros(len(strata), dtype=np.intp)
    seen = treated = 0
    for stratum in np.unique(strata):
        members = np.flatnonzero(strata == stratum)
        seen += len(members)
        wanted = int(np.floor(share * seen + 0.5)) - treated
        treated += wanted
        arms[members[:wanted]] = 1
    return arms


def _pupil_strata(design: TrialDesign, school: IntArray) -> IntArray:
    if design.kind != "individual":
        return school
    return np.arange(len(school)) * (design.covariates + 1) // len(school)


def _school_means(design: TrialDesign, schools: int) -> FloatArray:
    """Mean pupils per smallest group of each school, smallest first, with the planned mean and CV."""
    mean, cv = float(design.pupils or 1), design.size_cv
    if cv == 0 or schools == 1:
        return np.full(schools, mean)
    shape = 1 / cv**2
    quantiles = gammaincinv(shape, (np.arange(schools) + 0.5) / schools)
    spread = (quantiles - quantiles.mean()) / quantiles.std()
    return np.maximum(mean * (1 + cv * spread), 1.0)


def _whole_sizes(means: FloatArray) -> IntArray:
    """Whole numbers whose running totals are those of the means, rounded."""
    ends = np.floor(np.cumsum(means) + 0.5).astype(np.intp)
    return np.maximum(np.diff(ends, prepend=0), 1)


def _check(design: TrialDesign) -> None:
    problems: list[str] = []
    counted: list[SizeName] = ["blocks", "schools", "classes"]
    for name in counted:
        value = getattr(design, name)
        if value is not None and value != round(value):
            problems.append(f"{name}: found {value:g}. A trial can only be drawn with a whole number of {name}.")
    if design.kind == "individual" and design.pupils is not None and design.pupils != round(design.pupils):
        problems.append(f"pupils: found {design.pupils:g}. A trial can only be drawn with a whole number of pupils.")
    if design.kind in ("multisite_random", "blocked_cluster_random"):
        problems += [
            f"{name}: covariates of the level at which effects vary are not simulated; leave it out, or use method "
            "'noncentral'."
            for name in ("covariates", "r2_effect")
            if getattr(design, name) > 0
        ]
    pupils = (design.pupils or 1) * (design.classes or 1) * (design.schools or 1) * (design.blocks or 1)
    if pupils > MOST_CELLS:
        problems.append(f"pupils: a trial of {pupils:,.0f} pupils is too large to be drawn; use method 'noncentral'.")
    if problems:
        raise DesignError(f"The design '{design.kind}' cannot be simulated like this.", problems=problems)
