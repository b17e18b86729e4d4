"""What the environment says: the database, the secret, the names of the host, the mail server."""

import os
import secrets
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from evalkit.errors import SpecError
from evalkit.records.whole_file import write_whole

_ENGINES = {"postgres": "django.db.backends.postgresql", "postgresql": "django.db.backends.postgresql"}
_SQLITE_START = (
    "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=20000; PRAGMA foreign_keys=ON; "
    "PRAGMA secure_delete=ON;"
)


def database(data: Path) -> dict[str, Any]:
    """The database: PostgreSQL by DATABASE_URL, else SQLite in the data folder (write-ahead log, one writer at a time).

    Raises
    ------
    SpecError
        The address is of another kind.
    """
    address = os.environ.get("DATABASE_URL", "")
    if not address:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": data / "portal.sqlite3",
            "ATOMIC_REQUESTS": True,
            "OPTIONS": {"init_command": _SQLITE_START, "transaction_mode": "IMMEDIATE", "timeout": 20},
        }
    parts = urlsplit(address)
    if parts.scheme not in _ENGINES:
        raise SpecError(
            f"DATABASE_URL begins with '{parts.scheme}:'. Allowed: postgres://user:password@host:port/name; leave it "
            "out for SQLite in the portal's data folder."
        )
    return {
        "ENGINE": _ENGINES[parts.scheme],
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "ATOMIC_REQUESTS": True,
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
    }


def secret(data: Path, *, trial: bool) -> str:
    """The secret of sessions and links. On a trial one is made and kept beside the data.

    Raises
    ------
    SpecError
        A server without EVALKIT_PORTAL_SECRET, or with one that is too short.
    """
    given = os.environ.get("EVALKIT_PORTAL_SECRET", "")
    if len(given) >= 50:
        return given
    if not trial:
        raise SpecError(
            "EVALKIT_PORTAL_SECRET must hold at least 50 random characters. Make them with "
            "'python -c \"import secrets; print(secrets.token_urlsafe(64))\"', not in backups of the data."
        )
    path = data / "secret.txt"
    if not path.is_file():
        data.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_whole(path, secrets.token_urlsafe(64), secret=True)
    return path.read_text(encoding="ascii")


def incoming(data: Path) -> Path:
    """Where a file lies while it streams in: within the data, not in a folder that others share."""
    place = data / "incoming"
    place.mkdir(parents=True, exist_ok=True, mode=0o700)
    return place


def hosts(*, trial: bool) -> list[str]:
    """The names under which the portal may be reached."""
    named = [one.strip() for one in os.environ.get("EVALKIT_PORTAL_HOSTS", "").split(",") if one.strip()]
    return named or (["127.0.0.1", "localhost", "testserver"] if trial else [])


def mail() -> dict[str, Any]:
    """Django's mail settings; without a server mail is not sent, and pages show the text to send oneself."""
    address = os.environ.get("EVALKIT_PORTAL_MAIL", "")
    if not address:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    parts = urlsplit(address)
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": parts.hostname or "localhost",
        "EMAIL_PORT": parts.port or 587,
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_TLS": parts.scheme == "smtp",
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_TIMEOUT": 10,
    }
