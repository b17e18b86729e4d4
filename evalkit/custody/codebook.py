"""The codebook of a release: every column of every table, and the same as metadata in the DfE's open data form."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from evalkit.records.characteristic import Characteristic
from evalkit.records.columns import GLOSSARY
from evalkit.records.evaluation import Evaluation, Study
from evalkit.records.instrument import Instrument
from evalkit.records.trial import Compliance

CODEBOOK_FILE = "codebook.csv"
CODEBOOK_COLUMNS = ("table", "column", "meaning", "type", "values", "label")
META_COLUMNS = (
    "col_name", "col_type", "label", "indicator_grouping", "indicator_unit", "indicator_dp", "filter_hint",
    "filter_grouping_column",
)  # fmt: skip
_WHOLE, _NUMBER, _TEXT, _YES_NO = "whole number", "number", "text", "true or false"
_DECIMALS = {_WHOLE: "0", _NUMBER: "2"}


@dataclass(frozen=True, slots=True)
class _Entry:
    """What the codebook says of one column; `group` is the questionnaire an item belongs to."""

    meaning: str
    type: str
    values: str = ""
    label: str = ""
    group: str = ""


def codebook(tables: Mapping[str, pd.DataFrame], study: Study) -> pd.DataFrame:
    """A row for each column of each table.

    Parameters
    ----------
    tables : name of a table -> frame
    study : the evaluation with its instruments

    Returns
    -------
    frame with CODEBOOK_COLUMNS, all text. `values` lists what may stand there, as '1 = Never; 2 = Rarely'; `label` is
    our own short name of an item, not its wording
    """
    entries = _entries(study)
    rows = [
        (name, str(column), entry.meaning, entry.type, entry.values, entry.label)
        for name, table in tables.items()
        for column in table.columns
        for entry in [entries[str(column)]]
    ]
    return pd.DataFrame(rows, columns=list(CODEBOOK_COLUMNS), dtype="str")


def open_data_metadata(table: pd.DataFrame, study: Study) -> pd.DataFrame:
    """What the DfE's open data checks want to know of a table: a row per column, META_COLUMNS.

    Texts are filters, numbers are indicators. Labels are never the same twice.
    """
    entries = _entries(study)
    rows: list[tuple[str, ...]] = []
    for column in map(str, table.columns):
        entry = entries[column]
        label = f"{entry.group}: {entry.label}" if entry.group else entry.label or entry.meaning
        indicator = entry.type in _DECIMALS
        rows.append(
            (
                column,
                "Indicator" if indicator else "Filter",
                label if label not in [row[2] for row in rows] else f"{label} ({column})",
                entry.group if indicator else "",
                "",
                _DECIMALS.get(entry.type, ""),
                "",
                "",
            )
        )
    return pd.DataFrame(rows, columns=list(META_COLUMNS), dtype="str")


def _entries(study: Study) -> dict[str, _Entry]:
    plan = study.plan
    waves = "; ".join(f"{wave.id} = {wave.label}" for wave in plan.waves)
    arms = "; ".join(f"{arm.id} = {arm.label}" for arm in plan.arms)
    found = {
        "pupil": _Entry(_pupil_meaning(plan), _TEXT, label="Pupil"),
        "wave": _Entry(GLOSSARY["wave"].meaning, _TEXT, waves, "Wave"),
        "school": _Entry(GLOSSARY["school"].meaning, _TEXT, label="School"),
        "class": _Entry("The class, by the name the school uses.", _TEXT, label="Class"),
        "arm": _Entry(GLOSSARY["arm"].meaning, _TEXT, arms, "Arm"),
    }
    for wave in plan.waves:
        meaning = f"Whether the pupil has any answer at '{wave.label}'."
        found[f"in_{wave.id}"] = _Entry(meaning, _YES_NO, "True; False", f"Answered: {wave.label}")
    for one in (*plan.pupil_facts, *plan.school_facts):
        found[one.id] = _characteristic(one)
    for one in plan.groups.compliance if plan.groups else ():
        found[one.id] = _compliance(one)
    for instrument in study.instruments:
        for item in study.items(instrument.id):
            found[f"{instrument.id}.{item}"] = _item(instrument, item)
    return found


def _pupil_meaning(plan: Evaluation) -> str:
    if plan.data_protection is not None and plan.data_protection.pseudonymise:
        return "A pseudonym of the pupil (HMAC-SHA-256 with a secret key of this programme); never a name."
    return GLOSSARY["pupil"].meaning


def _characteristic(one: Characteristic) -> _Entry:
    about = "the pupil" if one.level == "pupil" else "the pupil's school"
    values = "; ".join(dict.fromkeys(one.values.values()))
    return _Entry(f"{one.label}, of {about}.", _TEXT if one.kind == "category" else _NUMBER, values, one.label)


def _compliance(one: Compliance) -> _Entry:
    about = "the pupil" if one.level == "pupil" else "the school"
    values = "1 = yes; 0 = no" if one.kind == "yes_no" else f"{one.low:g} to {one.highest:g} {one.unit}"
    return _Entry(f"{one.label}: how much of the programme {about} got.", _NUMBER, values, one.label)


def _item(instrument: Instrument, item_id: str) -> _Entry:
    item, scale = instrument.item(item_id), instrument.response_of(item_id)
    if instrument.is_measure:
        meaning = f"{instrument.title}, as supplied. Empty: none."
        return _Entry(meaning, _NUMBER, f"{scale.min} to {scale.max}", instrument.title, "")
    anchors = [f"{code} = {scale.anchors[code]}" if code in scale.anchors else str(code) for code in scale.values]
    wording = f" Wording: {item.text}" if item.text else ""
    meaning = (
        f"Answer to item {item_id} of {instrument.title} (version {instrument.version}), as printed in the "
        f"questionnaire, not reversed. Empty: no valid answer.{wording}"
    )
    return _Entry(meaning, _WHOLE, "; ".join(anchors), item.label, instrument.title)
