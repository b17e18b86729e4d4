"""What a trial's programme cost per pupil and year, itemised, with its rating."""

import math

import pandas as pd

from evalkit.records.evaluation import Evaluation
from evalkit.records.standards_trial import CostStandards
from evalkit.records.trial import Cost
from evalkit.stats.costs import CostItem, PupilCost, cost_per_pupil, cost_rating

COST_COLUMNS = ("name", "timing", "share", "total")
COST_SUMMARY_COLUMNS = ("quantity", "value", "unit", "status")
POUNDS = "pounds per pupil per year"


def cost(plan: Evaluation) -> pd.DataFrame:
    """What delivery costs, item by item.

    Returns
    -------
    frame, COST_COLUMNS
        `total` in pounds over all years and schools; `share` of the counted cost, 0 to 1, empty for a prerequisite,
        which is not counted. Largest first, prerequisites last. Empty where the plan holds no cost.
    """
    lines = plan.groups.cost.items if plan.groups and plan.groups.cost else ()
    counted = sum(sum(one.amounts) for one in lines if one.timing != "prerequisite")
    rows: list[tuple[str, str, float, float]] = []
    for one in sorted(lines, key=lambda line: (line.timing == "prerequisite", -sum(line.amounts), line.name)):
        total = float(sum(one.amounts))
        share = total / counted if counted > 0 and one.timing != "prerequisite" else math.nan
        rows.append((one.name, one.timing, share, total))
    table = pd.DataFrame(rows, columns=list(COST_COLUMNS))
    return table.astype({name: "str" if name in ("name", "timing") else "float64" for name in COST_COLUMNS})


def cost_summary(plan: Evaluation, standards: CostStandards) -> pd.DataFrame:
    """Cost per pupil and year, its parts, how it builds up over the years, and its rating.

    Returns
    -------
    frame, COST_SUMMARY_COLUMNS
        Quantities: `per_pupil_year` and its parts `start_up_per_pupil_year`, `recurring_per_pupil_year`;
        `per_pupil_year_1`, `_2`, ... from the first year up to that one; `prerequisites`; `staff_days_per_year`;
        `years`; `rating` (1 very low to 5 very high). `status` says how well what decided was checked; it is empty for
        plain sums. Empty where the plan holds no cost, or nothing but prerequisites.
    """
    given = plan.groups.cost if plan.groups else None
    if given is None or all(one.timing == "prerequisite" for one in given.items):
        return _typed([])
    found = _per_pupil(given)
    years = len(given.pupils)
    rows: list[tuple[str, float, str, str]] = [
        ("per_pupil_year", found.per_pupil_year, POUNDS, ""),
        ("start_up_per_pupil_year", found.start_up_per_pupil_year, POUNDS, ""),
        ("recurring_per_pupil_year", found.recurring_per_pupil_year, POUNDS, ""),
        *((f"per_pupil_year_{year}", so_far, POUNDS, "") for year, so_far in enumerate(found.per_pupil_year_so_far, 1)),
        ("prerequisites", found.prerequisites, "pounds", ""),
        ("staff_days_per_year", found.staff_days_per_year if given.staff_days else math.nan, "days", ""),
        ("years", float(years), "years", standards.years.status),
        (
            "rating",
            float(cost_rating(found.per_pupil_year, bounds=standards.bounds.values)),
            "of 5",
            standards.bounds.status,
        ),
    ]
    return _typed(rows)


def _per_pupil(given: Cost) -> PupilCost:
    items = [CostItem(one.name, one.timing, one.amounts) for one in given.items]
    return cost_per_pupil(items, pupils=given.pupils, staff_days=given.staff_days, years=len(given.pupils))


def _typed(rows: list[tuple[str, float, str, str]]) -> pd.DataFrame:
    table = pd.DataFrame(rows, columns=list(COST_SUMMARY_COLUMNS))
    return table.astype({name: "float64" if name == "value" else "str" for name in COST_SUMMARY_COLUMNS})
