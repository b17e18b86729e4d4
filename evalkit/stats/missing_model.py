"""What to impute and from what: the variables with gaps, their predictors, and everything that rules it out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from evalkit.errors import FitError
from evalkit.stats.linear import check_clusters, check_design
from evalkit.stats.vectors import FloatArray, IntArray

VariableKind = Literal["normal", "binary", "matched"]
FEWEST_CLUSTERS = 4


@dataclass(frozen=True, slots=True)
class IncompleteVariable:
    """A variable with gaps (NaN).

    Attributes
    ----------
    name : str
    values : ndarray (n,)
    kind : {"normal", "binary", "matched"}
        "normal": drawn from the model. "binary": 0 or 1, a probit with school effects. "matched": the value of one of
        the five observed pupils predicted most alike (predictive mean matching), for scores with few or uneven steps.
    """

    name: str
    values: FloatArray
    kind: VariableKind = "normal"


@dataclass(frozen=True, slots=True)
class ImputationModel:
    """Checked data and equations, rows sorted by cluster. Made by `imputation_model`."""

    names: tuple[str, ...]
    kinds: tuple[VariableKind, ...]
    incomplete: FloatArray = field(repr=False)
    complete: FloatArray = field(repr=False)
    complete_names: tuple[str, ...]
    codes: IntArray = field(repr=False)
    groups: IntArray = field(repr=False)
    order: IntArray = field(repr=False)
    interactions: Mapping[str, tuple[tuple[str, str], ...]]
    cluster_means: bool


def imputation_model(
    variables: Sequence[IncompleteVariable],
    *,
    clusters: npt.ArrayLike,
    complete: npt.ArrayLike,
    complete_names: Sequence[str],
    groups: npt.ArrayLike | None = None,
    interactions: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    cluster_means: bool = True,
) -> ImputationModel:
    """Check the data and set up one equation per incomplete variable.

    Random numbers follow the rows: bring pupils into an order of their own (by school and code) first, so that the
    order of a file decides nothing.

    Parameters
    ----------
    variables : sequence of IncompleteVariable
        Outcome and covariates with gaps; each is a predictor of all others.
    clusters : array, shape (n,)
        School of each pupil.
    complete : array, shape (n, c)
        Predictors without gaps, no constant; strata, arm (unless `groups` is the arm) and auxiliary variables.
    complete_names : sequence of str, c of them
    groups : array, shape (n,), optional
        Impute separately in each group. With the arm here, every interaction with the arm is kept, as an analysis of
        subgroups needs; schools of both arms then have an effect in each.
    interactions : mapping of variable to pairs of names, optional
        Products that enter its equation beside the variables themselves.
    cluster_means : bool
        School means of pupil-level predictors enter too, so that relations within and between schools may differ.

    Returns
    -------
    ImputationModel

    Raises
    ------
    FitError
        Naming every variable that cannot be imputed and why, all at once.
    """
    given = np.asarray(complete, dtype=np.float64)
    length = len(variables[0].values) if variables else 0
    given = given.reshape(length, -1) if given.size == 0 else given
    labels = tuple(complete_names)
    if given.shape[1]:
        given, labels = check_design(given, names=complete_names)
    _, codes = check_clusters(clusters, length=length)
    members = np.zeros(length, dtype=np.int64)
    if groups is not None:
        members = check_clusters(groups, length=length)[1]
    wanted = {name: tuple(pairs) for name, pairs in (interactions or {}).items()}
    problems = _problems(variables, given, labels, codes, members, wanted)
    if problems:
        raise FitError("These data cannot be imputed as asked.", problems=problems)
    order = np.lexsort((codes, members))
    return ImputationModel(
        names=tuple(variable.name for variable in variables),
        kinds=tuple(variable.kind for variable in variables),
        incomplete=np.column_stack([variable.values for variable in variables])[order].astype(np.float64),
        complete=given[order],
        complete_names=labels,
        codes=codes[order],
        groups=members[order],
        order=order,
        interactions=wanted,
        cluster_means=cluster_means,
    )


def _problems(
    variables: Sequence[IncompleteVariable],
    complete: FloatArray,
    complete_names: Sequence[str],
    codes: IntArray,
    members: IntArray,
    interactions: Mapping[str, tuple[tuple[str, str], ...]],
) -> list[str]:
    if not variables:
        return ["No incomplete variable was named."]
    found = [text for variable in variables for text in _variable_problems(variable, codes, members)]
    names = [*(variable.name for variable in variables), *complete_names]
    found += [f"{name}: named twice." for name in sorted(set(names)) if names.count(name) > 1]
    used = {name for target, pairs in interactions.items() for name in (target, *(n for pair in pairs for n in pair))}
    found += [f"{name}: in an interaction, but not among the variables." for name in sorted(used - set(names))]
    found += [
        f"{target}: cannot be in a product of its own equation."
        for target, pairs in interactions.items()
        if any(target in pair for pair in pairs)
    ]
    if len(complete) != len(codes):
        found.append(f"The complete predictors have {len(complete)} rows for {len(codes)} pupils.")
    for g in range(int(members.max()) + 1):
        clusters = len(np.unique(codes[members == g]))
        if clusters < FEWEST_CLUSTERS:
            found.append(
                f"Group {g + 1} has {clusters} schools: at least {FEWEST_CLUSTERS} are needed. Impute together."
            )
    return found


def _variable_problems(variable: IncompleteVariable, codes: IntArray, members: IntArray) -> list[str]:
    values = np.asarray(variable.values, dtype=np.float64)
    name = variable.name
    if values.shape != codes.shape:
        return [f"{name}: {values.size} values for {codes.size} pupils."]
    if variable.kind not in get_args(VariableKind):
        return [f"{name}: kind {variable.kind!r}. Use one of {', '.join(get_args(VariableKind))}."]
    known = ~np.isnan(values)
    if np.isinf(values).any():
        return [f"{name}: {int(np.isinf(values).sum())} infinite values. Use NaN for a gap."]
    if any(len(np.unique(values[known & (members == g)])) < 2 for g in np.unique(members)):
        return [f"{name}: fewer than two different observed values in a group, so nothing tells how to fill its gaps."]
    if variable.kind == "binary" and not np.isin(values[known], (0.0, 1.0)).all():
        return [f"{name}: values other than 0 and 1. Use kind 'normal' or 'matched'."]
    first = np.full(int(codes.max()) + 1, np.nan)
    first[codes[known]] = values[known]
    if known.sum() > 2 * len(first) and not known.all() and (values[known] == first[codes[known]]).all():
        return [f"{name}: the same for all pupils of a school. Fill it at school level first."]
    return []
