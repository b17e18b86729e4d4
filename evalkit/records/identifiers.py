"""Identifiers of pupils and schools: tidied, checked, never guessed. All of them are text.

A UPN may be used in education only and tells who a pupil is: no message here repeats one.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"
CODE_CHARACTERS = "23456789CDFHJKMNPRTVWXY"
CODE_LENGTH = 7
Verdict = Literal["good", "check_wrong", "pattern_wrong"]

_UPN = re.compile(r"[A-HJ-NP-RT-Z][0-9]{11}[0-9A-HJ-NP-RT-Z]")
_NO_UPN_YET = re.compile(r"UN[1-5]")
_MISREAD_DIGITS = {"O": "0", "I": "1", "S": "5"}
# Characters that no code has, each with the only character of a code that it can be mistaken for.
_NO_BLANKS = str.maketrans("", "", " -_")
_MISREAD_IN_CODE = {"B": "8", "G": "6", "S": "5", "Z": "2", "O": "D", "0": "D", "Q": "D", "U": "V"}


@dataclass(frozen=True, slots=True)
class IdentifierReading:
    """What stands in a cell that should hold an identifier.

    Attributes
    ----------
    value : the identifier without blanks and separators, in capitals; empty when the pattern is wrong
    verdict : good; check_wrong (the pattern is right, the check character is not: a warning, the person may say that it
        is right all the same); pattern_wrong (an error)
    message : what is wrong and how to mend it, one or two sentences; empty when it is good
    suggestion : the identifier that was probably meant; to be asked, never assumed. Empty when none offers itself
    temporary : whether it is a temporary UPN
    """

    value: str
    verdict: Verdict
    message: str = ""
    suggestion: str = ""
    temporary: bool = False

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong with it."""
        return self.verdict == "good"


def upn_check_letter(body: str) -> str:
    """The letter that a UPN begins with.

    Parameters
    ----------
    body : str - the 12 characters after it: 11 digits, then a digit or (temporary UPN) a letter

    Notes
    -----
    The characters at places 2 to 13 are multiplied by their place and added up; a letter counts as its place in
    ABCDEFGHJKLMNPQRTUVWXYZ, from 0. The sum modulo 23 is the place of the check letter [1]_. A single wrong digit and
    two digits that changed places always show; anything else shows in 22 of 23 cases.

    References
    ----------
    .. [1] Department for Education. Unique pupil numbers, guide 1.2; UK government data standards catalogue, UPN 2.0.

    Examples
    --------
    >>> upn_check_letter("207000016049"), upn_check_letter("801200005001")
    ('P', 'B')
    """
    if not re.fullmatch(r"[0-9]{11}[0-9A-HJ-NP-RT-Z]", body):
        raise ValueError("The body of a UPN has 11 digits, then a digit or a letter other than I, O and S.")
    values = (int(one) if one.isdigit() else UPN_LETTERS.index(one) for one in body)
    return UPN_LETTERS[sum(place * value for place, value in enumerate(values, start=2)) % 23]


def read_upn(text: str) -> IdentifierReading:
    """Read a Unique Pupil Number.

    Where it was issued is not checked: closed authorities, Welsh ones and pseudo codes all occur.

    Examples
    --------
    >>> read_upn("b8012 0000 5001").value, read_upn("A801200005001").verdict, read_upn("B80120000500").verdict
    ('B801200005001', 'check_wrong', 'pattern_wrong')
    """
    bare = _bare(text)
    if _UPN.fullmatch(bare):
        temporary = bare[-1].isalpha()
        if bare[0] == upn_check_letter(bare[1:]):
            return IdentifierReading(bare, "good", temporary=temporary)
        message = (
            "the first letter of the UPN does not go with its other characters, so one of them is probably mistyped. "
            "Compare it with your school's system; if it stands there like this, it may stay"
        )
        return IdentifierReading(bare, "check_wrong", message, temporary=temporary)
    if _NO_UPN_YET.fullmatch(bare):
        return IdentifierReading("", "pattern_wrong", f"{bare} means that there is no UPN yet. Use another code")
    meant, places = _digits_meant(bare)
    if meant:
        return IdentifierReading("", "pattern_wrong", f"the UPN has {places}. Is the digit meant?", meant)
    return IdentifierReading("", "pattern_wrong", _upn_fault(bare))


def is_upn(text: str) -> bool:
    """Whether it is built like a UPN, right or wrong: then no message may repeat it."""
    return bool(_UPN.fullmatch(_bare(text)))


def _digits_meant(bare: str) -> tuple[str, str]:
    """The UPN with letters O, I, S turned into digits, if that makes a good one, and which letters stand where."""
    meant = bare[:1] + "".join(_MISREAD_DIGITS.get(one, one) for one in bare[1:])
    if meant == bare or not _UPN.fullmatch(meant) or meant[0] != upn_check_letter(meant[1:]):
        return "", ""
    found = [
        f"the letter {one} in place {place} (digit {_MISREAD_DIGITS[one]}?)"
        for place, one in enumerate(bare, start=1)
        if place > 1 and one in _MISREAD_DIGITS
    ]
    return meant, " and ".join(found)


def _upn_fault(bare: str) -> str:
    rule = "A UPN is one letter and 12 digits (a temporary one ends in a letter)"
    if len(bare) != 13:
        return f"a UPN has 13 characters, this has {len(bare)}. {rule}"
    if not bare[0].isalpha():
        return f"a UPN begins with a letter, this does not. {rule}"
    if bare[0] in _MISREAD_DIGITS:
        return f"a UPN never begins with {bare[0]}. {rule}, none of them I, O or S"
    return f"{rule}; this has something else in between"


def read_urn(text: str) -> IdentifierReading:
    """Read a school's Unique Reference Number: 6 digits, kept as text.

    Examples
    --------
    >>> read_urn(" 123456.0 ").value, read_urn("12345").message
    ('123456', 'a URN has 6 digits, this has 5')
    """
    bare = _bare(_without_fraction(text))
    if re.fullmatch(r"[0-9]{6}", bare):
        return IdentifierReading(bare, "good")
    if re.fullmatch(r"[0-9]+", bare):
        if len(bare) == 7:
            return IdentifierReading("", "pattern_wrong", "a URN has 6 digits, this has 7. Is it the LAESTAB?")
        return IdentifierReading("", "pattern_wrong", f"a URN has 6 digits, this has {len(bare)}")
    meant = "".join(_MISREAD_DIGITS.get(one, one) for one in bare)
    suggestion = meant if re.fullmatch(r"[0-9]{6}", meant) else ""
    return IdentifierReading("", "pattern_wrong", "a URN has 6 digits and nothing else", suggestion)


def read_laestab(text: str) -> IdentifierReading:
    """Read a school's LAESTAB: 3 digits of the local authority, 4 of the establishment; 801/2000 is read too.

    It changes when the authority's number does, so schools are linked by URN.

    Examples
    --------
    >>> read_laestab("801/2000").value, read_laestab("8012").message
    ('8012000', 'a LAESTAB has 7 digits (3 for the authority, 4 for the school), this has 4')
    """
    bare = _bare(_without_fraction(text)).replace("/", "")
    if re.fullmatch(r"[0-9]{7}", bare):
        return IdentifierReading(bare, "good")
    rule = "a LAESTAB has 7 digits (3 for the authority, 4 for the school)"
    found = f", this has {len(bare)}" if re.fullmatch(r"[0-9]+", bare) else " and nothing else"
    return IdentifierReading("", "pattern_wrong", rule + found)


def code_check_character(body: str) -> str:
    """The last character of a pupil code that begins with `body`.

    Notes
    -----
    Each character counts as its place in `CODE_CHARACTERS` (from 0), multiplied by its place in the code (from 1); the
    check character makes the sum divisible by 23. 23 is prime and a code is shorter than that, so every single wrong
    character and every two characters that changed places show. The characters leave out what looks like another (0 and
    O, 1 and I and L, 2 and Z, 5 and S, 6 and G, 8 and B, U and V) and all vowels, so no code is a word.

    Examples
    --------
    >>> code_check_character("KX7M4R")
    'J'
    """
    values = [CODE_CHARACTERS.index(one) for one in body]
    total = sum(place * value for place, value in enumerate(values, start=1))
    return CODE_CHARACTERS[-total * pow(len(body) + 1, -1, 23) % 23]


def read_pupil_code(text: str) -> IdentifierReading:
    """Read a pupil code that `evalkit codes` issued; small letters, blanks and hyphens make no difference.

    Examples
    --------
    >>> read_pupil_code("kx7-m4rj").value, read_pupil_code("KX7M4RK").verdict
    ('KX7M4RJ', 'check_wrong')
    """
    bare = _bare(text)
    if len(bare) == CODE_LENGTH and all(one in CODE_CHARACTERS for one in bare):
        if bare[-1] == code_check_character(bare[:-1]):
            return IdentifierReading(bare, "good")
        return IdentifierReading(
            bare, "check_wrong", "no pupil has this code: a character is mistyped. Compare it with the class list"
        )
    meant = "".join(_MISREAD_IN_CODE.get(one, one) for one in bare) if len(bare) == CODE_LENGTH else bare
    if meant != bare:
        again = read_pupil_code(meant)
        if again.ok:
            message = f"no code has a {_listed(bare)}. Is {meant} meant?"
            return IdentifierReading("", "pattern_wrong", message, meant)
    return IdentifierReading(
        "", "pattern_wrong", f"a pupil code has {CODE_LENGTH} characters out of {CODE_CHARACTERS}. See the class list"
    )


def _listed(bare: str) -> str:
    return ", ".join(dict.fromkeys(one for one in bare if one not in CODE_CHARACTERS))


def _without_fraction(text: str) -> str:
    """Spreadsheet programs hand on the number 123456 as 123456.0."""
    return re.sub(r"[.,]0+\s*\Z", "", text)


def _bare(text: str) -> str:
    """Capitals, without blanks, hyphens and invisible characters; full-width forms made plain."""
    if text.isascii() and text.isprintable():
        return text.upper().translate(_NO_BLANKS)
    folded = unicodedata.normalize("NFKC", text).upper()
    return "".join(
        one for one in folded if not one.isspace() and unicodedata.category(one)[0] != "C" and one not in "-‐‑–_"
    )
