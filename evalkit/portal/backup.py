"""Back a portal up into one file, and bring it back into an empty place.

The archive holds the database, then every file of the data folder but the secret; keys of pseudonyms lie elsewhere and
are never in it. The database is copied first: whatever it names was on the disk by then. What is uploaded meanwhile may
be a file without a row; the next sweep takes it away.
"""

import hashlib
import io
import json
import os
import sqlite3
import subprocess
import tarfile
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from evalkit import __version__
from evalkit.errors import EvalkitError, UploadError
from evalkit.records.whole_file import cannot_write, settle_folder, write_whole

MANIFEST = "backup.json"
SCHEMA = "evalkit-portal-backup/1"
SQLITE, POSTGRES = "database.sqlite3", "database.pgdump"
LAST_BACKUP = "last-backup.txt"
LEFT_OUT = (LAST_BACKUP, "secret.txt", "portal.sqlite3", "portal.sqlite3-wal", "portal.sqlite3-shm")


def back_up(to: Path) -> dict[str, int]:
    """Write the archive in one step; the place must not hold a file yet.

    Returns
    -------
    dict - how many files and bytes are in it

    Raises
    ------
    UploadError
        There is a file of this name already.
    EvalkitError
        The database's own tool failed, or the disk is full; no archive is left then.
    """
    if to.exists():
        raise UploadError(f"{to}: there is a file of this name. Name a new one; backups are never written over.")
    part = to.with_name(f".{to.name}.part")
    try:
        with tempfile.TemporaryDirectory(prefix="evalkit-backup-") as scratch:
            database = _dump(Path(scratch))
            with tarfile.open(part, "w:gz", compresslevel=5) as archive:
                hashes = {database.name: _add(archive, database, database.name)}
                data = Path(settings.DATA)
                for path in sorted(data.rglob("*")):
                    name = path.relative_to(data).as_posix()
                    if path.is_file() and name not in LEFT_OUT and not name.startswith("incoming/"):
                        hashes[f"data/{name}"] = _add(archive, path, f"data/{name}")
                text = json.dumps({"schema": SCHEMA, "evalkit": __version__, "sha256": hashes}, indent=1).encode()
                about = tarfile.TarInfo(MANIFEST)
                about.size, about.mode = len(text), 0o600
                archive.addfile(about, io.BytesIO(text))
        os.chmod(part, 0o600)
        with part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(part, to)
        settle_folder(to.absolute().parent)
    except OSError as error:
        raise cannot_write(to, error) from None
    finally:
        part.unlink(missing_ok=True)
    write_whole(Path(settings.DATA) / LAST_BACKUP, datetime.now(UTC).isoformat(timespec="seconds") + "\n")
    return {"files": len(hashes), "bytes": to.stat().st_size}


def restore(archive: Path) -> dict[str, int]:
    """Bring an archive back into the portal that the environment names, which must be empty.

    Raises
    ------
    UploadError
        The file is no backup, is damaged, or the portal holds data already. Nothing was changed then.
    EvalkitError
        The database's own tool failed, or the disk is full.
    """
    data = Path(settings.DATA)
    if (data / "programmes").exists() or (data / "portal.sqlite3").exists():
        raise UploadError(f"{data}: this portal holds data. Restore into a new folder (EVALKIT_PORTAL_DATA).")
    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".restoring-", dir=data.parent) as scratch:
        fresh = Path(scratch)
        hashes = _unpacked(archive, fresh)
        _load(fresh)
        for path in sorted((fresh / "data").iterdir()) if (fresh / "data").is_dir() else []:
            os.replace(path, data / path.name)
        settle_folder(data)
    return {"files": len(hashes)}


def _unpacked(archive: Path, fresh: Path) -> dict[str, str]:
    """Unpack and check every file against the manifest."""
    try:
        with tarfile.open(archive, "r:gz") as packed:
            packed.extractall(fresh, filter="data")
        manifest: dict[str, Any] = json.loads((fresh / MANIFEST).read_bytes())
        hashes: dict[str, str] = manifest["sha256"]
    except FileNotFoundError:
        raise UploadError(f"{archive}: there is no such file, or it is no backup of a portal.") from None
    except (tarfile.TarError, EOFError, ValueError, KeyError, OSError):
        raise UploadError(
            f"{archive}: this file is no backup of a portal, or it is damaged. Take another one."
        ) from None
    damaged = [name for name, kept in hashes.items() if not (fresh / name).is_file() or _hash(fresh / name) != kept]
    if damaged:
        raise UploadError(f"{archive}: {len(damaged)} files in this backup are damaged. Take another one.")
    return hashes


def _dump(scratch: Path) -> Path:
    if connection.vendor == "sqlite":
        target = scratch / SQLITE
        source, copy = sqlite3.connect(settings.DATABASES["default"]["NAME"]), sqlite3.connect(target)
        with copy:
            source.backup(copy)
        copy.close()
        source.close()
        return target
    target = scratch / POSTGRES
    # the policies hold for the dump too, and `_tool` asks them for everything
    _tool(["pg_dump", "--format=custom", "--enable-row-security", "--no-owner", "--no-privileges", f"--file={target}"])
    return target


def _load(fresh: Path) -> None:
    wanted = SQLITE if connection.vendor == "sqlite" else POSTGRES
    if not (fresh / wanted).is_file():
        raise UploadError(
            f"The backup was made of another kind of database, and this portal runs on {connection.vendor}. "
            "Set or unset DATABASE_URL as it was."
        )
    if connection.vendor == "sqlite":
        os.replace(fresh / SQLITE, settings.DATABASES["default"]["NAME"])
    else:
        _tool(["pg_restore", "--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error",
               f"--dbname={_settings()['PGDATABASE']}", str(fresh / POSTGRES)])  # fmt: skip


def _settings() -> dict[str, str]:
    """What libpq's tools read from the environment, so that no password stands in a list of processes."""
    wanted = {"PGHOST": "HOST", "PGPORT": "PORT", "PGUSER": "USER", "PGPASSWORD": "PASSWORD", "PGDATABASE": "NAME"}
    given = {name: str(settings.DATABASES["default"].get(key) or "") for name, key in wanted.items()}
    return {name: value for name, value in given.items() if value}


def _tool(words: list[str]) -> None:
    scope = {"PGOPTIONS": "-c evalkit.everything=on"}
    try:
        done = subprocess.run(words, env={**os.environ, **_settings(), **scope}, capture_output=True, text=True)
    except FileNotFoundError:
        raise EvalkitError(f"{words[0]} is not installed. Install PostgreSQL's client programs.") from None
    if done.returncode:
        raise EvalkitError(f"{words[0]} failed: {done.stderr.strip()[-400:]}")


def _add(archive: tarfile.TarFile, path: Path, name: str) -> str:
    archive.add(path, arcname=name, recursive=False)
    return _hash(path)


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
