"""The list beside the schools' reports: what each was made from, which files it has, what failed."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from evalkit.errors import SpecError
from evalkit.records.whole_file import write_whole

MANIFEST_SCHEMA = "evalkit-school-reports/1"
MANIFEST_NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class SchoolEntry:
    """One school's reports.

    Attributes
    ----------
    folder : name of its folder
    made_from : SHA-256 over everything that the reports depend on; empty where they could not be made
    files : name of each file -> its SHA-256
    failure : why they could not be made, else empty
    """

    folder: str
    made_from: str = ""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    failure: str = ""


@dataclass(frozen=True, slots=True)
class SchoolManifest:
    """The list of all schools.

    Attributes
    ----------
    plan_sha256, release_sha256, results_sha256 : of the plan, the release and the programme's results
    evalkit : version
    schools : school as written in the data -> its entry
    """

    plan_sha256: str
    release_sha256: str
    results_sha256: str
    evalkit: str
    schools: Mapping[str, SchoolEntry]

    def write(self, folder: Path) -> None:
        """Write it whole; no clock, so equal inputs give equal bytes."""
        content = {"schema": MANIFEST_SCHEMA, **asdict(self)}
        text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        write_whole(folder / MANIFEST_NAME, text)


def load_school_manifest(folder: Path) -> SchoolManifest | None:
    """Read the list of a folder; None where there is none.

    Raises
    ------
    SpecError
        There is one, but it is not of this format.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        return None
    try:
        content = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
        if content.pop("schema") != MANIFEST_SCHEMA:
            raise KeyError("schema")
        schools = {school: SchoolEntry(**entry) for school, entry in content.pop("schools").items()}
        return SchoolManifest(**content, schools=schools)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise SpecError(
            f"{path}: this is not the list of schools' reports that evalkit keeps. Choose another folder with --to, or "
            "move the file away."
        ) from None
