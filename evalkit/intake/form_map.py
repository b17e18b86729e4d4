"""The hidden map of an answer template that `evalkit form` made: which heading is which item."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

from evalkit.intake.known import Known
from evalkit.intake.raw import RawFile, RawSheet
from evalkit.records.cells import bare_cell
from evalkit.records.form import MAP_HEADER, MAP_SHEET
from evalkit.records.mapping import MAPPING_SCHEMA, Mapping


def with_form_map(
    readings: Iterator[RawFile], mapping: Mapping | None, known: Known
) -> tuple[Iterator[RawFile], Mapping | None]:
    """Take the map of a template as decisions, and its hidden sheets out of the file.

    Parameters
    ----------
    readings : the ways in which the file can be read
    mapping : what a person decided; it goes before the map
    known : names of the plan; what the map says of other instruments is left out

    Returns
    -------
    The readings, and the mapping with the headings that the map names; both as they were for any other file.
    """
    first = next(readings, None)
    if first is None:
        return readings, mapping
    sheet = next((one for one in first.sheets if one.name == MAP_SHEET and one.hidden), None)
    if sheet is None:
        return chain([first], readings), mapping
    kept = replace(first, sheets=[one for one in first.sheets if not one.hidden])
    columns = _columns(sheet, known)
    if mapping is not None:
        columns |= mapping.columns
        return chain([kept], readings), mapping.model_copy(update={"columns": columns})
    return chain([kept], readings), Mapping(schema=MAPPING_SCHEMA, columns=columns)


def _columns(sheet: RawSheet, known: Known) -> dict[str, str]:
    pairs = [(bare_cell(row[0]), row[1]) for row in sheet.rows if len(row) >= 2 and tuple(row[:2]) != MAP_HEADER]
    return {heading: target for heading, target in pairs if target == "pupil" or target in known.names}
