"""What pupils answer in the browser: a file for each pupil until the round is closed, then one survey file.

A file is named by a hash that only the round's link could make again; it holds the pupil's code and answers, and
nothing else: no name, no time, no address.
"""

import csv
import hmac
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from evalkit.custody.codes import LEDGER_FILE, CodeIssue
from evalkit.intake.pupils import code_key, is_private
from evalkit.portal.models import AnsweringRound
from evalkit.records.cells import harmless_cell
from evalkit.records.chain import read_chain
from evalkit.records.form import Form
from evalkit.records.identifiers import IdentifierReading, read_pupil_code
from evalkit.records.whole_file import write_whole

LIST_FILE = "class list.json"
LONGEST_CODE = 30
_CODE = re.compile(r"[\w][\w ./-]*")
_AS_ON_LIST = "Type it exactly as it stands on your slip, or ask your teacher."


@dataclass(frozen=True, slots=True)
class Answered:
    """What one pupil has answered so far.

    Attributes
    ----------
    code : as the class list or the pupil wrote it
    answers : instrument.item -> code of the answer
    finished : whether the pupil said so
    """

    code: str
    answers: Mapping[str, int]
    finished: bool = False


@dataclass(frozen=True, slots=True)
class CodeReading:
    """The pupil's code, or why there is none, as one tells a child."""

    code: str
    message: str = ""


def read_code(typed: str, listed: Mapping[str, str]) -> CodeReading:
    """Read what a pupil typed.

    Parameters
    ----------
    typed : as it stood in the field
    listed : the class list, key -> code; empty where the school gave none, so that any code will do
    """
    code = " ".join(unicodedata.normalize("NFKC", typed).split())
    if not code:
        return CodeReading("", "Type your pupil code")
    issued = read_pupil_code(code)
    if listed:
        found = listed.get(code_key(code)) or listed.get(code_key(issued.value))
        return CodeReading(found) if found else CodeReading("", f"{_fault(issued, listed)} {_AS_ON_LIST}")
    if is_private(code):
        return CodeReading("", "Do not type an e-mail address or your UPN here. Type the code your teacher gave you.")
    if len(code) > LONGEST_CODE or not _CODE.fullmatch(code):
        return CodeReading("", f"A code has letters and numbers only. {_AS_ON_LIST}")
    if not any(one.isdigit() for one in code):
        return CodeReading("", "Do not type your name. A code has at least one number in it.")
    return CodeReading(issued.value if issued.ok else code)


def _fault(issued: IdentifierReading, listed: Mapping[str, str]) -> str:
    """What is wrong with a code that is not on the list; codes that evalkit issued carry a check character."""
    if code_key(issued.suggestion) in listed:
        return f"Did you mean {issued.suggestion}?"
    if issued.verdict == "check_wrong" and all(read_pupil_code(one).ok for one in listed.values()):
        return "One letter or number in this code is not right."
    return "This code is not on the class list."


def class_list(one: AnsweringRound) -> dict[str, str]:
    """The codes that may answer, key -> code: those the school gave, and those issued for the programme."""
    path = one.folder / LIST_FILE
    codes = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []
    ledger = one.programme.folder / LEDGER_FILE
    if ledger.is_file():
        codes += [code for entry in read_chain(ledger, CodeIssue) for code in entry.codes]
    return {code_key(code): code for code in codes}


def keep_class_list(one: AnsweringRound, codes: Iterable[str]) -> None:
    """Keep the codes that a school gave. Raises EvalkitError when the disk does not take them."""
    _write(one, LIST_FILE, list(codes))


def answered_by(one: AnsweringRound, code: str) -> Answered:
    """What a pupil answered so far; nothing when the code is new."""
    path = one.folder / _name(one, code)
    return _read(path) if path.is_file() else Answered(code, {})


def keep_answers(one: AnsweringRound, given: Answered) -> None:
    """Keep what a pupil has answered. Raises EvalkitError when the disk does not take it."""
    record = {"pupil": given.code, "answers": dict(given.answers), "finished": given.finished}
    _write(one, _name(one, given.code), record)


def everything_answered(one: AnsweringRound) -> list[Answered]:
    """What all pupils answered, by code; those who opened the page and answered nothing left out."""
    found = [_read(path) for path in one.folder.glob("*.json") if path.name != LIST_FILE]
    return sorted((each for each in found if each.answers), key=lambda each: code_key(each.code))


def survey_file(form: Form, answered: Iterable[Answered]) -> bytes:
    """The answers as a survey file that is read without a question: a row for each pupil, a column for each item.

    Facts and numbers of tests that the plan wants have empty columns; pupils are not asked for them.
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    targets = [question.target for question in form.questions]
    writer.writerow([form.pupil_header, *(harmless_cell(each) for each in form.details), *targets])
    for one in answered:
        empty = [""] * len(form.details)
        writer.writerow([harmless_cell(one.code), *empty, *(str(one.answers.get(each, "")) for each in targets)])
    return text.getvalue().encode()


def _name(one: AnsweringRound, code: str) -> str:
    return hmac.digest(one.token.encode(), code_key(code).encode(), "sha256").hex() + ".json"


def _read(path: Path) -> Answered:
    record = json.loads(path.read_text(encoding="utf-8"))
    return Answered(record["pupil"], record["answers"], record["finished"])


def _write(one: AnsweringRound, name: str, content: object) -> None:
    one.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_whole(one.folder / name, json.dumps(content, ensure_ascii=False), secret=True)
