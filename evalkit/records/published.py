"""What readers of a disclosure profile may see of results: the one place for tables and for reports alike."""

import math
import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from evalkit.errors import ReportError
from evalkit.records.place_results import PlaceFigure, PlaceResults
from evalkit.records.portfolio import Portfolio
from evalkit.records.results import Results, Value
from evalkit.records.standards import load_standards
from evalkit.records.standards_disclosure import DisclosureProfile, ProfileName

COUNTS = frozenset(
    {
        "n", "count", "group_count", "pupils", "randomised", "analysed", "lost", "n_treated", "n_control", "n_pre",
        "n_post", "n_linked", "n_pupils", "n_missing", "n_reference", "n_focal", "asked", "effective_treated",
        "effective_control",
    }
)  # fmt: skip
MEANS = frozenset(
    {
        "mean", "sd", "mean_pre", "mean_post", "sd_pre", "sd_post", "mean_low", "mean_high", "variance", "mean_treated",
        "mean_control", "sd_treated", "sd_control", "sd_total",
    }
)  # fmt: skip
COUNTED_FACTS = frozenset(
    {"n_linked", "n_left_out", "n_pupils", "n_unmatched", "n_pre", "n_lost", "pre_only", "post_only"}
)
FROM_THE_PLAN = frozenset({"context", "threats", "figures", "findings", "cost", "cost_summary", "checklist"})
EFFECTS = ("effect_size", "es_low", "es_high", "statistic", "hedges_j")  # two decimals
SHARES = ("estimate", "conf_low", "conf_high")  # whole, where their unit is a percentage
OF_SCHOOLS = ("school", "class")
OF_MATCHING = ("sets", "n_", "matched_", "effective_")
COUNTED_WORDS = re.compile(
    r"(?<!fewer than )(?<!less than )(?<!at least )(?<![\w.,])(\d{1,3}(?:,\d{3})+|\d+)"
    r"(?=(?: of [\d,]+)? (?:(?:linked )?(?:pupils?|people)|agreed|did not|gave)\b)",
    re.IGNORECASE,
)
BASES = ("n", "n_linked", "n_pupils", "randomised")
NOTES_KEPT = "Decisions on single rows of the data were taken. They are kept with the results and are not published."


def published(results: Results, name: ProfileName | None) -> Results:
    """Results as the readers of a profile may see them; without a name as they are.

    Parameters
    ----------
    results : already without small groups, by the plan's threshold
    name : of the profile

    Returns
    -------
    Results - means and percentages on too few pupils are taken out. Where the profile rounds, counts of pupils are
        multiples of its step; a count below the step is half of it, which stands for "fewer than 5" and is written so.
        Percentages are whole, means have as many decimals as fit every number of pupils, effects have two. Numbers of
        schools are exact, and so are figures that a plan copies from a publication

    Raises
    ------
    ReportError
        Results that show smaller groups than the profile allows: hiding more afterwards could be undone by subtracting.
    """
    if name is None:
        return results
    rules = load_standards().disclosure.profile(name)
    least, used = max(rules.threshold, rules.mean_base), results.plan.suppression_threshold
    if used < least:
        raise ReportError(
            f"These results show groups of {used} pupils and more; the profile {name} needs at least {least}. Write "
            f"'disclosure_profile: {name}' into the plan, leave suppression_threshold out, and run the analysis again."
        )
    if results.plan.only_figures:
        return results
    shown = replace(
        results,
        estimates=_table(results.estimates, "estimates", results, rules),
        models=_table(results.models, "models", results, rules),
        displays={key: _table(frame, key, results, rules) for key, frame in results.displays.items()},
    )
    if rules.rounding == 1:
        return shown
    return replace(
        shown,
        checks=tuple(replace(one, facts=_facts(one.facts, rules.rounding)) for one in results.checks),
        caveats=tuple(replace(one, facts=_facts(one.facts, rules.rounding)) for one in results.caveats),
        notes=(NOTES_KEPT,) if results.notes else (),
    )


def rounding_of(results: Results, name: ProfileName | None) -> int:
    """The step to which a profile rounds these results' counts of pupils; 1: not at all."""
    return 1 if name is None or results.plan.only_figures else load_standards().disclosure.profile(name).rounding


def published_place(place: PlaceResults, name: ProfileName | None) -> PlaceResults:
    """A place's own record with its numbers of pupils as the profile shows them; its means are the place's own."""
    step = 1 if name is None else load_standards().disclosure.profile(name).rounding
    return replace(place, figures=tuple(_figure(one, step) for one in place.figures))


def _figure(figure: PlaceFigure, step: int) -> PlaceFigure:
    members = tuple(replace(one, n=published_count(one.n, step)) for one in figure.members)
    return replace(figure, n=published_count(figure.n, step), members=members)


def published_portfolio(portfolio: Portfolio, name: ProfileName | None) -> Portfolio:
    """Several results as the profile shows them, or without a name each as its own plan's profile does."""
    names: dict[str, ProfileName | None] = {
        one.plan.id: name or one.plan.disclosure_profile for one in portfolio.results
    }
    steps = {one.plan.id: rounding_of(one, names[one.plan.id]) for one in portfolio.results}

    def counts(frame: pd.DataFrame) -> list[float]:
        pairs = zip(frame["n"], frame["programme"], strict=True)
        return [published_count(value, steps[str(programme)]) for value, programme in pairs]

    return replace(
        portfolio,
        results=tuple(published(one, names[one.plan.id]) for one in portfolio.results),
        rows=portfolio.rows.assign(n=counts(portfolio.rows)),
        own=portfolio.own.assign(n=counts(portfolio.own)),
    )


def published_count(value: float, step: int) -> float:
    """A count to the nearest multiple of the step, halves up; half a step for one to step - 1; NaN and 0 stay.

    Examples
    --------
    >>> [published_count(value, 5) for value in (0, 3, 7, 8, 52)]
    [0.0, 2.5, 5.0, 10.0, 50.0]
    """
    if step == 1 or not math.isfinite(value):
        return float(value)
    return step / 2 if 0 < value < step else float(step * math.floor(value / step + 0.5))


def _table(frame: pd.DataFrame, name: str, results: Results, rules: DisclosureProfile) -> pd.DataFrame:
    if name in FROM_THE_PLAN or frame.empty:
        return frame
    schools = frame["level"].isin(OF_SCHOOLS) if "level" in frame else pd.Series(False, index=frame.index)
    base, step = _base(frame).mask(schools), rules.rounding
    new: dict[str, pd.Series] = {}
    for column in map(str, frame.columns):
        values = frame[column]
        if column in MEANS:
            new[column] = _means(values.mask(base < rules.mean_base), base, step)
        elif column in ("percent", "overall", "differential") or column.endswith("_percent"):
            new[column] = _whole(values.mask(base < rules.share_base), step)
        elif step > 1 and column in COUNTS:
            new[column] = values.where(schools, _counts(values, step))
        elif step > 1 and column in ("reason", "note"):
            new[column] = values.map(lambda text: _in_words(str(text), step)).astype("str")
        elif step > 1 and column in EFFECTS:
            new[column] = values.round(2)
    shown = frame.assign(**new)
    return _special(shown, frame, name, step) if step > 1 else shown


def _special(shown: pd.DataFrame, exact: pd.DataFrame, name: str, step: int) -> pd.DataFrame:
    """Counts and shares that only the neighbouring cells tell from other numbers."""
    if {"estimate", "unit", "std_error"} <= set(shown.columns):
        percent, pupils = shown["unit"] == "percent", shown["unit"] == "pupils"
        whole = {column: shown[column].where(~percent, shown[column].round()) for column in SHARES}
        shown = shown.assign(**whole, std_error=shown["std_error"].map(_two_digits))
        shown["estimate"] = shown["estimate"].where(~pupils, _counts(shown["estimate"], step))
    clusters = pd.Series(0.0, index=shown.index)
    for group in ("treated", "control"):
        several, own = f"clusters_{group}", f"n_{group}"
        if {several, own} <= set(shown.columns):  # as many clusters as pupils: they are pupils, or pairs of them
            alone = exact[several] == exact[own]
            shown[several] = shown[several].where(~alone, shown[own])
            clusters += exact[several].mask(alone).fillna(0)
    if {"df", "n_treated"} <= set(shown.columns):  # up to the number of schools they count schools
        shown["df"] = shown["df"].where(exact["df"] <= clusters, _nearest(shown["df"], step))
    if name == "matching" and (exact["value"][exact["quantity"] == "unit"] == "pupil").all():
        of_pupils = exact["quantity"].str.startswith(OF_MATCHING)
        shown["number"] = shown["number"].where(~of_pupils, _counts(shown["number"], step))
    if name == "mdes":
        pupils, size = exact["row"].str.startswith("pupils"), exact["row"] == "cluster_size"
        for column in (one for one in shown.columns if str(one).startswith(("randomisation_", "analysis_"))):
            shown[column] = (
                shown[column].where(~pupils, _counts(shown[column], step)).where(~size, shown[column].round())
            )
    if name in ("padlocks", "wwc"):
        lost = exact["column" if name == "padlocks" else "step"].str.startswith("attrition")
        shown["value"] = shown["value"].where(~lost, pd.to_numeric(shown["value"], errors="coerce").round())
    return shown


def _base(frame: pd.DataFrame) -> pd.Series:
    """The pupils that a row rests on; no number where the table does not say."""
    for column in BASES:
        if column in frame:
            return pd.to_numeric(frame[column], errors="coerce").astype("float64")
    if {"n_treated", "n_control"} <= set(frame.columns):
        return frame[["n_treated", "n_control"]].apply(pd.to_numeric, errors="coerce").sum(axis="columns", min_count=1)
    return pd.Series(np.nan, index=frame.index)


def _counts(values: pd.Series, step: int) -> pd.Series:
    numbers = pd.to_numeric(values, errors="coerce").astype("float64")
    return pd.Series([published_count(value, step) for value in numbers.to_list()], index=values.index)


def _nearest(values: pd.Series, step: int) -> pd.Series:
    return (pd.to_numeric(values, errors="coerce").astype("float64") / step).round() * step


def _whole(values: pd.Series, step: int) -> pd.Series:
    return values.astype("float64").round() if step > 1 else values


def _means(values: pd.Series, base: pd.Series, step: int) -> pd.Series:
    """So few decimals that a sum of whole numbers fits every number of pupils which rounds to the same."""
    if step == 1:
        return values
    least = (_nearest(base, step) - step // 2).clip(lower=1).fillna(10.0)
    digits = np.floor(np.log10(least))
    return (values.astype("float64") * 10**digits).round() / 10**digits


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}") if math.isfinite(value) else value


def _facts(facts: Mapping[str, Value], step: int) -> dict[str, Value]:
    return {
        name: published_count(value, step)
        if name in COUNTED_FACTS and isinstance(value, int | float) and not isinstance(value, bool)
        else value
        for name, value in facts.items()
    }


def _in_words(text: str, step: int) -> str:
    """A sentence with its counts of pupils as they are published."""

    def told(found: re.Match[str]) -> str:
        value = published_count(float(found[1].replace(",", "")), step)
        return f"fewer than {step}" if 0 < value < step else f"{value:,.0f}"

    return COUNTED_WORDS.sub(told, text)
