"""Which rows of a multilevel sample belong to which arm, and the same columns under another allocation."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np

from evalkit.analysis.design import FloatArray, IntArray
from evalkit.analysis.sample import Sample
from evalkit.errors import FitError
from evalkit.stats.mixed.terms import RandomTerm


@dataclass(frozen=True, slots=True)
class Arms:
    """The arms of a trial as a fitted model codes them.

    Attributes
    ----------
    term : str
        Term of the formula: "treat", "arm", "C(arm)".
    places : tuple of int
        Columns of the sample, one per treated arm.
    names : tuple of str
        Their names: "treat", "arm[T.b]".
    values : tuple of (float, float)
        What each column holds for the control arm and for its own.
    codes : ndarray (n,)
        Arm of every row: 0 control, then as in `names`.
    group : int or None
        The widest random term (place in `sample.terms`) whose groups each lie in one arm; None where both arms meet
        in every grouping factor.
    """

    term: str
    places: tuple[int, ...]
    names: tuple[str, ...]
    values: tuple[tuple[float, float], ...]
    codes: IntArray
    group: int | None

    def column(self, arm: int, codes: IntArray) -> FloatArray:
        """Column (n,) of treated arm 1, 2, ... when rows are in the arms `codes`."""
        control, own = self.values[arm - 1]
        return np.where(codes == arm, own, control)


def find_arms(dropped: Collection[int], sample: Sample, treatment: str) -> Arms:
    """Read the arms from a fit.

    Parameters
    ----------
    dropped : places of the sample's columns that the fit left out, because others determine them
    sample : Sample
    treatment : str
        A term of the fixed part: a number of two values or categories, the first being the control. Of two arms the
        coefficient may be named as well.

    Raises
    ------
    FitError
        When there is no such term, or it does not compare arms.
    """
    coding = sample.coding
    owner = dict(zip(coding.names, coding.terms, strict=True)).get(treatment)
    alone = owner is not None and coding.terms.count(owner) == 1  # "arm[T.b]" of two arms means what "arm" means
    known = (treatment, f"C({treatment})", *([owner] if alone else []))
    wanted = next((t for t in known if t in coding.terms), None)
    if wanted is None or wanted in ("Intercept", "1"):
        usable = [t for t in dict.fromkeys(coding.terms) if t not in ("Intercept", "1") and ":" not in t]
        raise FitError(
            f"{treatment!r} is not a term of {sample.formula.text!r}. Name the treatment: one of {', '.join(usable)}."
        )
    places = tuple(i for i, term in enumerate(coding.terms) if term == wanted)
    lost = [coding.names[i] for i in places if i in dropped]
    if lost:
        raise FitError(
            f"{', '.join(lost)} was left out of the model, because other columns determine it, so its effect is "
            "unknown. Leave out the columns that repeat the treatment, such as dummies of all schools."
        )
    if not any(row.min() == row.max() != 0.0 for row in sample.columns):
        raise FitError(
            f"{sample.formula.text!r} has no intercept, so {treatment!r} has no control arm. Add the intercept."
        )
    codes, values = _codes(treatment, sample.columns[list(places)])
    group = next((at for at in reversed(range(len(sample.terms))) if _constant(sample.terms[at], codes)), None)
    return Arms(wanted, places, tuple(coding.names[i] for i in places), values, codes, group)


def _codes(treatment: str, rows: FloatArray) -> tuple[IntArray, tuple[tuple[float, float], ...]]:
    found = [np.unique(row) for row in rows]
    if len(rows) == 1 and found[0].size == 2:
        low, high = map(float, found[0])
        return (rows[0] == high).astype(np.intp), ((low, high),)
    if any(value.tolist() != [0.0, 1.0] for value in found) or (rows.sum(axis=0) > 1.0).any():
        raise FitError(
            f"{treatment!r} takes {max(v.size for v in found)} different values, so it names no arms. Use 0 and 1, or "
            f"C({treatment}) if every value is an arm of its own."
        )
    codes = (np.arange(1, len(rows) + 1) @ rows).astype(np.intp)
    return codes, ((0.0, 1.0),) * len(rows)


def _constant(term: RandomTerm, codes: IntArray) -> bool:
    first = np.zeros(term.levels, dtype=np.intp)
    first[term.codes] = codes
    return bool((first[term.codes] == codes).all())


def arm_sizes(term: RandomTerm, codes: IntArray, arm: int) -> FloatArray:
    """Rows (levels,) of one arm in every group."""
    return np.bincount(term.codes[codes == arm], minlength=term.levels).astype(float)


def plain_terms(terms: Sequence[RandomTerm], keep: Sequence[str]) -> tuple[RandomTerm, ...]:
    """The random terms with intercepts and the columns named only: what a model without covariates has."""
    found: list[RandomTerm] = []
    for term in terms:
        places = [i for i, name in enumerate(term.names) if name == "Intercept" or name in keep]
        if places:
            names = tuple(term.names[i] for i in places)
            columns = None if names == ("Intercept",) else term.rows()[places]
            found.append(replace(term, names=names, columns=columns))
    seen = {term.group for term in found}
    for term in terms:  # a factor that had covariates only still groups
        if term.group not in seen:
            found.append(replace(term, names=("Intercept",), columns=None))
            seen.add(term.group)
    return tuple(sorted(found, key=lambda term: -term.levels))


@dataclass(frozen=True, slots=True)
class Moved:
    """A column that follows the allocation: an arm's column times some others.

    Attributes
    ----------
    place : int
        In the sample's columns.
    arm : int
    others : tuple of int
        Columns it is multiplied with.
    """

    place: int
    arm: int
    others: tuple[int, ...]


def moved_columns(sample: Sample, arms: Arms) -> tuple[Moved, ...]:
    """Every column of the fixed part that depends on the treatment.

    Raises
    ------
    FitError
        When a column mixes the treatment in some other way than an interaction with columns of the model.
    """
    names = sample.coding.names
    found: list[Moved] = []
    for place, (name, term) in enumerate(zip(names, sample.coding.terms, strict=True)):
        if arms.term not in term.split(":"):
            continue
        arm, rest = _split(name, arms)
        others = tuple(names.index(part) for part in rest if part in names)
        product = np.prod(sample.columns[list(others)], axis=0) if others else 1.0
        if (
            arm == 0
            or len(others) != len(rest)
            or not np.allclose(arms.column(arm, arms.codes) * product, sample.columns[place], rtol=1e-12, atol=0.0)
        ):
            raise FitError(
                f"Column {name!r} depends on {arms.term!r} in a way that cannot be redone for another allocation. "
                f"Write the interaction with its main effects: {arms.term} * covariate."
            )
        found.append(Moved(place, arm, others))
    return tuple(found)


def _split(name: str, arms: Arms) -> tuple[int, list[str]]:
    parts = name.split(":")
    for arm, own in enumerate(arms.names, start=1):
        if own in parts:
            return arm, [part for part in parts if part != own]
    return 0, parts


def reallocate(sample: Sample, arms: Arms, codes: IntArray) -> Sample:
    """The same sample with rows in other arms: fixed columns, interactions and random slopes of the treatment."""
    columns = sample.columns.copy()
    by_name: dict[str, FloatArray] = {}
    for moved in moved_columns(sample, arms):
        product = np.prod(sample.columns[list(moved.others)], axis=0) if moved.others else 1.0
        columns[moved.place] = arms.column(moved.arm, codes) * product
        by_name[sample.coding.names[moved.place]] = columns[moved.place]
    terms: list[RandomTerm] = []
    for term in sample.terms:
        hit = [i for i, name in enumerate(term.names) if name in by_name]
        if hit and term.columns is not None:
            rows = term.columns.copy()
            for i in hit:
                rows[i] = by_name[term.names[i]]
            terms.append(replace(term, columns=rows))
        else:
            terms.append(term)
    return replace(sample, columns=columns, terms=tuple(terms))
