"""The row that says how far selected pupils would move with no programme at all."""

from dataclasses import replace

from evalkit.analysis.change_rows import blank_row
from evalkit.analysis.estimate import Estimate, not_estimated
from evalkit.analysis.paired_sample import PairedSample
from evalkit.errors import FitError
from evalkit.records.evaluation import Evaluation
from evalkit.stats.reliable_change import regression_to_mean


def regression_rows(sample: PairedSample, plan: Evaluation) -> tuple[Estimate, ...]:
    """The expected move, in points; no row when pupils were not chosen on their baseline."""
    if plan.selection is None or not plan.selection.chosen_on_baseline:
        return ()
    row = blank_row(sample, inquiry="regression_to_mean", estimator="expected", unit="points")
    population = plan.selection.population.get(sample.outcome.id)
    if sample.problem:
        return (not_estimated(row, sample.problem),)
    if population is None:
        reason = (
            "Pupils were chosen on their baseline, but the plan gives no mean and retest correlation of pupils who "
            f"were not chosen; add both with their source under selection.population.{sample.outcome.id}."
        )
        return (not_estimated(row, reason),)
    try:
        found = regression_to_mean(sample.pre, population_mean=population.mean, retest_r=population.retest_r)
    except FitError as error:
        return (not_estimated(row, error.message),)
    source = f"mean {population.mean:g} and retest {population.retest_r:g} of pupils not chosen ({population.source})"
    return (replace(row, estimate=found.expected_change, reason=source),)
