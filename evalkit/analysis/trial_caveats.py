"""What a reader of a trial must know: limits of every trial, warnings these data give, notes on what was done."""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from evalkit.analysis.quality_facts import Reliability
from evalkit.analysis.trial_checks import half_width
from evalkit.analysis.trial_effects import MAIN_ESTIMATORS
from evalkit.analysis.trial_missing_table import gaps_of
from evalkit.analysis.trial_sample import TrialSample
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.results import Caveat, Value
from evalkit.records.standards import Standards
from evalkit.stats.attrition import attrition_boundary
from evalkit.stats.description import count_at
from evalkit.stats.disclosure import proportion_is_safe

TRIAL_LIMITS = ("average_effect", "volunteers", "one_trial", "offer")
TRIAL_WARNINGS = (
    "not_converged", "singular_fit", "few_clusters", "few_pupils", "wide_interval", "imbalance", "high_attrition",
    "differential_attrition", "unequal_school_loss", "missing_above_5", "weak_instrument", "small_stratum",
    "low_reliability", "ceiling_reached", "floor_reached", "developer_outcome", "instrument_caution", "not_validated",
    "simulated_data", "not_sealed", "deviations",
)  # fmt: skip
TRIAL_NOTES = ("complete_cases", "missing_indicator", "exploratory", "one_or_more_suppressed")
Displays = Mapping[str, pd.DataFrame]


def trial_caveats(
    study: Study,
    samples: Sequence[TrialSample],
    *,
    estimates: pd.DataFrame,
    models: pd.DataFrame,
    displays: Displays,
    reliabilities: Sequence[Reliability],
    standards: Standards,
    limits: Sequence[str] = TRIAL_LIMITS,
) -> tuple[Caveat, ...]:
    """All caveats, limits first.

    Parameters
    ----------
    study : Study
    samples : the outcomes, in the plan's order
    estimates, models : frames - as in `Results`, disclosure-controlled
    displays : mapping - `balance`, `attrition`, `wwc_attrition` and all others, as they are shown
    reliabilities : from `trial_reliabilities`
    standards : Standards
    limits : kinds of what always holds of the design
    """
    found: list[Caveat] = [Caveat(kind, "limit") for kind in limits]
    found += _about_models(models, estimates, standards)
    found += _about_size(samples, estimates, standards)
    found += _about_balance(samples, displays["balance"], standards)
    found += _about_loss(samples, displays, standards)
    found += _about_gaps(samples, standards)
    found += _about_strata(samples[0], standards)
    found += _about_measures(study, samples, reliabilities, standards)
    if study.plan.data is not None and study.plan.data.synthetic:
        found.append(Caveat("simulated_data", "warning"))
    return (*found, *_notes(samples, estimates, displays))


def seal_caveats(plan: Evaluation, displays: Displays) -> tuple[Caveat, ...]:
    """Whether the plan was fixed before the outcomes: from the displays `seal` and `deviations` of the planning.

    A plan without a seal is no warning where it was registered.
    """
    if not len(displays.get("seal", ())):
        return () if plan.registration is not None else (Caveat("not_sealed", "warning"),)
    changes = len(displays.get("deviations", ()))
    return (Caveat("deviations", "warning", facts={"n_changes": changes}),) if changes else ()


def anything_hidden(estimates: pd.DataFrame, displays: Displays) -> bool:
    """Whether a reader will meet a "c": an estimate or a count that was suppressed."""
    if (estimates["status"] == "suppressed").any():
        return True
    counts = (("reasons", "n"), ("distribution", "count"), ("missing_pattern", "n"), ("arms", "mean"))
    if any(displays[name][column].isna().any() for name, column in counts if name in displays):
        return True
    balance = displays["balance"]
    empty = balance["mean"].isna() & balance["count"].isna()
    return bool((empty & (balance["n"] > 0)).any())


def _about_models(models: pd.DataFrame, estimates: pd.DataFrame, standards: Standards) -> list[Caveat]:
    found: list[Caveat] = []
    limit = standards.trial_warnings.few_clusters.value
    for outcome, rows in models[models["model"] == "primary"].groupby("outcome", sort=False):
        name, first = str(outcome), rows.iloc[0]
        if first["converged"] == 0:
            found.append(Caveat("not_converged", "warning", name))
        if first["is_singular"] == 1:
            found.append(Caveat("singular_fit", "warning", name))
        clusters = rows["clusters_treated"] + rows["clusters_control"]
        if (clusters < limit).any():
            found.append(Caveat("few_clusters", "warning", name, {"n_clusters": float(clusters.min())}))
    strength = standards.compliance.weak_first_stage.value
    weak = estimates[(estimates["estimator"] == "first_stage") & (estimates["statistic"] < strength)]
    for outcome, rows in weak.groupby("outcome", sort=False):
        found.append(Caveat("weak_instrument", "warning", str(outcome), {"statistic": float(rows["statistic"].min())}))
    return found


def _about_size(samples: Sequence[TrialSample], estimates: pd.DataFrame, standards: Standards) -> list[Caveat]:
    found: list[Caveat] = []
    main = estimates[(estimates["inquiry"] == "effect") & estimates["estimator"].isin(MAIN_ESTIMATORS)]
    for sample in samples:
        name = sample.outcome.id
        rows = main[main["outcome"] == name]
        pupils = rows["n_treated"] + rows["n_control"]
        if (pupils < standards.warnings.few_pupils.value).any():
            found.append(Caveat("few_pupils", "warning", name, {"n_pupils": float(pupils.min())}))
        width = half_width(estimates, name)
        unsure = ((rows["es_low"] < 0) & (rows["es_high"] > 0)).any()
        if width > standards.trial_checks.size.fair_half_width.value and unsure:
            found.append(Caveat("wide_interval", "warning", name, {"half_width": width}))
    return found


def _about_balance(samples: Sequence[TrialSample], balance: pd.DataFrame, standards: Standards) -> list[Caveat]:
    """Baselines that differ by more than the smallest cut-off; other facts about pupils by more than the largest one.

    A difference that several outcomes share is told once.
    """
    smallest, larger = standards.padlocks.imbalance_small.value, standards.padlocks.imbalance_large.value
    largest = standards.wwc.baseline_adjustable.value
    found: dict[tuple[str, float], Caveat] = {}
    for sample in samples:
        own = balance[
            (balance["outcome"] == sample.outcome.id)
            & (balance["sample"] == "analysed")
            & (balance["level"] == "pupil")
        ]
        for (variable, label), rows in own.groupby(["variable", "label"], sort=False):
            gaps = rows["std_difference"].dropna()
            g = max((float(one) for one in gaps), key=abs, default=math.nan)
            if not abs(g) > (smallest if variable == "baseline" else largest):
                continue
            facts: dict[str, Value] = {"g": g, "label": str(label), "variable": str(variable)}
            level = "warning" if abs(g) > larger else "note"
            found.setdefault((str(variable), g), Caveat("imbalance", level, sample.outcome.id, facts))
    return list(found.values())


def _about_loss(samples: Sequence[TrialSample], displays: Displays, standards: Standards) -> list[Caveat]:
    found: list[Caveat] = []
    attrition, boundary = displays["attrition"], displays["wwc_attrition"]
    table = standards.wwc.attrition_cautious.values
    for sample in samples:
        name = sample.outcome.id
        lost = attrition[
            (attrition["outcome"] == name) & (attrition["level"] == "pupil") & (attrition["arm"] == "all")
        ]["lost_percent"]
        share = float(lost.iloc[0]) / 100 if len(lost) else math.nan
        if share > standards.warnings.high_drop_out.value:
            found.append(Caveat("high_attrition", "warning", name, {"share_lost": share}))
        for row in boundary[boundary["outcome"] == name].dropna(subset=["overall", "differential"]).itertuples():
            overall, differential = float(str(row.overall)) / 100, float(str(row.differential)) / 100
            judged = attrition_boundary(overall, differential, table=table)
            if not judged.low and judged.most_differential is not None:
                kind = "differential_attrition" if row.level == "pupil" else "unequal_school_loss"
                found.append(Caveat(kind, "warning", name, {"differential": differential, "unit": str(row.level)}))
    return _once(found)


def _once(found: Sequence[Caveat]) -> list[Caveat]:
    """Without those that say the same of another outcome."""
    kept: dict[tuple[str, tuple[tuple[str, Value], ...]], Caveat] = {}
    for one in found:
        kept.setdefault((one.kind, tuple(sorted(one.facts.items()))), one)
    return list(kept.values())


def _about_gaps(samples: Sequence[TrialSample], standards: Standards) -> list[Caveat]:
    """Outcomes for which more of the outcome or of a variable of the model is missing than may be left alone."""
    found: list[Caveat] = []
    for sample in samples:
        only_subgroups = {one.id for one in sample.plan.subgroups} - set(sample.terms)
        gaps = {name: gap for name, gap in gaps_of(sample).items() if gap.size and name not in only_subgroups}
        shares = {name: float(gap.mean()) for name, gap in gaps.items()}
        worst = max(shares, key=lambda name: shares[name], default=None)
        if worst is not None and shares[worst] > standards.missing.analyse_above.value:
            facts: dict[str, Value] = {"share_missing": shares[worst], "variable": worst}
            found.append(Caveat("missing_above_5", "warning", sample.outcome.id, facts))
    return found


def _about_strata(sample: TrialSample, standards: Standards) -> list[Caveat]:
    """Whether units that were drawn together are too few in an arm; `smallest` counts units of both arms."""
    trial = sample.plan.groups
    units = sample.schools if sample.unit == "school" else sample.frame
    strata = [one.id for one in trial.strata if one.kind == "category" and one.id in units.columns] if trial else []
    if not strata or sample.unit == "classroom":
        return []
    counts = pd.crosstab([units[name] for name in strata], units["arm"].astype("str"))
    fewest = standards.trial_warnings.few_in_stratum.value
    small = counts[(counts < fewest).any(axis="columns")]
    if small.empty:
        return []
    return [Caveat("small_stratum", "warning", facts={"n_strata": len(small), "unit": sample.unit})]


def _about_measures(
    study: Study, samples: Sequence[TrialSample], reliabilities: Sequence[Reliability], standards: Standards
) -> list[Caveat]:
    found: list[Caveat] = []
    low = standards.warnings.low_reliability.value
    found += [
        Caveat("low_reliability", "warning", one.outcome, {"stat": one.stat, "value": one.value, "wave": one.wave})
        for one in reliabilities
        if one.value < low
    ]
    for sample in samples:
        if sample.outcome.kind == "number":
            found += _about_ends(sample, standards)
        if sample.outcome.made_by_developer:
            found.append(Caveat("developer_outcome", "warning", sample.outcome.id))
    found += [
        Caveat("instrument_caution", "warning", facts={"instrument": one.id})
        for one in study.instruments
        if one.caution
    ]
    # Whether others validated a measured number is the rating's business.
    found += [
        Caveat("not_validated", "warning", facts={"instrument": one.id})
        for one in study.instruments
        if not one.is_measure and not one.validated
    ]
    return found


def _about_ends(sample: TrialSample, standards: Standards) -> list[Caveat]:
    values = sample.analysed["outcome"].to_numpy(dtype=np.float64)
    threshold = sample.plan.suppression_threshold
    found: list[Caveat] = []
    for kind, point, limit in (
        ("ceiling_reached", sample.high, standards.warnings.ceiling_reached.value),
        ("floor_reached", sample.low, standards.warnings.floor_reached.value),
    ):
        count = count_at(values, point, minimum=sample.low, maximum=sample.high)
        if count >= threshold and 100 * count > limit * values.size:
            safe = proportion_is_safe(count, values.size, threshold)
            facts: dict[str, Value] = {"percent": 100 * count / values.size if safe else None, "wave": sample.wave}
            found.append(Caveat(kind, "warning", sample.outcome.id, facts))
    return found


def _notes(samples: Sequence[TrialSample], estimates: pd.DataFrame, displays: Displays) -> list[Caveat]:
    plan = samples[0].plan
    found: list[Caveat] = []
    for sample in samples:
        if sample.outcome.role == "primary":
            arms = displays["attrition"]
            rows = arms[(arms["outcome"] == sample.outcome.id) & (arms["level"] == "pupil") & (arms["arm"] == "all")]
            n = float(rows["analysed"].iloc[0]) if len(rows) else math.nan
            facts: dict[str, Value] = {"n_pupils": None if math.isnan(n) else n}
            found.append(Caveat("complete_cases", "note", sample.outcome.id, facts))
    if any("baseline" in dict(sample.fills) for sample in samples):
        found.append(Caveat("missing_indicator", "note"))
    if (estimates["inquiry"] == "dose_response").any():
        found.append(Caveat("exploratory", "note"))
    if anything_hidden(estimates, displays):
        found.append(Caveat("one_or_more_suppressed", "note", facts={"threshold": plan.suppression_threshold}))
    return found
