"""Erasing one pupil, one school, one programme: what goes, what stays, and that nothing else changes."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from openpyxl import Workbook, load_workbook
from typer.testing import CliRunner, Result

from evalkit.cli import app
from evalkit.custody.audit import read_audit
from evalkit.custody.keys import make_key, read_keys
from evalkit.custody.previous import keep_previous
from evalkit.custody.pseudonyms import pseudonym
from evalkit.custody.release import load_release
from evalkit.errors import SpecError
from evalkit.intake import large_text
from evalkit.intake.plain_workbook import plain_workbook
from evalkit.intake.raw import RawSheet
from evalkit.intake.read import read_file
from evalkit.records.evaluation import load_evaluation
from evalkit.records.mapping import load_mapping
from evalkit.records.place_manifest import PlaceManifest
from evalkit.road import check_files, release_files
from evalkit.road_custody import carry_out, steps_for_programme, steps_for_pupil, steps_for_school
from evalkit.road_export import pupil_data
from tests.unit.trial_files import make_files

ITEMS = [f"tiny4.q{number}" for number in range(1, 5)]
CODES = ["P-001", "P-002", "P-003", "P-004", "P-005"]
GONE = "P-003"
DATA = """\
data:
  files:
    - {path: data/pre.xlsx, wave: pre}
    - {path: data/post.csv, wave: post, mapping: mappings/post.yaml}
"""
MAPPING = """\
schema: evalkit-mapping/1
codes: {P-O03: P-003, P-O05: P-005}
corrections:
  - {row: 4, column: C, found: '9', action: blank, reason: no answer on this scale}
  - {row: 6, column: B, found: '7', action: blank, reason: no answer on this scale}
"""
# Row 4 is P-003's, mistyped; its note runs over two lines. Row 6 is P-005's. é in Windows-1252.
POST = (
    "Pupil code;tiny4.q1;tiny4.q2;tiny4.q3;tiny4.q4;Remarks\r\n"
    "P-001;1;2;3;4;caf\xe9\r\n"
    "P-002;2;2;2;2;\r\n"
    'P-O03;3;9;3;3;"two\r\nlines"\r\n'
    "P-004;4;4;4;4;\r\n"
    "P-O05;7;5;5;5;\r\n"
)


@pytest.fixture
def folder(study_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("EVALKIT_KEYS", str(tmp_path / "keys"))
    plan = study_folder / "evaluation.yaml"
    plan.write_text(plan.read_text(encoding="utf-8") + DATA, encoding="utf-8")
    (study_folder / "data").mkdir()
    (study_folder / "mappings").mkdir()
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Pupil code", *ITEMS])
    for number, code in enumerate(CODES, start=1):
        sheet.append([code, *[1 + number % 5] * 4])
    sheet["A4"].comment = None
    book.save(study_folder / "data" / "pre.xlsx")
    (study_folder / "data" / "post.csv").write_bytes(POST.encode("cp1252"))
    (study_folder / "mappings" / "post.yaml").write_text(MAPPING, encoding="utf-8")
    return study_folder


def erase_pupil(folder: Path, code: str) -> None:
    study = load_evaluation(folder)
    carry_out(study, steps_for_pupil(study, code), action="pupil_erased", reason="test", who="test")


def everything(folder: Path) -> str:
    """All text under the folder, workbooks cell by cell; the audit log apart."""
    parts: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix == ".xlsx":
            book = load_workbook(path)
            parts += [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]
            parts.append(path.read_bytes().decode("latin-1"))
        elif path.is_file():
            parts.append(path.read_bytes().decode("latin-1"))
    return "\n".join(parts)


def release(folder: Path) -> None:
    study = load_evaluation(folder)
    assert study.plan.data is not None
    release_files(study, study.plan.data.files, to=folder / "release")


def test_a_pupil_goes_from_everywhere_and_nobody_else(folder: Path) -> None:
    release(folder)
    before = load_release(folder / "release")
    erase_pupil(folder, GONE.lower())
    assert "P-003" not in everything(folder)
    assert "P-O03" not in everything(folder)
    after = load_release(folder / "release")
    for name in ("responses", "roster"):
        kept = getattr(before, name)
        pd.testing.assert_frame_equal(getattr(after, name), kept[kept["pupil"] != GONE].reset_index(drop=True))
    assert (after.manifest.linked, after.manifest.waves) == (4, {"pre": 4, "post": 4})
    assert after.manifest.documents == before.manifest.documents
    # a new release from what is left of the files holds the same
    release(folder)
    pd.testing.assert_frame_equal(load_release(folder / "release").responses, after.responses)


def test_the_files_are_the_same_but_for_the_rows(folder: Path) -> None:
    erase_pupil(folder, GONE)
    expected = POST.replace('P-O03;3;9;3;3;"two\r\nlines"\r\n', "\r\n").encode("cp1252")
    assert (folder / "data" / "post.csv").read_bytes() == expected
    sheet = load_workbook(folder / "data" / "pre.xlsx").active
    assert sheet is not None
    assert [sheet.cell(row, 1).value for row in range(1, 7)] == [
        "Pupil code", "P-001", "P-002", None, "P-004", "P-005",
    ]  # fmt: skip
    mapping = (folder / "mappings" / "post.yaml").read_text()
    assert "P-O05" in mapping
    assert "row: 6" in mapping
    assert "row: 4" not in mapping
    study = load_evaluation(folder)
    assert study.plan.data is not None
    assert check_files(study, study.plan.data.files).ok


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("start", ["", "sep=,\n"])
def test_every_kind_of_text_file(folder: Path, encoding: str, start: str) -> None:
    text = start + POST.replace(";", ",").replace("\r\n", "\n")
    (folder / "data" / "post.csv").write_bytes(text.encode(encoding))
    erase_pupil(folder, GONE)
    data = (folder / "data" / "post.csv").read_bytes()
    kept = text.replace('P-O03,3,9,3,3,"two\nlines"\n', "\n")
    assert data.decode("utf-8-sig" if encoding != "utf-16" else "utf-8") == kept
    assert data.startswith(b"\xef\xbb\xbf") == (encoding == "utf-8-sig")


def test_pseudonyms_of_every_version_are_found(folder: Path) -> None:
    plan = folder / "evaluation.yaml"
    plan.write_text(
        plan.read_text() + "data_protection: {controller: A, lawful_basis: b, pseudonymise: true}\n", encoding="utf-8"
    )
    study = load_evaluation(folder)
    first = make_key(read_keys("tiny-study", data=folder))
    release(folder)
    make_key(read_keys("tiny-study", data=folder))
    assert pseudonym(GONE, first) in load_release(folder / "release").roster["pupil"].tolist()
    erase_pupil(folder, GONE)
    assert pseudonym(GONE, first) not in load_release(folder / "release").roster["pupil"].tolist()
    assert len(load_release(folder / "release").roster) == 4
    assert pseudonym(GONE, first) not in everything(study.folder)


def test_other_copies_in_the_folder_are_found(folder: Path) -> None:
    (folder / "data" / "old pre.csv").write_text("Pupil code,tiny4.q1\nP-003,1\nP-001,2\n")
    (folder / "notes.md").write_text("P-003 was absent; p-0031 was not.")
    (folder / ".results.json.abc.part").write_text("half")
    steps = {step.holding.place.name: step for step in steps_for_pupil(load_evaluation(folder), GONE)}
    assert steps["old pre.csv"].holding.rows == (2,)
    assert steps["notes.md"].holding.action == "by_hand"
    assert steps["notes.md"].holding.count == 1
    erase_pupil(folder, GONE)
    assert (folder / "data" / "old pre.csv").read_text() == "Pupil code,tiny4.q1\n\nP-001,2\n"
    assert not (folder / ".results.json.abc.part").exists()


@pytest.mark.parametrize("size", [60, 100, 1_000])
def test_a_text_that_is_read_in_pieces_is_the_same_but_for_the_rows(folder: Path, monkeypatch, size: int) -> None:
    monkeypatch.setattr(large_text, "LARGE_TEXT_BYTES", 100)
    monkeypatch.setattr(large_text, "PIECE_BYTES", size)
    post = folder / "data" / "post.csv"
    held = pupil_data(load_evaluation(folder), GONE).tables["survey_rows"]
    assert ("post.csv", "4", "two\r\nlines") in [(row[0], row[2], row[4]) for row in held.itertuples(index=False)]
    steps = {step.holding.place.name: step.holding for step in steps_for_pupil(load_evaluation(folder), GONE)}
    assert (steps["post.csv"].action, steps["post.csv"].rows) == ("erase", (4,))
    erase_pupil(folder, GONE)
    assert post.read_bytes() == POST.replace('P-O03;3;9;3;3;"two\r\nlines"\r\n', "\r\n").encode("cp1252")
    assert sorted(path.name for path in post.parent.iterdir()) == ["post.csv", "pre.xlsx"]


def test_remarks_of_a_marked_file_that_name_the_code_go_too(folder: Path) -> None:
    study = load_evaluation(folder)
    marked = folder / "data" / "marked.xlsx"
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["Pupil code", *ITEMS, "Errors"])
    sheet.append(["P-001", 1, 2, 3, 4, "The code resembles 'P-003'."])
    sheet.append(["P-004", 1, 2, 3, 4, "Something else"])
    book.create_sheet("Problems (evalkit)").append(["post.csv", "'P-003' stands in one file only"])
    book.save(marked)
    (step,) = [one for one in steps_for_pupil(study, GONE) if one.holding.place == marked]
    assert (step.holding.action, step.holding.rows) == ("erase", ())
    erase_pupil(folder, GONE)
    assert GONE not in everything(folder)
    kept = load_workbook(marked).active
    assert kept is not None
    assert [row[0].value for row in kept.iter_rows()] == ["Pupil code", "P-001", "P-004"]
    (folder / "data" / "marked.csv").write_text(f"Pupil code,{ITEMS[0]},Errors\nP-001,1,near P-003\n", encoding="utf-8")
    (step,) = [one for one in steps_for_pupil(load_evaluation(folder), GONE) if one.do is None]
    assert (step.holding.action, step.holding.note[-18:]) == ("by_hand", "delete that column")


def test_a_class_list_that_is_no_survey_is_named(folder: Path) -> None:
    book = Workbook()
    assert book.active is not None
    for row in (["Pupil code", "Forename"], ["P-003", "Zedric"], ["P-001", "Zorro"]):
        book.active.append(row)
    book.save(folder / "class list.xlsx")
    steps = {step.holding.place.name: step.holding for step in steps_for_pupil(load_evaluation(folder), GONE)}
    assert (steps["class list.xlsx"].action, steps["class list.xlsx"].count) == ("by_hand", 1)


def test_what_a_crash_left_of_a_release_goes_too(folder: Path) -> None:
    release(folder)
    shutil.copytree(folder / "release", folder / ".release.old")
    shutil.copytree(folder / "release", folder / ".release.waste")
    erase_pupil(folder, GONE)
    assert GONE not in everything(folder)
    shutil.copytree(folder / "release", folder / ".release.new")
    study = load_evaluation(folder)
    assert [step.holding.kind for step in steps_for_pupil(study, GONE)] == ["leftover"]
    # a release whose name a crash took away is found and given its name again
    (folder / "release").rename(folder / ".release.old")
    shutil.rmtree(folder / ".release.new")
    assert "P-001" in everything(folder / ".release.old")
    erase_pupil(folder, "P-001")
    assert "P-001" not in everything(folder)


def test_a_file_of_this_pupil_alone_is_deleted_and_one_that_cannot_be_written_is_named(folder: Path) -> None:
    (folder / "data" / "alone.csv").write_text("Pupil code,tiny4.q1\nP-003,1\n")
    (folder / "data" / "pre.xlsx").write_bytes(b"%PDF-1.7 not a spreadsheet")
    steps = {step.holding.place.name: step.holding for step in steps_for_pupil(load_evaluation(folder), GONE)}
    assert steps["alone.csv"].action == "delete"
    assert steps["pre.xlsx"].action == "by_hand"
    assert "cannot be read" in steps["pre.xlsx"].note
    erase_pupil(folder, GONE)
    assert not (folder / "data" / "alone.csv").exists()


def test_the_release_before_and_remembered_answers_go_too(folder: Path) -> None:
    release(folder)
    study = load_evaluation(folder)
    assert study.plan.data is not None
    keep_previous(folder / "release")
    form = check_files(study, study.plan.data.files).uploads[0].form
    kept = folder / "mappings" / f"{form}.yaml"
    kept.write_text(MAPPING.replace("row: 4, column: C, found: '9'", "row: 4, column: C, found: '4'"), encoding="utf-8")
    held = pupil_data(study, GONE)
    assert {"release", "release.before"} <= set(held.tables["answers"].iloc[:, 0])
    assert dict(held.tables["decisions"].itertuples(index=False, name=None)) == {"post.yaml": "2", kept.name: "2"}
    steps = {step.holding.place.name: step.holding for step in steps_for_pupil(study, GONE)}
    assert steps["release.before"].action == "erase"
    erase_pupil(folder, GONE)
    assert "P-003" not in everything(folder)
    assert "P-O03" not in everything(folder)
    assert len(load_release(folder / "release.before").roster) == 4
    assert list(load_mapping(kept).codes) == ["P-O05"]
    assert [one.row for one in load_mapping(kept).corrections] == [6]


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_workbook_is_written_anew_from_what_the_child_read(folder: Path, kind: str, monkeypatch) -> None:
    monkeypatch.setattr("openpyxl.load_workbook", lambda *_, **__: pytest.fail("an upload was opened in this process"))
    heads = ["Pupil code", *ITEMS, "Note"]
    first = [heads, *([code, "1", "2", "3", "4", "two  blanks\nand =1+1"] for code in CODES[:3])]
    second = [
        heads,
        *([code, "4", "3", "2", "1", "=HYPERLINK(A1)"] for code in CODES[3:]),
        ["p-003", "1", "1", "1", "1"],
    ]
    other = [["Absent", "Why"], [], ["P-003", "moved away"], ["P-004", "007"]]
    path = folder / "data" / f"both.{kind}"
    sheets = [
        RawSheet(name, [place for place, row in enumerate(rows, 1) if row], [row for row in rows if row], hidden=hide)
        for name, rows, hide in (("5A", first, False), ("5B", second, False), ("Away & <others>", other, True))
    ]
    written = plain_workbook(sheets, "xlsx" if kind == "xlsx" else "ods")
    assert written is not None
    path.write_bytes(written)
    (content,) = read_file(path)[0]
    assert [(one.name, one.rows, one.hidden) for one in content.sheets] == [
        (one.name, one.rows, one.hidden) for one in sheets
    ]
    steps = {step.holding.place.name: step.holding for step in steps_for_pupil(load_evaluation(folder), GONE)}
    assert (steps[path.name].count, steps[path.name].rows) == (3, (3, 4))
    erase_pupil(folder, GONE)
    (after,) = read_file(path)[0]
    assert [dict(zip(one.numbers, one.rows, strict=True)) for one in after.sheets] == [
        {number: row for number, row in zip(one.numbers, one.rows, strict=True) if row[0].upper() != GONE}
        for one in sheets
    ]
    assert [one.hidden for one in after.sheets] == [False, False, True]


def test_nobody_of_that_code(folder: Path) -> None:
    with pytest.raises(SpecError, match="nothing is held about this pupil"):
        steps_for_pupil(load_evaluation(folder), "P-999")


def test_listing_changes_nothing(folder: Path) -> None:
    release(folder)
    before = everything(folder)
    study = load_evaluation(folder)
    steps_for_pupil(study, GONE)
    steps_for_programme(study)
    assert everything(folder) == before


def test_the_log_says_what_was_done_and_not_to_whom(folder: Path) -> None:
    release(folder)
    erase_pupil(folder, GONE)
    begun, done = read_audit(folder)
    assert (begun.action, done.action) == ("erasure_begun", "pupil_erased")
    assert done.counts == {"survey file": 2, "mapping": 2, "release": 3}
    assert "P-003" not in (folder / "audit.jsonl").read_text()


def test_a_programme_goes_with_its_keys_and_the_plan_and_results_stay(folder: Path) -> None:
    release(folder)
    make_key(read_keys("tiny-study", data=folder))
    (folder / "codes.jsonl").write_text("")
    (folder / "results.json").write_text("{}")
    study = load_evaluation(folder)
    carry_out(study, steps_for_programme(study), action="programme_erased", reason="test", who="test")
    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert left == ["audit.jsonl", "evaluation.yaml", "instruments/tiny4/instrument.yaml", "results.json"]
    assert read_keys("tiny-study", data=folder).destroyed == (1,)


def test_a_school_goes_from_pupils_and_stays_on_the_list_of_schools(tmp_path: Path) -> None:
    folder = tmp_path / "trial"
    study = make_files().save(folder)
    assert study.plan.data is not None
    before = release_files(study, study.plan.data.files, to=folder / "release")
    school = str(before.roster["school"].iloc[0])
    carry_out(study, steps_for_school(study, f" {school.lower()} "), action="school_erased", reason="test", who="test")
    after = load_release(folder / "release")
    assert school not in after.roster["school"].tolist()
    kept = before.roster[before.roster["school"] != school].reset_index(drop=True)
    pd.testing.assert_frame_equal(after.roster, kept)
    pd.testing.assert_frame_equal(after.schools, before.schools)
    assert not set(before.roster.loc[before.roster["school"] == school, "pupil"]) & set(after.responses["pupil"])
    assert school not in (folder / "pupils.csv").read_text()
    with pytest.raises(SpecError, match="no row is of the school"):
        steps_for_school(study, school)


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_the_command_lists_first_and_asks_for_a_reason(folder: Path) -> None:
    release(folder)
    listed = run("erase", "--pupil", GONE, "-e", folder)
    assert listed.exit_code == 0
    assert "would be erased" in listed.output
    assert "Nothing was changed" in listed.output
    assert GONE in everything(folder)
    assert run("erase", "--pupil", GONE, "-e", folder, "--yes").exit_code == 2
    assert run("erase", "-e", folder).exit_code == 2
    assert run("erase", "--pupil", GONE, "--programme", "-e", folder).exit_code == 2
    done = run("erase", "--pupil", GONE, "-e", folder, "--yes", "--reason", "asked for", "--json")
    assert done.exit_code == 0
    assert GONE not in everything(folder)


def test_what_is_held_about_a_pupil(folder: Path, tmp_path: Path) -> None:
    release(folder)
    plan = folder / "evaluation.yaml"
    plan.write_text(
        plan.read_text() + "data_protection: {controller: Oakfield, lawful_basis: public task, contact: dpo@x.example, "
        "retention: {releases: 2030-08-31}}\n"
    )
    assert run("export-pupil", GONE, "-e", folder, "--to", tmp_path / "p.json").exit_code == 0
    held = json.loads((tmp_path / "p.json").read_text())
    assert held["data_protection"]["controller"] == "Oakfield"
    assert {row["file"] for row in held["survey_rows"]} == {"pre.xlsx", "post.csv"}
    remarks = [row["cell"] for row in held["survey_rows"] if row["heading"] == "Remarks"]
    assert [" ".join(cell.split()) for cell in remarks] == ["two lines"]
    assert [row["answer"] for row in held["answers"] if row["wave"] == "After"] == ["3", "3", "3"]
    assert held["answers"][0]["meaning"] == "Often"
    assert held["scores"][0]["value"] != ""
    assert held["decisions"] == [{"file": "post.yaml", "decisions": "2"}]
    assert "P-001" not in (tmp_path / "p.json").read_text()
    assert run("export-pupil", GONE, "-e", folder, "--to", tmp_path / "p.html").exit_code == 0
    page = (tmp_path / "p.html").read_text()
    assert "Oakfield" in page
    assert "2030-08-31" in page
    assert "Gives up soon" in page
    assert (tmp_path / "p.html").stat().st_mode & 0o077 == 0
    assert run("export-pupil", "P-999", "-e", folder, "--to", tmp_path / "q.html").exit_code == 1
    assert run("export-pupil", GONE, "-e", folder, "--to", tmp_path / "p.html").exit_code == 1
    assert [one.action for one in read_audit(folder)] == ["pupil_exported", "pupil_exported"]
    assert GONE not in (folder / "audit.jsonl").read_text()


def test_pages_of_schools_are_no_release_and_go_with_the_results(folder: Path) -> None:
    release(folder)
    pages = folder / "schools"
    pages.mkdir()
    PlaceManifest("school", "0", "0", "0", "0", "1", {}).write(pages)
    plan = folder / "evaluation.yaml"
    plan.write_text(plan.read_text() + RETENTION.replace("keys:", "results: 2026-08-31, keys:"), encoding="utf-8")
    done = run("erase", "--pupil", GONE, "-e", folder, "--yes", "--reason", "asked for")
    assert done.exit_code == 0, done.output
    assert pages.is_dir()
    assert run("retention", folder, "--date", "2030-01-01", "--delete").exit_code == 0
    assert not pages.exists()


RETENTION = """\
data_protection:
  controller: A
  lawful_basis: b
  retention: {survey_files: 2026-08-31, releases: 2027-08-31, keys: 2026-01-01}
"""


def test_retention_is_listed_then_swept(folder: Path) -> None:
    release(folder)
    assert run("retention", folder).exit_code == 1  # the plan names no dates
    plan = folder / "evaluation.yaml"
    plan.write_text(plan.read_text() + RETENTION, encoding="utf-8")
    on_the_day = run("retention", folder, "--date", "2026-08-31", "--json")
    assert on_the_day.exit_code == 0
    assert {row["kind"]: row["state"] for row in json.loads(on_the_day.output)} == {
        "survey files": "keep", "releases": "keep", "codes": "nothing there", "keys": "nothing there",
        "results": "nothing there",
    }  # fmt: skip
    after = run("retention", folder, "--date", "2026-09-01")
    assert after.exit_code == 1
    assert "1 kind of data due" in after.output
    assert (folder / "data" / "pre.xlsx").exists()
    swept = run("retention", folder, "--date", "2026-09-01", "--delete")
    assert swept.exit_code == 0
    assert not list((folder / "data").iterdir())
    assert not list((folder / "mappings").iterdir())
    assert (folder / "release").exists()
    assert read_audit(folder)[-1].reason == "kept until 2026-08-31; swept on 2026-09-01"
    assert run("retention", folder, "--date", "2026-09-01").exit_code == 0
    assert run("retention", folder, "--date", "soon").exit_code == 2
