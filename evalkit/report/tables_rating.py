"""The tables of ratings: padlocks, threats, months, What Works Clearinghouse, cost, each with its rules' status."""

from functools import partial

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.numbers import ABSENT, count, effect, fixed, known, percent
from evalkit.report.table_cells import table
from evalkit.report.trial_effects import arm_of, display
from evalkit.report.words_arms import group_of, short_arm, treated_arms
from evalkit.report.words_names import opening, outcome_label
from evalkit.report.words_rating import BANDS, MonthsRead, months_cell, padlocks

COLUMNS = {
    "design": "Design",
    "mdes": "Detectable effect at randomisation",
    "attrition": "Pupils lost",
    "interim": "Lowest of the three",
    "final": "After threats to the findings",
}
STEPS = {
    "randomised": "Drawn by chance",
    "attrition": "Attrition",
    "baseline": "Alike at the start",
    "rating": "Rating",
}
TIMINGS = {"start_up": "start-up", "recurring": "recurring", "prerequisite": "prerequisite, not counted"}
QUANTITIES = {
    "per_pupil_year": "Cost per pupil per year",
    "rating": "EEF rating of the cost",
    "start_up_per_pupil_year": "of which start-up",
    "recurring_per_pupil_year": "of which recurring",
    "prerequisites": "Prerequisites, not counted",
    "staff_days_per_year": "Days of school staff per year",
}


def padlocks_table(results: Results) -> Table | None:
    """How the padlocks came about; None when the trial was not rated."""
    rows = [
        [
            outcome_label(results, str(row["outcome"])),
            COLUMNS.get(str(row["column"]), opening(str(row["column"]))),
            _padlock_value(str(row["column"]), row["value"]),
            f"{fixed(row['padlocks'], 0)} of 5" if known(row["padlocks"]) else "for a reviewer to judge",
            str(row["note"] or ABSENT),
            f"{row['status']}: {row['source']}",
        ]
        for row in display(results, "padlocks")
    ]
    if not rows:
        return None
    header = ("Outcome", "What is rated", "Value", "Padlocks", "Note", "Status and source of the rule")
    caption = "The EEF's security rating. Padlocks are the lowest of the first three, less what threats take off."
    return table(results, header, rows, align="llrrll", caption=caption, widths=(14, 20, 9, 11, 20, 26))


def _padlock_value(column: str, value: object) -> str:
    if isinstance(value, str):
        return value or ABSENT
    if not known(value):  # type: ignore[arg-type]
        return ABSENT
    number = float(value)  # type: ignore[arg-type]
    return percent(number, n=None) if column == "attrition" else effect(number)


def threats_table(results: Results) -> Table | None:
    """The threats to the findings as the evaluator rated them; None when they were not rated."""
    rows = [
        [
            opening(str(row["title"])),
            str(row["level"] or "not supplied"),
            str(row["direction"] or ABSENT),
            str(row["reason"] or ABSENT),
        ]
        for row in display(results, "threats")
    ]
    if not rows:
        return None
    header = ("Threat", "Level", "Direction of bias", "Why")
    caption = "Threats to the findings, as the evaluator rated them."
    return table(results, header, rows, align="llll", caption=caption, widths=(34, 12, 14, 40))


def months_table(results: Results) -> Table | None:
    """Effect sizes as months of progress, the ends converted too, beside the padlocks; None without both."""
    several = len(treated_arms(results.plan)) > 1
    rows = []
    for row in display(results, "months"):
        outcome = str(row["outcome"])
        rated = padlocks(results, outcome)
        if rated is None or not known(row["months"]):
            continue
        bands = str(row["bands"])
        read = MonthsRead(
            int(row["months"]), int(row["low"]), int(row["high"]), bool(row.get("beyond")), bands, str(row["status"])
        )
        arm = f", {short_arm(results.plan, arm_of(str(row['contrast'])))}" if several else ""
        rows.append(
            [
                f"{outcome_label(results, outcome)}{arm}",
                opening(group_of(results, outcome, str(row["subgroup"]))),
                opening(BANDS.get(bands, bands)),
                effect(row["effect_size"]),
                months_cell(read),
                f"{rated.text}{'' if rated.final else ' so far'}",
                str(row["status"]),
            ]
        )
    if not rows:
        return None
    header = (
        "Outcome",
        "Pupils",
        "Bands of the EEF's",
        "g",
        "Months (likely range)",
        "Security",
        "Status of the bands",
    )
    caption = "Months of progress. Both ends of g's interval are converted too. For attainment only."
    return table(results, header, rows, align="lllrrll", caption=caption, widths=(20, 15, 16, 8, 17, 14, 10))


def wwc_table(results: Results) -> Table | None:
    """The What Works Clearinghouse's rating, step by step; None when it was not worked out."""
    rows = [
        [
            outcome_label(results, str(row["outcome"])),
            STEPS.get(str(row["step"]), opening(str(row["step"]).replace("_", " "))),
            _wwc_value(row["value"]),
            str(row["verdict"]).replace("_", " "),
            f"{row['status']}: {row['source']}",
        ]
        for row in display(results, "wwc")
    ]
    if not rows:
        return None
    header = ("Outcome", "Step", "Value", "Verdict", "Status and source of the rule")
    caption = "The rating by the What Works Clearinghouse's standards, step by step."
    return table(results, header, rows, align="llrll", caption=caption, widths=(18, 18, 10, 28, 26))


def _wwc_value(value: object) -> str:
    if isinstance(value, str):
        return value or ABSENT
    return fixed(float(value), 2) if known(value) else ABSENT  # type: ignore[arg-type]


def cost_table(results: Results) -> Table | None:
    """What delivery costs, item by item; None when it was not supplied."""
    rows = [
        [
            str(row["name"]),
            TIMINGS.get(str(row["timing"]), str(row["timing"])),
            f"£{count(row['total'])}" if known(row["total"]) else ABSENT,
            f"{fixed(100 * float(row['share']), 0)}%" if known(row["share"]) else ABSENT,
        ]
        for row in display(results, "cost")
    ]
    if not rows:
        return None
    header = ("Item", "When", "Total", "Share")
    return table(results, header, rows, align="llrr", caption="What delivery costs, over all years and schools.")


def cost_summary_table(results: Results) -> Table | None:
    """Cost per pupil per year, its rating and its parts; None when it was not supplied."""
    rows = [
        [
            QUANTITIES.get(str(row["quantity"]), opening(str(row["quantity"]).replace("_", " "))),
            _amount(row["value"], str(row["unit"])),
            str(row["status"] or ABSENT),
        ]
        for row in display(results, "cost_summary")
    ]
    if not rows:
        return None
    caption = "The cost per pupil per year, averaged over the years of delivery."
    return table(results, ("Quantity", "Value", "Status of the rule"), rows, align="lrl", caption=caption)


def _amount(value: object, unit: str) -> str:
    if isinstance(value, str):
        return value or ABSENT
    if not known(value):  # type: ignore[arg-type]
        return ABSENT
    number = float(value)  # type: ignore[arg-type]
    show = partial(fixed, digits=0 if number == round(number) else 2)
    return f"£{fixed(number, 2)}" if unit.startswith(("pound", "£")) else f"{show(number)} {unit}".strip()


def checklist_table(results: Results) -> Table | None:
    """The CONSORT checklist with the place of each item, or "not supplied"; None when there is none."""
    rows = [
        [
            str(row["item"]),
            str(row["topic"]),
            str(row["place"] or ABSENT),
            str(row["status"]),
            str(row["source_status"] or ABSENT),
        ]
        for row in display(results, "checklist")
    ]
    if not rows:
        return None
    header = ("Item", "What it asks for", "Where it stands", "Here", "Status")
    caption = "The CONSORT checklist for trials with its places in this report. Status: how well the item was checked."
    return table(results, header, rows, align="lllll", caption=caption, widths=(8, 42, 26, 14, 10))


def context_table(results: Results) -> Table | None:
    """What was published elsewhere, as context; None when there is nothing."""
    rows = [[str(row["what"]), str(row["value"]), str(row["source"])] for row in display(results, "context")]
    if not rows:
        return None
    caption = "Published elsewhere and shown as context only; nothing here was worked out from it."
    return table(results, ("What", "Value", "Source"), rows, align="lll", caption=caption, widths=(30, 30, 40))
