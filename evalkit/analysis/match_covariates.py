"""What units are matched on, as numbers: categories as 0 and 1, gaps filled and marked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from evalkit.errors import FitError
from evalkit.stats.vectors import BoolArray, FloatArray

GAP = "not recorded"


@dataclass(frozen=True, slots=True, eq=False)
class MatchCovariates:
    """Columns made from facts.

    Attributes
    ----------
    labels : tuple of str - what the fact of each column is called
    categories : tuple of str - the category that a column of 0 and 1 stands for; "" for numbers
    facts : tuple of str - the fact that each column comes from
    values : float array, shape (n, k)
    left_out : tuple of str - facts that are the same for everybody
    parts : tuple of tuples of str
        Of a curve or product (`with_curves`) the facts it is made of; its own fact is then "". Empty for the others.
    """

    labels: tuple[str, ...]
    categories: tuple[str, ...]
    facts: tuple[str, ...]
    values: FloatArray = field(repr=False)
    left_out: tuple[str, ...]
    parts: tuple[tuple[str, ...], ...]

    @property
    def plain(self) -> "MatchCovariates":
        """The facts as they are, without curves and products."""
        return self.columns([place for place, one in enumerate(self.parts) if not one])

    @property
    def names(self) -> tuple[str, ...]:
        """Label and category in one."""
        return tuple(
            f"{label}: {one}" if one else label for label, one in zip(self.labels, self.categories, strict=True)
        )

    def of(self, facts: Sequence[str]) -> "MatchCovariates":
        """The columns of some facts only."""
        kept = [place for place, one in enumerate(self.facts) if one in facts]
        return replace(self.columns(kept), left_out=tuple(one for one in self.left_out if one in facts))

    def columns(self, kept: Sequence[int]) -> "MatchCovariates":
        """Some of the columns, by place."""
        return MatchCovariates(
            tuple(self.labels[place] for place in kept),
            tuple(self.categories[place] for place in kept),
            tuple(self.facts[place] for place in kept),
            self.values[:, list(kept)],
            self.left_out,
            tuple(self.parts[place] for place in kept),
        )

    def joined(self, more: "MatchCovariates") -> "MatchCovariates":
        """With the columns of others after its own."""
        return MatchCovariates(
            (*self.labels, *more.labels),
            (*self.categories, *more.categories),
            (*self.facts, *more.facts),
            np.column_stack([self.values, more.values]),
            self.left_out,
            (*self.parts, *more.parts),
        )

    def rows(self, chosen: BoolArray) -> "MatchCovariates":
        """The same columns of some units."""
        return replace(self, values=self.values[chosen])

    def averaged(self, codes: np.ndarray) -> "MatchCovariates":
        """Means over groups coded 0, 1, ...: whole schools in place of their pupils."""
        sizes = np.bincount(codes)
        means = np.column_stack([np.bincount(codes, weights=one) / sizes for one in self.values.T])
        return replace(self, values=means)


def match_covariates(
    data: pd.DataFrame, facts: Sequence[str], *, labels: Mapping[str, str] | None = None
) -> MatchCovariates:
    """Turn columns of a frame into numbers to match on.

    Parameters
    ----------
    data : frame - a row per unit
    facts : its columns: numbers (and true/false), or categories
    labels : how facts are called in names and messages

    Returns
    -------
    MatchCovariates
        A gap in a number is filled by its mean and marked by a further column of 0 and 1 (Rosenbaum and Rubin 1984,
        doi:10.1080/01621459.1984.10478078); a gap in a category is a category of its own.

    Raises
    ------
    FitError
        Columns that are not there, or are missing for everybody; all at once.
    """
    called = labels or {}
    absent = [name for name in facts if name not in data.columns]
    empty = [name for name in facts if name in data.columns and not data[name].notna().any()]
    have = ", ".join(map(str, data.columns[:20]))
    problems = [f"There is no column '{name}'. The data have: {have}." for name in absent]
    problems += [
        f"'{called.get(name, name)}' is missing for everybody, so nobody can be matched on it." for name in empty
    ]
    problems += [
        f"'{called.get(name, name)}' is infinite in some rows. Use finite numbers, or leave the cells empty as missing."
        for name in facts
        if name in data.columns and _infinite(data[name])
    ]
    if problems:
        raise FitError(" ".join(problems), problems=problems if len(problems) > 1 else ())
    labels_made: list[str] = []
    categories: list[str] = []
    owners: list[str] = []
    columns: list[FloatArray] = []
    left_out: list[str] = []
    for fact in dict.fromkeys(facts):
        made = _columns(data[fact])
        if not made:
            left_out.append(fact)
        for category, values in made:
            labels_made.append(str(called.get(fact, fact)))
            categories.append(category)
            owners.append(fact)
            columns.append(values)
    values = np.column_stack(columns) if columns else np.empty((len(data), 0))
    plain = ((),) * len(owners)
    return MatchCovariates(tuple(labels_made), tuple(categories), tuple(owners), values, tuple(left_out), plain)


def _infinite(series: pd.Series) -> bool:
    plain = pd.api.types.is_numeric_dtype(series.dtype)
    return plain and bool(np.isinf(series.to_numpy(dtype=np.float64, na_value=np.nan)).any())


def _columns(series: pd.Series) -> list[tuple[str, FloatArray]]:
    if pd.api.types.is_numeric_dtype(series.dtype):
        values = series.to_numpy(dtype=np.float64, na_value=np.nan)
        gaps = np.isnan(values)
        filled = np.where(gaps, values[~gaps].mean(), values)
        made = [("", filled)] if np.ptp(values[~gaps]) > 0 else []
        return [*made, *([(GAP, gaps.astype(np.float64))] if gaps.any() else [])]
    texts = series.astype("object").where(series.notna(), GAP).astype("str")
    levels = sorted(set(texts.tolist()))
    if len(levels) < 2:
        return []
    reference = "no" if set(levels) >= {"no", "yes"} else levels[0] if levels[0] != GAP else levels[1]
    marks: list[tuple[str, FloatArray]] = []
    for level in levels:
        if level != reference:
            marks.append((level, np.array(texts == level, dtype=np.float64)))
    return marks


def with_counterparts(covariates: MatchCovariates, chosen: BoolArray) -> tuple[BoolArray, MatchCovariates]:
    """Units with a category that is found in both groups, and the columns that then still vary.

    Parameters
    ----------
    covariates : of all units
    chosen : bool array, shape (n,) - who had the programme

    Returns
    -------
    rows : bool array, shape (n,)
        False for units of a category that one group does not have: nobody is like them, so they stand for nobody. A
        gap is no such category: where only one group has gaps, their mark is left out instead.
    covariates : MatchCovariates - of all n units, without the columns that no longer vary

    Raises
    ------
    FitError
        When that leaves nobody in a group: a category tells the groups apart perfectly.
    """
    rows = np.ones(len(chosen), dtype=bool)
    left = [place for place, one in enumerate(covariates.values.T) if np.isin(one, (0.0, 1.0)).all()]
    dropped: list[int] = []
    while True:
        found = next(
            ((at, one) for at in left if (one := _one_sided(covariates.values[:, at], rows, chosen)).any()), None
        )
        if found is None:
            break
        place, alone = found
        left.remove(place)
        dropped.append(place)
        if covariates.categories[place] != GAP:
            rows = rows & ~alone
        if not (rows & chosen).any() or not (rows & ~chosen).any():
            raise FitError(
                f"'{covariates.names[place]}' tells the groups apart perfectly: nobody with the programme is like "
                "anybody without it. Find comparison units that are alike in this, or leave it out and say so."
            )
    spread = [float(np.ptp(one[rows])) for one in covariates.values.T]
    varying = [place for place, one in enumerate(spread) if one > 0 and place not in dropped]
    return rows, covariates.columns(varying)


def _one_sided(column: FloatArray, rows: BoolArray, chosen: BoolArray) -> BoolArray:
    """The units that hold a value, 1 or 0, which only one group has; nobody where there is no such value."""
    for value in (1.0, 0.0):
        own = rows & (column == value)
        if bool((own & chosen).any()) != bool((own & ~chosen).any()):
            return own
    return np.zeros(len(column), dtype=bool)
