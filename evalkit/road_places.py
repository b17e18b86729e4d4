"""The way from a release and its results to a report for every school, hub or trust, each in a folder of its own."""

import hashlib
import json
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import evalkit
from evalkit.analysis.place_results import place_results
from evalkit.analysis.school_places import unplaced
from evalkit.analysis.school_pupils import arms_of, schools_of
from evalkit.blocks import stream_blocks
from evalkit.custody.held_pages import held_pages, pupils_told, told_so_far
from evalkit.custody.release import load_release
from evalkit.custody.whole_folder import folder_in_making, remove_folder
from evalkit.errors import EvalkitError, SpecError
from evalkit.records.evaluation import Study, load_evaluation
from evalkit.records.place_manifest import MANIFEST_NAME, PlaceEntry, PlaceManifest, load_place_manifest
from evalkit.records.place_results import Level, PlaceResults
from evalkit.records.published import published_place
from evalkit.records.release import Release
from evalkit.records.results import RESULTS_FILE, Results, load_results
from evalkit.records.school_places import SchoolPlaces
from evalkit.records.scores import Scores
from evalkit.report.execute_parent import CellChild
from evalkit.report.render_place import render_place
from evalkit.report.renderer import RendererName
from evalkit.report.static import Format
from evalkit.road import RELEASE_FOLDER
from evalkit.road_hub_list import places_of
from evalkit.scoring.score import score
from evalkit.trace import save_trace

REPORT_CODE = Path(evalkit.__file__).parent / "report"
FOLDERS: Mapping[Level, str] = {"school": "schools", "hub": "hubs", "trust": "trusts"}
BLOCK = 20  # places that one process for cells serves; it takes about 2 s to start
UNSAFE, PLAIN = re.compile(r"[^A-Za-z0-9]+"), re.compile(r"[A-Za-z0-9-]+")
LONGEST_NAME = 60
LABEL = "Making the reports of {places}"
STALE = (
    "{folder}: these pages were made when schools were in other hubs or trusts. Together with the new ones they may "
    "tell about a small school. Make them again with --all-{places}."
)


@dataclass(frozen=True, slots=True)
class PlaceReports:
    """What came of it.

    Attributes
    ----------
    level : school, hub or trust
    folder : where the places' folders are
    made, kept : places whose reports were made; and whose reports stood there already and are still right
    failed : place -> why
    told : sentences for the person who makes them: schools in no hub, pages that no longer go with these
    held : places whose earlier reports stand, because so few pupils joined or left that both together would tell
    """

    level: Level
    folder: Path
    made: tuple[str, ...]
    kept: tuple[str, ...]
    failed: Mapping[str, str]
    told: tuple[str, ...] = ()
    held: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Block:
    """Places that one worker makes reports for, with all it needs."""

    places: tuple[PlaceResults, ...]
    results: Results
    formats: tuple[Format, ...]
    renderer: RendererName


@dataclass(frozen=True, slots=True)
class Made:
    """A place's files, or why there are none."""

    place: str
    files: Mapping[str, bytes]
    failure: str = ""


def report_places(
    place: str | Path,
    *,
    level: Level = "school",
    evaluation: str | Path | None = None,
    listed: str | Path | None = None,
    to: str | Path | None = None,
    formats: Sequence[Format] = ("html", "pdf"),
    workers: int = 1,
    renderer: RendererName = "auto",
) -> PlaceReports:
    """Make a page for every school, hub or trust of an evaluation that was run; for schools a letter too.

    Parameters
    ----------
    place : the folder with `results.json` and `release/`, as `evalkit run` leaves it
    level : school, hub or trust
    evaluation : the folder with `evaluation.yaml`, where that is another
    listed : the list of schools by hub and trust; when left out the one that the plan names (data: hubs: path:)
    to : where the places' folders go; `schools`, `hubs` or `trusts` in `place` when left out
    formats, renderer : as `render_all`
    workers : processes by joblib (its active backend, Dask too); -1 for one per core

    Returns
    -------
    PlaceReports
        A place whose reports cannot be made is listed there and stops nobody. What did not change since the last time
        is not made again.

    Raises
    ------
    SpecError
        No results, or results of another release or plan.
    UploadError
        The list of schools cannot be read, or a school stands on it in two hubs or trusts.
    DesignError
        The plan or the data know no schools, no hubs or no trusts.
    """
    ran = load_run(place, evaluation=evaluation)
    return make_place_reports(
        ran.release, ran.study, ran.results, level=level, listed=listed,
        to=Path(to) if to else Path(place) / FOLDERS[level], formats=formats, workers=workers, renderer=renderer,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ran:
    """An evaluation that was run: its plan, its results and the release that they were made from."""

    study: Study
    results: Results
    release: Release


def load_run(place: str | Path, *, evaluation: str | Path | None = None) -> Ran:
    """Read what `evalkit run` left. Raises SpecError where it is not there or does not belong together."""
    folder = Path(place)
    study = load_evaluation(evaluation or folder)
    results = load_results(folder / RESULTS_FILE)
    release = _release(folder, study)
    if results.provenance.release_sha256 != release.sha256 or results.plan != study.plan:
        what = "plan" if results.plan != study.plan else "release"
        raise SpecError(f"{folder}: {RESULTS_FILE} was made from another {what}. Run 'evalkit run FOLDER' again.")
    return Ran(study, results, release)


def make_place_reports(
    release: Release,
    study: Study,
    results: Results,
    *,
    level: Level = "school",
    listed: str | Path | None = None,
    to: Path,
    formats: Sequence[Format],
    names: Mapping[str, str] | None = None,
    workers: int = 1,
    renderer: RendererName = "auto",
) -> PlaceReports:
    """Make the reports of every place in a release; `names` says what to call schools. As `report_places`."""
    scores = score(release, study)
    schools = schools_of(scores, study.plan)
    places = places_of(scores, study, listed)
    records = place_results(scores, study, level=level, places=places, names=names)
    found = write_reports(
        records, results, to=to, formats=formats, workers=workers, renderer=renderer, known=places
    )  # fmt: skip
    told = [] if level == "school" else [unplaced(places, level, _in_the_programme(schools, scores, study))]
    told += _stale(to, level, places)
    return replace(found, told=tuple(one for one in told if one))


def _in_the_programme(schools: Sequence[str], scores: Scores, study: Study) -> list[str]:
    """Schools of which a hub is expected: not those of a comparison group."""
    plan = study.plan
    arms = arms_of(scores, plan)
    return [one for one in schools if not plan.has_groups or arms.get(one, "") != plan.control.id]


def _stale(to: Path, level: Level, places: SchoolPlaces) -> list[str]:
    """Sentences about the pages of other levels beside these that were made with schools in other hubs or trusts."""
    told: list[str] = []
    for other, name in FOLDERS.items():
        folder = to.parent / name
        if other == level or to.name != FOLDERS[level] or not (folder / MANIFEST_NAME).is_file():
            continue
        before = load_place_manifest(folder, level=other)
        if before is not None and before.places_sha256 != _hash_of(places):
            told.append(STALE.format(folder=folder, places=name))
    return told


def _hash_of(places: SchoolPlaces) -> str:
    content = [sorted(places.hubs.items()), sorted(places.trusts.items()), places.named]
    return _hash(json.dumps(content).encode())


def write_reports(
    places: Sequence[PlaceResults],
    results: Results,
    *,
    to: Path,
    formats: Sequence[Format],
    workers: int = 1,
    renderer: RendererName = "auto",
    known: SchoolPlaces | None = None,
) -> PlaceReports:
    """Make and keep the reports of these places, all of one level; `known`: where schools are. As `report_places`."""
    level: Level = places[0].level if places else "school"
    to.mkdir(parents=True, exist_ok=True)
    folders = folder_names([one.place for one in places])
    keys = _keys(places, results, formats, renderer)
    before = load_place_manifest(to, level=level)
    earlier = before.places if before else {}
    kept = _standing(to, folders, keys, earlier)
    pupils = {one.place: pupils_told(published_place(one, results.plan.disclosure_profile)) for one in places}
    changed = {place: numbers for place, numbers in pupils.items() if place not in kept}
    held = held_pages(earlier, changed, threshold=results.plan.suppression_threshold)
    todo = [one for one in places if one.place not in {*kept, *held}]
    again = {one.place: replace(earlier[one.place], made_from="") for one in todo if one.place in earlier}
    manifest = PlaceManifest(
        level=level,
        plan_sha256=results.provenance.plan_sha256,
        release_sha256=results.provenance.release_sha256,
        results_sha256=_hash(results.to_json().encode()),
        places_sha256=_hash_of(known or SchoolPlaces()),
        evalkit=evalkit.__version__,
        places={**again, **kept, **held},  # a kill must not forget what earlier pages told
    )
    manifest.write(to)
    blocks = _blocks(todo, results, formats, renderer)
    for block in stream_blocks(make_block, blocks, workers=workers, label=LABEL.format(places=FOLDERS[level])):
        entries = {
            made.place: replace(
                _kept(made, to / folders[made.place], keys[made.place]),
                told=told_so_far(earlier.get(made.place), {} if made.failure else pupils[made.place]),
            )
            for made in block
        }
        manifest = replace(manifest, places={**manifest.places, **entries})
        manifest.write(to)
    failed = {place: entry.failure for place, entry in manifest.places.items() if entry.failure}
    done = tuple(one.place for one in todo if one.place not in failed)
    return PlaceReports(level, to, done, tuple(kept), failed, held=tuple(held))


def _standing(
    to: Path, folders: Mapping[str, str], keys: Mapping[str, str], entries: Mapping[str, PlaceEntry]
) -> dict[str, PlaceEntry]:
    """Places whose reports are still right; the folders of places that are no longer in the data are deleted."""
    for entry in entries.values():
        if entry.folder not in folders.values() and PLAIN.fullmatch(entry.folder):
            remove_folder(to / entry.folder)
    return {
        place: entries[place]
        for place, folder in folders.items()
        if place in entries and _stands(entries[place], keys[place], to / folder)
    }


def make_block(block: Block) -> list[Made]:
    """Make the reports of some places in one process for cells; in any process, and without a shared disk."""
    with CellChild() as child:
        return [_made(place, block, child) for place in block.places]


def _made(place: PlaceResults, block: Block, child: CellChild) -> Made:
    try:
        with tempfile.TemporaryDirectory(prefix="evalkit-place-") as name:
            files = render_place(
                place, block.results, folder=Path(name), formats=block.formats, renderer=block.renderer, child=child
            )
            return Made(place.place, {file.name: file.read_bytes() for file in files})
    except EvalkitError as error:
        return Made(place.place, {}, str(error))
    except Exception as error:  # the boundary of the batch: one place's failure stops nobody
        code, _ = save_trace(error)
        return Made(place.place, {}, f"Something went wrong inside evalkit (code {code}).")


def _blocks(
    places: Sequence[PlaceResults], results: Results, formats: Sequence[Format], renderer: RendererName
) -> list[Block]:
    return [
        Block(tuple(places[at : at + BLOCK]), results, tuple(formats), renderer) for at in range(0, len(places), BLOCK)
    ]


def folder_names(places: Sequence[str]) -> dict[str, str]:
    """Place -> the name of its folder: a URN as it is, other names in plain letters; never two alike.

    Examples
    --------
    >>> folder_names(["123456", "St Mary's / North"])
    {'123456': '123456', "St Mary's / North": 'St-Mary-s-North'}
    """
    plain = {place: UNSAFE.sub("-", place).strip("-")[:LONGEST_NAME] or "place" for place in places}
    often = Counter(name.casefold() for name in plain.values())
    return {
        place: name if often[name.casefold()] == 1 else f"{name}-{_hash(place.encode())[:8]}"
        for place, name in plain.items()
    }


def _keys(
    places: Sequence[PlaceResults], results: Results, formats: Sequence[Format], renderer: RendererName
) -> dict[str, str]:
    """Place -> a hash of everything its reports depend on: its record, the programme's, the code, the choices."""
    shared = [results.to_json(), _report_code(), evalkit.__version__, renderer, *sorted(set(formats))]
    common = _hash("\n".join(shared).encode())
    return {one.place: _hash(f"{common}\n{one.to_json()}".encode()) for one in places}


def _report_code() -> str:
    """A hash of the templates, the theme and the words."""
    found = hashlib.sha256()
    for path in sorted(REPORT_CODE.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            found.update(path.relative_to(REPORT_CODE).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def _stands(entry: PlaceEntry, key: str, folder: Path) -> bool:
    """Whether a place's reports are there, whole, and made from the same."""
    if entry.failure or entry.made_from != key or entry.folder != folder.name:
        return False
    return all(
        (folder / name).is_file() and _hash((folder / name).read_bytes()) == sha256
        for name, sha256 in entry.files.items()
    )


def _kept(made: Made, folder: Path, key: str) -> PlaceEntry:
    """Put a place's files into its folder, all or none; a failure takes away what no longer holds."""
    if made.failure:
        remove_folder(folder)
        return PlaceEntry(folder.name, failure=made.failure)
    with folder_in_making(folder) as fresh:
        for name, data in made.files.items():
            (fresh / name).write_bytes(data)
    return PlaceEntry(folder.name, key, {name: _hash(data) for name, data in made.files.items()})


def _release(folder: Path, study: Study) -> Release:
    named = study.plan.data.release if study.plan.data else None
    kept = folder / RELEASE_FOLDER
    if not kept.is_dir() and named:
        kept = study.folder / named
    if not kept.is_dir():
        raise SpecError(f"{kept}: there is no data release here. Run 'evalkit run FOLDER' first; it keeps one.")
    return load_release(kept)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
