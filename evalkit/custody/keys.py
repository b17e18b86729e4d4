"""The secret keys of pseudonyms: kept outside the data, one folder for each programme, one file for each version.

`3.key` holds a key that can be used, `2.destroyed` says that there was one. The newest key makes new pseudonyms; the
older ones are kept so that what was released with them can be found, until they are destroyed.
"""

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path

from evalkit.errors import SpecError
from evalkit.records.whole_file import cannot_write, settle_folder, write_whole

KEYS_VARIABLE = "EVALKIT_KEYS"
_KEY_BYTES = 32
_NAME = re.compile(r"([1-9][0-9]*)\.(key|destroyed)")


@dataclass(frozen=True, slots=True, repr=False)
class Key:
    """One version of a programme's key. Its secret is never printed."""

    programme: str
    version: int
    secret: bytes

    def __repr__(self) -> str:
        return f"Key(programme={self.programme!r}, version={self.version})"


@dataclass(frozen=True, slots=True)
class KeyRing:
    """All keys of a programme.

    Attributes
    ----------
    programme : the evaluation's id
    folder : where they are kept
    keys : those that can be used, the oldest first
    destroyed : versions that are gone for good
    """

    programme: str
    folder: Path
    keys: tuple[Key, ...]
    destroyed: tuple[int, ...]

    @property
    def newest(self) -> Key:
        """The key that makes new pseudonyms. Raises SpecError when there is none."""
        gone = max(self.destroyed, default=0)
        if not self.keys or self.keys[-1].version < gone:
            what = f"version {gone} was destroyed" if gone else "there is none yet"
            raise SpecError(
                f"{self.programme}: there is no key to make pseudonyms with ({what}; keys are kept in {self.folder}). "
                "Make one with 'evalkit keys make', or copy the key that a colleague uses."
            )
        return self.keys[-1]


def key_folder() -> Path:
    """Where keys are kept: what the variable EVALKIT_KEYS names, else .evalkit/keys in the user's own folder."""
    named = os.environ.get(KEYS_VARIABLE)
    return Path(named) if named else Path.home() / ".evalkit" / "keys"


def read_keys(programme: str, *, keys: Path | None = None, data: Path) -> KeyRing:
    """Read the keys of a programme.

    Parameters
    ----------
    programme : the evaluation's id
    keys : the folder of all keys; default `key_folder()`
    data : the folder of the data, which must not hold the keys

    Raises
    ------
    SpecError
        The keys lie within the data, or a key file was damaged.
    """
    folder = (keys or key_folder()) / programme
    if _lies_within(folder, data):
        raise SpecError(
            f"{folder}: the keys lie in the folder of the data. Whoever has both can tell who the pupils are. "
            f"Move them elsewhere and name that place in the variable {KEYS_VARIABLE}."
        )
    found: list[Key] = []
    destroyed: list[int] = []
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        named = _NAME.fullmatch(path.name)
        if named is None:
            continue
        secret = _secret(path) if named[2] == "key" else b""
        if any(secret):
            found.append(Key(programme, int(named[1]), secret))
        else:
            destroyed.append(int(named[1]))
    return KeyRing(programme, folder, tuple(sorted(found, key=lambda key: key.version)), tuple(sorted(set(destroyed))))


def make_key(ring: KeyRing) -> Key:
    """Make the first key, or the next version (rotation): older pseudonyms stay as they are, new ones are others."""
    version = max([*(key.version for key in ring.keys), *ring.destroyed], default=0) + 1
    try:
        ring.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise cannot_write(ring.folder, error) from None
    key = Key(ring.programme, version, secrets.token_bytes(_KEY_BYTES))
    write_whole(ring.folder / f"{version}.key", key.secret.hex() + "\n", secret=True)
    return key


def destroy_key(ring: KeyRing, version: int) -> None:
    """Destroy one version: nobody can tell any more which code a pseudonym made with it belongs to.

    The file is overwritten before it is renamed. A disk may keep old contents all the same, and so do backups: keys
    belong on an encrypted disk and in no backup of the data.

    Raises
    ------
    SpecError
        There is no such version.
    """
    if version not in [key.version for key in ring.keys]:
        known = ", ".join(str(key.version) for key in ring.keys) or "none"
        raise SpecError(f"{ring.programme}: there is no key of version {version} to destroy. There are: {known}.")
    path = ring.folder / f"{version}.key"
    try:
        with path.open("r+b") as file:
            file.write(b"0" * path.stat().st_size)
            file.flush()
            os.fsync(file.fileno())
        path.replace(ring.folder / f"{version}.destroyed")
        settle_folder(ring.folder)
    except OSError as error:
        raise cannot_write(path, error) from None


def _secret(path: Path) -> bytes:
    text = path.read_text(encoding="ascii", errors="replace").strip()
    if text and not text.strip("0"):  # overwritten by a destruction that was broken off
        return b""
    if not re.fullmatch(rf"[0-9a-f]{{{2 * _KEY_BYTES}}}", text):
        raise SpecError(f"{path}: this key is damaged. Restore it from your copy; a new key makes other pseudonyms.")
    return bytes.fromhex(text)


def _lies_within(folder: Path, data: Path) -> bool:
    inner, outer = folder.absolute().resolve(), data.absolute().resolve()
    return inner.is_relative_to(outer)
