"""The way from a release and its results to a report for every school, each in a folder of its own."""

import hashlib
import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import evalkit
from evalkit.analysis.school_results import school_results
from evalkit.blocks import stream_blocks
from evalkit.custody.release import load_release
from evalkit.custody.whole_folder import folder_in_making, remove_folder
from evalkit.errors import EvalkitError, SpecError
from evalkit.records.evaluation import Study, load_evaluation
from evalkit.records.release import Release
from evalkit.records.results import RESULTS_FILE, Results, load_results
from evalkit.records.school_manifest import SchoolEntry, SchoolManifest, load_school_manifest
from evalkit.records.school_results import SchoolResults
from evalkit.report.execute_parent import CellChild
from evalkit.report.render_school import render_school
from evalkit.report.renderer import RendererName
from evalkit.report.static import Format
from evalkit.road import RELEASE_FOLDER
from evalkit.scoring.score import score
from evalkit.trace import save_trace

REPORT_CODE = Path(evalkit.__file__).parent / "report"
SCHOOLS_FOLDER = "schools"
BLOCK = 20  # schools that one process for cells serves; it takes about 2 s to start
UNSAFE, PLAIN = re.compile(r"[^A-Za-z0-9]+"), re.compile(r"[A-Za-z0-9-]+")
LONGEST_NAME = 60
LABEL = "Making the schools' reports"


@dataclass(frozen=True, slots=True)
class SchoolReports:
    """What came of it.

    Attributes
    ----------
    folder : where the schools' folders are
    made, kept : schools whose reports were made; and whose reports stood there already and are still right
    failed : school -> why
    """

    folder: Path
    made: tuple[str, ...]
    kept: tuple[str, ...]
    failed: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Block:
    """Schools that one worker makes, with all it needs."""

    schools: tuple[SchoolResults, ...]
    results: Results
    formats: tuple[Format, ...]
    renderer: RendererName


@dataclass(frozen=True, slots=True)
class Made:
    """A school's files, or why there are none."""

    school: str
    files: Mapping[str, bytes]
    failure: str = ""


def report_schools(
    place: str | Path,
    *,
    evaluation: str | Path | None = None,
    to: str | Path | None = None,
    formats: Sequence[Format] = ("html", "pdf"),
    workers: int = 1,
    renderer: RendererName = "auto",
) -> SchoolReports:
    """Make a page and a letter for every school of an evaluation that was run.

    Parameters
    ----------
    place : the folder with `results.json` and `release/`, as `evalkit run` leaves it
    evaluation : the folder with `evaluation.yaml`, where that is another
    to : where the schools' folders go; `schools` in `place` when left out
    formats, renderer : as `render_all`
    workers : processes by joblib (its active backend, Dask too); -1 for one per core

    Returns
    -------
    SchoolReports
        A school whose reports cannot be made is listed there and stops nobody. What did not change since the last time
        is not made again.

    Raises
    ------
    SpecError
        No results, or results of another release or plan.
    DesignError
        The plan or the data know no schools.
    """
    folder = Path(place)
    study = load_evaluation(evaluation or folder)
    results = load_results(folder / RESULTS_FILE)
    release = _release(folder, study)
    if results.provenance.release_sha256 != release.sha256 or results.plan != study.plan:
        what = "plan" if results.plan != study.plan else "release"
        raise SpecError(f"{folder}: {RESULTS_FILE} was made from another {what}. Run 'evalkit run FOLDER' again.")
    return make_school_reports(
        release, study, results, to=Path(to) if to else folder / SCHOOLS_FOLDER, formats=formats, workers=workers,
        renderer=renderer,
    )  # fmt: skip


def make_school_reports(
    release: Release,
    study: Study,
    results: Results,
    *,
    to: Path,
    formats: Sequence[Format],
    names: Mapping[str, str] | None = None,
    workers: int = 1,
    renderer: RendererName = "auto",
) -> SchoolReports:
    """Make the reports of every school in a release; `names` says what to call schools. As `report_schools`."""
    schools = school_results(score(release, study), study, names=names)
    return write_reports(schools, results, to=to, formats=formats, workers=workers, renderer=renderer)


def write_reports(
    schools: Sequence[SchoolResults],
    results: Results,
    *,
    to: Path,
    formats: Sequence[Format],
    workers: int = 1,
    renderer: RendererName = "auto",
) -> SchoolReports:
    """Make and keep the reports of these schools. As `report_schools`."""
    to.mkdir(parents=True, exist_ok=True)
    folders = folder_names([one.school for one in schools])
    keys = _keys(schools, results, formats, renderer)
    kept = _standing(to, folders, keys)
    todo = [one for one in schools if one.school not in kept]
    manifest = SchoolManifest(
        plan_sha256=results.provenance.plan_sha256,
        release_sha256=results.provenance.release_sha256,
        results_sha256=_hash(results.to_json().encode()),
        evalkit=evalkit.__version__,
        schools=kept,
    )
    manifest.write(to)
    blocks = _blocks(todo, results, formats, renderer)
    for block in stream_blocks(make_block, blocks, workers=workers, label=LABEL):
        entries = {made.school: _kept(made, to / folders[made.school], keys[made.school]) for made in block}
        manifest = replace(manifest, schools={**manifest.schools, **entries})
        manifest.write(to)
    failed = {school: entry.failure for school, entry in manifest.schools.items() if entry.failure}
    done = tuple(one.school for one in todo if one.school not in failed)
    return SchoolReports(to, done, tuple(kept), failed)


def _standing(to: Path, folders: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, SchoolEntry]:
    """Schools whose reports are still right; the folders of schools that are no longer in the data are deleted."""
    before = load_school_manifest(to)
    entries = before.schools if before else {}
    for entry in entries.values():
        if entry.folder not in folders.values() and PLAIN.fullmatch(entry.folder):
            remove_folder(to / entry.folder)
    return {
        school: entries[school]
        for school, folder in folders.items()
        if school in entries and _stands(entries[school], keys[school], to / folder)
    }


def make_block(block: Block) -> list[Made]:
    """Make the reports of some schools in one process for cells; in any process, and without a shared disk."""
    with CellChild() as child:
        return [_made(school, block, child) for school in block.schools]


def _made(school: SchoolResults, block: Block, child: CellChild) -> Made:
    try:
        with tempfile.TemporaryDirectory(prefix="evalkit-school-") as name:
            files = render_school(
                school, block.results, folder=Path(name), formats=block.formats, renderer=block.renderer, child=child
            )
            return Made(school.school, {file.name: file.read_bytes() for file in files})
    except EvalkitError as error:
        return Made(school.school, {}, str(error))
    except Exception as error:  # the boundary of the batch: one school's failure stops nobody
        code, _ = save_trace(error)
        return Made(school.school, {}, f"Something went wrong inside evalkit (code {code}).")


def _blocks(
    schools: Sequence[SchoolResults], results: Results, formats: Sequence[Format], renderer: RendererName
) -> list[Block]:
    return [
        Block(tuple(schools[at : at + BLOCK]), results, tuple(formats), renderer)
        for at in range(0, len(schools), BLOCK)
    ]


def folder_names(schools: Sequence[str]) -> dict[str, str]:
    """School -> the name of its folder: a URN as it is, other names in plain letters; never two alike.

    Examples
    --------
    >>> folder_names(["123456", "St Mary's / North"])
    {'123456': '123456', "St Mary's / North": 'St-Mary-s-North'}
    """
    plain = {school: UNSAFE.sub("-", school).strip("-")[:LONGEST_NAME] or "school" for school in schools}
    lower = [name.casefold() for name in plain.values()]
    return {
        school: name if lower.count(name.casefold()) == 1 else f"{name}-{_hash(school.encode())[:8]}"
        for school, name in plain.items()
    }


def _keys(
    schools: Sequence[SchoolResults], results: Results, formats: Sequence[Format], renderer: RendererName
) -> dict[str, str]:
    """School -> a hash of everything its reports depend on: its record, the programme's, the code, the choices."""
    shared = [results.to_json(), _report_code(), evalkit.__version__, renderer, *sorted(set(formats))]
    common = _hash("\n".join(shared).encode())
    return {one.school: _hash(f"{common}\n{one.to_json()}".encode()) for one in schools}


def _report_code() -> str:
    """A hash of the templates, the theme and the words."""
    found = hashlib.sha256()
    for path in sorted(REPORT_CODE.rglob("*")):
        if path.is_file() and path.suffix != ".pyc":
            found.update(path.relative_to(REPORT_CODE).as_posix().encode() + b"\0" + path.read_bytes())
    return found.hexdigest()


def _stands(entry: SchoolEntry, key: str, folder: Path) -> bool:
    """Whether a school's reports are there, whole, and made from the same."""
    if entry.failure or entry.made_from != key or entry.folder != folder.name:
        return False
    return all(
        (folder / name).is_file() and _hash((folder / name).read_bytes()) == sha256
        for name, sha256 in entry.files.items()
    )


def _kept(made: Made, folder: Path, key: str) -> SchoolEntry:
    """Put a school's files into its folder, all or none; a failure takes away what no longer holds."""
    if made.failure:
        remove_folder(folder)
        return SchoolEntry(folder.name, failure=made.failure)
    with folder_in_making(folder) as fresh:
        for name, data in made.files.items():
            (fresh / name).write_bytes(data)
    return SchoolEntry(folder.name, key, {name: _hash(data) for name, data in made.files.items()})


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
