"""Rows of the results' frames as plain mappings."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

from evalkit.records.results import Results

Row = Mapping[str, Any]


def records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """A frame's rows, each with its column names as text."""
    names = [str(column) for column in frame.columns]
    return [dict(zip(names, row, strict=True)) for row in frame.to_numpy(dtype=object).tolist()]


def rows_of(results: Results, inquiry: str) -> list[dict[str, Any]]:
    """All estimates of an inquiry."""
    return records(results.estimates[results.estimates["inquiry"] == inquiry])


def one_row(results: Results, inquiry: str, outcome: str, *, estimator: str = "", contrast: str = "") -> Row:
    """The first estimate with these names; an empty mapping when there is none."""
    wanted = {"outcome": outcome, "estimator": estimator, "contrast": contrast}
    asked = {name: value for name, value in wanted.items() if value}
    for row in rows_of(results, inquiry):
        if all(row[name] == value for name, value in asked.items()):
            return row
    return {}


def participation(results: Results) -> dict[str, float]:
    """The numbers of the participant flow by step."""
    return {str(row["step"]): float(row["n"]) for row in records(results.displays["flow"])}
