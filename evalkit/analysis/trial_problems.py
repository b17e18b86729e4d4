"""What cannot be in the data of a trial: every problem with the schools or pupils' codes it is about."""

from collections.abc import Sequence

import pandas as pd

from evalkit.errors import DesignError
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.scores import Scores

MOST_NAMED = 8
FEWEST_UNITS = 2


def refuse_bad_trial(scores: Scores, study: Study) -> None:
    """Raise DesignError naming everything in roster and school list that does not fit the design; all at once."""
    plan, roster, schools = study.plan, scores.roster, scores.schools
    problems = [
        *_columns(roster, plan),
        *_repeated(scores, plan),
    ]
    if not problems:
        problems = [
            *_arms(roster, plan),
            *_units(roster, schools, plan),
            *_strata(roster, schools, plan),
            *_doses(roster, schools, plan),
        ]
    if problems:
        raise DesignError(
            f"{plan.id}: these data do not fit the design {plan.design}. Mend the files and release them again.",
            problems=problems,
        )


def some(codes: Sequence[object]) -> str:
    """Codes as a sentence names them: the first few, and how many more."""
    named = sorted({str(code) for code in codes})
    more = f" and {len(named) - MOST_NAMED} more" if len(named) > MOST_NAMED else ""
    return ", ".join(named[:MOST_NAMED]) + more


def _columns(roster: pd.DataFrame, plan: Evaluation) -> list[str]:
    needed = {"arm": "the arm"}
    if plan.needs_school:
        needed["school"] = "the school"
    if plan.assigned_unit == "class":
        needed["class"] = "the class"
    block, what_for = ("trial", "a trial") if plan.is_trial else ("comparison", "this comparison")
    return [
        f"The data have no column for {what}, which {what_for} needs. Say under '{block}:' how it is headed, and add "
        "it."
        for name, what in needed.items()
        if name not in roster.columns
    ]


def _repeated(scores: Scores, plan: Evaluation) -> list[str]:
    frame = scores.frame
    twice = frame[frame.duplicated(["pupil", "wave", "scale"])]
    problems: list[str] = []
    if len(twice):
        found = some(twice["pupil"].tolist())
        problems.append(f"Pupils {found} have two scores in one wave. Keep one row per pupil and wave.")
    again = scores.roster[scores.roster["pupil"].duplicated()]
    if len(again):
        where = " (in two schools?)" if "school" in again.columns else ""
        problems.append(f"Pupils {some(again['pupil'].tolist())} stand twice in the roster{where}. Keep each once.")
    return problems


def _arms(roster: pd.DataFrame, plan: Evaluation) -> list[str]:
    known = [arm.id for arm in plan.arms]
    arm = roster["arm"].fillna("").astype("str")
    problems: list[str] = []
    none = roster.loc[arm == "", "pupil"].tolist()
    if none:
        problems.append(
            f"Pupils {some(none)} ({len(none)}) have no arm. Fill the column in, or name the school in the allocation."
        )
    odd = sorted(set(arm) - {*known, ""})
    if odd:
        problems.append(f"The arm {some(odd)} is none of the plan. Allowed: {', '.join(known)}.")
    return problems


def _units(roster: pd.DataFrame, schools: pd.DataFrame, plan: Evaluation) -> list[str]:
    """Units in two arms; arms with fewer than two units."""
    if plan.assigned_unit == "pupil":
        counts = roster["arm"].value_counts().to_dict()
        what = "pupils"
    else:
        by = ["school"] if plan.assigned_unit == "school" else ["school", "class"]
        what = "schools" if len(by) == 1 else "classes"
        arms = roster.groupby(by, dropna=False)["arm"].nunique()
        mixed = [one if isinstance(one, str) else ", class ".join(map(str, one)) for one in arms.index[arms > 1]]
        if mixed:
            unit = "the unit of randomisation" if plan.is_trial else "'assigned'"
            return [
                f"The {what} {some(mixed)} have pupils in more than one arm, but whole {what} "
                + ("were randomised. " if plan.is_trial else "are compared. ")
                + f"Correct the arm of those pupils, or {unit} in the plan."
            ]
        units = roster[[*by, "arm"]].drop_duplicates()
        counts = units["arm"].value_counts().to_dict()
        if by == ["school"] and len(schools) and "arm" in schools.columns:
            problems = _against_list(units, schools)
            if problems:
                return problems
            counts = schools["arm"].value_counts().to_dict()
    fewest = 1 if plan.is_comparison and plan.assigned_unit != "pupil" else FEWEST_UNITS
    few = {arm.id: int(counts.get(arm.id, 0)) for arm in plan.arms if counts.get(arm.id, 0) < fewest}
    if plan.comparison is not None and plan.comparison.start is not None:
        return []  # every school may start in the end
    return [
        f"The arm '{arm}' has {count} {what if count != 1 else what.removesuffix('s')}. Each arm needs at least "
        f"{fewest}: with fewer, the arm cannot be told from the school."
        for arm, count in few.items()
    ]


def _against_list(units: pd.DataFrame, schools: pd.DataFrame) -> list[str]:
    """Schools of pupils that are not on the list, or stand there in another arm."""
    listed = dict(zip(schools["school"].astype("str"), schools["arm"].astype("str"), strict=True))
    repeated = schools.loc[schools["school"].duplicated(), "school"].tolist()
    problems: list[str] = []
    if repeated:
        problems.append(f"The schools {some(repeated)} stand twice in the list of schools. Keep each once.")
    unknown = [school for school in units["school"] if school not in listed]
    if unknown:
        problems.append(f"The schools {some(unknown)} have pupils but are not on the list of schools. Add them there.")
    other = [s for s, arm in zip(units["school"], units["arm"], strict=True) if s in listed and listed[s] != arm]
    if other:
        problems.append(
            f"The schools {some(other)} are in another arm in the pupil file than in the list of schools. Correct one."
        )
    return problems


def _strata(roster: pd.DataFrame, schools: pd.DataFrame, plan: Evaluation) -> list[str]:
    problems: list[str] = []
    for one in plan.groups.strata if plan.groups else ():
        table, by = (schools, "school") if one.id in schools.columns else (roster, "pupil")
        if one.id not in table.columns:
            problems.append(f"The data have no column for the stratum '{one.label}'. Add it to the list of schools.")
            continue
        values = table[one.id].fillna("").astype("str")
        blank = table.loc[values == "", by].tolist()
        if blank:
            problems.append(
                f"The stratum '{one.label}' is not known for the {by}s {some(blank)}. Fill it in: it was known when "
                "they were randomised."
            )
        if by == "pupil" and plan.assigned_unit == "school" and "school" in table.columns:
            counts = table.assign(_value=values).groupby("school")["_value"].nunique()
            mixed = counts.index[counts > 1].tolist()
            if mixed:
                problems.append(
                    f"The schools {some(mixed)} have several values of the stratum '{one.label}'. A school lies in one."
                )
    return problems


def _doses(roster: pd.DataFrame, schools: pd.DataFrame, plan: Evaluation) -> list[str]:
    problems: list[str] = []
    for one in plan.groups.compliance if plan.groups else ():
        table, by = (schools, "school") if one.id in schools.columns else (roster, "pupil")
        if one.id not in table.columns:
            continue
        values = pd.to_numeric(table[one.id], errors="coerce")
        outside = table.loc[(values < one.low) | (values > one.highest), by].tolist()
        if outside:
            problems.append(
                f"'{one.label}' lies outside {one.low:g} to {one.highest:g} for the {by}s {some(outside)}. Correct it, "
                "or the range in the plan."
            )
    return problems
