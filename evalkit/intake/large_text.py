"""Text files too large to be held at once: cut into pieces of whole rows, each checked like a file, and joined."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import pandas as pd

from evalkit.errors import UploadError
from evalkit.intake.archive import megabytes
from evalkit.intake.findings import Findings, ordered
from evalkit.intake.header import Chosen, Table
from evalkit.intake.limits import LARGE_TEXT_BYTES, MAX_TEXT_BYTES, PIECE_BYTES
from evalkit.intake.normal import counted
from evalkit.intake.raw import RawFile, Refusal
from evalkit.intake.read import refused, text_readings
from evalkit.intake.read_csv import Place, sep_line
from evalkit.intake.small_groups import SMALL_GROUP_KINDS, report_small_groups
from evalkit.intake.sniff import kind_of
from evalkit.records.evaluation import Study
from evalkit.records.mapping import Mapping
from evalkit.records.responses import Problem, Source, Upload

Choose = Callable[[Iterator[RawFile]], Chosen]
_LONGEST_RECORD = 4  # pieces
_PUPILS = re.compile(r"(\d[\d,]*) pupils? ")


def is_large(path: Path) -> bool:
    """Whether the file is text that is read in pieces."""
    try:
        if not path.is_file() or path.stat().st_size <= LARGE_TEXT_BYTES:
            return False
        with path.open("rb") as file:
            return kind_of(file.read(4096)) == "text"
    except OSError:
        return False


def tables_of(path: Path, choose: Choose) -> Iterator[Chosen]:
    """The pieces of the file, each under the headings of the file and with the row numbers of the file.

    Parameters
    ----------
    choose : takes the ways in which a piece can be read, gives the right one and its table
    """
    head, place = b"", Place()
    for piece in _pieces(path):
        chosen = choose(text_readings(head + piece, path.name, place))
        table, last = chosen.table, chosen.raw.sheets[0].last
        if not head:
            rows = table.numbers[0] - 1 if table.numbers else last
            head = _first_records(piece, rows)
            place = Place(rows, last - rows)
        else:
            place = place._replace(skipped=last - place.head)
        yield chosen


def mapping_of(mapping: Mapping | None, table: Table, *, first: bool) -> Mapping | None:
    """The mapping with those corrections alone that are about rows of the piece, the first piece with its head."""
    if mapping is None or not mapping.corrections:
        return mapping
    low, high = (0 if first else table.numbers[0]), table.numbers[-1]
    mine = tuple(one for one in mapping.corrections if low <= one.row <= high)
    return mapping.model_copy(update={"corrections": mine})


def put_together(uploads: Iterable[Upload], path: Path, study: Study) -> Upload:
    """One upload of those of all pieces: equal problems are told once, and a pupil in two pieces is asked about.

    Numbers of pupils in the same sentence about several pieces are added up; which groups are small, the whole says.
    """
    frames: list[pd.DataFrame] = []
    problems: dict[Problem, list[int]] = defaultdict(list)
    pupils: dict[Problem, int] = defaultdict(int)
    decisions: dict[str, None] = {}
    days: list[str] = []
    rosters: list[pd.DataFrame] = []
    rows = 0
    last: Upload | None = None
    for upload in uploads:
        frames.append(upload.responses)
        rosters.append(upload.roster)
        for problem in upload.issues:
            if problem.kind in SMALL_GROUP_KINDS:
                continue
            counted_in = _PUPILS.match(problem.found)
            alike = replace(problem, rows=(), cells=(), found=_PUPILS.sub("", problem.found))
            problems[alike] += problem.rows
            pupils[alike] += int(counted_in.group(1).replace(",", "")) if counted_in else 0
        decisions |= dict.fromkeys(upload.decisions)
        days += upload.days
        rows += upload.source.rows
        last = upload
    responses = pd.concat(frames, ignore_index=True)
    frames.clear()
    issues = [
        replace(
            one, rows=tuple(rows_), found=f"{counted(pupils[one], 'pupil')} {one.found}" if pupils[one] else one.found
        )
        for one, rows_ in problems.items()
    ]
    twice = pd.DataFrame({"pupil": responses["pupil"].str.casefold(), "wave": responses["wave"]}).duplicated(keep=False)
    if twice.any():
        issues.append(_asked_twice(path.name, responses.loc[twice, "pupil"].str.casefold().nunique()))
        responses = responses[~twice].reset_index(drop=True)
    whole = Findings(path.name)
    report_small_groups(responses, study, whole)
    issues += whole.problems
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    assert last is not None
    return replace(
        last,
        responses=responses,
        issues=ordered(issues),
        source=Source(path.name, sha256, "", rows),
        decisions=tuple(decisions),
        roster=pd.concat(rosters, ignore_index=True),
        days=(min(days), max(days)) if days else (),
    )


def _asked_twice(file: str, codes: int) -> Problem:
    return Problem(
        "ask",
        "pupil_twice",
        file,
        "Each pupil needs one row for each time. Until the others are taken out, none of these rows is used.",
        found=f"{counted(codes, 'pupil code')} {'stands' if codes == 1 else 'stand'} here again, far apart in the file",
    )


def _pieces(path: Path) -> Iterator[bytes]:
    """The bytes of the file, cut where a row ends: at a line end outside of quotation marks."""
    size = path.stat().st_size
    if size > MAX_TEXT_BYTES:
        found = f"The file is too large ({megabytes(size)})"
        raise refused(path.name, Refusal(found, f"Split it into files under {megabytes(MAX_TEXT_BYTES)}."))
    rest = b""
    with path.open("rb") as file:
        while block := file.read(PIECE_BYTES):
            if not rest and block.startswith((b"\xff\xfe", b"\xfe\xff")):
                mend = "Save it as CSV UTF-8 (.csv), and send that."
                raise refused(path.name, Refusal("The file is too large to be stored as UTF-16", mend))
            rest += block
            end = _last_end(rest)
            if end:
                yield rest[:end]
                rest = rest[end:]
            elif len(rest) > _LONGEST_RECORD * PIECE_BYTES:
                raise _unclosed(path)
    if rest:
        yield rest


def _unclosed(path: Path) -> UploadError:
    return refused(
        path.name,
        Refusal(
            "A quotation mark opens and never closes, so the rest of the file is one cell",
            "Take the quotation mark out, or open the file in your spreadsheet program and save it again.",
        ),
    )


def _last_end(data: bytes) -> int:
    """The place behind the last line end outside of quotation marks; 0 where there is none."""
    mark = b"\n" if b"\n" in data else b"\r"
    quotes = data.count(b'"')
    end = len(data)
    while (found := data.rfind(mark, 0, end)) >= 0:
        quotes -= data.count(b'"', found, end)
        if quotes % 2 == 0:
            return found + 1
        end = found
    return 0


def _first_records(data: bytes, count: int) -> bytes:
    """The first rows of the file, with a `sep=` line in front of them, which is no row."""
    mark = b"\n" if b"\n" in data else b"\r"
    mark_bytes = 3 * data.startswith(b"\xef\xbb\xbf")
    _, end = sep_line(data[mark_bytes : mark_bytes + 200].decode("latin-1"))
    end += mark_bytes * bool(end)
    for _ in range(count):
        quotes = 1
        start = end
        while quotes % 2:
            found = data.find(mark, end)
            if found < 0:
                return data
            end = found + 1
            quotes = data.count(b'"', start, end)
    return data[:end]
