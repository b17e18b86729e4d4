"""Two people at once, and files after the data lock (cases 68 and 69): one of them is told, and nothing is lost."""

from pathlib import Path

import pytest

from evalkit.custody.data_lock import LOCK_FILE, lock_data, refuse_when_locked, unlock_data
from evalkit.custody.previous import keep_previous, previous_of, put_previous_back
from evalkit.custody.release import load_release, make_release, release_sha256
from evalkit.errors import UploadError
from evalkit.intake.check import check_upload
from evalkit.records.evaluation import Study
from evalkit.records.responses import Upload
from tests.intake_cases.study import make_study
from tests.intake_cases.tables import rows, written


def files(folder: Path, *, last: int = 3) -> tuple[Study, list[Upload]]:
    study = make_study(folder)
    other = [[row[0], *(6 - int(str(one)) for one in row[1:])] for row in rows()[1:]]
    other[0][1] = last
    return study, [
        check_upload(written(folder, rows(), "pre"), study, wave="pre"),
        check_upload(written(folder, [rows()[0], *other], "post"), study, wave="post"),
    ]


def test_68_of_two_who_release_at_once_one_is_told(tmp_path: Path) -> None:
    study, mine = files(tmp_path)
    place = tmp_path / "release"
    seen = release_sha256(place)
    assert seen == ""
    first = make_release(mine, study, to=place, replaces=seen)
    _, theirs = files(tmp_path, last=4)
    with pytest.raises(UploadError, match="Somebody else has made a release here while you were looking"):
        make_release(theirs, study, to=place, replaces=seen)
    assert load_release(place).sha256 == first.sha256
    second = make_release(theirs, study, to=place, replaces=release_sha256(place))
    assert second.sha256 != first.sha256


def test_69_after_the_data_lock_nothing_is_taken_in(tmp_path: Path) -> None:
    study, _ = files(tmp_path)
    refuse_when_locked(study)
    lock_data(study, by="the trial's statistician", stated_date="2026-07-01", reason="analysis has begun")
    with pytest.raises(UploadError) as refused:
        refuse_when_locked(study)
    assert "locked by the trial's statistician on 2026-07-01 (analysis has begun)" in refused.value.message
    assert LOCK_FILE in refused.value.message
    with pytest.raises(UploadError):
        lock_data(study, by="somebody else")
    unlock_data(study)
    refuse_when_locked(study)
    with pytest.raises(UploadError, match="not locked"):
        unlock_data(study)


def test_a_release_that_was_kept_can_be_put_back(tmp_path: Path) -> None:
    study, mine = files(tmp_path)
    place = tmp_path / "release"
    assert keep_previous(place) is None
    with pytest.raises(UploadError, match="nothing to go back to"):
        put_previous_back(place)
    first = make_release(mine, study, to=place)
    assert keep_previous(place) == previous_of(place)
    _, theirs = files(tmp_path, last=4)
    make_release(theirs, study, to=place)
    put_previous_back(place)
    assert load_release(place).sha256 == first.sha256
    assert sorted(path.name for path in tmp_path.iterdir() if "release" in path.name) == ["release"]
