"""From a plan and what is known of each unit to the arrays of a draw, and from a draw to records."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evalkit.errors import DesignError
from evalkit.planning.schools import Values, some
from evalkit.records.allocation import AllocatedUnit, Certificate, RandomisationPlan
from evalkit.stats.allocation import Allocation, Scheme, allocate
from evalkit.stats.allocation_balance import inverse_covariance
from evalkit.stats.allocation_pairs import nearest_pairs
from evalkit.stats.vectors import FloatArray, IntArray


@dataclass(frozen=True, slots=True)
class PreparedDraw:
    """A scheme with the words for its groups.

    Attributes
    ----------
    scheme : Scheme
    strata, pairs : of each unit; "" where there are none
    notes : what to know about the strata
    """

    scheme: Scheme
    strata: tuple[str, ...]
    pairs: tuple[str, ...]
    notes: tuple[str, ...] = ()


def prepare_draw(
    plan: RandomisationPlan, units: Sequence[str], values: Sequence[Values], *, earlier: Certificate | None
) -> PreparedDraw:
    """Make the arrays of the draw.

    Parameters
    ----------
    plan : RandomisationPlan
    units : IDs in order
    values : what the draw depends on, of each unit
    earlier : the batch before, of which minimisation takes account

    Raises
    ------
    DesignError
        Naming pairs of the wrong size, strata with fewer units than arms, an odd number to be paired; all at once.
    """
    strata = tuple(" / ".join(str(one[stratum.column]) for stratum in plan.strata) for one in values)
    weights = tuple(arm.share for arm in plan.arms)
    if earlier is None and len(units) < len(plan.arms):
        raise DesignError(
            f"There are {len(units)} {plan.units} for {len(plan.arms)} arms, so an arm would get none. Recruit "
            "more, or use fewer arms."
        )
    numbers = _numbers(values, plan.balance.columns) if plan.balance is not None else None
    if plan.method == "minimisation":
        return PreparedDraw(_minimisation(plan, values, weights, earlier), strata, ("",) * len(units))
    pairs = _pairs(plan, units, values, strata) if plan.pairs is not None else ("",) * len(units)
    notes = () if plan.method == "pairs" else _strata_notes(plan, strata)
    groups = _codes(pairs if plan.pairs is not None else strata)
    before = _earlier_arms(plan, earlier)
    scheme = Scheme(weights, groups, earlier_arms=before)
    if plan.balance is not None:
        scheme = Scheme(
            weights,
            groups,
            earlier_arms=before,
            covariates=numbers,
            criterion=plan.balance.criterion,
            at_most=plan.balance.at_most,
            most_draws=plan.balance.most_draws,
        )
    return PreparedDraw(scheme, strata, pairs, notes)


def draw(plan: RandomisationPlan, prepared: PreparedDraw) -> Allocation:
    """The allocation that the plan's seed and batch give."""
    return allocate(prepared.scheme, entropy=(plan.seed.value, plan.batch))


def allocated_units(
    plan: RandomisationPlan, units: Sequence[str], values: Sequence[Values], prepared: PreparedDraw, found: Allocation
) -> tuple[AllocatedUnit, ...]:
    """The allocation as records."""
    return tuple(
        AllocatedUnit(
            unit=unit,
            arm=plan.arms[arm].id,
            stratum=prepared.strata[place],
            pair=prepared.pairs[place],
            values=values[place],
        )
        for place, (unit, arm) in enumerate(zip(units, found.arms.tolist(), strict=True))
    )


def _minimisation(
    plan: RandomisationPlan, values: Sequence[Values], weights: tuple[int, ...], earlier: Certificate | None
) -> Scheme:
    before = [unit for batch in (earlier.batches if earlier is not None else ()) for unit in batch.units]
    columns: list[IntArray] = []
    for stratum in plan.strata:
        missing = [unit.unit for unit in before if stratum.column not in unit.values]
        if missing:
            raise DesignError(
                f"The earlier batch did not record '{stratum.column}' of {some(missing)}, so minimisation cannot "
                "go on from it. Use the factors of the earlier plan."
            )
        texts = [str(one[stratum.column]) for one in (*(unit.values for unit in before), *values)]
        columns.append(_codes(texts))
    codes = np.stack(columns, axis=1)
    return Scheme(
        weights,
        np.zeros(len(values), dtype=np.int64),
        method="minimisation",
        factors=codes[len(before) :],
        follow=plan.follow,
        earlier_factors=codes[: len(before)],
        earlier_arms=_earlier_arms(plan, earlier),
    )


def _earlier_arms(plan: RandomisationPlan, earlier: Certificate | None) -> IntArray:
    place = {arm.id: code for code, arm in enumerate(plan.arms)}
    before = [unit for batch in (earlier.batches if earlier is not None else ()) for unit in batch.units]
    return np.array([place[unit.arm] for unit in before], dtype=np.int64)


def _pairs(
    plan: RandomisationPlan, units: Sequence[str], values: Sequence[Values], strata: Sequence[str]
) -> tuple[str, ...]:
    spec = plan.pairs
    if spec is None:
        return ()
    if spec.column is not None:
        given = tuple(str(one[spec.column]) for one in values)
        _check_pairs(plan, units, given, strata)
        return given
    numbers = _numbers(values, spec.match_on)
    metric = inverse_covariance(numbers)
    odd = [f"'{name}' ({size})" if name else str(size) for name, size in sorted(Counter(strata).items()) if size % 2]
    if odd:
        where = "strata with an odd number of" if plan.strata else "an odd number of"
        raise DesignError(
            f"Pairs cannot be made: {where} {plan.units}: {some(odd)}. Exclude one with a reason, or use strata "
            "instead."
        )
    labels = [""] * len(units)
    for name in sorted(set(strata)):
        members = [place for place, stratum in enumerate(strata) if stratum == name]
        for place, pair in zip(members, nearest_pairs(numbers[members], metric=metric).tolist(), strict=True):
            labels[place] = f"{name}: {pair + 1}" if name else str(pair + 1)
    return tuple(labels)


def _check_pairs(plan: RandomisationPlan, units: Sequence[str], pairs: Sequence[str], strata: Sequence[str]) -> None:
    members: dict[str, list[int]] = defaultdict(list)
    for place, pair in enumerate(pairs):
        members[pair].append(place)
    size = sum(arm.share for arm in plan.arms)
    problems = [
        f"Pair '{pair}' has {len(places)} {plan.unit if len(places) == 1 else plan.units} "
        f"({some([units[place] for place in places])}); it must have "
        f"{size}. Mend the pair, or exclude it with a reason."
        for pair, places in sorted(members.items())
        if len(places) != size
    ]
    problems += [
        f"Pair '{pair}' lies in several strata ({some(sorted({strata[place] for place in places}))}). Pair within "
        "a stratum."
        for pair, places in sorted(members.items())
        if len({strata[place] for place in places}) > 1
    ]
    if problems:
        raise DesignError("The pairs cannot be allocated.", problems=problems)


def _strata_notes(plan: RandomisationPlan, strata: Sequence[str]) -> tuple[str, ...]:
    small = [f"'{name}' ({size})" for name, size in sorted(Counter(strata).items()) if name and size < len(plan.arms)]
    if not small:
        return ()
    if plan.small_strata == "stop":
        raise DesignError(
            f"Strata with fewer {plan.units} than the {len(plan.arms)} arms: {some(small)}. Join them with "
            "others, or write "
            "'small_strata: accept' in the plan: then an arm may be missing there, and the analysis cannot "
            "compare within those strata."
        )
    return (f"Strata with fewer {plan.units} than arms, as the plan accepts: {some(small)}.",)


def _numbers(values: Sequence[Values], columns: Sequence[str]) -> FloatArray:
    return np.array([[float(one[column]) for column in columns] for one in values], dtype=np.float64)


def _codes(labels: Sequence[str]) -> IntArray:
    """0, 1, 2, ... in the order of the labels as text."""
    place = {label: code for code, label in enumerate(sorted(set(labels)))}
    return np.array([place[label] for label in labels], dtype=np.int64)
