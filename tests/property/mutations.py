"""Survey files with something wrong in them, made from honest and hostile ones: `mutated(seed)` is always the same."""

import io
import random
import re
import tempfile
import warnings
import zipfile
from functools import cache
from pathlib import Path

from tests.intake_cases import files
from tests.intake_cases.workbooks import ods, packed, xlsx

_LARGEST = 60_000
_PIECES = (
    b"", b"\x00", b"\xff", b"\xff\xfe", b"\xef\xbb\xbf", b"\xe9", b"\xc3\xa9", b"\xe2\x80\xae", b"\xe2\x80\xa8", b'"',
    b"'", b",", b";", b"\t", b"\r", b"\n", b"=", b'="', b"-1", b"0", b"9", b"999999999999", b"1e999", b"NaN", b"<",
    b">", b"&", b"&lt;", b"<!", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"/>", b"</", b"_x0000_", b"_xD800_", b"PK",
    b"xl/", b"../", b"A1", b"XFD1048576", b' r="0"', b' s="9999"', b' t="s"', b' t="d"', b"<c/>", b"<row/>", b"<f/>",
    b"<t>", b"<is>", b"<v>", b"<x:c>", b'<row r="1048577"/>', b"sep=;", b"Total", b"Pupil code", b"P001", b"4 - Agree",
)  # fmt: skip
_NUMBER = re.compile(rb"\d+")
_TAG = re.compile(rb"<[^<>]*>")


@cache
def starts() -> tuple[tuple[str, bytes], ...]:
    """The files that mutations begin with: those of the case list, as far as they are small, and honest ones."""
    found: list[tuple[str, bytes]] = []
    made = Path(files.__file__).parent / "made"
    with tempfile.TemporaryDirectory() as folder:
        for name in sorted(vars(files)):
            if name.startswith("case_") and name[5:7] not in ("27", "71", "76", "80") and name != "case_14_rows":
                path = getattr(files, name)(Path(folder))
                found.append((path.name, path.read_bytes()))
    found += [(path.name, path.read_bytes()) for path in sorted(made.glob("answers.*"))]
    rows = files.table()
    found += [("honest.csv", files.text(rows).encode())] * 8
    found += [
        ("honest.xlsx", xlsx(rows)),
        ("honest.xlsx", files.saved(files.workbook(rows))),
        ("honest.ods", ods(rows)),
    ] * 8
    return tuple((name, _timeless(content)) for name, content in found if 0 < len(content) < _LARGEST)


def _timeless(content: bytes) -> bytes:
    """A workbook of openpyxl without the time at which it was made, so that a seed makes the same file tomorrow."""
    if b"docProps/core.xml" not in content:
        return content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return packed({name: archive.read(name) for name in archive.namelist() if name != "docProps/core.xml"})


def mutated(seed: int) -> tuple[str, bytes]:
    """A file name and its content, the same for the same seed."""
    chance = random.Random(seed)
    name, content = chance.choice(starts())
    if content.startswith(b"PK") and chance.random() < 0.75:
        content = _parts_changed(content, chance)
    else:
        for _ in range(chance.randint(1, 6)):
            content = _changed(content, chance)
    return name, content


def _changed(content: bytes, chance: random.Random) -> bytes:
    """One change: a byte, a piece in place of some bytes, a piece doubled, a number, a tag, an end."""
    start = chance.randrange(len(content) + 1)
    stop = min(len(content), start + chance.choice((0, 1, 1, 2, 8, 40, 400)))
    kind = chance.randrange(7)
    if kind == 0:
        return content[:start] + bytes([chance.randrange(256)]) + content[start + 1 :]
    if kind == 1:
        return content[:start] + content[start:stop] * chance.choice((0, 2, 3, 50)) + content[stop:]
    if kind == 2 and chance.random() < 0.2:
        return content[:start]
    if kind in (3, 4):
        pattern = _NUMBER if kind == 3 else _TAG
        found = list(pattern.finditer(content[start : start + 4000]))
        if found:
            one = chance.choice(found)
            piece = chance.choice(_PIECES if kind == 4 else (b"-1", b"0", b"", b"4294967296", b"1" * 30, b"1.5", b"x"))
            return content[: start + one.start()] + piece + content[start + one.end() :]
    return content[:start] + chance.choice(_PIECES) + content[stop:]


def _parts_changed(content: bytes, chance: random.Random) -> bytes:
    """The archive is whole, but parts are changed, gone, doubled, renamed, or have each other's content."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as old:
            parts = [[name, old.read(name)] for name in old.namelist()]
    except (zipfile.BadZipFile, EOFError, ValueError):
        return _changed(content, chance)
    for _ in range(chance.randint(1, 4)):
        one, other = chance.choice(parts), chance.choice(parts)
        kind = chance.randrange(25)
        if kind == 0 and len(parts) > 1:
            parts.remove(one)
        elif kind == 1:
            parts.append([one[0], other[1]])
        elif kind == 2:
            one[0] = chance.choice((other[0], one[0].upper(), f"../{one[0]}", "x", "xl/vbaProject.bin"))
        elif kind == 3:
            one[1], other[1] = other[1], one[1]
        else:
            weights = [len(part[1]) ** 0.5 for part in parts]
            one = chance.choices(parts, weights)[0] if any(weights) else one
            for _ in range(chance.randint(1, 5)):
                one[1] = _changed(one[1], chance)
    memory = io.BytesIO()
    packing = chance.choices((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2), (10, 20, 1))[0]
    with warnings.catch_warnings(), zipfile.ZipFile(memory, "w", packing) as new:
        warnings.simplefilter("ignore", UserWarning)
        for name, part in parts:
            new.writestr(zipfile.ZipInfo(name or "x"), part, packing)
    return memory.getvalue()
