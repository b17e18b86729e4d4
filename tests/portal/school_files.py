"""Files for the tests of the school's pages: the shipped example's, and small ones that are wrong in one way."""

import csv
import io
from pathlib import Path
from uuid import UUID

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from evalkit.portal.jobs import worker
from evalkit.portal.models import Role, SurveyUpload
from evalkit.shipped import shipped

from .conftest import World

DATA = shipped("analyses") / "keyham-resilience" / "data"
ITEMS = [
    *(f"gse10.q{number}" for number in range(1, 11)),
    *(f"grit_s8.q{number}" for number in range(1, 9)),
    *(f"mslq44.q{number}" for number in (1, 4, 5, 7, 10, 14, 15, 17, 21)),
]


def answers(codes: list[str], *, shift: int = 0, wrong: str = "", heading: str = "Pupil code") -> bytes:
    """A CSV file with made-up answers of some pupils. `wrong` : what stands in the first answer of the first pupil."""
    memory = io.StringIO(newline="")
    writer = csv.writer(memory)
    writer.writerow([heading, *ITEMS])
    for place, code in enumerate(codes):
        row = [str((place * 3 + number * number + shift) % 4 + 1) for number in range(len(ITEMS))]
        writer.writerow([code, wrong if wrong and place == 0 else row[0], *row[1:]])
    return memory.getvalue().encode()


def codes(first: int, last: int) -> list[str]:
    """Pupil codes that are not alike."""
    return [
        f"{chr(65 + number % 7)}{number * 37 % 1000:03}{chr(65 + number * 5 % 23)}" for number in range(first, last)
    ]


def place(world: World, rest: str = "") -> str:
    """An address of the school's pages in its programme."""
    return f"/schools/{world.mine.pk}/programmes/{world.one.pk}/{rest}"


def send(
    world: World, wave: str, content: bytes | Path, *, name: str = "", client: Client | None = None
) -> SurveyUpload:
    """Send a file and let the worker check it."""
    browser = client or world.client(Role.UPLOADER)
    data = content.read_bytes() if isinstance(content, Path) else content
    file = SimpleUploadedFile(name or (content.name if isinstance(content, Path) else "answers.csv"), data)
    answer = browser.post(place(world, f"upload/{wave}/"), {"file": file})
    assert answer.status_code == 302, answer.text
    worker.work(until_idle=True)
    return SurveyUpload.objects.get(pk=UUID(answer["Location"].rstrip("/").rsplit("/", 1)[1]))


def confirm(
    world: World, upload: SurveyUpload, *, client: Client | None = None, seen: str | None = None
) -> SurveyUpload:
    """Open the file's page and press the button that is on it; `seen` : what an earlier look saw."""
    browser = client or world.client(Role.UPLOADER)
    sign = look(world, upload, client=browser) if seen is None else seen
    browser.post(place(world, f"uploads/{upload.pk}/confirm/"), {"seen": sign})
    worker.work(until_idle=True)
    upload.refresh_from_db()
    return upload


def look(world: World, upload: SurveyUpload, *, client: Client | None = None) -> str:
    """What the page of a file carries for the confirmation."""
    text = (client or world.client(Role.UPLOADER)).get(place(world, f"uploads/{upload.pk}/")).text
    return text.partition('name="seen" value="')[2].partition('"')[0]
