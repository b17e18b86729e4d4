"""How sure are we of a trial: a sentence for each of the five checks, with the numbers that the results hold."""

from evalkit.records.results import Check, CheckName, Rating, Results
from evalkit.report.numbers import count, effect, fixed, known, listed, percent, reliability
from evalkit.report.trial_effects import display, primary_effects, schools_of
from evalkit.report.words_arms import treated_arms, units
from evalkit.report.words_comparison import comparison_check
from evalkit.report.words_names import inside

SENTENCES: dict[tuple[CheckName, Rating], str] = {
    ("comparison", "strong"): "Chance decided which {units} got the programme, and the groups started alike{start}.",
    ("comparison", "fair"): (
        "Chance decided which {units} got the programme, but the groups did not start quite alike{start}."
    ),
    ("comparison", "weak"): "Chance decided which {units} got the programme, but the groups started apart{start}.",
    ("comparison", "unknown"): (
        "Chance decided which {units} got the programme. How alike the groups were at the start is not known{start}."
    ),
    ("size", "strong"): "The trial is large enough for a narrow range{size}.",
    ("size", "fair"): "The trial is large enough to find a difference of middling size{size}.",
    ("size", "weak"): "The trial is small for its question{size}.",
    ("size", "unknown"): "We do not know how exact the main figure is{size}.",
    ("drop_out", "strong"): "Few pupils were lost{lost}.",
    ("drop_out", "fair"): "Some pupils were lost{lost}.",
    ("drop_out", "weak"): "Many pupils were lost, or more in one group than in the other{lost}.",
    ("drop_out", "unknown"): "We do not know how many pupils were lost{lost}.",
    ("measure", "strong"): "The main outcome comes from a test or scale that others made and checked{fit}.",
    ("measure", "fair"): "The main outcome is measured fairly well{fit}.",
    ("measure", "weak"): "The main outcome is not measured well{fit}.",
    ("measure", "unknown"): "We do not know how exact the measure of the main outcome is.",
    ("delivery", "strong"): "The programme was delivered much as planned{delivered}.",
    ("delivery", "fair"): "A good part of the programme was delivered, but not all of it{delivered}.",
    ("delivery", "weak"): "Much of the programme was not delivered as planned{delivered}.",
    ("delivery", "unknown"): "We were not told how much of the programme was delivered.",
}
START = " (at the start of the analysis they differed by {g} of a standard deviation)"
SIZE = " ({pupils} pupils{schools}; the likely range reaches {half} of a standard deviation to each side)"
LOST = " ({shares})"
LOST_IN = "{percent} {group}"
FIT = " (its answers fit together to {value} of 1)"
MADE_BY_DEVELOPER = " (those who made the programme made the measure)"
DELIVERED = " ({percent} of programme {units} did so on “{label}”)"


def trial_check_sentence(results: Results, check: Check) -> str:
    """Why a check has its rating, in one sentence."""
    words = {
        "units": units(results.plan),
        "start": _start(results),
        "size": _size(results),
        "lost": _lost(results),
        "delivered": _delivered(results),
        "fit": _fit(check),
    }
    own = comparison_check(check) if results.plan.is_comparison else None
    return (own or SENTENCES[check.name, check.rating]).format_map(words)


def baseline_differences(results: Results, *, sample: str) -> list[float]:
    """How far treated arms' baselines lie from the control's, in standard deviations; those that are known."""
    rows = display(results, "balance")
    wanted = [row for row in rows if row["variable"] == "baseline" and row["sample"] == sample]
    return [float(row["std_difference"]) for row in wanted if known(row["std_difference"])]


def _start(results: Results) -> str:
    gaps = baseline_differences(results, sample="analysed")
    return START.format(g=effect(max(map(abs, gaps)))) if gaps else ""


def _size(results: Results) -> str:
    found = [one for one in primary_effects(results) if known(one.size_low) and known(one.size_high)]
    if not found:
        return ""
    widest = max(found, key=lambda one: one.size_high - one.size_low)
    row = widest.row
    pupils = float(row["n_treated"]) + float(row["n_control"])
    if not known(pupils):
        return ""
    number = schools_of(results, [widest])
    schools = f" in {count(number)} schools" if known(number) and number > 1 else ""
    half = (widest.size_high - widest.size_low) / 2
    return SIZE.format(pupils=count(pupils), schools=schools, half=effect(half))


def _lost(results: Results) -> str:
    first = next(iter(primary_effects(results)), None)
    if first is None:
        return ""
    rows = {
        str(row["arm"]): row
        for row in display(results, "attrition", outcome=first.outcome)
        if row["level"] == "pupil" and known(row["lost_percent"])
    }
    names = {"all": "of all", results.plan.control.id: "in the comparison group"}
    several = len(treated_arms(results.plan)) > 1
    for arm in treated_arms(results.plan):
        label = next(one.label for one in results.plan.arms if one.id == arm)
        names[arm] = f"in “{inside(label)}”" if several else "with the programme"
    told = [
        LOST_IN.format(percent=percent(rows[arm]["lost_percent"], n=rows[arm]["randomised"]), group=names[arm])
        for arm in ("all", *treated_arms(results.plan), results.plan.control.id)
        if arm in rows
    ]
    return LOST.format(shares=f"{told[0]}: {listed(told[1:])}" if len(told) > 2 else listed(told)) if told else ""


def _fit(check: Check) -> str:
    if check.facts.get("made_by_developer"):
        return MADE_BY_DEVELOPER
    value = check.facts.get("value")
    return FIT.format(value=reliability(float(value))) if isinstance(value, int | float) and known(value) else ""


def _delivered(results: Results) -> str:
    rows = [row for row in display(results, "fidelity_summary") if row["arm"] in treated_arms(results.plan)]
    rows = [row for row in rows if known(row["complied_percent"])]
    if not rows:
        return ""
    row = rows[0]
    trial = results.plan.groups
    measures = trial.compliance if trial is not None else ()
    label = next((one.label for one in measures if one.id == row["compliance"]), str(row["compliance"]))
    level = next((one.level for one in measures if one.id == row["compliance"]), "school")
    many = {"school": "schools", "pupil": "pupils"}[level]
    return DELIVERED.format(percent=f"{fixed(row['complied_percent'], 0)}%", units=many, label=inside(label))
