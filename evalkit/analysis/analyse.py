"""Scores and a plan in, results out: the plan's design says which analysis runs."""

from collections.abc import Callable

from evalkit.analysis.single_group_prepost import analyse_single_group_prepost
from evalkit.records.evaluation import Design, Study
from evalkit.records.results import Results
from evalkit.records.scores import Scores

DESIGNS: dict[Design, Callable[[Scores, Study], Results]] = {
    "single_group_prepost": analyse_single_group_prepost,
}


def analyse(scores: Scores, study: Study) -> Results:
    """Analyse the scores as the plan says.

    Parameters
    ----------
    scores : Scores
        From `evalkit.score`.
    study : Study
        From `evalkit.load_evaluation`: the plan with its instruments.

    Returns
    -------
    Results
        Estimates, checks, caveats and displays, disclosure-controlled with the plan's threshold. Equal scores and plan
        give byte-equal `to_json()`, whatever the order of the rows.

    Raises
    ------
    DesignError
        When the data do not fit the design, so that not one outcome can be estimated.
    """
    return DESIGNS[study.plan.design](scores, study)
