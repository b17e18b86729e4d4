"""A small survey for tests of releases and erasing: one questionnaire, few pupils, so that each step is quick."""

import uuid
from collections.abc import Sequence
from functools import cache

import yaml
from django.utils import timezone

from evalkit.portal.models import Programme, School, SurveyUpload
from evalkit.records.evaluation import EVALUATION_FILE, load_evaluation
from evalkit.shipped import shipped

EXAMPLE = shipped("analyses") / "keyham-resilience"
CODES = tuple(f"KL-{number:03d}" for number in range(1, 13))


@cache
def items() -> tuple[str, ...]:
    """The items of the one questionnaire."""
    return load_evaluation(EXAMPLE).items("grit_s8")


def give_small_plan(programme: Programme, **more: object) -> None:
    """Let the programme ask for one questionnaire only; `more` is added to its plan."""
    plan = yaml.safe_load((EXAMPLE / EVALUATION_FILE).read_text(encoding="utf-8"))
    plan["outcomes"] = [one for one in plan["outcomes"] if one["id"] == "grit"]
    plan["data"] = {"synthetic": "Made up for a test."}
    text = yaml.safe_dump({**plan, **more}, sort_keys=False, allow_unicode=True)
    (programme.folder / EVALUATION_FILE).write_text(text, encoding="utf-8")
    vars(programme).pop("study", None)


def survey(wave: str, codes: Sequence[str] = CODES) -> str:
    """A file of answers, made by a rule."""
    rise = 1 if wave == "post" else 0
    rows = [
        [code, *(str(1 + min(4, (row * 7 + place * 3 + rise * (row % 3)) % 5)) for place in range(len(items())))]
        for row, code in enumerate(codes)
    ]
    return "\n".join(",".join(row) for row in [["Pupil code", *items()], *rows]) + "\n"


def sent(programme: Programme, school: School, wave: str, content: str = "") -> SurveyUpload:
    """A file that a school sent for a wave and confirmed."""
    data = (content or survey(wave)).encode()
    upload = SurveyUpload.objects.create(
        programme=programme, school=school, wave=wave, state=SurveyUpload.State.CONFIRMED, file_name=f"{wave}.csv",
        suffix=".csv", sha256=uuid.uuid4().hex, size=len(data), confirmed_at=timezone.now(),
        counts={"pupils": len(CODES)},
    )  # fmt: skip
    upload.folder.mkdir(parents=True)
    upload.path.write_bytes(data)
    return upload
