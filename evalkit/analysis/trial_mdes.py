"""The smallest effect that a trial could detect when its units were randomised: one column of the security rating."""

import math
from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from evalkit.analysis.trial_model import TrialModel
from evalkit.analysis.trial_models import variances_of
from evalkit.analysis.trial_sample import TrialSample
from evalkit.analysis.trial_security import DetectableEffect
from evalkit.assumed_design import assumed_design
from evalkit.errors import DesignError
from evalkit.records.trial import AssumedDesign
from evalkit.stats.power import detectable_effect
from evalkit.stats.power_designs import TrialDesign

OBSERVED = "from the numbers randomised, with the ICC and R2 of this analysis, because the plan states none"


def detectable_at_randomisation(
    sample: TrialSample, model: TrialModel | None, alone: TrialModel | None
) -> DetectableEffect:
    """The MDES at randomisation for one outcome, in SDs.

    Parameters
    ----------
    sample : TrialSample
    model : its primary model; None when it cannot be fitted
    alone : the arm-only model on the same rows

    Returns
    -------
    DetectableEffect
        As the plan states it (stage `randomisation`, of the outcome's own group of pupils, else of all); without such a
        statement from the pupils and schools that were randomised and the ICC, the R2 of each level and the variation
        of school sizes that were found; with several treated arms the largest. NaN, with a note, where neither can be
        had.
    """
    stated = _stated(sample)
    try:
        if stated is not None:
            found = detectable_effect(assumed_design(sample.plan, stated), power=stated.power)
            asked = sample.outcome.pupils.subgroup if sample.outcome.pupils else "all"
            return DetectableEffect(found.effect, "" if stated.group == asked else f"stated for {stated.group} pupils")
        if model is None or alone is None:
            return DetectableEffect(math.nan, "the plan states none, and there is no model to take it from")
        if sample.analysed["arm"].value_counts().min() < sample.plan.suppression_threshold:
            return DetectableEffect(
                math.nan, "the plan states none, and what was found rests on too few pupils to show"
            )
        designs = [randomised_design(model, alone, arm) for arm in sample.treated]
        return DetectableEffect(max(detectable_effect(one).effect for one in designs), OBSERVED)
    except DesignError as error:
        return DetectableEffect(math.nan, " ".join(error.problems))


def randomised_design(model: TrialModel, alone: TrialModel, arm: str) -> TrialDesign:
    """The trial of one arm and the control as randomised, with what the analysis found of variances.

    Raises
    ------
    DesignError
        When too few units were randomised for a test.
    """
    sample = model.sample
    rows = sample.population[sample.population["arm"].isin([arm, sample.plan.control.id])]
    treated = rows["arm"] == arm
    bare, own = variances_of(alone), variances_of(model)
    total = sum(bare.values())
    r2 = {level: max(0.0, 1 - own[level] / bare[level]) if bare[level] > 0 else 0.0 for level in own if level in bare}
    design = TrialDesign(
        "individual",
        pupils=float(len(rows)),
        share_treated=float(treated.mean()),
        r2_pupil=r2["pupil"],
        covariates=_covariates(model, None),
        alpha=sample.plan.alpha,
        sides=sample.plan.sides,
    )
    if sample.plan.design == "individual_trial":
        return design
    unit = "classroom" if sample.unit == "classroom" else "school"
    sizes = rows[unit].value_counts()
    if sample.unit == "pupil":
        schools = float(len(sizes))
        return replace(
            design, kind="multisite_constant", schools=schools, pupils=len(rows) / schools, icc=_share(bare, "school")
        )
    level = "class" if unit == "classroom" else "school"
    clusters = rows.drop_duplicates(unit)
    shared = {
        "pupils": float(sizes.mean()),
        "share_treated": float((clusters["arm"] == arm).mean()),
        "icc": bare.get(level, 0.0) / total,
        "r2_school": r2.get(level, 0.0),
        "size_cv": float(sizes.std(ddof=0) / sizes.mean()),
        "covariates": _covariates(model, unit),
    }
    if level == "class" and "school" in bare:
        schools = float(rows["school"].nunique())
        blocks = {"blocks": schools, "schools": len(sizes) / schools, "icc_block": _share(bare, "school")}
        # One effect for all schools: no degrees of freedom go to an effect of each, as in the fixed kind.
        return replace(design, kind="blocked_cluster_random", **shared, **blocks)
    return replace(design, kind="cluster", schools=float(len(sizes)), **shared)


def _stated(sample: TrialSample) -> AssumedDesign | None:
    """What the plan states for randomisation: for the outcome's group of pupils, else for all."""
    stated = sample.plan.trial.assumed if sample.plan.trial else ()
    by_group = {one.group: one for one in stated if one.stage == "randomisation"}
    own = by_group.get(sample.outcome.pupils.subgroup) if sample.outcome.pupils else None
    return own or by_group.get("all")


def _share(variances: Mapping[str, float], level: str) -> float:
    return variances.get(level, 0.0) / sum(variances.values())


def _covariates(model: TrialModel, unit: str | None) -> int:
    """Columns besides the arm that cost degrees of freedom: all, or those between clusters and the baseline."""
    count = 0
    for name in model.sample.terms:
        column = model.data[name]
        within = unit is not None and bool((model.data.groupby(unit)[name].nunique() > 1).any())
        if within and name != "baseline":
            continue
        count += 1 if pd.api.types.is_numeric_dtype(column) else max(column.nunique() - 1, 0)
    return count
