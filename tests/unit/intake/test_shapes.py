"""Files as survey tools and school systems export them: every answer is read, and nothing personal is kept."""

from pathlib import Path

import pytest

from evalkit.custody.release import make_release
from evalkit.intake.check import check_upload
from tests.intake_cases import more_shapes  # noqa: F401 - it puts its shapes on the list
from tests.intake_cases.shapes import ROSTERS, SHAPES, people, redcap_code_once
from tests.intake_cases.tables import rows, written

ITEMS = [f"calm8.q{number}" for number in range(1, 9)]


@pytest.mark.parametrize("name", SHAPES)
def test_every_answer_of_the_shape_is_read(name: str, tmp_path: Path) -> None:
    sent = SHAPES[name](tmp_path)
    ((path, wave),) = sent.files
    upload = check_upload(path, sent.study, wave=wave)
    assert upload.ok, [one.message for one in upload.issues if one.severity in ("error", "ask")]
    table = upload.responses.set_index("pupil")
    assert set(upload.responses["wave"]) == {"pre"}
    assert {code: table.loc[code, ITEMS].astype(int).tolist() for _, code, _ in people()} == {
        code: answers for _, code, answers in people()
    }
    assert not [one for one in upload.issues if one.severity == "warn" and one.kind not in ("columns_not_used",)]
    kept = " ".join(map(str, upload.responses.to_numpy().ravel()))
    assert "@" not in kept
    assert "Test Pupil" not in kept


def test_a_record_of_redcap_has_its_code_at_every_event(tmp_path: Path) -> None:
    sent = redcap_code_once(tmp_path)
    upload = check_upload(sent.files[0][0], sent.study)
    assert {one.severity for one in upload.issues} == {"fixed"}
    assert upload.responses.groupby("wave")["pupil"].nunique().to_dict() == {"pre": 12, "post": 12}
    (problem,) = [one for one in upload.issues if one.kind == "code_of_record"]
    assert problem.rows == tuple(range(3, 26, 2))


def test_two_codes_of_one_record_are_not_chosen_from(tmp_path: Path) -> None:
    sent = redcap_code_once(tmp_path)
    ((path, _),) = sent.files
    lines = path.read_text(encoding="utf-8").splitlines()
    other = lines[1].replace(people()[0][1], "P999").replace(",before,", ",after,")
    path.write_text("\n".join([*lines, other]), encoding="utf-8")
    upload = check_upload(path, sent.study)
    assert [one.rows for one in upload.issues if one.severity == "error"] == [(3,)]


def test_a_preview_of_the_form_is_told_and_left_out(tmp_path: Path) -> None:
    ((path, wave),) = (sent := SHAPES["qualtrics_preview"](tmp_path)).files
    (problem,) = [one for one in check_upload(path, sent.study, wave=wave).issues if one.kind == "form_tried_out"]
    assert (problem.rows, problem.column) == ((4,), "C")
    assert "1 row comes from trying the form out" in problem.message


@pytest.mark.parametrize("name", ["microsoft_forms", "microsoft_forms_quiz", "google_forms", "qualtrics_text", "formr"])
def test_the_form_s_own_times_are_known(name: str, tmp_path: Path) -> None:
    sent = SHAPES[name](tmp_path)
    ((path, wave),) = sent.files
    days = check_upload(path, sent.study, wave=wave).days
    assert days[0] in ("2026-02-03", "2026-03-02")


@pytest.mark.parametrize("name", ROSTERS)
def test_a_roster_gives_facts_and_nothing_else(name: str, tmp_path: Path) -> None:
    sent = ROSTERS[name](tmp_path)
    ((path, _),) = sent.files
    upload = check_upload(path, sent.study)
    assert upload.ok, [one.message for one in upload.issues if one.severity in ("error", "ask")]
    assert upload.responses.empty
    assert list(upload.roster.columns) == ["pupil", "fsm", "year_group"]
    assert upload.roster["fsm"].tolist()[:2] == ["no", "yes"]
    assert set(upload.roster["year_group"]) == {"Year 5", "Year 6"}
    for one in upload.issues:
        assert "Zedric" not in one.message
        assert "Testname" not in one.message
        assert "@" not in one.message


def test_a_release_takes_the_facts_of_the_roster(tmp_path: Path) -> None:
    sent = ROSTERS["sims"](tmp_path)
    list_of_pupils = check_upload(sent.files[0][0], sent.study)
    other = [[*row[:1], *(6 - int(str(one)) for one in row[1:])] for row in rows()[1:]]
    uploads = [
        check_upload(written(tmp_path, content, name), sent.study, wave=name)
        for name, content in (("pre", rows()), ("post", [rows()[0], *other]))
    ]
    release = make_release([*uploads, list_of_pupils], sent.study, to=tmp_path / "release")
    assert release.roster["fsm"].tolist()[:2] == ["no", "yes"]
    assert list(release.roster.columns) == ["pupil", "fsm", "year_group", "in_pre", "in_post"]
    everything = b"".join(path.read_bytes() for path in (tmp_path / "release").iterdir())
    assert b"Zedric" not in everything
    assert b"A80120" not in everything


def test_a_pupil_twice_on_a_roster_is_asked_about(tmp_path: Path) -> None:
    sent = ROSTERS["bromcom"](tmp_path)
    ((path, _),) = sent.files
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines, lines[1].replace("Y6", "Y5"), lines[2]]), encoding="utf-8")
    upload = check_upload(path, sent.study)
    (problem,) = [one for one in upload.issues if one.kind == "pupil_twice"]
    assert problem.rows == (2, len(lines) + 1)
