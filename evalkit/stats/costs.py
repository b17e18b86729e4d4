"""What a programme costs per pupil and year, itemised, and how the EEF rates it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, get_args

import numpy as np

from evalkit.errors import FitError

CostTiming = Literal["start_up", "recurring", "prerequisite"]


@dataclass(frozen=True, slots=True)
class CostItem:
    """One thing that delivery costs; nothing that only the evaluation needs.

    Attributes
    ----------
    name : str
    timing : {"start_up", "recurring", "prerequisite"}
        A prerequisite is something that most schools have already: it is totalled apart.
    amounts : tuple of float
        Pounds in each year of delivery, over all schools.
    """

    name: str
    timing: CostTiming
    amounts: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class PupilCost:
    """Cost of delivery.

    Attributes
    ----------
    per_pupil_year : float
        All cost over all pupil-years, in pounds: the figure that is rated.
    start_up_per_pupil_year, recurring_per_pupil_year : float
        Its two parts.
    cumulative_cost, cumulative_pupils, per_pupil_year_so_far : tuple of float
        After years 1, 2, 3, ...
    prerequisites : float
        Total, not counted above.
    staff_days_per_year : float
        Mean over the years, all schools together; not turned into money.
    shares : tuple of (name, float)
        Share of each counted item in the cost, largest first.
    """

    per_pupil_year: float
    start_up_per_pupil_year: float
    recurring_per_pupil_year: float
    cumulative_cost: tuple[float, ...]
    cumulative_pupils: tuple[float, ...]
    per_pupil_year_so_far: tuple[float, ...]
    prerequisites: float
    staff_days_per_year: float
    shares: tuple[tuple[str, float], ...]


def cost_per_pupil(
    items: Sequence[CostItem], *, pupils: Sequence[float], staff_days: Sequence[float] = (), years: int = 3
) -> PupilCost:
    """Average the cost of delivery over the years, per pupil.

    Parameters
    ----------
    items : sequence of CostItem
        At least one that is not a prerequisite.
    pupils : sequence of float, > 0
        Pupils reached in each year.
    staff_days : sequence of float, optional
        Days of school staff in each year.
    years : int
        Years of delivery to average over.

    Returns
    -------
    PupilCost

    Raises
    ------
    FitError
        Naming every item with too few years, a negative amount or an unknown timing, all at once.

    Notes
    -----
    per_pupil_year = sum over years of cost / sum over years of pupils.

    Examples
    --------
    >>> training = CostItem("training", "start_up", (9000.0, 0.0, 0.0))
    >>> books = CostItem("books", "recurring", (1000.0, 1000.0, 1000.0))
    >>> found = cost_per_pupil([training, books], pupils=[200, 200, 200])
    >>> found.per_pupil_year, found.per_pupil_year_so_far
    (20.0, (50.0, 27.5, 20.0))
    """
    _check(items, pupils, staff_days, years)
    counted = [item for item in items if item.timing != "prerequisite"]
    cost = np.array([item.amounts for item in counted], dtype=float)
    pupil_years = float(np.sum(pupils))
    total = float(cost.sum())
    start_up = float(sum(sum(item.amounts) for item in counted if item.timing == "start_up"))
    so_far, reached = np.cumsum(cost.sum(axis=0)), np.cumsum(np.asarray(pupils, dtype=float))
    ranked = sorted(counted, key=lambda item: (-sum(item.amounts), item.name))
    return PupilCost(
        per_pupil_year=total / pupil_years,
        start_up_per_pupil_year=start_up / pupil_years,
        recurring_per_pupil_year=(total - start_up) / pupil_years,
        cumulative_cost=tuple(so_far.tolist()),
        cumulative_pupils=tuple(reached.tolist()),
        per_pupil_year_so_far=tuple((so_far / reached).tolist()),
        prerequisites=float(sum(sum(item.amounts) for item in items if item.timing == "prerequisite")),
        staff_days_per_year=float(np.sum(staff_days)) / years,
        shares=tuple((item.name, float(sum(item.amounts)) / total if total else 0.0) for item in ranked),
    )


def cost_rating(per_pupil_year: float, *, bounds: Sequence[float]) -> int:
    """Rate a cost from 1 (very low) to 5 (very high).

    Parameters
    ----------
    per_pupil_year : float, >= 0
        Pounds.
    bounds : sequence of 4 float
        Below the first: 1. Then up to and including each further one: 2, 3, 4. Above the last: 5.

    Returns
    -------
    int

    Examples
    --------
    >>> [cost_rating(cost, bounds=(80, 200, 720, 1200)) for cost in (79.99, 80, 200, 720.01, 1200, 1200.01)]
    [1, 2, 2, 4, 4, 5]
    """
    if not 0 <= per_pupil_year < float("inf"):
        raise FitError(f"The cost per pupil is {per_pupil_year:g}: it must be 0 or more, in pounds.")
    if len(bounds) != 4 or any(a >= b for a, b in pairwise(bounds)):
        raise FitError(f"The bounds of the cost rating are {tuple(bounds)}: give four ascending amounts.")
    if per_pupil_year < bounds[0]:
        return 1
    return 2 + sum(per_pupil_year > bound for bound in bounds[1:])


def _check(items: Sequence[CostItem], pupils: Sequence[float], staff_days: Sequence[float], years: int) -> None:
    problems: list[str] = []
    for item in items:
        if len(item.amounts) != years:
            problems.append(f"{item.name}: {len(item.amounts)} amounts for {years} years. Give one for each year.")
        if not all(0 <= amount < float("inf") for amount in item.amounts):
            problems.append(f"{item.name}: an amount is missing or below 0. Use pounds, 0 for a year without cost.")
        if item.timing not in get_args(CostTiming):
            problems.append(f"{item.name}: timing {item.timing!r}. Use one of {', '.join(get_args(CostTiming))}.")
    if all(item.timing == "prerequisite" for item in items):
        problems.append("No item but prerequisites: add what delivery itself costs.")
    if len(pupils) != years or not all(0 < number < float("inf") for number in pupils):
        problems.append(f"Pupils: give a number above 0 for each of the {years} years.")
    if len(staff_days) not in (0, years) or not all(0 <= days < float("inf") for days in staff_days):
        problems.append(f"Staff days: give a number for each of the {years} years, or none.")
    if problems:
        raise FitError("The cost per pupil cannot be worked out.", problems=problems)
