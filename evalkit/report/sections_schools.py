"""The part of the programme report on schools and hubs: the change with them in mind, side by side, target pupils."""

from functools import partial

from evalkit.records.results import Results
from evalkit.report.blocks import Block, Markdown
from evalkit.report.figure_funnel import funnel_figure
from evalkit.report.figure_schools import schools_figure
from evalkit.report.numbers import ABSENT, bare_p, count, interval, known, signed
from evalkit.report.numbers import size as amount
from evalkit.report.rows import Row, rows_of
from evalkit.report.sections import bullets, paragraph
from evalkit.report.table_cells import cell, cell_range, interval_name
from evalkit.report.tables_methods import trimmed_table
from evalkit.report.tables_trial import size_cell
from evalkit.report.words_arms import pupils_with
from evalkit.report.words_names import inside, outcome_label
from evalkit.report.words_trial import unit_of

HEADING = "## Schools side by side"
INTRO = (
    "Pupils of one school are alike in many ways, so a change counts for less than the number of pupils suggests. Here "
    "the change has a likely range that minds schools{hubs}."
)
CHANGE = "On {name}, the change is {value} {unit} over {schools} schools (likely range {spread})."
DIFFER = "Schools differ: the true changes of most of them lie within {two} {unit} of the average."
ALIKE = "Schools hardly differ beyond chance."
HUBS = "Hubs of schools differ as well: most lie within {two} {unit} of the average."
TARGET = {
    "more": "{pupils} gained more than the other pupils of their own school: {value} {unit} (likely range {spread}).",
    "less": "{pupils} gained less than the other pupils of their own school: {value} {unit} (likely range {spread}).",
    "unclear": (
        "We cannot tell whether {pupils} gained more or less than the other pupils of their own school ({value} "
        "{unit}, likely range {spread})."
    ),
}
METHODS = {
    "multilevel": "Multilevel model (Kenward-Roger)",
    "cluster_robust": "Errors clustered by the widest group (CR2)",
    "school_sd": "SD of true changes between schools",
    "hub_sd": "SD of true changes between hubs",
    "within_schools": "Target pupils against others of their school",
}


def schools(results: Results) -> list[Block]:
    """Everything about schools; nothing where the plan does not name them."""
    if results.plan.clusters is None:
        return []
    hubs = " and hubs" if results.plan.clusters.hub is not None else ""
    sentences = [text for outcome in results.plan.outcomes for text in _sentences(results, outcome.id)]
    drawn = [
        figure
        for outcome in results.plan.outcomes
        for figure in (schools_figure(results, outcome.id), funnel_figure(results, outcome.id))
    ]
    return [
        Markdown(HEADING),
        paragraph(INTRO.format(hubs=hubs)),
        bullets(sentences),
        *(figure for figure in drawn if figure is not None),
        schools_table(results),
    ]


def schools_table(results: Results) -> Block:
    """The same in numbers."""
    found = [row for row in _rows(results) if row["estimator"] in METHODS]
    lines = [
        [
            outcome_label(results, str(row["outcome"])),
            METHODS[str(row["estimator"])],
            cell(row, "estimate", partial(signed, digits=2)),
            cell_range(row, digits=2),
            size_cell(row),
            cell(row, "df", lambda value: f"{value:.1f}"),
            cell(row, "p_value", bare_p),
            str(row["reason"] or ABSENT),
        ]
        for row in found
    ]
    name = interval_name(results)
    header = ("Outcome", "Quantity", "Value", name, f"d ({name})", "df", "p", "Remark")
    caption = "The change with schools in mind. d is over the root mean square SD of the two times. p is not adjusted."
    widths = (20, 30, 9, 15, 17, 7, 7, 16)
    return trimmed_table(results, header, lines, align="llrrrrrl", caption=caption, widths=widths)


def _rows(results: Results) -> list[Row]:
    return [row for inquiry in ("change", "variation", "target") for row in rows_of(results, inquiry)]


def _sentences(results: Results, outcome: str) -> list[str]:
    rows = {str(row["estimator"]): row for row in _rows(results) if row["outcome"] == outcome}
    main = rows.get("multilevel", {})
    if main.get("status") != "ok" or not known(main["conf_low"]):
        reason = str(main.get("reason") or "It could not be worked out.")
        return [f"{outcome_label(results, outcome)}: {reason}"]
    unit = unit_of(results, outcome)
    told = [
        CHANGE.format(
            name=inside(outcome_label(results, outcome)), value=signed(main["estimate"], 1), unit=unit,
            schools=count(main["clusters_treated"]), spread=interval(main["conf_low"], main["conf_high"], digits=1),
        )
    ]  # fmt: skip
    spread = float(rows["school_sd"]["estimate"]) if "school_sd" in rows else float("nan")
    if known(spread):
        told.append(DIFFER.format(two=amount(2 * spread), unit=unit) if spread > 0 else ALIKE)
    hub = float(rows["hub_sd"]["estimate"]) if "hub_sd" in rows else float("nan")
    if known(hub) and hub > 0:
        told.append(HUBS.format(two=amount(2 * hub), unit=unit))
    return [" ".join(told), *_target(results, rows.get("within_schools", {}), unit)]


def _target(results: Results, row: Row, unit: str) -> list[str]:
    target = results.plan.clusters.target if results.plan.clusters else None
    if target is None or row.get("status") != "ok":
        return []
    low, high = float(row["conf_low"]), float(row["conf_high"])
    key = "unclear" if low <= 0 <= high else "more" if low > 0 else "less"
    pupils = pupils_with(results, target.subgroup, target.values)
    text = TARGET[key].format(
        pupils=pupils, value=signed(row["estimate"], 1), unit=unit, spread=interval(low, high, digits=1)
    )
    return [text[0].upper() + text[1:]]
