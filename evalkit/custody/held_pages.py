"""Pages of schools, hubs and trusts that stand: a new one beside them would tell about the few who joined or left."""

import math
from collections.abc import Mapping, Sequence

from evalkit.custody.editions import changed_by_few
from evalkit.records.place_manifest import PlaceEntry
from evalkit.records.place_results import PlaceResults


def pupils_told(place: PlaceResults) -> dict[str, float]:
    """What a place's pages name -> how many pupils the numbers there rest on: outcomes, and its schools by name."""
    found: dict[str, float] = {}
    for one in place.figures:
        found |= {one.outcome: one.n} | {f"{one.outcome}: {each.name}": each.n for each in one.members if each.name}
    return {name: number for name, number in found.items() if math.isfinite(number)}


def held_pages(
    earlier: Mapping[str, PlaceEntry], pupils: Mapping[str, Mapping[str, float]], *, threshold: int
) -> dict[str, PlaceEntry]:
    """Places whose earlier pages must stand: means of two pages whose numbers differ by a few can be subtracted.

    Parameters
    ----------
    earlier : place -> what was made before, with every number of pupils that its pages have told
    pupils : place -> `pupils_told` now, of those whose pages would be made anew
    threshold : the plan's; fewer than that are a few
    """
    return {
        place: earlier[place]
        for place, now in pupils.items()
        if place in earlier
        and any(
            changed_by_few(then, number, threshold)
            for name, number in now.items()
            for then in earlier[place].told.get(name, ())
        )
    }


def told_so_far(entry: PlaceEntry | None, now: Mapping[str, float]) -> dict[str, Sequence[float]]:
    """Every number of pupils that a place's pages have told, those of now included, each once."""
    before = dict(entry.told) if entry else {}
    return before | {name: sorted({*before.get(name, ()), number}) for name, number in now.items()}
