"""What to do next: steps tied to the checks' ratings and to what could not be told."""

from collections.abc import Sequence

from evalkit.records.results import CheckName, Rating, Results
from evalkit.report.words_change import Change
from evalkit.report.words_names import asks_questions

STEPS: dict[tuple[CheckName, Rating], str] = {
    ("comparison", "weak"): (
        "Ask a similar school to answer the same questions at the same two times. Then there is a group to compare "
        "with."
    ),
    ("comparison", "unknown"): "Find out whether a group without the programme can answer the same questions.",
    ("comparison", "fair"): "Next time, draw by lot who starts the programme first. That makes the two groups alike.",
    ("size", "weak"): (
        "Ask more pupils next time, or join with other schools that use the same questions. More answers make the "
        "likely range narrower."
    ),
    ("size", "fair"): "Run it again with a second year group and put the two years together.",
    ("size", "unknown"): "Give each pupil a code and use it both times, so that answers can be matched.",
    ("drop_out", "weak"): (
        "Keep a list of the codes that have answered, and give the pupils who were away a second day to answer."
    ),
    ("drop_out", "fair"): "Plan a second day for the pupils who are away when the questions are asked.",
    ("drop_out", "unknown"): "Keep a list of who answered each time, by code.",
    ("measure", "weak"): (
        "Read the questions through with a few pupils before the next round, and change to a measure that fits their "
        "age if they find them hard."
    ),
    ("measure", "fair"): "Read the questions aloud next time, so that all pupils understand them in the same way.",
    ("measure", "unknown"): "Ask pupils to answer every question, and check the sheets before they are handed in.",
    ("delivery", "weak"): "Find out why parts of the plan were not carried out before you judge the programme.",
    ("delivery", "fair"): "Note which sessions each pupil missed, so that this can be looked at next time.",
    ("delivery", "unknown"): "Write down how many sessions were planned and how many each pupil came to.",
}
MEASURED: dict[tuple[CheckName, Rating], str] = {
    ("comparison", "weak"): (
        "Ask a similar school for the same numbers at the same two times. Then there is a group to compare with."
    ),
    ("comparison", "unknown"): "Find out whether a group without the programme has the same numbers.",
    ("size", "weak"): (
        "Take more pupils in next time, or join with other schools that hold the same numbers. More pupils make the "
        "likely range narrower."
    ),
    ("size", "unknown"): "Give each pupil a code and use it both times, so that numbers can be matched.",
    ("drop_out", "weak"): "Find out why pupils have no second number, and measure those who were away on another day.",
    ("drop_out", "fair"): "Plan a second day for the pupils who are away when they should be measured.",
    ("drop_out", "unknown"): "Keep a list of who was measured each time, by code.",
    ("measure", "weak"): "Look for a measure that tells pupils apart more exactly before the next round.",
    ("measure", "fair"): "Measure under the same conditions each time, so that chance moves the numbers less.",
    ("measure", "unknown"): "Ask whoever made the measure how exact it is, and write its error into the plan.",
}
STEPS_FOR: dict[str, str] = {
    "unclear": (
        "Do not drop or expand the programme on these figures alone: where we cannot tell, both a rise and a fall are "
        "still open."
    ),
    "worse": "Talk with pupils and staff about why answers got worse before the programme runs again.",
    "worse_numbers": "Talk with pupils and staff about why the numbers got worse before the programme runs again.",
    "no_threshold": "Before the next round, write down how large a change would matter.",
    "better": "Share what happened with pupils and staff, and ask them what they think made the difference.",
}


def next_steps(results: Results, found: Sequence[Change]) -> list[str]:
    """The next steps, the ones tied to the weakest checks first; never empty."""
    order: tuple[Rating, ...] = ("weak", "unknown", "fair")
    told = STEPS if asks_questions(results) else STEPS | MEASURED
    steps = [
        told[check.name, rating]
        for rating in order
        for check in results.checks
        if check.rating == rating and (check.name, rating) in STEPS
    ]
    primary = [change for change in found if change.primary] or list(found)
    if any(change.verdict == "unclear" for change in primary):
        steps.append(STEPS_FOR["unclear"])
    bad = [one for one in primary if one.verdict.startswith("rose" if one.lower_is_better else "fell")]
    good = [one for one in primary if one.verdict.startswith("fell" if one.lower_is_better else "rose")]
    if bad:
        steps.append(STEPS_FOR["worse" if asks_questions(results) else "worse_numbers"])
    elif good:
        steps.append(STEPS_FOR["better"])
    if all(outcome.smallest_worthwhile is None for outcome in results.plan.outcomes):
        steps.append(STEPS_FOR["no_threshold"])
    return steps
