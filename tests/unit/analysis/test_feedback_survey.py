"""Surveys of staff: shares by hand, schools, occasions, what is hidden, printed percentages, the report's words."""

import csv
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from evalkit.errors import SpecError, UploadError
from evalkit.intake.check import check_upload
from evalkit.intake.staff_words import in_people
from evalkit.records.evaluation import load_evaluation
from evalkit.records.instrument import load_instrument
from evalkit.records.new_plan import write_plan
from evalkit.records.published import published
from evalkit.records.results import Results
from evalkit.report.execute_parent import CellChild
from evalkit.report.figure_feedback import feedback_figure, feedback_pieces
from evalkit.report.render import render
from evalkit.report.tables_feedback import group_table, question_table
from evalkit.report.tables_figures import if_table
from evalkit.report.words_feedback import answer, next_steps, occasion_sentences, response_sentences, theme_sentences
from evalkit.road import run, verify
from evalkit.stats.clustered_shares import clustered_difference, clustered_mean
from evalkit.stats.proportions import wilson
from evalkit.stats.share_tests import share_difference
from tests.unit.report import test_published
from tests.unit.report.test_published import lengthened, long_counts

SECRET = "The head told me in confidence"
ESTIMAND = "{population: staff, contrast: none, measure: share, non_compliance: all, drop_out: who answered}"
PLAN = """\
schema: evalkit-evaluation/1
id: staff
title: What staff say
programme: {name: Trios, description: Staff work in trios.}
design: feedback_survey
arms: [{id: staff, label: Staff}]
waves: [{id: mid, label: Halfway}, {id: end, label: At the end}]
clusters: {school: {headers: [School]}}
subgroups: [{id: role, label: Role, headers: [Role]}]
outcomes:
"""
FEEDBACK = """\
feedback:
  asked: {mid: 100, end: 90}
  themes:
    - {wave: end, comments: 40, coded_by: two people, themes: [{label: Time, count: 15}, {label: Rooms, count: 3}]}
seed: 1
data: {files: [{path: mid.csv, wave: mid}, {path: end.csv, wave: end}]}
"""
SCORES = ("q1_agree_pct", "q2_agree_pct", "q4_agree_pct", "recommend_score", "recommend_mean")


def plan(folder: Path, *, feedback: str = FEEDBACK, start: str = PLAN) -> Path:
    outcomes = "".join(
        f"  - {{id: {one}, label: {one.replace('_', ' ').capitalize()}, instrument: staff_feedback6, score: {one}, "
        f"role: secondary, estimand: {ESTIMAND}}}\n"
        for one in SCORES
    )
    folder.mkdir(exist_ok=True)
    (folder / "evaluation.yaml").write_text(start + outcomes + feedback, encoding="utf-8")
    return folder


def answers(wave: int, *, n: int = 60) -> list[list[int]]:
    """Six answers of each of n people: q2 is agreed to by nearly all, q4 by more at the second wave."""
    rng = np.random.default_rng(wave)
    drawn = rng.integers(1, 6, size=(n, 6))
    drawn[:, 1] = np.where(np.arange(n) < 4, 2, 5)
    drawn[:, 3] = np.where(np.arange(n) % 3 == 0, 2, 4) if wave == 1 else np.where(np.arange(n) % 5 == 0, 3, 5)
    drawn[:, 5] = rng.integers(3, 11, size=n)
    return drawn.tolist()


def write_file(path: Path, rows: Sequence[Sequence[int]], *, codes: bool = True) -> None:
    heads = [item.text for item in load_instrument("staff_feedback6").items]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([*(["ID"] if codes else []), "School", "Role", *heads, "Anything else?"])
        for number, row in enumerate(rows):
            who = [str(number + 1)] if codes else []
            role = "Leader" if number % 15 == 0 else "Teacher" if number % 2 else "Assistant"
            writer.writerow([*who, f"School {number % 7}", role, *row, SECRET])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = plan(tmp_path_factory.mktemp("staff") / "staff")
    write_file(place / "mid.csv", answers(1))
    write_file(place / "end.csv", answers(2))
    return place


@pytest.fixture(scope="module")
def results(folder: Path) -> Results:
    return run(folder, to=folder)


def row(results: Results, inquiry: str, outcome: str, wave: str, **more: str) -> dict:
    frame = results.estimates
    for name, value in {"inquiry": inquiry, "outcome": outcome, "wave": wave, "subgroup": "all", **more}.items():
        frame = frame[frame[name] == value]
    return frame.iloc[0].to_dict()


def test_each_question_is_told_with_its_own_answers(folder: Path, tmp_path: Path) -> None:
    rows = answers(1, n=20)
    rows[3][5], rows[4][0] = 11, 6
    write_file(tmp_path / "odd.csv", rows)
    issues = check_upload(tmp_path / "odd.csv", load_evaluation(folder), wave="mid").issues
    odd = {one.item: one.allowed for one in issues if one.severity == "error"}
    assert odd.keys() == {"staff_feedback6.rec", "staff_feedback6.q1"}
    assert odd["staff_feedback6.rec"].startswith("whole numbers from 0 to 10")
    assert "5 (Strongly agree)" in odd["staff_feedback6.q1"]


def agreed(wave: int, item: int) -> np.ndarray:
    return np.array([one[item] >= 4 for one in answers(wave)], dtype=float)


SCHOOLS = np.arange(60) % 7


def test_shares_in_schools_are_those_of_the_hand_counted_answers(results: Results) -> None:
    for wave, number in (("mid", 1), ("end", 2)):
        found, expected = row(results, "agreement", "q1_agree_pct", wave), agreed(number, 0)
        clustered = clustered_mean(expected, clusters=SCHOOLS)
        assert (found["estimate"], found["n_treated"]) == (pytest.approx(100 * expected.mean()), 60)
        assert (found["conf_low"], found["conf_high"]) == pytest.approx((100 * clustered.low, 100 * clustered.high))
        assert found["clusters_treated"] == 7
        logit = row(results, "agreement", "q1_agree_pct", wave, estimator="logit_clustered")
        assert logit["conf_low"] == pytest.approx(100 * clustered.logit_low)


def test_the_net_score_is_top_less_bottom(results: Results) -> None:
    given = np.array([one[5] for one in answers(2)])
    expected = 100 * ((given >= 9).mean() - (given <= 6).mean())
    assert row(results, "recommend", "recommend_score", "end")["estimate"] == pytest.approx(expected)
    assert row(results, "mean", "recommend_mean", "end")["estimate"] == pytest.approx(given.mean())


def test_occasions_are_compared_over_schools(results: Results) -> None:
    found = row(results, "occasions", "q4_agree_pct", "end")
    both = np.concatenate([agreed(1, 3), agreed(2, 3)])
    expected = clustered_difference(both, second=np.repeat([0, 1], 60), clusters=np.tile(SCHOOLS, 2))
    assert (found["estimate"], found["p_value"]) == pytest.approx((100 * expected.value, expected.p_value))


def test_nearly_all_agree_is_told_without_the_number(results: Results) -> None:
    found = row(results, "agreement", "q2_agree_pct", "end")
    assert (found["status"], np.isnan(found["estimate"])) == ("suppressed", True)
    assert found["reason"] == (
        "Fewer than 10 of 60 did not agree, so the share is not shown: more than 83% agreed."
    )  # 50 of 60 is 83.3%
    assert row(results, "occasions", "q2_agree_pct", "end")["status"] == "suppressed"
    assert not [piece for piece in feedback_pieces(results) if piece.outcome == "q2_agree_pct"]
    assert "q2_agree_pct" not in results.displays["answers"]["outcome"].tolist()


def test_bars_hold_no_small_group_and_add_up_to_the_share(results: Results) -> None:
    shown = results.displays["answers"]
    assert (shown["group_count"] >= 10).all()
    for (outcome, wave), bar in shown.groupby(["outcome", "wave"]):
        assert bar["group_count"].sum() == 60
        share = row(results, "agreement", outcome, wave)["estimate"]
        assert bar.loc[bar["agrees"] == 1, "group_percent"].sum() == pytest.approx(share)


def test_a_hidden_group_cannot_be_worked_out_from_the_others(results: Results) -> None:
    groups = results.estimates[results.estimates["subgroup"] != "all"]
    q1 = groups[(groups["outcome"] == "q1_agree_pct") & (groups["wave"] == "end")].set_index("subgroup")
    assert q1.loc["role=Leader", "status"] == "suppressed"
    assert (q1["status"] == "suppressed").sum() >= 2
    made = group_table(results)
    assert made is None or "c" in made.markdown


def test_comments_are_counts_and_the_text_stays_out(results: Results, folder: Path) -> None:
    themes = results.displays["themes"].set_index("label")
    assert themes.loc["Time", "count"] == 15
    assert np.isnan(themes.loc["Rooms", "count"])
    assert "Time 38% (15 of 40)" in theme_sentences(results)[0]
    assert SECRET not in results.to_json()
    assert not [path for path in (folder / "release").rglob("*") if SECRET.encode() in path.read_bytes()]


def test_the_words_give_fractions_and_the_response(results: Results) -> None:
    assert response_sentences(results)[1] == "At the end: 67% (60 of 90) answered."
    assert answer(results).startswith("Of the questions that may be shown, most agreed: Q4 agree pct")
    assert " of 60" in answer(results)
    assert "Next time write down how many are asked" in " ".join(next_steps(results))
    assert "other_people" in {one.kind for one in results.caveats}
    assert occasion_sentences(results)[0].startswith("Q1 agree pct: ")
    picture = feedback_figure(results)
    assert picture is not None
    assert "Share who agreed" in picture.alt
    assert "60" in question_table(results).markdown


def test_the_report_is_made_and_the_results_are_reproduced(results: Results, folder: Path) -> None:
    page = render(results, to=folder / "report.html").read_text(encoding="utf-8")
    assert "What staff said" in page
    assert SECRET not in page
    assert Results.from_json(results.to_json()).to_json() == results.to_json()
    assert verify(folder).reproduced


def without_schools(text: str) -> str:
    return text.replace("clusters: {school: {headers: [School]}}\n", "").replace(
        "subgroups: [{id: role, label: Role, headers: [Role]}]\n", ""
    )


def test_without_schools_and_without_codes_each_row_is_a_person(tmp_path: Path) -> None:
    place = plan(tmp_path / "staff", start=without_schools(PLAN))
    write_file(place / "mid.csv", answers(1), codes=False)
    write_file(place / "end.csv", answers(2), codes=False)
    results = run(place)
    q4 = agreed(1, 3), agreed(2, 3)
    expected = wilson(int(q4[1].sum()), 60)
    assert row(results, "agreement", "q4_agree_pct", "end")["conf_low"] == pytest.approx(100 * expected.low)
    found = row(results, "occasions", "q4_agree_pct", "end")
    newcombe = share_difference((int(q4[1].sum()), 60), (int(q4[0].sum()), 60))
    assert (found["estimator"], found["conf_low"]) == ("newcombe", pytest.approx(100 * newcombe.low))


def test_where_no_school_is_named_people_count_one_by_one(tmp_path: Path) -> None:
    place = plan(tmp_path / "staff")
    for name, wave in (("mid", 1), ("end", 2)):
        write_file(place / f"{name}.csv", answers(wave))
        text = (place / f"{name}.csv").read_text(encoding="utf-8")
        (place / f"{name}.csv").write_text(re.sub(r"School \d", "", text), encoding="utf-8")
    results = run(place)
    assert row(results, "agreement", "q1_agree_pct", "end")["estimator"] == "wilson"
    assert "in_schools" not in {one.kind for one in results.caveats}


def test_linked_people_count_once(tmp_path: Path) -> None:
    linked = FEEDBACK.replace("feedback:\n", "feedback:\n  linked: true\n")
    place = plan(tmp_path / "staff", start=without_schools(PLAN), feedback=linked)
    write_file(place / "mid.csv", answers(1))
    write_file(place / "end.csv", answers(2))
    found = row(run(place), "occasions", "q4_agree_pct", "end")
    both = np.concatenate([agreed(1, 3), agreed(2, 3)])
    expected = clustered_difference(both, second=np.repeat([0, 1], 60), clusters=np.tile(np.arange(60), 2))
    assert (found["estimator"], found["p_value"]) == ("clustered_difference", pytest.approx(expected.p_value))


def test_too_few_people_show_nothing(tmp_path: Path) -> None:
    one = "seed: 1\ndata: {files: [{path: mid.csv, wave: mid}]}\n"
    start = without_schools(PLAN).replace(", {id: end, label: At the end}", "")
    place = plan(tmp_path / "staff", start=start, feedback=one)
    write_file(place / "mid.csv", answers(1, n=8))
    results = run(place)
    assert set(results.estimates["status"]) == {"suppressed"}
    assert "Fewer than 10 answered" in answer(results)
    assert feedback_figure(results) is None


def test_the_same_file_for_both_occasions_is_asked_about(tmp_path: Path) -> None:
    place = plan(tmp_path / "staff")
    write_file(place / "mid.csv", answers(1))
    write_file(place / "end.csv", answers(1))
    with pytest.raises(UploadError, match="The same file was sent"):
        run(place)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("asked: {mid: 100", "asked: {start: 100", ["'start' is no wave", "mid, end"]),
        ("label: Time, count: 15", "label: Time, count: 55", ["55 comments on 'Time'", "only 40 comments"]),
        ("seed: 1", "seed: 1\nunit_of_randomisation: school", ["is not randomised"]),
        ("waves: [{id: mid, label: Halfway}, {id: end, label: At the end}]\n", "", ["needs 'waves:', at least one"]),
        ("design: feedback_survey", "design: single_group_prepost", ["belongs to the design feedback_survey"]),
    ],
)
def test_a_plan_that_does_not_hang_together_is_told_where(tmp_path: Path, old: str, new: str, expected: list) -> None:
    place = plan(tmp_path / "staff")
    path = place / "evaluation.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        run(place)
    assert [part for part in expected if part not in str(caught.value)] == [], str(caught.value)


def test_printed_percentages_without_answers(tmp_path: Path) -> None:
    body = """\
seed: 1
figures:
  reported:
    - {id: a, label: Would recommend, percent: 97, asked: 311, survey: s, source: r}
    - {id: b, label: Helped, percent: 77, asked: 311, survey: s, source: r}
    - {id: c, label: Headship, percent: 25, n: 48, asked: 48, source: r}
"""
    start = PLAN.split("arms:")[0]
    place = tmp_path / "printed"
    place.mkdir()
    (place / "evaluation.yaml").write_text(start + body, encoding="utf-8")
    results = run(place, to=place)
    assert "For 2 of 3 percentages it is not published how many answered." in answer(results)
    assert {check.name: check.rating for check in results.checks}["size"] == "weak"
    assert verify(place).reproduced
    conditional = if_table(results)
    assert conditional is not None
    assert "Numbers that fit" in conditional.markdown


def test_the_plan_that_new_writes_is_a_plan(tmp_path: Path) -> None:
    path = write_plan("my-survey", design="feedback_survey", folder=tmp_path)
    write_file(path.parent / "data" / "survey.csv", answers(1), codes=False)
    path.write_text(path.read_text(encoding="utf-8").replace("survey.xlsx", "survey.csv"), encoding="utf-8")
    assert (run(path.parent).estimates["inquiry"] == "agreement").sum() == 5


def test_checks_speak_of_people_and_leave_quotes_alone(tmp_path: Path) -> None:
    assert in_people("'Met our pupils' needs': 2 pupils did not answer. Look at the pupil's row.") == (
        "'Met our pupils' needs': 2 people did not answer. Look at the person's row."
    )
    place = plan(tmp_path / "staff")
    rows = answers(1)
    rows[3][0] = 9
    write_file(place / "mid.csv", rows)
    checked = check_upload(place / "mid.csv", load_evaluation(place), wave="mid")
    told = " ".join(one.message for one in checked.issues)
    assert "Look at the person's answers" in told


def test_a_public_report_shows_no_exact_number_of_people(results: Results) -> None:
    with CellChild() as child:
        text = test_published.run(published(lengthened(results), "public"), "", child, rounding=5)
    assert len(long_counts(text)) > 20
    assert [one for one in long_counts(text) if one % 5] == []
    assert "Numbers of people are rounded" in text
