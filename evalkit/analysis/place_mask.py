"""Which schools, hubs and trusts may be shown, seeing that somebody may lay all pages side by side."""

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from evalkit.errors import FitError
from evalkit.records.place_results import Level
from evalkit.records.school_places import SchoolPlaces
from evalkit.records.standards import load_standards
from evalkit.stats.disclosure_tables import suppress_sums


@dataclass(frozen=True, slots=True, eq=False)
class PlaceMask:
    """What is hidden in one outcome.

    Attributes
    ----------
    of : level -> Series by place, true: hide. Only places with pupils are in it
    private : hubs that are not shown because the head of one school could work out another's
    """

    of: dict[Level, pd.Series] = field(repr=False)
    private: frozenset[str]

    def hides(self, level: Level, place: str) -> bool:
        """Whether figures of a place must not be shown; those without pupils have none."""
        return bool(self.of[level].get(place, True))


def place_mask(sizes: pd.Series, *, arms: pd.Series, places: SchoolPlaces, threshold: int) -> PlaceMask:
    """Hide small schools, and enough other schools, hubs and trusts that nobody can work a small one out.

    Parameters
    ----------
    sizes : Series of int by school - pupils behind its figures, at least one each
    arms : Series by school - its arm, empty where its pupils are in several or there are none
    places : in which hub and trust schools are
    threshold : the plan's

    Notes
    -----
    A figure is a number of pupils and sums over them, and the sums of schools, hubs, trusts, arms and programme hang
    together as the numbers do. So what cannot be worked out of the numbers (`suppress_sums`) cannot be worked out of
    the means. Those of all pupils and of each arm stand in the programme's report and cannot be hidden.
    """
    positions = pd.Series(np.arange(len(sizes)), index=sizes.index)
    groups = {level: pd.Series(places.of(level)).reindex(sizes.index) for level in ("hub", "trust")}
    fewest = int(load_standards().methods.fewest_schools_of_a_hub.value)
    counts = groups["hub"].value_counts()
    few = frozenset(map(str, counts[counts < fewest].index))
    private = frozenset[str]() if places.named else few
    sums: list[list[int]] = []
    labels: list[tuple[Level | None, str]] = []
    for level in ("hub", "trust"):
        for place, own in positions.groupby(groups[level]):
            sums.append(own.tolist())
            labels.append((level, str(place)))
    known = [positions[arms == arm].tolist() for arm in sorted({*arms} - {""})] if (arms != "").all() else []
    sums += [*(known if len(known) > 1 else []), positions.tolist()]
    labels += [(None, "")] * (len(sums) - len(labels))
    shape = len(sizes) + len(sums)
    published, fixed = np.ones(shape, dtype=bool), np.zeros(shape, dtype=bool)
    for place, (level, name) in enumerate(labels, start=len(sizes)):
        published[place] = not (level == "hub" and name in private)
        fixed[place] = level is None
    try:
        hidden = suppress_sums(
            sizes.to_numpy(), [sums], threshold=threshold, published=published, fixed=fixed
        )  # fmt: skip
    except FitError:  # the programme's own figures give a small school away: nothing is added to them
        hidden = np.ones(shape, dtype=bool)
    of: dict[Level, pd.Series] = {"school": pd.Series(hidden[: len(sizes)], index=sizes.index)}
    for level in ("hub", "trust"):
        found = {
            name: bool(hidden[place]) for place, (own, name) in enumerate(labels, start=len(sizes)) if own == level
        }
        of[level] = pd.Series(found, dtype=bool)
    return PlaceMask(of, private)
