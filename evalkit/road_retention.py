"""What the plan's retention dates say is due, and its deletion."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from evalkit.custody.codes import LEDGER_FILE
from evalkit.errors import SpecError
from evalkit.records.evaluation import Study
from evalkit.records.place_manifest import MANIFEST_NAME, holds_place_pages
from evalkit.road_custody import Step, carry_out, deletion, find_places, key_steps, mapping_files

KINDS = ("survey_files", "releases", "codes", "keys", "results")


@dataclass(frozen=True, slots=True)
class Due:
    """One kind of data of an evaluation.

    Attributes
    ----------
    kind : one of KINDS
    until : the last day on which it may be kept; empty where the plan names none
    steps : what deleting it takes; empty when nothing is there any more
    is_due : whether the day has passed and something is still there
    """

    kind: str
    until: str
    steps: tuple[Step, ...]
    is_due: bool


def retention(study: Study, *, today: date) -> list[Due]:
    """What may still be kept and what is due, for each kind of data.

    Raises
    ------
    SpecError
        The plan names no retention dates.
    """
    if study.plan.data_protection is None:
        raise SpecError(
            f"{study.folder}: the plan does not say how long data are kept. Add 'data_protection:' with 'retention:'."
        )
    dates = study.plan.data_protection.retention
    found: list[Due] = []
    for kind in KINDS:
        until = getattr(dates, kind) or ""
        steps = tuple(_steps(study, kind))
        found.append(Due(kind, until, steps, bool(until and steps) and date.fromisoformat(until) < today))
    return found


def sweep(study: Study, due: Sequence[Due], *, today: date, who: str | None = None) -> None:
    """Delete what is due, and write it into the audit log. `who` : the account; default: that of the machine."""
    for one in due:
        if one.is_due:
            carry_out(
                study,
                one.steps,
                action="retention_swept",
                target=one.kind,
                reason=f"kept until {one.until}; swept on {today.isoformat()}",
                who=who,
            )


def _steps(study: Study, kind: str) -> list[Step]:
    data = study.plan.data
    if kind == "keys":
        return key_steps(study)
    if kind == "codes":
        return [deletion("codes", path) for path in [study.folder / LEDGER_FILE] if path.exists()]
    if kind == "results":
        reports = [path for suffix in ("html", "pdf", "docx") for path in study.folder.glob(f"report*.{suffix}")]
        pages = [one.parent for one in study.folder.glob(f"*/{MANIFEST_NAME}") if holds_place_pages(one.parent)]
        found = [study.folder / "results.json", *reports, *pages]
        return [deletion("results", path) for path in found if path.exists()]
    if kind == "releases":
        return [deletion("release", place) for place in find_places(study).releases]
    listed = [study.folder / data.schools.path] if data and data.schools else []
    paths = {one.path for one in find_places(study).files}
    named = [study.folder / file.path for file in (data.files if data else ())]
    files: list[Path] = sorted({path for path in (*paths, *named, *listed) if path.is_file()})
    return [
        *(deletion("survey file", path) for path in files),
        *(deletion("mapping", path) for path in mapping_files(study)),
    ]
