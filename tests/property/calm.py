"""A study with one made-up questionnaire of a few items, for property tests of survey files."""

from pathlib import Path

from evalkit.records.evaluation import Study, load_evaluation

INSTRUMENT = """\
schema: evalkit-instrument/1
id: {id}
version: '1'
title: Calm scale
construct: calm
respondent: pupil
class: A
wording: shipped
licence: {holder: evalkit contributors, terms: written for tests, open_licence: true}
citation: evalkit
responses:
  five: {min: 1, max: 5, anchors: {1: Never, 2: Rarely, 3: Sometimes, 4: Often, 5: Always}}
default_response: five
items:
  - {id: q1, label: Stays calm, text: I stay calm.}
  - {id: q2, label: Breathes slowly, text: I breathe slowly.}
  - {id: q3, label: Worries a lot, text: I worry a lot.}
  - {id: q4, label: Can wait, text: I can wait.}
scores:
  - {id: total, label: Calm, keys: [q1, q2, -q3, q4], method: mean, missing: {rule: complete, min_items: 4}}
"""

PLAN = """\
schema: evalkit-evaluation/1
id: calm-study
title: Calm study
programme: {name: Calm programme, description: For tests.}
design: single_group_prepost
arms: [{id: programme, label: Pupils}]
waves: [{id: pre, label: Before}, {id: post, label: After}]
outcomes:
  - id: calm
    label: Calm
    instrument: {id}
    score: total
    role: primary
    estimand: {population: all, contrast: change, measure: mean, non_compliance: as is, drop_out: left out}
seed: 1
"""
LABELS = ("", "Never", "Rarely", "Sometimes", "Often", "Always")


def make_study(folder: Path, *, items: int = 4) -> Study:
    """A study whose questionnaire is calm4, or calm8 with eight items."""
    name = f"calm{items}"
    place = folder / "instruments" / name
    place.mkdir(parents=True)
    instrument = INSTRUMENT.replace("{id}", name).replace("min_items: 4", f"min_items: {items}")
    more = "".join(f"  - {{id: q{n}, label: More {n}, text: I do more {n}.}}\n" for n in range(5, items + 1))
    keys = "".join(f", q{n}" for n in range(5, items + 1))
    instrument = instrument.replace("scores:\n", f"{more}scores:\n").replace("-q3, q4]", f"-q3, q4{keys}]")
    (place / "instrument.yaml").write_text(instrument, encoding="utf-8")
    (folder / "evaluation.yaml").write_text(PLAN.replace("{id}", name), encoding="utf-8")
    return load_evaluation(folder)
