"""What a reader must know: a sentence for every kind of caveat."""

from evalkit.errors import ReportError
from evalkit.records.results import Caveat, Results, Value
from evalkit.report.numbers import count, effect, known, listed, part, reliability, share
from evalkit.report.rows import participation, records
from evalkit.report.words_comparison import CAVEATS as COMPARISON_CAVEATS
from evalkit.report.words_comparison import comparison_caveat_sentence
from evalkit.report.words_names import (
    asks_questions,
    inside,
    instrument_title,
    outcome_name,
    scale_label,
    statistic_name,
    wave_word,
)
from evalkit.report.words_trial_caveats import CAVEATS as TRIAL_CAVEATS
from evalkit.report.words_trial_caveats import trial_caveat_sentence

LIMITS: dict[str, str] = {
    "no_comparison_group": (
        "There is no comparison group, so this report cannot say that the programme made the difference."
    ),
    "maturation": "Pupils grow up and learn all the time, so some change would have come anyway.",
    "regression_to_the_mean": "Very low or very high scores tend to move towards the middle the next time.",
    "social_desirability": "Pupils may give the answers that they think adults want to hear.",
    "response_shift": (
        "After a programme pupils may judge themselves by a new yardstick, which can hide or feign a change."
    ),
    "acquiescence": "Some pupils tend to agree with whatever is asked.",
    "differential_response": "The pupils who {came} both times may differ from those who did not.",
    "ceiling": "Pupils who start near the top of a scale have little room to rise.",
}
WARNINGS: dict[str, str] = {
    "few_pupils": "Few pupils {came} both times ({n_linked}), so one or two pupils can change the picture.",
    "low_reliability": "The answers on {outcome} {wave} the programme do not fit together well ({value} out of 1).",
    "ceiling_reached": "Many pupils ({percent}) had the highest score there is on {outcome} {wave} the programme.",
    "floor_reached": "Many pupils ({percent}) had the lowest score there is on {outcome} {wave} the programme.",
    "high_drop_out": "Many pupils ({share_lost}) who {came} before {stayed_away} after{on_outcome}.",
    "leavers_differ": (
        "On {outcome}, the pupils who left after the first time had started from another level than those who stayed "
        "(by {g} of a standard deviation)."
    ),
    "straight_lining": (
        "Some pupils{some} ticked the same answer all the way down in the questions on {scale} {wave} the "
        "programme, so they may not have read them."
    ),
    "heywood": (
        "For {outcome} {wave} the programme the model behind omega gave an impossible answer, so omega is left out and "
        "alpha is used."
    ),
    "item_against_scale": (
        "On {scale} {wave} the programme, the answers to {items} go against the other answers. They may have been "
        "turned round already, or pupils may have misread {them}."
    ),
    "same_change": "Every pupil's score on {outcome} {same}. That hints at a copying mistake, so check the files.",
    "instrument_caution": "There is a point to note about {instrument}: see “Cautions”.",
    "pre_post_caution": "It is not certain that {instrument} can show a change over time: see “Cautions”.",
    "not_validated": "Nobody but its makers has yet shown that {instrument} measures what it says.",
    "age_outside": "The ages do not fit: {instrument} was made for others.",
    "not_linked": (
        "Some pupils could not be matched: {pre_only} {came_only} before, and {post_only} {came_only} after."
    ),
    "wide_interval": "The likely range for {outcome} is wide, so both a rise and a fall fit these {data}.",
}
NOTES: dict[str, str] = {
    "complete_cases": "Each change rests on the pupils who have a score both before and after.",
    "one_or_more_suppressed": (
        "Where a figure rests on fewer than {threshold} pupils it is not shown, so that nobody can be picked out; only "
        "how many took part is. "
        "Tables show “c” in its place."
    ),
}
CAVEATS: dict[str, str] = {**LIMITS, **WARNINGS, **NOTES}
LOW_BY_ERROR = (
    "The numbers of {outcome} {wave} the programme are not exact enough to tell pupils apart well ({value} out of 1)."
)
UNKNOWN_NUMBER = "number not known"


def caveat_sentence(results: Results, caveat: Caveat) -> str:
    """The sentence for a caveat.

    Raises
    ------
    ReportError
        There is no sentence for this kind, or it lacks a fact.
    """
    if results.plan.is_comparison and caveat.kind in COMPARISON_CAVEATS:
        return comparison_caveat_sentence(results, caveat)
    if results.plan.has_groups and caveat.kind in TRIAL_CAVEATS:
        return trial_caveat_sentence(results, caveat)
    if caveat.kind not in CAVEATS:
        raise ReportError(
            f"The report has no sentence for the caveat '{caveat.kind}'. Use one of: {', '.join(CAVEATS)}, or add it "
            "to report/words_caveats.py (report/words_trial_caveats.py for a trial)."
        )
    words = {name: _fact(results, name, value) for name, value in caveat.facts.items()}
    words |= _fractions(results, caveat)
    words |= _phrases(results, caveat)
    words["data"] = "answers" if asks_questions(results) else "numbers"
    words["threshold"] = count(results.plan.suppression_threshold)
    words["on_outcome"] = f" on {outcome_name(results, caveat.outcome)}" if caveat.outcome else ""
    if caveat.outcome:
        words.setdefault("outcome", outcome_name(results, caveat.outcome))
    text = CAVEATS[caveat.kind]
    if caveat.kind == "low_reliability" and caveat.facts.get("stat") == "error":
        text = LOW_BY_ERROR
    try:
        return text.format_map(_with_measured(results, words))
    except KeyError as missing:
        raise ReportError(f"The caveat '{caveat.kind}' has no fact {missing}. Run the analysis again.") from None


def _with_measured(results: Results, words: dict[str, str]) -> dict[str, str]:
    """The words for those who took part: pupils answered, or were measured."""
    if asks_questions(results):
        return {**words, "came": "answered", "stayed_away": "did not answer", "came_only": "answered only"}
    return {**words, "came": "were measured", "stayed_away": "were not measured", "came_only": "were measured only"}


def caveat_sentences(results: Results, level: str) -> list[str]:
    """The sentences of all caveats of a level, each once, in the results' order; those about measures put together."""
    chosen = [one for one in results.caveats if one.level == level]
    sentences: dict[str, None] = {}
    for one in chosen:
        alike = [other for other in chosen if other.kind == one.kind and "instrument" in other.facts]
        sentences[_about_measures(results, alike) if len(alike) > 1 else caveat_sentence(results, one)] = None
    return list(sentences)


def _about_measures(results: Results, alike: list[Caveat]) -> str:
    titles = [_named(results, "instrument", str(one.facts["instrument"])) for one in alike]
    joint = "or" if alike[0].kind == "pre_post_caution" else "and"
    return CAVEATS[alike[0].kind].format(instrument=listed(titles, joint=joint))


def _fact(results: Results, name: str, value: Value) -> str:
    if isinstance(value, str):
        return _named(results, name, value)
    if value is None or isinstance(value, bool) or not known(value):
        return UNKNOWN_NUMBER
    if name == "percent":
        return share(value / 100)
    if name.startswith("share"):
        return share(value)
    if name == "g":
        return effect(abs(value))
    return reliability(value) if name in ("value", "alpha", "omega") else count(value)


def _phrases(results: Results, caveat: Caveat) -> dict[str, str]:
    """Parts of a sentence that depend on the facts in another way than by putting a number in."""
    facts = caveat.facts
    if caveat.kind == "straight_lining":
        percent = facts.get("percent")
        some = f" ({share(percent / 100)})" if isinstance(percent, int | float) and known(percent) else ""
        return {"some": some}
    if caveat.kind == "same_change" and "moved" in facts:
        return {"same": "changed by the same amount" if facts["moved"] else "was the same before and after"}
    if caveat.kind == "item_against_scale" and "items" in facts:
        items = str(facts["items"]).split(", ")
        labels = results.instruments[str(facts["scale"]).split(".")[0]]["items"]
        named = listed([f"“{labels.get(item, item)}”" for item in items])
        return {"items": named, "them": "this question" if len(items) == 1 else "these questions"}
    return {}


def _fractions(results: Results, caveat: Caveat) -> dict[str, str]:
    """Shares with the numbers they are made of, where the results hold these."""
    models = {str(row["outcome"]): row for row in records(results.models)}
    outcome = models.get(caveat.outcome)
    if "share_lost" in caveat.facts:
        flow = participation(results)
        before = outcome["n_pre"] if outcome else flow["answered_pre"]
        return {"share_lost": part(float(caveat.facts["share_lost"] or 0) * before, before)}
    if caveat.kind in ("ceiling_reached", "floor_reached") and outcome:
        wave, percent = caveat.facts.get("wave"), caveat.facts.get("percent")
        pupils = outcome["n_pre" if wave == results.plan.waves[0].id else "n_post"]
        return {"percent": part(float(percent or 0) * pupils / 100, pupils)} if percent is not None else {}
    return {}


def _named(results: Results, name: str, value: str) -> str:
    if name == "outcome":
        return outcome_name(results, value)
    if name == "wave":
        return wave_word(results, value)
    if name == "scale":
        return inside(scale_label(results, value))
    if name == "instrument":
        title = instrument_title(results, value)
        return inside(title) if results.instruments[value].get("measure") else f"the {title}"
    return statistic_name(value) if name == "stat" else value
