"""A text file that is read in pieces gives what the same file gives in one: answers, problems, row numbers."""

import pytest

from evalkit.errors import UploadError
from evalkit.intake import large_text
from evalkit.intake.check import check_upload
from evalkit.intake.large_text import _first_records, _last_end
from evalkit.intake.read import read_file
from evalkit.records.mapping import Correction, Mapping


@pytest.fixture
def in_pieces(monkeypatch):
    """Text over 100 bytes is read in pieces of so many bytes."""

    def cut(size: int = 400) -> None:
        monkeypatch.setattr(large_text, "LARGE_TEXT_BYTES", 100)
        monkeypatch.setattr(large_text, "PIECE_BYTES", size)

    return cut


def _messy(desk, pupils: int) -> str:
    rows = [["Calm survey"], [], [*desk.table(0)[0], "Comment"]]
    for number, row in enumerate(desk.table(pupils)[1:], start=4):
        rows.append([*row, "two\nlines, here" if number % 7 == 0 else ""])
    rows[20][3] = 9
    rows[50][4] = 9
    rows[33] = []
    return desk.text(rows)


@pytest.mark.parametrize("size", [300, 1_000, 2_500])
def test_pieces_give_what_the_whole_gives(desk, in_pieces, size) -> None:
    text = _messy(desk, 60)
    whole = desk.check(text)
    in_pieces(size)
    pieces = desk.check(text)
    assert pieces.responses.equals(whole.responses)
    assert pieces.source == whole.source
    told = {(one.kind, row) for one in pieces.issues for row in one.rows or (0,)}
    assert told == {(one.kind, row) for one in whole.issues for row in one.rows or (0,)}
    assert {("out_of_range", 21), ("out_of_range", 51), ("columns_not_used", 0), ("line_breaks", 0)} <= told


def test_equal_problems_of_several_pieces_are_told_once(desk, in_pieces) -> None:
    rows = desk.table(80)
    rows[0].append("Favourite colour")
    in_pieces(300)
    upload = desk.check(desk.text([[*row, "red"] if place else row for place, row in enumerate(rows)], separator=";"))
    assert [one.kind for one in upload.issues] == ["columns_not_used", "separator"]


def test_small_groups_and_counts_are_those_of_the_whole_file(desk, in_pieces, only) -> None:
    study = desk.study(fsm=True)
    rows = [[*row, "Y" if place % 8 == 1 else "N"] for place, row in enumerate(desk.table(60))]
    rows[0][-1] = "FSM"
    rows[40][-1] = ""
    for place in (3, 30, 58):
        rows[place][1:9] = [2] * 8
    path = desk.folder / "fsm.csv"
    path.write_text(desk.text(rows), encoding="utf-8")
    whole = check_upload(path, study, wave="pre")
    assert not [one for one in whole.issues if one.kind in ("few_pupils", "small_groups")]
    in_pieces(300)
    pieces = check_upload(path, study, wave="pre")
    assert [one.kind for one in pieces.issues] == [one.kind for one in whole.issues]
    for told in (whole, pieces):
        assert only(told, "same_answer_throughout").found.startswith("3 pupils gave")


def test_a_pupil_in_two_pieces_is_asked_about(desk, in_pieces, only) -> None:
    rows = desk.table(60)
    rows[-1][0] = "p001"
    in_pieces()
    upload = desk.check(desk.text(rows))
    assert "1 pupil code stands here again" in only(upload, "pupil_twice").message
    assert len(upload.responses) == 58
    assert not upload.ok


def test_corrections_find_their_row(desk, in_pieces) -> None:
    rows = desk.table(60)
    rows[45][3] = 9
    fix = Correction(row=46, column="D", found="9", action="set", to="2", reason="seen on paper")
    late = Correction(row=10, column="D", found="8", action="blank", reason="not there")
    mapping = Mapping(schema="evalkit-mapping/1", corrections=(fix, late))
    in_pieces()
    upload = desk.check(desk.text(rows), mapping=mapping)
    assert len(upload.decisions) == 1
    assert [(one.kind, one.rows) for one in upload.issues] == [("decision_not_used", (10,))]
    assert desk.values(upload)[44][2] == 2


def test_refusals_name_the_row_of_the_file(desk, in_pieces) -> None:
    text = desk.text(desk.table(60))
    in_pieces(2_000)
    with pytest.raises(UploadError, match=r"Row 51 has 2,109 columns"):
        desk.check(text.replace("P050,", "P050" + ",1" * 2_100 + ","))
    with pytest.raises(UploadError, match="A quotation mark opens and never closes"):
        desk.check(text.replace("P010", '"P010') + "x" * 9_000)
    with pytest.raises(UploadError, match="too large to be stored as UTF-16"):
        desk.check(text.encode("utf-16"))


def test_a_file_beyond_all_limits_and_a_large_workbook_are_refused(desk, in_pieces, monkeypatch) -> None:
    in_pieces()
    monkeypatch.setattr(large_text, "MAX_TEXT_BYTES", 200)
    with pytest.raises(UploadError, match=r"too large \(0 MB\)\. Split it"):
        desk.check(desk.text(desk.table(60)))
    assert desk.check({"Answers": desk.table()}).ok


def test_a_sep_line_and_a_mark_belong_to_the_head(desk, in_pieces) -> None:
    text = "sep=;\r\n" + desk.text(desk.table(60), separator=";")
    in_pieces()
    upload = desk.check(b"\xef\xbb\xbf" + text.encode())
    assert desk.values(upload) == desk.expected(60)
    assert upload.ok


def test_where_rows_end() -> None:
    assert _last_end(b'a\n"b\nc"\nd') == 9 - 1
    assert _last_end(b'a\n"b\nc') == 2
    assert _last_end(b'"a\nb') == 0
    assert _last_end(b"a\rb\rc") == 4
    assert _first_records(b'"a\nb"\nc\nd\n', 2) == b'"a\nb"\nc\n'
    assert _first_records(b"sep=;\na\nb\n", 1) == b"sep=;\na\n"
    assert _first_records(b"a", 3) == b"a"


def test_a_small_file_is_read_at_once(desk, tmp_path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(desk.text(desk.table()), encoding="utf-8")
    assert not large_text.is_large(path)
    assert not large_text.is_large(tmp_path)
    assert next(read_file(path)[0]).sheets[0].last == 7
