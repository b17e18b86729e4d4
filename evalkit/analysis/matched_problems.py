"""What cannot be in the data of a matched comparison: every problem with the schools or facts it is about."""

import pandas as pd

from evalkit.analysis.trial_problems import refuse_bad_trial, some
from evalkit.analysis.trial_sample import NOT_RECORDED, randomised_pupils
from evalkit.errors import DesignError
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.scores import Scores


def refuse_bad_match(scores: Scores, study: Study) -> None:
    """Raise DesignError naming everything that does not fit the design; all at once.

    Raises
    ------
    DesignError
        What a trial with these groups would refuse (a pupil twice, two groups in a school that had the programme as a
        whole), a comparison school that had the programme, a fact to match on that is missing for everybody.
    """
    refuse_bad_trial(scores, study)
    frame, _ = randomised_pupils(scores, study.plan)
    problems = [*_in_programme(frame, study.plan), *_missing(frame, study.plan)]
    if problems:
        raise DesignError(
            f"{study.plan.id}: these data do not fit the design {study.plan.design}. Mend the files or the plan.",
            problems=problems,
        )


def _in_programme(frame: pd.DataFrame, plan: Evaluation) -> list[str]:
    """Comparison schools that the plan, or other pupils' group, says had the programme."""
    if plan.comparison is None or "school" not in frame.columns:
        return []
    named = {one.casefold().strip() for one in plan.comparison.programme_schools}
    there = frame.loc[frame["arm"] == plan.control.id, "school"].dropna().astype("str")
    found = sorted({one for one in there if one.casefold().strip() in named})
    if not found:
        return []
    several = len(found) > 1
    return [
        f"The comparison school{'s' if several else ''} {some(found)} {'are' if several else 'is'} among the schools "
        "with the programme (comparison: programme_schools). A school with it cannot show what would have been "
        "without it: take its pupils out of the comparison group."
    ]


def _missing(frame: pd.DataFrame, plan: Evaluation) -> list[str]:
    problems: list[str] = []
    for one in plan.covariates:
        known = frame[one.id].notna() & (frame[one.id] != NOT_RECORDED) if one.id in frame.columns else None
        if known is None or not known.any():
            problems.append(
                f"'{one.label}' is missing for everybody, so nobody can be matched on it. Add the column to the files, "
                "or take the covariate out of the plan and say that it could not be taken into account."
            )
            continue
        for arm in plan.arms:
            own = known[frame["arm"] == arm.id]
            if len(own) and not own.any():
                problems.append(
                    f"'{one.label}' is missing for everybody in the group '{arm.label}', so it cannot be compared. Add "
                    "it, or take the covariate out of the plan."
                )
    return problems
