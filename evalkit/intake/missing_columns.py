"""Questions that no column is: left out by the form, lost, or under a wording that may not be shipped."""

from collections.abc import Collection, Sequence

from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings, short_header
from evalkit.intake.header import Table
from evalkit.intake.in_order import blocks_in_order
from evalkit.intake.known import Known
from evalkit.intake.normal import letter, listed
from evalkit.records.responses import Choice, Question


def say_missing(
    found: Collection[str],
    wave: str,
    table: Table,
    known: Known,
    findings: Findings,
    *,
    by_header: bool,
) -> None:
    """Say which questions no column holds; `found` are those that one holds, or about which something is asked."""
    missing = [item for item in known.needed_at.get(wave, known.needed) if item not in found]
    for item in missing:
        if item in known.measured:
            _say_missing_measure(item, wave, known, findings)
    asked = [item for item in missing if item not in known.measured]
    instruments = [item.partition(".")[0] for item in asked]
    whole = [one for one in dict.fromkeys(instruments) if instruments.count(one) == len(known.needed_of(one))]
    blocks = {} if by_header else blocks_in_order(table.columns, table.rows, whole, known)
    for instrument in dict.fromkeys(instruments):
        items = [item for item in asked if item.partition(".")[0] == instrument]
        names = listed([f"{item.partition('.')[2]} ('{known.names[item]}')" for item in items], limit=50)
        when = f" for '{wave}'" if by_header else ""
        if 2 * len(items) <= len(known.needed_of(instrument)):
            _ask_absent(items, f"{known.titles[instrument]}: there is no column{when} for {names}", findings)
            continue
        if instrument in blocks:
            _say_in_order(blocks[instrument], items, known, findings)
            continue
        if len(items) == len(known.needed_of(instrument)):
            found_words = f"There is no question of {known.titles[instrument]}{when}. The plan needs {names}"
        else:
            found_words = f"{known.titles[instrument]}: there is no column{when} for {names}"
        findings.add(
            "error",
            "missing_column",
            found_words,
            f"Add {'this column' if len(items) == 1 else 'these columns'} with the pupils' answers, or correct the "
            f"headings so that they read like '{items[0]}'.",
        )


def _ask_absent(items: Sequence[str], found: str, findings: Findings) -> None:
    """A few questions of many are missing: the form may have left them out."""
    these = "this column" if len(items) == 1 else "these columns"
    question = "this question" if len(items) == 1 else "these questions"
    findings.add(
        "ask",
        "missing_column",
        found,
        f"Add {these} with the pupils' answers, or correct the headings so that they read like '{items[0]}'. Did the "
        f"form leave {question} out? Then write it in a mapping file: absent: [{', '.join(items)}].",
        questions=[
            Question(
                f"{found}. Did the form leave {question} out?",
                (Choice("Yes: nobody was asked. The missing-answer rule of the scale decides", {"absent": [*items]}),),
            )
        ],
    )


def _say_missing_measure(item: str, wave: str, known: Known, findings: Findings) -> None:
    headings = listed(known.headings(item, wave), last="or")
    findings.add(
        "error",
        "missing_column",
        f"There is no column for {known.names[item]}" + (f" at '{wave}'" if wave else ""),
        f"Add this column, or correct its heading so that it reads {headings}.",
    )


def _say_in_order(columns: Sequence[Column], items: Sequence[str], known: Known, findings: Findings) -> None:
    title = known.titles[items[0].partition(".")[0]]
    first, last = (f"'{short_header(one.header)}'" for one in (columns[0], columns[-1]))
    ends = (
        f"{first} ({letter(columns[0].index)}) is '{known.names[items[0]]}' ({items[0]}), and so on to {last} "
        f"({letter(columns[-1].index)}), which is '{known.names[items[-1]]}' ({items[-1]})"
    )
    decisions = [
        {"columns": {f"column {letter(one.index)}": to for one, to in zip(columns, targets, strict=True)}}
        for targets in (items, ["ignore"] * len(items))
    ]
    findings.add(
        "ask",
        "which_in_order",
        f"No heading is one of {title}, but these {len(items)} columns hold its answers, as many as it has questions",
        f"Are these its questions, in its order? Then {ends}. If so, change the headings to "
        f"{listed([*items], limit=50)}, or answer this question when evalkit asks it. Until then these columns are not "
        "used.",
        columns=[one.index for one in columns],
        questions=[
            Question(
                f"{title}: do the columns {letter(columns[0].index)} to {letter(columns[-1].index)} hold its questions "
                f"in its order? Then {ends}.",
                (Choice("Yes, in this order", decisions[0]), Choice("No: leave them out", decisions[1])),
            )
        ],
    )
