"""What each profile's readers see in a report: no exact number of pupils under `public`, looked for as a reader could.

Every count of the results is made longer than any other number of a report (times 1,000,003, so that sums still hold);
whatever of it is shown then stands out in the words, tables, pictures and their alternative texts.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from evalkit.errors import ReportError
from evalkit.portfolio.compare import compare
from evalkit.records.place_results import Level, Member, PlaceFigure, PlaceResults
from evalkit.records.published import FROM_THE_PLAN, published, published_count, published_place, published_portfolio
from evalkit.records.results import Results, load_results
from evalkit.report.execute import Executed, run_template
from evalkit.report.execute_parent import CellChild
from evalkit.report.numbers import count, counts_rounded, part, pupils
from evalkit.report.parse import Prose
from evalkit.report.render import own_template, render, template_path
from evalkit.report.words import flow_title
from evalkit.report.words_checks import check_sentence

ANALYSES = Path(__file__).parents[3] / "analyses"
LONG = 1_000_003
PUPILS = {
    "n", "count", "group_count", "pupils", "randomised", "analysed", "lost", "n_treated", "n_control", "n_pre",
    "n_post", "n_linked", "n_pupils", "n_missing", "n_reference", "n_focal", "asked", "effective_treated",
    "effective_control",
}  # fmt: skip
OTHER = {
    "place", "high", "low", "k", "answer", "answer_low", "answer_high", "clusters_treated", "clusters_control",
    "schools", "n_schools", "factors", "rounded_to", "months", "padlocks", "df", "number", "analysis_all",
    "analysis_eal", "protocol_all", "protocol_eal", "randomisation_all", "randomisation_eal", "statistic", "percent",
    "group_percent", "conf_high", "conf_low", "estimate", "is_singular", "converged", "beyond", "missing_percent",
    "r2_school", "r2_pupil",
}  # fmt: skip
COUNTED = ("n_linked", "n_left_out", "n_pupils", "n_unmatched", "n_pre", "n_lost", "pre_only", "post_only")
EXAMPLES = ("keyham-resilience", "eal-mainstream-classroom", "bengeworth-programmes/top-dog", "challenge-the-gap")
SHOWN = [
    *((name, "") for name in EXAMPLES), ("keyham-resilience", "brief"), ("keyham-resilience", "measures"),
]  # fmt: skip


@cache
def example(name: str) -> Results:
    return load_results(ANALYSES / name / "results.json")


def lengthened(results: Results) -> Results:
    """The same results of a million times as many pupils."""

    def longer(name: str, table: pd.DataFrame) -> pd.DataFrame:
        if name in FROM_THE_PLAN:
            return table
        made = table.copy()
        of_pupils = ~made["level"].isin(["school", "class"]) if "level" in made else pd.Series(True, index=made.index)
        for column in PUPILS & set(made.columns):
            made[column] = made[column].astype("float64").where(~of_pupils, made[column] * LONG)
        if "unit" in made and "estimate" in made:
            made["estimate"] = made["estimate"].where(made["unit"] != "pupils", made["estimate"] * LONG)
        if name == "matching":
            told = made["quantity"].str.contains("treated|control|sets")
            made["number"] = made["number"].where(~told, made["number"] * LONG)
        if name == "mdes":
            for column in [one for one in made.columns if one.startswith(("analysis", "randomisation"))]:
                made[column] = made[column].where(~made["row"].str.startswith("pupils"), made[column] * LONG)
        for column in {"reason", "note"} & set(made.columns):
            made[column] = made[column].str.replace(
                r"(?<!than )\b(\d+)(?= pupils)", lambda found: str(int(found[1]) * LONG), regex=True
            )
        return made

    def facts(known: dict) -> dict:
        return {key: value * LONG if key in COUNTED and value is not None else value for key, value in known.items()}

    return replace(
        results,
        plan=results.plan.model_copy(update={"seed": 1}),
        provenance=replace(results.provenance, seed=1),
        estimates=longer("estimates", results.estimates),
        models=longer("models", results.models),
        displays={name: longer(name, table) for name, table in results.displays.items()},
        checks=tuple(replace(one, facts=facts(dict(one.facts))) for one in results.checks),
        caveats=tuple(replace(one, facts=facts(dict(one.facts))) for one in results.caveats),
    )


def text_of(executed: Executed) -> str:
    """Everything a layout gets, pictures with their words included."""
    told: list[str] = [str(one) for one in executed.front.values()]
    for one in executed.parts:
        if isinstance(one, Prose):
            told.append(one.text)
            continue
        told += one.captions.values()
        blocks = list(one.blocks)
        while blocks:
            block = blocks.pop()
            blocks += getattr(block, "content", ())
            told += [str(getattr(block, name, "")) for name in ("text", "markdown", "alt", "caption")]
            svg = getattr(block, "svg", b"").decode()
            told += re.findall(r">([^<>]+)<", svg)
    return "\n".join(told).replace("\\", "")


def long_counts(text: str) -> list[int]:
    plain = re.sub(r"\b[0-9a-f]{12,}\b|https?://\S+", "", text)
    return [int(one.replace(",", "")) for one in re.findall(r"\d{1,3}(?:,\d{3}){2,}|\d{7,}", plain)]


@pytest.fixture(scope="module")
def child() -> Iterator[CellChild]:
    with CellChild() as process:
        yield process


def run(results: Results, template: str, child: CellChild, *, rounding: int) -> str:
    place = template_path(template or own_template(results))
    return text_of(run_template(place, context={"results": results}, params={}, rounding=rounding, child=child))


@pytest.mark.parametrize(("name", "template"), SHOWN)
def test_a_public_report_shows_no_exact_number_of_pupils(name: str, template: str, child: CellChild) -> None:
    text = run(published(lengthened(example(name)), "public"), template, child, rounding=5)
    found = long_counts(text)
    assert len(found) > 3
    assert [one for one in found if one % 5] == []
    assert text.count("Numbers of people are rounded to the nearest 5") == 1
    tenths = re.findall(r"\d+\.\d+%", text)
    assert set(tenths) <= {"3.8%"}, "from the plan's own words only"


def test_the_same_look_finds_every_exact_number_where_nothing_is_rounded(child: CellChild) -> None:
    text = run(lengthened(example("keyham-resilience")), "brief", child, rounding=1)
    assert len([one for one in long_counts(text) if one % 5]) > 3
    assert "rounded to the nearest" not in text


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_column_of_whole_numbers_is_known_to_count_pupils_or_not(name: str) -> None:
    results = example(name)
    for table_name, table in {"estimates": results.estimates, "models": results.models, **results.displays}.items():
        if table_name in FROM_THE_PLAN:
            continue
        for column in table.columns:
            values = table[column].dropna()
            if values.dtype.kind in "fi" and len(values) and (values % 1 == 0).all():
                assert column in PUPILS | OTHER, (table_name, column)


def test_few_are_told_as_fewer_than_the_step() -> None:
    assert [published_count(value, 5) for value in (0, 1, 4, 5, 7, 8, 52, 53)] == [0, 2.5, 2.5, 5, 5, 10, 50, 55]
    assert np.isnan(published_count(np.nan, 5))
    with counts_rounded(5):
        assert count(2.5) == "fewer than 5"
        assert [count(value) for value in (3, 17, 52.5, 57.5)] == ["3", "17", "50", "55"]  # whole ones are of schools
        assert part(2.5, 50) == "fewer than 5 of 50"
        assert part(33.5, 50) == "67% (35 of 50)"
        assert pupils(2.5, 50) == "fewer than 5 of 50 pupils"
        assert part(150, 450) == "33% (150 of 450)"
    assert part(150, 450) == "33.3% (150 of 450)"


def test_nobody_is_said_to_have_stayed_where_few_left() -> None:
    results = example("keyham-resilience")
    flow = results.displays["flow"].assign(n=[51, 50, 50, 1, 0])
    checks = tuple(
        replace(one, facts={**one.facts, "n_pre": 51, "n_linked": 50, "n_lost": 1, "share_lost": 1 / 51})
        if one.name == "drop_out"
        else one
        for one in results.checks
    )
    few = published(replace(results, checks=checks, displays={**results.displays, "flow": flow}), "public")
    assert few.displays["flow"]["n"].tolist() == [50, 50, 50, 2.5, 0]
    with counts_rounded(5):
        assert flow_title(few) == "50 of 50 pupils answered both times"
        drop_out = next(check_sentence(few, one) for one in few.checks if one.name == "drop_out")
    assert "fewer than 5 of 50" in drop_out


def test_sentences_with_numbers_of_pupils_are_rounded_and_thresholds_are_not() -> None:
    results = example("keyham-resilience")
    told = (
        "42 pupils answered both times; too few.", "Fewer than 10 pupils were left out.", "3 pupils were left out.",
        "Only 38 of 41 pupils answered all 8 items.", "The answers count like those of 61 people.",
        "Fewer than 10 of 63 did not agree, so the share is not shown.",
    )  # fmt: skip
    estimates = results.estimates.head(len(told)).assign(reason=list(told))
    shown = published(replace(results, estimates=estimates), "public").estimates["reason"].tolist()
    assert shown == [
        "40 pupils answered both times; too few.", "Fewer than 10 pupils were left out.",
        "fewer than 5 pupils were left out.", "Only 40 of 40 pupils answered all 8 items.",
        "The answers count like those of 60 people.", "Fewer than 10 of 65 did not agree, so the share is not shown.",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["keyham-resilience", "bengeworth-programmes/top-dog"])
def test_no_mean_tells_which_of_the_numbers_that_round_alike_is_the_true_one(name: str) -> None:
    """The attacker tries every number of pupils: a sum of whole answers must fit each, at the decimals published."""
    exact, shown = example(name), published(example(name), "public")
    tried = ruled_out = 0
    for table in ("items", "means", "arms"):
        for one, known in zip(
            shown.displays.get(table, pd.DataFrame()).to_dict("records"),
            exact.displays.get(table, pd.DataFrame()).to_dict("records"),
            strict=True,
        ):
            if not np.isfinite(one["mean"]):
                continue
            decimals = len(f"{one['mean']:.10f}".rstrip("0").partition(".")[2])
            half = 0.5 * 10**-decimals if decimals else 0.5
            for n in range(int(one["n"]) - 2, int(one["n"]) + 3):
                low, high = n * (one["mean"] - half), n * (one["mean"] + half)
                assert np.floor(high + 1e-9) >= np.ceil(low - 1e-9), (table, one["mean"], n)
                total = n * known["mean"]
                ruled_out += abs(total - round(total)) > 1e-6  # what the exact mean would have given away
                tried += 1
    assert tried > 5
    assert ruled_out > 0.5 * tried


def test_degrees_of_freedom_and_clusters_of_one_pupil_are_rounded() -> None:
    matched = published(example("challenge-the-gap"), "public")
    assert (matched.displays["matching"]["number"].dropna().loc[lambda n: n > 5] % 5 == 0).all()
    clusters = matched.estimates[["clusters_treated", "n_treated"]].dropna()
    alone = example("challenge-the-gap").estimates.loc[clusters.index]
    alone = alone["clusters_treated"] == alone["n_treated"]
    assert alone.any()
    assert (clusters["clusters_treated"] % 5 == 0)[alone].all()
    assert matched.models["clusters_treated"].tolist() == [74.0, 75.0]  # schools are no pupils


def test_a_school_and_a_portfolio_follow_the_profile() -> None:
    figure = PlaceFigure("grit", "change", n=23.0, before=3.1, after=3.4, members=(Member("S1", n=12.0),))
    school = PlaceResults("trust", "S1", "S1", "", (figure,), {"": 1})
    shown = published_place(school, "public").figures[0]
    assert (shown.n, shown.members[0].n) == (25.0, 10.0)
    assert published_place(school, None) == school
    both = published_portfolio(compare([example(name) for name in EXAMPLES[:2]]), "public")
    assert (both.rows["n"].dropna() % 5 == 0).all()
    assert (both.results[0].displays["flow"]["n"] % 2.5 == 0).all()


@pytest.mark.parametrize(("level", "template"), [("school", "school"), ("school", "letter"), ("hub", "hub")])
def test_the_pages_of_places_show_no_exact_number(level: Level, template: str, child: CellChild) -> None:
    members = tuple(Member(name, n * LONG, 3.1, 3.2, 0.1, -0.2, 0.4) for name, n in (("Oak", 23.0), ("Elm", 31.0)))
    figure = PlaceFigure(
        "grit", "change", n=54.0 * LONG, before=3.1, after=3.4, value=0.2, low=-0.1, high=0.5, beside=0.1,
        beside_low=-0.2, beside_high=0.4, schools_before=3.0, schools_after=3.2, average=0.1, others=(-0.2, 0.0, 0.3),
        spread=0.6, schools=3.0, members=members, kept_back=1.0,
    )  # fmt: skip
    place = published_place(PlaceResults(level, "S1", "S1", "", (figure,), {"": 3}, named=True), "public")
    context = {"results": published(lengthened(example("keyham-resilience")), "public"), "place": place}
    found = long_counts(
        text_of(run_template(template_path(template), context=context, params={}, rounding=5, child=child))
    )
    assert found
    assert [one for one in found if one % 5] == []


def test_the_page_of_several_programmes_shows_no_exact_number(child: CellChild) -> None:
    both = published_portfolio(compare([lengthened(example(name)) for name in EXAMPLES[2:]]), "public")
    executed = run_template(template_path("portfolio"), context={"portfolio": both}, params={}, rounding=5, child=child)
    text = text_of(executed)
    assert len(long_counts(text)) > 1
    assert [one for one in long_counts(text) if one % 5] == []
    assert text.count("Numbers of people are rounded") == 1


def test_results_that_show_smaller_groups_are_refused(tmp_path: Path) -> None:
    results = example("keyham-resilience")
    small = replace(results, plan=results.plan.model_copy(update={"suppression_threshold": 5}))
    with pytest.raises(ReportError, match="disclosure_profile: public"):
        render(small, to=tmp_path / "report.html", profile="public")
    assert published(small, "internal").displays["flow"].equals(small.displays["flow"])


def test_standard_leaves_out_percentages_on_fewer_than_twenty() -> None:
    results = example("keyham-resilience")
    table = pd.DataFrame({"n": [19.0, 20.0], "percent": [50.4, 50.4], "mean": [3.21, 3.21]})
    shown = published(replace(results, displays={"few": table}), "standard").displays["few"]
    assert np.isnan(shown["percent"].iloc[0])
    assert shown["percent"].iloc[1] == 50.4
    assert shown["mean"].tolist() == [3.21, 3.21]
    assert published(results, None) is results


@pytest.mark.parametrize("name", EXAMPLES)
def test_standard_hides_zeros_of_answers_and_characteristics(name: str) -> None:
    shown, seen = published(example(name), "standard"), 0
    for table in ("answers", "balance", "distribution", "overlap"):
        rows = shown.displays.get(table, pd.DataFrame())
        for column in {"count", "group_count"} & set(rows.columns):
            counts = rows[column].dropna()
            if "level" in rows:
                counts = counts[rows["level"] == "pupil"]
            assert (counts >= 10).all(), (table, column)
            seen += len(counts)
    assert seen > 3


def test_figures_that_were_published_elsewhere_stay_as_they_were_printed() -> None:
    reported = example("getting-ahead-london")
    assert published(reported, "public") is reported
