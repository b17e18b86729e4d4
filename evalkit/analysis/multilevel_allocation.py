"""From a mechanism of randomisation to allocations of the rows of a sample."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.analysis.design import IntArray
from evalkit.analysis.mechanism import ROW, Mechanism, Redraw
from evalkit.analysis.multilevel_arms import Arms
from evalkit.analysis.random_terms import label_of
from evalkit.analysis.resampling_order import canonical_order
from evalkit.analysis.sample import Sample
from evalkit.blocks import Block
from evalkit.errors import DesignError, FitError
from evalkit.stats.resample_allocation import count_allocations, draw_allocations, enumerate_allocations


@dataclass(frozen=True, slots=True)
class Allocator:
    """Gives allocations of one trial.

    Attributes
    ----------
    arms : ndarray (U,)
        Arm of every unit as drawn.
    strata : ndarray (U,)
    listed : ndarray (U, A) or None
        All allowed allocations.
    redraw : callable or None
    labels : tuple
        Label of each arm, control first.
    place : ndarray (m,)
        For every unit of the data, its place among all units.
    unit : ndarray (n,)
        Unit of every row, as a place in `place`.
    group : int or None
        Random term whose groups are the units; None for rows.
    words, assumed : str
    """

    arms: IntArray
    strata: IntArray
    listed: IntArray | None
    redraw: Redraw | None
    labels: tuple[Hashable, ...]
    place: IntArray
    unit: IntArray
    group: int | None
    words: str
    assumed: str

    @property
    def possible(self) -> int | None:
        """How many allocations there are; None for a procedure."""
        if self.redraw is not None:
            return None
        return count_allocations(self.arms, self.strata) if self.listed is None else self.listed.shape[1]

    def observed(self, by_unit: bool) -> IntArray:
        """The real allocation, of the data's units or of its rows."""
        own = self.arms[self.place]
        return own if by_unit else own[self.unit]

    def draw(self, block: Block, *, exact: bool, by_unit: bool) -> IntArray:
        """Allocations (units or rows, B) of one block: numbers start to stop of all, or random ones."""
        rng = np.random.default_rng(block.seed)
        if self.redraw is not None:
            found = np.stack([self._redrawn(rng, self.redraw) for _ in range(block.draws)], axis=1)
        elif self.listed is not None:
            chosen = np.arange(block.start, block.stop) if exact else rng.integers(0, self.listed.shape[1], block.draws)
            found = self.listed[:, chosen]
        elif exact:
            found = enumerate_allocations(self.arms, self.strata, block.start, block.stop)
        else:
            found = draw_allocations(self.arms, self.strata, rng, block.draws)
        own = found[self.place]
        return own if by_unit else own[self.unit]

    def _redrawn(self, rng: np.random.Generator, redraw: Redraw) -> IntArray:
        return arm_codes(list(redraw(rng)), self.labels, expected=len(self.arms), where="The redrawn allocation")


def arm_labels(sample: Sample, arms: Arms) -> tuple[Hashable, ...]:
    """What the data call each arm, control first."""
    if arms.names == (arms.term,):
        return arms.values[0]
    known = sample.coding.levels.get(arms.term)
    if known is not None:
        return tuple(known)
    return ("", *(name[name.index("[T.") + 3 : -1] for name in arms.names))


def _key(label: Hashable) -> Hashable:
    if isinstance(label, bool | int | float | np.number | np.bool_):
        return float(label)
    return label


def arm_codes(given: Sequence[Hashable], labels: Sequence[Hashable], *, expected: int, where: str) -> IntArray:
    """Labels of arms as codes.

    Raises
    ------
    DesignError
        For a wrong number of units or an arm the data do not have.
    """
    if len(given) != expected:
        raise DesignError(f"{where} has {len(given)} arms for {expected} units. Give one arm per unit, in their order.")
    place = {_key(label): code for code, label in enumerate(labels)}
    strange = [label for label in given if _key(label) not in place]
    if strange and "" in place:  # a formula that hides the control arm's name
        place = {**{_key(label): 0 for label in strange[:1]}, **place}
        strange = [label for label in given if _key(label) not in place]
    if strange:
        raise DesignError(
            f"{where} has the arm {strange[0]!r}, which the data do not have. Use: {', '.join(map(repr, labels))}."
        )
    return np.array([place[_key(label)] for label in given], dtype=np.intp)


def make_allocator(sample: Sample, arms: Arms, mechanism: Mechanism | None) -> Allocator:
    """Match a mechanism with the rows of a sample; without one, assume the plainest and say so.

    Raises
    ------
    DesignError
        When units, arms or allocations do not match the data; all problems at once.
    """
    assumed = ""
    if mechanism is None:
        mechanism, strata_of_rows, assumed = _assume(sample, arms)
    else:
        strata_of_rows = None
    group, unit, names = _units(sample, mechanism.level)
    own = _arms_of_units(arms, unit, len(names), mechanism.level)
    labels = arm_labels(sample, arms)
    if not mechanism.units:
        strata = np.zeros(len(names), dtype=np.intp)
        if strata_of_rows is not None:
            strata[unit] = strata_of_rows
        everyone = np.arange(len(names))
        return Allocator(own, strata, None, None, labels, everyone, unit, group, mechanism.words, assumed)
    place = _match(mechanism, names)
    full = _all_arms(mechanism, own, place, labels)
    strata = _codes_of(list(zip(*[v for v in (mechanism.strata, mechanism.pairs) if v], strict=True)), len(full))
    listed = None
    if mechanism.allowed:
        rows = [
            arm_codes(one, labels, expected=len(full), where=f"Allowed allocation {number}")
            for number, one in enumerate(mechanism.allowed, start=1)
        ]
        listed = np.stack(rows, axis=1)
        if not (listed == full[:, None]).all(axis=0).any():
            raise DesignError(
                "The allocation in the data is not among the allowed ones, so it cannot have been drawn from them. "
                "Check the list, and the order of `units`."
            )
    return Allocator(full, strata, listed, mechanism.redraw, labels, place, unit, group, mechanism.words, assumed)


def _assume(sample: Sample, arms: Arms) -> tuple[Mechanism, IntArray | None, str]:
    ask = (
        "If it was stratified, paired, minimised or drawn again for balance, give mechanism=Mechanism(...): this "
        "p-value is otherwise not valid."
    )
    if arms.group is not None:
        term = sample.terms[arms.group]
        treated = len(np.unique(term.codes[arms.codes > 0]))
        return (
            Mechanism(term.group),
            None,
            f"No mechanism of randomisation was given. Assumed: {treated} of {term.levels} {term.group} units were "
            f"drawn for treatment at random, without strata or pairs. {ask}",
        )
    if not sample.terms:
        return (
            Mechanism(ROW),
            None,
            f"No mechanism of randomisation was given. Assumed: pupils were drawn at random among all. {ask}",
        )
    widest = sample.terms[-1]
    return (
        Mechanism(ROW),
        widest.codes,
        f"No mechanism of randomisation was given. Assumed: rows were drawn for treatment at random within "
        f"each {widest.group}. {ask}",
    )


def _units(sample: Sample, level: str) -> tuple[int | None, IntArray, list[Hashable]]:
    """Random term, unit of every row, and the units' labels."""
    for at, (term, grouped) in enumerate(zip(sample.terms, sample.grouped, strict=True)):
        if term.group == level:
            return at, term.codes, list(grouped.levels)
    if level == ROW:
        order = canonical_order(sample)
        rank = np.empty(order.size, dtype=np.intp)
        rank[order] = np.arange(order.size)
        return None, rank, list(sample.index[order])
    have = ", ".join(dict.fromkeys(term.group for term in sample.terms))
    raise DesignError(
        f"The mechanism allocates {level!r}, which is no grouping factor of the model. Use one of {have}, or 'row' for "
        "single rows; a model of allocated groups should have a random effect of them."
    )


def _arms_of_units(arms: Arms, unit: IntArray, count: int, level: str) -> IntArray:
    first = np.zeros(count, dtype=np.intp)
    first[unit] = arms.codes
    mixed = int(np.unique(unit[first[unit] != arms.codes]).size)
    if mixed:
        raise FitError(
            f"{arms.term!r} varies inside {mixed} {level} unit(s), so {level} was not what was allocated. Use the "
            "level at which the treatment was drawn."
        )
    return first


def _match(mechanism: Mechanism, names: list[Hashable]) -> IntArray:
    """Place of every unit of the data among the mechanism's."""
    exact = {_key(label): at for at, label in enumerate(mechanism.units)}
    texts = {label_of(label): at for at, label in enumerate(mechanism.units)}
    found = [exact.get(_key(name), texts.get(label_of(name), -1)) for name in names]
    unknown = [name for name, at in zip(names, found, strict=True) if at < 0]
    if unknown:
        listed = ", ".join(map(repr, unknown[:5]))
        raise DesignError(
            f"{len(unknown)} unit(s) of the data are not in the mechanism: {listed}. List every {mechanism.level} that "
            "was allocated in `units`."
        )
    return np.array(found, dtype=np.intp)


def _all_arms(mechanism: Mechanism, own: IntArray, place: IntArray, labels: Sequence[Hashable]) -> IntArray:
    """Arm of every unit allocated, those that left the study too."""
    if not mechanism.arms:
        gone = len(mechanism.units) - len(place)
        if gone:
            raise DesignError(
                f"{gone} of {len(mechanism.units)} units of the mechanism are not in the data. Give `arms`, the arm "
                "each unit was drawn for, so that the allocation can be repeated among all of them."
            )
        full = np.empty(len(place), dtype=np.intp)
        full[place] = own
        return full
    full = arm_codes(mechanism.arms, labels, expected=len(mechanism.units), where="`arms`")
    moved = [mechanism.units[at] for at, arm in zip(place, own, strict=True) if full[at] != arm]
    if moved:
        raise DesignError(
            f"{len(moved)} unit(s) are in another arm in the data than in the mechanism, the first being {moved[0]!r}. "
            "Analyse units in the arm they were drawn for."
        )
    return full


def _codes_of(keys: list[tuple[Hashable, ...]], count: int) -> IntArray:
    if not keys:
        return np.zeros(count, dtype=np.intp)
    place: dict[tuple[Hashable, ...], int] = {}
    return np.array([place.setdefault(key, len(place)) for key in keys], dtype=np.intp)
