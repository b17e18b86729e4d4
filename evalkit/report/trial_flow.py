"""The flow of schools and pupils through a trial, and whether its numbers add up."""

from dataclasses import dataclass

from evalkit.errors import ReportError
from evalkit.records.results import Results
from evalkit.report.numbers import SUPPRESSED, count, counts_rounded_to, known
from evalkit.report.trial_effects import display
from evalkit.report.words_arms import UNITS, arm_label, treated_arms

FIRSTS, LASTS, BETWEEN = ("randomised", "in_data"), ("analysed", "matched"), ("complete",)
STEPS: dict[tuple[str, str], str] = {
    ("school", "left"): "left the trial",
    ("school", "no_pupils_in_population"): "have no pupil of the group asked about",
    ("school", "no_pupils_analysed"): "have no pupil in the result",
    ("class", "left"): "left the trial",
    ("class", "no_pupils_in_population"): "have no pupil of the group asked about",
    ("class", "no_pupils_analysed"): "have no pupil in the result",
    ("pupil", "left_with_school"): "left with their school",
    ("pupil", "left"): "have no outcome, for a known reason",
    ("pupil", "no_outcome"): "have no outcome, for no known reason",
    ("pupil", "no_baseline"): "have no baseline",
    ("pupil", "no_covariate"): "have a gap in what the model needs",
    ("pupil", "not_in_population"): "are not in the group asked about",
    ("pupil", "no_partner"): "have no partner who was like them, or were not needed as one",
    ("school", "no_partner"): "have no partner that was like them, or were not needed as one",
    ("school", "no_pupil_matched"): "have no pupil in the result",
    ("pupil", "outside_overlap"): "have nobody like them in the other group",
    ("school", "outside_overlap"): "have no school like them in the other group",
    ("school", "not_matched"): "were not chosen as a partner",
    ("pupil", "not_matched"): "were not chosen as a partner",
}
IN_RESULT = "in the main result"


@dataclass(frozen=True, slots=True)
class Stream:
    """One arm's numbers at one level, from those drawn to those analysed.

    Attributes
    ----------
    level : school, class or pupil
    arm : id of the plan, or "all" where the arms are not told apart at this level
    randomised, analysed : NaN when not shown
    lost : (step, number) in between, in order, without those that lost nobody; NaN when not shown
    """

    level: str
    arm: str
    randomised: float
    lost: tuple[tuple[str, float], ...]
    analysed: float


def streams(results: Results) -> tuple[Stream, ...]:
    """Every arm's flow at every level, schools first, the control arm last.

    Raises
    ------
    ReportError
        Numbers that are all known do not add up; every arm and level at fault is named.
    """
    rows = display(results, "flow")
    arms = [*treated_arms(results.plan), results.plan.control.id]
    found: list[Stream] = []
    for level in ("school", "class", "pupil"):
        at_level = [row for row in rows if row["level"] == level]
        named = {str(row["arm"]) for row in at_level}
        for arm in arms if named & set(arms) else ["all"] if named else []:
            own = {str(row["step"]): float(row["n"]) for row in at_level if row["arm"] == arm}
            lost = tuple((s, n) for s, n in own.items() if s not in (*FIRSTS, *LASTS, *BETWEEN) and n != 0)
            first, last = (next((own[s] for s in ends if s in own), float("nan")) for ends in (FIRSTS, LASTS))
            found.append(Stream(level, arm, first, lost, last))
    problems = [problem for problem in map(_problem, found) if problem]
    if problems:
        raise ReportError("The flow does not add up. Run the analysis again.", problems=problems)
    return tuple(found)


def _problem(stream: Stream) -> str:
    numbers = [stream.randomised, *(number for _, number in stream.lost), stream.analysed]
    if not all(map(known, numbers)) or counts_rounded_to() > 1:  # rounded counts need not add up
        return ""
    rest = stream.randomised - sum(number for _, number in stream.lost)
    if rest == stream.analysed:
        return ""
    return (
        f"{stream.level}s in the arm '{stream.arm}': {count(stream.randomised)} drawn less those lost leaves "
        f"{count(rest)}, but {count(stream.analysed)} were analysed."
    )


def whole(found: tuple[Stream, ...], level: str) -> tuple[float, float]:
    """Drawn and analysed over all arms of a level; NaN when one of them is not known."""
    own = [one for one in found if one.level == level]
    if not own:
        return float("nan"), float("nan")
    return sum(one.randomised for one in own), sum(one.analysed for one in own)


def people(level: str, number: float) -> str:
    """So many schools or pupils, or that the number is not shown."""
    one, many = UNITS[level]
    return f"{SUPPRESSED} {many}" if not known(number) else f"{count(number)} {one if number == 1 else many}"


def step_words(level: str, step: str, number: float) -> str:
    """What became of some, such as "60 pupils have no outcome"."""
    said = STEPS.get((level, step), step.replace("_", " "))
    if number == 1:
        said = said.replace("have ", "has ", 1).replace("are not", "is not", 1).replace("their", "its", 1)
    return f"{people(level, number)} {said}"


def arm_heading(results: Results, arm: str) -> str:
    """The name of a column."""
    return "All" if arm == "all" else arm_label(results.plan, arm)
