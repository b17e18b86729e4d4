"""One group before and after, measured by numbers that files already hold: from file to report, without a question."""

import csv
import math
import re
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from evalkit.records.results import Results
from evalkit.report.render import render
from evalkit.road import run

ESTIMAND = """\
    estimand: {population: all, contrast: after and before, measure: mean change, non_compliance: as observed,
      drop_out: left out}
"""
PLAN = f"""\
schema: evalkit-evaluation/1
id: breakfast
title: Breakfast club
programme: {{name: Breakfast club, description: Synthetic figures for tests.}}
design: single_group_prepost
arms: [{{id: programme, label: Pupils}}]
waves: [{{id: pre, label: Autumn term}}, {{id: post, label: Summer term}}]
measures:
  - id: attendance
    label: Attendance
    low: 0
    high: 100
    unit: percent
    source: the register
    waves: {{pre: [Attendance autumn], post: [Attendance summer]}}
  - id: reading_age
    label: Reading age
    low: 60
    high: 204
    unit: months
    source: a reading test
    validated: true
    error: {{value: 3.0, source: the manual}}
    waves: {{pre: [Reading age], post: [Reading age]}}
outcomes:
  - id: attendance
    label: Attendance
    instrument: attendance
    score: value
    role: primary
{ESTIMAND}  - id: reading
    label: Reading age
    instrument: reading_age
    score: value
    role: primary
    smallest_worthwhile: {{value: 3, unit: points, source: the school}}
{ESTIMAND}seed: 3
pupil_headers: [Code]
data: {{files: [{{path: data.csv}}]}}
"""
PUPILS = 60


def numbers() -> dict[str, list[float]]:
    rng = np.random.default_rng(11)
    attendance = np.clip(np.round(rng.normal(92, 4, PUPILS), 1), 0, 100)
    reading = np.round(rng.normal(120, 14, PUPILS))
    return {
        "Attendance autumn": attendance.tolist(),
        "Attendance summer": np.clip(np.round(attendance + rng.normal(1, 3, PUPILS), 1), 0, 100).tolist(),
        "Reading age autumn term": reading.tolist(),
        "Reading age summer term": (reading + np.round(rng.normal(9, 8, PUPILS))).tolist(),
    }


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    folder = tmp_path_factory.mktemp("breakfast")
    (folder / "evaluation.yaml").write_text(PLAN, encoding="utf-8")
    columns = numbers()
    with (folder / "data.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Code", *columns])
        for place, row in enumerate(zip(*columns.values(), strict=True)):
            writer.writerow([f"P{place:03}", *row])
    return run(folder)


def row_of(results: Results, outcome: str, **wanted: str) -> dict[str, object]:
    frame = results.estimates
    for column, value in {"outcome": outcome, **wanted}.items():
        frame = frame[frame[column] == value]
    (row,) = frame.to_dict("records")
    return row


def test_the_change_is_that_of_a_paired_t_test(results: Results) -> None:
    columns = numbers()
    for outcome, name in (("attendance", "Attendance {}"), ("reading", "Reading age {} term")):
        before, after = columns[name.format("autumn")], columns[name.format("summer")]
        row = row_of(results, outcome, estimator="paired_t")
        expected = stats.ttest_rel(after, before)
        assert row["estimate"] == pytest.approx(np.mean(np.subtract(after, before)), rel=1e-12)
        assert row["p_value"] == pytest.approx(expected.pvalue, rel=1e-10)


def test_reliable_change_uses_the_published_error(results: Results) -> None:
    threshold = row_of(results, "reading", inquiry="reliable_change", contrast="threshold")
    assert threshold["estimate"] == pytest.approx(1.959963984540054 * math.sqrt(2) * 3.0, rel=1e-6)
    assert threshold["reason"] == "published error of 3 months (the manual)"
    without = row_of(results, "attendance", inquiry="reliable_change", contrast="threshold")
    assert "does not say how exact this number is" in str(without["reason"])


def test_the_measure_check_rests_on_the_error(results: Results) -> None:
    check = next(one for one in results.checks if one.name == "measure")
    spread = min(np.var(numbers()[f"Reading age {term} term"], ddof=1) for term in ("autumn", "summer"))
    assert check.facts["value"] == pytest.approx(1 - 9 / spread, rel=1e-12)
    assert check.facts["stat"] == "error"


def test_the_report_speaks_of_numbers_and_not_of_questions(results: Results, tmp_path: Path) -> None:
    page = render(results, to=tmp_path / "report.html", renderer="embedded").read_text(encoding="utf-8")
    page = re.sub(r"<style.*?</style>|<script.*?</script>", " ", page, flags=re.DOTALL)
    text = " ".join(re.sub(r"<[^>]+>", " ", page).replace("’", "'").split())
    for word in ("each question", "to questions", "answered", "omega", "alpha", "agree with whatever"):
        assert not re.search(word, text.replace("not answers to questions", ""), re.IGNORECASE), word
    assert "Reading age rose by" in text
    assert "months" in text
    assert "Nobody but its makers has yet shown that attendance measures what it says." in text
    assert "a single number is off by about 3 months" in text
