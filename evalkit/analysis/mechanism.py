"""How a trial's treatment was allocated: what a randomisation test repeats."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from evalkit.analysis.design import need_columns
from evalkit.errors import DesignError
from evalkit.records.frames import need_frame, need_names

ROW = "row"
Redraw = Callable[[np.random.Generator], Sequence[Hashable]]


@dataclass(frozen=True, slots=True)
class Mechanism:
    """The mechanism of randomisation, as the certificate records it.

    Attributes
    ----------
    level : str
        What was allocated: a grouping factor of the model such as "school", or "row" for single pupils.
    units : tuple
        Labels of all units allocated (of rows: their index); empty: those in the data. The other tuples follow its
        order.
    strata : tuple
        Stratum of each unit: arms had fixed numbers of units within each. Empty: none.
    pairs : tuple
        Pair (or block) of each unit, allocated within each; with strata the two are combined. Empty: none.
    arms : tuple
        Arm of each unit as drawn; needed only where units are not in the data any more.
    allowed : tuple of tuple
        Every allocation that could have been drawn, all equally likely; the real one among them.
    redraw : callable, optional
        Takes a numpy Generator, gives a new arm for every unit by the trial's own procedure: minimisation,
        re-randomisation until a balance criterion holds.
    """

    level: str
    units: tuple[Hashable, ...] = ()
    strata: tuple[Hashable, ...] = ()
    pairs: tuple[Hashable, ...] = ()
    arms: tuple[Hashable, ...] = ()
    allowed: tuple[tuple[Hashable, ...], ...] = ()
    redraw: Redraw | None = None

    def __post_init__(self) -> None:
        problems = [
            f"{name} has {len(value)} values for {len(self.units)} units. Give one per unit, in the order of `units`."
            for name, value in (("strata", self.strata), ("pairs", self.pairs), ("arms", self.arms))
            if value and len(value) != len(self.units)
        ]
        problems += [
            f"allowed allocation {number} has {len(one)} arms for {len(self.units)} units. Give one arm per unit."
            for number, one in enumerate(self.allowed, start=1)
            if len(one) != len(self.units)
        ][:3]
        if len(set(self.units)) != len(self.units):
            problems.append("A unit is listed more than once in `units`. List each once.")
        if self.redraw is not None and not self.units:
            problems.append("`redraw` gives arms in the order of `units`, and `units` is empty. List the units.")
        if self.allowed and self.redraw is not None:
            problems.append("Both `allowed` and `redraw` are given. Keep the one that describes the trial.")
        if (self.allowed or self.redraw is not None) and (self.strata or self.pairs):
            problems.append("`allowed` and `redraw` already hold strata and pairs. Leave `strata` and `pairs` empty.")
        if problems:
            raise DesignError("The mechanism of randomisation does not hold together.", problems=problems)

    @property
    def words(self) -> str:
        """The mechanism in one clause."""
        what = "single pupils" if self.level == ROW else self.level
        if self.redraw is not None:
            return f"{what} allocated by the trial's own procedure, repeated"
        if self.allowed:
            return f"{what} allocated by one of {len(self.allowed)} allowed allocations"
        inside = [name for name, value in (("strata", self.strata), ("pairs", self.pairs)) if value]
        return (
            f"{what} allocated at random within {' and '.join(inside)}"
            if inside
            else (f"{what} allocated at random, numbers per arm fixed")
        )


def declare_mechanism(
    data: pd.DataFrame, level: str, *, strata: Sequence[str] = (), pairs: str | None = None
) -> Mechanism:
    """Make a `Mechanism` from columns that say in which stratum and pair each unit was.

    Parameters
    ----------
    data : pandas.DataFrame
        The frame of the model.
    level : str
        Column of the units allocated, or "row".
    strata : sequence of str
        Columns; their combinations are the strata.
    pairs : str, optional

    Raises
    ------
    DesignError
        When a column varies within a unit.

    Examples
    --------
    >>> frame = pd.DataFrame({"school": [1, 1, 2, 3], "region": ["n", "n", "s", "s"]})
    >>> declare_mechanism(frame, "school", strata=["region"]).strata
    ('n', 's', 's')
    """
    data = need_frame(data, error=DesignError)
    strata = need_names(strata, called="strata", error=DesignError)
    names = [*strata, *([] if pairs is None else [pairs])]
    need_columns(data, [*names, *([] if level == ROW else [level])], formula=level)
    frame = data.loc[:, names].assign(**{ROW: data.index}) if level == ROW else data.loc[:, [level, *names]]
    frame = frame.drop_duplicates().dropna(subset=[level])
    repeated = frame[level][frame[level].duplicated()].unique().tolist()
    if repeated:
        raise DesignError(
            f"{level} {repeated[0]!r} has several values of {', '.join(names)}. Every unit allocated lies in one "
            "stratum and one pair."
        )
    joined = [tuple(row) for row in frame[list(strata)].itertuples(index=False)] if strata else []
    return Mechanism(
        level,
        units=tuple(frame[level].tolist()),
        strata=tuple(row[0] if len(row) == 1 else row for row in joined),
        pairs=() if pairs is None else tuple(frame[pairs].tolist()),
    )
