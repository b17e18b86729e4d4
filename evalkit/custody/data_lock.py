"""The data lock of an evaluation: from then on no file is taken in, so that nobody changes the data after a look."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from evalkit.errors import UploadError
from evalkit.records.evaluation import Study
from evalkit.records.spec_file import Spec, read_spec
from evalkit.records.whole_file import write_whole

LOCK_FILE = "data-lock.yaml"
LOCK_SCHEMA = "evalkit-data-lock/1"


class DataLock(Spec):
    """`data-lock.yaml`: who locked the data, when (as stated) and why."""

    schema_: Literal["evalkit-data-lock/1"] = Field(alias="schema")
    locked_by: str
    stated_date: str | None = None
    reason: str | None = None


def lock_data(study: Study, *, by: str, stated_date: str | None = None, reason: str | None = None) -> Path:
    """Lock the data of an evaluation. Returns the file that says so; it is taken away to unlock them."""
    path = study.folder / LOCK_FILE
    refuse_when_locked(study)
    lines = [f"schema: {LOCK_SCHEMA}", f"locked_by: {_quoted(by)}"]
    lines += [f"stated_date: {_quoted(stated_date)}"] if stated_date else []
    lines += [f"reason: {_quoted(reason)}"] if reason else []
    write_whole(path, "\n".join(lines) + "\n")
    return path


def unlock_data(study: Study) -> None:
    """Take the lock away. Raises UploadError when there is none."""
    path = study.folder / LOCK_FILE
    if not path.is_file():
        raise UploadError(f"{study.plan.id}: The data are not locked.")
    path.unlink()


def data_lock(study: Study) -> DataLock | None:
    """The lock of an evaluation, or None. Raises SpecError when the file cannot be read."""
    path = study.folder / LOCK_FILE
    return read_spec(path, DataLock) if path.is_file() else None


def refuse_when_locked(study: Study) -> None:
    """Refuse to take data in. Raises UploadError with who locked them and what to do; the portal calls this too."""
    lock = data_lock(study)
    if lock is None:
        return
    when = f" on {lock.stated_date}" if lock.stated_date else ""
    why = f" ({lock.reason.rstrip('.')})" if lock.reason else ""
    raise UploadError(
        f"{study.plan.id}: The data were locked by {lock.locked_by}{when}{why}, so no file is taken in any more. If "
        f"something must still be mended, ask {lock.locked_by}; the lock is the file {LOCK_FILE} beside the plan."
    )


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
