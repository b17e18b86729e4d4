"""Columns of a frame as a model reads them: each once, the rows in which nothing is missing, outcome and weights."""

import re
from collections.abc import Mapping

import numpy as np
import pandas as pd

from evalkit.analysis.design import (
    Column,
    FloatArray,
    IntArray,
    code_formulaic,
    formulaic_variables,
    read_column,
    read_predictor,
)
from evalkit.analysis.formula import NAME, ModelFormula
from evalkit.errors import FitError
from evalkit.records.frames import need_frame


class Reader:
    """Reads every column of a frame once.

    Parameters
    ----------
    data : pandas.DataFrame

    Raises
    ------
    FitError
        When the data are no frame.
    """

    def __init__(self, data: pd.DataFrame) -> None:
        self._data = need_frame(data, error=FitError)
        self._seen: dict[tuple[str, bool], Column] = {}

    def _read(self, name: str, *, categorical: bool) -> Column:
        key = (name, categorical)
        if key not in self._seen:
            self._seen[key] = read_column(self._data, name, categorical=categorical)
        return self._seen[key]

    def predictor(self, atom: str) -> Column:
        """Column of an atom of the fixed part."""
        return read_predictor(self._data, atom)

    def any(self, name: str) -> Column:
        """A column, numeric where it can be."""
        return self._read(name, categorical=False)

    def group(self, name: str) -> Column:
        """A column as categories."""
        return self._read(name, categorical=True)


def outcome_columns(model: ModelFormula) -> list[str]:
    """The columns that the left side of a formula needs."""
    if re.fullmatch(NAME, model.outcome):
        return [model.outcome]
    return formulaic_variables(model.text, model.outcome)


def outcome_values(model: ModelFormula, columns: Mapping[str, Column], frame: pd.DataFrame) -> FloatArray:
    """The outcome of every row: a column of numbers, or what the left side makes of `frame`."""
    if model.outcome not in columns:
        _, rows = code_formulaic(model.text, f"0 + {model.outcome}", frame)
        if len(rows) != 1:
            raise FitError(f"The outcome {model.outcome!r} makes {len(rows)} columns. Write one column of numbers.")
        return rows[0]
    column = columns[model.outcome]
    if column.values is None:
        raise FitError(
            f"The outcome {model.outcome!r} holds text, such as {column.levels[0]!r}. Use a column of numbers "
            "(pandas.to_numeric, missing cells left empty)."
        )
    return column.values


def complete_rows(used: Mapping[str, Column], n: int) -> tuple[IntArray | None, dict[str, int]]:
    """Rows where nothing is missing (None: all n), and how many each column lacks."""
    if n == 0:
        raise FitError("The data have no rows.")
    gaps = {name: gap for name, column in used.items() if (gap := column.missing()) is not None}
    if not gaps:
        return None, {}
    rows = np.flatnonzero(~np.logical_or.reduce(list(gaps.values())))
    missing = {name: int(gap.sum()) for name, gap in gaps.items()}
    if not rows.size:
        listed = ", ".join(f"{name} ({count})" for name, count in missing.items())
        raise FitError(f"No row has a value in every column of the model. Missing values by column: {listed}.")
    return rows, missing


def weight_values(name: str, column: Column) -> FloatArray:
    """The weight of every row, above 0."""
    if column.values is None:
        raise FitError(f"The weights {name!r} hold text. Use numbers above 0.")
    bad = int((column.values <= 0.0).sum())
    if bad:
        raise FitError(
            f"The weights {name!r} are not above 0 in {bad} row(s). A row's residual variance is sigma^2 / weight, so "
            "use weights above 0 and leave out rows that should not count."
        )
    return column.values
