"""Lay several evaluations side by side; pool only what measures the same thing in the same way."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from evalkit.errors import DesignError
from evalkit.portfolio.one_scale import version_of
from evalkit.records.outcome import Outcome
from evalkit.records.portfolio import CLASS_OF_DESIGN, POOLED_COLUMNS, ROW_COLUMNS, Portfolio, frame
from evalkit.records.results import Results
from evalkit.records.standards import load_standards
from evalkit.stats.meta_analysis import pool
from evalkit.stats.multiplicity import holm

HORIZONS = {"effect": "end", "change": "end", "follow_up": "later"}
COPIED = ("effect_size", "es_low", "es_high", "es_type", "df", "conf_level", "p_value", "status", "reason")
NOT_MAIN = ("unadjusted",)
OWN_MEASURE = "as-supplied"
NO_COMPARISON = (
    "Changes without a comparison group are not pooled: an average of them would look like an effect, and nobody knows "
    "what would have happened anyway."
)
ONE_ONLY = "Only one programme measured this in this way, so nothing stands beside it."
TOO_FEW = "Only {k} programmes measured this in this way; {fewest} are needed before an average says anything."
OWN = (
    "This measure is known by its name in one plan alone, so no other programme's can be taken for the same. If it is "
    "a published test, say in every plan which, in the same words (measures: edition)."
)
MIXED = "These effect sizes were worked out in different ways ({types}), so they are not pooled."
HIDDEN = "Too few of these figures may be shown."


def compare(results: Sequence[Results]) -> Portfolio:
    """Lay evaluations side by side.

    Parameters
    ----------
    results : two or more, each of another programme

    Returns
    -------
    Portfolio - rows in groups that may be read against one another, and what each group says together: random effects
        by REML with the Hartung-Knapp interval and a prediction interval, where the designs compare groups, at least
        `methods.fewest_pooled` programmes are alike and their effect sizes are of one kind; else the reason

    Raises
    ------
    DesignError
        Fewer than two results, or one programme twice.

    Examples
    --------
    >>> from evalkit.records.results import load_results
    >>> from evalkit.shipped import shipped
    >>> folders = ["keyham-resilience", "eal-mainstream-classroom"]
    >>> portfolio = compare([load_results(shipped("analyses") / name / "results.json") for name in folders])
    >>> sorted(set(portfolio.rows["design_class"]))
    ['before_and_after', 'randomised']
    """
    strange = [one for one in results if not isinstance(one, Results)]  # pyright: ignore[reportUnnecessaryIsInstance]
    if strange:
        raise DesignError(
            f"Found a {type(strange[0]).__name__} where the results of a programme are meant. Read them with "
            "load_results('.../results.json')."
        )
    ids = [one.plan.id for one in results]
    twice = sorted({one for one in ids if ids.count(one) > 1})
    if len(ids) < 2:
        raise DesignError("There is nothing to compare. Name the results of two programmes or more.")
    if twice:
        raise DesignError(f"These programmes stand twice: {', '.join(twice)}. Name the latest results of each, once.")
    rows = [row for one in results for row in _rows_of(one)]
    rows = _adjusted(rows)
    pooled = []
    for group in dict.fromkeys(row["group"] for row in rows):
        mine = [row for row in rows if row["group"] == group]
        pooled.append(_pooled(mine))
    return Portfolio(tuple(results), frame(rows, ROW_COLUMNS), frame(pooled, POOLED_COLUMNS))


def _rows_of(results: Results) -> list[dict[str, Any]]:
    """A row per outcome, horizon and contrast of one programme."""
    design = CLASS_OF_DESIGN[results.plan.design]
    if design == "no_measure":
        reason = "This is a survey of opinions or a set of published figures; it measures no outcome of pupils."
        alone = {"group": f"none:{results.plan.id}", "status": "not_comparable", "reason": reason}
        return [_facts(results, None, "end") | alone]
    table = results.estimates
    rows: list[dict[str, Any]] = []
    for outcome in results.plan.outcomes:
        chosen = table[
            (table["outcome"] == outcome.id)
            & (table["subgroup"].isin(["", "all"]))
            & (table["inquiry"].isin(list(HORIZONS)))
            & (~table["estimator"].isin(NOT_MAIN))
        ]
        firsts = chosen.drop_duplicates(["inquiry", "wave", "contrast"])
        found = [{str(name): cell for name, cell in one.items()} for one in firsts.to_dict("records")]
        rows += [_row(results, outcome, one) for one in found if outcome.role != "placebo"]
    return rows


def _row(results: Results, outcome: Outcome, one: dict[str, Any]) -> dict[str, Any]:
    facts = _facts(results, outcome, HORIZONS[one["inquiry"]])
    treated, control = one["n_treated"], one["n_control"]
    facts["scale_version"] = one["scale_version"] or facts["scale_version"]
    own = OWN_MEASURE in facts["scale_version"]
    alike = ("scale", "scale_version", "design_class", "horizon")
    parts = [facts[name] for name in alike] + ([results.plan.id] if own else [])
    return facts | {
        "group": "|".join(parts),
        "contrast": one["contrast"],
        **{name: one[name] for name in COPIED},
        "n": np.nansum([treated, control]) or math.nan,
        "clusters": np.nansum([one["clusters_treated"], one["clusters_control"]]) or math.nan,
    }


def _facts(results: Results, outcome: Outcome | None, horizon: str) -> dict[str, Any]:
    """What does not depend on the estimate."""
    return {
        "programme": results.plan.id,
        "title": results.plan.programme.name,
        "design_class": CLASS_OF_DESIGN[results.plan.design],
        "outcome": outcome.id if outcome else "",
        "label": outcome.label if outcome else results.plan.title,
        "role": outcome.role if outcome else "",
        "scale": outcome.scale if outcome else "",
        "scale_version": version_of(results, outcome.scale) if outcome else "",
        "horizon": horizon,
        "padlocks": _padlocks(results, outcome.id if outcome else ""),
        "cost_per_pupil": _cost(results),
    }


def _padlocks(results: Results, outcome: str) -> float:
    """The final rating where there is one, else the interim one; NaN where none was given."""
    table = results.displays.get("padlocks", pd.DataFrame())
    if not {"outcome", "column", "padlocks"} <= set(table.columns):
        return math.nan
    mine = table[table["outcome"] == outcome].set_index("column")["padlocks"]
    given = [float(mine[column]) for column in ("final", "interim") if column in mine.index]
    return next((one for one in given if math.isfinite(one)), math.nan)


def _cost(results: Results) -> float:
    """Pounds for each pupil and year, averaged over three years; NaN where it is not known."""
    table = results.displays.get("cost_summary", pd.DataFrame())
    if not {"quantity", "value"} <= set(table.columns):
        return math.nan
    found = table.loc[table["quantity"] == "per_pupil_year", "value"]
    return float(found.iloc[0]) if len(found) else math.nan


def _adjusted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Holm's p over every primary outcome of every programme: a portfolio is one family of looks."""
    places = [
        place
        for place, row in enumerate(rows)
        if row["role"] == "primary" and row["horizon"] == "end" and math.isfinite(row.get("p_value", math.nan))
    ]
    if places:
        for place, p in zip(places, holm([rows[one]["p_value"] for one in places]), strict=True):
            rows[place]["p_adjusted"] = float(p)
    return rows


def _pooled(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """What one group says together, or why it does not; the weights go into its rows."""
    first = rows[0]
    kept = {name: first[name] for name in ("group", "label", "scale", "scale_version", "design_class", "horizon")}
    known = [row for row in rows if row["status"] == "ok" and math.isfinite(row.get("es_high", math.nan))]
    # one row from each programme, its first: two outcomes or arms of one programme are not two programmes
    shown = list({row["programme"]: row for row in reversed(known)}.values())[::-1]
    reason = _why_not(rows, shown)
    if reason:
        return kept | {
            "n_programmes": len({row["programme"] for row in rows}),
            "status": "not_pooled",
            "reason": reason,
        }
    found = pool([row["effect_size"] for row in shown], [_error(row) for row in shown])
    for row, weight in zip(shown, found.weights, strict=True):
        row["weight"] = weight
    return kept | {
        "n_programmes": found.n_studies, "estimate": found.estimate, "std_error": found.std_error,
        "conf_low": found.conf_low, "conf_high": found.conf_high, "predict_low": found.predict_low,
        "predict_high": found.predict_high, "p_value": found.p_value, "tau2": found.tau2, "i2": found.i2,
        "status": "ok", "reason": "",
    }  # fmt: skip


def _error(row: dict[str, Any]) -> float:
    """The standard error behind an interval: its half width over the t (or normal) quantile it was made with."""
    df = row["df"] if math.isfinite(row["df"]) else math.inf
    return float((row["es_high"] - row["es_low"]) / (2 * stats.t.ppf((1 + row["conf_level"]) / 2, df)))


def _why_not(rows: list[dict[str, Any]], shown: list[dict[str, Any]]) -> str:
    """The sentence that refuses to pool; empty where nothing stands against it."""
    first = rows[0]
    fewest = int(load_standards().methods.fewest_pooled.value)
    types = sorted({row["es_type"] for row in shown})
    if first["design_class"] == "no_measure":
        return str(first["reason"])
    if OWN_MEASURE in first["scale_version"]:
        return OWN
    if len({row["programme"] for row in rows}) == 1:
        return ONE_ONLY
    if first["design_class"] == "before_and_after":
        return NO_COMPARISON
    if len(shown) < fewest <= len({row["programme"] for row in rows}):
        return HIDDEN
    if len(shown) < fewest:
        return TOO_FEW.format(k=len(shown), fewest=fewest)
    return MIXED.format(types=", ".join(types)) if len(types) > 1 else ""
