"""The tables of ratings: padlocks, threats, months, What Works Clearinghouse, cost, each with its rules' status."""

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.numbers import ABSENT, count, effect, fixed, known, percent, tenths
from evalkit.report.rows import Row
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
    "randomised": "Drawn",
    "attrition": "Attrition",
    "attrition_school": "Schools lost",
    "attrition_class": "Classes lost",
    "attrition_pupil": "Pupils lost",
    "baseline": "Alike at the start",
    "rating": "Rating",
    "improvement_index": "Improvement index",
}
FEW_OUTCOMES = 4
PADLOCKS = (
    "{label}: the EEF's security rating. Padlocks are the lowest of the first three, less what threats take off. "
    "Status: how well the rule was checked."
)
TIMINGS = {"start_up": "start-up", "recurring": "recurring", "prerequisite": "prerequisite, not counted"}
QUANTITIES = {
    "per_pupil_year": "Cost per pupil per year",
    "rating": "EEF rating of the cost",
    "start_up_per_pupil_year": "of which start-up",
    "recurring_per_pupil_year": "of which recurring",
    "per_pupil_year_1": "so far, after year 1",
    "per_pupil_year_2": "so far, after year 2",
    "per_pupil_year_3": "so far, after year 3",
    "prerequisites": "Prerequisites, not counted",
    "years": "Years that are averaged",
    "staff_days_per_year": "Days of school staff per year",
}


def padlocks_tables(results: Results) -> list[Table]:
    """How the padlocks of each primary outcome came about; none when the trial was not rated."""
    found: list[Table] = []
    header = ("What is rated", "Value", "Padlocks", "Note", "Status")
    for outcome in _outcomes(results, "padlocks"):
        rows = [
            [
                _rated_by(results, str(row["column"])),
                _padlock_value(str(row["column"]), row["value"]),
                f"{fixed(row['padlocks'], 0)} of 5" if known(row["padlocks"]) else "for a reviewer to judge",
                str(row["note"] or ABSENT),
                str(row["status"]),
            ]
            for row in display(results, "padlocks", outcome=outcome)
        ]
        caption = PADLOCKS.format(label=outcome_label(results, outcome))
        found.append(table(results, header, rows, align="lrrll", caption=caption, widths=(28, 10, 14, 40, 8)))
    return found


def _rated_by(results: Results, column: str) -> str:
    """What a column of the rating is called; where nobody drew lots there is no randomisation."""
    name = COLUMNS.get(column, opening(column))
    return name if results.plan.is_trial else name.removesuffix(" at randomisation")


def rule_sources(results: Results, name: str) -> list[str]:
    """The rules behind a display, each once, with their status."""
    return list(dict.fromkeys(f"{row['status']}: {row['source']}." for row in display(results, name)))


def _outcomes(results: Results, name: str) -> list[str]:
    return list(dict.fromkeys(str(row["outcome"]) for row in display(results, name)))


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
    return table(results, header, rows, align="llll", caption=caption, widths=(33, 13, 14, 40))


def months_table(results: Results) -> Table | None:
    """Effect sizes as months of progress, the ends converted too, beside the padlocks; None without both."""
    several = len(treated_arms(results.plan)) > 1
    found: dict[tuple[str, str, str], dict[str, MonthsRead]] = {}
    sizes: dict[tuple[str, str, str], float] = {}
    for row in display(results, "months"):
        if padlocks(results, str(row["outcome"])) is None or not known(row["months"]):
            continue
        key = (str(row["outcome"]), str(row["contrast"]), str(row["subgroup"]))
        sizes[key] = float(row["effect_size"])
        months, low, high = (int(row[name]) for name in ("months", "low", "high"))
        beyond, bands = bool(row.get("beyond")), str(row["bands"])
        found.setdefault(key, {})[bands] = MonthsRead(months, low, high, beyond, bands, str(row["status"]))
    rows = []
    for (outcome, contrast, subgroup), read in found.items():
        rated = padlocks(results, outcome)
        arm = f", {short_arm(results.plan, arm_of(contrast))}" if several else ""
        rows.append(
            [
                f"{outcome_label(results, outcome)}{arm}",
                opening(group_of(results, outcome, subgroup)),
                effect(sizes[outcome, contrast, subgroup]),
                *(f"{months_cell(read[name])} ({read[name].status})" if name in read else ABSENT for name in BANDS),
                rated.text if rated else ABSENT,
            ]
        )
    if not rows:
        return None
    header = ("Outcome", "Pupils", "g", *(opening(words) for words in BANDS.values()), "Security")
    caption = (
        "Months of progress by the EEF's two tables of bands, with the likely range and the status of the bands. For "
        "attainment only, and never without the padlocks."
    )
    return table(results, header, rows, align="llrrrl", caption=caption, widths=(22, 22, 8, 18, 18, 14))


def wwc_table(results: Results) -> Table | None:
    """The What Works Clearinghouse's rating, a row per outcome; None when it was not worked out."""
    found = display(results, "wwc")
    steps = list(dict.fromkeys(str(row["step"]) for row in found))
    by_outcome: dict[str, dict[str, str]] = {}
    for row in found:
        by_outcome.setdefault(str(row["outcome"]), {})[str(row["step"])] = _wwc_cell(row)
    rows = [
        [outcome_label(results, outcome), *(own.get(step, ABSENT) for step in steps)]
        for outcome, own in by_outcome.items()
    ]
    if not rows:
        return None
    header = ["Outcome", *(STEPS.get(step, opening(step.replace("_", " "))) for step in steps)]
    caption = "The rating by the What Works Clearinghouse's standards, step by step, with the status of each rule."
    if len(rows) <= FEW_OUTCOMES:  # the steps down the side leave more room for words
        turned = [list(column) for column in zip(header, *rows, strict=True)]
        header, rows = ["Step", *turned[0][1:]], turned[1:]
    return table(results, header, rows, align="l" * len(header), caption=caption)


def _wwc_cell(row: Row) -> str:
    verdict = str(row["verdict"]).replace("_", " ")
    value = row["value"]
    number = "" if isinstance(value, str) or not known(value) else _wwc_number(str(row["step"]), float(value))
    told = f"{verdict}: {number}" if verdict and number else verdict or number or ABSENT
    return f"{told} ({row['status']})"


def _wwc_number(step: str, value: float) -> str:
    if step.startswith("attrition"):
        return f"{tenths(value)}% lost"
    return fixed(value, 2) if step == "baseline" else fixed(value, 1)


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
    if unit.startswith(("pound", "£")):
        return f"£{fixed(number, 2)}"
    return f"{fixed(number, 0 if number == round(number) else 1)} {unit}".strip()


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
    caption = (
        "The CONSORT checklist for trials, and TIDieR for the programme (items with a T), with their places in this "
        "report. Status: how well the item was checked."
    )
    return table(results, header, rows, align="lllll", caption=caption, widths=(8, 42, 26, 14, 10))


def context_table(results: Results) -> Table | None:
    """What was published elsewhere, as context; None when there is nothing."""
    found = display(results, "context")
    rows = [[str(row["what"]), str(row["value"]), str(row["source"] or ABSENT)] for row in found]
    if not rows:
        return None
    caption = "Published elsewhere and shown as context only; nothing here was worked out from it."
    return table(results, ("What", "Value", "Source"), rows, align="lll", caption=caption, widths=(30, 30, 40))
