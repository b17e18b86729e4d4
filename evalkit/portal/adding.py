"""Keep a checked plan: as a new programme, or in the place of a programme's earlier plan."""

from collections.abc import Mapping
from uuid import UUID

from evalkit.custody.data_lock import refuse_when_locked
from evalkit.custody.whole_folder import folder_in_making
from evalkit.errors import SpecError
from evalkit.portal.models import Membership, Person, Programme, Role
from evalkit.portal.plan_files import write_plan
from evalkit.records.evaluation import EVALUATION_FILE, Study
from evalkit.records.whole_file import write_whole


def add_programme(study: Study, files: Mapping[str, bytes], *, id: UUID, by: Person) -> Programme:
    """Keep a plan as a programme of this evaluator's. What is there already is given back as it is.

    Raises
    ------
    SpecError
        It asks for pseudonyms, and another programme has the same id: keys belong to the id.
    """
    there = Programme.objects.filter(pk=id).first()
    if there is not None:
        return there
    protection = study.plan.data_protection
    if protection and protection.pseudonymise and Programme.objects.filter(plan_id=study.plan.id).exists():
        raise SpecError(
            f"There is a programme with the id '{study.plan.id}' already. The key of pseudonyms belongs to the id, so "
            "give this plan another one."
        )
    programme = Programme.objects.create(id=id, plan_id=study.plan.id, title=study.plan.title[:200])
    Membership.objects.create(person=by, role=Role.EVALUATOR, programme=programme)
    with folder_in_making(programme.folder) as fresh:
        write_plan(files, fresh)
    return programme


def change_plan(programme: Programme, study: Study, files: Mapping[str, bytes]) -> None:
    """Put a plan in the place of the earlier one; the plan itself is written last, in one step.

    Raises
    ------
    SpecError
        It is another programme's plan, or a wave is missing for which schools sent files.
    UploadError
        The data are locked.
    """
    refuse_when_locked(programme.study)
    problems: list[str] = []
    if study.plan.id != programme.plan_id:
        problems.append(f"The plan's id is '{study.plan.id}', this programme's is '{programme.plan_id}'. Keep the id.")
    waves = {wave.id for wave in study.plan.waves}
    problems += [
        f"Schools have sent files for the wave '{one}', which the new plan does not have. Keep the wave."
        for one in sorted(set(programme.uploads.values_list("wave", flat=True)) - waves)
    ]
    if problems:
        raise SpecError(problems[0], problems=problems)
    for name in sorted(files, key=lambda one: one == EVALUATION_FILE):
        (programme.folder / name).parent.mkdir(parents=True, exist_ok=True)
        write_whole(programme.folder / name, files[name])
    Programme.objects.filter(pk=programme.pk).update(title=study.plan.title[:200])
