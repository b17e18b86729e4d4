"""In which hub and trust schools are: by the data, by a list, and what does not fit."""

import pandas as pd
import pytest

from evalkit.analysis.place_results import place_results
from evalkit.analysis.school_places import school_places, unplaced
from evalkit.errors import DesignError
from evalkit.records.hub_list import HUB_LIST_COLUMNS, HubList
from evalkit.records.responses import Source
from tests.unit.analysis.comparison_scores import comparison_scores, hub_plan
from tests.unit.analysis.test_place_results import pupils

SIZES = [12, 20, 30, 15, 40, 16]


def listed(*rows: tuple[str, str, str, str]) -> HubList:
    frame = pd.DataFrame(
        [(urn, name, hub, "", trust) for urn, name, hub, trust in rows], columns=list(HUB_LIST_COLUMNS)
    )
    return HubList(frame, pd.DataFrame(), (), Source("list.csv", "0" * 64, None, len(rows)))


def test_the_plans_column_and_the_list_together():
    study, scores = comparison_scores(pupils(SIZES), hub_plan())
    rows = (("900001", "s1", "h1", "Oak Trust"), ("900002", "S2", "", "oak  trust"), ("S3", "Elm School", "H0", ""))
    found = school_places(scores, study.plan, listed(*rows))
    assert found.hubs == {"S0": "H0", "S1": "H1", "S2": "H2", "S3": "H0", "S4": "H1", "S5": "H2"}
    assert found.trusts == {"S1": "Oak Trust", "S2": "Oak Trust"}
    assert found.names["S3"] == "Elm School"
    sentence = unplaced(found, "trust", ["S0", "S1", "S3"])
    assert sentence.startswith("Not in any trust, so on no trust's page: S0, Elm School. ")
    assert not unplaced(found, "hub", ["S0"])


def test_a_school_in_two_hubs_is_told():
    data = pupils(SIZES)
    data.loc[0, "hub"] = "H9"
    study, scores = comparison_scores(data, hub_plan())
    with pytest.raises(DesignError, match="S0 is in several hubs: H0, H9"):
        school_places(scores, study.plan)
    study, scores = comparison_scores(pupils(SIZES), hub_plan())
    other = listed(("900001", "S1", "H5", ""))
    with pytest.raises(DesignError, match="S1 is in the hub H1 in the pupil files and in H5 on the list"):
        school_places(scores, study.plan, other)


def test_two_schools_of_one_name_are_not_taken_for_one():
    study, scores = comparison_scores(pupils(SIZES), hub_plan())
    found = school_places(scores, study.plan, listed(("900001", "S1", "", "Oak"), ("900002", "S1", "", "Elm")))
    assert not found.trusts


def test_without_hubs_there_are_no_pages_of_hubs():
    study, scores = comparison_scores(pupils(SIZES).drop(columns="hub"), hub_plan(clusters={}))
    with pytest.raises(DesignError, match="nobody says which hub the schools are in"):
        place_results(scores, study, level="hub")


def test_a_hub_has_the_mean_of_its_pupils_and_is_drawn_to_the_average():
    data = pupils([12, 20, 30, 15, 40, 16, 14, 13, 11])
    study, scores = comparison_scores(data, hub_plan())
    found = {one.place: one for one in place_results(scores, study, level="hub")}
    own = data[data["hub"] == "H1"]
    figure = found["H1"].figures[0]
    assert (found["H1"].schools, figure.schools, figure.kept_back, figure.n) == (3, 3, 0, len(own))
    assert figure.before == pytest.approx(own["pre"].mean())
    assert figure.after == pytest.approx(own["post"].mean())
    raw = figure.after - figure.before
    assert min(raw, figure.average) < figure.value < max(raw, figure.average)
    assert figure.low < figure.value < figure.high
    assert figure.others == () == figure.members  # three hubs, and three schools, are too few to stay unnamed
    schools = {one.place: one.figures[0] for one in place_results(scores, study)}
    trusts = dict.fromkeys(["S1", "S4", "S7"], "Oak")
    places = school_places(scores, study.plan)
    known = type(places)(hubs=places.hubs, trusts=trusts)
    [oak] = place_results(scores, study, level="trust", places=known)
    assert [one.name for one in oak.figures[0].members] == ["S1", "S4", "S7"]
    assert [one.beside for one in oak.figures[0].members] == [schools[one].beside for one in ("S1", "S4", "S7")]
    assert type(oak).from_json(oak.to_json()).to_json() == oak.to_json()
