"""One hub's or trust's own figures on the portfolio page, as blocks; nothing where the page is about none."""

from collections.abc import Sequence

from evalkit.records.portfolio import Portfolio
from evalkit.report.blocks import Block, Figure, Markdown, Table, escape, pipe_table
from evalkit.report.figure_forest import ForestRow, forest
from evalkit.report.numbers import ABSENT, count, effect, interval, known
from evalkit.report.rows import Row, records
from evalkit.report.words_portfolio import HORIZON_NAMES

HEADING = "## Your {level} in these programmes"
INTRO = (
    "{place} stands beside each programme in which its schools take part. Its figures allow for chance: each was drawn "
    "towards the average {level} of that programme, the more so the fewer pupils and schools stand behind it."
)
NOT_POOLED = (
    "These figures are not averaged over programmes. Each was drawn towards its own programme's average, so an average "
    "of them would tell more about the programmes than about your {level}."
)
NO_EFFECT = (
    "Where a programme was compared with a comparison group, your figure is how far your pupils lie from what is "
    "expected of pupils like them in their own group. It is not what the programme did in your {level}."
)
CHANCE = (
    "Whoever looks at several programmes can find one where a {level} stands out by chance. Ask why before you decide."
)
NO_PART = "{title}: {reason}"
NOT_SHOWN = "{title}, {label}: {reason}"
AXIS, SIDES = "Standard deviations", ("◀ lower", "higher ▶")
CHANGE_TITLE = "{label}, {horizon}: your {level} beside the programme"
BESIDE_TITLE = "How far your {level} lies from what is expected"
CHANGE_CAPTION = "Dot: the programme's change. Diamond: your {level}'s, allowing for chance. Line: its likely range."
BESIDE_CAPTION = "Diamond: your {level}, allowing for chance, with its likely range. Line at 0: what is expected."
HEADER = (
    "Programme",
    "Outcome",
    "Your schools",
    "Your pupils",
    "The programme",
    "Your {level}",
    "Distance from average or expected",
)
TABLE_CAPTION = (
    "Your {level}'s own figures in standard deviations, with likely ranges. The last column is the distance from the "
    "average {level} of the programme or, with a comparison group, from what is expected."
)


def own_figures(portfolio: Portfolio) -> list[Block]:
    """Heading, pictures, numbers and how to read them."""
    if not portfolio.place:
        return []
    rows = [row for row in records(portfolio.own) if row["status"] == "ok"]
    heading = f"{HEADING}\n\n{INTRO}".format(level=portfolio.level, place=escape(portfolio.place))
    told: list[Block] = [Markdown(heading)]
    if rows:
        told += [*_pictures(portfolio, rows), _table(portfolio, rows)]
    return [*told, Markdown("\n".join(f"- {escape(one)}" for one in _sentences(portfolio, rows)))]


def _sentences(portfolio: Portfolio, rows: Sequence[Row]) -> list[str]:
    away = [row for row in records(portfolio.own) if row["status"] == "takes_no_part"]
    hidden = [row for row in records(portfolio.own) if row["status"] == "not_shown"]
    told = [NO_EFFECT] if any(row["kind"] == "level" for row in rows) else []
    told += [NOT_POOLED, CHANCE] if len({row["programme"] for row in rows}) > 1 else []
    return [
        *(one.format(level=portfolio.level) for one in told),
        *(NOT_SHOWN.format(**row) for row in hidden),
        *(NO_PART.format(**row) for row in away),
    ]


def _pictures(portfolio: Portfolio, rows: Sequence[Row]) -> list[Block]:
    """Changes beside the programme's, a picture for each group of comparable rows; then what lies beside expected."""
    changes = [row for row in rows if row["kind"] == "change"]
    drawn: list[Block] = [
        _changes(portfolio, [row for row in changes if row["group"] == group])
        for group in dict.fromkeys(row["group"] for row in changes)
    ]
    levels = [row for row in rows if row["kind"] == "level"]
    return [*drawn, _beside(portfolio, levels)] if levels else drawn


def _changes(portfolio: Portfolio, rows: Sequence[Row]) -> Figure:
    lines: list[ForestRow] = []
    for row in rows:
        whole = _programme(portfolio, row)
        if whole is not None and known(whole["effect_size"]):
            lines.append(_line(str(row["title"]), whole, "effect_size", "es_low", "es_high"))
        lines.append(_line(f"{portfolio.place} ({count(row['n'])} pupils)", row, "size", "low", "high", own=True))
    title = CHANGE_TITLE.format(
        label=rows[0]["label"], horizon=HORIZON_NAMES[str(rows[0]["horizon"])], level=portfolio.level
    )
    return _forest(lines, title=title, caption=CHANGE_CAPTION.format(level=portfolio.level))


def _beside(portfolio: Portfolio, rows: Sequence[Row]) -> Figure:
    lines = [
        _line(f"{row['title']}: {row['label']} ({count(row['n'])} pupils)", row, "beside", "beside_low", "beside_high",
              own=True)
        for row in rows
    ]  # fmt: skip
    level = portfolio.level
    return _forest(lines, title=BESIDE_TITLE.format(level=level), caption=BESIDE_CAPTION.format(level=level))


def _forest(lines: Sequence[ForestRow], *, title: str, caption: str) -> Figure:
    alt = f"{title}. {AXIS}. " + "; ".join(f"{line.label}: {line.numbers}" for line in lines) + "."
    return forest(lines, title=title, axis=AXIS, sides=SIDES, alt=alt, caption=caption)


def _line(label: str, row: Row, value: str, low: str, high: str, *, own: bool = False) -> ForestRow:
    ends = (row[low], row[high])
    firm = known(ends[0]) and known(ends[1]) and not ends[0] <= 0 <= ends[1]
    marker = "D" if own else "o"
    return ForestRow(label, _numbers(row, value, low, high), row[value], *ends, bold=own, firm=firm, marker=marker)


def _programme(portfolio: Portfolio, row: Row) -> Row | None:
    """The programme's own row for the same outcome at the end."""
    alike = ("programme", "outcome", "horizon")
    return next((one for one in records(portfolio.rows) if all(one[name] == row[name] for name in alike)), None)


def _table(portfolio: Portfolio, rows: Sequence[Row]) -> Table:
    lines = [_cells(portfolio, row) for row in rows]
    header = [name.format(level=portfolio.level) for name in HEADER]
    caption = TABLE_CAPTION.format(level=portfolio.level)
    return Table(pipe_table(header, lines, align="llrrrrr"), caption, (19, 15, 10, 10, 16, 15, 15))


def _cells(portfolio: Portfolio, row: Row) -> list[str]:
    whole = _programme(portfolio, row)
    return [
        str(row["title"]),
        str(row["label"]),
        count(row["schools"]),
        count(row["n"]),
        _numbers(whole, "effect_size", "es_low", "es_high") if whole is not None else ABSENT,
        _numbers(row, "size", "low", "high"),
        _numbers(row, "beside", "beside_low", "beside_high"),
    ]


def _numbers(row: Row, value: str, low: str, high: str) -> str:
    return f"{effect(row[value])} ({interval(row[low], row[high], digits=2)})" if known(row[value]) else ABSENT
