"""What the analyses of a trial are called, for a table and in a sentence."""

from evalkit.report.numbers import known
from evalkit.report.rows import Row
from evalkit.report.words_names import opening

METHODS: dict[str, str] = {
    "design_only": "Strata alone, no other covariate",
    "baseline_only": "Baseline alone in the model",
    "complete_baseline": "Pupils with a baseline alone",
    "change_score": "Change scores compared",
    "reliability_corrected": "At equal true scores before",
    "separate_slopes": "A baseline line for each group",
    "ancova": "At equal scores before",
    "post_only": "Scores afterwards only",
    "regression": "Regression, nobody left out",
    "matched": "Matched",
    "matched_unadjusted": "Matched, nothing else held equal",
    "matched_set": "Errors by matched set",
    "ipw": "Inverse probability weights",
    "overlap": "Overlap weights",
    "entropy": "Entropy balancing",
    "doubly_robust": "Doubly robust",
    "did_cr2": "Change minus change",
    "cr2": "Cluster-robust errors (CR2)",
    "satterthwaite": "Satterthwaite's degrees of freedom",
    "kenward_roger": "Kenward-Roger's degrees of freedom",
    "between_schools_t": "Degrees of freedom from schools",
    "ols_cr2": "Least squares with CR2 errors",
    "school_average": "Every school counts the same",
    "school_means": "Means of schools compared",
    "trimmed": "Without pupils far off the model",
    "permutation": "Drawing the groups again by lot",
    "bootstrap": "Drawing schools again (bootstrap)",
    "imputed": "Missing values filled in many times",
    "no_strata_no_covariates": "The group alone in the model",
    "multilevel": "Multilevel model",
    "linear": "Linear model",
    "logit": "Logit with a school effect",
    "ordinal": "Ordered logit",
    "unadjusted": "The group alone in the model",
    "cace_2sls": "Two-stage least squares",
    "cace_anderson_rubin": "Anderson-Rubin set",
    "cace_ratio": "Ratio of multilevel estimates",
    "first_stage": "First stage: gain in dose",
}

DRAWN_PUPILS = "Drawing pupils again (bootstrap)"


def method_name(row: Row) -> str:
    """The name of a row's analysis; its own id in words where the bank has none."""
    name = str(row["estimator"])
    if name == "bootstrap" and not known(row["clusters_treated"]):
        return DRAWN_PUPILS
    if name == "permutation" and "residuals" in str(row.get("reason")):
        return "Pupils put in random order"
    return METHODS.get(name, opening(name.replace("_", " ")))
