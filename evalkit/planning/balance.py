"""The balance of the arms at randomisation: means, shares and standardised differences, without any test."""

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from evalkit.records.allocation import BalanceRow, Certificate
from evalkit.stats.allocation_balance import standardised_differences
from evalkit.stats.vectors import FloatArray, IntArray

BALANCE_COLUMNS = (
    "variable",
    "level",
    "arm",
    "n",
    "n_missing",
    "mean",
    "sd",
    "count",
    "percent",
    "std_difference",
)


def balance_rows(shown: pd.DataFrame, arms: Sequence[str], *, order: Sequence[str]) -> tuple[BalanceRow, ...]:
    """Compare the arms on every column of a frame.

    Parameters
    ----------
    shown : frame, a row per unit - float columns are numbers (NaN missing), all others categories ("" missing)
    arms : arm of every unit
    order : all arms; differences are from the last one

    Returns
    -------
    tuple of BalanceRow
        For a number a row per arm; for a category a row per level and arm. `std_difference` is the difference from the
        last arm in pooled SDs; None for the last arm, and where there is no spread.
    """
    place = {arm: code for code, arm in enumerate(order)}
    codes = np.array([place[arm] for arm in arms], dtype=np.int64)
    rows: list[BalanceRow] = []
    for name in shown.columns:
        column = shown[name]
        if pd.api.types.is_float_dtype(column.dtype):
            rows += _number_rows(str(name), column.to_numpy(dtype=np.float64), codes, order)
        else:
            rows += _category_rows(str(name), [str(one) for one in column.tolist()], codes, order)
    return tuple(rows)


def balance_frame(certificate: Certificate) -> pd.DataFrame:
    """The balance table of a certificate as a tidy frame, a row per column (and level) and arm."""
    rows = [row.model_dump() for row in certificate.balance]
    return pd.DataFrame(rows, columns=list(BALANCE_COLUMNS))


def _number_rows(name: str, values: FloatArray, codes: IntArray, order: Sequence[str]) -> list[BalanceRow]:
    known = ~np.isnan(values)
    gaps = _gaps(values[known], codes[known], len(order))
    rows: list[BalanceRow] = []
    for code, arm in enumerate(order):
        own = values[known & (codes == code)]
        rows.append(
            BalanceRow(
                variable=name,
                arm=arm,
                n=own.size,
                n_missing=int(np.count_nonzero(~known & (codes == code))),
                mean=float(own.mean()) if own.size else None,
                sd=float(own.std(ddof=1)) if own.size > 1 else None,
                std_difference=gaps[code],
            )
        )
    return rows


def _category_rows(name: str, texts: list[str], codes: IntArray, order: Sequence[str]) -> list[BalanceRow]:
    known = np.array([bool(text) for text in texts])
    rows: list[BalanceRow] = []
    for level in sorted({text for text in texts if text}):
        member = np.array([text == level for text in texts])
        gaps = _gaps(member[known].astype(np.float64), codes[known], len(order))
        for code, arm in enumerate(order):
            n = int(np.count_nonzero(known & (codes == code)))
            count = int(np.count_nonzero(member & (codes == code)))
            rows.append(
                BalanceRow(
                    variable=name,
                    level=level,
                    arm=arm,
                    n=n,
                    n_missing=int(np.count_nonzero(~known & (codes == code))),
                    count=count,
                    percent=100 * count / n if n else None,
                    std_difference=gaps[code],
                )
            )
    return rows


def _gaps(values: FloatArray, codes: IntArray, n_arms: int) -> list[float | None]:
    if np.unique(codes).size < n_arms:
        return [None] * n_arms
    gaps = standardised_differences(values[:, None], codes, n_arms=n_arms)[0].tolist()
    return [None if math.isnan(one) else one for one in gaps[:-1]] + [None]
