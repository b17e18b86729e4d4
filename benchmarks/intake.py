"""Time the check of survey files, from a school's workbook to nine million rows, and print CPU time and memory.

    python benchmarks/intake.py                      # a school's files and 290,000 pupils
    python benchmarks/intake.py --rows 9000000       # also that many pupils, in a file of 370 bytes a pupil

CPU time with the child that reads workbooks; medians of 5 rounds (1 for the large files, each in a process of its own,
so that its memory can be told). All files are made here, with a seed. Targets are printed, not enforced.
"""

import argparse
import io
import os
import random
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"

import openpyxl
from openpyxl.utils import get_column_letter

from evalkit.intake.check import check_upload
from evalkit.intake.read_workbook import read_workbook
from evalkit.intake.sniff import kind_of
from evalkit.records.evaluation import Study, load_evaluation

ROUNDS = 5
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
END = "</table:table-cell>"
LABELS = ("Strongly disagree", "Disagree", "Neither agree nor disagree", "Agree", "Strongly agree")
INSTRUMENT = """\
schema: evalkit-instrument/1
id: big
version: '1'
title: Big scale
construct: calm
respondent: pupil
class: A
wording: shipped
licence: {{holder: evalkit contributors, terms: written for benchmarks, open_licence: true}}
citation: evalkit
responses:
  five: {{min: 1, max: 5, anchors: {{{anchors}}}}}
default_response: five
items:
{items}
scores:
  - {{id: total, label: Calm, keys: [{keys}], method: mean, missing: {{rule: complete, min_items: {count}}}}}
"""
PLAN = """\
schema: evalkit-evaluation/1
id: benchmark
title: Benchmark
programme: {name: Calm programme, description: For benchmarks.}
design: single_group_prepost
arms: [{id: programme, label: Pupils}]
waves: [{id: pre, label: Before}, {id: post, label: After}]
outcomes:
  - id: calm
    label: Calm
    instrument: big
    score: total
    role: primary
    estimand: {population: all, contrast: change, measure: mean, non_compliance: as is, drop_out: left out}
seed: 1
"""


def study_of(folder: Path, items: int) -> Study:
    """A study with a questionnaire of so many items."""
    place = folder / f"plan{items}"
    (place / "instruments" / "big").mkdir(parents=True, exist_ok=True)
    names = [f"q{number}" for number in range(1, items + 1)]
    text = INSTRUMENT.format(
        anchors=", ".join(f"{code}: {label}" for code, label in enumerate(LABELS, start=1)),
        items="\n".join(f"  - {{id: {name}, label: Short {name}, text: '{_question(name)}'}}" for name in names),
        keys=", ".join(names),
        count=items,
    )
    (place / "instruments" / "big" / "instrument.yaml").write_text(text, encoding="utf-8")
    (place / "evaluation.yaml").write_text(PLAN, encoding="utf-8")
    return load_evaluation(place)


def _question(name: str) -> str:
    return f"How much do you agree with statement {name} of this form?"


def school_rows(*, seed: int) -> list[list[object]]:
    """1,500 pupils x 60 columns, half of the answers as words."""
    chance = random.Random(seed)
    rows: list[list[object]] = [["Pupil code", *(_question(f"q{n}") for n in range(1, 60))]]
    for pupil in range(1_500):
        answers = [chance.choice(LABELS) if n % 2 else chance.randint(1, 5) for n in range(59)]
        rows.append([f"P{pupil:05}", *answers])
    return rows


def saved_xlsx(rows: list[list[object]]) -> bytes:
    """The rows as Excel and LibreOffice store them: texts shared, every cell with its place."""
    texts: dict[str, int] = {}

    def cell(row: int, column: int, value: object) -> str:
        place = f"{get_column_letter(column)}{row}"
        if isinstance(value, int):
            return f'<c r="{place}" s="0"><v>{value}</v></c>'
        return f'<c r="{place}" s="0" t="s"><v>{texts.setdefault(str(value), len(texts))}</v></c>'

    body = "".join(
        f'<row r="{number}" spans="1:60">{"".join(cell(number, at, one) for at, one in enumerate(row, start=1))}</row>'
        for number, row in enumerate(rows, start=1)
    )
    book = openpyxl.Workbook()
    memory = io.BytesIO()
    book.save(memory)
    made = io.BytesIO()
    with zipfile.ZipFile(memory) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name).decode()
            if name == "xl/worksheets/sheet1.xml":
                content = re.sub(
                    "<sheetData ?/>|<sheetData></sheetData>", lambda _: f"<sheetData>{body}</sheetData>", content
                )
            if name == "xl/_rels/workbook.xml.rels":
                link = f'<Relationship Id="texts" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
                content = content.replace("</Relationships>", f"{link}</Relationships>")
            if name != "xl/sharedStrings.xml":
                new.writestr(name, content)
        shared = "".join(f"<si><t>{text}</t></si>" for text in texts)
        new.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{shared}</sst>')
    return made.getvalue()


def saved_ods(rows: list[list[object]]) -> bytes:
    """The rows as an OpenDocument spreadsheet."""
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    body = "".join(f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>" for row in rows)
    content = (
        f"<office:document-content {spaces}><office:body><office:spreadsheet><table:table table:name='Answers'>{body}"
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    return memory.getvalue()


def _ods_cell(cell: object) -> str:
    if isinstance(cell, int):
        return f'<table:table-cell office:value-type="float" office:value="{cell}"><text:p>{cell}</text:p>{END}'
    return f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p>{END}'


def write_csv(path: Path, pupils: int, *, items: int, seed: int) -> None:
    """So many pupils with their answers as words; 1,000 rows of answers are drawn and used again and again."""
    chance = random.Random(seed)
    drawn = [",".join(chance.choices(LABELS, k=items)) for _ in range(1_000)]
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(["Pupil code", *(f"big.q{n}" for n in range(1, items + 1))]) + "\r\n")
        for first in range(0, pupils, 100_000):
            some = range(first, min(first + 100_000, pupils))
            file.write("".join(f"P{pupil:08},{drawn[pupil * 7 % 1_000]}\r\n" for pupil in some))


def used() -> float:
    """CPU seconds of this process and of its children that ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in both)


def median(work: object) -> float:
    """Median CPU time of some rounds after one to warm up."""
    times = []
    for _ in range(ROUNDS + 1):
        start = used()
        work()  # type: ignore[operator]
        times.append(used() - start)
    return statistics.median(times[1:])


def school(folder: Path) -> None:
    """A school's file, read and checked, in each kind."""
    study = study_of(folder, 59)
    rows = school_rows(seed=1)
    for name, content in (("xlsx", saved_xlsx(rows)), ("ods", saved_ods(rows))):
        path = folder / f"school.{name}"
        path.write_bytes(content)
        kind = kind_of(content)
        reading = median(lambda content=content, kind=kind: read_workbook(content, kind))
        checking = median(lambda path=path: check_upload(path, study, wave="pre"))
        print(f"1,500 x 60 .{name}: read in the child {reading:.2f} s, checked {checking:.2f} s (target 1.5 s)")


def large(folder: Path, pupils: int, target: str) -> None:
    """A large CSV file, in a process of its own."""
    path = folder / "large.csv"
    write_csv(path, pupils, items=24, seed=2)
    study_of(folder, 24)
    command = [sys.executable, __file__, "--one", str(path), str(folder / "plan24")]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    size = path.stat().st_size / 1e6
    print(f"{pupils:,} x 24 .csv ({size:,.0f} MB): {done.stdout.strip()} (target {target})")
    path.unlink()


def one(path: str, plan: str) -> None:
    """What `large` starts: check one file, say what it took."""
    study = load_evaluation(plan)
    start = used()
    upload = check_upload(path, study, wave="pre")
    took = used() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    assert upload.ok
    print(f"{len(upload.responses):,} rows checked in {took:.1f} s, {memory:.1f} GB at most")


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--one", nargs=2)
    asked = parser.parse_args()
    if asked.one:
        one(*asked.one)
        return
    with tempfile.TemporaryDirectory() as place:
        school(Path(place))
        large(Path(place), 290_000, "12 s, 2 GB")
        if asked.rows:
            large(Path(place), asked.rows, "4 GB")


if __name__ == "__main__":
    main()
