import json
import os
from pathlib import Path

import pandas as pd
import pytest

from evalkit.custody.release import load_release, make_release
from evalkit.errors import EvalkitError, SpecError, UploadError
from evalkit.records.evaluation import Study
from evalkit.records.responses import Problem, Source, Upload

ITEMS = [f"tiny4.q{number}" for number in range(1, 5)]


def upload(
    wave: str, pupils: dict[str, list[int | None]], *, issues: tuple[Problem, ...] = (), file: str = ""
) -> Upload:
    rows = [
        {"pupil": pupil, "wave": wave, **dict(zip(ITEMS, answers, strict=True))} for pupil, answers in pupils.items()
    ]
    frame = pd.DataFrame(rows).astype(dict.fromkeys(ITEMS, "Int16"))
    source = Source(file or f"{wave}.csv", "0" * 64, "", len(rows))
    return Upload(frame, issues, source, decisions=("Row 3 was left out.",) if wave == "post" else ())


PRE = {"007": [1, 2, 3, 4], "B2": [5, None, 5, 5], "C3": [2, 2, 2, 2]}
POST = {"C3": [3, 3, 3, 3], "007": [2, 2, 2, 2], "D4": [1, 1, 1, 1]}


def test_a_release_reads_back_as_it_was_made(study: Study, tmp_path: Path) -> None:
    made = make_release([upload("pre", PRE), upload("post", POST)], study, to=tmp_path / "release")
    read = load_release(tmp_path / "release")
    pd.testing.assert_frame_equal(made.responses, read.responses)
    pd.testing.assert_frame_equal(made.roster, read.roster)
    assert read.sha256 == made.sha256
    assert read.responses["pupil"].tolist() == ["007", "B2", "C3", "007", "C3", "D4"]
    assert read.responses["tiny4.q2"].isna().sum() == 1
    assert read.roster.loc[read.roster["pupil"] == "B2", ["in_pre", "in_post"]].to_numpy().tolist() == [[True, False]]
    assert (read.manifest.linked, read.manifest.only_in) == (2, {"pre": 1, "post": 1})
    assert read.manifest.instruments == (study.instruments[0].identity,)
    assert read.manifest.sources[1].decisions == ("Row 3 was left out.",)


def test_the_same_data_in_another_order_give_the_same_release(study: Study, tmp_path: Path) -> None:
    first = make_release([upload("pre", PRE), upload("post", POST)], study, to=tmp_path / "one")
    turned = [upload("pre", dict(reversed(PRE.items()))), upload("post", dict(reversed(POST.items())))]
    assert make_release(turned, study, to=tmp_path / "two").sha256 == first.sha256


def test_the_identity_does_not_hang_on_the_version(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = make_release([upload("pre", PRE), upload("post", POST)], study, to=tmp_path / "one")
    monkeypatch.setattr("evalkit.custody.release.__version__", "99.0.0")
    assert make_release([upload("pre", PRE), upload("post", POST)], study, to=tmp_path / "two").sha256 == first.sha256


def test_codes_that_differ_in_capitals_are_one_pupil(study: Study, tmp_path: Path) -> None:
    post = {"c3": [3, 3, 3, 3], "007": [2, 2, 2, 2]}
    made = make_release([upload("pre", PRE), upload("post", post)], study, to=tmp_path / "release")
    assert made.manifest.linked == 2
    assert made.roster["pupil"].tolist() == ["007", "B2", "C3"]
    with pytest.raises(UploadError, match="1 pupil code stands"):
        make_release([upload("pre", {**PRE, "b2": [1, 1, 1, 1]}), upload("post", post)], study, to=tmp_path / "again")


def test_open_problems_are_all_named_and_nothing_is_written(study: Study, tmp_path: Path) -> None:
    bad = Problem("error", "out_of_range", "pre.csv", "Use 1 to 5.", rows=(4,), column="C", found="9 is no answer")
    ask = Problem("ask", "same_pupil_twice", "pre.csv", "Say which row counts.", rows=(5, 6))
    with pytest.raises(UploadError, match="2 problems are still open") as caught:
        make_release([upload("pre", PRE, issues=(bad, ask)), upload("post", POST)], study, to=tmp_path / "release")
    assert caught.value.problems == (bad.message, ask.message)
    assert list(tmp_path.glob("*release*")) == []


def test_a_wave_without_answers_is_named(study: Study, tmp_path: Path) -> None:
    with pytest.raises(UploadError, match="no answers for the wave post"):
        make_release([upload("pre", PRE)], study, to=tmp_path / "release")


def test_one_pupil_in_two_files_of_a_wave_is_named(study: Study, tmp_path: Path) -> None:
    again = upload("pre", {"C3": [1, 1, 1, 1]}, file="more.csv")
    with pytest.raises(UploadError, match=r"1 pupil code stands .*C3"):
        make_release([upload("pre", PRE), again, upload("post", POST)], study, to=tmp_path / "release")


def test_a_foreign_folder_is_left_alone(study: Study, tmp_path: Path) -> None:
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "letter.txt").write_text("keep me")
    with pytest.raises(UploadError, match="holds other files"):
        make_release([upload("pre", PRE), upload("post", POST)], study, to=tmp_path / "letters")
    assert (tmp_path / "letters" / "letter.txt").read_text() == "keep me"


def test_a_release_is_replaced_in_one_step_or_not_at_all(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "release"
    first = make_release([upload("pre", PRE), upload("post", POST)], study, to=place)
    other = {**PRE, "E5": [4, 4, 4, 4]}
    real, calls = os.replace, []

    def fails_second_time(source: object, target: object) -> None:
        calls.append(target)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        real(source, target)  # type: ignore[arg-type]

    monkeypatch.setattr("evalkit.custody.whole_folder.os.replace", fails_second_time)
    with pytest.raises(EvalkitError, match="No space left on device"):
        make_release([upload("pre", other), upload("post", POST)], study, to=place)
    assert load_release(place).sha256 == first.sha256
    monkeypatch.undo()
    assert make_release([upload("pre", other), upload("post", POST)], study, to=place).sha256 != first.sha256
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".release")] == []


def test_a_changed_table_is_refused(study: Study, tmp_path: Path) -> None:
    make_release([upload("pre", PRE), upload("post", POST)], study, to=tmp_path / "release")
    table = tmp_path / "release" / "responses.csv"
    table.write_text(table.read_text().replace("007,pre,1", "007,pre,5"))
    (tmp_path / "release" / "roster.csv").unlink()
    with pytest.raises(SpecError) as caught:
        load_release(tmp_path / "release")
    assert len(caught.value.problems) == 2
    assert "was changed after the release was made" in str(caught.value)
    assert "is missing" in str(caught.value)


def test_a_folder_that_is_no_release_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="no data release"):
        load_release(tmp_path)


def test_the_manifest_holds_no_pupil_and_no_clock(study: Study, tmp_path: Path) -> None:
    make_release([upload("pre", PRE), upload("post", POST)], study, to=tmp_path / "release")
    text = (tmp_path / "release" / "manifest.json").read_text()
    assert "007" not in json.dumps(json.loads(text)["waves"])
    assert not any(word in text for word in ("B2", "C3", "D4", "date", "time"))


def test_large_tables_travel_as_parquet(study: Study, tmp_path: Path) -> None:
    many = {f"P{number:05d}": [1, 2, 3, 4] for number in range(3000)}
    made = make_release([upload("pre", many), upload("post", many)], study, to=tmp_path / "release")
    assert made.manifest.tables[0].name == "responses.parquet"
    pd.testing.assert_frame_equal(load_release(tmp_path / "release").responses, made.responses)
