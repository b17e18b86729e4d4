"""The way from a list of schools by hub and trust to what analyses and pages know about schools."""

from dataclasses import replace
from pathlib import Path

from evalkit.analysis.school_places import school_places
from evalkit.errors import UploadError
from evalkit.intake.hub_list import check_hub_list
from evalkit.records.evaluation import Study
from evalkit.records.school_places import SchoolPlaces
from evalkit.records.scores import Scores

STOPPED_BY = ("school_in_two_hubs", "school_in_two_trusts", "urn_of_two_names", "no_rows")  # who is where?


def places_of(scores: Scores, study: Study, listed: str | Path | None = None) -> SchoolPlaces:
    """In which hub and trust schools are, by the data and the list given, or else the one that the plan names.

    Raises
    ------
    UploadError
        The list cannot be read, or a school stands on it in two hubs or trusts.
    DesignError
        A school is in two hubs in the data, or in another one than on the list.
    """
    named = study.plan.data.hubs if study.plan.data else None
    path = listed or (study.folder / named.path if named and named.path else None)
    if path is None:
        return school_places(scores, study.plan)
    found = check_hub_list(path, sheet=named.sheet if named and not listed else None)
    problems = [one.message for one in found.issues if one.kind in STOPPED_BY]
    if problems:
        raise UploadError(f"{path}: this list does not say where each school belongs.", problems=problems)
    return school_places(scores, study.plan, found)


def with_places(scores: Scores, study: Study) -> Scores:
    """Scores whose roster says in which hub and trust each pupil's school is, where the plan names a list of schools.

    The programme's own figures of schools then leave out what the pages of schools, hubs and trusts keep back.

    Raises
    ------
    UploadError, DesignError
        As `places_of`.
    """
    named = study.plan.data.hubs if study.plan.data else None
    if named is None or named.path is None or "school" not in scores.roster.columns:
        return scores
    places = places_of(scores, study)
    schools = scores.roster["school"].fillna("").astype("str")
    columns = {level: schools.map(places.of(level)).fillna("").astype("str") for level in ("hub", "trust")}
    return replace(scores, roster=scores.roster.assign(**columns))
