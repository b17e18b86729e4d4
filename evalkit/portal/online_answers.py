"""What pupils answered in the browser and is no survey file yet: found, shown and erased by code.

The answers of an open round lie in `answers/<school>/<round>/`, a file for each pupil; beside them may lie the list of
the codes that may answer.
"""

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from django.db.models import QuerySet

from evalkit.custody.whole_folder import remove_folder
from evalkit.intake.pupils import code_key
from evalkit.portal.models import AnsweringRound, Programme, School
from evalkit.records.holding import Holding
from evalkit.records.whole_file import write_whole
from evalkit.road_custody import Step

FOLDER = "answers"
NOTE = "answered online, not sent yet"


def answers_of(programme: Programme, school: School | None) -> Path:
    """The folder of the answers of a school's pupils, or of all."""
    folder = programme.folder / FOLDER
    return folder / str(school.pk) if school else folder


def steps_for_answers(programme: Programme, code: str, school: School | None) -> list[Step]:
    """What erasing a pupil takes here: the pupil's own files go, and the code from lists of codes."""
    steps: list[Step] = []
    for path, content in _files(programme, school):
        if isinstance(content, dict) and code_key(str(content.get("pupil", ""))) == code_key(code):
            steps.append(Step(Holding("survey file", path, 1, "delete", NOTE), partial(path.unlink, missing_ok=True)))
        elif isinstance(content, list) and any(code_key(str(one)) == code_key(code) for one in content):
            kept = [one for one in content if code_key(str(one)) != code_key(code)]
            do = partial(write_whole, path, json.dumps(kept, ensure_ascii=False), secret=True)
            steps.append(Step(Holding("codes", path, 1, "erase", "from the list of who may answer online"), do))
    return steps


def deletion_of_answers(programme: Programme, school: School | None) -> list[Step]:
    """The deletion of all that a school's pupils, or all pupils, answered online, and of the rounds they did it in."""
    folder, count = answers_of(programme, school), _rounds(programme, school).count()
    if not count and not folder.is_dir():
        return []
    holding = Holding("survey file", folder, count, "delete", "rounds of answering online; their links stop working")
    return [Step(holding, partial(_delete_rounds, programme, school))]


def _delete_rounds(programme: Programme, school: School | None) -> None:
    """The rows and the folder. What is answered just then into a folder that goes is found by erasing again."""
    _rounds(programme, school).delete()
    remove_folder(answers_of(programme, school))


def _rounds(programme: Programme, school: School | None) -> QuerySet[AnsweringRound]:
    found = AnsweringRound.objects.filter(programme=programme)
    return found.filter(school=school) if school else found


def rows_of_answers(programme: Programme, code: str, school: School | None) -> list[tuple[object, ...]]:
    """What a pupil answered, as rows of `survey_rows`: where, sheet, row, question, answer."""
    names = {str(one.pk): one.name for one in programme.schools.all()}
    found: list[tuple[object, ...]] = []
    for path, content in _files(programme, school):
        if isinstance(content, dict) and code_key(str(content.get("pupil", ""))) == code_key(code):
            where = f"{NOTE} ({names.get(path.parent.parent.name, '')})"
            found += [(where, "", "", item, str(answer)) for item, answer in content.get("answers", {}).items()]
    return found


def _files(programme: Programme, school: School | None) -> Iterator[tuple[Path, object]]:
    for path in sorted(answers_of(programme, school).rglob("*.json")):
        yield path, json.loads(path.read_text(encoding="utf-8"))
