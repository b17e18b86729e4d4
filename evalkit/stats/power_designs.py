"""The trial designs that can be planned: the standard error and the degrees of freedom of each one's effect."""

import math
from dataclasses import KW_ONLY, dataclass, fields
from numbers import Real
from typing import Literal, get_args

from evalkit.errors import DesignError

DesignKind = Literal[
    "individual",
    "multisite_constant",
    "multisite_fixed",
    "multisite_random",
    "cluster",
    "cluster_three_level",
    "blocked_cluster_fixed",
    "blocked_cluster_random",
]
SizeName = Literal["pupils", "classes", "schools", "blocks"]
UnequalSizes = Literal["pupil_weighted", "mixed_model"]

_SIZES: dict[DesignKind, tuple[SizeName, ...]] = {
    "individual": ("pupils",),
    "multisite_constant": ("schools", "pupils"),
    "multisite_fixed": ("schools", "pupils"),
    "multisite_random": ("schools", "pupils"),
    "cluster": ("schools", "pupils"),
    "cluster_three_level": ("schools", "classes", "pupils"),
    "blocked_cluster_fixed": ("blocks", "schools", "pupils"),
    "blocked_cluster_random": ("blocks", "schools", "pupils"),
}
_SHARES = ("icc", "icc_class", "icc_block", "r2_pupil", "r2_class", "r2_school", "r2_effect")
_USES: dict[str, tuple[DesignKind, ...]] = {
    "icc_class": ("cluster_three_level",),
    "r2_class": ("cluster_three_level",),
    "icc_block": ("blocked_cluster_fixed", "blocked_cluster_random"),
    "r2_school": ("cluster", "cluster_three_level", "blocked_cluster_fixed", "blocked_cluster_random"),
    "effect_variation": ("multisite_random", "blocked_cluster_random"),
    "r2_effect": ("multisite_random", "blocked_cluster_random"),
    "size_cv": ("cluster", "cluster_three_level", "blocked_cluster_fixed", "blocked_cluster_random"),
}


@dataclass(frozen=True, slots=True)
class TrialDesign:
    """A planned trial: who is randomised, how many, and how alike pupils are.

    Parameters
    ----------
    kind : which units are randomised -
        `individual`: pupils, no grouping; `cluster`: schools; `cluster_three_level`: schools, with classes in them;
        `multisite_*`: pupils within each school; `blocked_cluster_*`: schools within each block (or classes within each
        school: then a class is the "school" here and a school the "block"). `_constant`, `_fixed` and `_random` say
        how the effect is taken to differ between schools or blocks: not at all; freely, for these very ones; at random,
        for a population of them.
    pupils : float, >= 1 - pupils randomised in each smallest group (school or class); all pupils when `individual`
    classes : float - classes per school
    schools : float - schools; per block in a blocked design
    blocks : float - blocks
    share_treated : float, 0 to 1 - share of the randomised units that get the programme (P)
    icc : float, 0 to 1 - share of the outcome's variance between schools (in a blocked design: between schools of one
        block). Optional, 0 if left out, in `multisite_constant` and `multisite_fixed`
    icc_class, icc_block : float, 0 to 1 - share of variance between classes of a school; between blocks
    r2_pupil, r2_class, r2_school : float, 0 to 1 - share of each level's variance that the covariates explain
    effect_variation : float, >= 0 - variance of the effect between schools (or blocks), as a ratio to the variance of
        the outcome between them (omega)
    r2_effect : float, 0 to 1 - share of that variance of the effect that covariates explain
    covariates : int - covariates, stratum terms among them, that cost degrees of freedom: those of the level that the
        degrees of freedom count (pupils in `individual`, `multisite_constant`, `multisite_fixed`; schools in `cluster`,
        `cluster_three_level`, `blocked_cluster_fixed`, `multisite_random`; blocks in `blocked_cluster_random`)
    size_cv : float, >= 0 - coefficient of variation (SD / mean) of the number of pupils per school
    unequal_sizes : how unequal schools are counted: `pupil_weighted`, every pupil alike (cautious, the default), or
        `mixed_model`, the weights of a multilevel model
    attrition_pupils, attrition_schools : float, 0 to 1 - share of pupils (within schools that stay) and of schools that
        will be lost before the analysis
    subgroup_share : float, 0 to 1 - share of pupils in the group analysed; 1 for all pupils
    alpha : float, 0 to 1 - chance of a false positive, for all outcomes together
    sides : 1 or 2 - sides of the test
    outcomes : int - primary outcomes that share `alpha`

    Raises
    ------
    DesignError
        Naming everything that is missing or outside its range, all at once.
    """

    kind: DesignKind
    _: KW_ONLY
    pupils: float | None = None
    classes: float | None = None
    schools: float | None = None
    blocks: float | None = None
    share_treated: float = 0.5
    icc: float | None = None
    icc_class: float = 0.0
    icc_block: float = 0.0
    r2_pupil: float = 0.0
    r2_class: float = 0.0
    r2_school: float = 0.0
    effect_variation: float = 0.0
    r2_effect: float = 0.0
    covariates: int = 0
    size_cv: float = 0.0
    unequal_sizes: UnequalSizes = "pupil_weighted"
    attrition_pupils: float = 0.0
    attrition_schools: float = 0.0
    subgroup_share: float = 1.0
    alpha: float = 0.05
    sides: Literal[1, 2] = 2
    outcomes: int = 1

    def __post_init__(self) -> None:
        if self.kind not in _SIZES:
            raise DesignError(f"There is no design '{self.kind}'. Use one of: {', '.join(get_args(DesignKind))}.")
        no_numbers = [
            f"{one.name}: found {getattr(self, one.name)!r}. Give a number."
            for one in fields(self)
            if one.name not in ("kind", "unequal_sizes") and not isinstance(getattr(self, one.name), Real | None)
        ]
        if no_numbers:
            raise DesignError(f"The design '{self.kind}' cannot be planned like this.", problems=no_numbers)
        problems = [*_size_problems(self), *_share_problems(self), *_use_problems(self), *_test_problems(self)]
        if problems:
            raise DesignError(f"The design '{self.kind}' cannot be planned like this.", problems=problems)


@dataclass(frozen=True, slots=True)
class Precision:
    """Standard error of the effect, in SDs of the outcome, and the degrees of freedom of its test."""

    std_error: float
    df: float


def size_names(kind: DesignKind) -> tuple[SizeName, ...]:
    """The sizes that a design needs, from the largest group down."""
    return _SIZES[kind]


def precision(design: TrialDesign) -> Precision:
    """The standard error and degrees of freedom of the programme's effect.

    Parameters
    ----------
    design : TrialDesign

    Returns
    -------
    Precision

    Raises
    ------
    DesignError
        When the analysis would have less than one degree of freedom, or a group less than one pupil.

    Notes
    -----
    With n pupils, J schools (or classes), K blocks (or schools) after attrition, P the share treated, Q = P (1 - P),
    rho the shares of variance and R2 what covariates explain of each [1]_:

    individual               (1-R1) / (Q N)                                                          df N - g - 2
    multisite_constant       (1-rho)(1-R1) / (Q J n)                                                 df J(n-1) - g - 1
    multisite_fixed          the same                                                                df J(n-2) - g
    multisite_random         rho omega (1-RT) / J + (1-rho)(1-R1) / (Q J n)                          df J - g - 1
    cluster                  rho(1-R2) / (Q J) + (1-rho)(1-R1) / (Q J n)                             df J - g - 2
    cluster_three_level      rho3(1-R3)/(Q K) + rho2(1-R2)/(Q K J) + (1-rho2-rho3)(1-R1)/(Q K J n)   df K - g - 2
    blocked_cluster_fixed    rho2(1-R2)/(Q K J) + (1-rho2-rho3)(1-R1)/(Q K J n)                      df K(J-2) - g
    blocked_cluster_random   rho3 omega (1-RT)/K + the line above                                    df K - g - 1

    The square root is the standard error. The effect is in SDs of all pupils; the two fixed designs give PowerUp!'s
    numbers when the variance between blocks is left at 0. Unequal schools: the term between schools times 1 + CV^2, so
    that the design effect is 1 + ((1 + CV^2) n - 1) rho [2]_ with the variances left after the covariates; or, for
    `mixed_model`, the whole cluster variance over 1 - CV^2 l(1 - l), l = n t / (n t + s), t and s those variances [3]_.
    The numbers after attrition are expected ones and are not rounded.

    References
    ----------
    .. [1] Dong & Maynard (2013). PowerUp! J. Res. Educ. Eff. 6(1), 24-67. doi:10.1080/19345747.2012.673143
    .. [2] Eldridge, Ashby & Kerry (2006). Sample size for cluster randomized trials: effect of coefficient of variation
       of cluster size. Int. J. Epidemiol. 35, 1292-1300. doi:10.1093/ije/dyl129
    .. [3] van Breukelen, Candel & Berger (2007). Relative efficiency of unequal versus equal cluster sizes. Stat. Med.
       26, 2589-2603. doi:10.1002/sim.2740

    Examples
    --------
    >>> found = precision(TrialDesign("cluster", schools=20, pupils=15, icc=0.17))
    >>> round(found.std_error, 3), found.df
    (0.212, 18.0)
    """
    df = _df(design)
    if df < 1:
        raise DesignError(_too_few(design, df))
    q = design.share_treated * (1 - design.share_treated)
    pupils, schools = pupils_analysed(design), schools_analysed(design)
    if pupils < 1:
        raise DesignError(
            f"After attrition and in the subgroup, {pupils:g} pupils per group are left on average; at least 1 is "
            "needed. Plan for more pupils, or for a larger subgroup."
        )
    blocks, classes = design.blocks or 1.0, design.classes or 1.0
    icc = design.icc or 0.0
    rest = (1 - icc - design.icc_class - design.icc_block) * (1 - design.r2_pupil)
    below = design.icc_class * (1 - design.r2_class) / classes + rest / (pupils * classes)
    if design.kind in ("cluster", "cluster_three_level", "blocked_cluster_fixed", "blocked_cluster_random"):
        variance = _with_unequal_sizes(design, icc * (1 - design.r2_school), below) / (q * schools * blocks)
    else:
        variance = rest / (q * pupils * schools)
    effects = design.effect_variation * (1 - design.r2_effect)
    if design.kind == "multisite_random":
        variance += icc * effects / schools
    if design.kind == "blocked_cluster_random":
        variance += design.icc_block * effects / blocks
    return Precision(math.sqrt(variance), df)


def pupils_analysed(design: TrialDesign) -> float:
    """Pupils of the group analysed in each smallest group, after attrition."""
    return (design.pupils or 1.0) * (1 - design.attrition_pupils) * design.subgroup_share


def schools_analysed(design: TrialDesign) -> float:
    """Schools (per block, where there are blocks) after attrition; 1 when pupils are not in schools."""
    return (design.schools or 1.0) * (1 - design.attrition_schools)


def _with_unequal_sizes(design: TrialDesign, between: float, below: float) -> float:
    """The variance of a school's mean, `between` schools plus `below`, given that schools differ in size."""
    if design.size_cv == 0 or between == 0:
        return between + below
    if design.unequal_sizes == "pupil_weighted":
        return between * (1 + design.size_cv**2) + below
    lam = between / (between + below)
    return (between + below) / (1 - design.size_cv**2 * lam * (1 - lam))


def _df(design: TrialDesign) -> float:
    pupils, schools, g = pupils_analysed(design), schools_analysed(design), design.covariates
    if design.kind == "individual":
        return pupils - g - 2
    if design.kind == "multisite_constant":
        return schools * (pupils - 1) - g - 1
    if design.kind == "multisite_fixed":
        return schools * (pupils - 2) - g
    if design.kind == "multisite_random":
        return schools - g - 1
    if design.kind == "blocked_cluster_fixed":
        return (design.blocks or 1.0) * (schools - 2) - g
    if design.kind == "blocked_cluster_random":
        return (design.blocks or 1.0) - g - 1
    return schools - g - 2


def _too_few(design: TrialDesign, df: float) -> str:
    counted = {"individual": "pupils", "blocked_cluster_random": "blocks"}.get(design.kind, "schools")
    if design.kind in ("multisite_constant", "multisite_fixed"):
        counted = "schools, or pupils in each,"
    covariates = "1 covariate" if design.covariates == 1 else f"{design.covariates} covariates"
    return (
        f"There are too few {counted} for the design '{design.kind}' with {covariates}: the test would have "
        f"{df:g} degrees of freedom, and needs at least 1. Recruit more, or use fewer covariates and strata."
    )


def _size_problems(design: TrialDesign) -> list[str]:
    problems: list[str] = []
    needed = _SIZES[design.kind]
    sizes: dict[SizeName, float | None] = {
        "blocks": design.blocks,
        "schools": design.schools,
        "classes": design.classes,
        "pupils": design.pupils,
    }
    for name, value in sizes.items():
        if name in needed and value is None:
            problems.append(f"{name}: is missing. This design needs {' and '.join(needed)}.")
        elif name not in needed and value is not None:
            problems.append(f"{name}: this design has no {name}. It needs {' and '.join(needed)}.")
        elif value is not None and not (math.isfinite(value) and value >= 1):
            problems.append(f"{name}: found {value:g}. Give a number of at least 1.")
    if design.kind == "individual" and design.attrition_schools:
        problems.append("attrition_schools: this design has no schools. Use attrition_pupils.")
    return problems


def _share_problems(design: TrialDesign) -> list[str]:
    problems: list[str] = []
    shares: dict[str, float | None] = {name: getattr(design, name) for name in _SHARES}
    for name, value in shares.items():
        if value is not None and not 0 <= value <= 1:
            problems.append(f"{name}: found {value:g}. It is a share of variance: give a number from 0 to 1.")
    if design.icc is None and design.kind not in ("individual", "multisite_constant", "multisite_fixed"):
        problems.append("icc: is missing. Give the share of variance between schools, from 0 to 1, and its source.")
    if design.kind == "individual" and design.icc:
        problems.append("icc: pupils are not in schools in this design. Leave it out, or use a multisite design.")
    together = (design.icc or 0.0) + design.icc_class + design.icc_block
    if not problems and together > 1:
        problems.append(f"icc: the shares of variance add up to {together:g}. Together they may reach 1 at most.")
    for name in ("attrition_pupils", "attrition_schools"):
        value = getattr(design, name)
        if not 0 <= value < 1:
            problems.append(f"{name}: found {value:g}. It is a share lost: give a number from 0 to below 1.")
    if not 0 < design.subgroup_share <= 1:
        problems.append(f"subgroup_share: found {design.subgroup_share:g}. Give a number above 0, up to 1.")
    if not 0 < design.share_treated < 1:
        problems.append(f"share_treated: found {design.share_treated:g}. Give a number between 0 and 1.")
    return problems


def _use_problems(design: TrialDesign) -> list[str]:
    problems: list[str] = []
    for name, kinds in _USES.items():
        if getattr(design, name) != 0 and design.kind not in kinds:
            problems.append(f"{name}: has no part in this design, only in {', '.join(kinds)}. Leave it out.")
    if not (math.isfinite(design.size_cv) and design.size_cv >= 0):
        problems.append(f"size_cv: found {design.size_cv:g}. It is an SD over a mean: give 0 or more.")
    elif design.unequal_sizes == "mixed_model" and design.size_cv >= 1:
        problems.append(f"size_cv: found {design.size_cv:g}. 'mixed_model' holds below 1; use 'pupil_weighted'.")
    if not (math.isfinite(design.effect_variation) and design.effect_variation >= 0):
        problems.append(f"effect_variation: found {design.effect_variation:g}. It is a ratio: give 0 or more.")
    if design.unequal_sizes not in get_args(UnequalSizes):
        problems.append(f"unequal_sizes: found '{design.unequal_sizes}'. Use pupil_weighted or mixed_model.")
    return problems


def _test_problems(design: TrialDesign) -> list[str]:
    problems: list[str] = []
    if not 0 < design.alpha < 1:
        problems.append(f"alpha: found {design.alpha:g}. Give a number between 0 and 1, for example 0.05.")
    if design.sides not in (1, 2):
        problems.append(f"sides: found {design.sides}. Use 1 or 2.")
    if design.outcomes < 1:
        problems.append(f"outcomes: found {design.outcomes}. Give 1 or more.")
    if design.covariates < 0:
        problems.append(f"covariates: found {design.covariates}. Give 0 or more.")
    return problems
