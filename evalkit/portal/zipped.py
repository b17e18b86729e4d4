"""A folder as a zip file, piece by piece: nothing is put together in memory first."""

import zipfile
from collections.abc import Generator
from pathlib import Path

_PIECE = 256 * 1024


class _Pieces:
    """What zipfile writes, until it is sent on. It cannot go back."""

    def __init__(self) -> None:
        self.waiting: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep a piece."""
        self.waiting.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing to do."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        data, self.waiting = b"".join(self.waiting), []
        return data


def zipped(folder: Path, *, name: str) -> Generator[bytes]:
    """The files of a folder as a zip file that holds the folder `name`.

    Parameters
    ----------
    folder : all its files are opened first, so that a folder put in its place meanwhile is not mixed with it
    name : what the folder is called in the zip file
    """
    files = [(path.relative_to(folder), path.open("rb")) for path in sorted(folder.rglob("*")) if path.is_file()]
    pieces = _Pieces()
    try:
        with zipfile.ZipFile(pieces, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[arg-type]
            for relative, source in files:
                about = zipfile.ZipInfo(f"{name}/{relative.as_posix()}", date_time=(2000, 1, 1, 0, 0, 0))
                about.compress_type = zipfile.ZIP_DEFLATED
                with archive.open(about, "w") as entry:
                    while data := source.read(_PIECE):
                        entry.write(data)
                        yield pieces.taken()
                yield pieces.taken()
        yield pieces.taken()
    finally:
        for _, source in files:
            source.close()
