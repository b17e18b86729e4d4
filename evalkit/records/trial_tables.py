"""Pupils and schools of a trial or a comparison, put together from its files, and all that does not fit its design."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

import pandas as pd

from evalkit.records.allocation import Certificate, load_certificate
from evalkit.records.comparison import NEVER
from evalkit.records.group_words import one_place, words
from evalkit.records.identifiers import is_upn
from evalkit.records.trial_arms import settle_arms
from evalkit.records.trial_notes import Notes, TrialFault, key_of, named

if TYPE_CHECKING:
    from evalkit.records.evaluation import Evaluation, Study
    from evalkit.records.responses import Upload

Level = Literal["pupil", "school"]


@dataclass(frozen=True, slots=True)
class TrialTables:
    """Who was randomised; in a comparison, who is in the two groups.

    Attributes
    ----------
    pupils : frame - a row per pupil: pupil, school, class (where the plan has classes), arm, characteristics of pupils
        (text), compliance of pupils (float64)
    schools : frame - a row per school that was randomised: school, arm (empty where arms differ within the school),
        characteristics of schools (text), compliance of schools (float64)
    faults : what does not fit the design, worst first
    """

    pupils: pd.DataFrame = field(repr=False)
    schools: pd.DataFrame = field(repr=False)
    faults: tuple[TrialFault, ...]

    @property
    def errors(self) -> list[str]:
        """Every fault that must be mended, a sentence each."""
        return [fault.sentence for fault in self.faults if fault.severity == "error"]


def certificate_of(study: "Study") -> Certificate | None:
    """The certificate that the plan names. Raises SpecError when it is missing or is none."""
    trial = study.plan.groups
    if trial is None or trial.allocation.certificate is None:
        return None
    return load_certificate(study.folder / trial.allocation.certificate)


def frames_of(uploads: Sequence["Upload"]) -> list[pd.DataFrame]:
    """What the files say of pupils: the responses of survey files, then lists of pupils, which name no wave."""
    files = [upload.responses for upload in uploads if len(upload.responses)]
    return files + [upload.roster.assign(wave=None) for upload in uploads if len(upload.roster)]


def joined_responses(frames: Sequence[pd.DataFrame], plan: "Evaluation") -> pd.DataFrame:
    """The responses of all files in the order of the plan's waves; a code typed with other capitals is the same."""
    order = {wave.id: place for place, wave in enumerate(plan.waves)}
    joined = pd.concat(frames, ignore_index=True)
    joined = joined.assign(_order=joined["wave"].map(order)).sort_values(["_order", "pupil"], kind="stable")
    keys = joined["pupil"].str.casefold()
    spelled = joined.assign(_key=keys).drop_duplicates("_key").set_index("_key")["pupil"]
    return joined.assign(pupil=keys.map(spelled)).drop(columns="_order").reset_index(drop=True)


def join_trial(
    responses: pd.DataFrame, schools: pd.DataFrame | None, plan: "Evaluation", *, certificate: Certificate | None
) -> TrialTables:
    """Put pupils, schools and arms together and list what does not fit.

    Parameters
    ----------
    responses : frame - the responses of all files together, in the order of the plan's waves, a row per pupil and wave
    schools : frame - `SchoolList.schools`; None when there is no list
    plan : a plan whose design is a trial or a comparison
    certificate : the certificate of the allocation; its arms decide
    """
    trial = plan.groups
    assert trial is not None
    notes = Notes()
    pupils = _Pupils(responses, notes).settle(plan)
    listed = _listed(schools, plan) if schools is not None else _from_pupils(responses, pupils, plan, notes)
    pupils["school"] = _as_listed(pupils["school"], listed["school"])
    _arms_by_start(pupils, listed, plan)
    listed = settle_arms(pupils, listed, plan, certificate, notes, with_list=schools is not None)
    _check_places(pupils, listed, plan, notes, with_list=schools is not None)
    _check_strata(pupils, listed, plan, notes)
    _check_facts(pupils, listed, plan, notes)
    columns = ["pupil", "school", *(["class"] if trial.class_ else []), "arm"]
    columns += [one.id for one in plan.pupil_facts] + _compliance(plan, "pupil")
    order = ["school", "arm", *(one.id for one in plan.school_facts), *_compliance(plan, "school")]
    return TrialTables(
        pupils[columns].sort_values("pupil", kind="stable").reset_index(drop=True),
        listed[order].sort_values("school", kind="stable").reset_index(drop=True),
        notes.ordered(),
    )


def _arms_by_start(pupils: pd.DataFrame, schools: pd.DataFrame, plan: "Evaluation") -> None:
    """Where groups start one after the other, the column with the start says who is ever in the programme."""
    if plan.comparison is None or plan.comparison.start is None:
        return
    treated = next(arm.id for arm in plan.arms if not arm.control)
    arms = {"": "", NEVER: plan.control.id} | {wave.id: treated for wave in plan.waves}
    frame = schools if plan.comparison.start.level == "school" else pupils
    pupils["arm"] = ""
    frame["arm"] = pd.Series([arms.get(str(one), "") for one in frame["start"]], index=frame.index, dtype="str")


def _compliance(plan: "Evaluation", level: Level) -> list[str]:
    return [one.id for one in (plan.groups.compliance if plan.groups else ()) if one.level == level]


@dataclass(slots=True)
class _Pupils:
    """The pupils of all files, and what each file says of them."""

    responses: pd.DataFrame = field(repr=False)
    notes: Notes
    frame: pd.DataFrame = field(default_factory=pd.DataFrame, repr=False)

    def settle(self, plan: "Evaluation") -> pd.DataFrame:
        """A row per pupil, each fact as first given; what differs between rows is said."""
        self.frame = self.responses[["pupil"]].drop_duplicates().reset_index(drop=True)
        self._text("school", "pupil_in_two_schools", "more than one school", one_place(plan, "school"))
        by_class = plan.assigned_unit == "class"
        self._text("class", "pupil_in_two_classes", "more than one class", one_place(plan, "class"), is_error=by_class)
        self._text("arm", "pupil_in_two_arms", "more than one group", "Write each pupil's group the same in every row.")
        for one in plan.pupil_facts:
            self._text(one.id, "fact_differs", f"different entries for '{one.label}'", _FIRST, is_error=False)
        for one in plan.groups.compliance if plan.groups else ():
            if one.level == "pupil":
                self._number(one.id, one.label)
        return self.frame

    def _text(self, column: str, kind: str, what: str, mend: str, *, is_error: bool = True) -> None:
        if column not in self.responses:
            self.frame[column] = pd.Series([""] * len(self.frame), dtype="str")
            return
        given = self.responses[["pupil", column]].copy()
        given[column] = given[column].fillna("").astype("str")
        given = given[given[column] != ""]
        keys = [key_of(text) for text in given[column]]
        self._say_different(given.assign(_key=keys, _shown=given[column]), kind, what, mend, is_error)
        once = given.drop_duplicates("pupil")
        first = dict(zip(once["pupil"], once[column], strict=True))
        self.frame[column] = pd.Series([first.get(code, "") for code in self.frame["pupil"]], dtype="str")

    def _number(self, column: str, label: str) -> None:
        if column not in self.responses:
            self.frame[column] = math.nan
            return
        given = self.responses[["pupil", column]].dropna(subset=[column])
        what = f"different numbers for '{label}'"
        given = given.assign(_key=given[column], _shown=given[column].map("{:g}".format))
        self._say_different(given, "two_numbers", what, "Keep the right one.", True)
        once = given.drop_duplicates("pupil")
        first = dict(zip(once["pupil"], once[column], strict=True))
        values = [first.get(code, math.nan) for code in self.frame["pupil"]]
        self.frame[column] = pd.Series(values, dtype="float64")

    def _say_different(self, given: pd.DataFrame, kind: str, what: str, mend: str, is_error: bool) -> None:
        different = given.drop_duplicates(["pupil", "_key"])
        several = different.loc[different["pupil"].duplicated(), "pupil"].unique()
        if len(several):
            shown = different[different["pupil"].isin(several)].groupby("pupil", sort=False)["_shown"].agg(" and ".join)
            who = [f"{one} ({shown[one]})" if is_error and not is_upn(str(one)) else str(one) for one in several]
            found = f"{named('pupil', who)} {'has' if len(several) == 1 else 'have'} {what} in the files"
            self.notes.add("error" if is_error else "warn", kind, found, mend)


_FIRST = "evalkit uses what stands first. Correct the others if that is wrong."


def _listed(schools: pd.DataFrame, plan: "Evaluation") -> pd.DataFrame:
    """The school list, with a column for everything that the plan wants of schools."""
    frame = schools.copy()
    for one in plan.school_facts:
        frame[one.id] = frame[one.id].fillna("").astype("str") if one.id in frame else ""
    for name in _compliance(plan, "school"):
        frame[name] = frame[name].astype("Float64").to_numpy("float64", na_value=math.nan) if name in frame else None
        frame[name] = frame[name].astype("float64")
    frame["arm"] = frame["arm"].fillna("").astype("str") if "arm" in frame else ""
    return frame.reset_index(drop=True)


def _from_pupils(responses: pd.DataFrame, pupils: pd.DataFrame, plan: "Evaluation", notes: Notes) -> pd.DataFrame:
    """The schools of the pupils, each with what the pupil file says of it; what varies within a school is said."""
    spelled = pupils[pupils["school"] != ""].assign(_key=lambda one: [key_of(text) for text in one["school"]])
    first = spelled.drop_duplicates("_key")
    frame = pd.DataFrame({"school": first["school"].to_numpy()}, dtype="str")
    keys = first["_key"].tolist()
    home = pupils.set_index("pupil")["school"]
    named_school = responses["pupil"].map(home).astype("str")
    rows = responses.assign(_named=named_school, _school=[key_of(one) for one in named_school])
    for one in plan.school_facts:
        texts = _one_of_school(rows, one.id, one.label, keys, notes, is_number=False)
        frame[one.id] = pd.Series(texts, dtype="str")
    for one in plan.groups.compliance if plan.groups else ():
        if one.level == "school":
            values = _one_of_school(rows, one.id, one.label, keys, notes, is_number=True)
            frame[one.id] = pd.Series(values, dtype="Float64").to_numpy("float64", na_value=math.nan)
    frame["arm"] = ""
    return frame


def _one_of_school(
    rows: pd.DataFrame, column: str, label: str, keys: Sequence[str], notes: Notes, *, is_number: bool
) -> list[object]:
    blank = None if is_number else ""
    if column not in rows:
        return [blank] * len(keys)
    given = rows[["_school", column]].dropna()
    given = given[(given["_school"] != "") & (given[column] != "")].drop_duplicates()
    several = given.loc[given["_school"].duplicated(), "_school"].unique()
    if len(several):
        spelled = rows.drop_duplicates("_school").set_index("_school")["_named"]
        notes.add(
            "error",
            "fact_varies_in_school",
            f"'{label}' is a fact about the whole school, but it varies within {named('school', spelled[several])}",
            "Write the same in all rows of the school, or give it in a list of schools (data: schools: in the plan).",
        )
    first = given.drop_duplicates("_school").set_index("_school")[column]
    return [first.get(key, blank) for key in keys]


def _as_listed(pupils: pd.Series, schools: pd.Series) -> pd.Series:
    """Schools spelled as in the list: capitals and blanks make no difference."""
    spelled = {key_of(text): text for text in reversed(schools.tolist())}
    return pd.Series([spelled.get(key_of(text), text) for text in pupils], index=pupils.index, dtype="str")


def _check_places(
    pupils: pd.DataFrame, schools: pd.DataFrame, plan: "Evaluation", notes: Notes, *, with_list: bool
) -> None:
    """Pupils without a school or class, schools that are not on the list, schools without a pupil."""
    assert plan.groups is not None
    if plan.needs_school or (pupils["school"] != "").any():
        _say_blank(pupils, "school", plan.groups.school.headers, notes, who=words(plan).everybody)
    if plan.groups.class_ is not None:
        _say_blank(pupils, "class", plan.groups.class_.headers, notes, who=words(plan).everybody)
    there = set(pupils["school"]) - {""}
    known = set(schools["school"])
    strange = sorted(there - known)
    if strange:
        count = int(pupils["school"].isin(strange).sum())
        notes.add(
            "error",
            "school_not_listed",
            f"{named('school', strange)} of {count} {'pupil' if count == 1 else 'pupils'} "
            f"{'is' if len(strange) == 1 else 'are'} not {words(plan).list_of_schools}",
            words(plan).strange_school,
        )
    empty = sorted(known - there)
    if empty and (there or with_list):
        notes.add(
            "warn",
            "school_without_pupils",
            f"{named('school', empty)} {'has' if len(empty) == 1 else 'have'} no pupil in the files",
            words(plan).empty_school,
        )


def _say_blank(pupils: pd.DataFrame, column: str, headers: Sequence[str], notes: Notes, *, who: str) -> None:
    heading = f"'{headers[0]}'" if headers else f"'{column.capitalize()}'"
    blank = pupils.loc[pupils[column] == "", "pupil"]
    if len(blank) == len(pupils) and len(pupils):
        notes.add(
            "error", f"no_{column}", f"No file says which {column} the pupils are in",
            f"Add a column {heading} to the pupil file.",
        )  # fmt: skip
    elif len(blank):
        notes.add(
            "error", f"pupil_without_{column}",
            f"{named('pupil', blank)} {'has' if len(blank) == 1 else 'have'} no {column}",
            f"Type it into the column {heading}. {who} has one.",
        )  # fmt: skip


def _check_strata(pupils: pd.DataFrame, schools: pd.DataFrame, plan: "Evaluation", notes: Notes) -> None:
    """Strata must be known of every school, or of every pupil where pupils were randomised within them."""
    for one in plan.groups.strata if plan.groups else ():
        frame, who = (schools, "school") if one.level == "school" else (pupils, "pupil")
        blank = frame.loc[frame[one.id] == "", who]
        if len(blank):
            notes.add(
                "error",
                "stratum_unknown",
                f"The stratum '{one.label}' of {named(who, blank)} is not known",
                f"Type it into the column '{(*one.headers, one.label)[0]}'. The allocation was drawn within strata, so "
                "the analysis needs it for all.",
            )


def _check_facts(pupils: pd.DataFrame, schools: pd.DataFrame, plan: "Evaluation", notes: Notes) -> None:
    """Characteristics and compliance of which no file has anything; nobody need have left."""
    assert plan.groups is not None
    told = [*plan.groups.strata, *(one for one in (plan.groups.left, plan.groups.school_left) if one)]
    settled = {one.id for one in told}
    labels: list[tuple[str, str, str]] = []
    for frame, facts, level in ((pupils, plan.pupil_facts, "pupil"), (schools, plan.school_facts, "school")):
        labels += [
            (one.id, one.label, level) for one in facts if one.id not in settled and not (frame[one.id] != "").any()
        ]
    for one in plan.groups.compliance if plan.groups else ():
        frame = pupils if one.level == "pupil" else schools
        if not frame[one.id].notna().any():
            labels.append((one.id, one.label, one.level))
    for _, label, level in labels:
        notes.add(
            "warn",
            "no_characteristic",
            f"No file has anything in a column for '{label}', which the plan uses",
            f"Add the column to the {'pupil file' if level == 'pupil' else 'list of schools'} if you have it. "
            "Without it, what the plan asks about it cannot be worked out.",
        )
