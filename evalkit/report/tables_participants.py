"""The tables on who was in a trial: flow, reasons, attrition and its boundary, the groups at the start."""

from collections.abc import Sequence

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.numbers import ABSENT, SUPPRESSED, count, effect, fixed, known, listed, percent, tenths
from evalkit.report.rows import Row
from evalkit.report.table_cells import shown, table
from evalkit.report.trial_effects import display, primary_effects
from evalkit.report.trial_flow import IN_RESULT, STEPS, streams
from evalkit.report.words_arms import UNITS, begun, short_arm, treated_arms
from evalkit.report.words_names import opening, outcome_label
from evalkit.report.words_rating import worst_status

SAMPLES = {"analysed": "Analysed", "matched": "After matching"}
NO_TESTS = {
    True: "There are no tests, because any gap that was there when chance drew the groups is due to chance.",
    False: "There are no tests, because what matters is how large a gap is, and not whether chance could make it.",
}
ABOUT = "about "
ROUGHLY = " “About”: rounded so far that the few by whom drawn and analysed pupils differ cannot be told from it."


def arm_order(results: Results) -> list[str]:
    """The treated arms, then the control arm, then all together."""
    return [*treated_arms(results.plan), results.plan.control.id, "all"]


def arm_name(results: Results, arm: str) -> str:
    """An arm in a table."""
    return "All" if arm == "all" else short_arm(results.plan, arm)


def flow_table(results: Results) -> Table:
    """The CONSORT flow in numbers: a row per level and step, a column per arm."""
    found = streams(results)
    arms = [arm for arm in arm_order(results) if any(one.arm == arm for one in found)]
    rows: list[list[str]] = []
    for level in dict.fromkeys(one.level for one in found):
        own = {one.arm: one for one in found if one.level == level}
        steps = list(dict.fromkeys(step for one in own.values() for step, _ in one.lost))
        lost = {(arm, step): number for arm, one in own.items() for step, number in one.lost}
        many = opening(UNITS[level][1])
        rows.append([f"{many} {begun(results.plan)}", *(_count(own, arm, "randomised") for arm in arms)])
        for step in steps:
            said = STEPS.get((level, step), step.replace("_", " "))
            cells = [_lost(lost, own, arm, step) for arm in arms]
            rows.append([f"{many} that {said}", *cells])
        rows.append([f"{many} {IN_RESULT}", *(_count(own, arm, "analysed") for arm in arms)])
    header = ["Step", *(arm_name(results, arm) for arm in arms)]
    study = "trial" if results.plan.is_trial else "comparison"
    caption = (
        f"The flow of the {study}, for its main outcome. In each column the first number less the next gives the last."
    )
    return table(results, header, rows, align="l" + "r" * len(arms), caption=caption)


def _count(own: dict, arm: str, end: str) -> str:
    return shown(getattr(own[arm], end), count) if arm in own else ABSENT


def _lost(lost: dict, own: dict, arm: str, step: str) -> str:
    if arm not in own:
        return ABSENT
    return shown(lost.get((arm, step), 0.0), count)


def reasons_table(results: Results) -> Table | None:
    """Why schools and pupils were lost; None when no reasons are known."""
    rows = display(results, "reasons")
    if not rows:
        return None
    arms = [arm for arm in arm_order(results) if any(row["arm"] == arm for row in rows)]
    numbers = {(row["level"], row["reason"], row["arm"]): float(row["n"]) for row in rows}
    cells = [
        [
            opening(UNITS.get(str(level), (str(level),))[0]),
            opening(str(reason)),
            *(shown(numbers[level, reason, arm], count) if (level, reason, arm) in numbers else "0" for arm in arms),
        ]
        for level, reason in dict.fromkeys((row["level"], row["reason"]) for row in rows)
    ]
    header = ["Level", "Reason", *(arm_name(results, arm) for arm in arms)]
    return table(results, header, cells, align="ll" + "r" * len(arms), caption="Why they were lost, as recorded.")


def attrition_table(results: Results) -> Table | None:
    """Drawn, analysed and lost for every outcome, level and arm; None when it is not known."""
    rows = [
        [
            str(row["outcome"]),
            _level(row),
            arm_name(results, str(row["arm"])),
            *(shown(row[name], count) for name in ("randomised", "analysed", "lost")),
            percent(row["lost_percent"], n=row["randomised"]) if known(row["lost_percent"]) else SUPPRESSED,
        ]
        for row in display(results, "attrition")
    ]
    if not rows:
        return None
    header = ("Outcome", "Level", "Group", opening(begun(results.plan)), "Analysed", "Lost", "Lost, %")
    by_school = results.plan.is_trial and results.plan.assigned_unit == "school"
    where = ", in all schools that were drawn" if by_school else ""
    caption = f"Attrition. Pupils are those whom the outcome is about{where}, as the EEF counts them."
    lines, widths = alike_together(results, rows), (32, 11, 15, 10, 12, 9, 11)
    return table(results, header, lines, align="lllrrrr", caption=caption, widths=widths)


def boundary_table(results: Results) -> Table | None:
    """Attrition against the What Works Clearinghouse's boundaries; None when it is not known."""
    found = display(results, "wwc_attrition")
    rows = [
        [
            str(row["outcome"]),
            _level(row),
            shown(row["overall"], tenths),
            shown(row["differential"], tenths),
            str(row["cautious"]),
            str(row["optimistic"]),
        ]
        for row in found
    ]
    if not rows:
        return None
    header = ("Outcome", "Level", "Lost, %", "Gap between groups, points", "Cautious boundary", "Optimistic boundary")
    unit = results.plan.assigned_unit
    stayed = f" Pupils here are those of {UNITS[unit][1]} that stayed." if unit in ("school", "class") else ""
    caption = (
        f"Attrition by the What Works Clearinghouse's boundaries (status {worst_status(found)}).{stayed} The cautious "
        "boundary is for programmes that could themselves make pupils leave."
    )
    lines = alike_together(results, rows)
    return table(results, header, lines, align="llrrll", caption=caption, widths=(28, 11, 10, 17, 17, 17))


def _level(row: Row) -> str:
    return opening(UNITS.get(str(row["level"]), ("", str(row["level"])))[1])


def alike_together(results: Results, rows: Sequence[Sequence[str]]) -> list[list[str]]:
    """Rows that begin with an outcome's id, with outcomes that say the same in every row put together by name."""
    by_outcome: dict[str, list[list[str]]] = {}
    for outcome, *rest in rows:
        by_outcome.setdefault(outcome, []).append(rest)
    groups: dict[tuple[tuple[str, ...], ...], list[str]] = {}
    for outcome, found in by_outcome.items():
        groups.setdefault(tuple(map(tuple, found)), []).append(outcome)
    lines: list[list[str]] = []
    for found, outcomes in groups.items():
        everyone = len(outcomes) > 1 and len(outcomes) == len(by_outcome)
        name = "All outcomes" if everyone else listed([outcome_label(results, one) for one in outcomes])
        lines += [[name, *rest] for rest in found]
    return lines


def balance_table(results: Results) -> Table | None:
    """The groups at the start, as drawn and as analysed, with effect sizes and no tests; None when it is not known."""
    first = next(iter(primary_effects(results)), None)
    found = display(results, "balance", outcome=first.outcome) if first else []
    arms = [arm for arm in arm_order(results) if any(row["arm"] == arm for row in found)]
    by_key: dict[tuple[str, ...], dict[str, Row]] = {}
    for row in found:
        key = (str(row["sample"]), str(row.get("level") or ""), str(row["label"]), str(row["category"]))
        by_key.setdefault(key, {})[str(row["arm"])] = row
    rows = []
    for (sample, level, label, category), own in by_key.items():
        name = f"{opening(label)}{f': {category}' if category else ''}{' (schools)' if level == 'school' else ''}"
        gaps = [_gap(own.get(arm)) for arm in treated_arms(results.plan)]
        cells = [_balance_cell(own.get(arm)) for arm in arms]
        if any(cell != SUPPRESSED for cell in (*cells, *gaps)):  # else all pupils, or none, are of this kind
            rows.append([SAMPLES.get(sample, opening(begun(results.plan))), name, *cells, *gaps])
    if not rows:
        return None
    several = len(treated_arms(results.plan)) > 1
    gap_names = [f"Gap, {short_arm(results.plan, arm)}" if several else "Gap" for arm in treated_arms(results.plan)]
    header = ["Sample", "Characteristic", *(arm_name(results, arm) for arm in arms), *gap_names]
    caption = (
        "The groups at the start. Numbers: mean (SD; n, missing). Categories: count (percent). Gap: standardised "
        f"difference from the comparison group. {NO_TESTS[results.plan.is_trial]}"
    )
    caption += ROUGHLY if any(cell.startswith(ABOUT) for row in rows for cell in row) else ""
    widths = (10, 24, *([60 / len(arms)] * len(arms)), *([8] * len(gap_names)))
    letters = "ll" + "r" * (len(arms) + len(gap_names))
    return table(results, header, rows, align=letters, caption=caption, widths=widths)


def _balance_cell(row: Row | None) -> str:
    if row is None:
        return ABSENT
    if row["category"]:
        if not known(row["count"]):
            return SUPPRESSED
        about = ABOUT if known(row.get("rounded_to")) and float(row["rounded_to"]) > 1 else ""
        return f"{about}{count(row['count'])} ({percent(row['percent'], n=row['n'])})"
    if not known(row["mean"]):
        return SUPPRESSED
    return f"{fixed(row['mean'], 2)} ({fixed(row['sd'], 2)}; {count(row['n'])}, {count(row['n_missing'])})"


def _gap(row: Row | None) -> str:
    return shown(row["std_difference"], effect) if row is not None else ABSENT
