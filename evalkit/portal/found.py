"""What the check of a file found, kept beside the file: problems, questions, counts. The database holds none of it."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from evalkit.portal.models import SurveyUpload
from evalkit.portal.models.uploads import CHECK_FILE
from evalkit.records.responses import Choice, Problem, Question
from evalkit.records.whole_file import write_whole

PUPILS_FILE = "pupils.json"
_SENTENCE = re.compile(r"(?<=[.?!]) (?=[A-Z])")
_FOR_EVALUATORS = ("mapping file", "write that the code stays", "'sheet:'", ": {", "in the plan")


@dataclass(frozen=True, slots=True)
class ScaleRead:
    """How much of one questionnaire a file holds: questions asked, answers that can be used, answers missing."""

    title: str
    questions: int
    answers: int
    missing: int


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a file.

    Attributes
    ----------
    problems : as in `Upload.issues`, and those that show beside the school's other files; without cells
    scales : how much of each questionnaire was read
    columns : what the columns were taken for, a line each
    decisions : what was decided earlier and was applied, a sentence each
    unreadable : why nothing could be read; "" when something was
    """

    problems: tuple[Problem, ...] = ()
    scales: tuple[ScaleRead, ...] = ()
    columns: tuple[str, ...] = ()
    decisions: tuple[str, ...] = ()
    unreadable: str = ""

    @property
    def asked(self) -> list[tuple[str, Problem, Question]]:
        """Every question that can be answered on the page, with a key that stands for it and its choices."""
        return [(key_of(question), one, question) for one in self.problems for question in one.questions]

    @property
    def must_answer(self) -> bool:
        """Whether the file cannot go on before a question is answered."""
        return any(one.severity == "ask" and one.questions for one in self.problems)

    @property
    def to_mend(self) -> list[Problem]:
        """What must be mended in the file."""
        return [one for one in self.problems if one.severity in ("error", "ask") and not one.questions]

    def of(self, severity: str) -> list[Problem]:
        """The problems of one severity."""
        return [one for one in self.problems if one.severity == severity]


def key_of(question: Question) -> str:
    """A name for a question that changes when its words or its choices do."""
    content = json.dumps([question.words, [[one.words, one.decision] for one in question.choices]], sort_keys=True)
    return "q" + hashlib.sha256(content.encode()).hexdigest()[:16]


def keep_found(upload: SurveyUpload, found: Found, pupils: list[dict[str, str]]) -> None:
    """Write what was found, and who is in the file, beside the file.

    Parameters
    ----------
    pupils : `key` (see `code_key`), `wave` and, where the file has it, `class` of each usable row
    """
    content = asdict(replace(found, problems=tuple(replace(one, cells=()) for one in found.problems)))
    write_whole(upload.folder / PUPILS_FILE, json.dumps(pupils, ensure_ascii=False))
    write_whole(upload.folder / CHECK_FILE, json.dumps(content, ensure_ascii=False))


def read_found(upload: SurveyUpload) -> Found:
    """What was found in a file; nothing when it was not checked yet, or when what was found was erased."""
    path = upload.folder / CHECK_FILE
    if not path.is_file():
        return Found()
    content = json.loads(path.read_text(encoding="utf-8"))
    return Found(
        problems=tuple(_problem(one) for one in content["problems"]),
        scales=tuple(ScaleRead(**one) for one in content["scales"]),
        columns=tuple(content["columns"]),
        decisions=tuple(content["decisions"]),
        unreadable=content["unreadable"],
    )


def pupils_of(upload: SurveyUpload) -> list[dict[str, str]]:
    """Who is in a file, as `keep_found` wrote it."""
    path = upload.folder / PUPILS_FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else []


def for_school(mend: str) -> str:
    """What to do, without what only an evaluator at a terminal can do."""
    sentences = _SENTENCE.split(mend)
    kept = [one for one in sentences if not any(words in one for words in _FOR_EVALUATORS)]
    return " ".join(kept) or "Correct it in the file, or ask the evaluator."


def _problem(content: Mapping[str, Any]) -> Problem:
    questions = tuple(
        Question(one["words"], tuple(Choice(each["words"], each["decision"]) for each in one["choices"]))
        for one in content["questions"]
    )
    return Problem(**{**content, "rows": tuple(content["rows"]), "questions": questions, "cells": ()})
