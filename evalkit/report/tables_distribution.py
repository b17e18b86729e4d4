"""The numbers behind a trial's pictures of spread and of schools."""

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.figure_arms import WHEN, arms_panels
from evalkit.report.figure_schools import schools_data
from evalkit.report.numbers import ABSENT, fixed, interval, signed, tenths
from evalkit.report.table_cells import interval_name, shown, table
from evalkit.report.tables_participants import arm_name
from evalkit.report.trial_effects import primary_effects
from evalkit.report.words_names import outcome_label


def spread_table(results: Results) -> Table | None:
    """Percent of each group's pupils in each band of scores; None when nothing may be shown."""
    rows: list[list[str]] = []
    arms: list[str] = []
    for outcome in _drawn(results):
        for panel in arms_panels(results, outcome):
            arms = list(panel.shares)
            for place, band in enumerate(panel.bands):
                cells = [shown(panel.shares[arm][place], tenths) for arm in arms]
                rows.append([panel.label, WHEN[panel.when], band.replace("\n", " "), *cells])
    rows = list({tuple(row): row for row in rows}.values())
    if not rows:
        return None
    header = ["Measure", "When", "Scores", *(f"{arm_name(results, arm)}, %" for arm in arms)]
    caption = "How scores were spread: percent of the pupils of each group, before any adjustment."
    return table(results, header, rows, align="lll" + "r" * len(arms), caption=caption)


def schools_table(results: Results) -> Table | None:
    """Every school's shrunken result, unnamed; None when none may be shown."""
    rows: list[list[str]] = []
    for outcome in _drawn(results):
        for row in schools_data(results, outcome).to_dict("records"):
            rows.append(
                [
                    outcome_label(results, outcome),
                    fixed(row["place"], 0),
                    arm_name(results, str(row["arm"])) if row["arm"] else ABSENT,
                    signed(row["estimate"], 2),
                    interval(row["low"], row["high"], digits=2),
                ]
            )
    if not rows:
        return None
    header = ("Outcome", "Place", "Group", "From the middle", interval_name(results))
    if len(_drawn(results)) == 1:
        header, rows = header[1:], [row[1:] for row in rows]
    caption = "Schools from lowest to highest; no school is named. Points of the outcome, drawn towards the middle."
    return table(results, header, rows, align="lrlrr"[-len(header) :], caption=caption)


def _drawn(results: Results) -> list[str]:
    """The outcomes whose pictures the report shows."""
    return list(dict.fromkeys(one.outcome for one in primary_effects(results)))
