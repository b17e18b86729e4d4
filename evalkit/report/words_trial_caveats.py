"""What the reader of a trial must know: a sentence for every kind of caveat."""

from collections.abc import Mapping

from evalkit.records.results import Caveat, Results, Value
from evalkit.report.numbers import count, effect, fixed, known, share
from evalkit.report.words_arms import pupils_of, units
from evalkit.report.words_names import outcome_name

LIMITS: dict[str, str] = {
    "average_effect": (
        "The figure is an average over many {units}. Some will have gained more and some less, and a trial cannot say "
        "which."
    ),
    "volunteers": "Those who took part had agreed to be in a trial. Others may differ from them.",
    "one_trial": "One trial is one answer. The same programme in other places or other years may give another.",
    "offer": "The figures tell what happens when the programme is offered, and not what it does at its best.",
}
WARNINGS: dict[str, str] = {
    "singular_fit": (
        "On {outcome}, the model found no difference between schools beyond chance. Its likely range may be too narrow."
    ),
    "few_clusters": "There are few schools{detail}, so the likely range for {outcome} is less exact than it looks.",
    "few_pupils": "Few pupils are in the analysis of {outcome}{detail}, so a few of them can change the picture.",
    "imbalance": "The groups {apart} on {what}{detail}. {adjusted}",
    "high_attrition": (
        "Many pupils were lost{detail}, so those who are left may no longer be like those who were drawn."
    ),
    "differential_attrition": (
        "More pupils were lost in one group than in the other{detail}. This can make a difference that is not real, or "
        "hide one that is."
    ),
    "unequal_school_loss": "More schools left one group than the other{detail}.",
    "weak_instrument": (
        "Being drawn for the programme changed little how much of it was taken up{detail}. What the programme does "
        "when it is taken up cannot be told well from these data."
    ),
    "missing_above_5": (
        "Of the data needed for {outcome}, more than one part in twenty is missing{detail}. See “What is missing”."
    ),
    "wide_interval": "The likely range for {outcome} is wide, so both a gain and a loss fit.",
    "small_stratum": "Some groups of schools that were drawn together are very small{detail}.",
    "not_sealed": "The plan was not sealed before the outcomes were known, so it cannot be shown that it came first.",
    "deviations": "The plan was changed after it was sealed{detail}. The changes stand in the appendix.",
    "developer_outcome": (
        "The measure of {outcome} was made by those who made the programme. Such measures tend to show larger gains."
    ),
    "simulated_data": "The data are simulated: no pupil and no school behind them is real.",
    "not_converged": "The model for {outcome} did not settle on one answer, so its figures are not to be relied on.",
    "high_missing": "Much of the data on {outcome} is missing{detail}.",
    "ceiling_reached": "Many pupils had the highest score there is on {outcome}{detail}.",
    "floor_reached": "Many pupils had the lowest score there is on {outcome}{detail}.",
    "low_reliability": "The answers behind {outcome} do not fit together well{detail}.",
}
NOTES: dict[str, str] = {
    "exploratory": "Results that were not planned are marked as exploratory. They raise questions and answer none.",
    "complete_cases": "The main result rests on the pupils who have an outcome{detail}.",
    "missing_indicator": "Pupils without a baseline stay in the analysis and are marked as such in the model.",
    "one_or_more_suppressed": (
        "Where a figure rests on fewer than {threshold} pupils it is not shown, so that nobody can be picked out; only "
        "how many took part is. "
        "Tables show “c” in its place."
    ),
}
CAVEATS: dict[str, str] = {**LIMITS, **WARNINGS, **NOTES}
SHARES = ("share", "share_lost", "share_missing", "overall", "differential", "difference_share")
PERCENTS = ("percent", "lost_percent", "missing_percent", "points")
APART = {"note": "started a little apart", "warning": "did not start alike"}
ADJUSTED = {
    True: "The analysis takes this into account.",
    False: "The plan does not have it in the model, so the figure may hold a part of this difference.",
}
NUMBERS = (
    "n",
    "n_schools",
    "n_clusters",
    "n_strata",
    "clusters",
    "n_pupils",
    "n_changes",
    "changes",
    "deviations",
    "smallest",
)
SIZES = ("g", "std_difference", "difference")


def trial_caveat_sentence(results: Results, caveat: Caveat) -> str:
    """The sentence for a caveat of a trial; a number of its facts stands in brackets."""
    name = outcome_name(results, caveat.outcome) if caveat.outcome else "the main outcome"
    words = {
        "outcome": name,
        "pupils": pupils_of(results, caveat.outcome) if caveat.outcome else "pupils",
        "units": units(results.plan),
        "threshold": count(results.plan.suppression_threshold),
        "what": str(caveat.facts.get("label") or "the baseline"),
        "detail": _detail(caveat.facts),
        "apart": APART.get(caveat.level, APART["warning"]),
        "adjusted": ADJUSTED[_is_in_model(results, caveat)],
    }
    return CAVEATS[caveat.kind].format_map(words)


def _is_in_model(results: Results, caveat: Caveat) -> bool:
    """Whether what differed at the start is the baseline, a stratum or a covariate of the plan."""
    plan = results.plan
    strata = plan.groups.strata if plan.groups else ()
    return caveat.facts.get("variable", "baseline") in {"baseline", *(one.id for one in (*strata, *plan.covariates))}


def _detail(facts: Mapping[str, Value]) -> str:
    for names, show in (
        (SHARES, lambda value: share(value)),
        (PERCENTS, lambda value: f"{fixed(value, 0)}%"),
        (SIZES, lambda value: f"{effect(abs(value))} of a standard deviation"),
        (("statistic", "f"), lambda value: f"F = {fixed(value, 1)}"),
        (("value",), lambda value: f"{effect(value)} of 1"),
        (NUMBERS, count),
    ):
        for name in names:
            value = facts.get(name)
            if isinstance(value, int | float) and not isinstance(value, bool) and known(value):
                return f" ({show(value)})"
    return ""


def limit_sentences(results: Results) -> list[str]:
    """What holds for every trial of this kind."""
    return [text.format(units=units(results.plan)) for text in LIMITS.values()]
