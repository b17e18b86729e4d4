"""Every case of the case list that is about tables, cells and pupils: what evalkit says, and that it says it kindly."""

import re
from pathlib import Path

import pytest

from evalkit.intake.check import check_upload
from evalkit.intake.linking import link_problems
from evalkit.records.mapping import decide
from evalkit.records.responses import Problem, Upload
from tests.intake_cases import cells, people, tables  # noqa: F401 - they put their cases on the list
from tests.intake_cases.cases import CASES, SEVERITIES, Case, Sent

OTHERS = {*range(1, 15), *range(28, 33), 51, 63, *range(68, 81)}  # test_file_cases.py, test_data_lock.py, ...


def checked(sent: Sent, mapping: object = None) -> tuple[list[Upload], list[Problem]]:
    uploads = [check_upload(path, sent.study, wave=wave, school=sent.school) for path, wave in sent.files]
    problems = [issue for upload in uploads for issue in upload.issues]
    return uploads, [*problems, *(link_problems(uploads, sent.study) if len(uploads) > 1 else ())]


def test_every_number_of_the_list_is_here_or_in_another_test() -> None:
    assert {case.number for case in CASES.values()} | OTHERS == set(range(1, 81))


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_the_case_has_its_outcome(case: Case, tmp_path: Path) -> None:
    _, problems = checked(case.make(tmp_path))
    if not case.outcome:
        assert {one.severity for one in problems} <= {"fixed"}
        return
    mine = [one for one in problems if one.kind == case.kind]
    assert len(mine) >= 1, [(one.kind, one.message) for one in problems]
    assert {one.severity for one in mine} == {SEVERITIES[case.outcome]}
    worse = {"F": {"error", "ask"}, "W": {"error", "ask"}, "A": {"error"}, "E": set()}[case.outcome]
    assert not [one.message for one in problems if one.severity in worse and one.kind != case.kind]


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_what_is_said_is_kind_and_exact(case: Case, tmp_path: Path) -> None:
    sent = case.make(tmp_path)
    _, problems = checked(sent)
    names = [path.name for path, _ in sent.files]
    for one in problems:
        assert any(name in one.file for name in names)
        assert one.mend.endswith((".", "?"))
        assert not re.search(r"Traceback|None\b(?!')|nan\b|\{\}|  ", one.message), one.message
        assert "@" not in one.message
        assert not re.search(r"Zedric|Test Pupil", one.message)
        if one.severity in ("error", "ask"):
            assert len(one.mend) > 20


@pytest.mark.parametrize("case", [one for one in CASES.values() if one.outcome == "A"], ids=lambda one: one.name)
def test_what_is_asked_can_be_answered_once_for_all(case: Case, tmp_path: Path) -> None:
    """The first answer that settles the question is taken, kept as a mapping file, and replayed."""
    sent = case.make(tmp_path)
    _, problems = checked(sent)
    asked = [one for one in problems if one.kind == case.kind and one.questions]
    if case.number == 66:
        assert not asked  # another file must be sent
        return
    assert asked, case.name
    from evalkit.intake.check import mapping_file
    from evalkit.records.mapping import mapping_text

    uploads, _ = checked(sent)
    for upload in uploads:
        mine = [one for one in asked if upload.source.file in one.file]
        mapping = None
        for one in mine:
            for question in one.questions:
                mapping = decide(mapping, question.choices[0].decision)
        if mapping is not None:
            path = mapping_file(sent.study, upload.form)
            path.parent.mkdir(exist_ok=True)
            path.write_text(mapping_text(mapping), encoding="utf-8")
    _, after = checked(sent)
    assert not [one.message for one in after if one.kind == case.kind and one.severity == "ask"]
