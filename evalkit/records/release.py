"""The data release: the frozen folder of tidy tables that analyses read, and nothing else."""

from dataclasses import dataclass, field
from typing import Literal

import pandas as pd
from pydantic import Field

from evalkit.records.spec_file import Spec

RELEASE_SCHEMA = "evalkit-release/1"
MANIFEST_FILE = "manifest.json"


class ReleasedFile(Spec):
    """One table of the release and the SHA-256 of its bytes. `numbers` names the columns that hold decimal numbers."""

    name: str
    sha256: str
    rows: int
    numbers: tuple[str, ...] | None = None


class SourceFile(Spec):
    """One file that a school sent: its name, SHA-256, data rows, and the decisions taken on it."""

    name: str
    sha256: str
    rows: int
    problems: dict[str, int] = Field(default_factory=dict)
    decisions: tuple[str, ...] = ()


class Manifest(Spec):
    """What is in the release and what it was made from. It holds no clock time and no pupil's data.

    `documents` are the codebook and the metadata of the tables; they are no part of the release's identity.
    """

    schema_: Literal["evalkit-release/1"] = Field(alias="schema")
    evaluation: str
    evalkit: str
    instruments: tuple[str, ...]
    waves: dict[str, int]
    linked: int
    only_in: dict[str, int]
    tables: tuple[ReleasedFile, ...]
    sources: tuple[SourceFile, ...]
    documents: tuple[ReleasedFile, ...] | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """A release in memory.

    Attributes
    ----------
    responses : frame - as in `Upload.responses`, all files together: `pupil`, `wave`, items; a row per pupil and wave;
        in a trial only where there is a value
    roster : frame - a row per pupil: `pupil`; in a trial `school`, `class` (where the plan has classes) and `arm` (the
        plan's ids); then each characteristic of pupils as text (numbers too), each compliance of pupils as a number;
        then one true/false column per wave (`in_pre`, `in_post`)
    schools : frame - in a trial a row per school that was randomised, those without any pupil here too: `school`, `arm`
        (empty where pupils were randomised), each characteristic of schools as text, each compliance of schools as a
        number; empty in other designs
    manifest : what it was made from
    sha256 : identity of the release: hash of the manifest (which names the tables' hashes) without evalkit's version
    """

    responses: pd.DataFrame
    roster: pd.DataFrame
    manifest: Manifest
    sha256: str
    schools: pd.DataFrame = field(default_factory=pd.DataFrame)

    def __repr__(self) -> str:
        return f"<Release {self.sha256[:12]}: {len(self.roster)} pupils, {len(self.responses)} answer rows>"
