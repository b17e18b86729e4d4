"""What happened to an outcome, and the one sentence that answers the question."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from evalkit.records.results import Results
from evalkit.report.numbers import count, interval, known, listed, size
from evalkit.report.words_names import inside, lower_is_better, measured_facts, opening, own_unit, score_facts

Verdict = Literal[
    "rose_clearly", "rose", "rose_slightly", "fell_clearly", "fell", "fell_slightly", "same", "may_have_risen",
    "may_have_fallen", "unclear", "moved_alike", "not_moved", "suppressed", "not_estimated",
]  # fmt: skip
VERBS: dict[Verdict, str] = {
    "rose_clearly": "rose by an amount that matters",
    "rose": "rose",
    "rose_slightly": "rose only slightly",
    "fell_clearly": "fell by an amount that matters",
    "fell": "fell",
    "fell_slightly": "fell only slightly",
    "same": "stayed about the same",
    "may_have_risen": "may have risen",
    "may_have_fallen": "may have fallen",
}
FIRM: tuple[Verdict, ...] = (
    "rose_clearly", "rose", "rose_slightly", "fell_clearly", "fell", "fell_slightly", "same",
)  # fmt: skip
LETTERS_IN_FINDING = 130
UP = frozenset({"rose_clearly", "rose", "rose_slightly", "may_have_risen"})
DOWN = frozenset({"fell_clearly", "fell", "fell_slightly", "may_have_fallen"})
NO_GROUP = {
    "moved": "without a comparison group we cannot say that the programme caused this",
    "still": "without a comparison group we cannot say what would have happened without the programme",
    "unclear": "without a comparison group we could not say why",
}
NO_ANSWER = {
    "suppressed": "Too few pupils answered both times to show how their {names} changed.",
    "not_estimated": "We could not work out how pupils' {names} changed.",
}
ALIKE: dict[Verdict, str] = {
    "moved_alike": "every pupil's score on {names} changed by the same amount",
    "not_moved": "every pupil's score on {names} was the same before and after",
}
COPIED = "which hints at a copying mistake, so check the files"
TOO_FEW = "we cannot show what happened to {names}"
CHANGES: dict[str, str] = {
    "clearly": (
        "{Name} {moved} by {size} {unit}, and the whole likely range ({range}) is at least as large as the "
        "smallest change that matters."
    ),
    "plainly": "{Name} {moved} by {size} {unit} (likely range {range}).",
    "slightly": (
        "{Name} {moved} by {size} {unit} (likely range {range}), which is less than the smallest change that matters."
    ),
    "may": (
        "{Name} may have {moved} (by {size} {unit}, likely range {range}), but we tested several outcomes "
        "and one of them can look like this by chance."
    ),
    "same": (
        "{Name} stayed about the same: any change (likely range {range} {unit}) is smaller than the "
        "smallest change that matters."
    ),
    "unclear": "We cannot tell whether {name} rose or fell (likely range {range} {unit}).",
    "moved_alike": (
        "On {name}, every pupil's score changed by the same amount, which hints at a copying mistake, so check the "
        "files."
    ),
    "not_moved": (
        "On {name}, every pupil's score was the same before and after, which hints at a copying mistake, so check the "
        "files."
    ),
    "suppressed": "We do not show the change in {name}, because too few pupils answered both times.",
    "not_estimated": "We could not work out the change in {name}.",
}
SHAPES: dict[Verdict, tuple[str, str]] = {
    "rose_clearly": ("clearly", "rose"),
    "rose": ("plainly", "rose"),
    "rose_slightly": ("slightly", "rose"),
    "fell_clearly": ("clearly", "fell"),
    "fell": ("plainly", "fell"),
    "fell_slightly": ("slightly", "fell"),
    "may_have_risen": ("may", "risen"),
    "may_have_fallen": ("may", "fallen"),
    "same": ("same", ""),
    "unclear": ("unclear", ""),
    "moved_alike": ("moved_alike", ""),
    "not_moved": ("not_moved", ""),
    "suppressed": ("suppressed", ""),
    "not_estimated": ("not_estimated", ""),
}
FOR_BETTER = "On this measure a lower score is better, so this is good news."
FOR_WORSE = "On this measure a lower score is better, so this is not good news."
LOWER_IS_BETTER = "On this measure a lower score is better."


@dataclass(frozen=True, slots=True)
class Change:
    """One outcome's change, read from the display `change`, with its verdict.

    Numbers are in percentage points of the scale's range; `unit` and `per_percent` (how much of the unit one of them
    is) say in what a sentence tells them: a measured number is told in its own unit.
    """

    outcome: str
    label: str
    primary: bool
    estimate: float
    low: float
    high: float
    worthwhile: float
    n: float
    verdict: Verdict
    lower_is_better: bool
    unit: str = "percentage points"
    per_percent: float = 1.0


def judge(estimate: float, low: float, high: float, *, worthwhile: float, p_adjusted: float, alpha: float) -> Verdict:
    """Choose the verdict on a change from its interval.

    Parameters
    ----------
    estimate, low, high : float
        The change and its interval, in percentage points of the scale's range; NaN when there is none.
    worthwhile : float
        The smallest worthwhile change in the same unit; NaN when the plan declares none.
    p_adjusted : float
        p after adjustment within its family; NaN when unknown.
    alpha : float
        The plan's level.
    """
    if not (known(estimate) and known(low) and known(high)):
        return "not_estimated"
    declared = known(worthwhile)
    if low <= 0 <= high:
        return "same" if declared and -worthwhile < low and high < worthwhile else "unclear"
    up = low > 0
    if known(p_adjusted) and p_adjusted > alpha:
        return "may_have_risen" if up else "may_have_fallen"
    near, far = (low, high) if up else (-high, -low)
    if declared and near >= worthwhile:
        return "rose_clearly" if up else "fell_clearly"
    if declared and far < worthwhile:
        return "rose_slightly" if up else "fell_slightly"
    return "rose" if up else "fell"


def changes(results: Results) -> tuple[Change, ...]:
    """Every outcome's change and verdict, in the order of the plan."""
    frame = results.displays["change"]
    found: list[Change] = []
    for row in frame.to_dict("records"):
        outcome = str(row["outcome"])
        verdict = judge(
            row["estimate"], row["conf_low"], row["conf_high"], worthwhile=row["worthwhile"],
            p_adjusted=row["p_adjusted"], alpha=results.plan.alpha,
        )  # fmt: skip
        if verdict == "not_estimated":
            verdict = _why_not(results, outcome)
        found.append(
            Change(
                outcome,
                str(row["label"]),
                str(row["role"]) == "primary",
                row["estimate"],
                row["conf_low"],
                row["conf_high"],
                row["worthwhile"],
                row["n"],
                verdict,
                lower_is_better(results, outcome),
                *_told_in(results, outcome),
            )
        )
    return tuple(found)


def _told_in(results: Results, outcome: str) -> tuple[str, float]:
    """The unit in which a change is told, and how much of it one percentage point of the range is."""
    if measured_facts(results, outcome) is None:
        return "percentage points", 1.0
    score = score_facts(results, outcome)
    return own_unit(results, outcome), (score["high"] - score["low"]) / 100


def _why_not(results: Results, outcome: str) -> Verdict:
    """Why an outcome has no interval: too few pupils, all pupils changed alike, or something else."""
    for caveat in results.caveats:
        if caveat.kind == "same_change" and caveat.outcome == outcome:
            return "moved_alike" if caveat.facts["moved"] else "not_moved"
    return "suppressed" if _status(results, outcome) == "suppressed" else "not_estimated"


def _status(results: Results, outcome: str) -> str:
    frame = results.estimates
    rows = frame[
        (frame["inquiry"] == "change") & (frame["outcome"] == outcome) & (frame["estimator"] == "percent_of_range")
    ]
    return str(rows["status"].iloc[0]) if len(rows) else ""


def describe_change(change: Change) -> str:
    """What happened to one outcome, in a sentence or two."""
    name = inside(change.label)
    shape, moved = SHAPES[change.verdict]
    text = CHANGES[shape].format(
        Name=opening(change.label), name=name, moved=moved, size=size(change.estimate * change.per_percent),
        range=interval(change.low * change.per_percent, change.high * change.per_percent, digits=1), unit=change.unit,
    )  # fmt: skip
    if change.lower_is_better and change.verdict in UP | DOWN:
        return f"{text} {FOR_WORSE if change.verdict in UP else FOR_BETTER}"
    if change.lower_is_better and change.verdict in ("same", "unclear"):
        return f"{text} {LOWER_IS_BETTER}"
    return text


def answer_sentence(found: Sequence[Change], *, few: bool) -> str:
    """The answer in one sentence, over the primary outcomes.

    Parameters
    ----------
    found : sequence of Change
        All outcomes; the secondary ones are left out.
    few : bool
        Whether so few pupils answered that the reader must know at once.

    Returns
    -------
    str
        For instance "Pupils' self-efficacy rose and grit stayed about the same, but without a comparison group we
        cannot say that the programme caused this."
    """
    primary = [change for change in found if change.primary] or list(found)
    firm = _firm_clauses(primary)
    unclear = [inside(change.label) for change in primary if change.verdict == "unclear"]
    hidden = [inside(change.label) for change in primary if change.verdict in ("suppressed", "not_estimated")]
    alike = _alike_clauses(primary)
    opened = _owner(primary, few=few)
    if not firm and not unclear and alike:
        left_out = f", and {TOO_FEW.format(names=_names(hidden, 'or'))}" if hidden else ""
        return f"{opening(listed(alike))}, {COPIED}{left_out}."
    if not firm and not unclear:
        key = "suppressed" if all(change.verdict == "suppressed" for change in primary) else "not_estimated"
        return NO_ANSWER[key].format(names=_names(hidden, "and"))
    left_out = f", {TOO_FEW.format(names=_names(hidden, 'or'))}" if hidden else ""
    left_out += f", {listed(alike)} ({COPIED})" if alike else ""
    if not firm:
        names = _names(unclear, "or")
        body = f"{opened}we cannot tell whether {names}" if few else f"We cannot tell whether pupils' {names}"
        return f"{body} rose or fell{left_out}, and {NO_GROUP['unclear']}."
    body = f"{opened}{listed(firm)}"
    moved = any(change.verdict in UP | DOWN for change in primary)
    reason = NO_GROUP["moved" if moved else "still"]
    if unclear:
        return f"{body}, we cannot tell whether {_names(unclear, 'or')} rose or fell{left_out}, and {reason}."
    return f"{body}{left_out}, {'and' if left_out else 'but'} {reason}."


def _alike_clauses(primary: Sequence[Change]) -> list[str]:
    """What to say of outcomes in which every pupil changed by the same amount."""
    clauses: list[str] = []
    for verdict, clause in ALIKE.items():
        names = [inside(change.label) for change in primary if change.verdict == verdict]
        clauses += [clause.format(names=listed(names))] if names else []
    return clauses


def _owner(primary: Sequence[Change], *, few: bool) -> str:
    numbers = [change.n for change in primary if known(change.n)]
    if few and numbers:
        return f"In this small group of {count(min(numbers))} pupils, "
    return "In this small group of pupils, " if few else "Pupils' "


def _firm_clauses(primary: Sequence[Change]) -> list[str]:
    clauses: list[str] = []
    for verdict in (*FIRM, "may_have_risen", "may_have_fallen"):
        for lower in (False, True):
            group = [change for change in primary if change.verdict == verdict and change.lower_is_better is lower]
            if group:
                clauses.append(
                    f"{_names([inside(one.label) for one in group], 'and')} {VERBS[verdict]}{_mark(group[0])}"
                )
    return clauses


def _mark(change: Change) -> str:
    if not change.lower_is_better or change.verdict == "same":
        return ""
    return " (for the worse)" if change.verdict in UP else " (for the better)"


def _names(names: Sequence[str], joint: str) -> str:
    most = 4
    if len(names) > most:
        return f"scores on {len(names)} measures"
    return listed(list(names), joint=joint)


def finding(found: Sequence[Change]) -> str:
    """The title of the main chart: what the picture shows, in a few words; counts where names would be too long."""
    groups = _firm_clauses(found)
    unclear = [inside(change.label) for change in found if change.verdict == "unclear"]
    if unclear:
        groups.append(f"we cannot tell for {_names(unclear, 'and')}")
    title = opening("; ".join(groups))
    return title if len(title) <= LETTERS_IN_FINDING else _counted(found)


def _counted(found: Sequence[Change]) -> str:
    kinds = (
        ("rose", [change for change in found if change.verdict in UP and change.verdict in FIRM]),
        ("fell", [change for change in found if change.verdict in DOWN and change.verdict in FIRM]),
        ("stayed about the same", [change for change in found if change.verdict == "same"]),
    )
    told = sum(len(group) for _, group in kinds)
    parts = [f"{len(group)} {verb}" for verb, group in kinds if group]
    rest = f"for {len(found) - told} we cannot tell" if told < len(found) else ""
    return f"Of {len(found)} outcomes, {listed([*parts, *([rest] if rest else [])])}"
