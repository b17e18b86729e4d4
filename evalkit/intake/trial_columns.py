"""What a file says of the trial: school, class and arm of each pupil, and how much of the programme was taken up."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field

from evalkit.intake.characteristics import read_characteristic
from evalkit.intake.columns import Column
from evalkit.intake.findings import Findings
from evalkit.intake.header import Table
from evalkit.intake.normal import counted, listed, normal, plain, quoted, yaml_text
from evalkit.intake.number_column import Values, read_number_column
from evalkit.intake.numbers import NumberRules
from evalkit.intake.pupils import shown_code
from evalkit.records.characteristic import Characteristic
from evalkit.records.evaluation import Study
from evalkit.records.group_words import groups_key
from evalkit.records.responses import Choice, Question
from evalkit.records.trial import Compliance

_YES = frozenset(("yes", "y", "true", "1", "1 0"))
_NO = frozenset(("no", "n", "false", "0", "0 0"))
_MISSING = frozenset(("", "na", "n a", "not known", "unknown"))


@dataclass(slots=True)
class TrialColumns:
    """Columns of the trial as the file has them.

    Attributes
    ----------
    texts : column of the responses -> a text per row: school, class, arm (the plan's ids) and characteristics
    amounts : id of a compliance measure -> a number per row
    """

    texts: dict[str, list[str]] = field(default_factory=dict)
    amounts: dict[str, Values] = field(default_factory=dict)


def read_trial(
    table: Table,
    study: Study,
    facts: tuple[Characteristic, ...],
    compliance: tuple[Compliance, ...],
    values: Mapping[str, Mapping[str, str]],
    findings: Findings,
) -> TrialColumns:
    """Read those of these columns that the file has; what no file has is said when all files are there.

    Parameters
    ----------
    facts, compliance : the characteristics and the compliance measures that this kind of file may hold
    values : what a mapping file says texts mean, by the id of the characteristic (or `arm`, or a compliance measure)
    """
    read = TrialColumns()
    for role in ("school", "class", "arm"):
        column = next((one for one in table.columns if one.role == role), None)
        if column is not None:
            cells = [plain(cell) for cell in table.cells(column.index)]
            decided = values.get("arm", {})
            read.texts[role] = _places(cells) if role != "arm" else _arms(table, column, study, decided, findings)
    for one in facts:
        column = next((c for c in table.columns if c.role == "characteristic" and c.target == one.id), None)
        if column is not None:
            read.texts[one.id] = read_characteristic(table, one, column, values.get(one.id, {}), findings)
    for one in compliance:
        column = next((c for c in table.columns if c.role == "compliance" and c.target == one.id), None)
        if column is not None:
            read.amounts[one.id] = _amounts(table, column, one, values.get(one.id, {}), findings)
    return read


def _places(cells: list[str]) -> list[str]:
    """Schools and classes as text; a URN that a spreadsheet made a decimal number of (100012.0) loses the tail."""
    return [cell.removesuffix(".0") if cell.removesuffix(".0").isdigit() else cell for cell in cells]


def _arms(table: Table, column: Column, study: Study, decided: Mapping[str, str], findings: Findings) -> list[str]:
    assert study.plan.groups is not None
    meant = {normal(name): arm.id for arm in study.plan.arms for name in (arm.id, arm.label)}
    meant |= {normal(text): arm for text, arm in (study.plan.groups.allocation.values | dict(decided)).items()}
    rows: dict[str, list[int]] = defaultdict(list)
    arms: list[str] = []
    for number, cell in zip(table.numbers, _places([plain(one) for one in table.cells(column.index)]), strict=True):
        arm = meant.get(normal(cell), "") if cell else ""
        arms.append(arm)
        if cell and not arm:
            rows[cell].append(number)
    for text, where in rows.items():
        findings.add(
            "ask",
            "unknown_arm",
            f"{quoted(text)} is no group of the {'trial' if study.plan.is_trial else 'comparison'}"
            + (f" ({counted(len(where), 'row')})" if len(where) > 1 else ""),
            f"Which group is meant? Correct the cells, or say it in the plan: {groups_key(study.plan)} "
            f"{{{yaml_text(text)}: ARM}}.",
            allowed=listed([f"{arm.id} ({arm.label})" for arm in study.plan.arms], last="or"),
            questions=[
                Question(
                    f"Which group is {quoted(text)}?",
                    tuple(Choice(arm.label, {"values": {"arm": {text: arm.id}}}) for arm in study.plan.arms),
                )
            ],
            rows=where,
            columns=[column.index],
            header=column.header,
        )
    return arms


def _whose(table: Table) -> list[str]:
    """For each row the pupil it is about, or else the school, as messages name them."""
    for role in ("pupil", "school"):
        column = next((one for one in table.columns if one.role == role), None)
        if column is not None:
            return [
                f"the {role} {shown_code(cell)}" for cell in _places([plain(one) for one in table.cells(column.index)])
            ]
    return []


def _amounts(table: Table, column: Column, one: Compliance, decided: Mapping[str, str], findings: Findings) -> Values:
    if one.kind == "dose":
        rules = NumberRules(one.low, one.highest, one.unit)
        values, _ = read_number_column(
            table, column, rules, name=one.label, decided={}, findings=findings, whose=_whose(table)
        )
        return values
    found: Values = []
    rows: dict[str, list[int]] = defaultdict(list)
    for number, cell in zip(table.numbers, table.cells(column.index), strict=True):
        words = normal(decided.get(plain(cell), cell))
        found.append(1.0 if words in _YES else 0.0 if words in _NO else None)
        if words not in _YES | _NO | _MISSING:
            rows[plain(cell)].append(number)
    for text, where in rows.items():
        findings.add(
            "ask",
            "not_yes_or_no",
            f"{quoted(text)} is neither yes nor no",
            f"'{one.label}' is planned as yes or no. Type yes or no, or leave the cell blank.",
            allowed="yes, no (also y, n, 1, 0), or blank",
            questions=[
                Question(
                    f"What does {quoted(text)} mean in '{one.label}'?",
                    tuple(
                        Choice(words, {"values": {one.id: {text: meaning}}})
                        for words, meaning in (("yes", "yes"), ("no", "no"), ("It is not known", ""))
                    ),
                )
            ],
            rows=where,
            columns=[column.index],
            header=column.header,
        )
    return found
