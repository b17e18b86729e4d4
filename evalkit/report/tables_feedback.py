"""The numbers of a survey of staff: who answered, every share with its fraction, groups, occasions, themes."""

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.numbers import ABSENT, SUPPRESSED, bare_p, count, interval, known, part, signed
from evalkit.report.rows import records
from evalkit.report.staff_answers import (
    Question,
    change_digits,
    in_groups,
    last_wave,
    occasions,
    questions,
    response_text,
)
from evalkit.report.table_cells import interval_name, table

QUESTIONS = (
    "Every question. Shares with the number who agreed of those who answered it. Intervals: of shares Wilson's, of "
    "scores t; where schools are named, staff of one school count as alike as they answered."
)


def response_table(results: Results) -> Table:
    """Who answered, by occasion."""
    rows = [
        [str(row["label"]), count(row["asked"]) if known(row["asked"]) else "not known", response_text(row)]
        for row in records(results.displays["response"])
    ]
    return table(results, ("Occasion", "Asked", "Answered"), rows, align="lrr", caption="Who answered.")


def question_table(results: Results) -> Table:
    """Every question at every wave with its fraction and interval."""
    rows = [_question_row(results, one) for one in questions(results)]
    header = ("Question", "Occasion", "Agreed or score", "Answers", interval_name(results), "Schools")
    return table(results, header, rows, align="llrrrr", caption=QUESTIONS, widths=(30, 16, 20, 10, 15, 10))


def _question_row(results: Results, one: Question) -> list[str]:
    schools = count(one.row["clusters_treated"]) if known(one.row["clusters_treated"]) else ABSENT
    if one.hidden:
        few = one.n < results.plan.suppression_threshold
        numbers = [SUPPRESSED, SUPPRESSED if few else count(one.n), SUPPRESSED, ABSENT]
        return [one.label, one.wave_label, *numbers]
    digits, unit = (1, "") if one.kind == "mean" else (0, "%" if one.kind == "agreement" else "")
    likely = f"{interval(one.row['conf_low'], one.row['conf_high'], digits=digits)}{unit}"
    return [one.label, one.wave_label, one.value, count(one.n), likely, schools]


def group_table(results: Results) -> Table | None:
    """Shares by group; None where the plan names no groups."""
    labels = {one.id: one.label for one in results.plan.outcomes}
    waves = {one.id: one.label for one in results.plan.waves}
    groups = {one.id: one.label for one in results.plan.subgroups}
    rows: list[list[str]] = []
    wave = last_wave(results)
    for row in (one for one in in_groups(results) if one["wave"] == wave):
        name, _, value = str(row["subgroup"]).partition("=")
        group = f"{groups.get(name, name)}: {value}"
        if row["status"] == "suppressed":
            rows.append([labels[row["outcome"]], waves[row["wave"]], group, SUPPRESSED, SUPPRESSED])
            continue
        n = float(row["n_treated"])
        likely = f"{interval(row['conf_low'], row['conf_high'], digits=0)}%"
        agreed = part(row["estimate"] * n / 100, n)
        rows.append([labels[row["outcome"]], waves[row["wave"]], group, agreed, likely])
    if not any(SUPPRESSED not in row for row in rows):
        return None
    header = ("Question", "Occasion", "Group", "Agreed", interval_name(results))
    return table(
        results, header, rows, align="lllrr", caption="By group, at the last occasion.", widths=(26, 14, 26, 18, 16)
    )


def occasion_table(results: Results) -> Table | None:
    """The change of each question; None with one occasion."""
    labels = {one.id: one.label for one in results.plan.outcomes}
    rows: list[list[str]] = []
    for row in occasions(results):
        if row["status"] != "ok":
            cell = SUPPRESSED if row["status"] == "suppressed" else ABSENT
            rows.append([labels[row["outcome"]], cell, cell, cell, cell, cell])
            continue
        digits = change_digits(results, str(row["outcome"]))
        likely = interval(row["conf_low"], row["conf_high"], digits=digits)
        numbers = [signed(row["estimate"], digits), likely, bare_p(row["p_value"])]
        rows.append([labels[row["outcome"]], count(row["n_control"]), count(row["n_treated"]), *numbers])
    if not rows:
        return None
    header = ("Question", "Answers at first", "Answers at last", "Change in points", interval_name(results), "p")
    caption = "From the first to the last occasion. p is not adjusted for the number of questions."
    return table(results, header, rows, align="lrrrrr", caption=caption, widths=(32, 14, 14, 14, 16, 10))


def theme_table(results: Results) -> Table | None:
    """Themes of comments; None where none were coded."""
    rows = [
        [str(row["label"]), part(row["count"], row["n"]) if known(row["count"]) else SUPPRESSED]
        for row in records(results.displays["themes"])
    ]
    if not rows:
        return None
    coded = [one.coded_by for one in (results.plan.feedback.themes if results.plan.feedback else ()) if one.coded_by]
    caption = f"Comments by theme. A comment may have several.{' Coded by ' + coded[0] + '.' if coded else ''}"
    return table(results, ("Theme", "Comments"), rows, align="lr", caption=caption)
