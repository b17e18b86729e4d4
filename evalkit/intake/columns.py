"""Map headers to what they mean. A header that only resembles a known one is asked about, never assumed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from rapidfuzz import fuzz, process

from evalkit.intake.known import Known, Role, form_name
from evalkit.intake.normal import column_index, header_forms, normal, plain
from evalkit.intake.numbered import numbered
from evalkit.intake.usual_names import (
    ERRORS_HEADING,
    FORM_MARKS,
    PEOPLE,
    SCHOOL_NUMBERS,
    SUB_HEADINGS,
    VAGUE_FORM_NAMES,
)
from evalkit.records.mapping import Mapping

_LIKENESS = 86
_MANY_VAGUE = 3
_WHO = ("pupil", "wave", "characteristic", "school", "class", "arm", "compliance")
_REVERSED = re.compile(
    r"(?<=\S)(?:\s*[(\[](?:r|rev|reversed?)(?:[ -]?(?:scored|coded|item))?[)\]]"
    r"|[ _-]+(?:rev|reversed)|_r|(?<=\d)[ -]?r)\s*$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Column:
    """One column of the table and what it is taken for.

    Attributes
    ----------
    index : counted from 0
    header : as it stands in the file
    role : what it is; empty when nothing is known about it
    target : instrument.item, or the id of a characteristic; of columns that are left out: pupil where it
        repeats the column of pupil codes, row where it numbers the rows
    wave : the wave that the header itself names, for before and after side by side
    choices : what it may mean when that is not clear; `reason` says why
    decided : whether the mapping file says so
    """

    index: int
    header: str
    role: Role | Literal["", "ignore"] = ""
    target: str = ""
    wave: str = ""
    choices: tuple[str, ...] = ()
    reason: Literal["", "like", "several", "numbers", "reversed"] = ""
    decided: bool = False


def score_of(row: Sequence[str], above: Sequence[str], known: Known, mapping: Mapping | None) -> int:
    """How much of what the plan knows this row names, if it is the header row."""
    columns = columns_of(row, above, known, mapping)
    items = {(column.target, column.wave) for column in columns if column.role == "item"}
    others = {(column.role, column.target) for column in columns if column.role in _WHO}
    questions = sum(column.reason in ("several", "numbers", "reversed") for column in columns)
    alike = sum(column.reason == "like" for column in columns)
    if not items and not questions and alike < 2:
        # A pupil column alone makes a header row only in a roster, and titles may hold such a word by chance.
        return len(others) if len(others) > 1 else 0
    return 10 * len(items) + 5 * len(others) + 3 * questions + 2 * alike


def columns_of(
    headers: Sequence[str],
    above: Sequence[str],
    known: Known,
    mapping: Mapping | None,
    *,
    alternatives: Sequence[Sequence[str]] = (),
) -> list[Column]:
    """Say for every column what its header means.

    Parameters
    ----------
    headers : the cells of the header row
    above : the row above it, where a title may stand over several columns, and the headings of columns that have none
        in the header row, as SurveyMonkey and cells merged downwards have it
    alternatives : further header rows, as Qualtrics writes them
    """
    decided = _decisions(mapping)
    titles = _titles(above, len(headers))
    columns: list[Column] = []
    for index, header in enumerate(_whole(headers, above)):
        texts = [header, *(row[index] for row in alternatives if index < len(row))]
        column = _decided(Column(index, plain(header)), decided, known)
        if normal(header) == normal(ERRORS_HEADING) and not column.role:
            column = replace(column, role="ignore")
        for text in texts:
            if not column.role and plain(text) and not column.choices:
                column = _by_name(column, text, titles[index], known)
            if not column.role and not column.choices and unreversed(text) != text:
                column = _reversed(_by_name(column, unreversed(text), titles[index], known), column)
        columns.append(column)
    columns = _settle_places(_settle_forms(_settle_pupil(columns, known)), known)
    return _by_likeness(_by_number(columns, titles, known), known)


def _whole(headers: Sequence[str], above: Sequence[str]) -> list[str]:
    """The headers; where one is empty or says only 'Response', what stands above it."""
    if sum(bool(cell.strip()) for cell in above) < 2:
        return list(headers)
    own = [not normal(header) or normal(header) in SUB_HEADINGS for header in headers]
    over = [*above, *[""] * max(0, len(headers) - len(above))]
    return [over[index] if own[index] and over[index].strip() else header for index, header in enumerate(headers)]


def unreversed(header: str) -> str:
    """The header without the mark of a reversed item at its end: (R), [rev], _R, (reversed)."""
    return _REVERSED.sub("", header)


def _reversed(found: Column, before: Column) -> Column:
    """A question whose header says that it is reversed: asked about, for its answers may be turned round already."""
    items = (found.target,) if found.role == "item" else found.choices
    return replace(before, choices=items, reason="reversed", wave=found.wave) if items else before


def _decisions(mapping: Mapping | None) -> dict[str, str]:
    return {normal(header): target.strip() for header, target in mapping.columns.items()} if mapping else {}


def _decided(column: Column, decided: dict[str, str], known: Known) -> Column:
    """What the mapping file says about the header, or about 'column F'."""
    target = decided.get(normal(column.header), "")
    for header, meant in decided.items():
        if header.startswith("column ") and column_index(header.removeprefix("column ")) == column.index:
            target = meant
    if not target:
        return column
    target, _, wave = (part.strip() for part in target.partition("@"))
    if target in ("ignore", "pupil", "wave", *known.usual_places.values()):
        return replace(column, role=target, decided=True)
    if target in known.names:
        taken = known.measured.get(target, ())
        wave = known.waves.get(normal(wave), "") or (taken[0] if len(taken) == 1 else "")
        return replace(column, role="item", target=target, wave=wave, decided=True)
    if target in known.characteristics.values():
        return replace(column, role="characteristic", target=target, decided=True)
    if ("compliance", target) in known.places.values():
        return replace(column, role="compliance", target=target, decided=True)
    return column


def _titles(above: Sequence[str], width: int) -> list[str]:
    """The row above, each title carried on over the columns to its right, as merged cells show it."""
    filled = sum(bool(cell.strip()) for cell in above)
    titles: list[str] = []
    for index in range(width):
        here = above[index].strip() if index < len(above) else ""
        titles.append(here or (titles[-1] if titles else ""))
    return titles if filled > 1 else [""] * width


def _by_name(column: Column, text: str, title: str, known: Known) -> Column:
    roles = known.roles(text)
    wave = known.waves.get(normal(title), "")
    if not roles:
        named, rest = known.split_wave(text)
        roles = [one for one in known.roles(rest) if one[0] == "item"] if named else []
        wave = named or wave
    items = tuple(target for role, target in roles if role == "item")
    if len(items) > 1:
        here = known.instruments.get(normal(title), "")
        items = tuple(item for item in items if item.partition(".")[0] == here) or items
    if len(items) > 1:
        return replace(column, choices=items, reason="several", wave=wave)
    if items and items[0] in known.measured:
        wave = known.wave_meant(text, items[0]) or wave
        if wave and wave not in known.measured[items[0]]:
            return column
    if items:
        return replace(column, role="item", target=items[0], wave=wave)
    return replace(column, role=roles[0][0], target=roles[0][1]) if roles else column


def _settle_pupil(columns: list[Column], known: Known) -> list[Column]:
    """Keep one pupil column: the plan's own header, else the clearest name. Microsoft's running ID is none."""
    places = [column for column in columns if column.role == "pupil"]
    if any(column.decided for column in places):
        chosen = next(column for column in places if column.decided)
    elif not places:
        return columns
    else:
        named = [column for column in places if any(form in known.pupil for form in header_forms(column.header))]
        from_form = any(form_name(column.header) in FORM_MARKS for column in columns)
        usable = named or [column for column in places if not (from_form and normal(column.header) == "id")]
        chosen = min(usable, key=_vagueness, default=None)
    settled: list[Column] = []
    for column in columns:
        if column.role == "pupil" and column is not chosen:
            again = chosen is not None and normal(column.header) == normal(chosen.header)
            identity = normal(column.header) in SCHOOL_NUMBERS | PEOPLE
            column = replace(column, role="ignore" if again else "identity" if identity else "form")
            column = replace(column, target="pupil") if again else column
        settled.append(column)
    return settled


def with_codes(columns: list[Column], rows: Sequence[Sequence[str]], known: Known) -> list[Column]:
    """Where the column of pupil codes is empty (SmartSurvey's Unique ID), another one that is named like it."""
    chosen = next((column for column in columns if column.role == "pupil"), None)
    if chosen is None or chosen.decided or _is_filled(chosen, rows):
        return columns
    others = [
        column
        for column in columns
        if column is not chosen and ("pupil", "") in known.roles(column.header) and _is_filled(column, rows)
    ]
    best = min((column for column in others if not column.decided), key=_vagueness, default=None)
    if best is None:
        return columns
    roles: dict[int, Role] = {chosen.index: "form", best.index: "pupil"}
    return [replace(column, role=roles.get(column.index, column.role)) for column in columns]


def _is_filled(column: Column, rows: Sequence[Sequence[str]]) -> bool:
    return any(column.index < len(row) and row[column.index].strip() for row in rows)


def _settle_places(columns: list[Column], known: Known) -> list[Column]:
    """Keep one column each of school, class and arm: the plan's own headers in their order, else the usual names'."""
    order = {name: place for place, name in enumerate((*known.places, *known.usual_places))}
    settled = list(columns)
    for role in ("school", "class", "arm"):
        mine = [column for column in columns if column.role == role]
        chosen = min(mine, key=lambda one: (not one.decided, order.get(normal(one.header), len(order))), default=None)
        for column in mine:
            if column is not chosen:
                settled[column.index] = replace(column, role="ignore")
    return settled


def _vagueness(column: Column) -> int:
    """0 for a pupil code, more for headers that may mean something else."""
    name = normal(column.header)
    if name in SCHOOL_NUMBERS:
        return 2
    return 3 if name in ("id", "record id", "student", "pupil", "participant") else 1 if "code" not in name else 0


def _settle_forms(columns: list[Column]) -> list[Column]:
    """A column called Score, Progress, Status or Language belongs to the form only when the form's marks are there.

    Three such columns are a mark too: formr writes session, created, modified, ended and expired.
    REDCap adds a column of its own to every questionnaire: calm8_complete, calm8_timestamp.
    """
    vague = sum(column.role == "form" and form_name(column.header) in VAGUE_FORM_NAMES for column in columns)
    from_form = vague >= _MANY_VAGUE or any(form_name(column.header) in FORM_MARKS for column in columns)
    from_redcap = any(normal(column.header) == "redcap event name" for column in columns)
    columns = [
        replace(column, role="form")
        if from_redcap and not column.role and normal(column.header).endswith((" complete", " timestamp"))
        else column
        for column in columns
    ]
    return [
        replace(column, role="")
        if column.role == "form" and not from_form and form_name(column.header) in VAGUE_FORM_NAMES
        else column
        for column in columns
    ]


def _by_number(columns: list[Column], titles: list[str], known: Known) -> list[Column]:
    """Headers that are only numbers: what is certain is taken, what is likely is asked."""
    open_headers = [
        (column.index, unreversed(column.header)) for column in columns if not column.role and not column.choices
    ]
    taken = {column.target.partition(".")[0] for column in columns if column.role == "item"}
    settled = list(columns)
    for one in numbered(open_headers, titles, known, taken=taken):
        wave = one.wave or columns[one.index].wave
        if one.certain and unreversed(columns[one.index].header) != columns[one.index].header:
            settled[one.index] = replace(columns[one.index], choices=one.choices, reason="reversed", wave=wave)
        elif one.certain:
            settled[one.index] = replace(columns[one.index], role="item", target=one.choices[0], wave=wave)
        else:
            settled[one.index] = replace(columns[one.index], choices=one.choices, reason="numbers", wave=wave)
    return settled


def _by_likeness(columns: list[Column], known: Known) -> list[Column]:
    """A header like a known one that no column has: ask, with the suggestion."""
    found = {column.target for column in columns if column.role == "item"}
    open_forms = {
        form: items[0]
        for form, items in known.items.items()
        if len(items) == 1 and items[0] not in found and len(form) > 5
    }
    if not open_forms:
        return columns
    settled: list[Column] = []
    for column in columns:
        if not column.role and not column.choices and len(normal(column.header)) > 5:
            form = header_forms(column.header)[-1]
            near = process.extractOne(form, open_forms.keys(), scorer=fuzz.ratio, score_cutoff=_LIKENESS)
            if near and not (open_forms[near[0]] in known.measured and _digits(form) != _digits(near[0])):
                column = replace(column, choices=(open_forms[near[0]],), reason="like")
        settled.append(column)
    return settled


def _digits(text: str) -> list[str]:
    """The numbers in a header: a test of 2024 is not the test of 2025, however alike their names are."""
    return re.findall(r"\d+", text)
