from pathlib import Path

import pytest

from evalkit.errors import EvalkitError, SpecError
from evalkit.records.chain import ChainedEntry, append_to_chain, read_chain
from evalkit.records.whole_file import write_whole


class Note(ChainedEntry):
    text: str


def add(path: Path, text: str) -> Note:
    return append_to_chain(path, Note, lambda before: {"text": text})


def test_entries_are_chained(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert read_chain(path, Note) == ()
    made = [add(path, text) for text in ("one", "twö\u2028", "three")]
    assert read_chain(path, Note) == tuple(made)
    assert [one.number for one in made] == [1, 2, 3]
    assert made[1].previous_sha256 == made[0].sha256


def test_a_line_that_a_crash_cut_off_is_no_entry(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    add(path, "one")
    whole = path.read_bytes()
    add(path, "two")
    path.write_bytes(path.read_bytes()[:-20])
    assert [one.text for one in read_chain(path, Note)] == ["one"]
    add(path, "three")
    assert [one.text for one in read_chain(path, Note)] == ["one", "three"]
    assert path.read_bytes().startswith(whole)


def test_a_broken_chain_takes_no_entry(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    add(path, "one")
    add(path, "two")
    lines = path.read_text().splitlines(keepends=True)
    path.write_text(lines[1])
    with pytest.raises(SpecError, match="line 1: the entry does not follow"):
        add(path, "three")
    path.write_text(lines[0].replace("one", "won"))
    with pytest.raises(SpecError, match="line 1: the entry was changed"):
        add(path, "three")
    path.write_bytes(b"\xff\n")
    with pytest.raises(SpecError, match="not UTF-8"):
        read_chain(path, Note)


def test_a_long_log_grows_by_its_last_line_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    texts = ["x" * 70_000, "two", "y" * 200_000, "four"]
    for text in texts:
        append_to_chain(path, Note, lambda before, text=text: {"text": text}, whole=False)
    with path.open("ab") as file:
        file.write(b'{"cut off by a crash')
    append_to_chain(path, Note, lambda before: {"text": f"after {len(before)}"}, whole=False)
    assert [one.text for one in read_chain(path, Note)] == [*texts, "after 1"]


def test_what_the_maker_raises_leaves_nothing(tmp_path: Path) -> None:
    def refuse(before: tuple[Note, ...]) -> dict[str, object]:
        raise SpecError("no")

    with pytest.raises(SpecError, match="no"):
        append_to_chain(tmp_path / "log.jsonl", Note, refuse)
    assert read_chain(tmp_path / "log.jsonl", Note) == ()


def test_a_place_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(EvalkitError, match="cannot be written"):
        add(tmp_path / "none" / "log.jsonl", "one")
    with pytest.raises(EvalkitError, match="cannot be written"):
        write_whole(tmp_path / "none" / "file.txt", "one")
    (tmp_path / "folder").mkdir()
    with pytest.raises(EvalkitError, match="cannot be written"):
        write_whole(tmp_path / "folder", "one")
    assert [one.name for one in tmp_path.iterdir()] == ["folder"]


def test_a_file_keeps_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "file.txt"
    write_whole(path, "one\r\n")
    path.chmod(0o640)
    write_whole(path, b"two")
    assert path.read_bytes() == b"two"
    assert path.stat().st_mode & 0o777 == 0o640
