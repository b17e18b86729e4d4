"""The tables for an evaluator: every estimate, the numbers behind it, hashes and versions."""

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.numbers import ABSENT, SUPPRESSED, bare_p, bayes_factor, count, effect, fixed, known, signed
from evalkit.report.rows import Row, one_row, records
from evalkit.report.table_cells import cell, cell_range, interval_name, shown, table
from evalkit.report.words_names import lower_is_better, measured_facts, outcome_label

METHODS = {
    "paired_t": "Mean change in points (paired t)",
    "d_av": "d_av (on the mean variance)",
    "d_z": "d_z (on the SD of the changes)",
    "d_rm": "d_rm (repeated measures)",
    "d_baseline": "d on the SD before",
    "wilcoxon": "Rank-biserial r (Wilcoxon)",
    "bayes_factor": "Bayes factor BF10 (JZS, r = 0.707)",
    "paired_t_unflagged": "Mean change without pupils flagged for how they answered",
}
SIDES_NOTE = (
    " The p-values are one-sided, as planned: they test for a {way} only. Intervals and the Bayes factor are two-sided."
)


def sensitivity_tables(results: Results) -> list[Table]:
    """Every estimate of the change, a table per outcome."""
    tables: list[Table] = []
    p = "p" if results.plan.sides == 2 else "one-sided p"
    header = ("Method", "Estimate", interval_name(results), "Statistic", p, f"{p} ({_adjustment(results)})")
    for outcome in results.plan.outcomes:
        found = {name: one_row(results, "change", outcome.id, estimator=name) for name in METHODS}
        if measured_facts(results, outcome.id) is not None:
            found.pop("paired_t_unflagged", None)  # a measured number is no answer that could be careless
        rows = [[METHODS[name], *_sensitivity_cells(row, name)] for name, row in found.items() if row]
        caption = f"{outcome.label}: the change by every method.{_sides_note(results, outcome.id)}"
        tables.append(table(results, header, rows, align="lrrrrr", caption=caption, widths=(39, 11, 16, 15, 8, 11)))
    return tables


def _sides_note(results: Results, outcome: str) -> str:
    """Which way one-sided p-values look; empty for two-sided ones."""
    if results.plan.sides == 2:
        return ""
    way = "fall" if lower_is_better(results, outcome) else "rise"
    return SIDES_NOTE.format(way=way)


def _sensitivity_cells(row: Row, estimator: str) -> list[str]:
    in_points = estimator.startswith("paired_t")
    show = bayes_factor if estimator == "bayes_factor" else (lambda value: signed(value, 2)) if in_points else effect
    statistic = cell(row, "statistic", lambda value: fixed(value, 2))
    if known(row.get("df")) and statistic not in (ABSENT, SUPPRESSED):
        statistic = f"t({fixed(row['df'], 0)}) = {statistic}"
    elif estimator == "wilcoxon" and statistic not in (ABSENT, SUPPRESSED):
        statistic = f"W = {cell(row, 'statistic', lambda value: fixed(value, 1))}"
    return [
        cell(row, "estimate", show),
        cell_range(row, digits=2),
        statistic,
        cell(row, "p_value", bare_p),
        cell(row, "p_adjusted", bare_p),
    ]


def _adjustment(results: Results) -> str:
    names = {
        "holm": "Holm",
        "hochberg": "Hochberg",
        "benjamini_hochberg": "Benjamini-Hochberg",
        "none": "not adjusted",
    }
    return names[results.plan.multiplicity.method]


def model_table(results: Results) -> Table:
    """The numbers behind each outcome's change, for an evaluator."""
    rows = []
    for row in records(results.models):
        low, high = float(row["low"]), float(row["high"])
        cells = [
            shown(row[name], lambda value: fixed(value, 2))
            for name in ("mean_pre", "mean_post", "sd_pre", "sd_post", "r")
        ]
        numbers = [count(row[name]) for name in ("n_pre", "n_post", "n_linked")]
        scale = f"{fixed(low, 0)} to {fixed(high, 0)}"
        rows.append([outcome_label(results, str(row["outcome"])), scale, *numbers, *cells])
    header = (
        "Outcome",
        "Range",
        "n before",
        "n after",
        "n linked",
        "Mean before",
        "Mean after",
        "SD before",
        "SD after",
        "r",
    )
    caption = "Numbers behind the change. Means, SDs and r are those of the linked pupils."
    return table(results, header, rows, align="lrrrrrrrrr", caption=caption, widths=(16, 11, 9, 9, 10, 10, 10, 9, 9, 7))


def deviation_table(results: Results) -> Table:
    """Every key of the plan that is not as sealed."""
    rows = [[row["what"], row["kind"], row["sealed"], row["now"]] for row in records(results.displays["deviations"])]
    header, caption = ("What", "Change", "As sealed", "Now"), "Changes of the plan since it was sealed."
    return table(results, header, rows, align="llll", caption=caption, widths=(30, 10, 30, 30))


def hash_table(results: Results) -> Table:
    """The hashes in full."""
    rows = [[what, " ".join((text[:32], text[32:])).strip()] for what, text in _hashes(results)]
    return table(
        results, ("What", "SHA-256 hash"), rows, align="ll", caption="What this report was made from, by SHA-256 hash."
    )


def _hashes(results: Results) -> list[tuple[str, str]]:
    source = results.provenance
    return [
        ("Plan (evaluation.yaml)", source.plan_sha256),
        *([("Data release", source.release_sha256)] if source.release_sha256 else []),
        *((f"Survey file {name}", text) for name, text in source.sources),
        *((f"Measure {name}", text) for name, text in source.instruments.items()),
    ]


def environment_table(results: Results) -> Table:
    """Versions: evalkit, Python, packages, machine, and the seed."""
    source = results.provenance
    rows = [["evalkit", source.evalkit], ["Seed", str(source.seed)]]
    rows += [[name, value] for name, value in source.environment.items()]
    return table(results, ("Part", "Version"), rows, align="ll", caption="Versions and seed.")
