"""The road from survey files to a report: the one place where the flows meet. Doors call it."""

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.analysis.analyse import analyse
from evalkit.custody.release import load_release, make_release
from evalkit.errors import SpecError, UploadError
from evalkit.intake.check import check_upload
from evalkit.intake.linking import link_problems
from evalkit.planning.seal import seal_displays
from evalkit.progress import tick
from evalkit.records.evaluation import EVALUATION_FILE, DataFile, Study, load_evaluation
from evalkit.records.mapping import load_mapping
from evalkit.records.release import Release
from evalkit.records.responses import Problem, Upload
from evalkit.records.results import Results, load_results
from evalkit.records.verification import Verification, changed_rows, compare_results
from evalkit.report.render import render_all
from evalkit.report.renderer import RendererName
from evalkit.report.static import Format
from evalkit.scoring.score import score

RESULTS_FILE = "results.json"
RELEASE_FOLDER = "release"
STEPS = 4


@dataclass(frozen=True, slots=True)
class CheckedFiles:
    """The survey files of an evaluation after checking.

    Attributes
    ----------
    uploads : one per file, in the order given
    linking : problems that show only when the files are laid side by side
    """

    uploads: tuple[Upload, ...]
    linking: tuple[Problem, ...]

    @property
    def issues(self) -> tuple[Problem, ...]:
        """All problems of all files."""
        return (*(issue for upload in self.uploads for issue in upload.issues), *self.linking)

    @property
    def ok(self) -> bool:
        """Whether nothing is left that must be mended or answered."""
        return not any(issue.severity in ("error", "ask") for issue in self.issues)


def check_files(study: Study, files: Sequence[DataFile]) -> CheckedFiles:
    """Check survey files one by one and then beside one another.

    Parameters
    ----------
    study : the evaluation with its instruments
    files : path (absolute, or from the evaluation's folder), wave, sheet and mapping of each file

    Raises
    ------
    UploadError
        Files that cannot be read at all; all of them are named.
    """
    uploads: list[Upload] = []
    unreadable: list[str] = []
    for file in files:
        mapping = load_mapping(study.folder / file.mapping) if file.mapping else None
        if not Path(file.path).is_absolute() and not (study.folder / file.path).exists():
            unreadable.append(
                f"{study.folder / file.path}: there is no such file; {EVALUATION_FILE} names it under data: files. "
                "Put the file there, or change the plan."
            )
            continue
        try:
            uploads.append(
                check_upload(study.folder / file.path, study, wave=file.wave, sheet=file.sheet, mapping=mapping)
            )
        except UploadError as error:
            unreadable += error.problems
    if len(unreadable) == 1:
        raise UploadError(unreadable[0])
    if unreadable:
        raise UploadError(f"{len(unreadable)} files cannot be read.", problems=unreadable)
    several_waves = {wave for upload in uploads for wave in upload.responses["wave"].unique()}
    linking = link_problems(uploads, study) if len(several_waves) > 1 else ()
    return CheckedFiles(tuple(uploads), tuple(linking))


def release_files(study: Study, files: Sequence[DataFile], *, to: str | Path) -> Release:
    """Check survey files and freeze them. Raises UploadError listing every problem that is still open."""
    checked = check_files(study, files)
    blocking = [issue.message for issue in checked.linking if issue.severity in ("error", "ask")]
    if blocking and all(upload.ok for upload in checked.uploads):
        raise UploadError("The files do not belong together yet.", problems=blocking)
    return make_release(checked.uploads, study, to=to)


def run(place: str | Path, *, to: str | Path | None = None) -> Results:
    """Go the whole road: check, release, score, analyse.

    Parameters
    ----------
    place : the folder with `evaluation.yaml`, whose `data` says where the survey files or the release are
    to : a folder that receives `release/` and `results.json`; nothing is kept when it is None

    Returns
    -------
    Results - ready for `render`

    Raises
    ------
    SpecError, UploadError, DesignError
        As the single steps do.
    """
    study = load_evaluation(place)
    with tempfile.TemporaryDirectory(prefix="evalkit-") as scratch:
        tick("Checking the files", 0, STEPS)
        release = _released(study, Path(scratch) / RELEASE_FOLDER)
        tick("Scoring", 1, STEPS)
        scores = score(release, study)
        tick("Analysing", 2, STEPS)
        results = with_seal(analyse(scores, study), study)
        tick("Keeping the results", 3, STEPS)
        if to is not None:
            _keep(Path(to), Path(scratch) / RELEASE_FOLDER, results)
    tick("Done", STEPS, STEPS)
    return results


def with_seal(results: Results, study: Study) -> Results:
    """Add the displays `seal` and `deviations` when the plan was sealed."""
    return replace(results, displays={**results.displays, **seal_displays(study)})


def report_all(
    results: Results, *, folder: Path, formats: Sequence[Format], renderer: RendererName = "auto",
    template: str | Path | None = None,
) -> list[Path]:  # fmt: skip
    """Make the report in every format asked for, into one folder. Returns the files made."""
    folder.mkdir(parents=True, exist_ok=True)
    return render_all(results, folder=folder, formats=formats, renderer=renderer, template=template)


def verify(place: str | Path) -> Verification:
    """Run an analysis again and compare it with its `results.json`.

    Returns
    -------
    Verification - `same_bytes`, `same_numbers` (relative 1e-8, absolute 1e-10; says what differs in the environment) or
        `changed` (names the first changed input and the rows that differ)

    Raises
    ------
    SpecError
        There is no `results.json` yet, the plan cannot be read, or the release kept beside the results was changed.
    """
    folder = load_evaluation(place).folder
    before = load_results(folder / RESULTS_FILE)
    kept = load_release(folder / RELEASE_FOLDER) if (folder / RELEASE_FOLDER).is_dir() else None
    with tempfile.TemporaryDirectory(prefix="evalkit-") as scratch:
        outcome = compare_results(before, run(folder, to=scratch))
        fresh = Path(scratch) / RELEASE_FOLDER
        if kept is None or not outcome.changed_input or not fresh.is_dir():
            return outcome
        return replace(outcome, changed_rows=changed_rows(kept, load_release(fresh)))


def _released(study: Study, to: Path) -> Release:
    data = study.plan.data
    if data is None or not (data.files or data.release):
        raise SpecError(
            f"{study.folder}: the plan does not say where the data are. Add 'data:' with 'files:' or 'release:' to it."
        )
    if data.release:
        return load_release(study.folder / data.release)
    return release_files(study, data.files, to=to)


def _keep(folder: Path, fresh_release: Path, results: Results) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if fresh_release.is_dir():
        place = folder / RELEASE_FOLDER
        if place.exists():
            load_release(place)
            shutil.rmtree(place)
        shutil.copytree(fresh_release, place)
    write_results(results, folder / RESULTS_FILE)


def write_results(results: Results, path: Path) -> None:
    """Write `results.json` in one step: the old file or the new one, never half of it."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        part.write_text(results.to_json(), encoding="utf-8", newline="\n")
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
