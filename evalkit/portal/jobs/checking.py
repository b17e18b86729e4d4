"""Check a file that a school sent: read it, lay it beside the school's other files, and say how far it came."""

import os
from collections import Counter
from dataclasses import replace
from pathlib import Path

from evalkit.errors import EvalkitError, UploadError
from evalkit.intake.linking import link_problems
from evalkit.intake.normal import counted, listed
from evalkit.intake.preview import preview_lines
from evalkit.intake.pupils import code_key
from evalkit.portal.confirmed import COUNTED, checked_again, later_wins, named
from evalkit.portal.found import Found, ScaleRead, for_school, keep_found
from evalkit.portal.jobs.queue import end
from evalkit.portal.models import Job, SurveyUpload
from evalkit.portal.models.uploads import MARKED_FILE
from evalkit.portal.tenancy import everything
from evalkit.records.evaluation import Study
from evalkit.records.responses import Problem, Upload

State = SurveyUpload.State
_ONLY_WARNED = ("no_linked_pupils", "one_linked_pupil")  # of one school among several, or of one class of a school


def check(job: Job) -> None:
    """Check the file of a job. A confirmed file keeps its state; what was found in it is written anew."""
    with everything():
        upload = SurveyUpload.objects.select_related("programme", "school").filter(pk=job.target).first()
        others = others_of(upload) if upload else []
    if upload is None:
        return
    form, pupils, rows = "", list[dict[str, str]](), 0
    try:
        read = _read(upload)
        beside = _beside(upload, read, others)
        found = found_in(read, upload.programme.study, beside)
        form, pupils, rows = read.form, who_is_in(read), read.source.rows
    except UploadError as error:
        found = Found(unreadable=_own_name(str(error), upload))
    try:
        keep_found(upload, found, pupils)
    except EvalkitError as error:  # a full disk; the worker tries again later
        raise OSError("the disk did not take what was found") from error
    _settle(job, found, form=form, pupils=pupils, rows=rows)


def _settle(job: Job, found: Found, *, form: str, pupils: list[dict[str, str]], rows: int) -> None:
    """The file's new state and the end of the job, in one step: answers that come in between start a new check."""
    counts = Counter(one.severity for one in found.problems)
    with everything():
        upload = SurveyUpload.objects.select_for_update().filter(pk=job.target).first()
        if upload is None:
            return
        if upload.state == State.LANDED:
            upload.state = state_of(found)
        upload.form = form
        upload.counts = {"rows": rows, "pupils": len({one["key"] for one in pupils}), **dict(sorted(counts.items()))}
        upload.save(update_fields=["state", "form", "counts"])
        end(job)


def state_of(found: Found) -> State:
    """How far a file came: questions first, because their answers may mend the rest."""
    if found.unreadable:
        return State.UNREADABLE
    if found.must_answer:
        return State.QUESTIONS
    return State.PROBLEMS if found.to_mend else State.READY


def others_of(upload: SurveyUpload) -> list[SurveyUpload]:
    """The school's other files that count: the confirmed ones, and in a wave without any the newest that is ready."""
    mine = SurveyUpload.objects.filter(programme_id=upload.programme_id, school_id=upload.school_id)
    rows = mine.exclude(pk=upload.pk).select_related("programme", "school")
    counted = list(rows.filter(state__in=COUNTED).order_by("confirmed_at"))
    waves = {one.wave for one in counted} | {upload.wave}
    for one in rows.filter(state=State.READY).order_by("-at"):
        if one.wave not in waves:
            waves.add(one.wave)
            counted.append(one)
    return counted


def found_in(read: Upload, study: Study, beside: tuple[Problem, ...] = ()) -> Found:
    """What a school is told of a file: all problems in its words, and counts. No statistics."""
    problems = tuple(
        replace(one, mend=for_school(one.mend)) for one in (*_only_a_list(read, study), *read.issues, *beside)
    )
    return Found(problems, _scales(read, study), tuple(preview_lines(read)), read.decisions)


def _only_a_list(read: Upload, study: Study) -> list[Problem]:
    """That a file says who the pupils are and holds no answers; of use where the plan wants facts about pupils."""
    if not len(read.roster) or len(read.responses):
        return []
    found = f"This is a list of {counted(len(read.roster), 'pupil')} without answers"
    wanted = [one.label for one in study.plan.pupil_facts if one.id in read.roster.columns]
    if not wanted:
        return [Problem("error", "no_answers", read.source.file, "Send the file with the answers.", found=found)]
    mend = f"It adds {listed(wanted)} to the answers of the other file. If it should hold answers, send another file."
    return [Problem("warn", "list_of_pupils", read.source.file, mend, found=found)]


def who_is_in(read: Upload) -> list[dict[str, str]]:
    """Key, wave and class of every usable row."""
    frame = read.responses
    classes = frame["class"] if "class" in frame.columns else [""] * len(frame)
    return [
        {"key": code_key(str(code)), "wave": str(wave)} | ({"class": str(one)} if isinstance(one, str) and one else {})
        for code, wave, one in zip(frame["pupil"], frame["wave"], classes, strict=True)
    ]


def _read(upload: SurveyUpload) -> Upload:
    """Read the file, and write it back with its cells marked."""
    part = upload.folder / f"part-{MARKED_FILE}"
    read = checked_again(upload, marked=part)
    if part.is_file():
        os.replace(part, upload.folder / MARKED_FILE)
    return read


def _beside(upload: SurveyUpload, read: Upload, others: list[SurveyUpload]) -> tuple[Problem, ...]:
    """What shows only when the school's files of all waves are laid side by side."""
    study, label = upload.programme.study, {wave.id: wave.label for wave in upload.programme.study.plan.waves}
    pairs = [(one, named(checked_again(one), f"{one.file_name} ({label[one.wave]})")) for one in others]
    uploads = [one for _, one in later_wins([*pairs, (upload, read)])]
    there = {str(wave) for one in uploads for wave in one.responses["wave"].unique()}
    waves = tuple(wave for wave in study.plan.waves if wave.id in there)
    if len(waves) < 2 or read.responses.empty:
        return ()
    several = replace(study, plan=study.plan.model_copy(update={"waves": waves}))
    return tuple(_for_this_file(one, upload.file_name) for one in link_problems(uploads, several))


def _for_this_file(problem: Problem, file: str) -> Problem:
    """A problem between files as it is put to the sender of one of them: answers are about this file."""
    if problem.kind in _ONLY_WARNED:
        return replace(problem, severity="warn")
    if problem.file == file:
        return problem
    questions = tuple(
        replace(one, choices=tuple(replace(each, decision=_turned(dict(each.decision))) for each in one.choices))
        for one in problem.questions
    )
    return replace(problem, questions=questions)


def _turned(decision: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """`here is there` of the other file, said of this one."""
    return {"codes": {there: here for here, there in decision.get("codes", {}).items()}}


def _scales(read: Upload, study: Study) -> tuple[ScaleRead, ...]:
    found: list[ScaleRead] = []
    for one in study.instruments:
        items = [f"{one.id}.{item}" for item in study.items(one.id)]
        there = read.responses[[item for item in items if item in read.responses.columns]]
        answers = int(there.notna().to_numpy().sum())
        if answers:
            found.append(ScaleRead(one.title, there.shape[1], answers, int(there.size) - answers))
    return tuple(found)


def _own_name(text: str, upload: SurveyUpload) -> str:
    """The sentence with the name under which the school sent the file, and without folders of the server."""
    return text.replace(str(upload.path), upload.file_name).replace(Path(upload.path).name, upload.file_name)
