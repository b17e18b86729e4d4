"""A walk over the whole results file: no small number of pupils can be read off, whatever table it stands in."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from evalkit.analysis.analyse import analyse
from evalkit.road import run

DEMO = Path(__file__).parents[3] / "analyses" / "keyham-resilience"
TOTALS = {"not_linked", "complete_cases", "few_pupils"}  # caveats about who took part
ABOUT_DATA = {"missing_percent"}  # who gave no score: data quality, shown by rule
COUNTED = re.compile(r"(?<![\w.])(?<!fewer than )(?<!Fewer than )(\d+) (?:of (\d+)|pupils)")


def leaks(text: str) -> list[str]:
    """Every place of a results file where fewer pupils than the threshold, or all but so few, can be read."""
    content = json.loads(text)
    threshold = content["plan"]["suppression_threshold"]
    models = {row["outcome"]: row for row in rows_of(content["models"])}
    found = [*in_estimates(content, models), *in_displays(content, models), *in_words(content, models)]
    return [
        f"{place}: {number:g} of {total:g}"
        for place, number, total in found
        if 0 < number < threshold or 0 < total - number < threshold
    ]


def rows_of(frame: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(frame["columns"], row, strict=True)) for row in frame["rows"]]


def in_estimates(content: dict[str, Any], models: dict[str, Any]) -> Iterator[tuple[str, float, float]]:
    shown: dict[str, list[float]] = {}
    for row in rows_of(content["estimates"]):
        linked = models[row["outcome"]]["n_linked"]
        if row["unit"] == "pupils" and row["estimate"] is not None:
            yield f"{row['outcome']} {row['contrast']}", row["estimate"], linked
            shown.setdefault(row["outcome"], []).append(row["estimate"])
        if row["inquiry"] != "leavers" and row["n_treated"] is not None:
            yield f"{row['outcome']} {row['estimator']} n", linked - row["n_treated"], linked
    for outcome, counts in shown.items():
        yield f"{outcome}: the counts that are hidden together", sum(counts), models[outcome]["n_linked"]


def in_displays(content: dict[str, Any], models: dict[str, Any]) -> Iterator[tuple[str, float, float]]:
    by_scale = {row["scale"]: row for row in models.values()}
    first = content["plan"]["waves"][0]["id"]
    for name, frame in content["displays"].items():
        for row in rows_of(frame):
            model = models.get(row.get("outcome")) or by_scale.get(row.get("scale"), {})
            totals = {row.get("n"), model.get("n_linked"), model.get("n_pre" if row.get("wave") == first else "n_post")}
            place = f"{name} {row.get('scale') or row.get('outcome')} {row.get('item', '')} {row.get('wave')}"
            for column, value in row.items():
                if value is None or column in ABOUT_DATA:
                    continue
                if column in ("count", "group_count"):
                    total = row.get("n", model.get("n_linked"))
                    yield f"{place} {column}", value, total
                elif column == "percent" or column.endswith("_percent"):
                    yield from read_off(f"{place} {column}", value, totals)
            yield from both_ends(place, row, totals)


def both_ends(place: str, row: dict[str, Any], totals: set[float | None]) -> Iterator[tuple[str, float, float]]:
    ends = row.get("floor_percent"), row.get("ceiling_percent")
    if None not in ends:
        yield from read_off(f"{place} between the ends", sum(ends), totals)


def read_off(place: str, percent: float, totals: set[float | None]) -> Iterator[tuple[str, float, float]]:
    """The count behind a percentage, for every total that gives a whole number."""
    for total in totals - {None}:
        number = percent * total / 100
        if abs(number - round(number)) < 1e-6:
            yield place, round(number), total


def in_words(content: dict[str, Any], models: dict[str, Any]) -> Iterator[tuple[str, float, float]]:
    for caveat in content["caveats"]:
        percent = caveat["facts"].get("percent")
        if percent is not None:
            model = models[caveat["outcome"]]
            totals = {model["n_pre"], model["n_post"], model["n_linked"]}
            yield from read_off(f"caveat {caveat['kind']}", percent, totals)
        if caveat["kind"] not in TOTALS:
            yield from in_sentence(f"caveat {caveat['kind']}", json.dumps(caveat["facts"]))
    for row in (*rows_of(content["estimates"]), *rows_of(content["displays"]["quality"])):
        yield from in_sentence(row.get("outcome") or row["label"], row["reason"] or "")


def in_sentence(place: str, text: str) -> Iterator[tuple[str, float, float]]:
    for number, total in COUNTED.findall(text):
        yield f"{place}: {text}", float(number), float(total or "inf")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    return run(DEMO, to=tmp_path_factory.mktemp("demo")).to_json()


def test_the_demo_gives_no_small_number_away(demo):
    assert leaks(demo) == []


@pytest.mark.parametrize(
    "numbers",
    [
        {"n": 13, "n_left": 1, "n_joined": 1},  # 11 linked, just above the threshold
        {"n": 30, "n_left": 1, "n_joined": 0},  # one leaver
        {"n": 56, "n_left": 0, "n_joined": 0, "seed": 7},
        {"n": 24, "n_left": 12, "n_joined": 0},  # as many left as stayed
    ],
    ids=["just enough", "one leaver", "all linked", "many leavers"],
)
def test_synthetic_results_give_no_small_number_away(small_study, numbers):
    text = small_study(**numbers)[1].to_json()
    assert leaks(text) == []
    assert rows_of(json.loads(text)["displays"]["means"])[0]["mean"] is not None, "and something is shown"


@pytest.mark.parametrize("at_floor", [1, 3, 45, 53, 55, 56])
def test_few_pupils_at_the_floor_are_not_given_away(plan, study_of, scores_of, at_floor):
    study = study_of(plan())
    scores = scores_of(study, n_left=0, n_joined=0)
    frame, scales = scores.frame, scores.quality.scales
    for wave in ("pre", "post"):
        chosen = frame.index[(frame["scale"] == "grit_s8.total") & (frame["wave"] == wave)]
        values = np.where(np.arange(56) < at_floor, 1.0, 1.5 + np.arange(56) % 8 / 4 + (wave == "post") / 8)
        frame.loc[chosen, "value"] = values
        row = (scales["scale"] == "grit_s8.total") & (scales["wave"] == wave)
        scales.loc[row, ["floor_percent", "straight_line_percent"]] = 100 * at_floor / 56
    assert leaks(analyse(scores, study).to_json()) == []


@pytest.mark.parametrize("improved", [3, 41, 47, 50])
def test_reliable_change_gives_no_small_number_away(plan, study_of, scores_from, improved):
    grit = plan().outcomes[1].model_dump(mode="json")
    study = study_of(plan(outcomes=[grit]))
    pairs = {f"P{place:02d}": (2 + place % 3 / 8, 2 + place % 3 / 8 + 2 * (place < improved)) for place in range(50)}
    pairs["P49"] = (2.0, 4.5)
    text = analyse(scores_from(study, {"grit": pairs}, omega=0.9), study).to_json()
    assert leaks(text) == []
    rows = [row for row in rows_of(json.loads(text)["estimates"]) if row["unit"] == "pupils"]
    assert {row["status"] for row in rows} == {"suppressed"}


def plant(text: str, part: str, column: str, value: object, **where: object) -> str:
    """The file with one cell of a table changed, in the first row that fits."""
    content = json.loads(text)
    frame = content[part] if part in content else content["displays"][part]
    for row in frame["rows"]:
        named = dict(zip(frame["columns"], row, strict=True))
        if all(named[name] == wanted for name, wanted in where.items()):
            row[frame["columns"].index(column)] = value
            return json.dumps(content)
    raise AssertionError("no such row")


def test_the_walk_finds_what_is_planted(small_study):
    text = small_study(n=48, n_left=0, n_joined=0)[1].to_json()
    assert leaks(text) == []
    planted = (
        plant(text, "estimates", "estimate", 41.0, contrast="improved"),
        plant(text, "estimates", "n_treated", 46.0, estimator="percent_pupil_ratio"),
        plant(text, "estimates", "reason", "3 pupils were left out.", estimator="percent_pupil_ratio"),
        plant(text, "quality", "straight_line_percent", 100 / 48, wave="pre"),
        plant(text, "quality", "floor_percent", 100 * 45 / 48, wave="post"),
        plant(text, "items", "ceiling_percent", 100 * 9 / 48, wave="post"),
        plant(text, "distribution", "count", 4.0, wave="pre"),
        plant(text, "answers", "group_count", 40.0, wave="pre"),
    )
    assert [len(leaks(one)) > 0 for one in planted] == [True] * len(planted)
