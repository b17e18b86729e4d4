"""The list beside the reports of schools, hubs or trusts: what each was made from, its files, what failed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

from evalkit.errors import SpecError
from evalkit.records.place_results import Level
from evalkit.records.whole_file import write_whole

MANIFEST_SCHEMA = "evalkit-place-reports/1"
MANIFEST_NAME = "manifest.json"


@dataclass(frozen=True, slots=True)
class PlaceEntry:
    """One place's reports.

    Attributes
    ----------
    folder : name of its folder
    made_from : SHA-256 over everything that the reports depend on; empty where they could not be made
    files : name of each file -> its SHA-256
    failure : why they could not be made, else empty
    told : outcome -> the numbers of pupils that its pages have named so far, each once
    """

    folder: str
    made_from: str = ""
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    failure: str = ""
    told: Mapping[str, Sequence[float]] = field(default_factory=dict[str, Sequence[float]])


@dataclass(frozen=True, slots=True)
class PlaceManifest:
    """The list of all places of one level.

    Attributes
    ----------
    level : school, hub or trust
    plan_sha256, release_sha256, results_sha256 : of the plan, the release and the programme's results
    places_sha256 : of what is known about hubs and trusts; what is hidden depends on it
    evalkit : version
    places : place as written in the data or the list of schools -> its entry
    """

    level: Level
    plan_sha256: str
    release_sha256: str
    results_sha256: str
    places_sha256: str
    evalkit: str
    places: Mapping[str, PlaceEntry]

    def write(self, folder: Path) -> None:
        """Write it whole; no clock, so equal inputs give equal bytes."""
        content = {"schema": MANIFEST_SCHEMA, **asdict(self)}
        text = json.dumps(content, indent=1, ensure_ascii=False, sort_keys=True) + "\n"
        write_whole(folder / MANIFEST_NAME, text)


def holds_place_pages(folder: Path) -> bool:
    """Whether the list in a folder is one of pages of schools, hubs or trusts; a data release has one of that name."""
    try:
        content = json.loads((folder / MANIFEST_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(content, dict) and cast("dict[str, Any]", content).get("schema") == MANIFEST_SCHEMA


def load_place_manifest(folder: Path, *, level: Level) -> PlaceManifest | None:
    """Read the list of a folder; None where there is none.

    Raises
    ------
    SpecError
        There is one, but it is not of this format, or of places of another level.
    """
    path = folder / MANIFEST_NAME
    if not path.is_file():
        return None
    try:
        content = cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
        if content.pop("schema") != MANIFEST_SCHEMA:
            raise KeyError("schema")
        if content["level"] != level:
            raise KeyError("level")
        places = {place: PlaceEntry(**entry) for place, entry in content.pop("places").items()}
        return PlaceManifest(**content, places=places)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise SpecError(
            f"{path}: this is not the list of {level}s' reports that evalkit keeps. Choose another folder with --to, "
            "or move the file away."
        ) from None
