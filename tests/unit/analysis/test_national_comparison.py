"""Published figures beside national ones: numbers by hand, findings, refusals, and what the report says."""

from pathlib import Path

import pytest

from evalkit.errors import DesignError, ReportError, SpecError
from evalkit.records.new_plan import write_plan
from evalkit.records.results import Results
from evalkit.report.figure_reported import reported_figure
from evalkit.report.render import render
from evalkit.report.reported import reported_figures
from evalkit.report.sections_national import findings, number_tables
from evalkit.report.words_figures import answer, describe, finding_sentences, next_steps, transition_sentences
from evalkit.road import run, verify
from evalkit.stats.moves import moves
from evalkit.stats.proportions import wilson
from evalkit.stats.share_tests import exact_binomial_p, share_difference

START = """\
schema: evalkit-evaluation/1
id: figures
title: Figures
programme: {name: Network, description: Schools work together.}
design: national_comparison
seed: 1
figures:
  grades:
    ofsted: [Inadequate, Requires improvement, Good, Outstanding]
    review: [Working Towards, Effective, Leading]
"""
BODY = """\
  reported:
    - {id: known, label: Improved, percent: 48, n: 65, of: schools, source: r, rise: {grades: ofsted, able: 50},
       national: {percent: 34, year: 2017/18}}
    - {id: both, label: Improved both, percent: 48, n: 65, source: r, national: {percent: 34, n: 1000, year: 2017/18}}
    - {id: many, label: Expected, percent: 66, n: 3000, source: r, printed: "+2.0%",
       national: {percent: 64, year: 2018}}
    - {id: unknown, label: Unknown, percent: 93.75, asked: 48, source: r, printed: "+3",
       national: {percent: 90, year: 2018}}
    - {id: mean, label: Attainment, mean: 48.3, sd: 8, n: 40, source: r, national: {mean: 47.2, year: 2018}}
    - {id: gap, label: Gap, gap: 15, source: r, national: {gap: 20, year: 2018},
       groups: [{label: disadvantaged, percent: 50, n: 100}, {label: others, percent: 68, n: 200}]}
  transitions:
    - {id: reviews, label: Reviews, grades: review, source: r, national: {percent: 30, year: 2018}, moves: [
        {from: Working Towards, to: Working Towards, n: 4}, {from: Working Towards, to: Effective, n: 6},
        {from: Effective, to: Effective, n: 20}, {from: Effective, to: Leading, n: 9},
        {from: Effective, to: Working Towards, n: 1}, {from: Leading, to: Leading, n: 8},
        {from: Leading, to: Effective, n: 2}]}
  counts:
    - {id: centres, label: Centres, printings: [{n: 12, where: page 3}, {n: 11, where: page 9}]}
"""


def study(folder: Path, body: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "evaluation.yaml").write_text(START + body, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    return run(study(tmp_path_factory.mktemp("figures"), BODY))


def row(results: Results, inquiry: str, outcome: str, contrast: str = "") -> dict:
    found = results.estimates[(results.estimates["inquiry"] == inquiry) & (results.estimates["outcome"] == outcome)]
    return (found[found["contrast"] == contrast] if contrast else found).iloc[0].to_dict()


def test_a_share_with_n_is_held_against_the_national_one_exactly(results: Results) -> None:
    own, beside = row(results, "reported", "known"), row(results, "national", "known")
    expected = wilson(31, 65)
    assert own["estimate"] == pytest.approx(100 * 31 / 65)
    assert (own["conf_low"], own["conf_high"]) == pytest.approx((100 * expected.low, 100 * expected.high))
    assert beside["p_value"] == exact_binomial_p(31, 65, reference=0.34)
    assert beside["conf_low"] == pytest.approx(100 * expected.low - 34)


def test_with_the_national_n_it_is_a_comparison_of_two_shares(results: Results) -> None:
    beside, expected = row(results, "national", "both"), share_difference((31, 65), (340, 1000))
    assert beside["estimator"] == "newcombe"
    # the counts of 1,000 that print as 34% run from 335 to 345; the interval covers them all
    assert beside["conf_low"] < 100 * expected.low < 100 * expected.high < beside["conf_high"]
    assert beside["p_value"] >= expected.p_value


def test_counts_that_print_alike_are_all_covered(results: Results) -> None:
    own = row(results, "reported", "many")
    assert own["conf_low"] == pytest.approx(100 * wilson(1965, 3000).low)
    assert own["conf_high"] == pytest.approx(100 * wilson(1995, 3000).high)


def test_without_n_the_sizes_that_fit_are_listed_and_nothing_is_tested(results: Results) -> None:
    table = results.displays["figures"].set_index("outcome")
    assert table.loc["unknown", "fits"] == "16 32 48"
    assert row(results, "national", "unknown")["estimator"] == "as_printed"
    conditional = results.estimates[results.estimates["inquiry"] == "reported_if"]
    assert conditional["n_treated"].tolist() == [16, 48]
    assert conditional["conf_low"].tolist() == pytest.approx([100 * wilson(15, 16).low, 100 * wilson(45, 48).low])


def test_those_able_to_rise_are_the_denominator(results: Results) -> None:
    assert row(results, "rise_of_able", "known")["estimate"] == pytest.approx(62)
    expected = moves([[4, 6, 0], [1, 20, 9], [0, 2, 8]])
    rose = row(results, "transition", "reviews", "rose")
    assert (rose["estimate"], rose["n_treated"]) == (pytest.approx(100 * 15 / 40), 40)
    assert row(results, "transition", "reviews", "rose - fell")["p_value"] == expected.sign_p
    assert row(results, "national", "reviews")["p_value"] == exact_binomial_p(15, 40, reference=0.30)


def test_a_gap_has_an_interval_where_both_numbers_are_known(results: Results) -> None:
    own = row(results, "reported", "gap")
    expected = share_difference((136, 200), (50, 100))
    assert own["conf_low"] <= 100 * expected.low < 100 * expected.high <= own["conf_high"]
    assert own["estimate"] == 15  # as printed; that the groups differ by 18 is a finding


def test_what_does_not_hang_together_is_found(results: Results) -> None:
    found = results.displays["findings"]
    assert found["kind"].tolist() == [
        "points_printed_as_percent", "gap_is_another", "counts_differ", "n_not_published", "more_digits_than_people",
    ]  # fmt: skip
    told = " ".join(finding_sentences(results))
    assert "“+2.0%” is printed for a difference of +2 percentage points" in told
    assert "12 (page 3); 11 (page 9)" in told
    assert findings(results)


def test_a_printed_difference_that_does_not_add_up(tmp_path: Path) -> None:
    body = BODY.replace('printed: "+3"', 'printed: "+6"')
    found = run(study(tmp_path, body)).displays["findings"]
    assert found[found["kind"] == "difference_is_another"]["found"].tolist() == ["+6"]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (", year: 2017/18}}\n    - {id: both", "}}\n    - {id: both", ["needs its year", "known.national"]),
        ("able: 50", "from: Outstanding", ["'Outstanding' is the highest grade", "nobody there can rise"]),
        ("able: 50", "from: Good, to: Good", ["is no rise"]),
        ("able: 50", "from: Excellent", ["'Excellent' is none of the grades", "Requires improvement"]),
        ("able: 50", "able: 80", ["80 could rise, but the figure rests on 65"]),
        ("grades: review", "grades: reviews", ["no grades 'reviews'", "ofsted, review"]),
        ("mean: 48.3,", "mean: 48.3, percent: 5,", ["exactly one of percent, mean and gap", "percent and mean"]),
        ("percent: 66, n", "percent: 166, n", ["between 0 and 100"]),
        ("{gap: 20,", "{percent: 20,", ["beside a gap must be a gap"]),
        ("id: both", "id: known", ["'known' stands twice"]),
        ("seed: 1", "seed: 1\noutcomes: [{id: a}]", ["missing under 'outcomes.a'"]),
        ("design: national_comparison", "design: single_group_prepost", ["needs 'waves:'"]),
    ],
)
def test_a_plan_that_does_not_hang_together_is_told_where(tmp_path: Path, old: str, new: str, expected: list) -> None:
    folder = study(tmp_path, BODY)
    path = folder / "evaluation.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(SpecError) as caught:
        run(folder)
    assert [part for part in expected if part not in str(caught.value)] == [], str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("percent: 48, n: 65, of", 'percent: "48.0", n: 65, of', "31 of 65 is 47.69% and 32 of 65 is 49.23%"),
        ("asked: 48", "asked: 15", "no number up to the 15 asked gives 93.75%"),
        ("percent: 48, n: 65, of", "percent: 48, n: 65, count: 40, of", "40 of 65 is 61.54%, not 48%"),
    ],
)
def test_a_percentage_that_no_n_gives_is_refused_or_becomes_a_finding(
    tmp_path: Path, old: str, new: str, expected: str
) -> None:
    with pytest.raises(DesignError) as caught:
        run(study(tmp_path, BODY.replace(old, new)))
    assert expected in str(caught.value)
    kept = run(study(tmp_path, BODY.replace(old, f"printed_so: true, {new}")))
    assert {"percent_fits_no_n", "count_is_another"} & set(kept.displays["findings"]["kind"])
    assert finding_sentences(kept)


def test_percentages_of_the_same_people_need_one_n(tmp_path: Path) -> None:
    body = """\
  reported:
    - {id: a, label: A, percent: 93.75, asked: 31, survey: one, source: r}
    - {id: b, label: B, percent: 90, asked: 31, survey: one, source: r}
"""
    with pytest.raises(DesignError, match=r"no number of answers up to 31 gives all of 93.75%, 90%"):
        run(study(tmp_path, body))


def test_unpublished_small_numbers_are_hidden(tmp_path: Path) -> None:
    body = BODY.replace("{id: reviews,", "{id: reviews, published: false,").replace(
        "{id: known, ", "{id: few, label: Few, percent: 25, n: 12, source: r, published: false}\n    - {id: known, "
    )
    results = run(study(tmp_path, body))
    assert row(results, "reported", "few")["status"] == "suppressed"
    assert results.displays["figures"].set_index("outcome")["count"].isna()["few"]
    moves_shown = results.displays["transitions"]
    assert moves_shown["count"].isna().any()
    assert "fewer than 10" in " ".join(transition_sentences(results))
    assert "c" in "".join(one.markdown for one in number_tables(results))


def test_the_words_say_what_can_and_what_cannot_be_said(results: Results) -> None:
    told = {one.figure.id: describe(one) for one in reported_figures(results)}
    assert told["known"].startswith(
        "Improved: 48% of schools (31 of 65), against 34% nationally in 2017/18: +14 percentage"
    )
    assert "The likely range leaves the national figure out" in told["known"]
    assert "we cannot tell a difference from chance" in told["unknown"]
    assert "cannot be told apart" in told["mean"]
    assert answer(results).startswith("2 of 6 published figures can be told apart")
    assert "15 of 40" in transition_sentences(results)[0]
    assert "Find out how many" in next_steps(results)[0]
    picture = reported_figure(results)
    assert picture is not None
    assert "Improved: 48%, nationally 34%" in picture.alt


def test_the_report_is_made_and_the_results_are_reproduced(tmp_path: Path) -> None:
    folder = study(tmp_path / "figures", BODY)
    results = run(folder, to=folder)
    assert Results.from_json(results.to_json()).to_json() == results.to_json()
    assert verify(folder).reproduced
    page = render(results, to=tmp_path / "report.html").read_text(encoding="utf-8")
    assert "What does not hang together" in page
    with pytest.raises(ReportError, match="not made for the design national_comparison"):
        render(results, to=tmp_path / "report.html", template="brief")


def test_the_plan_that_new_writes_runs(tmp_path: Path) -> None:
    path = write_plan("my-network", design="national_comparison", folder=tmp_path)
    assert not run(path.parent).estimates.empty
