"""A person's answers to what evalkit asked about a file, kept so that they can be replayed."""

from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from evalkit.records.instrument import Identifier
from evalkit.records.spec_file import Spec, read_spec

MAPPING_SCHEMA = "evalkit-mapping/1"


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
    """Column, label and code decisions for a kind of file, and corrections to cells of one file.

    columns : header -> instrument.item (with "@ wave" where the heading names no wave), pupil, wave, school, class,
        arm, the id of a characteristic or of a compliance measure, or ignore
    labels : instrument or measure -> text in the file -> answer or number; null where it means that there is none
    codes : pupil code as typed -> pupil code meant
    """

    schema_: Literal["evalkit-mapping/1"] = Field(alias="schema")
    columns: dict[str, str] = Field(default_factory=dict)
    labels: dict[Identifier, dict[str, int | float | None]] = Field(default_factory=dict)
    codes: dict[str, str] = Field(default_factory=dict)
    corrections: tuple[Correction, ...] = ()
    decided_by: str | None = None


def load_mapping(path: str | Path) -> Mapping:
    """Read a mapping file. Raises SpecError naming every problem with its line."""
    return read_spec(Path(path), Mapping)
