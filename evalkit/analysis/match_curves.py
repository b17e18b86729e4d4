"""Curves of numbers and products of two facts, added to what is matched on where the groups differ in them."""

import numpy as np

from evalkit.analysis.match_covariates import GAP, MatchCovariates, with_counterparts
from evalkit.errors import FitError
from evalkit.records.standards import load_standards
from evalkit.stats.curved_terms import CurvedTerm, Kind, curved_terms
from evalkit.stats.vectors import BoolArray


def chosen_curves(covariates: MatchCovariates, chosen: BoolArray) -> MatchCovariates:
    """The curves and products that a propensity needs beside facts as they are (`stats.curved_terms`).

    Parameters
    ----------
    covariates : facts as they are
    chosen : bool array, shape (n,) - who had the programme

    Returns
    -------
    MatchCovariates
        Of the same units, with the added columns only; none where facts tell the groups apart, for then matching itself
        says so.
    """
    methods = load_standards().methods
    try:
        rows, kept = with_counterparts(covariates, chosen)
    except FitError:
        return covariates.columns([])
    found = curved_terms(
        kept.values,
        chosen,
        kinds=[_kind(category, values) for category, values in zip(kept.categories, kept.values.T, strict=True)],
        owners=kept.facts,
        criterion=methods.curve_criterion.value,
        fewest=methods.units_per_column.value,
        rows=rows,
    )
    values = [one.values for one in found]
    return MatchCovariates(
        labels=tuple(_name(kept, one, found) for one in found),
        categories=("",) * len(found),
        facts=("",) * len(found),
        values=np.column_stack(values) if values else np.empty((len(chosen), 0)),
        left_out=(),
        parts=tuple(tuple(kept.facts[place] for place in one.columns) for one in found),
    )


def _kind(category: str, values: np.ndarray) -> Kind:
    if category:
        return "mark" if category == GAP else "category"
    return "category" if np.isin(values, (0.0, 1.0)).all() else "number"


def _name(covariates: MatchCovariates, one: CurvedTerm, found: tuple[CurvedTerm, ...]) -> str:
    names = [covariates.names[place] for place in one.columns]
    if not one.curve:
        return " × ".join(names)
    several = sum(other.columns == one.columns for other in found) > 1
    return f"{names[0]} (curve {one.curve})" if several else f"{names[0]} (curve)"
