"""What the check characters promise: no single wrong character and no two swapped ones go unseen."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from evalkit.custody.codes import issue_codes
from evalkit.records.identifiers import (
    CODE_CHARACTERS,
    UPN_LETTERS,
    code_check_character,
    read_laestab,
    read_pupil_code,
    read_upn,
    read_urn,
    upn_check_letter,
)

CALM = settings(max_examples=150, deadline=None)
BODIES = st.tuples(st.text("0123456789", min_size=11, max_size=11), st.sampled_from("0123456789" + UPN_LETTERS)).map(
    "".join
)
CODES = st.text(CODE_CHARACTERS, min_size=6, max_size=6).map(lambda body: body + code_check_character(body))


def put(text, place, character):
    return text[:place] + character + text[place + 1 :]


def swapped(text, one, other):
    return put(put(text, one, text[other]), other, text[one])


@CALM
@given(BODIES)
def test_every_wrong_digit_and_every_swap_in_a_upn_shows(body):
    upn = upn_check_letter(body) + body
    assert read_upn(upn).ok
    for place in range(1, 13):
        allowed = "0123456789" if upn[place].isdigit() else UPN_LETTERS
        for character in allowed.replace(upn[place], ""):
            assert read_upn(put(upn, place, character)).verdict == "check_wrong"
    digits = [place for place in range(1, 13) if upn[place].isdigit()]
    for one in digits:
        for other in digits:
            if upn[one] != upn[other]:
                assert read_upn(swapped(upn, one, other)).verdict == "check_wrong"


@CALM
@given(CODES)
def test_every_wrong_character_and_every_swap_in_a_code_shows(code):
    assert read_pupil_code(code).value == code
    for place in range(len(code)):
        for character in CODE_CHARACTERS.replace(code[place], ""):
            assert not read_pupil_code(put(code, place, character)).ok
        for other in range(place):
            if code[place] != code[other]:
                assert not read_pupil_code(swapped(code, place, other)).ok


@CALM
@given(st.text(max_size=20))
def test_no_text_makes_a_reader_fail(text):
    for read in (read_upn, read_urn, read_laestab, read_pupil_code):
        found = read(text)
        assert found.ok == (found.message == "")
        assert bool(found.value) == (found.verdict != "pattern_wrong")
        if found.ok:
            assert read(found.value).value == found.value
        if found.suggestion:
            assert read(found.suggestion).ok


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from(["7A", "7B", "Year 8", "St Mary's"]), st.integers(1, 40)), max_size=6),
    st.integers(0, 2**32 - 1),
)
def test_no_code_is_issued_twice_and_the_seed_decides(requests, seed):
    lists = []
    with tempfile.TemporaryDirectory() as folder:
        for name in ("one.jsonl", "two.jsonl"):
            ledger = Path(folder) / name
            made = [issue_codes({group: n}, programme="x", seed=seed, ledger=ledger).frame for group, n in requests]
            lists.append([frame["pupil"].tolist() for frame in made])
    assert lists[0] == lists[1]
    wanted: dict[str, int] = {}
    for (group, n), codes in zip(requests, lists[0], strict=True):
        wanted[group] = wanted.get(group, 0) + n
        assert len(codes) == len(set(codes)) == wanted[group]
        assert all(read_pupil_code(code).value == code for code in codes)
        assert len({code[:3] for code in codes}) == 1
    final = {group: set(codes) for (group, _), codes in zip(requests, lists[0], strict=True)}
    assert len(set().union(*final.values())) == sum(map(len, final.values()))
