"""The rows of a model without random terms: read, coded, the incomplete ones counted."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalkit.analysis.complete_rows import Reader, complete_rows, outcome_columns, outcome_values, weight_values
from evalkit.analysis.design import Column, FloatArray, IntArray, need_columns, variables_of
from evalkit.analysis.formula import ModelFormula, column_of, split_sides
from evalkit.analysis.random_terms import code_expression, refuse_constants
from evalkit.analysis.sample import Sample
from evalkit.errors import FitError, SpecError
from evalkit.stats.linear import independent_columns

EXAMPLE = "For example: post ~ treat + pre"


@dataclass(frozen=True, slots=True)
class Rows:
    """What a model without random terms is fitted to: complete rows, coded columns, clusters.

    Attributes
    ----------
    sample : Sample
        Without random terms.
    clusters : str or None
        Column of the clusters.
    codes : ndarray (n,) or None
        Cluster of every row, 0 to n_clusters - 1.
    n_clusters : int
        0 without clusters.
    kept : tuple of int
        Columns of the sample that earlier ones do not determine.
    """

    sample: Sample
    clusters: str | None
    codes: IntArray | None
    n_clusters: int
    kept: tuple[int, ...]

    def __repr__(self) -> str:
        return f"<Rows for {self.sample.formula.text!r}: {self.sample.outcome.size} of {self.sample.n_given} rows>"

    @property
    def design(self) -> FloatArray:
        """Columns kept, shape (n, k)."""
        return self.sample.columns[list(self.kept)].T

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns kept."""
        return tuple(self.sample.coding.names[i] for i in self.kept)

    @property
    def dropped(self) -> tuple[str, ...]:
        """Names of the columns that others determine."""
        return tuple(n for i, n in enumerate(self.sample.coding.names) if i not in self.kept and n != "Intercept")

    @property
    def n_missing(self) -> int:
        """Rows left out for missing values."""
        return self.sample.n_given - self.sample.outcome.size


def draw_rows(
    text: str, data: pd.DataFrame, *, clusters: str | None, weights: str | None = None, constant: bool = False
) -> Rows:
    """Read a formula without random terms, then the columns it needs, complete rows only.

    Parameters
    ----------
    text : str
    data : pandas.DataFrame
    clusters, weights : str or None
        Columns.
    constant : bool
        Leave out the intercept and what it determines: the model has one of its own, such as thresholds.

    Raises
    ------
    SpecError, FitError
        As `linear`.
    """
    reader = Reader(data)
    for option, name in (("clusters", clusters), ("weights", weights)):
        if name is not None and not isinstance(name, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise SpecError(
                f"{option} is a {type(name).__name__}. Give the name of a column, such as {option}='school'."
            )
    model = read_formula(text)
    fixed, fixed_names = variables_of(text, model.fixed)
    outcome_names = outcome_columns(model)
    extra = [name for name in (clusters, weights) if name is not None]
    need_columns(data, [*outcome_names, *fixed_names, *extra], formula=text)
    atoms = [] if fixed is None else list(dict.fromkeys(atom for term in fixed.terms for atom in term))
    predictors = {atom: reader.predictor(atom) for atom in atoms}
    known = {column_of(atom) for atom in atoms}
    used = {name: reader.any(name) for name in [*outcome_names, *fixed_names] if name not in known}
    used |= {column_of(atom): column for atom, column in predictors.items()}
    # A column may be read twice, as a category and as a number; what is missing is the same.
    groups = None if clusters is None else reader.group(clusters)
    weighting = None if weights is None else reader.any(weights)
    own = {name: column for name, column in ((clusters, groups), (weights, weighting)) if name and column}
    rows, missing = complete_rows({**own, **used}, len(data))
    frame = data if rows is None else data.iloc[rows]
    predictors = {atom: column.at(rows) for atom, column in predictors.items()}
    simple = {model.outcome: reader.any(model.outcome).at(rows)} if model.outcome in outcome_names else {}
    outcome = outcome_values(model, simple, frame)
    coding, columns = code_expression(text, model.fixed, fixed, predictors, frame)
    refuse_constants(coding, columns, model)
    values = None if weights is None or weighting is None else weight_values(weights, weighting.at(rows))
    codes, count = (None, 0) if clusters is None or groups is None else _cluster_codes(clusters, groups.at(rows))
    sample = Sample(model, outcome, columns, coding, (), (), values, frame.index, missing, len(data))
    if constant:
        kept = tuple((independent_columns(np.vstack([np.ones(outcome.size), columns]).T)[1:] - 1).tolist())
    else:
        kept = tuple(independent_columns(columns.T).tolist())
    return Rows(sample, clusters, codes, count, kept)


def read_formula(text: str) -> ModelFormula:
    """Take a formula without random terms apart.

    Raises
    ------
    SpecError
        When it cannot be read, or holds a random term.
    """
    if text.count("~") != 1:
        raise SpecError(f"Formula {text!r}: a formula has one ~ between the outcome and the model. {EXAMPLE}")
    outcome, fixed = split_sides(text)
    if not outcome or not fixed:
        raise SpecError(f"Formula {text!r}: the outcome goes left of the ~ and the model right of it. {EXAMPLE}")
    if "|" in fixed:
        raise SpecError(
            f"Formula {text!r} has a random term, which this model does not take. Leave it out and name the groups "
            "with clusters='school'; for random terms use multilevel(), or logit() for a yes/no outcome."
        )
    return ModelFormula(text, outcome, fixed, ())


def _cluster_codes(name: str, column: Column) -> tuple[IntArray, int]:
    assert column.codes is not None
    present, codes = np.unique(column.codes, return_inverse=True)
    if present.size < 2:
        raise FitError(
            f"The clusters {name!r} have only one level in the complete rows, so nothing shows how clusters differ. "
            "Choose a column with several groups."
        )
    return codes.astype(np.intp), int(present.size)


def places_of(rows: Rows, terms: Sequence[str], names: Sequence[str]) -> list[int]:
    """Places among the coefficients `terms` that names mean: a coefficient itself, or all of a term of the formula.

    Raises
    ------
    FitError
        When a name is neither.
    """
    coding = rows.sample.coding
    owner = dict(zip(coding.names, coding.terms, strict=True))
    places: list[int] = []
    for name in names:
        found = [at for at, own in enumerate(terms) if own == name]
        found = found or [at for at, own in enumerate(terms) if owner[own] == name]
        if not found:
            raise FitError(f"{name!r} is neither a coefficient nor a term of the model. Use: {', '.join(terms)}.")
        places += found
    if not places:
        raise FitError(f"No term was named. Use: {', '.join(terms)}.")
    return sorted(set(places))
