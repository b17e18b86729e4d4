"""The tables on the measures: how well questions fit together and how pupils used the scales."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from evalkit.records.results import Results
from evalkit.report.blocks import Table
from evalkit.report.numbers import ABSENT, count, fixed, interval, known, percent, reliability, score, signed
from evalkit.report.rows import Row, records
from evalkit.report.table_cells import interval_name, shown, table, without_hidden
from evalkit.report.words_names import measured_facts, score_facts, wave_word


def items_table(results: Results, scale: str) -> Table:
    """Mean answers to every item of a scale before and after."""
    frame = results.displays["items"]
    frame = frame[frame["scale"] == scale]
    before, after = (wave.id for wave in results.plan.waves)
    rows = []
    for (_, label), group in frame.groupby(["item", "label"], sort=False):
        waves = {str(row["wave"]): row for row in records(group)}
        cells = [
            shown(waves[wave][column], lambda value: fixed(value, 2)) if wave in waves else ABSENT
            for column in ("mean", "item_rest_r")
            for wave in (before, after)
        ]
        rows.append([str(label), *cells])
    outcome = next(one for one in results.plan.outcomes if one.scale == scale)
    header = ["Question", "Mean before", "Mean after", "Item-rest r before", "Item-rest r after"]
    kept, left_out = without_hidden(header, rows, places=range(1, 5))
    caption = (
        f"{outcome.label}: mean answer to each question (after turning round those that are asked the other way) and "
        f"its correlation with the rest, all pupils of each time.{left_out}"
    )
    return table(
        results,
        [header[place] for place in kept],
        [[row[place] for place in kept] for row in rows],
        align="l" + "r" * (len(kept) - 1),
        caption=caption,
    )


def reliability_table(results: Results) -> Table:
    """Alpha and omega of every scale and wave beside the checked published values."""
    rows = []
    asked = {one.scale for one in results.plan.outcomes if measured_facts(results, one.id) is None}
    for row in records(results.displays["quality"]):
        if row["scale"] not in asked:
            continue
        rows.append(
            [
                str(row["label"]),
                wave_word(results, str(row["wave"])),
                count(row["n"]),
                count(row["k"]),
                _with_range(row, "alpha"),
                _with_range(row, "omega"),
                _published(results, str(row["scale"])),
            ]
        )
    header = ("Measure", "When", "Pupils", "Questions", "Alpha", "Omega", "Published alpha")
    caption = (
        f"How well the answers fit together ({interval_name(results)} in brackets). Pupils: those with full answers."
    )
    return table(results, header, rows, align="llrrrrr", caption=caption, widths=(17, 9, 9, 12, 20, 20, 20))


def _with_range(row: Row, stat: str) -> str:
    if not known(row[stat]):
        return ABSENT
    low, high = row[f"{stat}_low"], row[f"{stat}_high"]
    spread = f" ({interval(low, high, digits=2)})" if known(low) and known(high) else ""
    return f"{reliability(row[stat])}{spread}"


def _published(results: Results, scale: str) -> str:
    outcome = next((one for one in results.plan.outcomes if one.scale == scale), None)
    if outcome is None:
        return ABSENT
    values = [
        interval(one.get("low"), one.get("high"), digits=2)
        if one.get("high") != one.get("low")
        else reliability(one["low"])
        for one in score_facts(results, outcome.id).get("published") or []
        if one["stat"] in ("alpha", "mean_alpha_meta", "alpha_omega") and known(one.get("low"))
    ]
    return "; ".join(values) or "none checked"


def answering_table(results: Results) -> Table:
    """Lowest and highest scores, missing scores and straight-lining, by scale and wave."""
    rows = []
    before, after = (wave.id for wave in results.plan.waves)
    with_score = {
        (row["scale"], wave): row[name]
        for row in records(results.models)
        for wave, name in ((before, "n_pre"), (after, "n_post"))
    }
    for row in records(results.displays["quality"]):
        pupils = with_score.get((row["scale"], row["wave"]))
        shares = [
            shown(row[column], partial(percent, n=pupils))
            for column in ("floor_percent", "ceiling_percent", "missing_percent", "straight_line_percent")
        ]
        rows.append([str(row["label"]), wave_word(results, str(row["wave"])), count(pupils), *shares])
    header = (
        "Measure",
        "When",
        "Pupils with a score",
        "Lowest score",
        "Highest score",
        "No score",
        "Same answer throughout",
    )
    kept, left_out = without_hidden(header, rows, places=range(3, 7))
    widths = (20, 10, 14, 13, 13, 12, 18)
    return table(
        results,
        [header[place] for place in kept],
        [[row[place] for place in kept] for row in rows],
        align="ll" + "r" * (len(kept) - 2),
        caption=f"How pupils used the scales: share of pupils in each wave.{left_out}",
        widths=tuple(widths[place] for place in kept),
    )


def norms_table(results: Results) -> Table | None:
    """Means here beside published means whose source was checked; None where there is none."""
    before, after = (wave.id for wave in results.plan.waves)
    rows = []
    for outcome in results.plan.outcomes:
        facts = score_facts(results, outcome.id)
        frame = results.displays["means"]
        means = {row["wave"]: row["mean"] for row in records(frame[frame["outcome"] == outcome.id])}
        in_points = partial(score, low=facts["low"], high=facts["high"])
        for norm in facts.get("norms") or []:
            spread = f" (SD {in_points(norm['sd'])})" if known(norm.get("sd")) else ""
            rows.append(
                [
                    outcome.label,
                    _population(norm),
                    f"{in_points(norm['mean'])}{spread}",
                    *(shown(means.get(wave, float("nan")), in_points) for wave in (before, after)),
                    *(shown(_distance(means.get(wave), norm), lambda gap: signed(gap, 2)) for wave in (before, after)),
                ]
            )
    if not rows:
        return None
    header = (
        "Measure", "Published for", "Published mean", "Here before", "Here after", "Distance before", "Distance after",
    )  # fmt: skip
    caption = (
        "Means here beside published means. Distances are in the published SD. Those were other people at another "
        "time, so a distance says nothing about the programme."
    )
    return table(results, header, rows, align="llrrrrr", caption=caption, widths=(16, 28, 14, 10, 10, 11, 11))


def _population(norm: Mapping[str, Any]) -> str:
    """Who the norm is about: population, country where the words do not hold it, year, number."""
    country = norm.get("country")
    parts = [str(norm["population"])]
    parts += [str(country)] if country and country not in parts[0] else []
    parts += [str(norm["year"])] if norm.get("year") else []
    parts += [f"n = {count(norm['n'])}"] if known(norm.get("n")) else []
    return ", ".join(parts)


def _distance(mean: float | None, norm: Mapping[str, Any]) -> float:
    if mean is None or not known(mean) or not known(norm.get("sd")):
        return float("nan")
    return float((mean - norm["mean"]) / norm["sd"])
