"""One hub's or trust's own figures beside the programmes in which its schools take part."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from evalkit.records.place_results import Level, PlaceFigure, PlaceResults
from evalkit.records.portfolio import OWN_COLUMNS, Portfolio, frame

NO_PART = "None of your schools is in the data of this programme."
END = "end"


def with_own_figures(
    portfolio: Portfolio, *, level: Level, place: str, found: Mapping[str, PlaceResults | str]
) -> Portfolio:
    """Put the figures of one place beside the rows of the programmes.

    Parameters
    ----------
    portfolio : Portfolio
    level, place : hub or trust, and its name
    found : id of the plan -> the place's results there, or why there are none

    Returns
    -------
    Portfolio - with `own`, each figure with the `group` of the programme's row for the same outcome
    """
    rows: list[dict[str, Any]] = []
    for results in portfolio.results:
        plan, own = results.plan, found[results.plan.id]
        facts = {"programme": plan.id, "title": plan.programme.name, "horizon": END}
        if isinstance(own, str):
            rows.append(facts | {"status": "takes_no_part", "reason": own})
            continue
        groups = _groups(portfolio, plan.id)
        for figure in own.figures:
            outcome = plan.outcome(figure.outcome)
            beside = {"outcome": outcome.id, "label": outcome.label, "group": groups.get(outcome.id, "")}
            rows.append(facts | beside | _in_sds(figure))
    return replace(portfolio, level=level, place=place, own=frame(rows, OWN_COLUMNS))


def _groups(portfolio: Portfolio, programme: str) -> dict[str, str]:
    """Outcome -> the group of the programme's row at the end."""
    rows = portfolio.rows[(portfolio.rows["programme"] == programme) & (portfolio.rows["horizon"] == END)]
    return {str(row["outcome"]): str(row["group"]) for _, row in rows.iterrows()}


def _in_sds(figure: PlaceFigure) -> dict[str, Any]:
    points = {
        "size": figure.value, "low": figure.low, "high": figure.high, "beside": figure.beside,
        "beside_low": figure.beside_low, "beside_high": figure.beside_high,
    }  # fmt: skip
    spread = figure.spread if figure.spread > 0 else math.nan
    return {
        **{name: value / spread for name, value in points.items()},
        "kind": figure.kind, "n": figure.n, "schools": figure.schools,
        "status": "ok" if math.isfinite(figure.beside / spread) else "not_shown", "reason": figure.reason,
    }  # fmt: skip
