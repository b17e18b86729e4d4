"""A person's answers to what evalkit asked about a file, kept so that they can be replayed."""

import json
from collections.abc import Mapping as Table
from pathlib import Path
from typing import Any, Literal, Self, cast

from pydantic import Field, model_validator

from evalkit.records.instrument import Identifier
from evalkit.records.spec_file import Spec, read_spec

MAPPING_SCHEMA = "evalkit-mapping/1"
MAPPINGS_FOLDER = "mappings"


class Correction(Spec):
    """A decision about one cell or one row. It is applied only where `found` still stands there."""

    row: int = Field(ge=1)
    column: str | None = None
    found: str
    action: Literal["blank", "set", "leave_out_row"]
    to: str | None = None
    reason: str

    @model_validator(mode="after")
    def _is_complete(self) -> Self:
        if self.action == "set" and self.to is None:
            raise ValueError("the action 'set' needs 'to'")
        if self.action != "leave_out_row" and self.column is None:
            raise ValueError(f"the action '{self.action}' needs 'column', the letter the spreadsheet shows")
        return self


class Mapping(Spec):
    """What a person decided about a kind of file, and corrections to cells of one file.

    columns : header -> instrument.item (with "@ wave" where the heading names no wave), pupil, wave, school, class,
        arm, the id of a characteristic or of a compliance measure, or ignore
    labels : instrument or measure -> text in the file -> answer or number; null where it means that there is none
    values : characteristic (or arm) -> text in the file -> value of the plan; "" is a blank cell
    codes : pupil code as typed -> pupil code meant; a code that stays as it is was looked at and is right
    absent : items that the form did not ask
    reversed : items whose answers the form had turned round already
    sheets : the sheets that hold answers, when there are several
    turned : the questions run down the side and the pupils across the top
    """

    schema_: Literal["evalkit-mapping/1"] = Field(alias="schema")
    columns: dict[str, str] = Field(default_factory=dict)
    labels: dict[Identifier, dict[str, int | float | None]] = Field(default_factory=dict)
    values: dict[Identifier, dict[str, str]] = Field(default_factory=dict)
    codes: dict[str, str] = Field(default_factory=dict)
    absent: tuple[str, ...] = ()
    reversed_: tuple[str, ...] = Field(default=(), alias="reversed")
    sheets: tuple[str, ...] = ()
    turned: bool = False
    corrections: tuple[Correction, ...] = ()
    decided_by: str | None = None


def load_mapping(path: str | Path) -> Mapping:
    """Read a mapping file. Raises SpecError naming every problem with its line."""
    return read_spec(Path(path), Mapping)


def decide(mapping: Mapping | None, decision: Table[str, Any]) -> Mapping:
    """The mapping with one more decision.

    Parameters
    ----------
    mapping : what was decided so far
    decision : part of a mapping as plain data, for example {"labels": {"calm8": {"Agre": 4}}}; a later decision about
        the same thing takes the place of the earlier one
    """
    content = mapping.model_dump(mode="json", by_alias=True) if mapping else {"schema": MAPPING_SCHEMA}
    return Mapping.model_validate(_merged(content, decision))


def _merged(content: dict[str, Any], more: Table[str, Any]) -> dict[str, Any]:
    merged = dict(content)
    for key, value in more.items():
        if isinstance(value, dict):
            merged[key] = _merged(cast("dict[str, Any]", merged.get(key) or {}), cast("dict[str, Any]", value))
        elif isinstance(value, list):
            old, new = cast("list[Any]", merged.get(key) or []), cast("list[Any]", value)
            merged[key] = [*old, *(one for one in new if one not in old)]
        else:
            merged[key] = value
    return merged


def mapping_text(mapping: Mapping) -> str:
    """The mapping as the text of its file: what is empty is left out."""
    content = mapping.model_dump(mode="json", by_alias=True, exclude_defaults=True) | {"schema": MAPPING_SCHEMA}
    order = ["schema", *(name for name in content if name != "schema")]
    lines = ["# Answers to what evalkit asked about files with these headings. evalkit finds this file by itself."]
    for name in order:
        lines += _lines(name, content[name], 0)
    return "\n".join(lines) + "\n"


def _lines(name: str, value: Any, depth: int) -> list[str]:
    """One key of a YAML file. JSON texts are YAML texts."""
    pad = "  " * depth
    key = name if name.isidentifier() else json.dumps(name, ensure_ascii=False)
    if isinstance(value, dict):
        content = cast("dict[str, Any]", value)
        return [f"{pad}{key}:", *(line for one, inner in content.items() for line in _lines(one, inner, depth + 1))]
    if isinstance(value, list):
        lines = [json.dumps(one, ensure_ascii=False) for one in cast("list[Any]", value)]
        return [f"{pad}{key}:", *(f"{pad}  - {line}" for line in lines)]
    return [f"{pad}{key}: {json.dumps(value, ensure_ascii=False)}"]
