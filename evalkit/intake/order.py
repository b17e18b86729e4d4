"""Whether the files of the waves were filled in in the order in which they were sent."""

from collections.abc import Sequence
from itertools import pairwise

from evalkit.intake.form_times import day_words
from evalkit.records.evaluation import Study
from evalkit.records.responses import Problem, Upload


def order_problems(uploads: Sequence[Upload], study: Study) -> list[Problem]:
    """Ask when a file of a later wave was filled in before, or together with, that of an earlier one."""
    dated: dict[str, tuple[str, str, str]] = {}
    for upload in uploads:
        waves = list(upload.responses["wave"].unique())
        if len(waves) == 1 and upload.days:
            dated.setdefault(str(waves[0]), (upload.source.file, upload.days[0], upload.days[-1]))
    there = [(wave, *dated[wave.id]) for wave in study.plan.waves if wave.id in dated]
    problems: list[Problem] = []
    for (early, early_file, _, early_last), (late, late_file, late_first, _) in pairwise(there):
        if late_first <= early_last and early_file != late_file:
            problems.append(
                Problem(
                    "ask" if late_first < early_last else "warn", "waves_exchanged", late_file,
                    f"Was the wrong file sent for one of the two times? If the file is right, the form's own times are "
                    f"wrong: take the columns with them out of {late_file}.",
                    found=f"The answers of '{late.label}' begin on {day_words(late_first)}, but those of "
                    f"'{early.label}' ({early_file}) go on until {day_words(early_last)}",
                )
            )  # fmt: skip
    return problems
