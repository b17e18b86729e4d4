"""Whether the difference was another one for groups of pupils, in sentences."""

from evalkit.records.results import Results
from evalkit.report.numbers import known
from evalkit.report.rows import Row, rows_of
from evalkit.report.trial_effects import arm_of, subgroup_effects
from evalkit.report.words_arms import group_name, in_arm, pupils_with, treated_arms
from evalkit.report.words_names import inside, outcome_label, together

SUBGROUPS = {
    "larger": "On {name}, the difference was larger for {group} than for {others}.",
    "smaller": "On {name}, the difference was smaller for {group} than for {others}.",
    "opposed_larger": (
        "On {name}, the figure of the programme group was above that of the comparison group for {group} and below it "
        "for {others}."
    ),
    "opposed_smaller": (
        "On {name}, the figure of the programme group was above that of the comparison group for {others} and below it "
        "for {group}."
    ),
    "unclear": (
        "On {name}, we cannot tell whether the difference was larger or smaller for {group} than for {others}."
    ),
    "differ": "On {name}, the difference was not the same in all groups of “{label}”.",
    "unclear_several": "On {name}, we cannot tell whether the difference was the same in all groups of “{label}”.",
    "suppressed": "On {name}, groups of “{label}” are too small to be shown.",
    "not_estimated": "On {name}, we could not work out whether the difference was the same in groups of “{label}”.",
}
SUBGROUPS_NOTE = "Groups of pupils are small parts of the study, so their figures are less exact than the main one."


def subgroup_sentences(results: Results) -> list[str]:
    """Whether the difference is another one for a group of pupils, for each outcome, arm and group."""
    told: list[tuple[str, str]] = []
    for row in rows_of(results, "subgroup_interaction"):
        outcome, plan = str(row["outcome"]), results.plan
        arm = f" {in_arm(plan, arm_of(str(row['contrast'])))}" if len(treated_arms(plan)) > 1 else ""
        group, others = _compared(results, row)
        words = {
            "name": f"{inside(outcome_label(results, outcome))}{arm}",
            "group": group,
            "others": others,
            "label": inside(group_name(results, str(row["subgroup"]))),
        }
        told.append((words["name"], SUBGROUPS[_interaction(results, row)].format_map(words)))
    return [*together(told), SUBGROUPS_NOTE]


def _compared(results: Results, row: Row) -> tuple[str, str]:
    """The two groups of an interaction: the analysis takes the first value, in order, from the second."""
    name = str(row["subgroup"])
    found = {
        one.subgroup.partition(":")[2].strip()
        for one in subgroup_effects(results)
        if one.outcome == row["outcome"] and one.subgroup.partition(":")[0] == name
    }
    values = sorted(found)
    if len(values) != 2 or {value.casefold() for value in values} == {"no", "yes"}:
        return pupils_with(results, name, ("yes",)), "other pupils"
    return pupils_with(results, name, (values[1],)), pupils_with(results, name, (values[0],))


def _interaction(results: Results, row: Row) -> str:
    if row["status"] != "ok":
        return "suppressed" if row["status"] == "suppressed" else "not_estimated"
    low, high = row["conf_low"], row["conf_high"]
    if not (known(low) and known(high)):
        clear = known(row["p_value"]) and row["p_value"] <= results.plan.alpha
        return "differ" if clear else "unclear_several"
    if low <= 0 <= high:
        return "unclear"
    side = "larger" if low > 0 else "smaller"
    return f"opposed_{side}" if _is_opposed(results, row) else side


def _is_opposed(results: Results, row: Row) -> bool:
    """Whether the figures of the two groups lie on different sides of 0."""
    name, own = str(row["subgroup"]), (row["outcome"], row["contrast"])
    found = [
        one.estimate
        for one in subgroup_effects(results)
        if (one.outcome, one.row["contrast"]) == own and one.subgroup.partition(":")[0] == name
    ]
    return len(found) == 2 and min(found) < 0 < max(found)
