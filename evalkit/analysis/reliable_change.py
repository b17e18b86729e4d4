"""The rows that answer "how many pupils changed by more than the questionnaire's noise?"."""

from dataclasses import replace

from evalkit.analysis.change_rows import blank_row
from evalkit.analysis.estimate import Estimate, not_estimated, suppressed
from evalkit.analysis.paired_sample import PairedSample
from evalkit.analysis.quality_facts import Reliability
from evalkit.errors import FitError
from evalkit.records.evaluation import Evaluation
from evalkit.stats.disclosure import proportion_is_safe, suppress_table
from evalkit.stats.reliable_change import ReliableChange, ReliableChangeMethod, reliable_change

BETTER_OR_WORSE = ("improved", "no_reliable_change", "declined")
UP_OR_DOWN = ("rose", "no_reliable_change", "fell")


def reliable_change_rows(
    sample: PairedSample, plan: Evaluation, *, measured: Reliability | None, criterion: float
) -> tuple[Estimate, ...]:
    """Counts of pupils who improved, did not change reliably, declined, and the change that counts as reliable.

    Parameters
    ----------
    sample : PairedSample
    plan : Evaluation
    measured : this sample's reliability before the programme, or None where there is none
    criterion : standard errors that count as reliable

    Notes
    -----
    Pupils chosen on their baseline move towards the mean with no programme at all, so for them the regressed score is
    what the follow-up is compared with (Edwards-Nunnally); for all others the baseline itself (Jacobson-Truax).
    """
    chosen = plan.selection is not None and plan.selection.chosen_on_baseline
    method: ReliableChangeMethod = "edwards_nunnally" if chosen else "jacobson_truax"
    names = UP_OR_DOWN if sample.higher_is == "neither" else BETTER_OR_WORSE
    rows = [
        blank_row(sample, inquiry="reliable_change", estimator=method, unit=unit, contrast=contrast)
        for contrast, unit in [*((name, "pupils") for name in names), ("threshold", "points")]
    ]
    try:
        found, source = _count(sample, plan, measured, method, criterion)
    except FitError as error:
        found, source = None, error.message
    if sample.problem:
        found, source = None, sample.problem
    if found is None:
        return tuple(not_estimated(row, source) for row in rows)
    counts = _counts(rows[:3], found, plan.suppression_threshold, source)
    return (*counts, replace(rows[3], estimate=found.threshold, reason=source))


def _count(
    sample: PairedSample,
    plan: Evaluation,
    measured: Reliability | None,
    method: ReliableChangeMethod,
    criterion: float,
) -> tuple[ReliableChange, str]:
    reliability, source = _reliability(sample, plan, measured)
    population = plan.selection.population.get(sample.outcome.id) if plan.selection else None
    if method == "edwards_nunnally" and population is None:
        raise FitError(
            "Pupils were chosen on their baseline, so the mean of pupils who were not chosen is needed; "
            f"add it with its source under selection.population.{sample.outcome.id}."
        )
    found = reliable_change(
        sample.pre,
        sample.post,
        reliability=reliability,
        population_mean=population.mean if population and method == "edwards_nunnally" else None,
        method=method,
        higher_is="worse" if sample.higher_is == "worse" else "better",
        criterion=criterion,
    )
    return found, source


def _reliability(sample: PairedSample, plan: Evaluation, measured: Reliability | None) -> tuple[float, str]:
    """The reliability the plan asks for, and the words that say which.

    A published retest; of a measured number its published error; else this sample's own.
    """
    retest = sample.outcome.retest
    if retest is not None:
        return retest.value, f"published {retest.weeks:g}-week retest {retest.value:.2f} ({retest.source})"
    number = next((one for one in plan.measures if one.id == sample.outcome.instrument), None)
    if number is not None and number.error is None:
        raise FitError(
            "The plan does not say how exact this number is. Add its published standard error of measurement "
            "('error' of the measure)."
        )
    if number is not None and number.error is not None:
        if measured is None:
            raise FitError("The pupils differ less before the programme than the published error of the number says.")
        error = number.error
        return measured.value, f"published error of {error.value:g} {number.unit} ({error.source})"
    if measured is None:
        raise FitError(
            "Neither omega nor alpha could be estimated before the programme, so the noise of the measure is unknown. "
            "Add a published retest of at most 4 weeks to the plan ('retest')."
        )
    why = " (the factor model behind omega gave an impossible answer)" if measured.is_heywood else ""
    return measured.value, f"this sample's {measured.stat} before, {measured.value:.2f}{why}"


def _counts(rows: list[Estimate], found: ReliableChange, threshold: int, source: str) -> list[Estimate]:
    counts = [found.improved, found.unchanged, found.declined]
    return [
        suppressed(row, f"Not shown, because a group has fewer than {threshold} pupils.")
        if hide
        else replace(row, estimate=float(count), reason=source)
        for row, count, hide in zip(rows, counts, _hidden(counts, threshold), strict=True)
    ]


def _hidden(counts: list[int], threshold: int) -> list[bool]:
    """Which of the counts to hide: the small and the empty, enough others, and all when a shown one leaves few over.

    With 41 of 50 pupils improved, 9 did something else, however well their two counts are hidden.
    """
    hidden = [bool(hide) for hide in suppress_table([counts], threshold=threshold, zeros=True).cells[0]]
    shown = [count for count, hide in zip(counts, hidden, strict=True) if not hide]
    if all(proportion_is_safe(count, sum(counts), threshold) for count in shown):
        return hidden
    return [True] * len(counts)
