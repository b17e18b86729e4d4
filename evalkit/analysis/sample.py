"""The rows and columns a multilevel model uses: complete rows, coded predictors, grouping factors."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalkit.analysis.complete_rows import Reader, complete_rows, outcome_columns, outcome_values, weight_values
from evalkit.analysis.design import (
    Coding,
    FloatArray,
    encode_formulaic,
    encode_plain,
    need_columns,
    read_column,
    variables_of,
)
from evalkit.analysis.formula import ModelFormula, PlainFormula, column_of, parse_formula
from evalkit.analysis.random_terms import (
    Effects,
    GroupedTerm,
    check_between,
    code_expression,
    random_terms,
    refuse_constants,
)
from evalkit.errors import FitError
from evalkit.stats.mixed.terms import RandomTerm


@dataclass(frozen=True, slots=True)
class Sample:
    """What a model is fitted to.

    Attributes
    ----------
    formula : ModelFormula
    outcome : ndarray (n,)
    columns : ndarray (c, n)
        Columns of X as rows.
    coding : Coding
    terms : tuple of RandomTerm
    grouped : tuple of GroupedTerm
        The same terms with their labels.
    weights : ndarray (n,) or None
    index : pandas.Index
        Labels of the complete rows.
    missing : mapping
        Rows without a value, by column, of the columns where any is missing.
    n_given : int
        Rows in the data.
    """

    formula: ModelFormula
    outcome: FloatArray
    columns: FloatArray
    coding: Coding
    terms: tuple[RandomTerm, ...]
    grouped: tuple[GroupedTerm, ...]
    weights: FloatArray | None
    index: pd.Index
    missing: Mapping[str, int]
    n_given: int

    def __repr__(self) -> str:
        return f"<Sample for {self.formula.text!r}: {self.outcome.size} of {self.n_given} rows>"


def draw_sample(text: str, data: pd.DataFrame, weights: str | None) -> Sample:
    """Read the formula, then the columns it needs, complete rows only.

    Raises
    ------
    SpecError
        When the formula cannot be read.
    FitError
        When the data do not fit it; the message names the column and says what to write instead.
    """
    reader = Reader(data)
    model = parse_formula(text)
    fixed, fixed_names = variables_of(text, model.fixed)
    effects = {part.effects: variables_of(text, part.effects) for part in model.random if part.effects != "1"}
    outcome_names = outcome_columns(model)
    groups = [name for part in model.random for name in part.group]
    extra = [] if weights is None else [weights]
    names = [*outcome_names, *fixed_names, *(n for _, used in effects.values() for n in used), *groups, *extra]
    need_columns(data, names, formula=text)
    atoms = _atoms(fixed, effects)
    predictors = {atom: reader.predictor(atom) for atom in atoms}
    others = {
        name: reader.any(name) for name in [*outcome_names, *fixed_names, *_all(effects)] if name not in predictors
    }
    grouping = {name: reader.group(name) for name in dict.fromkeys(groups)}
    used = {**{column_of(a): c for a, c in predictors.items()}, **others, **grouping}
    if weights is not None:
        used[weights] = reader.any(weights)
    rows, missing = complete_rows(used, len(data))
    frame = data if rows is None else data.iloc[rows]
    predictors = {atom: column.at(rows) for atom, column in predictors.items()}
    outcome = outcome_values(model, {name: used[name].at(rows) for name in outcome_names if name in used}, frame)
    coding, columns = code_expression(model.text, model.fixed, fixed, predictors, frame)
    refuse_constants(coding, columns, model)
    terms, grouped = random_terms(model, effects, predictors, {n: c.at(rows) for n, c in grouping.items()}, frame)
    check_between(coding, columns, terms)
    weighting = None if weights is None else weight_values(weights, used[weights].at(rows))
    return Sample(model, outcome, columns, coding, terms, grouped, weighting, frame.index, missing, len(data))


def _all(effects: Effects) -> list[str]:
    return [name for _, used in effects.values() for name in used]


def _atoms(fixed: PlainFormula | None, effects: Effects) -> list[str]:
    plains = [fixed, *(plain for plain, _ in effects.values())]
    return list(dict.fromkeys(atom for plain in plains if plain is not None for term in plain.terms for atom in term))


def encode(sample: Sample, coding: Coding, data: pd.DataFrame) -> FloatArray:
    """Columns (c, m) of a coding for new rows, which must be complete."""
    if coding.plain is None:
        return encode_formulaic(sample.formula.text, coding, data)
    atoms = [atom for term in coding.plain.terms for atom in term]
    need_columns(data, [column_of(atom) for atom in atoms], formula=sample.formula.text)
    columns = {atom: read_column(data, column_of(atom), categorical=atom in coding.levels) for atom in atoms}
    problems: list[str] = []
    for atom, column in columns.items():
        if column.codes is not None and atom not in coding.levels:
            problems.append(f"Column {column_of(atom)!r} holds text, where the model was fitted to numbers.")
        gaps = column.missing()
        if gaps is not None:
            problems.append(
                f"Column {column_of(atom)!r} is missing in {int(gaps.sum())} new row(s). Fill them or leave them out."
            )
        known = coding.levels.get(atom)
        if known is not None:
            strange = [level for level in column.levels if level not in known]
            if strange:
                problems.append(
                    f"Column {column_of(atom)!r} holds {strange[0]!r}, which the model has not seen. "
                    f"Known: {', '.join(map(str, known))}."
                )
    if problems:
        raise FitError("The new data do not fit the model.", problems=problems)
    if not atoms:
        return np.ones((1, len(data)))
    return encode_plain(coding, columns)
