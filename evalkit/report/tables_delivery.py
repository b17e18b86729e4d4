"""The tables on delivery: how much was got, and what the programme did where it was taken up."""

from functools import partial

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.figure_delivery import measure_of
from evalkit.report.numbers import ABSENT, SUPPRESSED, bare_p, count, fixed, known, signed
from evalkit.report.rows import Row, rows_of
from evalkit.report.table_cells import cell, cell_range, interval_name, shown, table
from evalkit.report.tables_participants import arm_name
from evalkit.report.tables_trial import size_cell
from evalkit.report.trial_effects import display, primary_effects
from evalkit.report.words_methods import method_name
from evalkit.report.words_names import inside, opening, outcome_label

COMPLIANCE = (
    "{label}: what the programme did for each unit that was taken up. Chance moves the amount; the covariates are "
    "those of the main model. First stage: how much more the programme group got, with the cluster-robust F."
)


def delivery_table(results: Results) -> Table | None:
    """How many schools and pupils got how much, by group; None when it was not supplied."""
    rows = [
        [
            _label(results, str(row["compliance"])),
            arm_name(results, str(row["arm"])),
            str(row["band"]),
            shown(row["schools"], count),
            shown(row["pupils"], count),
        ]
        for row in display(results, "fidelity")
    ]
    if not rows:
        return None
    header = ("Measure", "Group", "Amount", "Schools", "Pupils")
    return table(results, header, rows, align="lllrr", caption="How much of the programme was got.")


def delivery_summary(results: Results) -> Table | None:
    """Average amount and share that got as much as planned, by group; None when it was not supplied."""
    rows = [
        [
            _label(results, str(row["compliance"])),
            arm_name(results, str(row["arm"])),
            shown(row["n_schools"], count),
            shown(row["mean"], partial(fixed, digits=2)),
            f"{fixed(row['complied_percent'], 0)}%" if known(row["complied_percent"]) else ABSENT,
        ]
        for row in display(results, "fidelity_summary")
    ]
    if not rows:
        return None
    header = ("Measure", "Group", "Schools", "Average amount", "As much as planned")
    return table(results, header, rows, align="llrrr", caption="The programme as delivered, by group.")


def compliance_tables(results: Results) -> list[Table]:
    """Complier effects with their first stage, a table per primary outcome; none where no measure was planned."""
    found: list[Table] = []
    header = ("Measure", "Method", "Estimate", interval_name(results), f"g ({interval_name(results)})", "Test")
    for outcome in dict.fromkeys(one.outcome for one in primary_effects(results)):
        rows = [
            [
                compliance_name(results, str(row["contrast"])),
                method_name(row),
                cell(row, "estimate", partial(signed, digits=2)),
                cell_range(row, digits=2),
                size_cell(row) if row["estimator"] != "first_stage" else ABSENT,
                _test(row),
            ]
            for row in rows_of(results, "compliance")
            if row["outcome"] == outcome
        ]
        if rows:
            caption = COMPLIANCE.format(label=outcome_label(results, outcome))
            widths = (24, 23, 11, 17, 19, 12)
            found.append(table(results, header, rows, align="llrrrr", caption=caption, widths=widths))
    return found


def _test(row: Row) -> str:
    if row["status"] == "suppressed":
        return SUPPRESSED
    if row["estimator"] == "first_stage":
        return f"F = {fixed(row['statistic'], 1)}" if known(row["statistic"]) else ABSENT
    return f"p {bare_p(row['p_value'], equals=True)}" if known(row["p_value"]) else ABSENT


def dose_table(results: Results) -> Table | None:
    """Dose and response within the programme group, exploratory; None when there is none."""
    rows = [
        [
            outcome_label(results, str(row["outcome"])),
            compliance_name(results, str(row["contrast"])),
            cell(row, "estimate", partial(signed, digits=2)),
            cell_range(row, digits=2),
            cell(row, "p_value", bare_p),
            cell(row, "n_treated", count),
        ]
        for row in rows_of(results, "dose_response")
    ]
    if not rows:
        return None
    header = ("Outcome", "Measure", "Points per unit", interval_name(results), "p", "Pupils")
    caption = (
        "Exploratory: those who got more beside those who got less, within the programme group. Nobody drew the "
        "amount by lot, so this says nothing about cause."
    )
    return table(results, header, rows, align="llrrrr", caption=caption, widths=(20, 30, 14, 18, 9, 9))


def compliance_notes(results: Results) -> list[str]:
    """What rows on compliance say besides their numbers."""
    told = {
        f"{compliance_name(results, str(row['contrast']))}, {inside(method_name(row))}: {row['reason']}": None
        for row in rows_of(results, "compliance")
        if row["reason"] and row["status"] != "suppressed"
    }
    return list(told)


def compliance_name(results: Results, contrast: str) -> str:
    """A measure of compliance as a row names it: "days", "days >= 2", "days (arm)", "days within arm"."""
    name, sep, rest = contrast.partition(" ")
    measure = measure_of(results, name)
    label = measure.label if measure else opening(name)
    if not sep:
        return label
    for arm in results.plan.arms:
        rest = rest.replace(f"({arm.id})", f"({arm.label})").replace(f"within {arm.id}", f"within {arm.label}")
    return f"{label} {rest.replace('>=', 'at least')}"


def _label(results: Results, name: str) -> str:
    measure = measure_of(results, name)
    return measure.label if measure else name
