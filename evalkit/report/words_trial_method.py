"""How a trial was designed and analysed, for its evaluator: design, model in words and signs, effect sizes."""

from collections.abc import Iterator

from evalkit.records.evaluation import Evaluation
from evalkit.records.outcome import Outcome
from evalkit.records.results import Results
from evalkit.report.numbers import count, fixed, listed
from evalkit.report.rows import rows_of
from evalkit.report.words_arms import group_of, units
from evalkit.report.words_names import inside

DESIGNS = {
    "comparison_prepost": "Two groups that nobody drew by lot and nobody matched; scores before are held equal",
    "matched_comparison": "Two groups that nobody drew by lot; like was compared with like by matching",
    "cluster_trial": "Whole {units} were drawn into the groups by chance",
    "individual_trial": "Pupils were drawn into the groups by chance, one by one",
    "multisite_trial": "{Units} were drawn into the groups by chance within each school",
}
NOT_TOLD = "not supplied"
MODEL_COMPARISON = (
    "The outcome of a pupil is explained by the group{terms}, by least squares. {errors} The difference is the group's "
    "coefficient: it compares pupils at equal scores before."
)
ERRORS_COMPARISON = (
    "Where there are several schools (or classes) their pupils are not independent: with 20 or more, each has a normal "
    "effect of its own (REML, degrees of freedom by Kenward and Roger); with fewer, errors are clustered (CR2, degrees "
    "of freedom by Satterthwaite), or schools are fixed effects where each holds pupils of both groups."
)
MODEL_MATCHED = (
    "On the matched (or weighted) pupils the outcome is explained by the group{terms}, by weighted least squares. The "
    "weights come from matching and are no precisions, so errors are clustered (CR2, degrees of freedom by "
    "Satterthwaite) by what came into the programme as a whole, or by matched set. What was matched on stays in the "
    "model, so that what matching left is taken off."
)
CORRECTED_COMPARISON = (
    "“At equal true scores before” solves $\\hat\\beta = (X^\\top X - n\\Lambda)^{-1} X^\\top y$, where "
    "$\\Lambda$ holds the error variance of the baseline, $(1 - r)\\,s^2$ from its reliability $r$ or the square of a "
    "published standard error; its errors are a sandwich. “Pupils put in random order” permutes the residuals of the "
    "model without the group (Freedman and Lane)."
)
SIZE_COMPARISON = (
    "g is the difference over the pooled standard deviation of the outcome within the groups (with schools as a level, "
    "over the total one), times Hedges' J. The interval of g is the interval of the difference over the same standard "
    "deviation, so that it agrees with p."
)
KINDS = {"number": "a number", "yes_no": "yes or no", "ordered": "ordered grades"}
MULTIPLICITY = {
    "holm": "p-values are adjusted by Holm's method within the primary and within the secondary outcomes.",
    "hochberg": "p-values are adjusted by Hochberg's method within the primary and within the secondary outcomes.",
    "benjamini_hochberg": (
        "p-values are adjusted by Benjamini and Hochberg's method within the primary and within the secondary outcomes."
    ),
    "none": "p-values are not adjusted for the number of outcomes.",
}
DF = {"kenward-roger": "Kenward and Roger", "satterthwaite": "Satterthwaite"}
MODEL_CLUSTERED = (
    "The outcome of a pupil is explained by the group{terms}, and by a normal effect of each {level}, fitted by "
    "restricted maximum likelihood. The test and the interval take their degrees of freedom from {df}."
)
MODEL_PUPILS = (
    "The outcome of a pupil is explained by the group{terms}, by least squares. The test and the interval are those of "
    "Student's t."
)
FORMULA_CLUSTERED = (
    "$$y_{ij} = \\beta_0 + \\beta_1 T_DRAWN + \\boldsymbol{\\gamma}^\\top \\mathbf{x}_{ij} + u_j + e_{ij}, \\qquad "
    "u_j \\sim N(0, \\sigma_S^2), \\quad e_{ij} \\sim N(0, \\sigma_P^2)$$"
)
FORMULA_PUPILS = (
    "$$y_i = \\beta_0 + \\beta_1 T_i + \\boldsymbol{\\gamma}^\\top \\mathbf{x}_i + e_i, \\qquad e_i \\sim N(0, "
    "\\sigma^2)$$"
)
SIGNS_CLUSTERED = (
    "Here $y_{ij}$ is the outcome of pupil $i$ in LEVEL $j$, $T$ is 1 in the programme group and 0 in the comparison "
    "group, $\\mathbf{x}$ holds the covariates, $u_j$ is what pupils of one LEVEL share and $e_{ij}$ is what is left. "
    "$\\beta_1$ is the difference that this report leads with."
)
SIGNS_PUPILS = (
    "Here $y_i$ is the outcome of pupil $i$, $T_i$ is 1 in the programme group and 0 in the comparison group, "
    "$\\mathbf{x}_i$ holds the covariates and $e_i$ is what is left. $\\beta_1$ is the difference that this report "
    "leads with."
)
SIZE_CLUSTERED = (
    "$$g = J \\, \\frac{\\hat\\beta_1}{\\sqrt{\\hat\\sigma_S^2 + \\hat\\sigma_P^2}}, \\qquad J = 1 - \\frac{3}{4\\nu "
    "- 1}, \\qquad \\mathrm{ICC} = \\frac{\\sigma_S^2}{\\sigma_S^2 + \\sigma_P^2}$$"
)
SIZE_PUPILS = "$$g = J \\, \\frac{\\hat\\beta_1}{\\hat\\sigma}, \\qquad J = 1 - \\frac{3}{4\\nu - 1}$$"
SIZE_WORDS = (
    "The variances behind g are those of a model with the group alone, on the same pupils. So g stands on the whole "
    "spread of scores, and covariates do not make it larger. $\\nu$ are the degrees of freedom of that variance. The "
    "interval of g is the interval of $\\beta_1$ over the same standard deviation, times $J$, so that it agrees with "
    "p."
)
YES_NO_WORDS = (
    "For outcomes of yes or no, the difference is one of percentages, worked out from a logit with a school effect "
    "by averaging over the pupils (interval by the delta method). Its effect size is Cox's: the difference of the "
    "log odds over 1.65."
)
ORDERED_WORDS = (
    "For ordered grades, the figure is a common odds ratio from an ordered logit with errors clustered by school. "
    "Above 1: higher grades in the programme group. It is not turned into g."
)
GAP_WORDS = (
    "Pupils without a baseline stay in the model: their baseline is set to one value and a marker says so (the missing-"
    "indicator method, which is sound because chance drew the groups)."
)
YES_NO_PUPILS = "For outcomes of yes or no, the difference is one of percentages, by the same linear model."
ORDERED_PUPILS = (
    "For ordered grades, the figure is a common odds ratio from an ordered logit. Above 1: higher grades in the "
    "programme group. It is not turned into g."
)
CACE_WORDS = (
    "Let $D$ be how much of the programme a pupil or school took up. The complier effect is the difference in "
    "outcomes over the difference in $D$ that chance made: $\\hat\\tau = \\hat\\beta_1 / \\hat\\pi_1$, by two-stage "
    "least squares with the covariates of the main model and errors clustered by what was drawn. Where the first "
    "stage is weak, the Anderson-Rubin set replaces the interval."
)
MISSING_WORDS = (
    "Gaps are filled in {number} times by chained equations{school}, and the main model is pooled over "
    "them by Rubin's rules with Barnard and Rubin's degrees of freedom. The verdict is then tested by moving what "
    "was filled in."
)


def design_rows(results: Results) -> list[tuple[str, str]]:
    """The trial in brief, as (what, how) pairs."""
    plan = results.plan
    return [(what, how) for what, how in _design_rows(plan) if how]


def _design_rows(plan: Evaluation) -> Iterator[tuple[str, str]]:
    names = units(plan)
    yield "Design", DESIGNS[plan.design].format(units=names, Units=names.capitalize())
    yield "Groups", "; ".join(f"{arm.label}{' (comparison)' if arm.control else ''}" for arm in plan.arms)
    yield "Programme", plan.programme.description
    yield "Setting", ", ".join(part for part in (plan.programme.setting, plan.programme.year) if part)
    registered = plan.registration
    yield "Registration", _registered(plan) if registered else "not supplied"
    strata = plan.groups.strata if plan.groups else ()
    if plan.is_trial:
        yield "Drawn within", listed([inside(one.label) for one in strata]) or "the whole list, without strata"
    if plan.is_comparison:
        yield "How pupils came into the groups", (plan.selection.description if plan.selection else "") or NOT_TOLD
    yield "Covariates", listed(["baseline", *(inside(one.label) for one in (*strata, *plan.covariates))])
    yield "Groups of pupils planned", listed([inside(one.label) for one in plan.subgroups]) or "none"
    yield "Test", f"{'two' if plan.sides == 2 else 'one'}-sided, alpha {fixed(plan.alpha, 2)}"


def _registered(plan: Evaluation) -> str:
    found = plan.registration
    if found is None:
        return ""
    date = f", {found.date} as stated" if found.date else ""
    return f"{found.registry + ' ' if found.registry and found.registry not in found.id else ''}{found.id}{date}"


def outcome_rows(results: Results) -> list[list[str]]:
    """Every outcome: its role, kind, time, baseline, pupils and whether those who made the programme made it."""
    plan = results.plan
    waves = {wave.id: wave.label for wave in plan.waves}
    return [
        [
            one.label,
            one.role,
            KINDS[one.kind],
            waves[plan.wave_of(one)],
            _baseline(results, one),
            group_of(results, one.id, "all"),
            "yes" if one.made_by_developer else "no",
        ]
        for one in plan.outcomes
    ]


def _baseline(results: Results, one: Outcome) -> str:
    baseline = results.plan.baseline_of(one)
    facts = results.instruments.get(baseline.instrument, {})
    scores = facts.get("scores") or {}
    return str((scores.get(baseline.score) or {}).get("label") or facts.get("title") or baseline.instrument)


def estimand_rows(results: Results) -> list[tuple[str, str]]:
    """What exactly is estimated for the primary outcome."""
    one = next((one for one in results.plan.outcomes if one.role == "primary"), results.plan.outcomes[0])
    asked = one.estimand
    return [
        ("Population", asked.population), ("Contrast", asked.contrast), ("Measure", asked.measure),
        ("Those who did not comply", asked.non_compliance), ("Those who dropped out", asked.drop_out),
        ("Average over", "pupils" if asked.average == "pupil" else "schools"),
    ]  # fmt: skip


def model_words(results: Results) -> list[str]:
    """The main model in words and signs, as markdown paragraphs."""
    plan = results.plan
    if plan.is_comparison:
        return _comparison_words(results)
    clustered = plan.design != "individual_trial"
    strata = plan.groups.strata if plan.groups else ()
    named = ["the baseline", *(inside(one.label) for one in (*strata, *plan.covariates))]
    terms = f", {listed(named)}"
    level = "class" if plan.assigned_unit == "class" else "school"
    told: list[str] = []
    if clustered:
        df = DF[plan.trial.analysis.df if plan.trial else "kenward-roger"]
        told.append(MODEL_CLUSTERED.format(terms=terms, level=level, df=df))
        told.append(FORMULA_CLUSTERED.replace("DRAWN", "j" if plan.design == "cluster_trial" else "{ij}"))
        told.append(SIGNS_CLUSTERED.replace("LEVEL", level))
        told.append(SIZE_CLUSTERED)
    else:
        told += [MODEL_PUPILS.format(terms=terms), FORMULA_PUPILS, SIGNS_PUPILS, SIZE_PUPILS]
    told.append(SIZE_WORDS)
    kinds = {one.kind for one in plan.outcomes}
    told += [YES_NO_WORDS if clustered else YES_NO_PUPILS] if "yes_no" in kinds else []
    told += [ORDERED_WORDS if clustered else ORDERED_PUPILS] if "ordered" in kinds else []
    told += [GAP_WORDS] if plan.missing_data.baseline == "indicator" else []
    told += [CACE_WORDS] if rows_of(results, "compliance") else []
    if plan.missing_data.strategy == "multiple_imputation":
        told.append(
            MISSING_WORDS.format(
                number=count(plan.missing_data.imputations), school=" with a school effect" if clustered else ""
            )
        )
    return told


def _comparison_words(results: Results) -> list[str]:
    """The model of a comparison in words; a matched one says beside it how partners were found."""
    plan = results.plan
    terms = f", {listed(['the baseline', *(inside(one.label) for one in plan.covariates)])}"
    if plan.design == "matched_comparison":
        told = [MODEL_MATCHED.format(terms=terms)]
    else:
        told = [MODEL_COMPARISON.format(terms=terms, errors=ERRORS_COMPARISON), CORRECTED_COMPARISON]
    kinds = {one.kind for one in plan.outcomes}
    return [*told, SIZE_COMPARISON, *([YES_NO_PUPILS] if "yes_no" in kinds else [])]
