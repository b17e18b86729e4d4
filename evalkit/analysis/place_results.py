"""Each school's, hub's or trust's own figures beside the programme's: means, and its result drawn to the average."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from evalkit.analysis.place_mask import PlaceMask, place_mask
from evalkit.analysis.school_places import check_known, school_places
from evalkit.analysis.school_pupils import OfSchools, arms_of, of_schools, schools_of
from evalkit.analysis.trial_schools import pooled_variance
from evalkit.errors import FitError
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.place_results import Level, Member, PlaceFigure, PlaceResults
from evalkit.records.school_places import SchoolPlaces
from evalkit.records.scores import Scores
from evalkit.records.standards import load_standards
from evalkit.stats.disclosure import mean_is_safe
from evalkit.stats.shrinkage import shrink_hubs, shrink_schools

FEW = "Too few pupils: numbers are shown only when they rest on {threshold} pupils or more."
NOBODY = "No pupil of this {level} has a score that can be used here."
FEW_SCHOOLS = (
    "The programme has numbers from fewer than {fewest} schools, so yours beside them would tell about another school."
)
LINKED = (
    "With your figures somebody who has other pages too could work out those of a school with too few pupils, so they "
    "are kept back."
)
FEW_OF_HUB = (
    "Fewer than {fewest} schools of your hub have numbers here, so the head of one could work out another school's "
    "from yours."
)
ROWS = ("value", "low", "high", "beside", "beside_low", "beside_high")


@dataclass(frozen=True, slots=True, eq=False)
class SideBySide:
    """Schools, or hubs, or trusts, of one outcome, drawn towards the average one.

    Attributes
    ----------
    rows : frame by place - ROWS
    middle : the average place
    """

    rows: pd.DataFrame = field(repr=False)
    middle: float


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """What is asked for: pages of which level, by which plan, of schools that are where, called what."""

    level: Level
    plan: Evaluation
    places: SchoolPlaces
    names: Mapping[str, str]
    arms: Mapping[str, str]
    schools: Sequence[str]

    @property
    def members(self) -> dict[str, list[str]]:
        """Place -> its schools, both sorted."""
        found: dict[str, list[str]] = {}
        for school in self.schools:
            place = school if self.level == "school" else self.places.of(self.level).get(school)
            if place is not None:
                found.setdefault(place, []).append(school)
        return dict(sorted(found.items()))

    @property
    def named(self) -> bool:
        """Whether the schools of a page stand on it by name: a trust's are its own; a hub's only where they agreed."""
        return self.level == "trust" or (self.level == "hub" and self.places.named)


def place_results(
    scores: Scores,
    study: Study,
    *,
    level: Level = "school",
    places: SchoolPlaces | None = None,
    names: Mapping[str, str] | None = None,
) -> tuple[PlaceResults, ...]:
    """Make the record of every school, hub or trust in the data, in the order of their names.

    Parameters
    ----------
    scores : Scores
    study : Study
    level : school, hub or trust
    places : in which hub and trust schools are; when left out, as the data say (`school_places`). Give the same for
        every level: what is hidden at one depends on what is shown at the others
    names : what to call schools, by how they are written in the data; when left out, as the list of schools calls them

    Returns
    -------
    tuple of PlaceResults
        Numbers of a place are hidden where fewer of its pupils than the plan's threshold stand behind them, where they
        would help to work out a small school (`place_mask`), and where the programme has fewer schools than
        `methods.fewest_schools_shown`; of a hub whose schools must stay unnamed also where it has fewer than
        `methods.fewest_schools_of_a_hub`.

    Raises
    ------
    DesignError
        The plan or the data know no schools, no hubs or no trusts; or a school is in two hubs.

    Notes
    -----
    The model has schools and their hubs; for trusts' own figures schools and their trusts. A school that is in none is
    a hub of its own. Schools of one hub that may not be shown enter the hub's figure as one, with their pupils and
    their mean together, so that it says no more of them than the hub's plain mean does.
    """
    plan = study.plan
    schools = schools_of(scores, plan)
    found = school_places(scores, plan) if places is None else places
    if level != "school":
        check_known(found, level, plan)
    asked = Asked(level, plan, found, found.names if names is None else names, arms_of(scores, plan), schools)
    outcomes = [of_schools(scores, study, outcome) for outcome in plan.outcomes if outcome.role != "placebo"]
    figures = [_figures(one, asked) for one in outcomes]
    return tuple(
        PlaceResults(
            level=level,
            place=place,
            name=asked.names.get(place, place) if level == "school" else place,
            arm=_common_arm(own, asked.arms),
            figures=tuple(by_place[place] for by_place in figures),
            arms=dict(sorted(Counter(asked.arms.get(school, "") for school in own).items())),
            named=asked.named,
        )
        for place, own in asked.members.items()
    )


def _common_arm(schools: Sequence[str], arms: Mapping[str, str]) -> str:
    """The arm of all of them, else nothing."""
    found = {arms.get(school, "") for school in schools}
    return found.pop() if len(found) == 1 else ""


def _figures(found: OfSchools, asked: Asked) -> dict[str, PlaceFigure]:
    """Place -> its figure."""
    plan, members = asked.plan, asked.members
    blank = PlaceFigure(outcome=found.outcome.id, kind=found.kind)
    if found.problem:
        return {place: replace(blank, reason=found.problem) for place in members}
    sizes = found.frame.groupby("school").size()
    arms = pd.Series({school: asked.arms.get(str(school), "") for school in sizes.index}, dtype="str")
    mask = place_mask(sizes, arms=arms, places=asked.places, threshold=plan.suppression_threshold)
    reasons = {place: _hidden(sizes, place, own, mask, asked) for place, own in members.items()}
    if len(sizes) < _fewest() or all(mask.of["school"]):
        return {place: replace(blank, reason=reason) for place, reason in reasons.items()}
    try:
        schools = _side_by_side(found.frame, asked, level="school", mask=mask)
        own_level = (
            schools if asked.level == "school" else _side_by_side(found.frame, asked, level=asked.level, mask=mask)
        )
    except FitError as error:
        return {place: replace(blank, reason=reason or error.message) for place, reason in reasons.items()}
    shown = [place for place, reason in reasons.items() if not reason]
    dots = own_level.rows.loc[shown if len(shown) >= _fewest() else [], "beside"].sort_values(kind="stable")
    spread = _spread(found)
    return {
        place: replace(
            _figure(found, asked, own_level, place=place, dots=dots) if not reasons[place] else blank,
            reason=reasons[place], spread=spread, **_of_members(found, asked, schools, mask, members[place]),
        )
        for place in members
    }  # fmt: skip


def _fewest() -> int:
    return int(load_standards().methods.fewest_schools_shown.value)


def _hidden(sizes: pd.Series, place: str, schools: Sequence[str], mask: PlaceMask, asked: Asked) -> str:
    """Why a place's numbers are not shown; empty where they are."""
    threshold = asked.plan.suppression_threshold
    own = int(sizes.reindex(list(schools)).fillna(0).sum())
    if own == 0:
        return NOBODY.format(level=asked.level)
    if not mean_is_safe(own, threshold):
        return FEW.format(threshold=threshold)
    if len(sizes) < _fewest():
        return FEW_SCHOOLS.format(fewest=_fewest())
    if asked.level == "hub" and place in mask.private:
        return FEW_OF_HUB.format(fewest=int(load_standards().methods.fewest_schools_of_a_hub.value))
    return LINKED if mask.hides(asked.level, place) else ""


def _side_by_side(frame: pd.DataFrame, asked: Asked, *, level: Level, mask: PlaceMask) -> SideBySide:
    """Schools with their hubs; or hubs, or trusts, of schools. Raises FitError where none can be set beside others."""
    units = frame["school"].astype("str")
    groups = pd.Series(asked.places.of("trust" if level == "trust" else "hub"), dtype="str")
    if level != "school":
        hidden = mask.of["school"].reindex(units).to_numpy() & units.isin(groups.index).to_numpy()
        units = units.where(~hidden, "hidden of " + units.map(groups).fillna(""))
        groups = pd.concat([groups, pd.Series({f"hidden of {one}": one for one in groups.unique()}, dtype="str")])
    results = frame["result"].groupby(units)
    sizes, means = results.size(), results.mean()
    of = groups.reindex(means.index)
    codes, names = pd.factorize(of.where(of.notna(), "alone: " + means.index.to_series()), sort=True)
    shrink = shrink_schools if level == "school" else shrink_hubs
    shrunken = shrink(
        means.to_numpy(), sizes.to_numpy(), conf_level=asked.plan.conf_level,
        within_variance=pooled_variance(frame["result"], frame["school"]),
        hubs=codes if of.notna().any() else np.zeros(len(means), dtype=np.int64),
    )  # fmt: skip
    parts = (
        shrunken.value, shrunken.low, shrunken.high,
        shrunken.deviation, shrunken.deviation_low, shrunken.deviation_high,
    )  # fmt: skip
    index = means.index if level == "school" else pd.Index(names)
    return SideBySide(pd.DataFrame(dict(zip(ROWS, parts, strict=True)), index=index), shrunken.middle)


def _figure(found: OfSchools, asked: Asked, beside: SideBySide, *, place: str, dots: pd.Series) -> PlaceFigure:
    own = found.frame[found.frame["school"].isin(asked.members[place])]
    peers = found.frame
    if found.kind == "level" and own["arm"].nunique() == 1:
        peers = peers[peers["arm"] == own["arm"].iloc[0]]
    value, low, high, *deviation = _row(beside, place).values()
    if found.kind == "level":
        value = low = high = math.nan
    return PlaceFigure(
        outcome=found.outcome.id,
        kind=found.kind,
        n=float(len(own)),
        before=float(own["before"].mean()),
        after=float(own["after"].mean()),
        value=value,
        low=low,
        high=high,
        beside=deviation[0],
        beside_low=deviation[1],
        beside_high=deviation[2],
        schools_before=float(np.mean(peers["before"])),
        schools_after=float(np.mean(peers["after"])),
        average=beside.middle if found.kind == "change" else math.nan,
        others=tuple(map(float, dots.drop(place, errors="ignore"))),
    )


def _row(beside: SideBySide, place: str) -> dict[str, float]:
    """The row of a place."""
    cells = beside.rows.to_numpy()[beside.rows.index.get_loc(place)]
    return dict(zip(ROWS, map(float, cells), strict=True))


def _of_members(
    found: OfSchools, asked: Asked, beside: SideBySide, mask: PlaceMask, schools: Sequence[str]
) -> dict[str, Any]:
    """The schools of a hub or trust as on their own pages; without names only how far they lie, and never a few."""
    if asked.level == "school":
        return {}
    groups = dict(iter(found.frame[found.frame["school"].isin(schools)].groupby("school")))
    shown = [school for school in groups if not mask.hides("school", str(school))]
    counts = {"schools": float(len(groups)), "kept_back": float(len(groups) - len(shown))}
    rows = {str(school): _row(beside, str(school)) for school in shown}
    if not asked.named:
        dots = sorted(row["beside"] for row in rows.values())
        return counts | {"members": tuple(Member("", beside=one) for one in dots) if len(dots) >= _fewest() else ()}
    members = [
        Member(
            name=asked.names.get(school, school),
            n=float(len(groups[school])),
            before=float(groups[school]["before"].mean()),
            after=float(groups[school]["after"].mean()),
            **{name: row[name] for name in ROWS[3:]},
        )
        for school, row in rows.items()
    ]
    return counts | {"members": tuple(sorted(members, key=lambda one: one.name))}


def _spread(found: OfSchools) -> float:
    """The SD of pupils: of kind change that of before and after together, else that of the outcome within arms."""
    if found.kind == "change":
        return math.sqrt(float(found.frame[["before", "after"]].var(ddof=1).mean()))
    return math.sqrt(pooled_variance(found.frame["after"], found.frame["arm"]))
