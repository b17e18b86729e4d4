import re
from pathlib import Path

import pytest

from evalkit.custody.audit import audit, read_audit
from evalkit.errors import SpecError


def test_every_line_says_who_did_what_and_when(tmp_path: Path) -> None:
    audit(tmp_path, "key_made", target="version 1", who="ana")
    audit(tmp_path, "pupil_erased", counts={"rows": 2, "files": 1}, reason="asked by the parents", who="ben")
    first, second = read_audit(tmp_path)
    assert (first.action, first.who, first.target) == ("key_made", "ana", "version 1")
    assert second.counts == {"rows": 2, "files": 1}
    assert second.previous_sha256 == first.sha256
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", second.at)


def test_a_changed_line_is_found(tmp_path: Path) -> None:
    audit(tmp_path, "key_made", who="ana")
    audit(tmp_path, "key_destroyed", who="ana")
    path = tmp_path / "audit.jsonl"
    path.write_text(path.read_text().replace('"who":"ana"', '"who":"eve"', 1))
    with pytest.raises(SpecError, match="line 1: the entry was changed"):
        read_audit(tmp_path)
    path.write_text(path.read_text().replace('"who":"ana"', '"who":"eve"'))
    with pytest.raises(SpecError, match="the last entry was changed"):
        audit(tmp_path, "key_made")


def test_the_account_of_the_machine_stands_in_where_nobody_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("getpass.getuser", lambda: "machine")
    assert audit(tmp_path, "login").who == "machine"

    def nobody() -> str:
        raise KeyError("no account")

    monkeypatch.setattr("getpass.getuser", nobody)
    assert audit(tmp_path, "login").who == "unknown"
