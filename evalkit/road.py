"""The road from survey files to a report: the one place where the flows meet. Doors call it."""

import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from evalkit.analysis.analyse import analyse
from evalkit.analysis.mechanism import Mechanism
from evalkit.analysis.trial_caveats import seal_caveats
from evalkit.custody.editions import EDITIONS_FILE, REMEMBERED, edition_of, keep_edition, later_edition, read_editions
from evalkit.custody.open_tables import write_open_tables
from evalkit.custody.release import load_release, make_release
from evalkit.custody.whole_folder import folder_in_making
from evalkit.errors import ReportError, SpecError, UploadError
from evalkit.intake.check import check_upload
from evalkit.intake.linking import link_problems, waves_without_answers
from evalkit.intake.schools import check_schools
from evalkit.intake.trial_linking import trial_problems
from evalkit.planning.certificate import allocation_facts
from evalkit.planning.plan_mdes import plan_mdes_table
from evalkit.planning.seal import seal_displays
from evalkit.progress import tick
from evalkit.records.allocation import load_certificate
from evalkit.records.checklist import checklist_table
from evalkit.records.evaluation import EVALUATION_FILE, Study, load_evaluation
from evalkit.records.evaluation_parts import DataFile
from evalkit.records.mapping import load_mapping
from evalkit.records.release import Release
from evalkit.records.responses import Problem, SchoolList, Upload, is_settled
from evalkit.records.results import RESULTS_FILE, Results, load_results
from evalkit.records.standards_disclosure import ProfileName
from evalkit.records.verification import Verification, changed_rows, compare_results
from evalkit.records.whole_file import write_whole
from evalkit.report.render import render_all
from evalkit.report.renderer import RendererName
from evalkit.report.static import Format
from evalkit.road_hub_list import with_places
from evalkit.scoring.score import score

RELEASE_FOLDER = "release"
STEPS = 4
OF_SCHOOLS = ("schools", "funnel")  # displays with a row for each school


@dataclass(frozen=True, slots=True)
class CheckedFiles:
    """The survey files of an evaluation after checking.

    Attributes
    ----------
    uploads : one per file, in the order given
    linking : problems that show only when the files are laid side by side
    schools : in a trial the list of schools, where there is one
    design : what does not fit the design of a trial
    """

    uploads: tuple[Upload, ...]
    linking: tuple[Problem, ...]
    schools: SchoolList | None = None
    design: tuple[Problem, ...] = ()

    @property
    def issues(self) -> tuple[Problem, ...]:
        """All problems of all files."""
        files = [*self.uploads, *([self.schools] if self.schools else [])]
        return (*(issue for one in files for issue in one.issues), *self.design, *self.linking)

    @property
    def ok(self) -> bool:
        """Whether nothing is left that must be mended or answered."""
        return is_settled(self.issues)


def _are_all(files: Sequence[DataFile], study: Study) -> bool:
    """Whether these are all files of the plan, or files that say themselves of which waves they are."""
    planned = study.plan.data.files if study.plan.data else ()
    return all(file.wave is None for file in files) or {file.path for file in planned} <= {file.path for file in files}


def check_files(
    study: Study,
    files: Sequence[DataFile],
    *,
    schools: DataFile | None = None,
    school: str | None = None,
    marked: Path | None = None,
) -> CheckedFiles:
    """Check survey files one by one and then beside one another.

    Parameters
    ----------
    study : the evaluation with its instruments
    files : path (absolute, or from the evaluation's folder), wave, sheet and mapping of each file
    schools : the list of the schools of a trial; without it the one that the plan names, if any
    school : the URN of the school that sends the files
    marked : where the last file is written back with what is wrong marked

    Raises
    ------
    UploadError
        Files that cannot be read at all; all of them are named.
    """
    uploads: list[Upload] = []
    unreadable: list[str] = []
    listed = schools or (study.plan.data.schools if study.plan.data else None)
    school_list: SchoolList | None = None
    for file in (*files, *([listed] if listed else [])):
        mapping = load_mapping(study.folder / file.mapping) if file.mapping else None
        path = study.folder / file.path
        if not Path(file.path).is_absolute() and not path.exists():
            unreadable.append(
                f"{path}: there is no such file; {EVALUATION_FILE} names it under data: "
                f"{'schools' if file is listed else 'files'}. {_how_to_get(study)}"
            )
            continue
        try:
            if file is listed:
                school_list = check_schools(path, study, sheet=file.sheet, mapping=mapping)
            else:
                uploads.append(
                    check_upload(
                        path,
                        study,
                        wave=file.wave,
                        sheet=file.sheet,
                        mapping=mapping,
                        school=school,
                        marked=marked,
                    )
                )
        except UploadError as error:
            unreadable += error.problems
    if len(unreadable) == 1:
        raise UploadError(unreadable[0])
    if unreadable:
        raise UploadError(f"{len(unreadable)} files cannot be read.", problems=unreadable)
    several_waves = {wave for upload in uploads for wave in upload.responses["wave"].unique()}
    linking = link_problems(uploads, study) if len(several_waves) > 1 else ()
    if len(several_waves) == 1 and _are_all(files, study):
        linking = waves_without_answers(uploads, study, severity="warn")
    design = trial_problems(uploads, school_list, study) if study.plan.has_groups else ()
    uploads = _without_told(uploads)
    return CheckedFiles(tuple(uploads), tuple(linking), school_list, design)


def _how_to_get(study: Study) -> str:
    """What to do about a file that is not there: as the plan says for data that may not be passed on."""
    data = study.plan.data
    return (data.obtain if data else None) or "Put the file there, or change the plan."


def _without_told(uploads: list[Upload]) -> list[Upload]:
    """Leave out that a file lacks a characteristic, where a list of pupils has it."""
    listed = {str(column) for upload in uploads for column in upload.roster.columns}
    return [
        replace(
            upload,
            issues=tuple(one for one in upload.issues if one.kind != "no_characteristic" or one.item not in listed),
        )
        for upload in uploads
    ]


def release_files(
    study: Study,
    files: Sequence[DataFile],
    *,
    to: str | Path,
    schools: DataFile | None = None,
    replaces: str | None = None,
) -> Release:
    """Check survey files and freeze them; `replaces` as for `make_release`.

    Raises
    ------
    UploadError, DesignError
        Listing every problem that is still open; a DesignError when the files do not fit the design of a trial.
    """
    checked = check_files(study, files, schools=schools)
    blocking = [issue.message for issue in checked.linking if issue.severity in ("error", "ask")]
    settled = all(one.ok for one in (*checked.uploads, *([checked.schools] if checked.schools else [])))
    if blocking and settled and is_settled(checked.design):
        raise UploadError("The files do not belong together yet.", problems=blocking)
    return make_release(checked.uploads, study, to=to, schools=checked.schools, replaces=replaces)


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
    if study.plan.only_figures:
        return _run_figures(study, to)
    with tempfile.TemporaryDirectory(prefix="evalkit-") as scratch:
        tick("Checking the files", 0, STEPS)
        release = _released(study, Path(scratch) / RELEASE_FOLDER)
        results = results_of(release, study)
        tick("Keeping the results", 3, STEPS)
        if to is not None:
            _keep(Path(to), Path(scratch) / RELEASE_FOLDER, results)
    tick("Done", STEPS, STEPS)
    return results


def _run_figures(study: Study, to: str | Path | None) -> Results:
    """A plan of published figures has no files to check, release and score."""
    tick("Analysing", 0, 1)
    results = with_planning(analyse(None, study), study)
    if to is not None:
        Path(to).mkdir(parents=True, exist_ok=True)
        write_whole(Path(to) / RESULTS_FILE, results.to_json())
    tick("Done", 1, 1)
    return results


def results_of(release: Release, study: Study, *, listed: bool = True) -> Results:
    """Score and analyse a release, and add what is known beside the analysis. Raises as the single steps do.

    `listed` : whether the plan's list of schools is read. Without it (it is wrong) nobody knows what the pages of hubs
    and trusts will keep back, so no school's figures are shown.
    """
    tick("Scoring", 1, STEPS)
    scores = score(release, study)
    scores = with_places(scores, study) if listed else scores
    tick("Analysing", 2, STEPS)
    results = analyse(scores, study, mechanism=drawn_mechanism(study))
    return with_planning(results if listed else _without_schools(results), study)


def _without_schools(results: Results) -> Results:
    hidden = {name: results.displays[name].head(0) for name in OF_SCHOOLS if name in results.displays}
    return replace(results, displays={**results.displays, **hidden})


def drawn_mechanism(study: Study) -> Mechanism | None:
    """How the schools of a trial were drawn, as its certificate says; None when the plan names none.

    A randomisation test then repeats the draw as it was made: the schools that left too, minimisation,
    re-randomisation, earlier batches.
    """
    trial = study.plan.trial
    if trial is None or trial.allocation.certificate is None or study.plan.unit_of_randomisation != "school":
        return None
    facts = allocation_facts(load_certificate(study.folder / trial.allocation.certificate))
    return Mechanism(
        "school", units=facts.units, strata=facts.strata, pairs=facts.pairs, arms=facts.arms, redraw=facts.redraw
    )


def with_planning(results: Results, study: Study) -> Results:
    """Add what is known beside the analysis: the seal; of a trial the MDES table, the seal's caveats, the checklist."""
    found = seal_displays(study)
    if not study.plan.is_trial:
        return replace(results, displays={**results.displays, **found})
    caveats = (*results.caveats, *seal_caveats(study.plan, found))
    found["mdes"] = plan_mdes_table(study.plan, results)
    results = replace(results, displays={**results.displays, **found}, caveats=caveats)
    return replace(results, displays={**results.displays, "checklist": checklist_table(results)})


def report_all(
    results: Results, *, folder: Path, formats: Sequence[Format], renderer: RendererName = "auto",
    template: str | Path | None = None, profile: ProfileName | None = None, kept: Path | None = None,
) -> list[Path]:  # fmt: skip
    """Make the report in every format asked for, into one folder. Returns the files made.

    Parameters
    ----------
    profile : as `render`
    kept : folder of the results, where what was published is remembered: a later edition beside an earlier one must not
        tell about the few who joined or left

    Raises
    ------
    ReportError
        As `render_all` and `later_edition`.
    """
    readers = profile or results.plan.disclosure_profile
    shown = _later(results, readers, kept)
    folder.mkdir(parents=True, exist_ok=True)
    made = render_all(shown, folder=folder, formats=formats, renderer=renderer, template=template, profile=profile)
    _keep_edition(shown, readers, kept)
    return made


def tables_all(results: Results, *, to: Path, profile: ProfileName, kept: Path | None = None) -> list[str]:
    """Write the results as tables to download. Returns their names. As `write_open_tables` and `report_all`."""
    shown = _later(results, profile, kept)
    made = write_open_tables(shown, profile, to=to)
    _keep_edition(shown, profile, kept)
    return made


def _later(results: Results, readers: ProfileName | None, kept: Path | None) -> Results:
    if kept is None or readers not in REMEMBERED:
        return results
    before = read_editions(kept, readers)
    try:
        return later_edition(results, readers, before)
    except ReportError as error:
        file = kept / EDITIONS_FILE
        raise ReportError(f"{error.message} If it was never given to anybody, delete {file} and go on.") from None


def _keep_edition(shown: Results, readers: ProfileName | None, kept: Path | None) -> None:
    if kept is not None and readers in REMEMBERED:
        keep_edition(kept, readers, edition_of(shown, readers))


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
        with folder_in_making(place) as fresh:
            shutil.copytree(fresh_release, fresh, dirs_exist_ok=True)
    write_whole(folder / RESULTS_FILE, results.to_json())
