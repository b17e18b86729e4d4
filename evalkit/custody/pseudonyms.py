"""Pseudonyms: what stands in a release in place of a pupil's code."""

import hmac
import unicodedata
from collections.abc import Iterable

from evalkit.custody.keys import Key
from evalkit.records.identifiers import CODE_CHARACTERS

LENGTH = 16


def pseudonym(code: str, key: Key) -> str:
    """The pseudonym of a pupil's code.

    Parameters
    ----------
    code : str - as typed; capitals, full-width forms and blanks around it make no difference
    key : Key - of this programme

    Returns
    -------
    str - p, the version of the key, a hyphen and 16 characters, as in p1-7KXM4RJ9TCH2WDVN

    Notes
    -----
    HMAC-SHA-256 with the key over programme and code, cut to 16 characters of 23 (72 bits): among 9 million pupils two
    get the same with a probability below 1 in 100 million. Another programme has another key, so its pseudonyms of the
    same pupils cannot be put beside these. Without the key, codes cannot be tried out, which a plain hash would allow.
    A pseudonym is still personal data, as long as the key exists.
    """
    plain = unicodedata.normalize("NFKC", code).strip().casefold()
    digest = hmac.digest(key.secret, f"{key.programme}\n{plain}".encode(), "sha256")
    number = int.from_bytes(digest, "big")
    characters: list[str] = []
    for _ in range(LENGTH):
        number, place = divmod(number, len(CODE_CHARACTERS))
        characters.append(CODE_CHARACTERS[place])
    return f"p{key.version}-{''.join(characters)}"


def pseudonyms(codes: Iterable[str], key: Key) -> dict[str, str]:
    """The pseudonym of each code, by the code as it stands."""
    return {code: pseudonym(code, key) for code in codes}
