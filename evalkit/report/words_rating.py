"""Padlocks, months of progress and cost in words, each with how well its rule was checked."""

from dataclasses import dataclass

from evalkit.records.results import Results
from evalkit.records.standards import load_standards
from evalkit.report.numbers import count, known
from evalkit.report.trial_effects import display

MOST = 5
STATUS: dict[str, str] = {
    "V": "V: read in the public source that is named",
    "D": "D: worked out by evalkit, with the working shown",
    "M": "M: quoted from memory, not yet checked against its source",
}
NOT_RATED = "No padlocks, because the {study} has not been rated."
JUDGEMENT = "The rule for padlocks has no line for this mix of threats, so a reviewer must decide."
SECURITY = "The {study} has {padlocks} ({label} security; status {status})."
INTERIM = "The {study} has {padlocks} ({label} security; status {status}), before threats to its findings are weighed."
MONTHS_RULE = (
    "Months of progress are read from the EEF's table for {bands} (status {status}). They are never shown without "
    "padlocks."
)
BANDS = {"project": "project reports", "toolkit": "its Toolkit"}
STATUS_NOTE = "A status says how well a rule was checked. {meanings}."


@dataclass(frozen=True, slots=True)
class Padlocks:
    """A security rating.

    Attributes
    ----------
    number : 0 to 5
    final : False when threats to validity are not in it yet
    needs_judgement : the published rule has no answer, and a reviewer must decide
    status : V, D or M, the least checked of the rules behind it
    """

    number: int
    final: bool
    needs_judgement: bool
    status: str

    @property
    def text(self) -> str:
        """Such as "3 of 5 padlocks", with "so far" before threats are weighed."""
        return f"{self.number} of {MOST} padlocks{'' if self.final else ' so far'}"


@dataclass(frozen=True, slots=True)
class MonthsRead:
    """Months of progress, its interval's ends converted too."""

    months: int
    low: int
    high: int
    beyond: bool
    bands: str
    status: str


def padlocks(results: Results, outcome: str) -> Padlocks | None:
    """The rating of an outcome, else that of the trial; None when there is none."""
    rows = display(results, "padlocks", outcome=outcome) or display(results, "padlocks")
    by_column = {str(row["column"]): row for row in rows}
    final, interim = by_column.get("final", {}), by_column.get("interim", {})
    if not interim and not final:
        return None
    rated = known(final.get("padlocks"))
    row = final if rated else interim
    if not known(row.get("padlocks")):
        return None
    return Padlocks(int(row["padlocks"]), rated, bool(final) and not rated, worst_status(rows))


def padlock_label(number: int) -> str:
    """The EEF's word for a number of padlocks."""
    return load_standards().padlocks.labels.values[number]


def worst_status(rows: list[dict]) -> str:
    """The least checked status of some rows: M before D before V."""
    found = {str(row.get("status")) for row in rows}
    return next((status for status in ("M", "D", "V") if status in found), "M")


def months(results: Results, outcome: str, *, subgroup: str = "all", contrast: str) -> MonthsRead | None:
    """Months of progress by the bands in use; None unless it is attainment and there are padlocks to stand beside."""
    if not results.plan.outcome(outcome).attainment or padlocks(results, outcome) is None:
        return None
    wanted = load_standards().months.default
    for row in display(results, "months", outcome=outcome):
        same = row["contrast"] == contrast and row["subgroup"] == subgroup and row["bands"] == wanted
        if same and all(known(row[name]) for name in ("months", "low", "high")):
            return MonthsRead(
                int(row["months"]), int(row["low"]), int(row["high"]), bool(row.get("beyond")), wanted,
                str(row.get("status") or "M"),
            )  # fmt: skip
    return None


def months_size(number: int) -> str:
    """So many months without a direction.

    >>> months_size(0), months_size(-1), months_size(3)
    ('less than 1 month', '1 month', '3 months')
    """
    if number == 0:
        return "less than 1 month"
    return f"{abs(number)} month{'' if abs(number) == 1 else 's'}"


def months_range(read: MonthsRead) -> str:
    """From one end of the interval to the other.

    >>> months_range(MonthsRead(1, -1, 3, False, "project", "M"))
    '1 month less to 3 months more'
    """
    low, high = (_directed(number) for number in (read.low, read.high))
    if read.low == read.high:
        return low
    if (read.low > 0) == (read.high > 0) and 0 not in (read.low, read.high):
        way = "more" if read.low > 0 else "less"
        near, far = (read.low, read.high) if read.low > 0 else (read.high, read.low)
        return f"{abs(near)} to {months_size(far)} {way}"
    return f"{low} to {high}"


def _directed(number: int) -> str:
    if number == 0:
        return "0 months"
    return f"{months_size(number)} {'more' if number > 0 else 'less'}"


def months_cell(read: MonthsRead | None) -> str:
    """Months for a table: signed, with the converted ends.

    >>> months_cell(MonthsRead(1, -1, 3, False, "project", "M"))
    '+1 (−1 to +3)'
    """
    if read is None:
        return ""
    mark = "; off the table" if read.beyond else ""
    return f"{_signed(read.months)} ({_signed(read.low)} to {_signed(read.high)}{mark})"


def _signed(number: int) -> str:
    text = count(number)
    return f"+{text}" if number > 0 else text


def security_sentence(results: Results, outcome: str) -> str:
    """How secure the finding is, in a sentence."""
    found, study = padlocks(results, outcome), "trial" if results.plan.is_trial else "comparison"
    if found is None:
        return NOT_RATED.format(study=study)
    text = (SECURITY if found.final else INTERIM).format(
        study=study,
        padlocks=found.text,
        label=padlock_label(found.number),
        status=found.status,
    )
    return f"{text} {JUDGEMENT}" if found.needs_judgement else text


def months_sentence(results: Results) -> str:
    """Where months come from; an empty text where none are shown."""
    rows = [
        row for row in display(results, "months")
        if row["bands"] == load_standards().months.default
        and months(results, str(row["outcome"]), subgroup=str(row["subgroup"]), contrast=str(row["contrast"]))
    ]  # fmt: skip
    if not rows:
        return ""
    return MONTHS_RULE.format(bands=BANDS[str(rows[0]["bands"])], status=worst_status(rows))


def status_note(statuses: set[str]) -> str:
    """What the letters mean, those that occur."""
    meanings = "; ".join(text for letter, text in STATUS.items() if letter in statuses)
    return STATUS_NOTE.format(meanings=meanings) if meanings else ""
