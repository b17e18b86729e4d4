"""How messages about files speak of groups: a trial drew them by lot, a comparison found them as they are."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evalkit.records.evaluation import Evaluation

FEWEST_UNITS = 2  # an arm of one unit has no variance between units, so nothing can be said about chance


@dataclass(frozen=True, slots=True)
class GroupWords:
    """Parts of the sentences that differ."""

    is_trial: bool
    needs_school: bool
    list_of_schools: str
    strange_school: str
    empty_school: str
    everybody: str
    were_put: str
    right_arm: str
    put_into: str
    or_certificate: str

    def fewest(self, unit: str) -> int:
        """How many units an arm needs; a comparison may be of two schools, which its report then warns of."""
        return FEWEST_UNITS if self.is_trial or unit == "pupil" else 1

    def small_arm(self, unit: str, plural: str) -> str:
        """What to do about an arm with too few units."""
        if not self.is_trial:
            what = plural if self.fewest(unit) > 1 else unit
            return f"Each group needs {self.fewest(unit)} {what} at least. Add those that are missing."
        return (
            f"Each group needs {FEWEST_UNITS} {plural} at least, or chance cannot be told from the programme. Add "
            "those that are missing; if there are none, this is no trial."
        )


def words(plan: "Evaluation") -> GroupWords:
    """The words for this plan's design."""
    if plan.is_trial:
        return GroupWords(
            is_trial=True,
            needs_school=plan.design != "individual_trial",
            list_of_schools="among the schools that were randomised",
            strange_school="Correct the school of these pupils, or add the school to the list (or to the certificate) "
            "if it was randomised. Pupils of other schools do not belong in the trial: take them out.",
            empty_school="The report counts them as randomised and not analysed. Add their pupils if they were lost.",
            everybody="Every pupil who was randomised",
            were_put="were randomised",
            right_arm="the one that it was allocated to, whatever happened afterwards",
            put_into="were allocated to",
            or_certificate=", or name the certificate of the allocation in the plan (trial: allocation: certificate:)",
        )
    return GroupWords(
        is_trial=False,
        needs_school=plan.needs_school,
        list_of_schools="on the list of schools",
        strange_school="Correct the school of these pupils, or add the school to the list.",
        empty_school="The report counts them without pupils. Add their pupils if they were lost.",
        everybody="Every pupil of the comparison",
        were_put="are compared",
        right_arm="the one that it was in when the programme began",
        put_into="are in",
        or_certificate="",
    )


def one_place(plan: "Evaluation", place: str) -> str:
    """In which school or class a pupil counts."""
    if plan.is_trial:
        plural = "classes" if place == "class" else f"{place}s"
        return (
            f"In a trial a pupil counts in the {place} in which he or she was when {plural} were randomised. Write it."
        )
    return f"A pupil counts in the {place} in which he or she was when the programme began. Write it."


def groups_key(plan: "Evaluation") -> str:
    """Where the plan says what the texts in the column with the arm mean."""
    return "trial: allocation: values:" if plan.is_trial else "comparison: group: values:"
