"""A plain table of answers as the doors to factor models take it: items, factors, and the columns beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evalkit.errors import FitError, SpecError
from evalkit.records.frames import need_frame
from evalkit.records.instrument import Instrument, load_instrument
from evalkit.scoring.answers import read_answers
from evalkit.scoring.factor_pattern import factors_of, pattern_of
from evalkit.scoring.quality import keyed_answers
from evalkit.scoring.rules import BoolArray, FloatArray, IntArray
from evalkit.scoring.score import columns_of

ALONE = "factor"  # the name of the only factor of a table without an instrument


@dataclass(frozen=True, slots=True, eq=False)
class ItemTable:
    """Answers to p items.

    Attributes
    ----------
    names : tuple of str
    matrix : array, shape (n, p)
        NaN where missing; reversed where the instrument's key says so.
    factors : mapping of factor to its items
    frame : the table that was given, for its other columns
    """

    names: tuple[str, ...]
    matrix: FloatArray = field(repr=False)
    factors: Mapping[str, tuple[str, ...]] = field(repr=False)
    frame: pd.DataFrame = field(repr=False)

    @property
    def pattern(self) -> BoolArray:
        """Which item loads on which factor, shape (p, m)."""
        return pattern_of(self.factors, self.names)

    def codes(self, column: str, *, order: Sequence[str] | None = None) -> tuple[IntArray, list[str]]:
        """The values of another column as numbers, -1 where empty, and their names.

        Names come in the order given, else that of a categorical column, else sorted.
        """
        if column not in self.frame.columns:
            raise SpecError(f"There is no column {column}. The table has {', '.join(map(str, self.frame.columns))}.")
        values = self.frame[column]
        known = values[values.notna()]
        if order is not None:
            names = list(order)
            unknown = sorted(set(known.astype(str)) - set(names))
            if unknown:
                raise SpecError(f"Column {column} also holds {', '.join(unknown)}; name every value in order.")
        elif isinstance(values.dtype, pd.CategoricalDtype):
            names = [str(name) for name in values.cat.categories if bool((values == name).any())]
        else:
            names = sorted(known.astype(str).unique())
        places = {name: place for place, name in enumerate(names)}
        found = [places.get(str(value), -1) if pd.notna(value) else -1 for value in values]
        return np.array(found, dtype=np.int64), names


def read_items(
    items: pd.DataFrame,
    factors: Mapping[str, Sequence[str]] | None,
    *,
    instrument: Instrument | str | None,
    scores: Sequence[str] | None,
    beside: Sequence[str | None],
) -> ItemTable:
    """Take items and factors out of a table.

    Parameters
    ----------
    items : frame - a row per pupil
    factors : factor to the columns of its items; without it (and without an instrument) every column that is not named
        in `beside` belongs to one factor
    instrument : the questionnaire behind the columns: answers as printed are checked against its answer scales and
        reversed as its key says
    scores : which of its scores are the factors; without it those behind its first score
    beside : names of columns that hold something else

    Raises
    ------
    SpecError
        Both factors and an instrument, columns that are not there or hold no numbers, or answers outside the scale.
    """
    items = need_frame(items, error=SpecError, called="The table of items").rename(columns=str)
    if instrument is not None:
        if factors is not None:
            raise SpecError("Give factors, or an instrument whose scores are the factors; not both.")
        return _of_instrument(items, instrument, scores)
    if scores is not None:
        raise SpecError("scores names scores of an instrument; give the instrument too, or name factors.")
    if factors is not None and not (
        isinstance(factors, Mapping) and not any(isinstance(members, str) for members in factors.values())
    ):
        raise SpecError("factors names no lists of items. Give a mapping: factors={'name': ['q1', 'q2', 'q3']}.")
    others = {name for name in beside if name is not None}
    named = factors if factors is not None else {ALONE: [str(name) for name in items.columns if name not in others]}
    names = tuple(dict.fromkeys(item for members in named.values() for item in members))
    _check(items, named, names)
    matrix = items[list(names)].to_numpy(dtype="float64", na_value=np.nan)
    if np.isinf(matrix).any():
        raise SpecError("An answer is infinite. Leave a missing answer empty.")
    _refuse_useless(matrix, names)
    return ItemTable(names, matrix, {factor: tuple(members) for factor, members in named.items()}, items)


def _check(items: pd.DataFrame, factors: Mapping[str, Sequence[str]], names: Sequence[str]) -> None:
    problems = [f"Factor {factor} has no items." for factor, members in factors.items() if not len(members)]
    missing = [name for name in names if name not in items.columns]
    if missing:
        problems.append(f"There is no column {', '.join(missing)}. Name the columns as the table does.")
    twice = sorted({str(name) for name in items.columns[items.columns.duplicated()]})
    if twice:
        problems.append(f"Several columns are called {', '.join(twice)}. Give every column its own name.")
    if not problems:
        text = [name for name in names if not pd.api.types.is_numeric_dtype(items[name].dtype)]
        if text:
            problems.append(
                f"These columns do not hold numbers: {', '.join(text)}. Name the items by factors, or leave them out."
            )
    if problems:
        raise SpecError("The table does not hold these items.", problems=problems)


def _refuse_useless(matrix: FloatArray, names: Sequence[str]) -> None:
    """Items to which everybody gave one answer, and items that are another item once more."""
    first: dict[bytes, str] = {}
    problems: list[str] = []
    for name, column in zip(names, matrix.T, strict=True):
        known = column[~np.isnan(column)]
        if not known.size or known.min() == known.max():
            problems.append(f"Everyone gave the same answer to {name}, or none. Leave it out.")
        elif (other := first.setdefault(column.tobytes(), name)) != name:
            problems.append(f"{name} holds the same answers as {other}. Leave one of them out.")
    if problems:
        raise FitError("These items cannot be analysed.", problems=problems)


def _of_instrument(items: pd.DataFrame, instrument: Instrument | str, scores: Sequence[str] | None) -> ItemTable:
    chosen = load_instrument(instrument) if isinstance(instrument, str) else instrument
    factors: dict[str, tuple[str, ...]] = {}
    for score in scores if scores is not None else [chosen.scores[0].id]:
        factors |= factors_of(chosen, chosen.score(score).id)
    wanted = dict.fromkeys(item for members in factors.values() for item in members)
    needed = [item.id for item in chosen.items if item.id in wanted]
    answers = read_answers(items, chosen, items=needed, columns=columns_of(items, chosen, needed))
    by_item: dict[str, FloatArray] = {}
    for factor in factors:
        keyed = keyed_answers(answers, chosen, score_id=factor)
        by_item |= dict(zip(chosen.item_signs(factor), keyed.T, strict=True))
    return ItemTable(tuple(wanted), np.column_stack([by_item[item] for item in wanted]), factors, items)
