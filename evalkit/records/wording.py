"""The wording of questionnaires that the user holds a licence for: `wording.yaml` beside the plan."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from pydantic import Field

from evalkit.errors import SpecError
from evalkit.records.instrument import Instrument
from evalkit.records.instrument_parts import Identifier
from evalkit.records.spec_file import Spec, read_spec


class ItemWording(Spec):
    """The wording of one instrument that the user holds a licence for."""

    version: str
    permission: str
    may_be_shared: bool = False
    items: dict[Identifier, str]


class Wording(Spec):
    """`wording.yaml` beside the plan: used to recognise columns; never printed unless `may_be_shared` is true."""

    schema_: Literal["evalkit-wording/1"] = Field(alias="schema")
    instruments: dict[Identifier, ItemWording]


def load_wording(folder: Path, instruments: Sequence[Instrument]) -> dict[str, ItemWording]:
    """`wording.yaml` of a plan's folder; empty when there is none. Raises SpecError when it does not fit."""
    path = folder / "wording.yaml"
    if not path.is_file():
        return {}
    wording = read_spec(path, Wording).instruments
    problems: list[str] = []
    for instrument in instruments:
        own = wording.get(instrument.id)
        if own is None:
            continue
        if own.version != instrument.version:
            problems.append(
                f"{instrument.id}: wording is for version '{own.version}', needed is '{instrument.version}'."
            )
        known = {item.id for item in instrument.items}
        problems += [f"{instrument.id}: there is no item '{item}'." for item in own.items if item not in known]
    if problems:
        raise SpecError(f"{path}: the wording does not fit the instruments.", problems=problems)
    return wording
