"""The files of a trial from check to scores, and everything that can be wrong with them."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from evalkit.custody.release import load_release, make_release
from evalkit.errors import DesignError, UploadError
from evalkit.intake.check import check_upload
from evalkit.intake.schools import check_schools
from evalkit.planning.randomise import randomise
from evalkit.records.allocation import RandomisationPlan
from evalkit.records.evaluation import Study, load_evaluation
from evalkit.records.mapping import Mapping
from evalkit.records.responses import Problem
from evalkit.records.trial_notes import named
from evalkit.road import CheckedFiles, check_files, release_files
from evalkit.scoring.score import score
from tests.unit.trial_files import Row, TrialFiles, make_files, write_rows


def checked(files: TrialFiles, folder: Path) -> tuple[Study, CheckedFiles]:
    study = files.save(folder)
    assert study.plan.data is not None
    return study, check_files(study, study.plan.data.files)


def one(found: CheckedFiles, kind: str) -> Problem:
    mine = [issue for issue in found.issues if issue.kind == kind]
    assert len(mine) == 1, [(issue.kind, issue.message) for issue in found.issues]
    return mine[0]


# ---- the road ----


@pytest.mark.parametrize("with_list", [True, False])
def test_a_wide_file_gives_two_waves_a_roster_and_the_schools(with_list: bool, tmp_path: Path) -> None:
    files = make_files(with_list=with_list)
    study, found = checked(files, tmp_path)
    assert found.ok
    assert {issue.kind for issue in found.issues} == {"without_number"}
    assert study.plan.data is not None
    release = release_files(study, study.plan.data.files, to=tmp_path / "release")
    outcomes = [row for row in files.pupils if row["GCSE Science"] != ""]
    assert release.manifest.waves == {"baseline": len(files.pupils), "outcome": len(outcomes)}
    assert list(release.roster.columns) == [
        "pupil", "school", "arm", "fsm", "left", "attended", "in_baseline", "in_outcome",
    ]  # fmt: skip
    assert len(release.roster) == len(files.pupils)
    assert list(release.schools.columns) == ["school", "arm", "size", "area", "school_left", "sessions"]
    assert release.schools["arm"].tolist() == ["oak", "usual"] * 4
    assert release.schools["sessions"].tolist() == [float(str(row["Days"])) for row in files.schools]
    assert release.schools["size"].tolist() == [str(row["Roll"]) for row in files.schools]
    scores = score(release, study)
    table = scores.frame.set_index(["pupil", "scale"])["value"]
    for row in outcomes:
        assert table[str(row["Code"]), "gcse.value"] == row["GCSE Science"]
        assert table[str(row["Code"]), "ks2.value"] == row["KS2"]
    assert scores.frame.groupby("scale")["wave"].unique().map(list).to_dict() == {
        "gcse.value": ["outcome"],
        "ks2.value": ["baseline"],
    }
    assert scores.schools.equals(release.schools)
    assert scores.quality.items.empty
    assert scores.quality.answers.empty
    assert scores.quality.scales["alpha"].isna().all()
    assert scores.quality.scales["reason"].str.startswith("A measured number has no alpha").all()


def test_the_list_and_the_pupil_file_say_the_same(tmp_path: Path) -> None:
    releases = []
    for place, with_list in enumerate((True, False)):
        study, _ = checked(make_files(with_list=with_list), tmp_path / str(place))
        assert study.plan.data is not None
        releases.append(release_files(study, study.plan.data.files, to=tmp_path / str(place) / "release"))
    first, second = releases
    pd.testing.assert_frame_equal(first.schools, second.schools)
    pd.testing.assert_frame_equal(first.roster, second.roster)
    pd.testing.assert_frame_equal(first.responses, second.responses)


def test_a_long_file_with_a_wave_column_gives_the_same(tmp_path: Path) -> None:
    files = make_files(with_list=False)
    study, _ = checked(files, tmp_path / "wide")
    assert study.plan.data is not None
    wide = release_files(study, study.plan.data.files, to=tmp_path / "wide" / "release")
    long: list[Row] = []
    for row in files.pupils:
        long.append(row | {"Wave": "Before", "GCSE Science": ""})
        long.append(row | {"Wave": "After", "KS2": ""})
    files.pupils = long
    _, found = checked(files, tmp_path / "long")
    assert found.ok
    release = release_files(study, study.plan.data.files, to=tmp_path / "long-release")
    pd.testing.assert_frame_equal(release.responses, wide.responses)
    pd.testing.assert_frame_equal(release.roster, wide.roster)


def test_a_baseline_repeated_in_every_row_of_a_long_file_is_one_baseline(tmp_path: Path) -> None:
    files = make_files(with_list=False)
    files.pupils = [row | {"Wave": "After"} for row in files.pupils]
    study, found = checked(files, tmp_path)
    assert found.ok
    release = make_release(found.uploads, study, to=tmp_path / "release")
    assert release.manifest.waves["baseline"] == len(files.pupils)
    files.pupils += [row | {"Wave": "Before", "KS2": 101.0} for row in files.pupils[:1]]
    _, found = checked(files, tmp_path / "again")
    assert "'S0P00'" in one(found, "several_values").message


@pytest.mark.parametrize("rows", [10, 6000])
def test_numbers_come_back_exactly_from_csv_and_parquet(rows: int, tmp_path: Path) -> None:
    files = make_files(schools=8, pupils=rows // 8 + 1, with_list=False)
    for place, row in enumerate(files.pupils):
        row["KS2"] = 80 + place / 3
        row["Days"] = 3 / 7 if row["Arm"] == "T" else 0
        if place / 3 > 40:
            row["KS2"] = 80 + 40 / (place + 1)
    study, found = checked(files, tmp_path)
    release = make_release(found.uploads, study, to=tmp_path / "release")
    again = load_release(tmp_path / "release")
    assert {Path(table.name).suffix for table in again.manifest.tables} == (
        {".csv"} if rows == 10 else {".csv", ".parquet"}
    )
    for name in ("responses", "roster", "schools"):
        pd.testing.assert_frame_equal(getattr(release, name), getattr(again, name))
    values = again.responses.set_index(["pupil", "wave"])["ks2.value"]
    assert str(values.dtype) == "Float64"
    assert all(values[str(row["Code"]), "baseline"] == row["KS2"] for row in files.pupils)
    assert again.schools["sessions"].tolist() == [3 / 7, 0.0] * 4


def test_two_files_one_for_each_wave(tmp_path: Path) -> None:
    files = make_files()
    study = files.save(tmp_path)
    early: list[Row] = [{key: row[key] for key in ("Code", "School", "FSM", "KS2")} for row in files.pupils]
    late: list[Row] = [
        {key: row[key] for key in ("Code", "GCSE Science", "Attended", "Reason")} for row in files.pupils
    ]
    write_rows(tmp_path / "early.csv", early)
    write_rows(tmp_path / "late.csv", late)
    uploads = [check_upload(tmp_path / "early.csv", study), check_upload(tmp_path / "late.csv", study, wave="outcome")]
    schools = check_schools(tmp_path / "schools.csv", study)
    assert all(upload.ok for upload in uploads)
    release = make_release(uploads, study, to=tmp_path / "release", schools=schools)
    assert release.roster["attended"].notna().all()
    assert (release.roster["school"] != "").all()
    with pytest.raises(UploadError, match="names a list of schools"):
        make_release(uploads, study, to=tmp_path / "other")


# ---- measures in cells ----

CELLS: list[tuple[list[object], str, str, list[float | None]]] = [
    (["95%", "90", "91"], "fixed", "number_tidied", [95, 90, 91]),
    (["91,5", "90", "100"], "fixed", "number_tidied", [91.5, 90, 100]),
    (["n/a", "90", "."], "fixed", "read_as_blank", [None, 90, None]),
    (["X", "90", "90"], "ask", "not_a_number", [None, 90, 90]),
    (["79", "121", "90"], "error", "out_of_range", [None, None, 90]),
    (["-99", "90", "90"], "fixed", "read_as_blank", [None, 90, 90]),
    (["#N/A", "90", "90"], "error", "formula_error", [None, 90, 90]),
    (["2019-05-01", "90", "90"], "error", "turned_into_date", [None, 90, 90]),
    (["90 points", "90", "90"], "fixed", "number_tidied", [90, 90, 90]),
]


@pytest.mark.parametrize(("cells", "severity", "kind", "values"), CELLS, ids=[str(case[0][0]) for case in CELLS])
def test_what_stands_in_a_cell_of_numbers(
    cells: list[object], severity: str, kind: str, values: list[float | None], tmp_path: Path
) -> None:
    files = make_files(with_list=False)
    for row, cell in zip(files.pupils, cells, strict=False):
        row["KS2"] = cell
    _, found = checked(files, tmp_path)
    problem = one(found, kind)
    assert problem.severity == severity
    assert problem.header == "KS2"
    frame = found.uploads[0].responses.set_index(["pupil", "wave"])["ks2.value"]
    got = [frame[str(row["Code"]), "baseline"] for row in files.pupils[:3]]
    assert [None if value is pd.NA else value for value in got] == values


def test_thousands_are_told_from_decimal_commas_by_the_range(tmp_path: Path) -> None:
    files = make_files(with_list=False)
    for row in files.pupils:
        row["Roll"] = "1,250" if row["School"] == "100100" else 900
    _, found = checked(files, tmp_path)
    assert one(found, "number_tidied").severity == "fixed"
    assert set(found.uploads[0].responses.query("school == '100100'")["size"]) == {"1250"}


def test_the_plan_s_own_word_for_no_number(tmp_path: Path) -> None:
    files = make_files(with_list=False)
    files.pupils[0]["GCSE Science"] = "X"
    _, found = checked(files, tmp_path)
    assert one(found, "read_as_blank").found == "'X' stands here"


def test_a_mapping_file_says_what_a_text_means(tmp_path: Path) -> None:
    files = make_files(with_list=False)
    files.pupils[0]["KS2"], files.pupils[1]["KS2"] = "below", "dnt"
    study = files.save(tmp_path)
    mapping = Mapping(schema="evalkit-mapping/1", labels={"ks2": {"below": 80, "DNT": None}}, decided_by="Data lead")
    upload = check_upload(tmp_path / "pupils.csv", study, mapping=mapping)
    assert upload.ok
    assert upload.responses["ks2.value"].dropna().iloc[0] == 80
    assert upload.decisions == ("pupils.csv: 2 answers were read as the mapping file says. Decided by: Data lead.",)


def test_yes_and_no_of_a_yes_no_outcome_are_read(tmp_path: Path) -> None:
    files = make_files(with_list=False)
    words = ["Yes", "N", "TRUE", "false", "Passed", "fail", "1", "0"]
    for place, row in enumerate(files.pupils):
        row["Passed"] = words[place] if place < len(words) else "no"
    files.pupils[9]["Passed"] = ""
    files.save(tmp_path)
    text = (tmp_path / "evaluation.yaml").read_text(encoding="utf-8")
    passed = "{id: passed, label: Passed, low: 0, high: 1, source: synthetic, waves: {outcome: [Passed]}}"
    outcome = text[text.index("  - id: science") :].partition("\nsubgroups")[0].partition("\ncovariates")[0]
    second = outcome.replace("id: science", "id: pass").replace(
        "instrument: gcse", "instrument: passed\n    kind: yes_no"
    )
    second = second.replace("role: primary", "role: secondary").replace("    attainment: true\n", "")
    text = text.replace("outcomes:\n", f"  - {passed}\noutcomes:\n{second}\n", 1)
    (tmp_path / "evaluation.yaml").write_text(text, encoding="utf-8")
    study = load_evaluation(tmp_path)
    assert study.plan.data is not None
    found = check_files(study, study.plan.data.files)
    assert found.ok
    values = found.uploads[0].responses.query("wave == 'outcome'")["passed.value"].dropna().tolist()
    assert values[:9] == [1, 0, 1, 0, 1, 0, 1, 0, 0]
    assert "1 of 96 pupils at 'Passed' (After)" in one(found, "without_number").message


def test_the_wrong_column_is_one_problem(tmp_path: Path) -> None:
    files = make_files(with_list=False)
    for place, row in enumerate(files.pupils):
        row["KS2"] = f"word {place}"
    _, found = checked(files, tmp_path)
    assert "96 cells of 'Key stage 2 score' hold no number" in one(found, "not_a_number").message


def test_a_missing_measure_is_named_with_its_headings(tmp_path: Path) -> None:
    files = make_files(with_list=False)
    for row in files.pupils:
        del row["GCSE Science"]
        row["Wave"] = "After"
    _, found = checked(files, tmp_path)
    assert "heading so that it reads 'GCSE Science'" in one(found, "missing_column").message


# ---- bad input: each is told at check time, and stops the release ----

Change = Callable[[TrialFiles], object]


def _set(rows: list[Row], key: str, value: object, *, where: Callable[[Row], bool] = lambda row: True) -> None:
    for row in rows:
        if where(row):
            row[key] = value


BAD: list[tuple[str, bool, Change, str, str]] = [
    (
        "arm varies", False, lambda t: t.of("S0P03").update(Arm="C"),
        "arm_varies", "The school 100100 has pupils in more than one group",
    ),
    (
        "pupils in two schools", True, lambda t: t.pupils.extend(t.of(code) | {"School": "100102"} for code in
        ("S0P01", "S1P02")),
        "pupil_in_two_schools", "2 pupils stand here in more than one school: 'S0P01' in 100100 and 100102; 'S1P02' in "
        "100101 and 100102",
    ),
    (
        "school in both arms", True, lambda t: t.schools.append(t.schools[0] | {"Arm": "C"}),
        "school_twice", "'100100' stands here 2 times, in the groups oak and usual",
    ),
    (
        "list and file differ", True, lambda t: _set(t.pupils, "Arm", "T"),
        "arm_disagrees", "100101 (oak, but usual by the list of schools)",
    ),
    (
        "not on the list", True, lambda t: t.of("S1P02").update(School="999999"),
        "school_not_listed", "The school 999999 of 1 pupil is not among the schools",
    ),
    (
        "stratum unknown", True, lambda t: t.school("100102").update(Area=""),
        "stratum_unknown", "The stratum 'Area' of the school 100102 is not known",
    ),
    (
        "stratum varies", False, lambda t: t.of("S2P05").update(Area="South"),
        "fact_varies_in_school", "'Area' is a fact about the whole school, but it varies within the school 100102",
    ),
    (
        "stratum varies, name", False, lambda t: [one.update(School="Oak Hill", Area=area) for one, area in
        zip(t.pupils[:2], ("North", "South"), strict=True)],
        "fact_varies_in_school", "it varies within the school Oak Hill",
    ),
    (
        "unknown arm", True, lambda t: t.school("100103").update(Arm="waiting list"),
        "unknown_arm", "'waiting list' is no group of the trial",
    ),
    (
        "dose", True, lambda t: t.school("100100").update(Days=5),
        "out_of_range", "5 lies outside what 'Training days' can be (the school '100100')",
    ),
    (
        "yes or no", True, lambda t: t.of("S1P02").update(Attended="mostly"),
        "not_yes_or_no", "'mostly' is neither yes nor no",
    ),
    (
        "no school", True, lambda t: t.of("S1P02").update(School=""),
        "pupil_without_school", "The pupil S1P02 has no school",
    ),
    (
        "one school", True, lambda t: _set(t.schools, "Arm", "T", where=lambda row: row["School"] != "100101"),
        "small_arm", "The group 'Schools as usual' (usual) has only the school 100101",
    ),
    (
        "no arm", True, lambda t: [row.pop("Arm") for row in t.schools],
        "no_arm", "No file says which group the schools were allocated to",
    ),
    (
        "an arm is blank", True, lambda t: t.school("100105").update(Arm=""),
        "without_arm", "The group of the school 100105 is not known",
    ),
    (
        "no school column", True, lambda t: [row.pop("School") for row in t.pupils],
        "no_school", "No file says which school the pupils are in",
    ),
    (
        "number that is none", True, lambda t: t.school("100104").update(Roll="about 900"),
        "not_a_number", "'about 900' is not a number",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("with_list", "change", "kind", "words"), [case[1:] for case in BAD], ids=[c[0] for c in BAD])
def test_bad_input_is_told_at_once(with_list: bool, change: Change, kind: str, words: str, tmp_path: Path) -> None:
    files = make_files(with_list=with_list)
    change(files)
    study, found = checked(files, tmp_path)
    problem = one(found, kind)
    assert problem.severity in ("error", "ask")
    assert words in problem.message
    assert study.plan.data is not None
    with pytest.raises((DesignError, UploadError)) as refused:
        release_files(study, study.plan.data.files, to=tmp_path / "release")
    assert any(words in sentence for sentence in refused.value.problems)
    assert not (tmp_path / "release").exists()


def test_a_pupil_in_two_schools_is_one_question_for_both_waves(tmp_path: Path) -> None:
    files = make_files()
    files.pupils.append(files.of("S0P01") | {"School": "100102", "GCSE Science": 1})
    _, found = checked(files, tmp_path)
    assert [issue.kind for issue in found.issues if issue.severity in ("error", "ask")] == ["pupil_in_two_schools"]
    (question,) = one(found, "pupil_in_two_schools").questions
    keep_first = question.choices[0].decision["corrections"]
    assert [line["row"] for line in keep_first] == [len(files.pupils) + 1]
    assert named("school", ["School 9"]) == "School 9"


def test_a_school_with_pupils_in_both_arms_is_told_once(tmp_path: Path) -> None:
    files = make_files()
    for row in files.pupils:
        row["Arm"] = files.school(str(row["School"]))["Arm"]
    files.of("S0P00").update(Arm="C")
    _, found = checked(files, tmp_path)
    assert [issue.kind for issue in found.design if issue.severity == "error"] == ["arm_varies"]


def test_a_pupil_in_two_schools_is_a_design_error(tmp_path: Path) -> None:
    files = make_files(with_list=False)
    files.pupils = [row | {"Wave": wave} for row in files.pupils for wave in ("Before", "After")]
    second = [row for row in files.pupils if row["Code"] == "S0P01"][1]
    second.update(School="100102")
    study, found = checked(files, tmp_path)
    assert (
        "The pupil S0P01 (100100 and 100102) has more than one school in the files"
        in one(found, "pupil_in_two_schools").message
    )
    with pytest.raises(DesignError) as refused:
        make_release(found.uploads, study, to=tmp_path / "release")
    assert any("S0P01" in sentence for sentence in refused.value.problems)


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    files = make_files(with_list=False)
    files.of("S0P03").update(Arm="C")
    files.of("S2P05").update(Area="South")
    files.of("S3P05").update(School="")
    study, found = checked(files, tmp_path)
    with pytest.raises(DesignError) as refused:
        make_release(found.uploads, study, to=tmp_path / "release")
    assert len(refused.value.problems) == 3


def test_a_school_without_pupils_is_randomised_and_said(tmp_path: Path) -> None:
    files = make_files()
    files.pupils = [row for row in files.pupils if row["School"] != "100103"]
    files.school("100103").update({"School left": "closed"})
    study, found = checked(files, tmp_path)
    assert found.ok
    assert "The school 100103 has no pupil in the files" in one(found, "school_without_pupils").message
    release = make_release(found.uploads, study, to=tmp_path / "release", schools=found.schools)
    assert release.schools.set_index("school")["school_left"]["100103"] == "closed"


# ---- certificates ----


def certified(files: TrialFiles, folder: Path) -> dict[str, str]:
    """Draw the allocation of the files' schools, write the certificate, and return school -> arm."""
    folder.mkdir(parents=True, exist_ok=True)
    plan = RandomisationPlan.model_validate(
        {
            "schema": "evalkit-randomisation/1",
            "id": "oak",
            "id_column": "School",
            "arms": [{"id": "oak", "label": "Oak"}, {"id": "usual", "label": "Usual"}],
            "method": "simple",
            "seed": {"value": 3, "source": "a test"},
        }
    )
    schools = pd.DataFrame({"School": [str(row["School"]) for row in files.schools]})
    drawn = randomise(schools, plan, to=folder / "draw")
    files.certificate = str(drawn.certificate_file.relative_to(folder))
    return {unit.unit: unit.arm for unit in drawn.certificate.units}


def test_the_certificate_decides_and_a_column_is_not_needed(tmp_path: Path) -> None:
    files = make_files()
    drawn = certified(files, tmp_path)
    for row in files.schools:
        del row["Arm"]
    study, found = checked(files, tmp_path)
    assert found.ok
    release = make_release(found.uploads, study, to=tmp_path / "release", schools=found.schools)
    assert release.schools.set_index("school")["arm"].to_dict() == drawn
    assert (release.roster["arm"] == release.roster["school"].map(drawn)).all()


def test_a_column_that_is_not_as_certified_is_an_error(tmp_path: Path) -> None:
    files = make_files()
    drawn = certified(files, tmp_path)
    for row in files.schools:
        row["Arm"] = drawn[str(row["School"])]
    row = files.schools[0]
    row["Arm"] = "usual" if row["Arm"] == "oak" else "oak"
    _, found = checked(files, tmp_path)
    message = one(found, "not_as_certified").message
    assert f"100100 ({row['Arm']}, but {drawn['100100']} by the certificate)" in message


def test_schools_that_only_one_side_knows(tmp_path: Path) -> None:
    files = make_files()
    certified(files, tmp_path)
    for row in files.schools:
        del row["Arm"]
    files.schools = [row for row in files.schools if row["School"] != "100101"]
    files.pupils = [row for row in files.pupils if row["School"] != "100101"]
    files.schools.append({"School": "777777", "Area": "North", "Roll": 800, "Days": 0})
    _, found = checked(files, tmp_path)
    assert "The school 777777 is not in the certificate" in one(found, "not_certified").message
    assert "allocates the school 100101" in one(found, "not_listed").message


# ---- other units ----


def alone(files: TrialFiles, folder: Path, *, lines: tuple[tuple[str, str], ...]) -> tuple[Study, CheckedFiles]:
    """Save the files, change lines of the plan, and check."""
    files.save(folder)
    path = folder / "evaluation.yaml"
    text = path.read_text(encoding="utf-8")
    for old, new in lines:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    study = load_evaluation(folder)
    assert study.plan.data is not None
    return study, check_files(study, study.plan.data.files)


NO_SCHOOLS = (
    ("covariates:\n  - {id: size, label: Pupils in the school, headers: [Roll], kind: number, level: school}", ""),
    ("strata: [{id: area, label: Area, headers: [Area], level: school}]", "strata: []"),
    ("headers: [Days], level: school", "headers: [Days], level: pupil"),
    ("  school_left: {id: school_left, label: Why the school left, headers: [School left], level: school}\n", ""),
)


def test_pupils_randomised_need_no_school(tmp_path: Path) -> None:
    files = make_files(with_list=False, design="individual_trial", unit="pupil")
    for place, row in enumerate(files.pupils):
        row["Arm"] = "TC"[place % 2]
        for key in ("School", "Area", "School left", "Roll"):
            del row[key]
    study, found = alone(files, tmp_path, lines=NO_SCHOOLS)
    assert found.ok
    release = make_release(found.uploads, study, to=tmp_path / "release")
    assert release.roster["arm"].tolist()[:4] == ["oak", "usual", "oak", "usual"]
    assert release.roster["school"].isna().all()
    assert release.schools.empty
    assert release.roster["sessions"].dtype == "float64"


def test_pupils_within_schools_and_one_arm_in_each_class(tmp_path: Path) -> None:
    files = make_files(with_list=False, design="multisite_trial", unit="class", with_classes=True)
    for place, row in enumerate(files.pupils):
        row["Class"] = "7AB"[place % 2 + 1]
        row["Arm"] = "TC"[place % 2]
    study, found = checked(files, tmp_path / "good")
    assert found.ok
    release = make_release(found.uploads, study, to=tmp_path / "release")
    assert release.roster["class"].tolist()[:2] == ["A", "B"]
    assert release.schools["arm"].isna().all()
    files.pupils[2]["Arm"] = "C"
    _, found = checked(files, tmp_path / "bad")
    assert "The class 100100 / A has pupils in more than one group" in one(found, "arm_varies").message


def test_words_for_numbers_are_told_how_to_become_numbers(tmp_path: Path) -> None:
    files = make_files(with_list=False)
    files.pupils[0]["KS2"] = "top"
    _, found = checked(files, tmp_path)
    mend = str(one(found, "not_a_number").mend)
    assert "'top': NUMBER}" in mend
    assert "If it means that there is none, write null" in mend
