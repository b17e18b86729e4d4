"""Somebody lays the pages of all schools, hubs and trusts and the programme's report side by side, and calculates."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import linprog

from evalkit.analysis.analyse import analyse
from evalkit.analysis.place_mask import place_mask
from evalkit.analysis.place_results import FEW, FEW_OF_HUB, LINKED, place_results
from evalkit.analysis.school_places import school_places
from evalkit.records.place_results import LEVELS, PlaceResults
from evalkit.records.school_places import SchoolPlaces
from tests.unit.analysis.comparison_scores import comparison_plan, comparison_scores, hub_plan
from tests.unit.analysis.test_place_results import pupils

THRESHOLD, PROTECTION = 10, 3


class Attacker:
    """Knows who is in which hub and trust, and everything that is printed: sums over schools."""

    def __init__(self, schools: list[str]) -> None:
        self.schools = schools
        self.rows: list[np.ndarray] = []
        self.pupils: list[float] = []

    def reads(self, members: list[str], pupils: float) -> None:
        if not math.isnan(pupils):
            self.rows.append(np.isin(self.schools, members).astype(float))
            self.pupils.append(pupils)

    def works_out(self, school: str) -> bool:
        """Whether a school's number, and with it its mean, follows from the sums; or lies within two of one value."""
        wanted = np.isin(self.schools, [school]).astype(float)
        rows = np.array(self.rows)
        if np.linalg.matrix_rank(np.vstack([rows, wanted])) == np.linalg.matrix_rank(rows):
            return True
        found = [linprog(side * wanted, A_eq=rows, b_eq=self.pupils, bounds=(1, None)) for side in (1, -1)]
        ends = [one.x @ wanted if one.success else side * math.inf for one, side in zip(found, (-1, 1), strict=True)]
        return ends[1] - ends[0] < PROTECTION


def reader_of(sizes: pd.Series, records: list[PlaceResults], places: SchoolPlaces, arms: pd.Series) -> Attacker:
    attacker = Attacker(list(sizes.index))
    attacker.reads(list(sizes.index), float(sizes.sum()))
    for arm in set(arms):
        attacker.reads(list(arms.index[arms == arm]), float(sizes[arms == arm].sum()))
    for one in records:
        figure = one.figures[0]
        known = [one.place] if one.level == "school" else [s for s, p in places.of(one.level).items() if p == one.place]
        attacker.reads(known, figure.n)
        for member in figure.members:
            attacker.reads([member.name], member.n)
    return attacker


def made_places(count: int, *, hubs: int, trusts: int, named: bool, seed: int) -> SchoolPlaces:
    rng = np.random.default_rng(seed)
    schools = [f"S{one}" for one in range(count)]
    return SchoolPlaces(
        hubs={school: f"H{place % hubs}" for place, school in enumerate(schools)},
        trusts={school: f"T{rng.integers(trusts)}" for school in schools if rng.random() < 0.7},
        named=named,
    )


def drawn_sizes(seed: int) -> list[int]:
    rng = np.random.default_rng(seed)
    return [int(one) for one in np.where(rng.random(26) < 0.2, rng.integers(3, 10, 26), rng.integers(10, 25, 26))]


@pytest.mark.parametrize("seed", range(6))
def test_nobody_works_out_a_small_school_from_what_the_mask_shows(seed: int):
    sizes = pd.Series(drawn_sizes(seed), index=[f"S{one}" for one in range(26)])
    places = made_places(26, hubs=7, trusts=6, named=seed % 2 == 0, seed=seed)
    arms = pd.Series(["a", "b"] * 13, index=sizes.index)
    mask = place_mask(sizes, arms=arms, places=places, threshold=THRESHOLD)
    attacker = Attacker(list(sizes.index))
    for members in (sizes.index, arms.index[arms == "a"], arms.index[arms == "b"]):
        attacker.reads(list(members), float(sizes[members].sum()))
    for level in LEVELS:
        for place, hidden in mask.of[level].items():
            own = [place] if level == "school" else [one for one, at in places.of(level).items() if at == place]
            attacker.reads([str(one) for one in own], math.nan if hidden else float(sizes[own].sum()))
    assert not [school for school, n in sizes.items() if n < THRESHOLD and attacker.works_out(str(school))]


def test_nobody_works_out_a_small_school_from_all_pages():
    data = pupils(drawn_sizes(2), seed=2)
    data["hub"] = [f"H{int(one[1:]) % 7}" for one in data["school"]]
    places = made_places(26, hubs=7, trusts=6, named=True, seed=2)
    data["trust"] = [places.trusts.get(one, "") for one in data["school"]]
    block = {"synthetic": "Invented pupils, for tests.", "hubs": {"schools_named": True}}
    study, scores = comparison_scores(data, hub_plan(data=block))
    assert school_places(scores, study.plan) == replace(places, names={})
    records = [one for level in LEVELS for one in place_results(scores, study, level=level)]
    by_school = data.groupby("school").size()
    attacker = reader_of(by_school, records, places, pd.Series("", index=by_school.index))
    small = [school for school, n in by_school.items() if n < THRESHOLD]
    assert small
    assert not [school for school in small if attacker.works_out(str(school))]
    shown = {one.place for one in records if one.level == "school" and not one.figures[0].reason}
    assert len(shown) >= 12
    assert sum(not one.figures[0].reason for one in records if one.level == "hub") >= 4
    # nor is there a dot in the programme's own report that no page explains
    figures = {one.place: one.figures[0] for one in records if one.level == "school"}
    displays = analyse(scores, study).displays
    dots = sorted(figures[one].beside for one in shown)
    assert displays["schools"]["estimate"].tolist() == pytest.approx(dots)
    means = {round(figures[one].after - figures[one].before, 9) for one in shown}
    funnel = displays["funnel"]
    assert set(funnel.loc[funnel["kind"] == "school", "estimate"].round(9)) == means
    # had the pages hidden small schools alone, he would have them
    for school, n in by_school.items():
        attacker.reads([str(school)], float(n) if n >= THRESHOLD else math.nan)
    assert any(attacker.works_out(str(school)) for school in small)


def test_nobody_works_out_a_small_school_of_a_comparison():
    sizes = [15, 20, 30, 15, 40, 16, 20, 4, 12, 14, 25, 13]
    data = pupils(sizes).rename(columns={"pre": "before", "post": "after"})
    data["arm"] = (data["school"].str[1:].astype(int) % 2).to_numpy()
    study, scores = comparison_scores(data[["arm", "before", "after", "school"]], comparison_plan())
    places = SchoolPlaces(hubs={f"S{one}": f"H{one // 4}" for one in range(12)}, trusts={"S7": "T", "S9": "T"})
    records = [one for level in LEVELS for one in place_results(scores, study, level=level, places=places)]
    by_school = data.groupby("school").size()
    arms = data.groupby("school")["arm"].first().astype(str)
    assert not reader_of(by_school, records, places, arms).works_out("S7")
    hubs = {one.place: one for one in records if one.level == "hub"}
    assert hubs["H1"].arms == {"comparison": 2, "programme": 2}
    assert hubs["H1"].arm == ""


def test_hubs_of_few_schools_and_lone_schools():
    """A hub of two, a hub of one large and one small school, and everything but one hub."""
    sizes = pd.Series([20, 25, 30, 4, 15, 18, 22, 30, 26], index=[f"S{one}" for one in range(9)])
    hubs = dict(zip(sizes.index, ["A", "A", "B", "B", "C", "C", "C", "C", "C"], strict=True))
    arms = pd.Series("", index=sizes.index)
    found = place_mask(sizes, arms=arms, places=SchoolPlaces(hubs=hubs), threshold=THRESHOLD)
    assert found.private == {"A", "B"}
    assert found.hides("school", "S3")
    assert found.of["school"].sum() == 2
    agreed = place_mask(sizes, arms=arms, places=SchoolPlaces(hubs=hubs, named=True), threshold=THRESHOLD)
    assert not agreed.private
    assert agreed.hides("school", "S3")
    assert agreed.hides("hub", "B") or agreed.hides("school", "S2")
    small = place_mask(pd.Series([2, 3], index=["x", "y"]), arms=arms, places=SchoolPlaces(), threshold=THRESHOLD)
    assert small.of["school"].all()


def test_reasons_are_told_apart():
    data = pupils([20, 25, 30, 4, 15, 18, 22, 30, 26])
    data["hub"] = data["school"].map(dict(zip(sorted(set(data["school"])), "AABBCCCCC", strict=True)))
    study, scores = comparison_scores(data, hub_plan())
    hubs = {one.place: one.figures[0] for one in place_results(scores, study, level="hub")}
    assert hubs["A"].reason == FEW_OF_HUB.format(fewest=3) == hubs["B"].reason
    assert (hubs["C"].reason, hubs["C"].n, hubs["C"].schools) == ("", 111, 5)
    schools = {one.place: one.figures[0].reason for one in place_results(scores, study)}
    assert schools["S3"] == FEW.format(threshold=10)
    assert sorted(schools.values()) == sorted([*[""] * 7, LINKED, FEW.format(threshold=10)])
