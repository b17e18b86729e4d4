"""Plans with other files: the folder as a zip file, ways out of it, corrections until the data are locked."""

import io
import re
import uuid
import zipfile
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from evalkit.custody.audit import read_audit
from evalkit.custody.data_lock import lock_data
from evalkit.errors import SpecError
from evalkit.portal.models import Membership, Programme, Role
from evalkit.portal.plan_files import MOST_FILES, read_plan
from evalkit.records.evaluation import EVALUATION_FILE
from evalkit.shipped import shipped

from .conftest import World

TRIAL = shipped("analyses") / "eal-mainstream-classroom"
PLAN = (shipped("analyses") / "keyham-resilience" / EVALUATION_FILE).read_bytes()


def zipped(files: dict[str, bytes]) -> bytes:
    """Files as a zip file."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()


def folder_of(place: Path) -> dict[str, bytes]:
    """The files of a folder, by their place in a zip file that has the folder on top."""
    found = [one for one in place.rglob("*") if one.is_file() and one.stat().st_size < 10**6]
    return {f"{place.name}/{one.relative_to(place).as_posix()}": one.read_bytes() for one in found}


def test_a_trials_folder_comes_with_its_list_and_certificate_and_without_survey_files(world: World) -> None:
    Membership.objects.create(person=world.people[Role.EVALUATOR], role=Role.EVALUATOR)
    client, id = world.client(Role.EVALUATOR), str(uuid.uuid4())
    alone = SimpleUploadedFile("evaluation.yaml", (TRIAL / EVALUATION_FILE).read_bytes())
    answer = client.post("/programmes/add/", {"id": id, "plan": alone})
    assert answer.status_code == 422
    assert "did not come with it" in answer.text
    whole = SimpleUploadedFile("plan.zip", zipped({**folder_of(TRIAL), "other.txt": b"x"}))
    assert client.post("/programmes/add/", {"id": id, "plan": whole}).status_code == 302
    programme = Programme.objects.get(pk=id)
    data = programme.study.plan.data
    assert data is not None
    assert data.schools is not None
    assert (programme.folder / data.schools.path).is_file()
    for one in data.files:
        assert not (programme.folder / one.path).exists()
    there = {one.relative_to(programme.folder).as_posix() for one in programme.folder.rglob("*") if one.is_file()}
    assert not [name for name in there if name.startswith(("release", "results.json", "README"))]


WAYS_OUT = ("../other/list.csv", "/etc/passwd", "C:\\\\list.csv", "~/list.csv", "a/../../b.csv")


@pytest.mark.parametrize("way", WAYS_OUT)
def test_no_plan_leads_out_of_its_folder(way: str) -> None:
    plan = PLAN.replace(b"path: data/pre.xlsx", b"path: '" + way.replace("\\\\", "\\").encode() + b"'")
    with pytest.raises(SpecError, match=r"line \d+: .* leads out of the plan's folder"):
        read_plan(plan)


def test_no_zip_file_leads_out_or_hides_what_is_the_portals(tmp_path: Path) -> None:
    bad = {
        "p/evaluation.yaml": PLAN, "p/../../out.yaml": b"x", "/abs.yaml": b"x", "p/audit.jsonl": b"x",
        "p/uploads/a.csv": b"x", "p/data-lock.yaml": b"x", "p/.hidden.yaml": b"x", "p/run.py": b"x",
        "p/data/pre.xlsx": b"x", "p/data/extra.csv": b"x",
    }  # fmt: skip
    _, files = read_plan(zipped(bad))
    assert set(files) == {EVALUATION_FILE, "data/extra.csv"}


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04 broken",
        zipped({"readme.yaml": b"x"}),
        zipped({f"{number}.yaml": b"x" for number in range(MOST_FILES + 1)}),
        zipped({"evaluation.yaml": b"0" * (21 * 1024 * 1024)}),
        zipped({"evaluation.yaml": PLAN, "a.yaml": b"x", "a.yaml/b.yaml": b"x"}),
    ],
    ids=["broken", "no plan", "too many", "too large", "file and folder"],
)
def test_zip_files_that_cannot_be_read_are_refused(content: bytes) -> None:
    with pytest.raises(SpecError, match="zip file"):
        read_plan(content)


def test_a_plan_is_corrected_until_the_data_are_locked(world: World) -> None:
    client, at = world.client(Role.EVALUATOR), f"/programmes/{world.one.pk}/plan/"
    title = re.search(r"(?m)^title: (.*)$", PLAN.decode())
    assert title is not None
    better = PLAN.replace(title[1].encode(), b"A better title")
    assert client.post(at, {"plan": SimpleUploadedFile("evaluation.yaml", better)}).status_code == 302
    assert "A better title" in client.get(at).text
    assert Programme.objects.get(pk=world.one.pk).title == "A better title"
    other = better.replace(b"id: keyham-resilience", b"id: another")
    assert "Keep the id" in client.post(at, {"plan": SimpleUploadedFile("evaluation.yaml", other)}).text
    lock_data(Programme.objects.get(pk=world.one.pk).study, by="Erin")
    locked = client.post(at, {"plan": SimpleUploadedFile("evaluation.yaml", PLAN)})
    assert "were locked by Erin" in locked.text
    assert "A better title" in client.get(at).text
    assert [one.action for one in read_audit(world.one.folder)].count("plan_changed") == 1


def test_a_second_programme_with_the_id_of_a_key_is_refused(world: World) -> None:
    Membership.objects.create(person=world.people[Role.EVALUATOR], role=Role.EVALUATOR)
    plan = PLAN + b"data_protection:\n  controller: We\n  lawful_basis: public task\n  pseudonymise: true\n"
    form = {"id": str(uuid.uuid4()), "plan": SimpleUploadedFile("evaluation.yaml", plan)}
    answer = world.client(Role.EVALUATOR).post("/programmes/add/", form)
    assert answer.status_code == 422
    assert "give this plan another one" in answer.text
