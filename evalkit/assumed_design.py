"""What a plan assumes about its size, as a design that can be planned: between the records and the statistics."""

from evalkit.records.evaluation import Evaluation
from evalkit.records.trial import AssumedDesign
from evalkit.stats.power_designs import DesignKind, TrialDesign

# With two classes in a school, one in each arm, the schools' differences are the data, and K - 1 - g their degrees of
# freedom. The blocks' own effects could not be told apart: K (J - 2) - g leaves nothing.
FEWEST_CLASSES = 3


def assumed_design(plan: Evaluation, assumed: AssumedDesign) -> TrialDesign:
    """What was assumed, as a design to be planned. Raises DesignError when it cannot be one."""
    kind = design_kind(plan, has_classes=assumed.classes is not None)
    blocked = kind == "blocked_cluster_fixed"
    if blocked and (assumed.classes or 0) < FEWEST_CLASSES:
        kind = "blocked_cluster_random"
    return TrialDesign(
        kind,
        blocks=assumed.schools if blocked else None,
        schools=assumed.classes if blocked else assumed.schools,
        classes=None if blocked else assumed.classes,
        pupils=assumed.pupils,
        share_treated=assumed.share_treated,
        icc=assumed.icc_class if blocked else assumed.icc,
        icc_block=(assumed.icc or 0.0) if blocked else 0.0,
        icc_class=0.0 if blocked else assumed.icc_class,
        r2_pupil=assumed.r2_pupil,
        r2_school=assumed.r2_school,
        covariates=assumed.covariates,
        size_cv=assumed.size_cv,
        alpha=plan.alpha,
        sides=plan.sides,
    )


def design_kind(plan: Evaluation, *, has_classes: bool) -> DesignKind:
    """Who is randomised; classes within schools are clusters in blocks."""
    if plan.design == "individual_trial":
        return "individual"
    if plan.design == "cluster_trial":
        return "cluster_three_level" if has_classes else "cluster"
    if plan.unit_of_randomisation == "class":
        return "blocked_cluster_fixed"
    varying = plan.trial is not None and plan.trial.analysis.varying_effect
    return "multisite_random" if varying else "multisite_constant"
