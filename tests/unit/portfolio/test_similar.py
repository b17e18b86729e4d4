"""A mean among others: percentile and distance by hand, only the same version, only ten or more."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from typer.testing import CliRunner

from evalkit.cli import app
from evalkit.custody.release import load_release, make_release
from evalkit.intake.check import check_upload
from evalkit.portfolio.similar import similar
from evalkit.records.evaluation import load_evaluation
from evalkit.records.new_plan import write_plan
from evalkit.records.results import Results, load_results
from evalkit.road_similar import place_among
from evalkit.scoring.school_means import school_means
from evalkit.shipped import shipped

FOLDER = shipped("analyses") / "keyham-resilience"


@pytest.fixture(scope="module")
def results() -> Results:
    return load_results(FOLDER / "results.json")


def other(results: Results, name: str, mean: float, *, version: str | None = None) -> Results:
    """The same programme elsewhere, with another mean of self-efficacy."""
    means, models = results.displays["means"].copy(), results.models.copy()
    means.loc[means["outcome"] == "self_efficacy", "mean"] = mean
    if version:
        models.loc[models["outcome"] == "self_efficacy", "scale_version"] = version
    plan = results.plan.model_copy(update={"id": name})
    return replace(results, plan=plan, displays={**results.displays, "means": means}, models=models)


def test_percentile_and_distance_are_those_of_a_calculation_by_hand(results: Results) -> None:
    others = [other(results, f"school-{n}", 20.0 + n) for n in range(11)]  # 20 to 30: mean 25, SD sqrt(11)
    found = similar(results, others).set_index(["outcome", "wave"]).loc[("self_efficacy", "pre")]
    below = sum(20.0 + n < found["mean"] for n in range(11))
    assert found["n_others"] == 11
    assert found["percentile"] == pytest.approx(100 * below / 11)
    assert found["distance"] == pytest.approx((found["mean"] - 25.0) / 11**0.5)


def test_nine_others_are_too_few_and_the_evaluation_itself_is_none(results: Results) -> None:
    others = [results, *(other(results, f"school-{n}", 20.0 + n) for n in range(9))]
    found = similar(results, others).set_index(["outcome", "wave"]).loc[("self_efficacy", "pre")]
    assert "Only 9 others" in found["reason"]
    assert found[["percentile", "distance"]].isna().all()


def test_another_version_is_never_compared(results: Results) -> None:
    others = [other(results, f"school-{n}", 20.0 + n, version="gse10@another[1-5]") for n in range(12)]
    found = similar(results, others).set_index(["outcome", "wave"]).loc[("self_efficacy", "pre")]
    assert found["n_others"] == 0


def test_another_score_of_the_same_questionnaire_is_never_compared(results: Results) -> None:
    score = next(one for one in results.plan.outcomes if one.id == "self_efficacy").model_copy(
        update={"score": "short"}
    )
    others = [other(results, f"school-{n}", 20.0 + n) for n in range(12)]
    renamed = [
        replace(one, plan=one.plan.model_copy(update={"outcomes": (score, *one.plan.outcomes[1:])})) for one in others
    ]
    found = similar(results, renamed).set_index(["outcome", "wave"]).loc[("self_efficacy", "pre")]
    assert found["n_others"] == 0


def releases(folder: Path, schools: int, *, pupils: int = 12) -> list[Path]:
    """Earlier releases of one school each, whose mean of grit is 2, 3 or 4: what a pupil adds at one item lacks at
    another."""
    made = []
    for n in range(schools):
        plan = write_plan(f"earlier-{n}", design="single_group_prepost", folder=folder)
        plan.write_text(plan.read_text(encoding="utf-8").replace("instrument: gse10", "instrument: grit_s8"), "utf-8")
        study = load_evaluation(plan.parent)
        level = 2 + n % 3
        rows = []
        for pupil in range(pupils):
            keyed = {f"q{item}": level for item in range(1, 9)}
            up, down = f"q{pupil % 8 + 1}", f"q{(pupil + 3) % 8 + 1}"
            keyed |= {up: level + 1, down: level - 1}
            printed = {q: 6 - value if q in ("q1", "q3", "q5", "q6") else value for q, value in keyed.items()}
            rows.append({"Pupil code": f"P{pupil:02d}"} | printed)
        uploads = []
        for wave in ("pre", "post"):
            file = plan.parent / f"{wave}.csv"
            pd.DataFrame(rows[:: 1 if wave == "pre" else -1]).to_csv(file, index=False)
            uploads.append(check_upload(file, study, wave=wave))
        make_release(uploads, study, to=plan.parent / "release")
        made.append(plan.parent / "release")
    return made


def test_schools_of_earlier_releases_are_scored_and_stand_beside_ours(tmp_path: Path) -> None:
    table = place_among(FOLDER, releases(tmp_path, 10)).set_index(["outcome", "wave"])
    found = table.loc[("grit", "pre")]
    assert found["n_others"] == 10
    # 2, 3 and 4 by turns: 2 four times, 3 and 4 three times each; squares 4 x 0.81 + 3 x 0.01 + 3 x 1.21 = 6.9
    assert found["others_mean"] == pytest.approx(2.9)
    assert found["others_sd"] == pytest.approx((6.9 / 9) ** 0.5)
    assert found["distance"] == pytest.approx((found["mean"] - 2.9) / (6.9 / 9) ** 0.5)
    assert table.loc[("motivation", "pre"), "n_others"] == 0


def test_a_school_of_few_pupils_in_a_release_is_not_shown(tmp_path: Path) -> None:
    (release,) = releases(tmp_path, 1, pupils=9)
    assert school_means(load_release(release), load_evaluation(FOLDER)).empty


def test_the_command_says_what_it_is_not() -> None:
    done = CliRunner().invoke(app, ["similar", str(FOLDER), str(FOLDER)])
    assert done.exit_code == 0
    assert "says nothing about the programme" in done.output
