"""What a school decided about its files: for one file, and remembered for later files with the same headings."""

from collections.abc import Mapping as Table
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from evalkit.portal.models import SurveyUpload
from evalkit.records.mapping import MAPPINGS_FOLDER, Mapping, decide, load_mapping, mapping_text
from evalkit.records.whole_file import write_whole


def folder_of(upload: SurveyUpload) -> Path:
    """Where the decisions of a school in a programme lie."""
    return upload.programme.folder / MAPPINGS_FOLDER / str(upload.school_id)


def own_mapping(upload: SurveyUpload) -> Mapping | None:
    """What was decided about this file; later decisions about other files do not change it."""
    return _read(own_file(upload))


def adopt(upload: SurveyUpload, form: str) -> Mapping | None:
    """Take what is remembered for a form over for this file, unless something was decided about the file already."""
    remembered = _read(_remembered(upload, form))
    if remembered is None or own_file(upload).is_file():
        return own_mapping(upload)
    _write(own_file(upload), remembered)
    return remembered


def keep_decisions(upload: SurveyUpload, decisions: Sequence[Table[str, Any]], *, by: str) -> None:
    """Add decisions to those about the file, and to what is remembered for its form.

    Corrections of single cells and rows belong to this file alone and are not remembered.
    """
    own, remembered = own_mapping(upload), _read(_remembered(upload, upload.form)) if upload.form else None
    for decision in [*decisions, {"decided_by": by}]:
        own = decide(own, decision)
        lasting = {key: value for key, value in decision.items() if key != "corrections"}
        remembered = decide(remembered, lasting) if lasting else remembered
    assert own is not None
    folder_of(upload).mkdir(parents=True, exist_ok=True)
    _write(own_file(upload), own)
    if upload.form and remembered is not None:
        _write(_remembered(upload, upload.form), remembered)


def own_file(upload: SurveyUpload) -> Path:
    """Where the decisions about one file lie."""
    return folder_of(upload) / f"{upload.pk}.yaml"


def _remembered(upload: SurveyUpload, form: str) -> Path:
    return folder_of(upload) / f"{form}.yaml"


def _read(path: Path) -> Mapping | None:
    return load_mapping(path) if path.is_file() else None


def _write(path: Path, mapping: Mapping) -> None:
    write_whole(path, mapping_text(mapping))
