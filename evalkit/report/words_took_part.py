"""Who took part in a trial or a comparison, and on how many the main result rests, in sentences."""

from evalkit.records.results import Results
from evalkit.report.numbers import count, known, listed
from evalkit.report.trial_effects import display, primary_effects, schools_of
from evalkit.report.words_arms import arm_label, counted_units, pupils_of, treated_arms
from evalkit.report.words_names import inside

DRAWN = "Chance put {counts}."
FOUND = "There were {counts}."
STAYED = "Pupils count in the group in which they began, whatever they took up of the programme."
COUNT_IN = "{number} into the group “{label}”"
COUNT_CONTROL = "{number} into the comparison group “{label}”"
WITH_PUPILS = "In all, {pupils} pupils were in them."
MAIN = "The main result, on {name}, rests on {pupils} {whom}{schools}."
OFFERED = (
    "Pupils count in the group that they were drawn into, whether or not they got the programme. So the figures tell "
    "what happens when the programme is offered."
)


def took_part(results: Results) -> list[str]:
    """Who took part, in sentences."""
    plan = results.plan
    drawn = started(results)
    sentences: list[str] = []
    if drawn:
        treated = [
            COUNT_IN.format(number=counted_units(plan, drawn[arm]), label=arm_label(plan, arm))
            for arm in treated_arms(plan) if known(drawn.get(arm))
        ]  # fmt: skip
        control = plan.control
        rest = COUNT_CONTROL.format(
            number=counted_units(plan, drawn.get(control.id, float("nan"))), label=control.label
        )
        counts = listed([*treated, rest])
        sentences.append(DRAWN.format(counts=counts) if plan.is_trial else FOUND.format(counts=found_in(counts)))
    pupils = total(results, "pupil", "randomised")
    if known(pupils) and plan.assigned_unit != "pupil":
        sentences.append(WITH_PUPILS.format(pupils=count(pupils)))
    sentences += [_main_numbers(results)] if primary_effects(results) else []
    last = OFFERED if plan.is_trial else STAYED
    return [*(one for one in sentences if one), last]


def found_in(counts: str) -> str:
    """ "12 pupils into the group A" as it is said of groups that were found as they are."""
    return counts.replace(" into the ", " in the ")


def started(results: Results) -> dict[str, float]:
    level = "pupil" if results.plan.assigned_unit == "pupil" else "school"
    firsts = ("randomised", "in_data")
    rows = [row for row in display(results, "flow") if row["level"] == level and row["step"] in firsts]
    return {str(row["arm"]): float(row["n"]) for row in rows if row["arm"] != "all"}


def total(results: Results, level: str, step: str) -> float:
    """A step of the flow over all arms; NaN when it is not known."""
    steps = {"randomised": ("randomised", "in_data"), "analysed": ("analysed", "matched")}.get(step, (step,))
    rows = [row for row in display(results, "flow") if row["level"] == level and row["step"] in steps]
    whole = [float(row["n"]) for row in rows if row["arm"] == "all"]
    each = [float(row["n"]) for row in rows if row["arm"] != "all"]
    if whole:
        return whole[0]
    return sum(each) if each else float("nan")


def _main_numbers(results: Results) -> str:
    first = primary_effects(results)[0]
    same = [one for one in primary_effects(results) if one.outcome == first.outcome]
    control = float(first.row["n_control"] or 0)
    pupils = sum(float(one.row["n_treated"] or 0) for one in same) + control
    if not known(pupils):
        return ""
    number = schools_of(results, same)
    schools = f" in {count(number)} schools" if known(number) and number > 1 else ""
    whom = pupils_of(results, first.outcome)
    return MAIN.format(name=inside(first.label), pupils=count(pupils), whom=whom, schools=schools)
