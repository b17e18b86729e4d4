"""In which hub and trust the schools of the data are: by the plan's own column, and by a list of schools."""

from collections import Counter
from collections.abc import Mapping, Sequence

import pandas as pd

from evalkit.errors import DesignError
from evalkit.records.evaluation import Evaluation
from evalkit.records.hub_list import HubList
from evalkit.records.place_results import Level
from evalkit.records.school_places import SchoolPlaces
from evalkit.records.scores import Scores

MOST_NAMED = 10
TWO_HUBS = "{school} is in several {level}s: {hubs}. A school is in one; correct the pupil files."
OTHER_HUB = (
    "{school} is in the hub {data} in the pupil files and in {list} on the list of schools. Correct one of them."
)
NOT_LISTED = "Not in any {level}, so on no {level}'s page: {schools}. If that is wrong, correct the list of schools."
NO_PLACES = (
    "{plan}: nobody says which {level} the schools are in. {column}Name a list of schools with the columns URN, School "
    "and {Level} in the plan (data: hubs: path:) or by --list."
)
COLUMN = "Name the hub's column in the plan (clusters: hub:), or: "


def school_places(scores: Scores, plan: Evaluation, listed: HubList | None = None) -> SchoolPlaces:
    """Put the plan's own hub column and a list of schools together.

    Parameters
    ----------
    scores : Scores
    plan : Evaluation
    listed : HubList, optional
        A school of the data is found there by its URN; written otherwise, by its name, where only one school on the
        list has it.

    Raises
    ------
    DesignError
        Schools in several hubs, or in another hub on the list than in the data; all of them are named.
    """
    if "school" not in scores.roster.columns:
        return SchoolPlaces()
    column = scores.roster["school"].fillna("").astype("str")
    schools = sorted(set(column) - {""})
    problems: list[str] = []
    hubs = _of_the_data(scores, "hub", column, problems)
    trusts = _of_the_data(scores, "trust", column, problems)
    found = _of_the_list(schools, listed) if listed is not None else SchoolPlaces()
    for school, hub in found.hubs.items():
        if _key(hubs.get(school, hub)) != _key(hub):
            problems.append(OTHER_HUB.format(school=school, data=hubs[school], list=hub))
    if problems:
        raise DesignError(problems[0] if len(problems) == 1 else "Schools are in several hubs.", problems=problems)
    return SchoolPlaces(
        hubs=_one_spelling({**found.hubs, **hubs}),
        trusts=_one_spelling({**trusts, **found.trusts}),
        names=found.names,
        named=_named(plan),
    )


def places_in(scores: Scores, plan: Evaluation) -> SchoolPlaces:
    """As the data alone say; a school in several hubs, for which there are no pages, stands in the first."""
    if "school" not in scores.roster.columns:
        return SchoolPlaces()
    column, ignored = scores.roster["school"].fillna("").astype("str"), list[str]()
    hubs, trusts = (_one_spelling(_of_the_data(scores, level, column, ignored)) for level in ("hub", "trust"))
    return SchoolPlaces(hubs, trusts, named=_named(plan))


def unplaced(places: SchoolPlaces, level: Level, schools: Sequence[str]) -> str:
    """A sentence that names schools without a hub or trust; empty where there are none."""
    lost = [school for school in schools if school not in places.of(level)]
    if not lost:
        return ""
    more = f" and {len(lost) - MOST_NAMED} more" if len(lost) > MOST_NAMED else ""
    shown = ", ".join(places.names.get(school, school) for school in lost[:MOST_NAMED])
    return NOT_LISTED.format(level=level, schools=shown + more)


def check_known(places: SchoolPlaces, level: Level, plan: Evaluation) -> None:
    """Raise DesignError where no school of the data is in any hub, or in any trust."""
    if not places.of(level):
        column = COLUMN if level == "hub" and plan.clusters is not None else ""
        raise DesignError(NO_PLACES.format(plan=plan.id, level=level, Level=level.capitalize(), column=column))


def _named(plan: Evaluation) -> bool:
    hubs = plan.data.hubs if plan.data else None
    return bool(hubs and hubs.schools_named)


def _of_the_data(scores: Scores, level: Level, schools: pd.Series, problems: list[str]) -> dict[str, str]:
    """By the roster's own column: the plan's (of hubs), or what `with_places` put there."""
    if level not in scores.roster.columns:
        return {}
    pairs = pd.DataFrame({"school": schools, "place": scores.roster[level].fillna("").astype("str")})
    pairs = pairs[(pairs["school"] != "") & (pairs["place"] != "")].drop_duplicates().sort_values(["school", "place"])
    found: dict[str, str] = {}
    for school, own in pairs.groupby("school")["place"]:
        found[str(school)] = str(own.iloc[0])
        if len(own) > 1:
            problems.append(TWO_HUBS.format(school=school, level=level, hubs=", ".join(own)))
    return found


def _of_the_list(schools: Sequence[str], listed: HubList) -> SchoolPlaces:
    table = listed.schools.fillna("").astype("str")
    by_urn = {str(row["urn"]): row for _, row in table.iterrows()}
    names = Counter(_key(name) for name in table["school_name"])
    by_name = {_key(row["school_name"]): row for _, row in table.iterrows() if names[_key(row["school_name"])] == 1}
    rows = {school: by_urn.get(school, by_name.get(_key(school))) for school in schools}
    known = {school: row for school, row in rows.items() if row is not None}

    def told(column: str) -> dict[str, str]:
        return {school: str(row[column]) for school, row in known.items() if row[column]}

    return SchoolPlaces(told("hub"), told("trust"), told("school_name"))


def _one_spelling(named: Mapping[str, str]) -> dict[str, str]:
    """Capitals and blanks do not make another hub: the first spelling, by school, stands for all."""
    spelled: dict[str, str] = {}
    for school in sorted(named):
        spelled.setdefault(_key(named[school]), named[school])
    return {school: spelled[_key(name)] for school, name in named.items()}


def _key(name: str) -> str:
    return " ".join(name.casefold().split())
