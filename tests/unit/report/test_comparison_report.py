"""The report of a comparison without a draw: its words, its figures' data, and every part on a page."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalkit.analysis.analyse import analyse
from evalkit.errors import ReportError
from evalkit.records.results import Results
from evalkit.report import words_comparison
from evalkit.report.figure_balance import balance_data
from evalkit.report.figure_consort import consort_data
from evalkit.report.figure_groups import groups_data
from evalkit.report.figure_overlap import overlap_figure
from evalkit.report.figure_trend import trend_figure
from evalkit.report.render import own_template, render
from evalkit.report.trial_effects import primary_effects
from evalkit.report.words_comparison import lord_lines, lord_verdict, placebo_sentences, start_sentences
from evalkit.report.words_took_part import took_part
from evalkit.report.words_trial import trial_answer
from evalkit.report.words_trial_checks import trial_check_sentence
from evalkit.report.words_trial_steps import trial_steps
from tests.unit.analysis.comparison_scores import comparison_plan, comparison_scores


@pytest.fixture(scope="module")
def results() -> Results:
    random = np.random.default_rng(1)
    arm = np.arange(84) % 2
    true = 50 - 5 * arm + random.normal(0, 8, 84)
    table = pd.DataFrame(
        {"arm": arm, "before": true + random.normal(0, 4, 84), "after": true + 6 * arm + random.normal(0, 4, 84)}
    )
    table.loc[[3, 9, 17], "after"] = np.nan
    plan = comparison_plan(
        selection={"chosen_on_baseline": True, "description": "teachers named pupils who read slowly"},
        subgroups=[{"id": "fsm", "label": "Free school meals", "values": {"yes": "yes", "no": "no"}}],
    )
    table["fsm"] = random.choice(["yes", "no"], 84)
    return analyse(*reversed(comparison_scores(table, plan)))


def test_the_answer_is_a_difference_and_never_an_effect(results: Results) -> None:
    told = trial_answer(results)
    assert told.startswith("Pupils scored higher on reading in the programme group than in the comparison group, by ")
    assert told.endswith(
        "but nobody drew lots for the groups, so something other than the programme may be the reason."
    )


def test_who_took_part_was_not_drawn(results: Results) -> None:
    told = " ".join(took_part(results))
    assert "There were 42 pupils in the group “Programme” and 42 pupils in the comparison group" in told
    assert "drawn" not in told
    ends = consort_data(results).groupby("step")["n"].sum()
    assert (ends["randomised"], ends["analysed"]) == (84, 81)


def test_the_start_is_judged_by_the_wwc_rule(results: Results) -> None:
    gap = results.displays["wwc"].query("step == 'baseline'")["value"].iloc[0]
    first, rule = start_sentences(results)
    assert f"were {gap:.2f} of a standard deviation apart on reading: too far apart to count as alike." in first
    assert "up to 0.05, and as comparable with adjustment up to 0.25 (status V)" in rule
    assert balance_data(results).set_index("label").loc["Reading test", "analysed"] == pytest.approx(-gap)


def test_lords_paradox_is_told_with_its_numbers(results: Results) -> None:
    one = primary_effects(results)[0]
    lines = lord_lines(results, one)
    assert [line.split("**")[1] for line in lines] == [
        "At equal scores before",
        "Change scores",
        "At equal true scores before",
    ]
    taken = results.displays["adjustment"].set_index("quantity").loc["taken", "value"]
    assert f"It takes {abs(taken):.1f} points of the" in lines[0]
    change = results.estimates.query("estimator == 'change_score'")["estimate"].iloc[0]
    assert f"change scores +{change:.1f}" in lord_verdict(results, one)


def test_checks_and_steps_do_not_speak_of_chance(results: Results) -> None:
    told = [trial_check_sentence(results, one) for one in results.checks]
    told += trial_steps(results, primary_effects(results))
    assert not [text for text in told if "Chance decided" in text or "trial" in text]


def test_the_groups_figure_holds_the_means(results: Results) -> None:
    data = groups_data(results, "reading").set_index(["arm", "measure"])["mean"]
    own = results.displays["arms"].set_index(["arm", "measure"])["mean"]
    assert data.sort_index().tolist() == own.sort_index().tolist()


def test_it_has_its_own_template_and_every_part_is_there(results: Results, tmp_path: Path) -> None:
    assert own_template(results) == "comparison"
    text = render(results, to=tmp_path / "report.html").read_text(encoding="utf-8")
    for part in (
        "Were the groups alike before?", "Three ways to compare", "What nobody measured", "At equal true scores before",
        "Pupils put in random order", "Robustness value", "How they came about: teachers named pupils who read slowly.",
    ):  # fmt: skip
        assert part in text, part
    for never in ("Chance put", "impact", "months of progress", "Months"):
        assert never not in text, never
    brief = render(results, to=tmp_path / "brief.html", template="brief").read_text(encoding="utf-8")
    assert "to compare with" in brief
    with pytest.raises(ReportError, match="made for studies without arms"):
        render(results, to=tmp_path / "report.html", template="measures")
    with pytest.raises(ReportError, match="not made for the design comparison_prepost"):
        render(results, to=tmp_path / "report.html", template="trial")


def test_its_sentences_are_easy_to_read() -> None:
    textstat = pytest.importorskip("textstat")
    names = ("LIMITS", "WARNINGS", "NOTES", "CHECKS", "STEPS", "STEPS_FOR", "LORD", "MATCHED")
    banks = [getattr(words_comparison, name) for name in names]
    told = [re.sub(r"\{[a-z_]+\}", "four", text).replace("**", "") for bank in banks for text in bank.values()]
    assert textstat.textstat.flesch_kincaid_grade("\n".join(told)) + 5 <= 14


MATCHED = {
    "love": [("reading", "baseline", "Reading test", -0.62, 0.03, "satisfied")],
    "overlap": [
        ("reading", arm, "all", low, low + 0.25, 10.0, share)
        for arm, shares in (("programme", (5, 20, 40, 35)), ("comparison", (40, 35, 20, 5)))
        for low, share in zip((0.0, 0.25, 0.5, 0.75), shares, strict=True)
    ],
    "trend": [
        ("reading", arm, wave, place, 40.0, 50.0 + place, 48.0, 52.0, "all", "before" if place < 3 else "after")
        for arm in ("programme", "comparison")
        for place, wave in enumerate(("before", "before", "after"), start=1)
    ],
    "matching": [("reading", "method", "nearest")],
}
COLUMNS = {
    "love": ["outcome", "variable", "label", "before", "after", "verdict"],
    "overlap": ["outcome", "arm", "sample", "low", "high", "count", "percent"],
    "trend": ["outcome", "arm", "wave", "place", "n", "mean", "mean_low", "mean_high", "sample", "when"],
    "matching": ["outcome", "quantity", "value"],
}


def test_displays_of_matching_are_drawn(results: Results) -> None:
    made = {name: pd.DataFrame(rows, columns=COLUMNS[name]) for name, rows in MATCHED.items()}
    placebo = results.estimates.query("inquiry == 'effect' and estimator == 'ancova'").assign(
        inquiry="placebo", estimator="matched", conf_low=-1.0, es_low=-0.1
    )
    estimates = pd.concat([results.estimates, placebo], ignore_index=True)
    matched = replace(results, displays={**results.displays, **made}, estimates=estimates)
    assert balance_data(matched).values.tolist() == [["Reading test", -0.62, 0.03]]
    drawn = overlap_figure(matched, "reading")
    assert drawn is not None
    assert "Programme: 0.00 to 0.25 5%" in drawn.alt
    assert trend_figure(matched, "reading") is not None
    assert "do not clearly differ" in placebo_sentences(matched)[0]
