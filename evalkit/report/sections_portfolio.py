"""The parts of the portfolio page, as blocks: what its template's cells call."""

from collections.abc import Sequence

from evalkit.records.portfolio import Portfolio
from evalkit.records.standards import load_standards
from evalkit.report import blocks
from evalkit.report.any_design import any_answer, any_steps
from evalkit.report.blocks import Block, Figure, Markdown, Table, escape
from evalkit.report.figure_forest import ForestRow, forest
from evalkit.report.numbers import bare_p, count, effect, fixed, interval, known
from evalkit.report.rows import Row, records
from evalkit.report.sections import rounding_note
from evalkit.report.words import synthetic_banner
from evalkit.report.words_arms import arm_label, treated_arms
from evalkit.report.words_portfolio import (
    CLASS_NAMES,
    HORIZON_NAMES,
    MANY_LOOKS,
    RULES,
    alone_sentences,
    pooled_sentence,
    portfolio_answer,
    security,
)

AXIS = "Standard deviations"
SIDES = ("◀ lower", "higher ▶")
CAPTION = "Dot: the difference or change. Line: its likely range. Diamond: the average. Dark: the range leaves 0 out."
SYNTHETIC = "Made-up data: {names}."
MOST_STEPS = 2
NOTHING_DRAWN = "Nothing is drawn side by side, because nothing here was measured in the same way by two programmes."
HEADER = ("Programme", "Outcome", "How sure", "Size (likely range)", "Pupils", "p, all programmes", "£ a pupil a year")
TABLE_CAPTION = "Every outcome of every programme. Sizes are in standard deviations."


def title(portfolio: Portfolio) -> str:
    """The title of the page."""
    several = f"{count(len(portfolio.results))} programmes side by side"
    return f"{portfolio.place}: {several}" if portfolio.place else several


def banner(portfolio: Portfolio) -> list[Block]:
    """Names the programmes whose data are made up."""
    made = [one.plan.programme.name for one in portfolio.results if synthetic_banner(one)]
    told = [blocks.note(escape(SYNTHETIC.format(names=", ".join(made))))] if made else []
    return [*told, *rounding_note()]


def answer_box(portfolio: Portfolio) -> Block:
    """What may be compared, and what it says."""
    return blocks.answer(escape(portfolio_answer(portfolio)))


def each_answer(portfolio: Portfolio) -> Block:
    """Every programme's own answer and what to try next."""
    parts: list[str] = []
    for one in portfolio.results:
        steps = " ".join(any_steps(one)[:MOST_STEPS])
        parts.append(f"### {escape(one.plan.programme.name)}\n\n{escape(any_answer(one))}\n\n**Next:** {escape(steps)}")
    return Markdown("\n\n".join(parts))


def pictures(portfolio: Portfolio) -> list[Block]:
    """One picture for each group of rows that may be read against one another."""
    pooled = {row["group"]: row for row in records(portfolio.pooled)}
    drawn: list[Block] = []
    for group, rows in portfolio.rows.groupby("group", sort=False):
        mine = [row for row in records(rows) if known(row["effect_size"])]
        if len({row["programme"] for row in mine}) > 1:
            drawn.append(_picture(portfolio, mine, pooled[str(group)]))
    return drawn or [Markdown(NOTHING_DRAWN)]


def _picture(portfolio: Portfolio, rows: Sequence[Row], pooled: Row) -> Figure:
    place = f"{pooled['label']}, {HORIZON_NAMES[str(pooled['horizon'])]}: {CLASS_NAMES[str(pooled['design_class'])]}"
    lines = [_line(portfolio, row) for row in rows]
    if pooled["status"] == "ok":
        firm = not pooled["conf_low"] <= 0 <= pooled["conf_high"]
        numbers = _numbers(pooled, "estimate", "conf_low", "conf_high")
        label, ends = (
            f"Average of {count(pooled['n_programmes'])} programmes",
            (pooled["conf_low"], pooled["conf_high"]),
        )
        lines.append(ForestRow(label, numbers, pooled["estimate"], *ends, bold=True, marker="D", firm=firm))
    alt = f"{place}. {AXIS}. " + "; ".join(f"{line.label}: {line.numbers}" for line in lines) + "."
    return forest(lines, title=place, axis=AXIS, sides=SIDES, alt=alt, caption=CAPTION)


def _line(portfolio: Portfolio, row: Row) -> ForestRow:
    low, high = row["es_low"], row["es_high"]
    firm = known(low) and known(high) and not low <= 0 <= high
    label = f"{row['title']}{_which(portfolio, row)} ({_sure(row)})"
    return ForestRow(label, _numbers(row, "effect_size", "es_low", "es_high"), row["effect_size"], low, high, firm=firm)


def _which(portfolio: Portfolio, row: Row) -> str:
    """Which group with a programme, or which time, where the programme has several."""
    plan = next(one.plan for one in portfolio.results if one.plan.id == row["programme"])
    first = str(row["contrast"]).split(" - ")[0]
    if plan.has_groups:
        return f", {arm_label(plan, first)}" if len(treated_arms(plan)) > 1 else ""
    rows = portfolio.rows
    alike = (rows["programme"] == row["programme"]) & (rows["outcome"] == row["outcome"])
    times = rows.loc[alike & (rows["horizon"] == row["horizon"]), "contrast"].nunique()
    return f", {next((one.label for one in plan.waves if one.id == first), first)}" if times > 1 else ""


def _sure(row: Row) -> str:
    return f"{int(row['padlocks'])} padlocks" if known(row["padlocks"]) else f"{count(row['n'])} pupils"


def _numbers(row: Row, value: str, low: str, high: str) -> str:
    return f"{effect(row[value])} ({interval(row[low], row[high], digits=2)})"


def together(portfolio: Portfolio) -> Block:
    """What groups say together, why others do not, and by which rules."""
    told = [pooled_sentence(row) for row in records(portfolio.pooled) if row["status"] == "ok"]
    fewest = int(load_standards().methods.fewest_pooled.value)
    told += [*alone_sentences(portfolio), RULES.format(fewest=fewest)]
    return Markdown("\n".join(f"- {escape(one)}" for one in told))


def rows_table(portfolio: Portfolio) -> list[Block]:
    """Every row with its security, p-value over all programmes, and cost."""
    rows = [_cells(portfolio, row) for row in records(portfolio.rows) if row["design_class"] != "no_measure"]
    if not rows:
        return []
    table = Table(blocks.pipe_table(HEADER, rows, align="lllrrrr"), TABLE_CAPTION, (18, 20, 18, 18, 8, 9, 9))
    return [Markdown(escape(MANY_LOOKS.format(k=count(len(portfolio.results))))), table]


def _cells(portfolio: Portfolio, row: Row) -> list[str]:
    cells = (
        str(row["title"]),
        f"{row['label']}, {HORIZON_NAMES[str(row['horizon'])]}{_which(portfolio, row)}",
        security(row),
        _numbers(row, "effect_size", "es_low", "es_high") if known(row["effect_size"]) else "not shown",
        count(row["n"]) if known(row["n"]) else "not known",
        bare_p(row["p_adjusted"]) if known(row["p_adjusted"]) else "–",
        fixed(row["cost_per_pupil"], 2) if known(row["cost_per_pupil"]) else "not known",
    )
    return list(cells)
