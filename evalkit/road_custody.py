"""The road back: where an evaluation holds a pupil, a school or a programme, and how that is shown, erased or deleted.

Like `road`, it is a place where flows meet: `intake` knows whose row of a file it is, `custody` keeps releases, keys
and the audit log. Nothing is changed unless a step is carried out; each step leaves the old state or the new one.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from evalkit.custody.audit import AUDIT_FILE, Action, audit
from evalkit.custody.codes import LEDGER_FILE
from evalkit.custody.erase_mapping import decisions_about, erase_from_mapping
from evalkit.custody.erase_release import erase_from_release, pupils_in_release
from evalkit.custody.keys import KeyRing, destroy_key, read_keys
from evalkit.custody.previous import previous_of
from evalkit.custody.pseudonyms import pseudonym
from evalkit.custody.release import load_release
from evalkit.custody.whole_folder import bring_back, remove_folder
from evalkit.errors import SpecError, UploadError
from evalkit.intake.check import mapping_file
from evalkit.intake.large_rows import leave_out
from evalkit.intake.pupil_rows import FileRow, FileRows, rows_of_pupils, without_rows
from evalkit.intake.read import read_file
from evalkit.records.evaluation import EVALUATION_FILE, Study
from evalkit.records.evaluation_parts import DataFile
from evalkit.records.holding import Holding, HoldingKind
from evalkit.records.mapping import load_mapping
from evalkit.records.place_manifest import holds_place_pages
from evalkit.records.release import MANIFEST_FILE, Release
from evalkit.records.trial_notes import key_of
from evalkit.records.whole_file import file_in_making, write_whole

SPREADSHEETS = (".csv", ".tsv", ".txt", ".xlsx", ".ods")
TEXTS = (*SPREADSHEETS[:3], ".json", ".jsonl", ".yaml", ".yml", ".html", ".md", ".qmd", ".ipynb")
REMAINS = (".new", ".old", ".waste")
NOT_DATA = (EVALUATION_FILE, AUDIT_FILE, "wording.yaml")
_SHORTEST = 4


@dataclass(frozen=True, slots=True)
class Step:
    """What is done about one holding; `do` is None where nothing is."""

    holding: Holding
    do: Callable[[], object] | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """Whom the rows looked for belong to.

    Attributes
    ----------
    pupils : codes, as keys (`casefold`)
    school : the school's key; empty when single pupils are looked for
    """

    pupils: frozenset[str]
    school: str = ""

    def owns(self, row: FileRow) -> bool:
        """Whether a row of a survey file is theirs."""
        if self.school and row.school:
            return key_of(row.school) == self.school
        return row.code.casefold() in self.pupils

    def named(self, row: FileRow) -> bool:
        """Whether a row of a sheet without answers holds one of their codes; short codes stand everywhere."""
        keys = {cell.strip().casefold() for cell in row.cells}
        return any(len(code) >= _SHORTEST and code in keys for code in self.pupils)

    def quoted_in(self, texts: Iterable[str]) -> bool:
        """Whether one of their codes stands within a text; short codes stand everywhere."""
        codes = [re.escape(code) for code in self.pupils if len(code) >= _SHORTEST]
        pattern = re.compile(rf"(?<![\w-])(?:{'|'.join(codes)})(?![\w-])", re.IGNORECASE)
        return bool(codes) and any(pattern.search(text) for text in texts)

    def rows(self, found: FileRows) -> list[FileRow]:
        """Their rows of a file."""
        return [*filter(self.owns, found.rows), *filter(self.named, found.others)]


@dataclass(frozen=True, slots=True)
class SurveyFile:
    """A survey file of the plan, or another spreadsheet with pupils that lies in the evaluation's folder."""

    path: Path
    found: FileRows
    mapping: Path | None = None


@dataclass(slots=True)
class Places:
    """Where an evaluation's data are, and decisions about them; `unread` are spreadsheets that cannot be read."""

    files: list[SurveyFile] = field(default_factory=list)
    releases: list[Path] = field(default_factory=list)
    unread: list[Path] = field(default_factory=list)
    mappings: list[Path] = field(default_factory=list)


def steps_for_pupil(
    study: Study, code: str, *, own: Path | None = None, school: str = "", also: Collection[str] = ()
) -> list[Step]:
    """What erasing one pupil takes, holding by holding.

    Parameters
    ----------
    study : the evaluation with its instruments
    code : the pupil's code, as the files have it
    own : where schools gave the codes themselves, the folder of the files of the pupil's school: others are left alone
    school : that school's URN; in releases that say whose school a pupil is, others are left alone
    also : what a release calls the pupil where it had to tell equal codes of two schools apart

    Raises
    ------
    SpecError
        Nothing is held about this pupil.
    """
    places = find_places(study, own=own)
    wanted = Wanted(frozenset({code.casefold()}))
    steps = [*_row_steps(places, wanted), *_release_steps(places, names_of(study, [code, *also]), school=school)]
    steps += [*remains(study), *_leftovers(study, places, code)]
    if not steps:
        raise SpecError(
            f"{study.folder}: nothing is held about this pupil. Check the code; capitals make no difference."
        )
    return [*steps, *_kept(study)]


def steps_for_school(study: Study, school: str, *, own: Path | None = None) -> list[Step]:
    """What erasing the pupils of one school takes. Raises SpecError when no row is of that school.

    `own` : a folder of files that this school sent, whatever they say of schools; where it is given no other file is
    looked at, and a release may call pupils by the URN and the code
    """
    places = find_places(study, own=own)
    key = key_of(school)
    rows = [row for one in places.files for row in one.found.rows if own is not None or key_of(row.school) == key]
    codes = {row.code for row in rows if row.code}
    names = set(names_of(study, codes | ({f"{school}-{code}" for code in codes} if own is not None else set())))
    for place in places.releases:
        roster = load_release(place).roster
        if "school" in roster:
            names |= set(roster.loc[roster["school"].astype("str").map(key_of) == key, "pupil"].astype("str"))
    steps = [
        *_row_steps(places, Wanted(frozenset(code.casefold() for code in codes), key)),
        *_release_steps(places, sorted(names), school=school if own is not None else ""),
    ]
    if not steps:
        raise SpecError(f"{study.folder}: no row is of the school '{school}'. Write it as the files do, by its URN.")
    return [*steps, *remains(study), *_kept(study)]


def steps_for_programme(study: Study) -> list[Step]:
    """What erasing all pupils' data of an evaluation takes: files, releases, codes, keys. Plan and results stay."""
    places = find_places(study)
    files = {one.path for one in places.files} | set(places.unread)
    data = study.plan.data
    files |= {study.folder / data.schools.path} if data and data.schools else set()
    steps = [deletion("survey file", path) for path in sorted(files) if path.exists()]
    steps += [deletion("mapping", path) for path in mapping_files(study)]
    steps += [deletion("release", place) for place in places.releases]
    steps += [deletion("codes", path) for path in [study.folder / LEDGER_FILE] if path.exists()]
    return [*steps, *remains(study), *key_steps(study), *_kept(study)]


def remains(study: Study) -> list[Step]:
    """The deletion of what a crash left half done; it may hold pupils' data."""
    hidden = sorted(study.folder.rglob(".*"))
    found = [one for one in hidden if one.suffix == ".part" or (one.suffix in REMAINS and one.is_dir())]
    return [deletion("leftover", one) for one in found if not any(parent in found for parent in one.parents)]


def carry_out(
    study: Study, steps: Sequence[Step], *, action: Action, target: str = "", reason: str, who: str | None = None
) -> None:
    """Do every step, and write into the audit log that it was begun and that it was done."""
    counts: dict[str, int] = {}
    for step in steps:
        if step.do is not None:
            counts[step.holding.kind] = counts.get(step.holding.kind, 0) + step.holding.count
    audit(study.folder, "erasure_begun", target=target, counts=counts, reason=reason, who=who)
    for step in steps:
        if step.do is not None:
            step.do()
    audit(study.folder, action, target=target, counts=counts, reason=reason, who=who)


def find_places(study: Study, *, own: Path | None = None) -> Places:
    """Every survey file and release in the evaluation's folder or named by its plan.

    `own` : only survey files in this folder; releases all the same
    """
    for old in study.folder.rglob(".*.old"):
        bring_back(old.with_name(old.name[1:].removesuffix(".old")))
    places = Places(releases=_releases(study), mappings=mapping_files(study))
    named = list(study.plan.data.files) if study.plan.data else []
    for file in named:
        _look_into(places, study, file)
    known = {(study.folder / file.path).resolve() for file in named}
    for path in _files(study, places, SPREADSHEETS):
        if path.resolve() not in known:
            _look_into(places, study, DataFile(path=str(path.relative_to(study.folder))), named=False)
    if own is not None:
        places.files = [one for one in places.files if one.path.is_relative_to(own)]
        places.unread = [path for path in places.unread if path.is_relative_to(own)]
    return places


def mapping_files(study: Study) -> list[Path]:
    """The mapping files that the plan names, and those in `mappings/`."""
    named = [study.folder / file.mapping for file in (study.plan.data.files if study.plan.data else ()) if file.mapping]
    found = sorted((study.folder / "mappings").glob("*.yaml"))
    return [path for path in dict.fromkeys([*named, *found]) if path.is_file()]


def key_steps(study: Study) -> list[Step]:
    """The destruction of every key of this programme."""
    ring = _keys(study)
    return [
        Step(
            Holding("key", ring.folder, 1, "destroy", f"version {key.version}"), partial(destroy_key, ring, key.version)
        )
        for key in ring.keys
    ]


def _keys(study: Study) -> KeyRing:
    return read_keys(study.plan.id, data=study.folder)


def names_of(study: Study, codes: Collection[str]) -> list[str]:
    """The codes, and the pseudonyms that every key of the programme makes of them."""
    return [*codes, *(pseudonym(code, key) for key in _keys(study).keys for code in codes)]


def _look_into(places: Places, study: Study, file: DataFile, *, named: bool = True) -> None:
    path = study.folder / file.path
    mapping = study.folder / file.mapping if file.mapping else None
    if not path.is_file():
        return
    try:
        found = rows_of_pupils(path, study, sheet=file.sheet, mapping=load_mapping(mapping) if mapping else None)
    except UploadError:
        if named:
            places.unread.append(path)
        return
    kept = mapping_file(study, found.form)
    places.files.append(SurveyFile(path, found, mapping or (kept if kept.is_file() else None)))


def _row_steps(places: Places, wanted: Wanted) -> Iterator[Step]:
    """Rows of survey files, then the decisions about them."""
    mappings: dict[Path, dict[int, tuple[str, ...]]] = {path: {} for path in places.mappings}
    for one in places.files:
        mine = wanted.rows(one.found)
        known = mappings.setdefault(one.mapping, {}) if one.mapping else {}
        for row in mine:
            known[row.number] = (*known.get(row.number, ()), *row.cells)
        quoted, is_text = wanted.quoted_in(one.found.said), "" in one.found.own
        if mine or (quoted and not is_text):
            yield _row_step(one, mine)
        if quoted and is_text:
            note = "evalkit's remarks in its column Errors may name the code too: delete that column"
            yield Step(Holding("survey file", one.path, 0, "by_hand", note))
    for path, rows in mappings.items():
        count = decisions_about(path, wanted.pupils, rows)
        if count:
            yield Step(Holding("mapping", path, count, "erase"), partial(erase_from_mapping, path, wanted.pupils, rows))
    for path in places.unread:
        yield Step(Holding("survey file", path, 0, "by_hand", "it cannot be read: look into it yourself, or delete it"))


def _row_step(one: SurveyFile, mine: Sequence[FileRow]) -> Step:
    """What is done about a file that holds some rows of theirs."""
    numbers = tuple(sorted({row.number for row in mine}))
    holding = Holding("survey file", one.path, len(mine), "erase", rows=numbers)
    if len(mine) == len(one.found.rows) + len(one.found.others):
        note = "all its rows; take it out of the plan"
        return Step(replace(holding, action="delete", note=note), partial(one.path.unlink, missing_ok=True))
    if one.found.choose is not None:
        return Step(holding, partial(_leave_out, one, numbers))
    blanked = without_rows(one.path.read_bytes(), one.found, {(row.sheet, row.number) for row in mine})
    if blanked is None:
        note = "evalkit cannot write this file: delete what stands in these rows yourself, or delete the file"
        return Step(replace(holding, action="by_hand", note=note))
    if not mine:
        holding = replace(holding, count=1, note="evalkit's own remarks in this marked file name the code; they go")
    elif one.path.suffix.lower() not in SPREADSHEETS[:3]:
        holding = replace(holding, note="the workbook is written anew: values stay, formulas and formats do not")
    return Step(holding, partial(write_whole, one.path, blanked))


def _leave_out(one: SurveyFile, numbers: Collection[int]) -> None:
    """Blank rows of a file too large to be held at once."""
    assert one.found.choose is not None
    rows = frozenset(numbers)
    with file_in_making(one.path) as (target, place):
        if not leave_out(one.path, target, place, rows=rows, choose=one.found.choose):
            raise SpecError(
                f"{one.path}: evalkit cannot leave these rows out of this file. Delete what stands in them yourself, "
                "or delete the file."
            )


def _release_steps(places: Places, names: Collection[str], *, school: str = "") -> Iterator[Step]:
    for place in places.releases:
        release = load_release(place)
        found = pupils_in_release(release, names_at(release, names, school))
        if found.rows and len(found.pupils) == len(release.roster):
            yield deletion("release", place)
        elif found.rows:
            do = partial(erase_from_release, place, found.pupils)
            yield Step(Holding("release", place, found.rows, "erase"), do)


def names_at(release: Release, names: Collection[str], school: str) -> Collection[str]:
    """Those of the names that a release has for pupils of a school; all, where it does not say whose pupils are."""
    if not school or "school" not in release.roster:
        return names
    at = release.roster.loc[release.roster["school"].astype("str").map(key_of) == key_of(school), "pupil"]
    mine, keys = {str(one).casefold() for one in at}, {one.casefold() for one in names}
    return mine & keys


def _leftovers(study: Study, places: Places, code: str) -> Iterator[Step]:
    """Other files in which the code stands; short codes are not looked for, because they stand everywhere."""
    if len(code) < _SHORTEST:
        return
    pattern = re.compile(rf"(?<![\w-]){re.escape(code)}(?![\w-])", re.IGNORECASE)
    handled = {one.path.resolve() for one in places.files} | {path.resolve() for path in mapping_files(study)}
    for path in _files(study, places, (*TEXTS, *SPREADSHEETS[3:])):
        if path.resolve() in handled:
            continue
        count = len(pattern.findall(_text_of(path)))
        if count:
            note = "the code stands here too; look, and take it out if it should go"
            if path.name == LEDGER_FILE:
                note = "that the code was issued to a class; the class list in school says to whom"
            elif path.name.startswith(("certificate-", "allocation-")):
                note = "the proof of the draw: code and arm, nothing else"
            yield Step(Holding("leftover", path, count, "by_hand", note))


def _text_of(path: Path) -> str:
    """All text of a file; of a workbook its cells, and nothing where it cannot be read."""
    if path.suffix.lower() not in SPREADSHEETS[3:]:
        return path.read_text(encoding="utf-8", errors="replace")
    try:
        readings, _ = read_file(path)
        return "\n".join(cell for one in next(readings).sheets for row in one.rows for cell in row)
    except UploadError:
        return ""


def _kept(study: Study) -> Iterator[Step]:
    for name in ("results.json",):
        if (study.folder / name).exists():
            note = "groups only; run the analysis again for results without them"
            yield Step(Holding("results", study.folder / name, 1, "keep", note))


def deletion(kind: HoldingKind, place: Path) -> Step:
    """The deletion of a whole file or folder."""
    do = partial(remove_folder, place) if place.is_dir() else partial(place.unlink, missing_ok=True)
    return Step(Holding(kind, place, 1, "delete"), do)


def _releases(study: Study) -> list[Path]:
    named = [study.folder / study.plan.data.release] if study.plan.data and study.plan.data.release else []
    found = sorted(path.parent for path in study.folder.rglob(MANIFEST_FILE) if not _is_hidden(study, path))
    every = [place for path in [*named, *found] for place in (path, previous_of(path))]
    return [one for one in dict.fromkeys(every) if (one / MANIFEST_FILE).is_file() and not holds_place_pages(one)]


def _files(study: Study, places: Places, suffixes: tuple[str, ...]) -> Iterator[Path]:
    """Files in the evaluation's folder that may hold pupils' data; releases and questionnaires are not among them."""
    inside = [*places.releases, study.folder / "instruments"]
    for path in sorted(study.folder.rglob("*")):
        wanted = path.suffix.lower() in suffixes and path.name not in NOT_DATA and path.is_file()
        if wanted and not _is_hidden(study, path) and not any(path.is_relative_to(folder) for folder in inside):
            yield path


def _is_hidden(study: Study, path: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(study.folder).parts)
