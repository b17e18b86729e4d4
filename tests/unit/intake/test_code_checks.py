"""Codes with a check character in a file (case 52 and our own codes)."""

import pytest

from evalkit.records.identifiers import code_check_character, upn_check_letter

OURS = [body + code_check_character(body) for body in ("KX7M4R", "KX7P2C", "KX79HT", "KX7WJF")]
UPNS = [upn_check_letter(body) + body for body in ("801200005001", "801200005002", "801200005003", "801200005004")]


def rows(desk, *codes: str) -> list[list[object]]:
    answers = desk.expected(len(codes))
    return [desk.table()[0], *([code, *some] for code, some in zip(codes, answers, strict=True))]


def test_our_codes_are_written_alike(desk) -> None:
    typed = [OURS[0].lower(), f"{OURS[1][:3]} {OURS[1][3:]}", f"{OURS[2][:3]}-{OURS[2][3:]}", OURS[3]]
    upload = desk.check(rows(desk, *typed))
    assert upload.responses["pupil"].tolist() == OURS
    assert upload.ok


def test_a_mistyped_code_of_ours_is_an_error_and_a_misread_one_is_asked(desk, only) -> None:
    swapped = OURS[0][:4] + OURS[0][5] + OURS[0][4] + OURS[0][6]
    misread = next(code for code in OURS if "2" in code)
    upload = desk.check(rows(desk, *OURS, swapped, misread.replace("2", "Z"), "NEW1"))
    assert only(upload, "code_mistyped").rows == (6,)
    assert "class list" in only(upload, "code_mistyped").mend
    assert misread in only(upload, "code_misread").mend
    assert only(upload, "code_of_another_kind").severity == "warn"
    assert not upload.ok


def test_codes_of_other_kinds_are_left_alone(desk) -> None:
    assert desk.check(rows(desk, "P1", "P2", "P3", "KX7M4R2")).ok


def test_52_upns_wrong_pattern_and_wrong_letter(desk, only) -> None:
    wrong_letter = "A" + UPNS[0][1:]
    upload = desk.check(rows(desk, *UPNS[1:], wrong_letter, UPNS[0][:-1], UPNS[1].replace("0", "O", 1)))
    assert only(upload, "upn_letter").severity == "warn"
    assert only(upload, "upn_letter").rows == (5,)
    patterns = [issue for issue in upload.issues if issue.kind == "upn_pattern"]
    assert {issue.rows for issue in patterns} == {(6,), (7,)}
    assert all(issue.severity == "error" for issue in patterns)
    assert "letter O in place" in " ".join(issue.message for issue in patterns)
    for issue in upload.issues:
        assert not any(upn[1:] in issue.message or upn in issue.message for upn in [*UPNS, wrong_letter])


def test_52_a_wrong_letter_alone_may_stay(desk, only) -> None:
    upload = desk.check(rows(desk, *UPNS[1:], "A" + UPNS[0][1:]))
    assert only(upload, "upn_letter").rows == (5,)
    assert [one.kind for one in upload.issues if one.severity in ("error", "ask")] == ["upn_as_code"]


@pytest.mark.parametrize("text", ["b8012 0000 5001", "B801200005001 "])
def test_upns_are_written_alike(desk, text) -> None:
    upload = desk.check(rows(desk, text, *UPNS[1:]))
    assert upload.responses["pupil"].tolist()[0] == "B801200005001"
