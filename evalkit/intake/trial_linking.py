"""Put the files of a trial side by side: pupils, schools and arms, and whether they fit the design."""

from collections.abc import Sequence

from evalkit.intake.normal import listed
from evalkit.records.evaluation import Study
from evalkit.records.responses import Problem, SchoolList, Upload
from evalkit.records.trial_tables import certificate_of, frames_of, join_trial, joined_responses


def trial_problems(uploads: Sequence[Upload], schools: SchoolList | None, study: Study) -> tuple[Problem, ...]:
    """Say what does not fit the trial's design: arms that vary within a school, schools that are not on the list, ...

    Parameters
    ----------
    uploads : every pupil file of the evaluation
    schools : the list of schools, where the plan has one

    Raises
    ------
    SpecError
        The certificate that the plan names cannot be read.
    """
    frames = frames_of(uploads)
    if not frames or (schools is not None and schools.schools.empty):
        return ()
    tables = join_trial(
        joined_responses(frames, study.plan),
        schools.schools if schools is not None else None,
        study.plan,
        certificate=certificate_of(study),
    )
    files = listed([*(upload.source.file for upload in uploads), *([schools.source.file] if schools else [])])
    return tuple(Problem(one.severity, one.kind, files, one.mend, found=one.found) for one in tables.faults)
