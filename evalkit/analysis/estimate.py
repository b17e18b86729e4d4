"""One row of the estimates table: as made, as refused, as suppressed; data without a single row are refused."""

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

import pandas as pd

from evalkit.errors import DesignError
from evalkit.records.evaluation import Evaluation
from evalkit.records.results import ESTIMATE_COLUMNS, TEXT_COLUMNS

NUMBER_FIELDS = (
    "estimate", "std_error", "df", "statistic", "p_value", "p_adjusted", "conf_low", "conf_high", "effect_size",
    "es_low", "es_high",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Estimate:
    """One row of `Results.estimates`; its fields are the columns (records/columns.py), NaN where empty."""

    inquiry: str
    outcome: str
    wave: str
    contrast: str
    estimator: str
    unit: str
    subgroup: str = "all"
    estimate: float = math.nan
    std_error: float = math.nan
    df: float = math.nan
    statistic: float = math.nan
    p_value: float = math.nan
    family: str = ""
    p_adjusted: float = math.nan
    conf_low: float = math.nan
    conf_high: float = math.nan
    conf_level: float = math.nan
    effect_size: float = math.nan
    es_low: float = math.nan
    es_high: float = math.nan
    es_type: str = ""
    es_interval: str = ""
    n_treated: float = math.nan
    n_control: float = 0
    clusters_treated: float = math.nan
    clusters_control: float = math.nan
    scale_version: str = ""
    status: str = "ok"
    reason: str = ""


def not_estimated(row: Estimate, reason: str) -> Estimate:
    """The row without numbers, saying why nothing could be estimated."""
    return replace(_emptied(row), status="not_estimated", reason=reason)


def suppressed(row: Estimate, reason: str) -> Estimate:
    """The row without numbers, saying that they would tell too much about few pupils."""
    return replace(_emptied(row), status="suppressed", reason=reason)


def too_few_reason(threshold: int) -> str:
    """Why numbers that rest on few pupils are hidden."""
    return f"Not shown, because it rests on fewer than {threshold} pupils."


def refuse_if_nothing(plan: Evaluation, rows: Sequence[Estimate]) -> None:
    """Refuse data of which not one outcome can be estimated.

    Parameters
    ----------
    plan : Evaluation
    rows : the main row of every outcome

    Raises
    ------
    DesignError
        With the reason of each outcome.
    """
    if any(row.status == "ok" for row in rows):
        return
    raise DesignError(
        f"{plan.id}: not one outcome of the plan can be estimated. Mend the data or the plan as said below.",
        problems=[f"{row.outcome} ({plan.outcome(row.outcome).label}): {row.reason}" for row in rows],
    )


def estimate_table(rows: Sequence[Estimate]) -> pd.DataFrame:
    """The rows as a frame with the columns ESTIMATE_COLUMNS."""
    frame = pd.DataFrame([asdict(row) for row in rows], columns=list(ESTIMATE_COLUMNS))
    types = {column: "str" if column in TEXT_COLUMNS else "float64" for column in ESTIMATE_COLUMNS}
    return frame.astype(types)


def _emptied(row: Estimate) -> Estimate:
    return replace(row, **dict.fromkeys(NUMBER_FIELDS, math.nan))
