"""A corrected file takes the place of earlier answers: whose, how many, and whether somebody was faster."""

import hashlib
from dataclasses import dataclass

from evalkit.portal.confirmed import COUNTED
from evalkit.portal.found import pupils_of
from evalkit.portal.models import SurveyUpload
from evalkit.portal.models.uploads import CHECK_FILE

State = SurveyUpload.State


@dataclass(frozen=True, slots=True)
class Replaced:
    """An earlier confirmed file of the same wave, how many of its pupils a file replaces, and whether that is all."""

    upload: SurveyUpload
    pupils: int
    whole: bool


def counted_beside(upload: SurveyUpload) -> list[SurveyUpload]:
    """The school's other confirmed files in the programme, the earliest first."""
    rows = SurveyUpload.objects.filter(
        programme_id=upload.programme_id, school_id=upload.school_id, state__in=COUNTED
    ).exclude(pk=upload.pk)
    found = list(rows.select_related("confirmed_by").order_by("confirmed_at"))
    for one in found:
        one.programme = upload.programme
    return found


def replaced_by(upload: SurveyUpload) -> list[Replaced]:
    """The earlier answers of which a file would take the place, file by file."""
    new = _keys(upload)
    earlier = [(one, _keys(one)) for one in counted_beside(upload)]
    left = _left_over([keys for _, keys in earlier])
    return [
        Replaced(one, len({key for key, _ in new & keys}), keys <= new)
        for (one, _), keys in zip(earlier, left, strict=True)
        if new & keys
    ]


def settle_replaced(uploads: list[SurveyUpload]) -> None:
    """Say of confirmed files, the earliest first, which ones later files replace wholly."""
    left = _left_over([_keys(one) for one in uploads])
    for one, keys in zip(uploads, left, strict=True):
        state = State.CONFIRMED if keys or not _keys(one) else State.REPLACED
        if one.state != state:
            one.state = state
            one.save(update_fields=["state"])


def seen_by(upload: SurveyUpload) -> str:
    """A sign for what somebody sees who looks at a file now: what was found in it, and what is confirmed beside it."""
    digest = hashlib.sha256()
    path = upload.folder / CHECK_FILE
    digest.update(path.read_bytes() if path.is_file() else b"")
    for one in counted_beside(upload):
        digest.update(f"{one.pk}{one.state}".encode())
    return digest.hexdigest()[:24]


def _left_over(files: list[set[tuple[str, str]]]) -> list[set[tuple[str, str]]]:
    """What of each file no later file holds."""
    later: set[tuple[str, str]] = set()
    left: list[set[tuple[str, str]]] = []
    for keys in reversed(files):
        left.append(keys - later)
        later |= keys
    return left[::-1]


def _keys(upload: SurveyUpload) -> set[tuple[str, str]]:
    return {(one["key"], one["wave"]) for one in pupils_of(upload)}
