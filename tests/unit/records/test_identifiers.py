import pytest

from evalkit.records.identifiers import (
    code_check_character,
    read_laestab,
    read_pupil_code,
    read_upn,
    read_urn,
    upn_check_letter,
)

GOOD = "B801200005001"


def test_the_published_vectors() -> None:
    assert read_upn(GOOD).ok
    assert read_upn("A801200005001").verdict == "check_wrong"
    # 2*2 + 0 + 7*4 + 0... = 266 = 11 * 23 + 13, and place 13 is P; a vendor's page says Q.
    assert upn_check_letter("207000016049") == "P"


def test_a_wrong_check_letter_is_kept_with_a_warning() -> None:
    found = read_upn("A801200005001")
    assert found.value == "A801200005001"
    assert "it may stay" in found.message


@pytest.mark.parametrize(
    "typed", ["b801200005001", " B8012 0000 5001 ", "B801-2000-05001", "Ｂ８０１２００００５００１", "B801200005001\n"]
)
def test_capitals_blanks_and_hyphens_are_put_right(typed: str) -> None:
    assert read_upn(typed).value == GOOD


def test_temporary_upns_end_in_a_letter() -> None:
    body = "80120000500A"
    found = read_upn(upn_check_letter(body) + body)
    assert found.ok
    assert found.temporary
    assert not read_upn(GOOD).temporary
    # the letter counts as its place: A is 0, so the check letter is that of the same digits with 0
    assert upn_check_letter("80120000500A") == upn_check_letter("801200005000")


@pytest.mark.parametrize("typed", ["B8O12OOOO5OO1", "B8OI2OOOOSOOI", "b8012000o5001"])
def test_letters_taken_for_digits_are_asked_about(typed: str) -> None:
    found = read_upn(typed)
    assert (found.verdict, found.value, found.suggestion) == ("pattern_wrong", "", GOOD)
    assert "place" in found.message


def test_no_suggestion_where_the_check_letter_does_not_bear_it_out() -> None:
    assert read_upn("A8O1200005001").suggestion == ""


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ("UN3", "no UPN yet"),
        ("B80120000500", "this has 12"),
        ("8801200005001", "begins with a letter"),
        ("S801200005001", "never begins with S"),
        ("B80120000500I1", "this has 14"),
        ("B8012x0005001", "something else"),
        ("", "this has 0"),
        ("B٨٠١٢٠٠٠٠٥٠٠١", "something else"),
    ],
)
def test_a_wrong_pattern_is_an_error_with_help(typed: str, words: str) -> None:
    found = read_upn(typed)
    assert found.verdict == "pattern_wrong"
    assert words in found.message


@pytest.mark.parametrize("typed", ["A801200005001", "B8O1200005001", "B80120000500", "S801200005001"])
def test_no_message_repeats_a_upn(typed: str) -> None:
    message = read_upn(typed).message
    assert typed not in message
    assert GOOD not in message


def test_a_upn_body_of_another_shape_is_refused() -> None:
    for body in ("80120000500", "80120000500I", "8012000050011"):
        with pytest.raises(ValueError, match="11 digits"):
            upn_check_letter(body)


def test_urns_are_six_digits() -> None:
    assert read_urn("123456").ok
    assert read_urn(" 123 456 ").value == "123456"
    assert read_urn("123456.0").value == "123456"
    assert "LAESTAB" in read_urn("8012000").message
    assert read_urn("12345").message == "a URN has 6 digits, this has 5"
    assert read_urn("I2345O").suggestion == "123450"
    assert read_urn("St Mary's").suggestion == ""


def test_laestabs_are_seven_digits_with_or_without_a_slash() -> None:
    assert [read_laestab(one).value for one in ("8012000", "801/2000", "801 2000", "801-2000", "8012000.0")] == [
        "8012000"
    ] * 5
    assert read_laestab("801/200").verdict == "pattern_wrong"
    assert "nothing else" in read_laestab("801/abcd").message


def test_our_own_codes() -> None:
    code = "KX7M4R" + code_check_character("KX7M4R")
    assert read_pupil_code(code).ok
    assert read_pupil_code("kx7 m4r-" + code[-1].lower()).value == code
    assert read_pupil_code("KX7M4RK").verdict == "check_wrong"
    assert read_pupil_code("KX7").verdict == "pattern_wrong"
    assert "class list" in read_pupil_code("KX7M4R!").message


def test_a_character_that_no_code_has_is_asked_about() -> None:
    code = "K58M4R" + code_check_character("K58M4R")
    found = read_pupil_code(code.replace("5", "S").replace("8", "B"))
    assert (found.verdict, found.suggestion) == ("pattern_wrong", code)
    assert found.message.startswith("no code has a S, B.")
