"""Add a programme: its plan is checked in a scratch folder and put in its place in one step."""

import tempfile
from pathlib import Path
from uuid import UUID

from evalkit.custody.whole_folder import folder_in_making
from evalkit.errors import SpecError
from evalkit.portal.models import Membership, Person, Programme, Role
from evalkit.records.evaluation import EVALUATION_FILE, Study, load_evaluation


def read_plan(content: bytes) -> Study:
    """Check a plan. Raises SpecError whose sentences name the line and not where it was checked."""
    with tempfile.TemporaryDirectory(prefix="evalkit-plan-") as scratch:
        path = Path(scratch) / EVALUATION_FILE
        path.write_bytes(content)
        try:
            return load_evaluation(path)
        except SpecError as error:
            said = [without_folder(one, path.parent) for one in error.problems]
            raise SpecError(without_folder(error.message, path.parent), problems=said) from None


def add_programme(study: Study, content: bytes, *, id: UUID, by: Person) -> Programme:
    """Keep a checked plan as a programme of this evaluator's. What is there already is given back as it is."""
    there = Programme.objects.filter(pk=id).first()
    if there is not None:
        return there
    programme = Programme.objects.create(id=id, plan_id=study.plan.id, title=study.plan.title[:200])
    Membership.objects.create(person=by, role=Role.EVALUATOR, programme=programme)
    with folder_in_making(programme.folder) as fresh:
        (fresh / EVALUATION_FILE).write_bytes(content)
    return programme


def without_folder(sentence: str, folder: Path) -> str:
    """A sentence without the path of a folder on the server."""
    return sentence.replace(f"{folder}/", "").replace(str(folder), "the plan")
