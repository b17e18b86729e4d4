"""The files of a plan as an evaluator sends them: evaluation.yaml alone, or its folder as a zip file.

With the folder come the list of a trial's schools, the certificate of the draw, own questionnaires and wordings. Survey
files, releases and results do not belong to it and are left out: they come from schools, and are made here.
"""

import io
import re
import tempfile
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from evalkit.errors import SpecError
from evalkit.records.evaluation import EVALUATION_FILE, Evaluation, Study, load_evaluation
from evalkit.records.spec_file import KeyPath, SpecFile, read_yaml

MOST_FILES = 200
MOST_BYTES = 20 * 1024 * 1024
KINDS = (".yaml", ".yml", ".csv", ".tsv", ".xlsx", ".ods", ".json", ".jsonl")
# Folders and files of the portal's own, and what was made of data elsewhere.
LEFT_OUT = ("uploads", "releases", "release", "reports", "mappings", "results.json", "audit.jsonl", "data-lock.yaml")
_AWAY = re.compile(r"^(?:[/\\~]|[A-Za-z]:[/\\])|(?:^|[/\\])\.\.(?:[/\\]|$)")


def read_plan(content: bytes) -> tuple[Study, dict[str, bytes]]:
    """Check a plan in a scratch folder.

    Returns
    -------
    The study, and the files that belong to it by their place in the plan's folder

    Raises
    ------
    SpecError
        Every problem with its line; no sentence says where it was checked.
    """
    files = _unpacked(content) if content.startswith(b"PK\x03\x04") else {EVALUATION_FILE: content}
    with tempfile.TemporaryDirectory(prefix="evalkit-plan-") as scratch:
        folder = Path(scratch)
        try:
            write_plan(files, folder)
            _refuse_ways_out(read_yaml(folder / EVALUATION_FILE))
            study = load_evaluation(folder)
        except SpecError as error:
            said = [without_folder(one, folder) for one in error.problems]
            raise SpecError(without_folder(error.message, folder), problems=said) from None
        except (OSError, ValueError):  # two names of which one is the other's folder, or that no disk takes
            raise SpecError("The zip file cannot be read. Make it again.") from None
    surveys = {str(PurePosixPath(one.path)) for one in (study.plan.data.files if study.plan.data else ())}
    kept = {name: data for name, data in files.items() if name not in surveys}
    _refuse_gaps(study.plan, kept)
    return study, kept


def write_plan(files: Mapping[str, bytes], folder: Path) -> None:
    """Write the files into a folder, the plan itself last."""
    for name in sorted(files, key=lambda one: one == EVALUATION_FILE):
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(files[name])


def without_folder(sentence: str, folder: Path) -> str:
    """A sentence without the path of a folder on the server."""
    return sentence.replace(f"{folder}/", "").replace(str(folder), "the plan")


def _unpacked(content: bytes) -> dict[str, bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [one for one in archive.infolist() if not one.is_dir()]
            if len(entries) > MOST_FILES or sum(one.file_size for one in entries) > MOST_BYTES:
                raise SpecError(
                    f"The zip file holds too much: at most {MOST_FILES} files and {MOST_BYTES // 1024**2} MB. Send the "
                    "plan's folder without survey files and results."
                )
            files = {one.filename: _read(archive, one) for one in entries}
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError):
        raise SpecError("The zip file cannot be read. Make it again, without a password.") from None
    top = _top(files)
    inside = {name.removeprefix(top): data for name, data in files.items() if name.startswith(top)}
    return {name: data for name, data in inside.items() if _belongs(name)}


def _read(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bytes:
    """One file, read no further than it says it is long."""
    with archive.open(entry) as file:
        data = file.read(entry.file_size + 1)
    if len(data) > entry.file_size:
        raise SpecError("The zip file cannot be read. Make it again.")
    return data


def _top(files: Mapping[str, bytes]) -> str:
    """The folder in the zip file that holds the plan."""
    plans = sorted((name for name in files if PurePosixPath(name).name == EVALUATION_FILE), key=len)
    if not plans:
        raise SpecError(f"The zip file holds no {EVALUATION_FILE}. Zip the plan's folder.")
    return plans[0].removesuffix(EVALUATION_FILE)


def _belongs(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith(".") or "\\" in part or ":" in part for part in path.parts)
    return not (hidden or path.is_absolute() or path.parts[0] in LEFT_OUT) and path.suffix.lower() in KINDS


def _refuse_ways_out(file: SpecFile) -> None:
    """Raise SpecError for every value that names a file outside the plan's folder."""
    problems = [
        f"{file.name}, line {file.line(path)}: '{text[:60]}' leads out of the plan's folder. Put the file into the "
        "folder and name it from there."
        for path, text in _texts(file.data, ())
        if _AWAY.search(text) and "\n" not in text and " " not in text
    ]
    if problems:
        raise SpecError(problems[0], problems=problems)


def _texts(node: object, path: KeyPath) -> Iterator[tuple[KeyPath, str]]:
    if isinstance(node, str):
        yield path, node
    elif isinstance(node, dict):
        for key, value in node.items():
            yield from _texts(value, (*path, key))
    elif isinstance(node, list):
        for place, value in enumerate(node):
            yield from _texts(value, (*path, place))


def _refuse_gaps(plan: Evaluation, files: Mapping[str, bytes]) -> None:
    """Raise SpecError for files that the plan names and that did not come with it."""
    listed = plan.data.schools if plan.data else None
    groups, hubs = plan.groups, plan.data.hubs if plan.data else None
    named = [listed.path, listed.mapping] if listed else []
    named += [groups.allocation.certificate] if groups else []
    named += [hubs.path] if hubs else []
    problems = [
        f"{EVALUATION_FILE} names the file {name}, which did not come with it. Send the plan's folder as a zip file."
        for name in named
        if name and str(PurePosixPath(name)) not in files
    ]
    if problems:
        raise SpecError(problems[0], problems=problems)
