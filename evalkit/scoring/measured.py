"""A measured number is its own score: nothing is added up, and nothing can be said of single questions."""

import numpy as np
import pandas as pd
from pandas.api import types

from evalkit.errors import SpecError
from evalkit.records.instrument import Instrument
from evalkit.scoring.rules import Scored

NO_NUMBER = "there is no number"


def score_measured(column: pd.Series, instrument: Instrument) -> Scored:
    """Take the numbers of a measure.

    Parameters
    ----------
    column : numbers of all pupils, shape (n,); empty where there is none
    instrument : the measure, whose one answer scale says what is possible

    Raises
    ------
    SpecError
        The column holds text, or numbers outside the range (they are counted; no pupil is named).
    """
    scale = instrument.responses[instrument.default_response]
    if not types.is_numeric_dtype(column.dtype):
        raise SpecError(f"column {column.name}: the numbers are stored as text. Turn them into numbers first.")
    value = column.to_numpy(dtype="float64", na_value=np.nan)
    outside = int(np.count_nonzero((value < scale.min) | (value > scale.max)))
    if outside:
        raise SpecError(
            f"column {column.name}: {outside} {'number lies' if outside == 1 else 'numbers lie'} outside "
            f"{scale.min}-{scale.max}. Correct or blank them, or correct 'low' and 'high' of the measure in the plan."
        )
    given = ~np.isnan(value)
    reason = np.where(given, "", NO_NUMBER).astype(np.object_)
    return Scored(value, given.astype(np.int64), 1, reason)
