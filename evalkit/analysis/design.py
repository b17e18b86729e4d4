"""Turn a frame and a formula into arrays: columns of X and Z with their names, grouping codes, complete rows."""

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from evalkit.analysis.formula import PlainFormula, column_of, read_plain
from evalkit.errors import FitError

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
MANY_LEVELS = 10  # texts that all look like numbers, with more levels than this, are numbers stored as text


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the frame, read once.

    Attributes
    ----------
    values : ndarray (n,) or None
        Numbers; None where the column is categorical.
    codes : ndarray (n,) or None
        Place in `levels`, -1 where missing; None where the column is numeric.
    levels : tuple
        Categories in order: those of a pandas Categorical, else sorted.
    """

    values: FloatArray | None
    codes: IntArray | None
    levels: tuple[Any, ...]

    def missing(self) -> npt.NDArray[np.bool_] | None:
        """Which rows are missing; None where none is."""
        if self.values is not None:
            if all_finite(self.values):
                return None
            gaps = np.isnan(self.values)
        else:
            assert self.codes is not None
            gaps = self.codes < 0
        return gaps if gaps.any() else None

    def at(self, rows: IntArray | None) -> "Column":
        """The same column at some rows only; None: all."""
        if rows is None:
            return self
        return Column(
            None if self.values is None else self.values[rows],
            None if self.codes is None else self.codes[rows],
            self.levels,
        )


_A_COLUMN = "Make a column of it first, and name that."
_INSTEAD = {
    "ns": "A natural cubic spline is cr(x, df=4, constraints='center'), a B-spline bs(x, df=4).",
    "s": "A natural cubic spline is cr(x, df=4, constraints='center'), a B-spline bs(x, df=4).",
    "relevel": "Another reference is C(x, Treatment('level')).",
    "offset": "Take it away from the outcome first, in a column of its own.",
}


def all_finite(values: FloatArray) -> bool:
    """Whether no value is missing or infinite, by one sum; True is certain, False may be an overflow."""
    with np.errstate(invalid="ignore", over="ignore"):
        return bool(np.isfinite(values.sum()))


def need_columns(data: pd.DataFrame, names: Sequence[str], *, formula: str) -> None:
    """Refuse a formula that names columns the frame does not have, with near names."""
    have = [str(name) for name in data.columns]
    problems: list[str] = []
    for name in dict.fromkeys(names):
        if name not in data.columns and re.search(rf"(?<![\w.]){re.escape(name)}\(", formula):
            problems.append(f"{name}() is no function that a formula knows. {_INSTEAD.get(name, _A_COLUMN)}")
        elif name not in data.columns:
            near = difflib.get_close_matches(name, have, n=3, cutoff=0.5)
            hint = (
                f"Did you mean {' or '.join(map(repr, near))}?" if near else f"The data have: {', '.join(have[:20])}."
            )
            problems.append(f"Column {name!r} is not in the data. {hint}")
        elif not data.columns.is_unique and isinstance(data[name], pd.DataFrame):
            problems.append(f"Column {name!r} is in the data more than once. Keep one of them.")
    if problems:
        raise FitError(f"Formula {formula!r} does not fit the data.", problems=problems)


def read_column(data: pd.DataFrame, name: str, *, categorical: bool = False) -> Column:
    """Read one column as numbers or as categories.

    Raises
    ------
    FitError
        For dates, for text and numbers mixed, and for infinite numbers.
    """
    series = data[name]
    if not categorical and isinstance(series.dtype, np.dtype) and series.dtype.kind in "fiub":
        values = series.to_numpy(dtype=np.float64)
        _refuse_infinite(name, values)
        return Column(values, None, ())
    if not categorical and pd.api.types.is_numeric_dtype(series.dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        _refuse_infinite(name, values)
        return Column(values, None, ())
    if isinstance(series.dtype, pd.CategoricalDtype):
        return Column(None, np.asarray(series.cat.codes, dtype=np.intp), tuple(series.cat.categories))
    if pd.api.types.is_datetime64_any_dtype(series.dtype):
        raise FitError(
            f"Column {name!r} holds dates. Turn them into a number, such as days since the start, or a text."
        )
    if not categorical and series.dtype == object:
        numbers = [isinstance(value, Real) for value in series.dropna()]
        if numbers and all(numbers):
            return read_column(series.astype(float).to_frame(name), name)
        if any(numbers):
            raise FitError(
                f"Column {name!r} mixes numbers and text. Use numbers throughout (pandas.to_numeric) or text."
            )
    try:
        codes, levels = pd.factorize(series, sort=True)
    except TypeError:
        raise FitError(f"Column {name!r} mixes numbers and text. Use one kind of value throughout.") from None
    return Column(None, codes.astype(np.intp, copy=False), tuple(levels.tolist()))


def _refuse_infinite(name: str, values: FloatArray) -> None:
    if all_finite(values):
        return
    count = int(np.isinf(values).sum())
    if count:
        raise FitError(
            f"Column {name!r} is infinite in {count} row(s). Use finite numbers, or leave the cells empty as missing."
        )


def read_predictor(data: pd.DataFrame, atom: str) -> Column:
    """Read the column of an atom of the formula; refuses numbers stored as text unless written C(column)."""
    name = column_of(atom)
    column = read_column(data, name, categorical=atom != name)
    if column.codes is not None and atom == name and all(isinstance(level, str) for level in column.levels):
        numbers = sum(_is_number(level) for level in column.levels)
        if len(column.levels) > MANY_LEVELS and numbers > 0.5 * len(column.levels):
            others = [level for level in column.levels if not _is_number(level)]
            found = f"{len(others)} value(s) are text" if others else "they are stored as text"
            raise FitError(
                f"Column {name!r} holds numbers, but {found}. Turn them into numbers with pandas.to_numeric "
                f"(missing cells left empty), or write C({name}) if each is a category of its own."
            )
    return column


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True, slots=True)
class Coding:
    """How a right-hand side becomes columns, remembered for new data.

    Attributes
    ----------
    names : tuple of str
        Column names in formulaic's style: "Intercept", "pre", "arm[T.b]", "arm[T.b]:pre".
    terms : tuple of str
        The term each column belongs to: "arm[T.b]" belongs to "arm".
    plain : PlainFormula or None
    levels : mapping
        Categories of each categorical atom, the first being the reference; plain formulas only.
    spec : formulaic.ModelSpec or None
        Where the formula is not plain.
    """

    names: tuple[str, ...]
    terms: tuple[str, ...]
    plain: PlainFormula | None
    levels: Mapping[str, tuple[Any, ...]]
    spec: Any


def variables_of(text: str, expression: str) -> tuple[PlainFormula | None, list[str]]:
    """The columns a right-hand side reads, and its plain form where it has one."""
    plain = read_plain(text, expression)
    if plain is not None:
        return plain, [column_of(atom) for term in plain.terms for atom in term]
    return None, formulaic_variables(text, expression)


def formulaic_variables(text: str, expression: str) -> list[str]:
    """Columns that a right-hand side reads, by formulaic's parser."""
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    try:
        return sorted(str(name) for name in Formula.from_spec(expression).required_variables)
    except (FormulaicError, SyntaxError, NotImplementedError) as error:
        raise _unreadable(text, expression, error) from None


def _unreadable(text: str, expression: str, error: Exception) -> FitError:
    if re.search(r"(?<![\w.)])\.(?!\w)", expression):
        return FitError(f"Formula {text!r}: the . for all other columns is not read. Name the columns, joined by +.")
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    if "contains null values" in reason:
        what = reason.split("`")[1]
        return FitError(
            f"Formula {text!r}: {what} has no value in some rows, as a logarithm below 0 would not. Change the "
            "calculation or leave those rows out."
        )
    return FitError(
        f"Formula {text!r}: {expression!r} cannot be read ({reason}). Write columns joined by +, a:b or a*b for an "
        "interaction, C(x) for categories, I(x**2) or np.log(x) for a calculation."
    )


def code_plain(plain: PlainFormula, columns: Mapping[str, Column]) -> tuple[Coding, FloatArray] | None:
    """Columns of a plain right-hand side; None where formulaic must decide (categories without an intercept).

    Parameters
    ----------
    plain : PlainFormula
    columns : mapping
        A complete `Column` for every atom.

    Returns
    -------
    coding : Coding
    rows : ndarray (c, n)
        Columns of the design as contiguous rows.
    """
    names, terms = (["Intercept"], ["Intercept"]) if plain.intercept else ([], [])
    levels: dict[str, tuple[Any, ...]] = {}
    for atom, column in columns.items():
        if column.codes is not None:
            if not plain.intercept and len(plain.terms) > 1:
                return None
            present = np.flatnonzero(np.bincount(column.codes, minlength=len(column.levels)))
            levels[atom] = tuple(column.levels[i] for i in present)
    for term in plain.terms:
        parts = [_labels(atom, levels.get(atom), full=not plain.intercept) for atom in term]
        added = parts[0] if len(parts) == 1 else [f"{a}:{b}" for b in parts[1] for a in parts[0]]
        names += added
        terms += [":".join(term)] * len(added)
    coding = Coding(tuple(names), tuple(terms), plain, levels, None)
    return coding, encode_plain(coding, columns)


def _labels(atom: str, levels: tuple[Any, ...] | None, *, full: bool) -> list[str]:
    if levels is None:
        return [atom]
    return [f"{atom}[{level}]" for level in levels] if full else [f"{atom}[T.{level}]" for level in levels[1:]]


def encode_plain(coding: Coding, columns: Mapping[str, Column]) -> FloatArray:
    """Columns (c, n) of a plain coding for these rows."""
    assert coding.plain is not None
    n = next((len(c.values) if c.values is not None else len(c.codes) for c in columns.values()), 0)  # type: ignore[arg-type]
    rows = np.empty((len(coding.names), n))
    at = 0
    if coding.plain.intercept:
        rows[0], at = 1.0, 1
    full = not coding.plain.intercept
    for term in coding.plain.terms:
        parts = [_dummies(columns[atom], coding.levels.get(atom), full=full) for atom in term]
        added = parts[0] if len(parts) == 1 else (parts[1][:, None, :] * parts[0][None, :, :]).reshape(-1, n)
        rows[at : at + len(added)] = added
        at += len(added)
    return rows


def _dummies(column: Column, levels: tuple[Any, ...] | None, *, full: bool) -> FloatArray:
    if column.values is not None:
        return column.values[None]
    assert column.codes is not None
    assert levels is not None
    wanted = levels if full else levels[1:]
    place = {level: at for at, level in enumerate(column.levels)}
    return (
        np.stack([column.codes == place.get(level, -2) for level in wanted]).astype(float)
        if wanted
        else np.empty((0, len(column.codes)))
    )


def code_formulaic(text: str, expression: str, data: pd.DataFrame) -> tuple[Coding, FloatArray]:
    """Columns of any right-hand side, by formulaic, from complete rows."""
    from formulaic import Formula
    from formulaic.errors import FormulaicError

    frame = _drop_unused(data)
    try:
        with np.errstate(invalid="ignore", divide="ignore"):  # said below, in a sentence
            matrix = Formula.from_spec(expression).get_model_matrix(frame, na_action="raise")
    except (FormulaicError, SyntaxError, NotImplementedError, ValueError, TypeError) as error:
        raise _unreadable(
            text, expression, error.__cause__ if isinstance(error.__cause__, Exception) else error
        ) from None
    spec: Any = matrix.model_spec
    terms = [""] * matrix.shape[1]
    for term, places in spec.term_indices.items():
        for place in places:
            terms[place] = "Intercept" if str(term) == "1" else str(term)
    coding = Coding(tuple(map(str, matrix.columns)), tuple(terms), None, {}, spec)
    return coding, _finite(text, coding, matrix)


def _drop_unused(data: pd.DataFrame) -> pd.DataFrame:
    changes = {
        str(name): data[name].cat.remove_unused_categories()
        for name in data.columns
        if isinstance(data[name].dtype, pd.CategoricalDtype)
    }
    return data.assign(**changes) if changes else data


def encode_formulaic(text: str, coding: Coding, data: pd.DataFrame) -> FloatArray:
    """Columns (c, n) of a formulaic coding for new rows."""
    return _finite(text, coding, coding.spec.get_model_matrix(data, na_action="raise"))


def _finite(text: str, coding: Coding, matrix: Any) -> FloatArray:
    rows = np.ascontiguousarray(np.asarray(matrix, dtype=np.float64).T)
    bad = [name for name, row in zip(coding.names, rows, strict=True) if not np.isfinite(row).all()]
    if bad:
        raise FitError(
            f"Formula {text!r}: {', '.join(bad)} is not a finite number in some rows, as a logarithm of 0 would be. "
            "Change the calculation or leave those rows out."
        )
    return rows
