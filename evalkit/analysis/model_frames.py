"""The frames that the models without a `Fit` share: coefficients and caveats."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from evalkit.analysis.design import FloatArray
from evalkit.analysis.model_rows import Rows
from evalkit.analysis.sample import Sample
from evalkit.errors import FitError

FEW_CLUSTERS = 10
COLUMNS = ("term", "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high")


def coefficient_frame(
    names: Sequence[str],
    estimates: FloatArray,
    std_errors: FloatArray,
    df: ArrayLike,
    statistics: FloatArray,
    p_values: FloatArray,
    limits: FloatArray,
) -> pd.DataFrame:
    """A row per coefficient: the columns of every `tidy()`."""
    spread = np.broadcast_to(np.asarray(df, dtype=float), estimates.shape)
    values: tuple[Any, ...] = (list(names), estimates, std_errors, spread, statistics, p_values, *limits.T)
    return pd.DataFrame(dict(zip(COLUMNS, values, strict=True)))


def check_level(conf_level: float) -> float:
    """The level of an interval, or an error when it is outside 0 to 1."""
    if not 0.0 < conf_level < 1.0:
        raise FitError(f"conf_level={conf_level} is outside 0 to 1. Use 0.95 for a 95% interval.")
    return conf_level


def row_caveats(rows: Rows, dropped: Sequence[str], *, few: int) -> list[tuple[str, str, str]]:
    """What the rows and columns alone give to say: `(kind, level, message)` each, worst first."""
    found: list[tuple[str, str, str]] = []
    if dropped:
        message = f"Left out, because the other columns already determine them: {', '.join(dropped)}."
        found.append(("dropped_columns", "warning", message))
    if rows.codes is not None and rows.n_clusters < few:
        message = f"{rows.clusters} has only {rows.n_clusters} levels: how much they differ by chance is hardly known."
        found.append(("few_clusters", "warning", message))
    return [*found, *sample_notes(rows.sample)]


def sample_notes(sample: Sample) -> list[tuple[str, str, str]]:
    """Rows left out and weights: `(kind, level, message)` each."""
    found: list[tuple[str, str, str]] = []
    if sample.missing:
        listed = ", ".join(f"{name} ({count})" for name, count in sample.missing.items())
        lost = sample.n_given - sample.outcome.size
        message = f"{lost} of {sample.n_given} rows were left out for missing values: {listed}."
        found.append(("complete_cases", "note", message))
    if sample.weights is not None:
        found.append(("weighted", "note", "Rows are weighted; sigma belongs to weight 1."))
    return found


def caveat_frame(found: Sequence[tuple[str, str, str]]) -> pd.DataFrame:
    """Caveats as the frame of `kind level message`."""
    return pd.DataFrame(list(found), columns=["kind", "level", "message"])
