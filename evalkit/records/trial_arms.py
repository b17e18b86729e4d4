"""Who is in which arm of a trial: by the certificate, the school list or the pupil file, held against one another."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import pandas as pd

from evalkit.records.allocation import Certificate
from evalkit.records.group_words import words
from evalkit.records.trial_notes import Notes, key_of, named

if TYPE_CHECKING:
    from evalkit.records.evaluation import Evaluation


def settle_arms(
    pupils: pd.DataFrame,
    schools: pd.DataFrame,
    plan: "Evaluation",
    certificate: Certificate | None,
    notes: Notes,
    *,
    with_list: bool,
) -> pd.DataFrame:
    """Give every unit its arm.

    Parameters
    ----------
    pupils : frame with pupil, school, class, arm as the pupil files say; its column `arm` is put right here
    schools : frame with school and arm as the list says (empty without a list)
    certificate : decides where there is one
    with_list : whether `schools` comes from a list

    Returns
    -------
    The schools with their arms; with those that only the certificate names, when there is no list.
    """
    unit = plan.assigned_unit
    pupils["_unit"] = _units(pupils, unit)
    names = _names(pupils, unit)
    said, varied = _said_by_pupils(pupils, names, plan, notes)
    clear = {key: arm for key, arm in said.items() if key not in varied}
    if unit == "school":
        listed = {key_of(name): arm for name, arm in zip(schools["school"], schools["arm"], strict=True) if arm}
        known = {key_of(name): name for name in schools["school"]}
        names = known if with_list else names | known  # pupils of schools that are not listed are told of as such
        _disagree(clear, listed, names, unit, "the list of schools", notes)
        said, clear = {**said, **listed}, {**clear, **listed}
    if certificate is not None:
        drawn = _certified(certificate, plan, notes)
        certified = {key: name for key, (name, _) in drawn.items()}
        arms = {key: arm for key, (_, arm) in drawn.items()}
        _disagree(clear, arms, names, unit, "the certificate", notes)
        schools = _with_certificate(schools, arms, certified, names, unit, notes, with_list=with_list)
        names = {**certified, **names} if unit == "school" and not with_list else names
        said = {**{key: said[key] for key in said if key not in arms and not arms}, **arms}
    pupils["arm"] = pd.Series([said.get(key, "") for key in pupils["_unit"]], index=pupils.index, dtype="str")
    _say_without_arm(names, said, plan, notes)
    if plan.comparison is None or plan.comparison.start is None:
        _say_small_arms(names, said, plan, notes)
    del pupils["_unit"]
    return schools.assign(arm=_arms_of_schools(pupils, schools, said, unit))


def _units(pupils: pd.DataFrame, unit: str) -> list[str]:
    """The key of the unit that each pupil was randomised with."""
    if unit == "school":
        return [key_of(name) for name in pupils["school"]]
    if unit == "pupil":
        return [key_of(code) for code in pupils["pupil"]]
    return [
        f"{key_of(school)} / {key_of(name)}" if name else ""
        for school, name in zip(pupils["school"], pupils["class"], strict=True)
    ]


def _names(pupils: pd.DataFrame, unit: str) -> dict[str, str]:
    """Key of each unit -> its name in messages."""
    shown = pupils["school"] + " / " + pupils["class"] if unit == "class" else pupils[unit]
    return {key: name for key, name in zip(pupils["_unit"], shown, strict=True) if key}


def _said_by_pupils(
    pupils: pd.DataFrame, names: Mapping[str, str], plan: "Evaluation", notes: Notes
) -> tuple[dict[str, str], set[str]]:
    """The arm of each unit by the pupil file, and the units whose pupils differ, which are named in the notes."""
    unit = plan.assigned_unit
    given = pupils.loc[(pupils["arm"] != "") & (pupils["_unit"] != ""), ["_unit", "arm"]].drop_duplicates()
    several = given.loc[given["_unit"].duplicated(), "_unit"].unique()
    if len(several):
        notes.add(
            "error",
            "arm_varies",
            f"{named(unit, (names[key] for key in several))} {_has(several)} pupils in more than one group, though "
            f"whole {_plural(unit)} {words(plan).were_put}",
            f"Write one group for each {unit}: {words(plan).right_arm}. Or correct the pupils' {unit}.",
        )
    first = given.drop_duplicates("_unit")
    return dict(zip(first["_unit"], first["arm"], strict=True)), {str(key) for key in several}


def _disagree(
    said: Mapping[str, str], right: Mapping[str, str], names: Mapping[str, str], unit: str, source: str, notes: Notes
) -> None:
    """Units whose arm in the files is not the one that another source gives."""
    other = [key for key in said if key in right and said[key] != right[key]]
    if other:
        shown = [f"{names.get(key, key)} ({said[key]}, but {right[key]} by {source})" for key in other]
        notes.add(
            "error",
            "arm_disagrees" if source != "the certificate" else "not_as_certified",
            f"{named(unit, shown)} {'is' if len(other) == 1 else 'are'} not in the group that {source} gives",
            f"Correct the column with the group. If {source} is wrong, find out why before anything is analysed."
            if source == "the certificate"
            else "Write the group that was allocated in both places, or take the column out of the pupil file.",
        )


def _certified(certificate: Certificate, plan: "Evaluation", notes: Notes) -> dict[str, tuple[str, str]]:
    """Key of each unit -> its name and arm by the certificate and those before it."""
    arms = {arm.id for arm in plan.arms}
    values = {key_of(text): arm for text, arm in (plan.groups.allocation.values.items() if plan.groups else ())}
    drawn: dict[str, tuple[str, str]] = {}
    strange: set[str] = set()
    for batch in certificate.batches:
        for one in batch.units:
            arm = one.arm if one.arm in arms else values.get(key_of(one.arm), "")
            if not arm:
                strange.add(one.arm)
            drawn[_unit_key(one.unit, plan)] = (one.unit, arm)
    if strange:
        notes.add(
            "error",
            "certificate_arms",
            f"The certificate allocates to {', '.join(sorted(strange))}, which is no group of this plan",
            f"Say in the plan which group is meant (trial: allocation: values:). Its groups are "
            f"{', '.join(sorted(arms))}.",
        )
    return drawn


def _unit_key(name: str, plan: "Evaluation") -> str:
    """A class is written 'SCHOOL / CLASS' on the list that was randomised."""
    if plan.assigned_unit != "class":
        return key_of(name)
    school, slash, rest = name.rpartition("/")
    return f"{key_of(school)} / {key_of(rest)}" if slash else key_of(name)


def _with_certificate(
    schools: pd.DataFrame,
    arms: Mapping[str, str],
    certified: Mapping[str, str],
    names: Mapping[str, str],
    unit: str,
    notes: Notes,
    *,
    with_list: bool,
) -> pd.DataFrame:
    """Units that only one side knows; without a list, schools of the certificate that have no pupil are added."""
    strange = [names[key] for key in names if key not in arms]
    if strange:
        notes.add(
            "error",
            "not_certified",
            f"{named(unit, strange)} {'is' if len(strange) == 1 else 'are'} not in the certificate",
            f"Correct the name of the {unit} so that it is written as in the certificate. What was not randomised does "
            "not belong in the trial: take it out.",
        )
    lost = [certified[key] for key in certified if key not in names]
    if not lost:
        return schools
    if unit == "school" and not with_list:
        return pd.concat([schools, pd.DataFrame({"school": lost})], ignore_index=True).fillna(
            dict.fromkeys(schools.select_dtypes(exclude="number").columns, "")
        )
    where = "the list of schools" if unit == "school" else "the pupil file"
    them = "it" if len(lost) == 1 else "them"
    notes.add(
        "error" if unit == "school" else "warn",
        "not_listed",
        f"The certificate allocates {named(unit, lost)}, but {where} does not have {them}",
        "Everybody who was randomised belongs into the files, those who left too, so that the report can count them.",
    )
    return schools


def _say_without_arm(names: Mapping[str, str], said: Mapping[str, str], plan: "Evaluation", notes: Notes) -> None:
    assert plan.groups is not None
    unit = plan.assigned_unit
    heading = (*plan.groups.allocation.headers, "Arm")[0]
    without = [name for key, name in names.items() if not said.get(key)]
    if without and len(without) == len(names):
        notes.add(
            "error",
            "no_arm",
            f"No file says which group the {_plural(unit)} {words(plan).put_into}",
            f"Add a column '{heading}' to the pupil file or to the list of schools{words(plan).or_certificate}.",
        )
    elif without:
        notes.add(
            "error",
            "without_arm",
            f"The group of {named(unit, without)} is not known",
            f"Type it into the column '{heading}'.",
        )


def _say_small_arms(names: Mapping[str, str], said: Mapping[str, str], plan: "Evaluation", notes: Notes) -> None:
    unit = plan.assigned_unit
    counts = {arm.id: [name for key, name in names.items() if said.get(key) == arm.id] for arm in plan.arms}
    if not any(counts.values()):
        return
    for arm in plan.arms:
        members = counts[arm.id]
        if len(members) < words(plan).fewest(unit):
            found = f"only {named(unit, members)}" if members else f"no {unit}"
            notes.add(
                "error",
                "small_arm",
                f"The group '{arm.label}' ({arm.id}) has {found}",
                words(plan).small_arm(unit, _plural(unit)),
            )


def _arms_of_schools(pupils: pd.DataFrame, schools: pd.DataFrame, said: Mapping[str, str], unit: str) -> list[str]:
    """The school's arm where the school, or all of it, was allocated; empty where arms differ within it."""
    if unit == "school":
        return [said.get(key_of(name), "") for name in schools["school"]]
    arms = (
        pupils[pupils["arm"] != ""].groupby("school")["arm"].agg(lambda one: one.iloc[0] if one.nunique() == 1 else "")
    )
    if unit == "pupil":
        return [""] * len(schools)
    return [str(arms.get(name, "")) for name in schools["school"]]


def _plural(unit: str) -> str:
    return "classes" if unit == "class" else f"{unit}s"


def _has(names: Iterable[object]) -> str:
    return "has" if len(list(names)) == 1 else "have"
