"""Sentences about published figures: what each says, what cannot be said, what does not hang together, what next."""

from decimal import Decimal

from evalkit.records.results import Caveat, Check, Results
from evalkit.report.numbers import bare_p, count, fixed, interval, known, listed, part, share, signed
from evalkit.report.reported import (
    Reported,
    difference_value,
    digits_of,
    national_value,
    printed_value,
    reported_figures,
)
from evalkit.report.rows import records

LIMITS: dict[str, str] = {
    "no_comparison_group": (
        "The national figure is no comparison group: it cannot say what would have happened without the programme."
    ),
    "chose_to_join": "{joined} Those who choose to come in may differ from all others from the start.",
    "other_mix": "The country has another mix of places, ages and starting points, and nothing here allows for that.",
    "national_includes_them": "Those whom the figures are about are part of the national figure too.",
}
WARNINGS: dict[str, str] = {
    "n_unknown": (
        "For {count} of {n} figures the number of people or schools behind them is not published. Of these we cannot "
        "say how far chance goes."
    ),
    "many_figures": (
        "{count} figures were held against national ones. Of many comparisons some look large by chance alone."
    ),
    "able_unknown": (
        "A share of those who rose counts some who could not rise, because they had the highest grade already. How "
        "many is not published."
    ),
}
CAVEATS = LIMITS | WARNINGS
JOINED = "It is not known how schools came to take part."
CHECKS: dict[tuple[str, str], str] = {
    ("comparison", "weak"): "National figures stand beside ours. They do not tell what would have happened anyway.",
    ("size", "fair"): "For every figure it is published how many it rests on.",
    (
        "size",
        "weak",
    ): "For {known} of {n} figures it is published how many they rest on; of the others chance is not known.",
    ("size", "unknown"): "For none of the figures it is published how many they rest on.",
    ("drop_out", "unknown"): "We do not know who is missing from the figures.",
    ("measure", "unknown"): "The figures were taken over as printed; how they were worked out was not checked.",
    ("delivery", "unknown"): "We were not told how much of the programme took place.",
}
FINDINGS: dict[str, str] = {
    "points_printed_as_percent": (
        "{label}: “{found}” is printed for a difference of {value} percentage points. A difference of two percentages "
        "is in points; “%” would mean a share of the other figure."
    ),
    "difference_is_another": "{label}: “{found}” is printed, but the two figures differ by {value}.",
    "percent_fits_no_n": "{label}: no whole number gives {found}{value}.",
    "count_is_another": "{label}: {found} is printed, but {value}.",
    "gap_is_another": "{label}: a gap of {found} points is printed, but the two groups differ by {value}.",
    "counts_differ": "{label}: the places disagree: {found}. {value}",
    "more_digits_than_people": (
        "{label}: {found} of at most {value} people. Print the fraction, and no decimals below 200."
    ),
}
APART = {
    "higher": "The likely range leaves the national figure out: it is higher.",
    "lower": "The likely range leaves the national figure out: it is lower.",
    "not_told_apart": "The likely range holds the national figure, so the two cannot be told apart.",
    "unknown": "How many it rests on is not published, so we cannot tell a difference from chance.",
}


def answer(results: Results) -> str:
    """The answer in a sentence or two."""
    found = reported_figures(results)
    beside = [one for one in found if one.national]
    if not beside:
        return "No published figure has a national figure beside it, so none can be held against one."
    if len(beside) == 1:
        sentence = APART_ALONE[beside[0].verdict].format(named=_against(beside[0]))
        return f"One of {count(len(found))} published figures has a national figure beside it. {sentence}"
    apart = [one for one in beside if one.verdict in ("higher", "lower")]
    unknown = sum(one.verdict == "unknown" for one in beside)
    number = count(len(apart)) if apart else "None"
    told = f"{number} of {count(len(beside))} published figures can be told apart from the national one"
    sentences = [f"{told}{': ' + listed([_against(one) for one in apart]) if apart else ''}."]
    if unknown:
        sentences.append(f"For {count(unknown)} we cannot tell, because it is not published how many they rest on.")
    return " ".join(sentences)


APART_ALONE = {
    "higher": "It can be told apart from it: {named}.",
    "lower": "It can be told apart from it: {named}.",
    "not_told_apart": "The two cannot be told apart: {named}.",
    "unknown": "We cannot tell the difference from chance, as it is not published how many it rests on: {named}.",
}


def _against(one: Reported) -> str:
    return f"{_inside(one.figure.label)} ({printed_value(one.figure)} against {national_value(one.figure)})"


def describe(one: Reported) -> str:
    """What one figure says, what it rests on, and how it stands to the national one."""
    if one.suppressed:
        return f"{one.figure.label}: {one.own['reason']}"
    told = [f"{one.figure.label}: {_value(one)}{_beside(one)}."]
    if one.n_known:
        digits = 0 if one.figure.kind != "mean" else digits_of(one.figure)
        unit = "%" if one.figure.kind == "percent" else ""
        told.append(f"Likely range {interval(one.own['conf_low'], one.own['conf_high'], digits=digits)}{unit}.")
    if one.national:
        told.append(APART[one.verdict])
        if known(one.national["p_value"]):
            method = METHODS[str(one.national["estimator"])]
            told.append(f"The {method} gives p {bare_p(one.national['p_value'], equals=True)}.")
    elif not one.n_known:
        told.append("How many it rests on is not published.")
    told += [str(one.rise.get("reason") or ""), one.figure.note or ""]
    return " ".join(sentence for sentence in told if sentence)


METHODS = {
    "exact_binomial": "exact test against the national share",
    "newcombe": "test of two shares",
    "one_sample_t": "t test against the national mean",
    "welch_t": "Welch's t test",
}


def _value(one: Reported) -> str:
    figure, rests = one.figure, one.rests_on
    if figure.kind == "percent" and known(rests["count"]):
        share, _, fraction = part(rests["count"], figure.n).partition(" (")
        return f"{share} of {figure.of} ({fraction}"
    value = printed_value(figure)
    if figure.kind != "percent":
        return value
    return f"{value} of {count(figure.n)} {figure.of}" if figure.n else f"{value} of {figure.of}"


def _beside(one: Reported) -> str:
    national = one.figure.national
    if national is None:
        return ""
    whom = f" ({national.of})" if national.of else ""
    unit = " percentage points" if one.figure.kind != "mean" else f" {one.figure.unit}"
    return f", against {national_value(one.figure)} nationally in {national.year}{whom}: {difference_value(one)}{unit}"


def transition_sentences(results: Results) -> list[str]:
    """Each table of moves in words: who rose of those who could, who fell, and the national share."""
    told: list[str] = []
    transitions = results.plan.figures.transitions if results.plan.figures else ()
    rows = records(results.estimates)
    for one in transitions:
        found = {str(row["contrast"]): row for row in rows if row["outcome"] == one.id}
        if any(row["status"] == "suppressed" for row in found.values()):
            told.append(f"{one.label}: {next(iter(found.values()))['reason']}")
            continue
        words: list[str] = []
        for contrast, able in (("rose", "rise"), ("fell", "fall")):
            row = found.get(contrast)
            if row is None:
                words.append(f"nobody was able to {able}")
                continue
            some = row["estimate"] * row["n_treated"] / 100
            likely = interval(row["conf_low"], row["conf_high"], digits=0)
            words.append(f"{part(some, row['n_treated'])} {one.of} able to {able} {contrast} (likely range {likely}%)")
        sign = found["rose - fell"]
        words.append(f"as many rises as falls would be a surprise of p = {bare_p(sign['p_value'])} (sign test)")
        beside = found.get("rose - national")
        if beside is not None and one.national is not None:
            words.append(
                f"nationally {one.national.percent}% rose in {one.national.year}: "
                f"{signed(beside['estimate'], 0)} points "
                f"({interval(beside['conf_low'], beside['conf_high'], digits=0)})"
            )
        told.append(f"{one.label}: {'; '.join(words)}.")
    return told


def finding_sentences(results: Results) -> list[str]:
    """What does not hang together, a sentence each; figures without n stand in a table of their own."""
    told: list[str] = []
    for row in records(results.displays["findings"]):
        kind = str(row["kind"])
        if kind == "n_not_published":
            continue
        words = {name: str(row[name] or "") for name in ("label", "found", "value")}
        if kind in ("points_printed_as_percent", "difference_is_another"):
            words["value"] = signed(float(words["value"]), max(0, -_exponent(words["value"])))
        if kind == "percent_fits_no_n":
            words["value"] = f": {words['value']}" if words["value"] else ""
        told.append(FINDINGS[kind].format_map(words).strip())
    return told


def _exponent(text: str) -> int:
    exponent = Decimal(text).normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0


def figure_caveat(results: Results, caveat: Caveat) -> str:
    """The sentence for a caveat about published figures."""
    words = {name: fixed(float(value), 0) for name, value in caveat.facts.items() if isinstance(value, int | float)}
    figures = results.plan.figures
    words["joined"] = (figures.joined if figures and figures.joined else JOINED).strip()
    return CAVEATS[caveat.kind].format_map(words)


def figure_check(check: Check) -> str:
    """Why a check has its rating."""
    words = {name: fixed(float(value), 0) for name, value in check.facts.items() if isinstance(value, int | float)}
    return CHECKS[(check.name, check.rating)].format_map(words)


def next_steps(results: Results) -> list[str]:
    """What to do next, the most useful first."""
    found = reported_figures(results)
    steps: list[str] = []
    unknown = [one for one in found if not one.n_known and not one.suppressed]
    if unknown:
        steps.append(
            f"Find out how many {_whom(unknown)} each of the {count(len(unknown))} figures without a number rests on, "
            "and write the numbers into the plan."
        )
    if any(one.rise.get("status") == "not_estimated" for one in found):
        steps.append("Count those who could rise, and give the share of these.")
    if finding_sentences(results):
        steps.append("Mend what does not hang together before the figures are printed again.")
    if any(one.national for one in found):
        steps.append(
            "To learn whether the programme makes a difference, compare with like schools that are not in it, before "
            "and after."
        )
    return steps


def _whom(found: list[Reported]) -> str:
    kinds = list(dict.fromkeys(one.figure.of.split()[0] for one in found))
    return kinds[0] if len(kinds) == 1 else "people or schools"


def _inside(label: str) -> str:
    return label[:1].lower() + label[1:] if label[1:2].islower() else label


def likely_sentence(results: Results) -> str:
    """What the likely range is."""
    return (
        f"The likely range is the range of true shares that fit well with the number counted (a "
        f"{share(results.plan.conf_level)} interval). It allows for chance, not for who chose to take part."
    )
