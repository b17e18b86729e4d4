"""Pupil codes: issue them class by class, never one twice in a programme, and print them again."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import pandas as pd

from evalkit.errors import SpecError
from evalkit.records.chain import ChainedEntry, append_to_chain, read_chain
from evalkit.records.identifiers import CODE_CHARACTERS, code_check_character

LEDGER_FILE = "codes.jsonl"
PREFIX_LENGTH = 3
SERIAL_LENGTH = 3
MOST_CODES = 5_000
CODE_COLUMNS = ("group", "number", "pupil")
_GROUP = re.compile(r"\w[\w .&'()/-]{0,39}")
_LETTERS = "".join(one for one in CODE_CHARACTERS if one.isalpha())


class CodeIssue(ChainedEntry):
    """The codes that one group (a class, a year, a school) got at one time."""

    programme: str
    group: str
    prefix: str
    seed: int
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CodeList:
    """A class list of pupil codes.

    Attributes
    ----------
    frame : a row per code: `group`, `number` (from 1 in each group, over all issues), `pupil` (the code)
    issued : how many of them are new; the rest is printed again
    """

    frame: pd.DataFrame
    issued: int

    def __repr__(self) -> str:
        return f"<CodeList: {self.issued} codes issued>"


def issue_codes(groups: Mapping[str, int], *, programme: str, seed: int, ledger: str | Path) -> CodeList:
    """Issue pupil codes for classes or schools.

    Parameters
    ----------
    groups : mapping of a group's name to how many new codes it needs; 0 gives the codes it has once more
    programme : the evaluation's id; a code is never issued twice in a programme
    seed : int, 0 or more; the same seed, groups and order give the same codes
    ledger : the file that keeps what was issued, one line for each issue; keep it with the plan

    Returns
    -------
    CodeList - of the groups named, with all codes they ever got

    Raises
    ------
    SpecError
        A group's name or number cannot be used, the ledger is of another programme or was changed, or 0 codes were
        asked for a group that has none.

    Notes
    -----
    A code has seven characters: three that all codes of a group share, three drawn by HMAC-SHA-256 from seed,
    programme, group and count, and a check character (`records.identifiers.code_check_character`). It begins with a
    letter and has no E, so no spreadsheet program takes it for a number or a date.
    """
    _check_groups(groups)
    issued = 0
    for group, wanted in groups.items():
        if wanted:
            append_to_chain(ledger, CodeIssue, _Issue(programme, group, seed, wanted, Path(ledger)).entry)
            issued += wanted
    entries = read_chain(ledger, CodeIssue)
    rows: list[tuple[str, int, str]] = []
    for group in groups:
        codes = [code for one in entries if (one.programme, one.group) == (programme, group) for code in one.codes]
        if not codes:
            known = ", ".join(dict.fromkeys(one.group for one in entries)) or "none yet"
            raise SpecError(f"No codes were issued for '{group}' yet; say how many: '{group}=28'. Issued: {known}.")
        rows += [(group, number, code) for number, code in enumerate(codes, start=1)]
    return CodeList(pd.DataFrame(rows, columns=list(CODE_COLUMNS)), issued)


@dataclass(frozen=True, slots=True)
class _Issue:
    """One request for codes; `entry` says what the ledger's next line holds."""

    programme: str
    group: str
    seed: int
    wanted: int
    ledger: Path

    def entry(self, before: tuple[CodeIssue, ...]) -> dict[str, object]:
        others = sorted({one.programme for one in before} - {self.programme})
        if others:
            raise SpecError(f"{self.ledger}: this ledger is of '{others[0]}', not of '{self.programme}'. Name another.")
        prefix = next((one.prefix for one in before if one.group == self.group), "") or self._new_prefix(before)
        taken = {code for one in before for code in one.codes}
        codes: list[str] = []
        for step in count():
            body = prefix + self._drawn(f"serial {step}", SERIAL_LENGTH)
            code = body + code_check_character(body)
            if code not in taken:
                taken.add(code)
                codes.append(code)
            if len(codes) == self.wanted:
                break
        return {
            "programme": self.programme,
            "group": self.group,
            "prefix": prefix,
            "seed": self.seed,
            "codes": codes,
        }

    def _new_prefix(self, before: tuple[CodeIssue, ...]) -> str:
        taken = {one.prefix for one in before}
        candidates = (self._drawn(f"prefix {step}", PREFIX_LENGTH) for step in count())
        return next(one for one in candidates if one[0] in _LETTERS and one not in taken)

    def _drawn(self, what: str, length: int) -> str:
        message = "\n".join((self.programme, self.group, what)).encode()
        number = int.from_bytes(hmac.digest(str(self.seed).encode(), message, "sha256"), "big")
        characters: list[str] = []
        for _ in range(length):
            number, place = divmod(number, len(CODE_CHARACTERS))
            characters.append(CODE_CHARACTERS[place])
        return "".join(characters)


def _check_groups(groups: Mapping[str, int]) -> None:
    problems = [
        f"'{group}': a class is called by letters, digits, blanks and . & ' ( ) / -, at most 40 in all."
        for group in groups
        if not _GROUP.fullmatch(group)
    ]
    problems += [
        f"'{group}': {wanted} codes cannot be issued. Use 1 to {MOST_CODES:,}."
        for group, wanted in groups.items()
        if not 0 <= wanted <= MOST_CODES
    ]
    if not groups:
        problems.append("Name at least one class and how many codes it needs, such as 7B=28.")
    if problems:
        raise SpecError("No codes were issued.", problems=problems)
