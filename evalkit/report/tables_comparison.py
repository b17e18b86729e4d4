"""The tables that only a comparison has: what each way of comparing takes off, starts, sensitivity, matching."""

from functools import partial

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.numbers import ABSENT, SUPPRESSED, bare_p, fixed, known, signed
from evalkit.report.rows import Row, rows_of
from evalkit.report.table_cells import cell, cell_range, interval_name, table
from evalkit.report.tables_methods import trimmed_table
from evalkit.report.tables_trial import n_cell, size_cell
from evalkit.report.trial_effects import display, primary_effects
from evalkit.report.words_arms import treated_arms
from evalkit.report.words_methods import method_name
from evalkit.report.words_names import inside, opening, outcome_label

ADJUSTMENT = {
    "baseline_gap": "Programme minus comparison group before",
    "slope": "Points after for each point before",
    "taken": "Taken off by the main analysis",
    "change_takes": "Taken off by change scores",
    "reliability": "Reliability of the score before",
}
KEYS = ("sample", "level", "variable", "label", "category")
MATCHED_SAMPLES = {
    "all": "Everybody",
    "matched": "Matched",
    "ipw": "Inverse probability",
    "overlap": "Overlap weights",
    "entropy": "Entropy balancing",
}
MATCHING = {
    "unit": "What was matched",
    "method": "Method",
    "estimand": "Whom the difference is about",
    "distance": "Likeness measured by",
    "replacement": "Partners used more than once",
    "curves": "Curves and products added",
    "exact": "The same in partners",
    "cluster": "Errors clustered by",
    "ratio": "Partners for each",
    "caliper": "Caliper, SD of the linear predictor",
    "sets": "Matched sets",
    "n_treated": "With the programme, before matching",
    "matched_treated": "With the programme, matched",
    "effective_treated": "With the programme, effective number",
    "n_control": "Without it, before matching",
    "matched_control": "Without it, matched",
    "effective_control": "Without it, effective number",
}
MATCHING_VALUES = {
    "att": "those with the programme (ATT)",
    "ate": "everybody (ATE)",
    "ato": "those for whom both were likely (ATO)",
    "propensity": "propensity (linear predictor of a logit)",
    "nearest": "nearest neighbour, greedy",
    "optimal": "optimal",
    "full": "optimal full",
    "coarsened": "coarsened exact",
}
SENSITIVITY = {
    "e_value": "E-value of the estimate",
    "e_value_limit": "E-value of the nearer limit",
    "rosenbaum_gamma": "Rosenbaum's gamma at which it becomes unclear",
    "robustness_value": "Robustness value",
    "robustness_value_alpha": "Robustness value, to become unclear",
    "partial_r2": "Partial R²",
    "benchmark": "As strong as",
}


def adjustment_table(results: Results) -> Table | None:
    """How far the groups were apart before and what each way of comparing takes off; None without a baseline."""
    rows = [
        [
            outcome_label(results, str(row["outcome"])),
            ADJUSTMENT.get(str(row["quantity"]), str(row["quantity"])),
            signed(float(row["value"]), 2) if known(row["value"]) else ABSENT,
            str(row["note"] or ABSENT),
        ]
        for row in display(results, "adjustment")
    ]
    if not rows:
        return None
    caption = (
        "What each way of comparing takes off the plain difference of scores afterwards, in points. The main analysis "
        "takes the gap before times the slope; covariates apart."
    )
    header = ("Outcome", "Quantity", "Value", "Remark")
    return trimmed_table(results, header, rows, align="llrl", caption=caption, widths=(24, 36, 10, 30))


def starts_table(results: Results) -> Table | None:
    """Each start against those that had not started; None where all started together."""
    waves = {wave.id: wave.label for wave in results.plan.waves}
    rows = [
        [outcome_label(results, str(row["outcome"])), waves.get(str(row["wave"]), str(row["wave"])), *_numbers(row)]
        for row in rows_of(results, "start_group")
    ]
    caption = (
        "Groups that started one after the other: each start against those that had not started yet, at equal scores "
        "one time earlier. The main result puts them together, with errors clustered by pupil or school."
    )
    return _estimates(results, ("Outcome", "Started by"), rows, caption=caption)


def change_table(results: Results) -> Table | None:
    """Change minus change, and gaps before the programme; None where there are none."""
    waves = {wave.id: wave.label for wave in results.plan.waves}
    rows = [
        [
            outcome_label(results, str(row["outcome"])),
            f"{kind}{waves.get(str(row['wave']), str(row['wave']))}"
            + (", everybody" if row["estimator"] == "did_everybody" else ""),
            *_numbers(row),
        ]
        for inquiry, kind in (("difference_in_differences", "Change minus change, "), ("pre_trend", "Before: "))
        for row in rows_of(results, inquiry)
    ]
    caption = (
        "Change minus change: by how much more one group changed than the other. Rows named “Before” ask the same of "
        "times before the programme, when nothing should show."
    )
    return _estimates(results, ("Outcome", "When"), rows, caption=caption)


def sensitivity_tables(results: Results) -> list[Table]:
    """How strong something unmeasured would have to be; none where it was not worked out."""
    rows = [
        [
            outcome_label(results, str(row["outcome"])),
            f"{SENSITIVITY.get(str(row['quantity']), opening(str(row['quantity'])))}"
            + (f": {row['label']}" if row.get("label") else ""),
            fixed(float(row["value"]), 3) if known(row["value"]) else ABSENT,
            str(row.get("note") or ABSENT),
        ]
        for row in display(results, "sensitivity")
    ]
    if not rows:
        return []
    caption = "How strong something that nobody measured would have to be to explain the difference away."
    header = ("Outcome", "Measure", "Value", "Remark")
    return [trimmed_table(results, header, rows, align="llrl", caption=caption, widths=(24, 36, 10, 30))]


def matching_table(results: Results) -> Table | None:
    """How partners were found; None where nobody was matched."""
    rows = [
        [
            outcome_label(results, str(row["outcome"])),
            MATCHING.get(str(row["quantity"]), opening(str(row["quantity"]).replace("_", " "))),
            _how(results, row),
        ]
        for row in display(results, "matching")
        if row["value"] or known(row.get("number", float("nan")))
    ]
    if not rows:
        return None
    header = ("Outcome", "What", "How")
    return table(results, header, rows, align="lll", caption="How partners were found.", widths=(28, 32, 40))


def _how(results: Results, row: Row) -> str:
    """What stands in the plan, in words; or a number."""
    if not row["value"]:
        return f"{row['number']:,g}"
    if row["quantity"] == "exact":
        labels = {one.id: inside(one.label) for one in results.plan.covariates}
        return ", ".join(labels.get(name, name) for name in str(row["value"]).split(", "))
    return MATCHING_VALUES.get(str(row["value"]), str(row["value"]).replace("_", " "))


def matched_balance_table(results: Results) -> Table | None:
    """The groups before and after matching, with standardised gaps and ratios of variances; None where none matched."""
    first = next(iter(primary_effects(results)), None)
    found = display(results, "balance", outcome=first.outcome) if first and display(results, "love") else []
    rows: list[list[str]] = []
    treated = treated_arms(results.plan)[0]
    for row in sorted((one for one in found if one["arm"] == treated), key=_sample_place):
        other = next((one for one in found if one["arm"] != treated and all(one[k] == row[k] for k in KEYS)), {})
        name = opening(str(row["label"])) + (f": {row['category']}" if row["category"] else "")
        gap, ratio = float(row["std_difference"]), float(row["variance_ratio"])
        rows.append(
            [
                MATCHED_SAMPLES.get(str(row["sample"]), opening(str(row["sample"]))),
                name,
                _level(row),
                _level(other),
                signed(gap, 2) if known(gap) else ABSENT,
                fixed(ratio, 2) if known(ratio) else ABSENT,
            ]
        )
    if not rows:
        return None
    header = ("Sample", "Characteristic", "Programme", "Comparison", "Gap", "Ratio of variances")
    caption = (
        "The groups before and after matching. Numbers: mean (SD). Categories: percent. Gap: standardised difference; "
        "the SD is that before matching throughout. No tests: what matters is how large a gap is."
    )
    return trimmed_table(results, header, rows, align="llrrrr", caption=caption, widths=(16, 28, 16, 16, 10, 14))


def _sample_place(row: Row) -> int:
    samples = list(MATCHED_SAMPLES)
    return samples.index(str(row["sample"])) if row["sample"] in samples else len(samples)


def _level(row: Row) -> str:
    if not row or row["variable"] == "propensity":
        return ABSENT
    if row["category"]:
        return f"{fixed(row['percent'], 0)}%" if known(row["percent"]) else SUPPRESSED
    return f"{fixed(row['mean'], 1)} ({fixed(row['sd'], 1)})" if known(row["mean"]) else SUPPRESSED


def placebo_table(results: Results) -> Table | None:
    """Outcomes that the programme cannot have changed; None where the plan names none."""
    rows = [
        [outcome_label(results, str(row["outcome"])), method_name(row), *_numbers(row)]
        for row in rows_of(results, "placebo")
    ]
    caption = "Outcomes that the programme cannot have changed: nothing should show."
    return _estimates(results, ("Outcome", "Analysis"), rows, caption=caption)


def _numbers(row: Row) -> list[str]:
    return [
        cell(row, "estimate", partial(signed, digits=2)),
        cell_range(row, digits=2),
        size_cell(row),
        n_cell(row),
        cell(row, "p_value", bare_p),
        str(row["reason"] or ABSENT),
    ]


def _estimates(results: Results, first: tuple[str, str], rows: list[list[str]], *, caption: str) -> Table | None:
    if not rows:
        return None
    name = interval_name(results)
    header = (*first, "Difference", name, f"g ({name})", "n", "p", "Remark")
    return trimmed_table(
        results, header, rows, align="llrrrrrl", caption=caption, widths=(18, 18, 10, 15, 17, 10, 7, 20)
    )
