"""From the columns of a table to checked answers: whole numbers within the answer scale, or no answer."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from pandas.api import types

from evalkit.errors import SpecError
from evalkit.records.instrument import Instrument, ResponseScale
from evalkit.scoring.rules import Answers


def read_answers(
    table: pd.DataFrame, instrument: Instrument, *, items: Sequence[str], columns: Mapping[str, str]
) -> dict[str, Answers]:
    """Take the answers to some items out of a table.

    Parameters
    ----------
    table : frame - a row per pupil (and wave)
    instrument : the questionnaire
    items : ids of the items wanted
    columns : item id to the name of its column

    Returns
    -------
    dict of item id to Answers

    Raises
    ------
    SpecError
        A column holds text, numbers that are not whole, or answers outside the item's scale. All columns are named,
        with how many such answers there are; no pupil is.
    """
    problems: list[str] = []
    answers: dict[str, Answers] = {}
    for item in items:
        column, scale = _as_numbers(table[columns[item]]), instrument.response_of(item)
        found = _problems(column, scale)
        problems += found
        if not found:
            answers[item] = _plain(column)
    if problems:
        heading = f"{instrument.title}: the answers do not fit the answer scale of {instrument.id}."
        raise SpecError(heading, problems=problems)
    return answers


def _problems(column: pd.Series, scale: ResponseScale) -> list[str]:
    name = str(column.name)
    allowed = f"Allowed: whole numbers {scale.min} to {scale.max}, or nothing."
    if not types.is_numeric_dtype(column.dtype):
        count = int((column.notna() & pd.to_numeric(column, errors="coerce").isna()).sum())
        found = f"{_count(count)} text" if count else "the numbers are stored as text"
        return [f"column {name}: {found}. {allowed} Turn the answers into numbers first."]
    if types.is_integer_dtype(column.dtype) or types.is_bool_dtype(column.dtype):
        fractions = 0
    else:
        numbers = column.to_numpy(dtype="float64", na_value=np.nan)
        fractions = int(np.count_nonzero(~np.isnan(numbers) & (numbers != np.floor(numbers))))
    problems: list[str] = []
    if fractions:
        problems.append(f"column {name}: {_count(fractions)} no whole number. {allowed} Correct or blank them.")
    outside = column[(column < scale.min) | (column > scale.max)].dropna()
    outside = outside[outside == outside.round()] if fractions else outside
    if len(outside):
        values = ", ".join(f"{value:g}" for value in sorted(outside.unique())[:6])
        more = " ..." if outside.nunique() > 6 else ""
        problems.append(
            f"column {name}: {_count(len(outside))} outside {scale.min}-{scale.max} ({values}{more}). {allowed} "
            "Correct or blank them; a file with another answer scale needs its own version of the questionnaire."
        )
    return problems


def _count(count: int) -> str:
    return "1 answer is" if count == 1 else f"{count} answers are"


def _as_numbers(column: pd.Series) -> pd.Series:
    """The column as it is, but true/false as 1/0, and numbers that pandas holds as plain objects as numbers."""
    if types.is_object_dtype(column.dtype):
        column = column.convert_dtypes()
    if types.is_bool_dtype(column.dtype):
        return column.astype("Int16")
    return column.astype("Float64") if column.isna().all() else column


def _plain(column: pd.Series) -> Answers:
    given = column.notna().to_numpy(dtype="bool")
    if types.is_extension_array_dtype(column.dtype):
        return Answers(column.to_numpy(dtype="int16", na_value=0), given)
    return Answers(np.where(given, column.to_numpy(), 0).astype(np.int16), given)
