"""Months of progress of a trial's effects on attainment, the ends of their intervals converted too."""

from typing import Literal

import pandas as pd

from evalkit.analysis.trial_effects import MAIN_ESTIMATORS
from evalkit.analysis.trial_model import records
from evalkit.records.evaluation import Evaluation
from evalkit.records.standards_trial import MonthStandards, RisingBands
from evalkit.stats.ratings import months_of_progress

MONTHS_COLUMNS = (
    "outcome", "subgroup", "contrast", "bands", "effect_size", "months", "low", "high", "beyond", "status",
)  # fmt: skip
TEXT = ("outcome", "subgroup", "contrast", "bands", "status")
Bands = Literal["project", "toolkit"]


def months(estimates: pd.DataFrame, plan: Evaluation, standards: MonthStandards) -> pd.DataFrame:
    """Translate effect sizes into months: of primary outcomes, the only ones that have padlocks of their own.

    Parameters
    ----------
    estimates : frame - ESTIMATE_COLUMNS, already disclosure-controlled
    plan : only outcomes with `attainment: true` that are numbers are translated
    standards : the bands

    Returns
    -------
    frame, MONTHS_COLUMNS
        A row for each effect size and kind of bands; `beyond` is 1 where one of the three lies above the last band.
        `status` says how well the bands were checked.
    """
    told = [one.id for one in plan.outcomes if one.attainment and one.kind == "number" and one.role == "primary"]
    main = (estimates["inquiry"] == "effect") & estimates["estimator"].isin(MAIN_ESTIMATORS)
    chosen = estimates[main & estimates["outcome"].isin(told)]
    chosen = chosen[chosen[["effect_size", "es_low", "es_high"]].notna().all(axis="columns")]
    kinds: dict[Bands, RisingBands] = {"project": standards.project, "toolkit": standards.toolkit}
    rows: list[tuple[object, ...]] = []
    for row in records(chosen):
        effect, low, high = (float(row[name]) for name in ("effect_size", "es_low", "es_high"))
        for name, bands in kinds.items():
            found = months_of_progress(
                effect, low=low, high=high, upper_bounds=bands.values, decimals=int(standards.decimals.value)
            )
            numbers = (effect, found.months, found.low, found.high, float(found.beyond_scale))
            rows.append((row["outcome"], row["subgroup"], row["contrast"], name, *numbers, bands.status))
    table = pd.DataFrame(rows, columns=list(MONTHS_COLUMNS))
    return table.astype({name: "str" if name in TEXT else "float64" for name in MONTHS_COLUMNS})
