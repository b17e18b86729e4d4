"""How well the measures worked, and what is known of them."""

from collections.abc import Mapping
from typing import Any

from evalkit.records.results import Results
from evalkit.report.numbers import fixed, interval, known, reliability
from evalkit.report.words_names import (
    inside,
    instrument_title,
    measured_facts,
    outcome_label,
    own_unit,
    scale_label,
    statistic_name,
    wave_word,
)

BANDS: tuple[tuple[float, str], ...] = ((0.8, "well"), (0.7, "fairly well"), (0.0, "poorly"))
FIT = "On {scale}, the answers fit together {how} ({stat} {before} before and {after} after)."
FIT_ONE = "On {scale}, the answers {wave} the programme fit together {how} ({stat} {value})."
NO_FIT = "On {scale}, we cannot say how well the answers fit together. {reason}"
EXACT = "On {name}, a single number is off by about {error} {unit} (its standard error, by {source})."
NOT_EXACT = "On {name}, nobody has told us how exact a single number is."
NO_REASON = "Too few pupils gave full answers."
SAME = "On {scale}, the questions worked in the same way before and after."
SHIFTED = (
    "On {scale}, some questions were easier or harder to agree with after than before, for reasons of their own. "
    "Part of the change may come from that."
)
CHANGED = (
    "On {scale}, the questions went together differently after than before. Part of the change may come from what they "
    "meant to pupils."
)
MISFIT = (
    "On {scale}, the answers do not fit the way it is scored, so we cannot tell whether the questions worked in the "
    "same way before and after."
)
CANNOT_TELL = "On {scale}, we cannot tell whether the questions worked in the same way before and after. {reason}"
PUBLISHED = "In published data ({sample}), {stat} was {range}{hand}."
PUBLISHED_GAP = "In published data ({sample}), the {stat} over {weeks} weeks was {range}{hand}."
READ_SECOND_HAND = ", read second-hand"
SECOND_HAND = " (second-hand)"
NOT_PUBLISHED = "No published value has been checked yet."
NOT_VALIDATED = "Not validated: nobody but its makers has yet shown that {instrument} measures what it says."
CAUTION = "About the {instrument}: {text}"
AGES = "Ages for the {instrument}: {text}."


def fit_sentence(results: Results, scale: str) -> str:
    """How well one scale's answers fit together, from the display `quality`; the lower wave decides the word."""
    frame = results.displays["quality"]
    rows = {wave_word(results, str(row["wave"])): row for row in frame[frame["scale"] == scale].to_dict("records")}
    name = inside(scale_label(results, scale))
    found = {wave: _best(row) for wave, row in rows.items()}
    shown = {wave: one for wave, one in found.items() if one}
    if not shown:
        reason = next((str(row["reason"]) for row in rows.values() if row["reason"]), NO_REASON)
        return NO_FIT.format(scale=name, reason=reason)
    how = _how(min(value for _, value in shown.values()))
    stats = {stat for stat, _ in shown.values()}
    if len(shown) == 2 and len(stats) == 1:
        before, after = (reliability(shown[wave][1]) for wave in ("before", "after"))
        return FIT.format(scale=name, how=how, stat=stats.pop(), before=before, after=after)
    return " ".join(
        FIT_ONE.format(scale=name, wave=wave, how=_how(value), stat=stat, value=reliability(value))
        for wave, (stat, value) in shown.items()
    )


def exactness_sentence(results: Results, outcome: str) -> str:
    """How exact a measured number is, as far as those who made it say."""
    facts = measured_facts(results, outcome) or {}
    name, error = inside(outcome_label(results, outcome)), facts.get("error")
    if not error:
        return NOT_EXACT.format(name=name)
    return EXACT.format(name=name, error=f"{error['value']:g}", unit=own_unit(results, outcome), source=error["source"])


def _best(row: Mapping[Any, Any]) -> tuple[str, float] | None:
    """Omega where there is one, else alpha, else nothing."""
    return next(((stat, float(row[stat])) for stat in ("omega", "alpha") if known(row[stat])), None)


def _how(value: float) -> str:
    return next(word for lowest, word in BANDS if value >= lowest or lowest == 0)


def invariance_sentence(results: Results, scale: str) -> str:
    """Whether one scale's questions worked in the same way before and after; empty where it was not looked at."""
    frame = results.displays.get("invariance")
    if frame is None:
        return ""
    rows = frame[(frame["scale"] == scale) & (frame["between"] == "waves")].to_dict("records")
    if not rows:
        return ""
    name = inside(scale_label(results, scale))
    judged = {str(row["step"]): str(row["holds"]) for row in rows if row["holds"]}
    if judged.get("scalar") == "yes":
        return SAME.format(scale=name)
    failed = failed_step(results, scale)
    if failed:
        return (MISFIT if failed == "configural" else SHIFTED if failed == "scalar" else CHANGED).format(scale=name)
    return CANNOT_TELL.format(
        scale=name, reason=next((str(row["reason"]) for row in rows if row["reason"]), "")
    ).strip()


def failed_step(results: Results, scale: str) -> str:
    """The first step of invariance between the waves that does not hold; empty where all do, or none was tried."""
    frame = results.displays.get("invariance")
    if frame is None:
        return ""
    rows = frame[(frame["scale"] == scale) & (frame["between"] == "waves") & (frame["holds"] == "no")]
    return "" if rows.empty else str(rows["step"].iloc[0])


def published_sentences(results: Results, outcome: str) -> list[str]:
    """What others found for this score; only values that were checked ever reach the results."""
    planned = results.plan.outcome(outcome)
    facts = results.instruments[planned.instrument]["scores"][planned.score]
    sentences: list[str] = []
    for one in facts.get("published") or []:
        low, high = one.get("low"), one.get("high")
        if not known(low):
            continue
        spread = reliability(low) if high is None or high == low else interval(low, high, digits=2)
        sample = str(one.get("sample") or "no details given")
        words = {
            "sample": sample.removesuffix(READ_SECOND_HAND),
            "hand": SECOND_HAND if sample.endswith(READ_SECOND_HAND) else "",
            "stat": statistic_name(one["stat"]),
            "range": spread,
        }
        weeks = one.get("weeks")
        if known(weeks):
            sentences.append(PUBLISHED_GAP.format(**words, weeks=fixed(weeks, 0)))
        else:
            sentences.append(PUBLISHED.format(**words))
    return sentences or [NOT_PUBLISHED]


def not_validated_sentence(results: Results, instrument: str) -> str:
    """That nobody but its makers has tested a scale; empty for a scale that others have."""
    marked = any(one.kind == "not_validated" and one.facts["instrument"] == instrument for one in results.caveats)
    return NOT_VALIDATED.format(instrument=instrument_title(results, instrument)) if marked else ""


def caution_sentences(results: Results) -> list[str]:
    """The cautions that the instrument files carry, in their own words."""
    sentences: list[str] = []
    for instrument, facts in results.instruments.items():
        title = instrument_title(results, instrument)
        for key in ("prepost_caution", "caution"):
            if facts.get(key):
                sentences.append(CAUTION.format(instrument=title, text=str(facts[key]).strip()))
        if facts.get("age_note"):
            sentences.append(AGES.format(instrument=title, text=str(facts["age_note"]).strip().rstrip(".")))
    return list(dict.fromkeys(sentences))
