"""The tables of a trial's results: the headline, the groups' means, effect sizes, groups of pupils, later outcomes."""

from collections.abc import Callable, Sequence
from functools import partial

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.numbers import (
    ABSENT,
    SUPPRESSED,
    bare_p,
    count,
    effect,
    fixed,
    interval,
    known,
    score,
    signed,
)
from evalkit.report.rows import Row, records, rows_of
from evalkit.report.table_cells import cell, interval_name, shown, table
from evalkit.report.trial_effects import Effect, arm_of, display, effects, follow_ups, subgroup_effects
from evalkit.report.words_arms import group_name, group_of, has_schools, short_arm, treated_arms
from evalkit.report.words_names import opening, outcome_label
from evalkit.report.words_rating import months, months_cell, padlocks
from evalkit.report.words_trial import unit_of

BY_SCHOOL = " Intervals take account of schools."
EFFECT_SIZES = "Differences in the outcome's own points and what g is made of. n and variances: programme; comparison."
VARIANCES = " These variances ignore schools; the one behind g, which does not, stands with the models."
MONTHS_TOLD = "Months with their likely range, for attainment only. "
NOT_ATTAINMENT = "not attainment"
SUBGROUP = (
    "{label}: groups of pupils. The interaction asks whether the difference is another one in the group than in the "
    "rest; the other rows are models of each group alone. p is not adjusted here. n: pupils in the model (programme; "
    "comparison)."
)


def headline_table(results: Results) -> Table:
    """The EEF's headline: outcome, group, g with interval, months, padlocks, n by arm, p and cost."""
    rows = [_headline(results, one) for one in effects(results)]
    name = interval_name(results)
    header = ["Outcome", "Pupils", f"g ({name})", "Months", "Padlocks", "n", "p", "Cost"]
    caption = (
        f"The main figures. g: Hedges' g, the difference in standard deviations. {MONTHS_TOLD}n: pupils in the model "
        "(programme; comparison). "
        f"p: {_adjustment(results)}. Cost: the EEF's rating of 1 (very low) to 5 (very high)."
    )
    widths: tuple[float, ...] = (16, 15, 15, 13, 12, 12, 8, 9)
    if results.plan.is_comparison:  # no draw, so nothing is turned into months
        rows = [[*row[:4], *row[5:]] for row in rows]
        header, widths = [*header[:3], *header[4:]], (*widths[:3], *widths[4:])
        caption = caption.replace(MONTHS_TOLD, "")
        return _with_arms(results, header, rows, align="llrrrrr", caption=caption, widths=widths)
    return _with_arms(results, header, rows, align="llrrrrrr", caption=caption, widths=widths)


def _headline(results: Results, one: Effect) -> list[str]:
    row = one.row
    read = months(results, one.outcome, contrast=str(row["contrast"]))
    attainment = results.plan.outcome(one.outcome).attainment
    rated = padlocks(results, one.outcome) if one.primary else None
    mark = "" if rated is None else f" ({rated.status})"
    return [
        one.label if one.primary else f"{one.label} (secondary)",
        group_of(results, one.outcome, one.subgroup),
        short_arm(results.plan, one.arm),
        size_cell(row),
        (f"{months_cell(read)} ({read.status})" if read else ABSENT) if attainment else NOT_ATTAINMENT,
        f"{rated.number} of 5{'' if rated.final else ' so far'}{mark}" if rated else ABSENT,
        n_cell(row),
        cell(row, "p_adjusted" if known(row["p_adjusted"]) else "p_value", bare_p),
        cost_mark(results) if one.primary else ABSENT,
    ]


def _with_arms(
    results: Results, header: Sequence[str], rows: Sequence[Sequence[str]], *, align: str, caption: str,
    widths: tuple[float, ...], place: int = 2,
) -> Table:  # fmt: skip
    """The table with the column of the arm, which every row holds at `place`, only where there are several."""
    if len(treated_arms(results.plan)) > 1:
        heads, letters = [*header[:place], "Group", *header[place:]], align[:place] + "l" + align[place:]
        shares = (*widths[:place], 12, *widths[place:])
        return table(results, heads, rows, align=letters, caption=caption, widths=shares)
    kept = [[*row[:place], *row[place + 1 :]] for row in rows]
    return table(results, header, kept, align=align, caption=caption, widths=widths)


def n_cell(row: Row) -> str:
    """Pupils in the model: programme; comparison."""
    treated, control = (cell(row, name, count) for name in ("n_treated", "n_control"))
    return treated if treated == control == SUPPRESSED else f"{treated}; {control}"


def size_cell(row: Row) -> str:
    """An effect size with its interval."""
    if row.get("status") == "suppressed":
        return SUPPRESSED
    value = row.get("effect_size")
    if value is None or not known(value):
        return ABSENT
    spread = interval(row["es_low"], row["es_high"], digits=2)
    return f"{effect(value)} ({spread})" if spread != ABSENT else effect(value)


def _adjustment(results: Results) -> str:
    names = {"holm": "Holm", "hochberg": "Hochberg", "benjamini_hochberg": "Benjamini-Hochberg"}
    method = results.plan.multiplicity.method
    return "not adjusted" if method == "none" else f"adjusted within primary and secondary outcomes ({names[method]})"


def cost_mark(results: Results) -> str:
    """The cost rating with its status, or a dash."""
    row = next((row for row in display(results, "cost_summary") if row["quantity"] == "rating"), None)
    return f"{fixed(float(row['value']), 0)} of 5 ({row['status']})" if row and known(row["value"]) else ABSENT


def points_of(results: Results, outcome: str) -> Callable[[float], str]:
    """How a number on an outcome's own points is written."""
    planned = results.plan.outcome(outcome)
    scores = results.instruments[planned.instrument]["scores"]
    facts = scores.get(planned.score) or {"low": 0.0, "high": 100.0}
    return partial(score, low=facts["low"], high=facts["high"])


def baseline_label(results: Results, outcome: str) -> str:
    """What the baseline of an outcome is."""
    baseline = results.plan.baseline_of(results.plan.outcome(outcome))
    facts = results.instruments.get(baseline.instrument, {})
    scores = facts.get("scores") or {}
    return str((scores.get(baseline.score) or {}).get("label") or facts.get("title") or baseline.instrument)


def arms_table(results: Results) -> Table:
    """The EEF's primary table: n (missing) and the unadjusted mean with its interval, by arm, before and after."""
    rows = []
    for row in display(results, "arms"):
        outcome, after = str(row["outcome"]), row["measure"] == "outcome"
        show = points_of(results, outcome) if after else partial(fixed, digits=1)
        spread = interval(row["mean_low"], row["mean_high"], digits=2 if after and show(1.0) == "1.00" else 1)
        rows.append(
            [
                outcome_label(results, outcome) if after else f"{baseline_label(results, outcome)}, at the start",
                short_arm(results.plan, str(row["arm"])),
                f"{count(row['n'])} ({count(row['n_missing'])})",
                f"{show(row['mean'])} ({spread})" if known(row["mean"]) else SUPPRESSED,
                shown(row["sd"], partial(fixed, digits=2)),
            ]
        )
    rows = list({tuple(row): row for row in rows}.values())
    header = ("Measure", "Group", "n (missing)", f"Mean ({interval_name(results)})", "SD")
    caption = f"Means as they are, before any adjustment.{BY_SCHOOL if has_schools(results.plan) else ''}"
    return table(results, header, rows, align="llrrr", caption=caption, widths=(30, 16, 18, 25, 10))


def effect_size_table(results: Results) -> Table:
    """The EEF's effect-size table: unadjusted and adjusted difference, variance by arm and pooled, n (missing)."""
    rows = []
    for one in effects(results):
        adjusted = one.row
        plain = _unadjusted(results, one)
        measured = [row for row in display(results, "arms", outcome=one.outcome) if row["measure"] == "outcome"]
        by_arm = {str(row["arm"]): row for row in measured}
        arms = [by_arm.get(arm, {}) for arm in (one.arm, results.plan.control.id)]
        rows.append(
            [
                f"{one.label}{_unit_note(results, one)}",
                short_arm(results.plan, one.arm),
                *(_difference_cell(row, one) for row in (plain, adjusted)),
                "; ".join(_n_missing(row) for row in arms),
                "; ".join(shown(row["variance"], _variance) if row else ABSENT for row in arms),
                _pooled(arms),
            ]
        )
    name = interval_name(results)
    header = ["Outcome", f"Unadjusted ({name})", f"Adjusted ({name})", "n (missing)", "Variances", "Pooled variance"]
    caption = f"{EFFECT_SIZES}{VARIANCES if has_schools(results.plan) else ''}"
    widths = (18, 19, 19, 20, 13, 11)
    return _with_arms(results, header, rows, align="lrrrrr", caption=caption, widths=widths, place=1)


def _unit_note(results: Results, one: Effect) -> str:
    if one.kind == "number":
        return f", {unit_of(results, one.outcome)}"
    return ", percentage points" if one.kind == "yes_no" else ", odds ratio"


def _unadjusted(results: Results, one: Effect) -> Row:
    for row in rows_of(results, "effect"):
        same = row["outcome"] == one.outcome and arm_of(str(row["contrast"])) == one.arm
        if same and row["estimator"] == "unadjusted":
            return row
    return {}


def _difference_cell(row: Row, one: Effect) -> str:
    """A difference with its interval, on the outcome's own points."""
    if not row:
        return ABSENT
    show = effect if one.is_ratio else partial(signed, digits=1 if one.kind == "yes_no" else 2)
    text = cell(row, "estimate", show)
    spread = interval(row.get("conf_low"), row.get("conf_high"), digits=1 if one.kind == "yes_no" else 2)
    return f"{text} ({spread})" if text not in (ABSENT, SUPPRESSED) and spread != ABSENT else text


def _n_missing(row: Row) -> str:
    return f"{count(row['n'])} ({count(row['n_missing'])})" if row else ABSENT


def _variance(value: float) -> str:
    return fixed(value, 2 if abs(value) < 100 else 1)


def _pooled(arms: Sequence[Row]) -> str:
    """The groups' variances, weighted by n - 1."""
    if not all(arms):
        return ABSENT
    free = [float(row["n"]) - float(row["n_missing"]) - 1 for row in arms]
    values = [float(row["variance"]) for row in arms]
    if not all(map(known, [*free, *values])) or sum(free) <= 0:
        return SUPPRESSED
    pooled = sum(weight * value for weight, value in zip(free, values, strict=True)) / sum(free)
    return _variance(pooled)


def subgroup_tables(results: Results) -> list[Table]:
    """Interaction in the full sample and the difference within each group of pupils, a table per outcome."""
    found: list[Table] = []
    name = interval_name(results)
    header = ["Pupils", f"Difference ({name})", f"g ({name})", "n", "p"]
    for outcome in results.plan.outcomes:
        rows = _subgroup_rows(results, outcome.id)
        if rows:
            caption = SUBGROUP.format(label=outcome.label)
            widths = (34, 22, 20, 14, 9)
            found.append(_with_arms(results, header, rows, align="lrrrr", caption=caption, widths=widths, place=1))
    return found


def _subgroup_rows(results: Results, outcome: str) -> list[list[str]]:
    """For each group the interaction, then the differences within it; groups without interaction follow."""
    separate = [one for one in subgroup_effects(results) if one.outcome == outcome]
    rows: list[list[str]] = []
    for row in rows_of(results, "subgroup_interaction"):
        if row["outcome"] != outcome:
            continue
        label = f"{opening(group_name(results, str(row['subgroup'])))}: interaction, all pupils"
        rows.append(_subgroup_row(results, label, row))
        own = [one for one in separate if one.row["contrast"] == row["contrast"]]
        own = [one for one in own if one.subgroup.partition(":")[0] == row["subgroup"]]
        rows += [_subgroup_row(results, opening(group_name(results, one.subgroup)), one.row) for one in own]
        separate = [one for one in separate if one not in own]
    return [*rows, *(_subgroup_row(results, opening(group_name(results, one.subgroup)), one.row) for one in separate)]


def _subgroup_row(results: Results, label: str, row: Row) -> list[str]:
    spread = interval(row.get("conf_low"), row.get("conf_high"), digits=2)
    text = cell(row, "estimate", partial(signed, digits=2))
    return [
        label,
        short_arm(results.plan, arm_of(str(row["contrast"]))),
        f"{text} ({spread})" if text not in (ABSENT, SUPPRESSED) and spread != ABSENT else text,
        size_cell(row),
        n_cell(row),
        cell(row, "p_value", bare_p),
    ]


def follow_up_table(results: Results) -> Table | None:
    """The main model at later waves; None when there are none."""
    labels = {wave.id: wave.label for wave in results.plan.waves}
    rows = [
        [
            one.label, labels.get(str(one.row["wave"]), str(one.row["wave"])), short_arm(results.plan, one.arm),
            _difference_cell(one.row, one), size_cell(one.row), n_cell(one.row), cell(one.row, "p_value", bare_p),
        ]
        for one in follow_ups(results)
    ]  # fmt: skip
    if not rows:
        return None
    name = interval_name(results)
    header = ["Outcome", "When", f"Difference ({name})", f"g ({name})", "n", "p"]
    caption = "The main model on later outcomes. n: pupils in the model (programme; comparison)."
    return _with_arms(results, header, rows, align="llrrrr", caption=caption, widths=(18, 16, 20, 18, 13, 8))


def models_of(results: Results, model: str) -> list[Row]:
    """The rows of the models frame with this name."""
    return [row for row in records(results.models) if row.get("model") == model]
