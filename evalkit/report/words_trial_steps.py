"""What to do next after a trial: steps tied to its checks and to what could not be told."""

from collections.abc import Sequence

from evalkit.records.results import CheckName, Rating, Results
from evalkit.report.trial_effects import Effect
from evalkit.report.words_comparison import STEPS as COMPARISON_STEPS
from evalkit.report.words_comparison import STEPS_FOR as COMPARISON_STEPS_FOR
from evalkit.report.words_trial import favours

STEPS: dict[tuple[CheckName, Rating], str] = {
    ("comparison", "weak"): (
        "Before you act on the figure, look at how far apart the groups were at the start, and ask what else differed."
    ),
    ("comparison", "fair"): "Read the table of the groups at the start, and keep the gaps in mind.",
    ("comparison", "unknown"): "Collect a baseline next time, so that you can see whether the groups started alike.",
    ("size", "weak"): "Plan the next trial with more schools. More schools help more than more pupils in each.",
    ("size", "fair"): "If a smaller difference would matter to you, plan the next trial with more schools.",
    ("size", "unknown"): "Find out why the main figure has no likely range before you use it.",
    ("drop_out", "weak"): (
        "Agree with schools at the start how outcomes of pupils who leave will be collected, whether or not the school "
        "stays with the programme."
    ),
    ("drop_out", "fair"): "Look at who was lost, and ask schools for the outcomes that can still be had.",
    ("drop_out", "unknown"): "Keep a list of all pupils who were drawn, so that losses can be counted.",
    ("measure", "weak"): "Next time use an outcome that others have made and checked.",
    ("measure", "fair"): "Next time look for an outcome that is closer to what the programme should change.",
    ("measure", "unknown"): "Find out how exact the measure is before you compare groups with it.",
    ("delivery", "weak"): "Find out why the programme was not delivered as planned before you judge it.",
    ("delivery", "fair"): "Talk with schools that took up little of the programme, and ask what stood in the way.",
    ("delivery", "unknown"): "Write down for each school how much of the programme it got.",
}
STEPS_OF_PUPILS: dict[tuple[CheckName, Rating], str] = {
    ("size", "weak"): "Plan the next trial with more pupils.",
    ("size", "fair"): "If a smaller difference would matter to you, plan the next trial with more pupils.",
    ("delivery", "fair"): "Talk with pupils who took up little of the programme, and ask what stood in the way.",
    ("delivery", "unknown"): "Write down for each pupil how much of the programme he or she got.",
}
STEPS_FOR: dict[str, str] = {
    "unclear": (
        "Do not drop or expand the programme on this trial alone: where we cannot tell, both a gain and a loss are "
        "still open."
    ),
    "better": "Share the result with schools, and look at cost and effort before the programme is offered more widely.",
    "worse": "Talk with schools about why results were lower before the programme runs again.",
    "same": "Ask whether the time and money could do more elsewhere, as any difference was smaller than what matters.",
    "may": "Treat the result as a hint, and test it again in a new trial.",
    "no_threshold": "Before the next trial, write down how large a difference would matter.",
}


def trial_steps(results: Results, found: Sequence[Effect]) -> list[str]:
    """The next steps: what the main result asks for, then the weakest checks; never empty."""
    primary = [one for one in found if one.primary] or list(found)
    keys = {
        "better": any(favours(one) is True for one in primary),
        "worse": any(favours(one) is False for one in primary),
        "unclear": any(one.verdict == "unclear" for one in primary),
        "same": any(one.verdict == "same" for one in primary),
        "may": any(one.verdict.startswith("may") for one in primary),
    }
    ours = results.plan.is_comparison
    words = COMPARISON_STEPS_FOR if ours else STEPS_FOR
    steps = [words[key] for key, holds in keys.items() if holds]
    order: tuple[Rating, ...] = ("weak", "unknown", "fair")
    of_pupils = results.plan.assigned_unit == "pupil" if ours else results.plan.design == "individual_trial"
    worded = STEPS | (STEPS_OF_PUPILS if of_pupils else {}) | (COMPARISON_STEPS if ours else {})
    steps += [
        worded[check.name, rating]
        for rating in order
        for check in results.checks
        if check.rating == rating and (check.name, rating) in worded
    ]
    if all(outcome.smallest_worthwhile is None for outcome in results.plan.outcomes) or not steps:
        steps.append(words["no_threshold"])
    return steps
