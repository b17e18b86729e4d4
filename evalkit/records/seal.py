"""The seal of an evaluation plan: what was planned, by its hash, before the outcome data were attached."""

from pathlib import Path
from typing import Any, Literal

from pydantic import Field

from evalkit.records.spec_file import Spec, read_spec

SEAL_SCHEMA = "evalkit-seal/1"
SEAL_FILE = "seal.json"


class Seal(Spec):
    """`seal.json`: the plan's content and its hash.

    content : the plan as sealed, without `data`, which names files and is filled in later
    instruments : identities of the plan's instruments (id, version, answer scales)
    sha256 : of the canonical JSON of content and instruments
    stated_date : the date the person gives; evalkit cannot know it
    registry, registry_id, deposit : where somebody else holds the hash or the plan with a date of their own
    outcome_files : survey files of later waves that were already there
    """

    schema_: Literal["evalkit-seal/1"] = Field(alias="schema")
    evaluation: str
    evalkit: str
    sha256: str
    instruments: tuple[str, ...]
    content: dict[str, Any]
    stated_date: str | None = None
    registry: str | None = None
    registry_id: str | None = None
    deposit: str | None = None
    outcome_files: tuple[str, ...] = ()

    @property
    def date_is_confirmed(self) -> bool:
        """Whether somebody else can confirm the date: a registry, or a deposit of the hash."""
        return bool(self.registry_id or self.deposit)

    @property
    def date_words(self) -> str:
        """The date in words that claim no more than is known."""
        date = self.stated_date or "no date given"
        if self.registry_id:
            place = f"{self.registry}, {self.registry_id}" if self.registry else self.registry_id
            return f"{date} (registered: {place})"
        if self.deposit:
            return f"{date} (the hash is deposited: {self.deposit})"
        return f"{date} (as stated; no registry or deposit confirms it)" if self.stated_date else date


def load_seal(path: str | Path) -> Seal:
    """Read a seal. Raises SpecError when the file is missing or is not one."""
    return read_spec(Path(path), Seal)
