"""What a report may say about each questionnaire: verified facts, our own labels, shared wording only."""

from typing import Any

from evalkit.records.evaluation import Study
from evalkit.records.instrument import Instrument, Score


def instrument_facts(study: Study) -> dict[str, Any]:
    """Plain JSON values by instrument id; a fact that nobody verified is left out."""
    return {instrument.id: _facts(study, instrument) for instrument in study.instruments}


def _facts(study: Study, instrument: Instrument) -> dict[str, Any]:
    wanted = {outcome.score for outcome in study.plan.outcomes if outcome.instrument == instrument.id}
    own = study.wording.get(instrument.id)
    shared = own.items if own is not None and own.may_be_shared else {}
    items = study.items(instrument.id)
    return {
        "title": instrument.title,
        "identity": instrument.identity,
        "version": instrument.version,
        "citation": instrument.citation,
        "wording_may_be_shared": own is not None and own.may_be_shared,
        "caution": instrument.caution,
        "prepost_caution": instrument.prepost_caution,
        "respondent": instrument.respondent,
        "age_note": instrument.verified_age.note if instrument.verified_age else None,
        "scores": {score.id: _score(instrument, score) for score in instrument.scores if score.id in wanted},
        "items": {item: shared.get(item) or _own_words(instrument, item) for item in items},
        "anchors": _anchors(instrument, items),
        **_measured(study, instrument),
    }


def _measured(study: Study, instrument: Instrument) -> dict[str, Any]:
    """What is known of a number that files already hold; nothing for a questionnaire."""
    one = next((one for one in study.plan.measures if one.id == instrument.id), None)
    if one is None:
        return {}
    return {
        "measure": {
            "unit": one.unit,
            "validated": one.validated,
            "error": one.error.model_dump(mode="json") if one.error else None,
            "norm": one.norm.model_dump(mode="json") if one.norm else None,
        }
    }


def _own_words(instrument: Instrument, item: str) -> str:
    """The wording where the instrument file may carry it, else our own short label."""
    return instrument.item(item).text or instrument.item(item).label


def _anchors(instrument: Instrument, items: tuple[str, ...]) -> dict[str, str]:
    """The labels of the answers, when all items that are used share one answer scale."""
    scales = {(instrument.item(item).response or instrument.default_response) for item in items}
    if len(scales) != 1:
        return {}
    return {str(code): label for code, label in instrument.responses[scales.pop()].anchors.items()}


def _score(instrument: Instrument, score: Score) -> dict[str, Any]:
    low, high = instrument.range_of(score.id)
    return {
        "label": score.label,
        "low": low,
        "high": high,
        "higher_is": score.higher_is,
        "missing_rule": score.missing.rule if score.missing else "complete",
        "min_items": score.missing.min_items if score.missing else len(instrument.items_of(score.id)),
        "k": len(instrument.items_of(score.id)),
        "published": [
            {
                "stat": one.stat,
                "low": one.lowest,
                "high": one.high if one.value is None else one.value,
                "sample": one.sample,
                "weeks": one.weeks,
                "source": one.source,
            }
            for one in instrument.verified_reliability(score.id)
        ],
        "norms": [
            {
                "mean": one.mean,
                "sd": one.sd,
                "n": one.n,
                "population": one.population,
                "country": one.country,
                "year": one.year,
                "source": one.source,
            }
            for one in instrument.verified_norms(score.id)
        ],
    }
