"""`ek.reliability`: how well one scale hangs together, from a plain table of its items."""

from collections.abc import Sequence
from functools import cache
from typing import get_args

import numpy as np
import pandas as pd

from evalkit.errors import SpecError
from evalkit.records.frames import need_frame
from evalkit.scoring.reliability_rows import (
    FAMILIES,
    Family,
    Row,
    ScaleTable,
    family_rows,
    known_covariance,
)
from evalkit.scoring.rules import FloatArray
from evalkit.stats.item_covariance import Missing

RELIABILITY_COLUMNS = ("measure", "item", "estimate", "conf_low", "conf_high", "n", "note")


def reliability(
    items: pd.DataFrame,
    *,
    minimum: float | None = None,
    maximum: float | None = None,
    conf_level: float = 0.95,
    missing: Missing = "complete",
    again: pd.DataFrame | None = None,
    families: Sequence[Family] | None = None,
) -> pd.DataFrame:
    """Reliability and item statistics of one scale, from a plain table of its items.

    Parameters
    ----------
    items : frame - a row per pupil, one column per item, numbers, already reversed where the key says so; missing
        answers empty. Every column counts as an item
    minimum, maximum : the lowest and highest possible answer; needed only for floor, ceiling and discrimination, so
        give both or none
    conf_level : level of the intervals, between 0 and 1
    missing : "complete" uses the pupils with all answers; "pairwise" for each pair of items the pupils who have both,
        as psych does. Omega and mokken always take complete answers
    again : a second measurement of the same pupils (same index, same columns) while nothing was meant to change
    families : which of the families below; all when not given

    Returns
    -------
    frame, a row per quantity, columns `measure item estimate conf_low conf_high n note`
        First the scale (`item` empty), family by family. alpha: `alpha` (Feldt's interval). omega: `omega` (one factor,
        maximum likelihood; delta-method interval), the only one that reports call omega. error: `sem` and
        `smallest_change`, in points of the sum of the items. consistency: `standardised_alpha`, `lambda6`,
        `mean_item_r`, `median_item_r`. split_half: `split_half_odd_even` (Spearman-Brown), `split_half_highest` (lambda
        4), `split_half_mean`, `split_half_lowest`. omega_h: psych's `omega_h` and `omega_t` with three group factors.
        ordinal: `ordinal_alpha`, `ordinal_omega` (Green and Yang: of the sum of the answers), `ordinal_omega_latent`.
        mokken: `mokken_h`, also per item. retest, where `again` is given: `icc_agreement` (A,1), `icc_consistency`
        (C,1), `sem_agreement`, `sem_consistency`, `smallest_change_agreement`, `smallest_change_consistency`, in points
        of the mean of the items. items, in the order of the columns: mean, sd, item_total_r, item_rest_r,
        item_corrected_r, alpha_if_dropped, missing_percent and, with minimum and maximum, discrimination, floor_percent
        and ceiling_percent. `note` says why an estimate is empty, or what to look at.

    Raises
    ------
    SpecError
        Fewer than two columns, columns that hold no numbers or have one name, only one of minimum and maximum, answers
        outside them, a conf_level or family that is none, or an `again` whose pupils or columns are others.

    Examples
    --------
    >>> import pandas as pd
    >>> answers = pd.DataFrame({"q1": [1, 2, 3, 4], "q2": [2, 2, 4, 4], "q3": [1, 3, 3, 5]})
    >>> found = reliability(answers).set_index(["measure", "item"])["estimate"]
    >>> round(float(found["alpha", ""]), 3)
    0.933
    """
    _check_options(conf_level, missing, families, again)
    matrix = _item_table(items, minimum, maximum)
    names = [str(name) for name in items.columns]
    scale = ScaleTable(
        matrix=matrix,
        names=names,
        minimum=minimum,
        maximum=maximum,
        conf_level=conf_level,
        missing=missing,
        again=None if again is None else _linked(items, again, minimum, maximum),
        known=cache(lambda: known_covariance(matrix, names)),
    )
    wanted = get_args(Family) if families is None else families
    rows: list[Row] = []
    for family in FAMILIES:
        if family in wanted and (family != "retest" or scale.again is not None):
            rows += family_rows(scale, family)
    return pd.DataFrame(rows, columns=list(RELIABILITY_COLUMNS))


def _check_options(conf_level: float, missing: str, families: Sequence[str] | None, again: pd.DataFrame | None) -> None:
    problems: list[str] = []
    if not 0 < conf_level < 1:
        problems.append(f"conf_level is {conf_level:g}; use a number between 0 and 1, such as 0.95.")
    if missing not in get_args(Missing):
        problems.append(f"missing is {missing!r}; use one of: {', '.join(get_args(Missing))}.")
    if isinstance(families, str):
        raise SpecError(f"families={families!r} is one text. Give a list: families=[{families!r}].")
    unknown = [name for name in families or () if name not in get_args(Family)]
    if unknown:
        problems.append(f"families names {', '.join(unknown)}; use any of: {', '.join(get_args(Family))}.")
    if families is not None and "retest" in families and again is None:
        problems.append("families names retest, but the second measurement is not given: give it as again.")
    if problems:
        raise SpecError("Reliability cannot be worked out like this.", problems=problems)


def _item_table(items: pd.DataFrame, minimum: float | None, maximum: float | None) -> FloatArray:
    problems: list[str] = []
    items = need_frame(items, error=SpecError, called="The table of items")
    if (minimum is None) != (maximum is None):
        problems.append("Give both minimum and maximum, or neither.")
    if items.shape[1] < 2:
        problems.append(f"The table has {items.shape[1]} columns; a scale needs at least 2 items.")
    if not items.columns.is_unique:
        repeated = ", ".join(str(name) for name in items.columns[items.columns.duplicated()].unique())
        problems.append(f"Several columns are called {repeated}. Give every item its own name.")
    text = [str(name) for name, kind in items.dtypes.items() if not pd.api.types.is_numeric_dtype(kind)]
    if text:
        problems.append(f"These columns do not hold numbers: {', '.join(text)}. Keep only the items of one scale.")
    if problems:
        raise SpecError("Reliability cannot be worked out from this table.", problems=problems)
    # Plain numbers are looked at where they are; a copy of a large table would take as long as its alpha.
    plain = all(kind == np.float64 for kind in items.dtypes)
    matrix = items.to_numpy() if plain else items.to_numpy(dtype="float64", na_value=np.nan)
    if np.isinf(matrix).any() or (np.isnan(matrix[:1]).all() and np.isnan(matrix).all()):
        raise SpecError("The table holds no answers, or infinite ones. Leave missing answers empty.")
    if minimum is not None and maximum is not None:
        outside = int(np.count_nonzero((matrix < minimum) | (matrix > maximum)))
        if outside:
            found = "1 answer lies" if outside == 1 else f"{outside} answers lie"
            raise SpecError(f"{found} outside {minimum:g}-{maximum:g}. Correct them, or minimum and maximum.")
    return matrix


def _linked(items: pd.DataFrame, again: pd.DataFrame, minimum: float | None, maximum: float | None) -> FloatArray:
    """The second measurement in the order of the first; NaN where a pupil is not in it."""
    again = need_frame(again, error=SpecError, called="again")
    problems: list[str] = []
    if set(again.columns) != set(items.columns):
        other = ", ".join(str(name) for name in set(again.columns) ^ set(items.columns))
        problems.append(f"again has other columns than items ({other}). Give the same items.")
    for name, table in (("items", items), ("again", again)):
        if not table.index.is_unique:
            problems.append(f"{name} has several rows for one pupil. Give each pupil one row and an index of its own.")
    if not problems and not len(items.index.intersection(again.index)):
        problems.append("No pupil is in both tables. Give both an index that names the pupils.")
    if problems:
        raise SpecError("The two measurements cannot be linked.", problems=problems)
    return _item_table(again[list(items.columns)].reindex(items.index), minimum, maximum)
