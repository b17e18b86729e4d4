"""What foretells that a pupil's outcome is missing: a logit with a school effect."""

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from evalkit.analysis.trial_missing import group_codes
from evalkit.analysis.trial_sample import GAP, TrialSample
from evalkit.errors import FitError
from evalkit.stats.missing import fit_dropout

DROPOUT_COLUMNS = ("outcome", "term", "label", "odds_ratio", "conf_low", "conf_high", "p_value", "reason")


def dropout_table(sample: TrialSample, labels: dict[str, str]) -> pd.DataFrame:
    """What foretells that a pupil's outcome is missing: odds ratios of a logit with a school effect.

    Parameters
    ----------
    sample : TrialSample
    labels : name of a column to what a reader calls it

    Returns
    -------
    frame, DROPOUT_COLUMNS - a row per predictor and one for all together (`term` "all": p of the Wald test); one row
        with the reason when there is no model
    """
    rows = sample.population
    missing = rows["outcome"].isna().to_numpy().astype(np.float64)
    if not missing.any():
        return _dropout_refused(sample, "Every pupil has an outcome.")
    try:
        return _dropout(sample, rows, missing, labels)
    except FitError as error:
        return _dropout_refused(sample, error.message)


def _dropout_refused(sample: TrialSample, reason: str) -> pd.DataFrame:
    row = dict.fromkeys(DROPOUT_COLUMNS, math.nan) | {"outcome": sample.outcome.id, "term": "", "label": ""}
    return pd.DataFrame([row | {"reason": reason}], columns=list(DROPOUT_COLUMNS))


def _predictors(sample: TrialSample, rows: pd.DataFrame) -> tuple[npt.NDArray[np.float64], list[str]]:
    """What is known of everybody, the constant first; columns that do not vary are left out."""
    table: list[npt.NDArray[np.float64]] = [np.ones(len(rows))]
    names = ["(constant)"]
    for arm in sample.treated:
        table.append((rows["arm"] == arm).to_numpy().astype(np.float64))
        names.append(f"arm {arm}")
    if sample.has_baseline:
        baseline = rows["baseline"].to_numpy(dtype=float)
        spread = float(np.nanstd(baseline, ddof=1))
        table.append(np.where(np.isnan(baseline), 0.0, (baseline - np.nanmean(baseline)) / spread))
        names.append("baseline")
        if bool(np.isnan(baseline).any()):
            table.append(np.isnan(baseline).astype(np.float64))
            names.append(f"baseline{GAP}")
    for one in sample.plan.subgroups:
        if sample.outcome.pupils is not None and one.id == sample.outcome.pupils.subgroup:
            continue
        dummies = pd.get_dummies(rows[one.id].fillna("not recorded").astype("str"), dtype=float).iloc[:, 1:]
        for value in dummies.columns:
            table.append(dummies[value].to_numpy(dtype=float))
            names.append(f"{one.id} {value}")
    design = np.column_stack(table)
    kept = [0, *(k for k in range(1, design.shape[1]) if np.ptp(design[:, k]) > 0)]
    return design[:, kept], [names[k] for k in kept]


def _dropout(
    sample: TrialSample, rows: pd.DataFrame, missing: npt.NDArray[np.float64], labels: dict[str, str]
) -> pd.DataFrame:
    design, names = _predictors(sample, rows)
    found = fit_dropout(design, missing, clusters=group_codes(rows, sample.plan), names=names)
    fit = found.fit
    half = 1.959963984540054 * np.sqrt(np.diag(fit.covariance))
    rows_out = [
        {
            "outcome": sample.outcome.id,
            "term": fit.names[k],
            "label": _label(fit.names[k], labels),
            "odds_ratio": math.exp(float(fit.coefficients[k])),
            "conf_low": math.exp(float(fit.coefficients[k] - half[k])),
            "conf_high": math.exp(float(fit.coefficients[k] + half[k])),
            "p_value": float(fit.p_values[k]),
            "reason": "",
        }
        for k in range(1, len(fit.names))
    ]
    whole = dict.fromkeys(DROPOUT_COLUMNS, math.nan) | {
        "outcome": sample.outcome.id,
        "term": "all",
        "label": "All together",
    }
    rows_out.append(whole | {"p_value": found.p_value, "reason": ""})
    return pd.DataFrame(rows_out, columns=list(DROPOUT_COLUMNS))


def _label(name: str, labels: dict[str, str]) -> str:
    first, _, value = name.partition(" ")
    if name == f"baseline{GAP}":
        return "No baseline"
    if first == "arm":
        return labels.get(value, value)
    if first == "baseline":
        return "Baseline (per standard deviation)"
    return f"{labels.get(first, first)}: {value}"
