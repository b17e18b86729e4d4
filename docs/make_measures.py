"""Make the reference pages about measures: `python docs/make_measures.py`.

It writes docs/reference/scoring.md (from the tables in tests/spec), docs/reference/instruments.md (from the instrument
files) and docs/reference/schema/*.json. `tests/house` and `tests/spec` fail while one of them is out of date.
"""

import importlib.util
from collections.abc import Callable
from pathlib import Path

from evalkit.records.instrument import Instrument, PublishedReliability, Score, instrument_ids, load_instrument
from evalkit.records.schemas import json_schemas, schema_text

ROOT = Path(__file__).parent.parent
REFERENCE = Path(__file__).parent / "reference"
STATS = {
    "alpha": "alpha",
    "omega": "omega",
    "alpha_omega": "alpha and omega",
    "mean_alpha_meta": "mean alpha of many studies",
    "retest_r": "retest correlation",
    "retest_icc": "retest agreement (ICC)",
}


NOT_SHIPPED = (
    "Looked at and not shipped, because a fact that scoring needs was not found in a source that could be read:",
    "the Junior Metacognitive Awareness Inventory (Jr. MAI, 18 items: its answer scale), the Short Grit Scale in its",
    "second printed order and for children (their keys), the Academic Motivation Scale, the Patterns of Adaptive",
    "Learning Scales, Me and My Feelings, the Student Resilience Survey and the Student Engagement Instrument (keys).",
    "KIDSCREEN-10 belongs to its handbook, and PISA's indices are no simple means. Whoever holds the original adds it",
    "in ten minutes: `evalkit instruments new` (docs/how-to/add-an-instrument.md).",
)


def scoring_page() -> str:
    """docs/reference/scoring.md, from the tables that the spec test runs."""
    spec = importlib.util.spec_from_file_location("scoring_rules", ROOT / "tests" / "spec" / "test_scoring_rules.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.page()


def instruments_page() -> str:
    """docs/reference/instruments.md, from the shipped instrument files; verified facts only."""
    instruments = [load_instrument(name) for name in instrument_ids()]
    parts = [
        "# Questionnaires",
        "",
        "Made from `instruments/*/instrument.yaml` by `docs/make_measures.py`. Figures nobody has verified are",
        "left out. Where the wording is withheld, put it into `wording.yaml` beside your evaluation. Topics are",
        "evalkit's own short names for the items, not their wording. A questionnaire that stands here in two versions",
        "is scored differently in each; a plan must say which one was used (`version:`).",
        "",
        "| id | questionnaire | items | answers | scores | ages | wording |",
        "|---|---|---|---|---|---|---|",
        *(_overview(one) for one in instruments),
        "",
        *NOT_SHIPPED,
    ]
    for one in instruments:
        parts += ["", *_section(one)]
    return "\n".join(parts) + "\n"


def _overview(one: Instrument) -> str:
    spans = ", ".join(scale.span for scale in one.responses.values())
    scores = ", ".join(f"`{score.id}`" for score in one.scores)
    name = f"`{one.id}`, version `{one.version}`" if one.version_note else f"`{one.id}`"
    return f"| {name} | {one.title} | {len(one.items)} | {spans} | {scores} | {_ages(one)} | {one.wording} |"


def _ages(one: Instrument) -> str:
    age = one.verified_age
    if age is None or (age.min is None and age.max is None):
        return "-"
    if age.min is None or age.max is None:
        return f"{age.min} and over" if age.min is not None else f"up to {age.max}"
    return f"{age.min} to {age.max}"


def _section(one: Instrument) -> list[str]:
    parts = [f"## {one.title}", "", f"`{one.id}`, version `{one.version}`, for: {one.respondent.replace('_', ' ')}."]
    if one.verified_age and one.verified_age.note:
        parts[-1] += f" {one.verified_age.note}"
    if one.version_note:
        parts += ["", f"How to tell this version: {one.version_note}."]
    if not one.validated:
        parts += ["", "Not validated: nobody has tested it as a measure."]
    for scale in one.responses.values():
        anchors = ", ".join(f"{code} = {text}" for code, text in scale.anchors.items())
        parts += ["", f"Answers: {scale.span} ({anchors})." if anchors else f"Answers: {scale.span}."]
    parts += ["", "| score | label | made by | range | higher is | items (- reversed) | missing answers |"]
    parts += ["|---|---|---|---|---|---|---|", *(_score_row(one, score) for score in one.scores)]
    parts += _facts(one)
    parts += ["", "Topics: " + "; ".join(f"{item.id} {item.label}" for item in one.items) + "."]
    parts += ["", f"Licence ({one.licence.holder}): {one.licence.terms.strip()}", "", f"Cite: {one.citation.strip()}"]
    parts += ["", "Sources:", "", *(f"- {fact.what} ({fact.level}): {fact.source}" for fact in one.verified)]
    return parts


def _facts(one: Instrument) -> list[str]:
    """Tables, published figures, structure and cautions."""
    parts: list[str] = []
    for name, table in one.lookup_tables.items():
        parts += ["", f"Table `{name}`: " + ", ".join(f"{raw} = {value:g}" for raw, value in table.items()) + "."]
    published = [_reliability(score, fact) for score in one.scores for fact in one.verified_reliability(score.id)]
    norms = [
        f"- `{norm.score}`: mean {norm.mean:g}"
        + (f" (SD {norm.sd:g})" if norm.sd else "")
        + (f", n = {norm.n:,}" if norm.n else "")
        + f"; {norm.population}. {norm.source}."
        for score in one.scores
        for norm in one.verified_norms(score.id)
    ]
    for heading, lines, note in (
        ("Published reliability", published, one.reliability_note),
        ("Published means", norms, one.norms_note),
    ):
        if lines or note:
            parts += ["", f"{heading}:", "", *lines, *([f"- {note}"] if note else [])]
    notes = [f"`{score.id}`: {score.note}" for score in one.scores if score.note]
    cautions = [text for text in (one.prepost_caution, one.caution, *notes, one.bands_note) if text]
    if one.factor_structure:
        parts += ["", f"Structure: {one.factor_structure.strip()}"]
    if cautions:
        parts += ["", "Cautions:", "", *(f"- {text.strip()}" for text in cautions)]
    return parts


def _score_row(one: Instrument, score: Score) -> str:
    low, high = one.range_of(score.id)
    rule = one.missing_rule(score.id)
    keys = ", ".join(score.keys) or ", ".join(score.parts)
    needed = "all needed" if rule.rule == "complete" else f"{rule.rule}, at least {rule.min_items}"
    if rule.rounding == "half_up":
        needed += ", rounded"
    cells = [f"`{score.id}`", score.label, score.method, f"{low:g} to {high:g}", score.higher_is, keys, needed]
    return f"| {' | '.join(cells)} |"


def _reliability(score: Score, fact: PublishedReliability) -> str:
    value = f"{fact.lowest:.2f}" if fact.lowest == fact.highest else f"{fact.lowest:.2f} to {fact.highest:.2f}"
    weeks = f" over {fact.weeks:g} weeks" if fact.weeks else ""
    sample = f"; {fact.sample}" if fact.sample else ""
    return f"- `{score.id}`: {STATS[fact.stat]} {value}{weeks}{sample}. {fact.source}"


PAGES: dict[str, Callable[[], str]] = {"scoring.md": scoring_page, "instruments.md": instruments_page}


if __name__ == "__main__":
    (REFERENCE / "schema").mkdir(exist_ok=True)
    for name, make in PAGES.items():
        (REFERENCE / name).write_text(make(), encoding="utf-8")
    for kind in json_schemas():
        (REFERENCE / "schema" / f"{kind}.schema.json").write_text(schema_text(kind), encoding="utf-8")
