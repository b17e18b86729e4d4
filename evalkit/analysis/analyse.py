"""Scores and a plan in, results out: the plan's design says which analysis runs."""

from evalkit.analysis.comparison_prepost import analyse_comparison
from evalkit.analysis.feedback_survey import analyse_feedback_survey
from evalkit.analysis.matched_comparison import analyse_matched
from evalkit.analysis.mechanism import Mechanism
from evalkit.analysis.national_comparison import analyse_national_comparison
from evalkit.analysis.randomised_trial import analyse_trial
from evalkit.analysis.single_group_prepost import analyse_single_group_prepost
from evalkit.errors import DesignError
from evalkit.records.evaluation import Study
from evalkit.records.results import Results
from evalkit.records.scores import Scores


def analyse(scores: Scores | None, study: Study, *, mechanism: Mechanism | None = None) -> Results:
    """Analyse the scores as the plan says.

    Parameters
    ----------
    scores : Scores or None
        From `evalkit.score`; None for a plan that holds only published figures.
    study : Study
        From `evalkit.load_evaluation`: the plan with its instruments.
    mechanism : Mechanism, optional
        In a trial: how the arms were drawn (`allocation_facts` of the certificate, or `declare_mechanism`).

    Returns
    -------
    Results
        Estimates, checks, caveats and displays, disclosure-controlled with the plan's threshold. Equal scores and plan
        give byte-equal `to_json()`, whatever the order of the rows.

    Raises
    ------
    DesignError
        When the data do not fit the design, so that not one outcome can be estimated; when there are no scores, and the
        plan has more than figures.
    """
    if study.plan.design == "national_comparison":
        return analyse_national_comparison(study)
    if study.plan.design == "feedback_survey" and (scores is not None or study.plan.only_figures):
        return analyse_feedback_survey(scores, study)
    if scores is None:
        raise DesignError(f"{study.plan.id}: this plan has outcomes, which need scores. Score the release first.")
    if study.plan.is_trial:
        return analyse_trial(scores, study, mechanism=mechanism)
    if study.plan.design == "matched_comparison":
        return analyse_matched(scores, study)
    if study.plan.design == "comparison_prepost":
        return analyse_comparison(scores, study)
    return analyse_single_group_prepost(scores, study)
