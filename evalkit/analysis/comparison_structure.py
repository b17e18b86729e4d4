"""Who shares chance with whom in a comparison: which model the schools and classes in the data ask for."""

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from evalkit.records.evaluation import Evaluation
from evalkit.records.standards import load_standards

Kind = Literal["pupils", "within_schools", "robust", "multilevel"]
FEWEST_UNITS = 2  # of each arm, or the difference between arms is that between two units


@dataclass(frozen=True, slots=True)
class Structure:
    """The model that the data ask for.

    Attributes
    ----------
    kind : pupils (each stands for itself), within_schools (few schools, each with pupils of both arms: schools as fixed
        effects), robust (few schools or classes: errors by cluster, CR2), multilevel (a random intercept)
    unit : the column of schools or classes; empty for pupils
    alone : whether an arm is a single school or class, so that the programme cannot be told from it
    """

    kind: Kind
    unit: str = ""
    alone: bool = False

    @property
    def fixed(self) -> str:
        """What is added to the fixed part of the formula."""
        return " + C(school)" if self.kind == "within_schools" else ""

    @property
    def random(self) -> str:
        """What is added to the random part."""
        return f" + (1 | {self.unit})" if self.kind == "multilevel" else ""

    @property
    def clusters(self) -> str | None:
        """By which column errors are clustered."""
        return self.unit if self.kind == "robust" else None


def structure_of(plan: Evaluation, data: pd.DataFrame) -> Structure:
    """The structure of the rows that a model is fitted to.

    Parameters
    ----------
    plan : of a comparison; `comparison.assigned` says what came into the programme as a whole
    data : frame - `arm`, and `school` and `classroom` where there are any
    """
    if plan.comparison is not None and plan.comparison.start is not None:
        return _started(plan, data)
    few = load_standards().trial_warnings.few_clusters.value
    unit = {"class": "classroom"}.get(plan.assigned_unit, "school")
    if unit not in data.columns or data[unit].nunique() < 2:
        return Structure("pupils", alone=plan.assigned_unit != "pupil" and unit in data.columns)
    n_units = data[unit].nunique()
    if plan.assigned_unit == "pupil":
        both = data.groupby("school")["arm"].nunique() > 1
        if both.any() and n_units < few:
            return Structure("within_schools")
    if data.groupby("arm", observed=True)[unit].nunique().min() < FEWEST_UNITS:
        return Structure("pupils", alone=True)
    return Structure("robust" if n_units < few else "multilevel", unit)


def _started(plan: Evaluation, data: pd.DataFrame) -> Structure:
    """Where groups start one after the other a pupil may stand in several comparisons: errors by pupil or by school."""
    unit = "school" if plan.assigned_unit == "school" else "pupil"
    return Structure("robust", unit, alone=data.groupby("arm", observed=True)[unit].nunique().min() < FEWEST_UNITS)
