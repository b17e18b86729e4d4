"""The commands that take survey files in: check and release. `evalkit.cli` mounts them."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from evalkit import terminal
from evalkit.errors import UploadError

if TYPE_CHECKING:
    from evalkit.records.evaluation import Study
    from evalkit.records.evaluation_parts import DataFile
    from evalkit.records.release import Release
    from evalkit.road import CheckedFiles

app = typer.Typer(no_args_is_help=True)

Files = Annotated[
    list[Path] | None,
    typer.Argument(help="Survey files. WAVE=FILE says which wave a file is, such as pre=autumn.xlsx."),
]
Evaluation = Annotated[Path, typer.Option("--evaluation", "-e", help="The folder that holds evaluation.yaml.")]
Wave = Annotated[str | None, typer.Option("--wave", "-w", help="The wave of files given without WAVE=.")]
Sheet = Annotated[str | None, typer.Option("--sheet", help="The sheet to read, if a workbook has several.")]
MappingFile = Annotated[
    Path | None, typer.Option("--mapping", "-m", help="Decisions taken earlier; default: those kept for the form.")
]
Schools = Annotated[
    Path | None, typer.Option("--schools", help="The list of the schools of a trial, if the plan does not name it.")
]
By = Annotated[str | None, typer.Option("--by", help="Who decides; kept with the decisions.")]


@app.command()
def check(
    files: Files = None,
    evaluation: Evaluation = Path(),
    wave: Wave = None,
    sheet: Sheet = None,
    mapping: MappingFile = None,
    schools: Schools = None,
    school: Annotated[
        str | None, typer.Option("--school", help="The URN of the school that sends the files; others are refused.")
    ] = None,
    mark: Annotated[
        Path | None, typer.Option("--mark", help="Write the file back with what is wrong marked, to this new .xlsx.")
    ] = None,
    by: By = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON for machines.")] = False,
) -> None:
    """Check survey files and say what to mend. Without files: those that the plan names.

    On a terminal evalkit asks what only you can say, and keeps your answers for the next file of the same form.
    """
    from evalkit.intake.marked_file import refuse_wrong_name
    from evalkit.road import check_files

    study = _load(evaluation)
    chosen = _data_files(study, files, wave=wave, sheet=sheet, mapping=mapping)
    if mark is not None:
        refuse_wrong_name(mark)
        if len(chosen) > 1:
            raise UploadError("--mark writes one file back. Name one survey file.")
    listed = _school_file(schools)
    checked = check_files(study, chosen, schools=listed, school=school, marked=mark)
    if not json and sys.stdin.isatty() and sys.stdout.isatty():
        from evalkit.cli_questions import answered

        while answered(checked, chosen, study, by=by):
            checked = check_files(study, chosen, schools=listed, school=school, marked=mark)
    terminal.say_json(_as_json(checked)) if json else _say(
        checked, mark, of_staff=study.plan.design == "feedback_survey"
    )
    if not checked.ok:
        raise typer.Exit(1)


@app.command()
def release(
    to: Annotated[Path, typer.Argument(help="The release folder to make.")],
    files: Files = None,
    evaluation: Evaluation = Path(),
    wave: Wave = None,
    sheet: Sheet = None,
    mapping: MappingFile = None,
    schools: Schools = None,
    replace: Annotated[bool, typer.Option("--replace", help="Put it in the place of an earlier release.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="With --replace: keep the earlier one beside it, so that --undo can go back.")
    ] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Put the release that was kept back in its place.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before the release is made.")] = False,
) -> None:
    """Freeze checked survey files into a data release: what analyses read."""
    from evalkit.custody.audit import audit
    from evalkit.custody.data_lock import refuse_when_locked
    from evalkit.custody.previous import keep_previous, put_previous_back
    from evalkit.custody.release import release_sha256
    from evalkit.road import check_files, release_files

    study = _load(evaluation)
    refuse_when_locked(study)
    if undo:
        put_previous_back(to)
        audit(study.folder, "release_made", target=to.name)
        terminal.say(f"The release that was kept is back in {to}.")
        return
    if to.is_dir() and any(to.iterdir()) and not replace:
        raise UploadError(f"{to}: this folder is not empty. Name a new one, or say --replace if it is an old release.")
    seen = release_sha256(to)
    chosen = _data_files(study, files, wave=wave, sheet=sheet, mapping=mapping)
    listed = _school_file(schools)
    if not yes and sys.stdin.isatty() and sys.stdout.isatty():
        _say(check_files(study, chosen, schools=listed), None, of_staff=study.plan.design == "feedback_survey")
        typer.confirm("Make the release?", abort=True)
    kept = keep_previous(to) if keep else None
    made = release_files(study, chosen, to=to, schools=listed, replaces=seen)
    audit(
        study.folder,
        "release_made",
        target=to.name,
        sha256_of_target=made.sha256,
        counts=made.manifest.waves,
    )
    _say_receipt(made, to, study, kept)


def _say_receipt(made: "Release", to: Path, study: "Study", kept: Path | None) -> None:
    """What was released: counts, and the hashes by which it can be known again."""
    waves = ", ".join(f"{made.manifest.waves[wave.id]} pupils {wave.id}" for wave in study.plan.waves)
    everybody = f"{len(made.schools)} schools and {len(made.roster)} pupils; " if study.plan.has_groups else ""
    terminal.say(f"Released to {to}: {everybody}{waves}; {made.manifest.linked} in every wave.")
    terminal.say(f"  Release {made.sha256[:12]}; the whole hash, who made it and when stand in the audit log.")
    for source in made.manifest.sources:
        rows = "1 row" if source.rows == 1 else f"{source.rows} rows"
        terminal.say(f"  {source.name}: {rows}, file {source.sha256[:12]}")
    if kept is not None:
        terminal.say(f"  The release before is kept in {kept}; 'evalkit release {to} --undo' puts it back.")


def _as_json(checked: "CheckedFiles") -> dict[str, object]:
    return {
        "ok": checked.ok,
        "files": [
            {
                "file": one.source.file,
                "sha256": one.source.sha256,
                "rows": one.source.rows,
                "ok": one.ok,
                "form": one.form,
                "columns": [
                    {"column": read.column, "header": read.header, "kind": read.kind, "target": read.target}
                    for read in one.columns
                ],
            }
            for one in checked.uploads
        ],
        "schools": None if checked.schools is None else len(checked.schools.schools),
        "problems": [terminal.problem_row(one) for one in checked.issues],
    }


def _say(checked: "CheckedFiles", mark: Path | None, *, of_staff: bool) -> None:
    from evalkit.intake.normal import counted
    from evalkit.intake.preview import preview_lines

    for upload in checked.uploads:
        rows = f"{counted(upload.source.rows, 'row')} read"
        if len(upload.roster):
            pupils = counted(len(upload.roster), "pupil")
            terminal.say(f"{upload.source.file}: {rows}, a list of {pupils} without answers.")
        else:
            usable = upload.responses["pupil"].nunique()
            staff = f"{counted(usable, 'person', 'people')} who answered"
            pupils = f"{counted(usable, 'pupil')} with a code that can be used"
            terminal.say(f"{upload.source.file}: {rows}, {staff if of_staff else pupils}.")
        for line in preview_lines(upload):
            terminal.say(f"  {line}")
        for decision in upload.decisions:
            terminal.say(f"  Decided earlier: {decision}")
    if checked.schools is not None:
        found = len(checked.schools.schools)
        terminal.say(f"{checked.schools.source.file}: {found} {'school' if found == 1 else 'schools'} on the list.")
    terminal.say_problems(checked.issues)
    if mark is not None:
        terminal.say(f"The file with its problems marked: {mark}")
    terminal.say("Everything is in order." if checked.ok else "Mend these and check again.")


def _load(folder: Path) -> "Study":
    from evalkit.records.evaluation import load_evaluation

    return load_evaluation(folder)


def _data_files(
    study: "Study", files: list[Path] | None, *, wave: str | None, sheet: str | None, mapping: Path | None
) -> "list[DataFile]":
    from evalkit.records.evaluation_parts import DataFile

    if not files:
        if study.plan.data is None or not study.plan.data.files:
            raise UploadError("There is no file to check. Name survey files, or list them in the plan under 'data:'.")
        return list(study.plan.data.files)
    waves = {one.id for one in study.plan.waves}
    chosen: list[DataFile] = []
    for file in files:
        named, _, rest = str(file).partition("=")
        if rest and named not in waves and not file.exists():
            raise UploadError(f"'{file}': the plan has no wave '{named}'. Use one of: {', '.join(sorted(waves))}.")
        own_wave, path = (named, Path(rest)) if rest and named in waves else (wave, file)
        chosen.append(
            DataFile(
                path=str(path.absolute()),
                wave=own_wave,
                sheet=sheet,
                mapping=str(mapping.absolute()) if mapping else None,
            )
        )
    return chosen


def _school_file(schools: Path | None) -> "DataFile | None":
    from evalkit.records.evaluation_parts import DataFile

    return DataFile(path=str(schools.absolute())) if schools else None
