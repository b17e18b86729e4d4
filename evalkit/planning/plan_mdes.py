"""The EEF's MDES table of a trial's plan: as assumed at protocol and randomisation, and as found at analysis."""

import math
from typing import Literal

import pandas as pd

from evalkit.assumed_design import assumed_design
from evalkit.errors import SpecError
from evalkit.planning.mdes_table import MDES_ROWS, Stage, mdes_table
from evalkit.records.evaluation import Evaluation
from evalkit.records.results import Results
from evalkit.stats.power import detectable_from
from evalkit.stats.power_designs import TrialDesign

NUMBERS = {
    "schools_treated": "clusters_treated",
    "schools_control": "clusters_control",
    "pupils_treated": "n_treated",
    "pupils_control": "n_control",
}


def plan_mdes_table(plan: Evaluation, results: Results | None = None) -> pd.DataFrame:
    """The MDES table of a trial.

    Parameters
    ----------
    plan : Evaluation
        `trial.assumed` holds a column for each stage (protocol, randomisation) and group of pupils.
    results : Results, optional
        Of that plan: adds the column `analysis_all`, and one for each group that was assumed and analysed.

    Returns
    -------
    frame
        As `mdes_table`.

    Raises
    ------
    SpecError
        The plan is of no trial, or assumes nothing while there are no results.
    DesignError
        A design that was assumed cannot be; the message names the column.

    Notes
    -----
    At analysis, MDES = M SE with the standard error that was found, in SDs of the outcome, and its degrees of freedom;
    the correlations are the roots of what the model's covariates explain.
    """
    if plan.trial is None:
        raise SpecError(f"{plan.id}: the MDES table is for trials, and this plan's design is {plan.design}.")
    assumed = plan.trial.assumed
    if not assumed and results is None:
        raise SpecError(
            f"{plan.id}: the plan assumes nothing about its size. Add 'assumed' under 'trial:', with a stage (protocol "
            "or randomisation), schools, pupils and icc."
        )
    stages: dict[Stage, dict[str, TrialDesign]] = {}
    for one in assumed:
        stages.setdefault(one.stage, {})[one.group] = assumed_design(plan, one)
    powers = {f"{one.stage}_{one.group}": one.power for one in assumed}
    table = pd.DataFrame({"row": list(MDES_ROWS), "label": list(MDES_ROWS.values())})
    for stage, groups in sorted(stages.items()):
        for group, design in groups.items():
            name = f"{stage}_{group}"
            table[name] = mdes_table({stage: {group: design}}, power=powers[name])[name]
    if results is None:
        return table
    power = assumed[0].power if assumed else 0.8
    own = [one.pupils.subgroup for one in plan.outcomes if one.pupils is not None]
    for group in dict.fromkeys(["all", *own, *(one.group for one in assumed)]):
        column = _analysis_column(results, group, power)
        if column:
            table[f"analysis_{group}"] = [column.get(row, math.nan) for row in MDES_ROWS]
    return table


def _analysis_column(results: Results, group: str, power: float) -> dict[str, float]:
    """One column as found; empty where the group was not analysed or its numbers may not be shown."""
    rows = results.estimates
    outcome, inquiry = _where(results.plan, group)
    rows = rows[(rows["outcome"] == outcome) & (rows["estimator"] == "multilevel") & (rows["status"] == "ok")]
    names = ["all"] if inquiry == "effect" else [group, f"{group}: yes"]
    rows = rows[(rows["inquiry"] == inquiry) & rows["subgroup"].isin(names)]
    if rows.empty or not math.isfinite(rows["std_error"].iloc[0]) or not rows["estimate"].iloc[0]:
        return {}
    row = rows.iloc[0]
    std_error = float(row["std_error"] * row["effect_size"] / row["estimate"])
    plan = results.plan
    column = {name: float(row[source]) for name, source in NUMBERS.items()}
    for unit in ("schools", "pupils"):
        column[unit] = column[f"{unit}_treated"] + column[f"{unit}_control"]
    if plan.design == "multisite_trial" and plan.unit_of_randomisation == "pupil":
        column["schools"] = max(column["schools_treated"], column["schools_control"])
    column |= {"alpha": plan.alpha, "power": power, "sides": float(plan.sides)}
    column["mdes"] = detectable_from(abs(std_error), float(row["df"]), alpha=plan.alpha, sides=plan.sides, power=power)
    column["cluster_size"] = column["pupils"] / column["schools"] if column["schools"] > 0 else math.nan
    return column | (_model_facts(results, outcome) if inquiry == "effect" else {})


def _where(plan: Evaluation, group: str) -> tuple[str, Literal["effect", "subgroup"]]:
    """The outcome that is about a group of pupils, primary ones first; else the separate model of the subgroup."""
    ranked = sorted(plan.outcomes, key=lambda one: one.role != "primary")
    for one in ranked:
        if (one.pupils.subgroup if one.pupils else "all") == group:
            return one.id, "effect"
    everybody = [one.id for one in ranked if one.pupils is None]
    return (everybody or [ranked[0].id])[0], "subgroup"


def _model_facts(results: Results, outcome: str) -> dict[str, float]:
    models = results.models
    primary = models[(models["outcome"] == outcome) & (models["model"] == "primary")]
    alone = models[(models["outcome"] == outcome) & (models["model"] == "unadjusted")]
    if primary.empty or alone.empty:
        return {}
    found = {"icc_school": float(alone["icc"].iloc[0])}
    for level in ("pupil", "school"):
        r2 = float(primary[f"r2_{level}"].iloc[0])
        found[f"correlation_{level}"] = math.sqrt(max(r2, 0.0)) if math.isfinite(r2) else math.nan
    return found
