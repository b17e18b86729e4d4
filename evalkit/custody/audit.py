"""The audit log of an evaluation: who did what with the data, line after line. It never holds what stands in a cell."""

import getpass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import Field

from evalkit.records.chain import ChainedEntry, append_to_chain, read_chain

AUDIT_FILE = "audit.jsonl"
Action = Literal[
    "login",
    "view",
    "download",
    "upload",
    "codes_issued",
    "answering_opened",
    "answering_closed",
    "key_made",
    "key_destroyed",
    "release_made",
    "data_locked",
    "data_unlocked",
    "report_made",
    "report_published",
    "report_withdrawn",
    "programme_added",
    "plan_changed",
    "school_invited",
    "schools_changed",
    "pupil_exported",
    "erasure_begun",
    "pupil_erased",
    "school_erased",
    "programme_erased",
    "retention_swept",
    "role_changed",
]


class AuditEntry(ChainedEntry):
    """One thing that was done.

    at : when, in UTC, to the second
    who : the account that did it
    action : what was done
    target : to what: a file, a version of a key, a school's URN; never a pupil's code or a name
    sha256_of_target : hash of the file or release it was done to, where there is one
    counts : how many files, rows, codes, by kind
    reason : why, in the person's own words, where a reason is asked for
    """

    at: str
    who: str
    action: Action
    target: str = ""
    sha256_of_target: str = ""
    counts: dict[str, int] = Field(default_factory=dict)
    reason: str = ""


def audit(
    folder: str | Path,
    action: Action,
    *,
    target: str = "",
    sha256_of_target: str = "",
    counts: dict[str, int] | None = None,
    reason: str = "",
    who: str | None = None,
) -> AuditEntry:
    """Write one line into the log of an evaluation.

    Parameters
    ----------
    folder : the evaluation's folder; the log is `audit.jsonl` in it
    action, target, sha256_of_target, counts, reason : as in `AuditEntry`
    who : the account; default: the account of the machine

    Raises
    ------
    SpecError
        The last line of the log was tampered with; `read_audit` finds any other.
    EvalkitError
        It cannot be written.
    """
    entry: dict[str, object] = {
        "at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "who": who or _account(),
        "action": action,
        "target": target,
        "sha256_of_target": sha256_of_target,
        "counts": counts or {},
        "reason": reason,
    }
    return append_to_chain(Path(folder) / AUDIT_FILE, AuditEntry, lambda before: entry, whole=False)


def read_audit(folder: str | Path) -> tuple[AuditEntry, ...]:
    """Every line of the log, its chain checked.

    Raises
    ------
    SpecError
        A line was changed, taken out or moved; the message names it.
    """
    return read_chain(Path(folder) / AUDIT_FILE, AuditEntry)


def _account() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return "unknown"
