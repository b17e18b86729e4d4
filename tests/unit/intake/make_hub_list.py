"""Synthetic lists of schools by hub with the traps of a real programme. Every school, hub and number is invented.

35 hubs say they have 431 schools. One says 8 and lists 9, two schools are listed twice (one of them by two hubs), and
two different schools share a name: 432 rows, 430 schools.
"""

import random

HUBS, CLAIMED, ROWS, SCHOOLS = 35, 431, 432, 430
SHARED_NAME = "St Mary's CE Primary School"
_PLACES = ("Oak", "Elm", "Ash", "Beech", "Birch", "Hazel", "Rowan", "Willow", "Maple", "Alder", "Holly", "Lime")
_ENDS = ("field", "wood", "ton", "ham", "bury", "ley", "ford", "brook", "hill", "mere", "stead", "worth")
_KINDS = ("Primary School", "Academy", "High School")


def make_hub_list(seed: int = 2018) -> tuple[list[tuple[str, ...]], dict[str, int]]:
    """The rows (URN, School, Hub, LAESTAB) and each hub's own count."""
    chance = random.Random(seed)
    names = [f"{place}{end} {kind}" for kind in _KINDS for place in _PLACES for end in _ENDS]
    chance.shuffle(names)
    urns = chance.sample(range(100_000, 150_000), SCHOOLS)
    schools = [
        (str(urn), names[place], f"{chance.randint(201, 938)}{chance.randint(2000, 7999)}")
        for place, urn in enumerate(urns)
    ]
    for place in (0, 200):  # two schools, one name
        schools[place] = (schools[place][0], SHARED_NAME, schools[place][2])
    hubs = [f"Hub {number:02d}" for number in range(1, HUBS + 1)]
    sizes = [8, *([12] * (HUBS - 1))]
    for step in range(CLAIMED - 8 - 12 * (HUBS - 1)):
        sizes[1 + step % (HUBS - 1)] += 1
    assert sum(sizes) == CLAIMED
    listed = dict(zip(hubs, sizes, strict=True))
    listed[hubs[0]] += 1  # says 8, lists 9
    rows: list[tuple[str, ...]] = []
    unused = iter(schools)
    for place, hub in enumerate(hubs):
        own = listed[hub] - (place in (10, 21))
        block = [next(unused) for _ in range(own)]
        if place == 10:
            block.append(block[0])  # listed twice by its own hub
        if place == 21:
            block.append(schools[40])  # listed by another hub too
        rows += [(urn, name, hub, laestab) for urn, name, laestab in block]
    return rows, dict(zip(hubs, sizes, strict=True))
