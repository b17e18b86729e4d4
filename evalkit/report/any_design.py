"""The answer and the next steps of any evaluation, whatever its design."""

from evalkit.records.results import Results
from evalkit.report import words_feedback, words_figures
from evalkit.report.trial_effects import effects
from evalkit.report.words import answer
from evalkit.report.words_change import changes
from evalkit.report.words_steps import next_steps
from evalkit.report.words_trial import trial_answer
from evalkit.report.words_trial_steps import trial_steps


def any_answer(results: Results) -> str:
    """The answer in one sentence."""
    if results.plan.has_groups:
        return trial_answer(results)
    own = {"feedback_survey": words_feedback.answer, "national_comparison": words_figures.answer}
    return own.get(results.plan.design, answer)(results)


def any_steps(results: Results) -> list[str]:
    """What to do next, the most important first."""
    if results.plan.has_groups:
        return trial_steps(results, effects(results))
    own = {"feedback_survey": words_feedback.next_steps, "national_comparison": words_figures.next_steps}
    found = own.get(results.plan.design)
    return found(results) if found else next_steps(results, changes(results))
