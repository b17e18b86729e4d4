"""What a comparison without a draw found, in sentences: how alike the groups were, three ways of comparing, limits."""

from evalkit.records.results import Caveat, Check, CheckName, Rating, Results
from evalkit.records.standards import load_standards
from evalkit.report.numbers import count, effect, fixed, interval, known, listed, reliability, signed
from evalkit.report.rows import Row, rows_of
from evalkit.report.trial_effects import Effect, display, primary_effects
from evalkit.report.words_arms import units
from evalkit.report.words_names import inside, outcome_name
from evalkit.report.words_trial import points_of_difference

LIMITS: dict[str, str] = {
    "not_randomised": (
        "Nobody drew lots for who got the programme. So the report speaks of a difference between groups, and never of "
        "what the programme caused."
    ),
    "self_selected": (
        "Who got the programme was chosen by somebody, for a reason. That reason may itself make scores rise or fall."
    ),
    "unmeasured_differences": "What was not measured before cannot be held equal: help at home, a new teacher, a will.",
    "average_effect": (
        "The figure is an average over many pupils. Some will have gained more and some less, and it cannot say which."
    ),
    "one_comparison": "One comparison is one answer. Other groups, places or years may give another.",
    "unmatched_left_out": (
        "Nobody alike was found, or was still free, for {unmatched} with the programme. They are not in the result, so "
        "it is about the others only."
    ),
}
WARNINGS: dict[str, str] = {
    "post_only": (
        "Nothing was measured before the programme on {outcome}. The figure compares scores afterwards only, so it "
        "holds whatever difference there was before."
    ),
    "baseline_too_far": (
        "On {outcome}, the groups were too far apart before ({g} of a standard deviation) to be called alike. Holding "
        "scores before equal then rests on the model more than on the data."
    ),
    "one_unit_each": (
        "There is one {unit} in a group, so the programme cannot be told from the {unit}. The likely range for "
        "{outcome} covers chance between pupils only, and is too narrow."
    ),
    "lord_paradox": (
        "On {outcome}, ways of holding the start equal do not agree on whether there is a difference: see “Three ways "
        "to compare”."
    ),
    "imbalance_left": "After matching, the groups still differ on {what}{g_in_brackets}.",
    "placebo_differs": (
        "The groups also differ on {outcome}, which the programme cannot have changed. So they are not alike in "
        "something that was not held equal."
    ),
    "pre_trends_differ": "Before the programme began, the two groups were already moving apart on {outcome}.",
    "sensitive_to_unseen": (
        "A difference between the groups that nobody measured need not be large to explain the finding on {outcome}."
    ),
}
NOTES: dict[str, str] = {
    "staggered": (
        "Groups started one after the other. Each is compared with those that had not started yet, and never with "
        "those that had started before."
    ),
}
CONTEXT = "Figures of a published evaluation are shown as context only: nothing here was worked out from its data."
CAVEATS: dict[str, str] = {**LIMITS, **WARNINGS, **NOTES}
CHECKS: dict[tuple[CheckName, Rating], str] = {
    ("comparison", "strong"): "There is a comparison group, but nobody drew lots for it{start}.",
    ("comparison", "fair"): (
        "There is a comparison group that started fairly alike{start}. Nobody drew lots, so they may differ in what "
        "was not measured."
    ),
    ("comparison", "weak"): (
        "There is a comparison group, but nobody drew lots for it and it was not shown to be alike{start}."
    ),
    ("comparison", "unknown"): "There is a comparison group. How alike it was at the start is not known.",
    ("size", "strong"): "The groups are large enough for a narrow range{size}.",
    ("size", "fair"): "The groups are large enough to find a difference of middling size{size}.",
    ("size", "weak"): "The groups are small for this question{size}.",
}
STEPS: dict[tuple[CheckName, Rating], str] = {
    ("comparison", "weak"): (
        "Before you act on the figure, ask how pupils came into the two groups and what else differed between them."
    ),
    ("comparison", "fair"): (
        "If more pupils want the programme than there are places, draw lots next time: then the groups are alike in "
        "everything."
    ),
    ("comparison", "unknown"): "Measure both groups before the programme begins next time.",
    ("size", "weak"): "Compare larger groups next time, or put several years together.",
    ("size", "fair"): "If a smaller difference would matter to you, compare larger groups next time.",
    ("drop_out", "weak"): "Find out who was lost from each group, and collect the scores that can still be had.",
    ("drop_out", "fair"): "Look at who was lost, and collect the scores that can still be had.",
    ("drop_out", "unknown"): "Keep a list of all pupils of both groups, so that losses can be counted.",
}
STEPS_FOR: dict[str, str] = {
    "unclear": (
        "Do not drop or expand the programme on this comparison alone: where we cannot tell, both a gain and a loss "
        "are still open."
    ),
    "better": "Treat the result as a good sign and not as proof. Test it with a drawn comparison before you expand it.",
    "worse": "Ask why scores were lower with the programme. The groups may have differed from the start.",
    "same": "Ask whether the time and money could do more elsewhere, as any difference was smaller than what matters.",
    "may": "Treat the result as a hint, and compare again.",
    "no_threshold": "Before you compare again, write down how large a difference would matter.",
}
LORD_INTRO = (
    "There are three ways to compare groups that did not start alike, and they can give different answers. "
    "Statisticians call this Lord’s paradox. None of them is wrong: each asks another question."
)
LORD = {
    "ancova": (
        "**At equal scores before** (the main figure): would two pupils with the same score before, one in each group, "
        "differ afterwards? It takes {taken} of the {gap} that lay between the groups before. Scores hold chance, so "
        "it takes a little too little."
    ),
    "change_score": (
        "**Change scores**: did one group change by more than the other? It takes the whole gap of {gap}, as if every "
        "pupil would have moved by the same amount without the programme."
    ),
    "reliability_corrected": (
        "**At equal true scores before**: the same question as the first, but for what a pupil can really do, without "
        "the chance in the score before (reliability {reliability})."
    ),
}
MATCHED = {
    "nearest": "For each of the {units} with the programme, one after the other, the most similar one without it was "
    "looked for.",
    "optimal": "Partners were chosen so that all pairs of {units} together are as similar as they can be.",
    "full": "All {units} within reach were put into sets in which those with and without the programme are alike.",
    "exact": "Only {units} that are the same in everything named were compared.",
    "coarsened": "Only {units} in the same classes of what was known before were compared.",
}
MATCHED_ON = "Likeness was judged by {facts}."
SCORES_BEFORE = "scores before"
EXACT_ON = "What is named: {facts}."
SAME = "Partners are the same in {facts}."
CURVES = "The groups also differed in how many had very low or very high values ({names}), so this was looked at too."
PAIRS = "They also differed in how two of these go together, which was looked at as well (“How partners were found”)."
PARTNERS = (
    "In the result are {kept} of the {all} pupils with the programme; for the others nobody alike was found{free}."
)
FREE = ", or was still free"
CHANGE_MINUS_CHANGE = (
    "As a check, we asked by how much more one matched group changed than the other: {value} points (likely range "
    "{spread}), beside {ours} in the main result. The two need not agree, for they ask different questions."
)
LORD_SAME = "Here the three lead to the same conclusion{numbers}."
LORD_APART = "Here they do **not** lead to the same conclusion{numbers}, so the answer depends on how one compares."
ALIKE = {
    "satisfied": "so close that they count as alike",
    "needs_adjustment": "close enough to compare when scores before are held equal, as they are here",
    "fails": "too far apart to count as alike",
}
START = "{when}, the groups were {g} of a standard deviation apart on {name}{then}: {verdict}."
RULE = (
    "The What Works Clearinghouse counts groups as alike up to {near}, and as comparable with adjustment up to {far} "
    "(status {status})."
)
UNKNOWN_START = "How far apart the groups were before on {name} is not known or may not be shown."
PLACEBO_SAME = (
    "As a test of the comparison, we also looked at {name}, which the programme cannot have changed. The groups do not "
    "clearly differ on it ({numbers}), as it should be."
)
PLACEBO_APART = (
    "As a test of the comparison, we also looked at {name}, which the programme cannot have changed. The groups differ "
    "on it ({numbers}). So they differ in something that was not held equal, and the main figure may hold a part of it."
)
UNSEEN = {
    "e_value": (
        "Something nobody measured would have to make both the programme and a better score {value} times as likely to "
        "explain the figure away{limit}."
    ),
    "robustness_value": (
        "It would have to explain {share} of what is left of both, who got the programme and the scores, to bring the "
        "figure to zero."
    ),
    "robustness_value_alpha": "To make it unclear, {share} would be enough.",
    "rosenbaum_gamma": (
        "The finding would be unclear if one of two matched pupils had been {value} times as likely to get the "
        "programme."
    ),
}
UNSEEN_UNCLEAR = "The figure on {name} is not clear of 0, so there is nothing yet for the unseen to explain away."
UNSEEN_LIMIT = " ({value} times to make it unclear)"


def comparison_caveat_sentence(results: Results, caveat: Caveat) -> str:
    """The sentence for a caveat that only comparisons have."""
    facts = caveat.facts
    g = facts.get("g")
    shown = effect(abs(g)) if isinstance(g, int | float) and known(g) else ""
    words = {
        "outcome": outcome_name(results, caveat.outcome) if caveat.outcome else "the main outcome",
        "g": shown or "number not known",
        "g_in_brackets": f" (by {shown} of a standard deviation)" if shown else "",
        "unit": {"pupil": "pupil", "class": "class"}.get(str(facts.get("unit")), "school"),
        "what": inside(str(facts.get("label") or "the baseline")),
        "units": units(results.plan),
        "unmatched": _unmatched(facts.get("n_unmatched"), facts.get("share")),
    }
    return CAVEATS[caveat.kind].format_map(words)


def _unmatched(number: object, share: object) -> str:
    if not (isinstance(number, int | float) and isinstance(share, int | float)):
        return "some pupils"
    return f"{count(number)} pupils ({count(round(100 * share))}%)"


def comparison_check(check: Check) -> str | None:
    """The sentence of a check that a comparison words in its own way; None for the others."""
    return CHECKS.get((check.name, check.rating))


def start_sentences(results: Results) -> list[str]:
    """How far apart the groups were before on each primary outcome, by the What Works Clearinghouse's rule."""
    told: list[str] = []
    then = " before" if results.plan.design == "matched_comparison" else ""
    when = "After matching" if results.plan.design == "matched_comparison" else "Before the programme"
    for one in primary_effects(results):
        rows = [row for row in display(results, "wwc", outcome=one.outcome) if row["step"] == "baseline"]
        row = rows[0] if rows else {}
        if not rows or str(row["verdict"]) not in ALIKE or not known(row["value"]):
            told.append(UNKNOWN_START.format(then=then, name=inside(one.label)))
            continue
        told.append(
            START.format(
                then=then,
                when=when,
                g=effect(abs(row["value"])),
                name=inside(one.label),
                verdict=ALIKE[str(row["verdict"])],
            )
        )
    near, far = load_standards().wwc.baseline_satisfied, load_standards().wwc.baseline_adjustable
    if told and any("standard deviation" in text for text in told):
        told.append(RULE.format(near=effect(near.value), far=effect(far.value), status=far.status))
    return told


def lord_lines(results: Results, one: Effect) -> list[str]:
    """The three ways to compare on one outcome, in markdown; none where there is no baseline."""
    facts = {str(row["quantity"]): row for row in display(results, "adjustment", outcome=one.outcome)}
    if "baseline_gap" not in facts:
        return []
    ways = {str(row["estimator"]): row for row in _ways(results, one) if row["status"] == "ok"}
    value = facts.get("reliability", {}).get("value", float("nan"))
    words = {
        "taken": points_of_difference(results, one.outcome, float(facts["taken"]["value"])),
        "gap": points_of_difference(results, one.outcome, float(facts["baseline_gap"]["value"])),
        "reliability": reliability(float(value)) if known(value) else "not known",
    }
    return [LORD[name].format_map(words) for name in LORD if name == "ancova" or name in ways]


def lord_verdict(results: Results, one: Effect) -> str:
    """Whether the three ways lead to the same conclusion."""
    apart = any(caveat.kind == "lord_paradox" and caveat.outcome == one.outcome for caveat in results.caveats)
    ways = [one.row, *(row for row in _ways(results, one) if row["status"] == "ok")]
    names = {"change_score": "change scores", "reliability_corrected": "true scores"}
    told = [
        f"{names.get(str(row['estimator']), 'equal scores')} {signed(row['estimate'], 1)} "
        f"({interval(row['conf_low'], row['conf_high'], digits=1)})"
        for row in ways
    ]
    return (LORD_APART if apart else LORD_SAME).format(numbers=f" ({'; '.join(told)})")


def _ways(results: Results, one: Effect) -> list[Row]:
    return [
        row
        for row in rows_of(results, "robustness")
        if row["outcome"] == one.outcome and row["estimator"] in ("change_score", "reliability_corrected")
    ]


def matched_lines(results: Results, one: Effect) -> list[str]:
    """How like was compared with like, in plain sentences; none where nobody was matched."""
    rows = {str(row["quantity"]): row for row in display(results, "matching", outcome=one.outcome)}
    plan = results.plan.comparison
    if not rows or plan is None or plan.matching is None:
        return []
    units = "schools" if plan.matching.unit == "school" else "pupils"
    told = [
        MATCHED[plan.matching.method].format(units=units),
        *_likeness(results, str(rows.get("curves", {}).get("value", ""))),
    ]
    n, kept = (rows.get(name, {}).get("number", float("nan")) for name in ("n_treated", "matched_treated"))
    if known(n) and known(kept):
        one_each = plan.matching.method in ("nearest", "optimal") and not plan.matching.replacement
        told.append(PARTNERS.format(kept=count(kept), all=count(n), free=FREE if one_each else ""))
    change = next((row for row in rows_of(results, "difference_in_differences") if _is_of(row, one)), None)
    if change is not None and change["status"] == "ok":
        told.append(
            CHANGE_MINUS_CHANGE.format(
                value=signed(change["estimate"], 1),
                spread=interval(change["conf_low"], change["conf_high"], digits=1),
                ours=signed(one.estimate, 1),
            )
        )
    return told


def _likeness(results: Results, curves: str) -> list[str]:
    """By what pupils (or schools) were found alike; `curves` are those that were added, with commas between."""
    plan = results.plan
    assert plan.comparison is not None
    assert plan.comparison.matching is not None
    matching = plan.comparison.matching
    labels = {one.id: inside(one.label) for one in plan.covariates}
    facts = [labels.get(one, SCORES_BEFORE) for one in matching.on or ("baseline", *labels)]
    told = [(EXACT_ON if matching.method == "exact" else MATCHED_ON).format(facts=listed(facts))]
    if matching.exact and matching.method != "exact":
        told.append(SAME.format(facts=listed([labels.get(one, SCORES_BEFORE) for one in matching.exact])))
    added = [one for one in curves.split(", ") if one]
    names = dict.fromkeys(inside(one.partition(" (curve")[0]) for one in added if " (curve" in one)
    told += [CURVES.format(names=listed(list(names)))] if names else []
    told += [PAIRS] if any(" × " in one for one in added) else []
    return [" ".join(told)]


def _is_of(row: Row, one: Effect) -> bool:
    return row["outcome"] == one.outcome and row["wave"] == one.row["wave"] and row["estimator"] == "did_cr2"


def placebo_sentences(results: Results) -> list[str]:
    """What the outcomes that the programme cannot have changed say of the comparison."""
    told: list[str] = []
    for row in rows_of(results, "placebo"):
        if row["status"] != "ok" or not known(row["conf_low"]):
            continue
        name = inside(results.plan.outcome(str(row["outcome"])).label)
        numbers = f"{effect(row['effect_size'])} of a standard deviation, likely range " + interval(
            row["es_low"], row["es_high"], digits=2
        )
        text = PLACEBO_SAME if row["conf_low"] <= 0 <= row["conf_high"] else PLACEBO_APART
        told.append(text.format(name=name, numbers=numbers))
    return told


def unseen_sentences(results: Results, one: Effect) -> list[str]:
    """How strong something that nobody measured would have to be to explain the figure away."""
    outcome = one.outcome
    if known(one.low) and one.low <= 0 <= one.high:
        return [UNSEEN_UNCLEAR.format(name=inside(one.label))]
    rows = {str(row["quantity"]): row for row in display(results, "sensitivity", outcome=outcome)}
    told: list[str] = []
    for name, text in UNSEEN.items():
        row = rows.get(name)
        if row is None or not known(row["value"]):
            continue
        low = rows["e_value_limit"]["value"] if "e_value_limit" in rows else row["low"]
        limit = UNSEEN_LIMIT.format(value=fixed(low, 1)) if name == "e_value" and known(low) and low > 1 else ""
        percent = f"{count(round(100 * float(row['value'])))}%"
        told.append(text.format(value=fixed(float(row["value"]), 1), share=percent, limit=limit))
    return told
