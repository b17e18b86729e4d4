"""The way from the folders of several programmes to one hub's or trust's own figures beside them."""

import difflib
from collections.abc import Sequence
from pathlib import Path

from evalkit.analysis.place_results import place_results
from evalkit.analysis.school_pupils import knows_schools
from evalkit.errors import DesignError
from evalkit.portfolio.compare import compare
from evalkit.portfolio.own_figures import NO_PART, with_own_figures
from evalkit.records.place_results import Level, PlaceResults
from evalkit.records.portfolio import Portfolio
from evalkit.records.results import RESULTS_FILE, load_results
from evalkit.road_hub_list import places_of
from evalkit.road_places import load_run
from evalkit.scoring.score import score

NO_SCHOOLS = "This evaluation does not know its pupils by school."


def compare_for(
    programmes: Sequence[str | Path], *, level: Level, place: str, listed: str | Path | None = None
) -> Portfolio:
    """Lay programmes side by side, with one hub's or trust's own figures in each.

    Parameters
    ----------
    programmes : folders of evaluations that were run, each with plan, results and release
    level, place : hub or trust, and its name; capitals and blanks do not matter
    listed : the list of schools by hub and trust; when left out the one that each plan names, or the plan's own column

    Raises
    ------
    DesignError
        As `compare`; or no programme has a school in a place of that name.
    SpecError, UploadError
        As `report_places`.
    """
    folders = [path if path.is_dir() else path.parent for path in map(Path, programmes)]
    portfolio = compare([load_results(folder / RESULTS_FILE) for folder in folders])
    found: dict[str, PlaceResults | str] = {}
    names: set[str] = set()
    spelled = place
    for folder, results in zip(folders, portfolio.results, strict=True):
        plan = results.plan
        found[plan.id] = NO_SCHOOLS
        if not knows_schools(plan):
            continue
        ran = load_run(folder)
        scores = score(ran.release, ran.study)
        if "school" not in scores.roster.columns:
            continue
        places = places_of(scores, ran.study, listed)
        names |= set(places.of(level).values())
        own = next((one for one in places.of(level).values() if _key(one) == _key(place)), None)
        found[plan.id] = NO_PART
        if own is not None:
            spelled = own
            records = place_results(scores, ran.study, level=level, places=places)
            found[plan.id] = next(one for one in records if one.place == own)
    if all(isinstance(one, str) for one in found.values()):
        close = difflib.get_close_matches(place, sorted(names), n=1)
        meant = f" Is {close[0]} meant?" if close else ""
        raise DesignError(f"No school of these programmes is in a {level} called {place}.{meant}")
    return with_own_figures(portfolio, level=level, place=spelled, found=found)


def _key(name: str) -> str:
    return " ".join(name.casefold().split())
