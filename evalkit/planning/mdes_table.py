"""The EEF's table of smallest detectable effects, by stage of the trial and group of pupils."""

import math
from collections.abc import Mapping
from typing import Literal, get_args

import pandas as pd

from evalkit.errors import DesignError
from evalkit.stats.power import PowerMethod, detectable_effect
from evalkit.stats.power_designs import TrialDesign, pupils_analysed, schools_analysed

Stage = Literal["protocol", "randomisation", "analysis"]
MDES_ROWS = {
    "mdes": "Minimum detectable effect size (MDES)",
    "correlation_pupil": "Pre-test/post-test correlation, pupils",
    "correlation_class": "Pre-test/post-test correlation, classes",
    "correlation_school": "Pre-test/post-test correlation, schools",
    "icc_class": "Intracluster correlation, classes",
    "icc_school": "Intracluster correlation, schools",
    "alpha": "Alpha",
    "power": "Power",
    "sides": "One-sided or two-sided",
    "cluster_size": "Average cluster size",
    "schools_treated": "Number of schools, intervention",
    "schools_control": "Number of schools, control",
    "schools": "Number of schools, total",
    "pupils_treated": "Number of pupils, intervention",
    "pupils_control": "Number of pupils, control",
    "pupils": "Number of pupils, total",
}


def mdes_table(
    designs: Mapping[Stage, Mapping[str, TrialDesign]], *, power: float = 0.8, method: PowerMethod = "central"
) -> pd.DataFrame:
    """The EEF's MDES table.

    Parameters
    ----------
    designs : stage -> group of pupils (such as `all`, `fsm`) -> TrialDesign
    power : float, between alpha and 1
    method : as in `mdes`

    Returns
    -------
    frame
        A row per quantity: `row`, `label`, then a column per stage and group such as `protocol_all`; NaN where a
        quantity has no part in a design. Numbers of schools and pupils are those analysed (after the attrition that
        the design expects) and are not rounded; in a multisite design every school is in both arms.

    Raises
    ------
    DesignError
        For a stage that is none, or a design that cannot be planned; the message names the column.

    Notes
    -----
    The correlation of a level is the square root of its R2, which is right when the pre-test is the only covariate.
    """
    strange = [stage for stage in designs if stage not in get_args(Stage)]
    if strange:
        raise DesignError(f"There is no stage '{strange[0]}'. Use: {', '.join(get_args(Stage))}.")
    if not any(designs.values()):
        raise DesignError("There is no design to show. Give at least one stage with one group.")
    columns: dict[str, dict[str, float]] = {}
    for stage in get_args(Stage):
        for group, design in designs.get(stage, {}).items():
            try:
                columns[f"{stage}_{group}"] = _column(design, power, method)
            except DesignError as error:
                raise DesignError(f"{stage}, {group}: {error.message}", problems=error.problems) from None
    table = pd.DataFrame({"row": list(MDES_ROWS), "label": list(MDES_ROWS.values())})
    for name, values in columns.items():
        table[name] = [values.get(row, math.nan) for row in MDES_ROWS]
    return table


def _column(design: TrialDesign, power: float, method: PowerMethod) -> dict[str, float]:
    found = detectable_effect(design, power=power, method=method)
    values = {
        "mdes": found.effect,
        "alpha": design.alpha,
        "power": power,
        "sides": float(design.sides),
        "correlation_pupil": math.sqrt(design.r2_pupil),
    }
    share, pupils = design.share_treated, pupils_analysed(design)
    if design.kind != "individual":
        classes = design.classes or 1.0
        schools = schools_analysed(design) * (design.blocks or 1.0)
        both = design.kind.startswith("multisite")
        values["icc_school"] = design.icc or 0.0
        values["correlation_school"] = math.sqrt(design.r2_school)
        values["cluster_size"] = pupils * classes
        values["schools"] = schools
        values["schools_treated"] = schools if both else share * schools
        values["schools_control"] = schools if both else (1 - share) * schools
        pupils *= classes * schools
        if design.kind == "cluster_three_level":
            values["icc_class"] = design.icc_class
            values["correlation_class"] = math.sqrt(design.r2_class)
        if both:
            del values["correlation_school"]
    return values | {"pupils": pupils, "pupils_treated": share * pupils, "pupils_control": (1 - share) * pupils}
