"""A small evaluation with its own questionnaire, for tests that need a plan but not the shipped instruments."""

from pathlib import Path

import pytest

from evalkit.records.evaluation import Study, load_evaluation

INSTRUMENT = """\
schema: evalkit-instrument/1
id: tiny4
version: '1'
title: Tiny test scale
construct: test
respondent: pupil
class: A
wording: shipped
licence: {holder: evalkit contributors, terms: written for tests, open_licence: true}
citation: evalkit
responses:
  five: {min: 1, max: 5, anchors: {1: Never, 2: Rarely, 3: Sometimes, 4: Often, 5: Always}}
default_response: five
items:
  - {id: q1, label: Tries again, text: I try again.}
  - {id: q2, label: Gives up soon, text: I give up soon.}
  - {id: q3, label: Asks for help, text: I ask for help.}
  - {id: q4, label: Likes hard tasks, text: I like hard tasks.}
scores:
  - id: total
    label: Tiny
    keys: [q1, -q2, q3, q4]
    method: mean
    range: [1, 5]
    higher_is: better
    missing: {rule: available_mean, min_items: 3, source: made up}
"""

PLAN = """\
schema: evalkit-evaluation/1
id: tiny-study
title: Tiny study
programme: {name: Tiny programme, description: For tests.}
design: single_group_prepost
arms: [{id: programme, label: Pupils}]
waves: [{id: pre, label: Before}, {id: post, label: After}]
outcomes:
  - id: tiny
    label: Tiny outcome
    instrument: tiny4
    score: total
    role: primary
    estimand:
      population: all
      contrast: after and before
      measure: mean change
      non_compliance: as observed
      drop_out: left out
suppression_threshold: 10
seed: 1
pupil_headers: [Pupil code]
"""


@pytest.fixture
def study_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "tiny-study"
    (folder / "instruments" / "tiny4").mkdir(parents=True)
    (folder / "instruments" / "tiny4" / "instrument.yaml").write_text(INSTRUMENT, encoding="utf-8")
    (folder / "evaluation.yaml").write_text(PLAN, encoding="utf-8")
    return folder


@pytest.fixture
def study(study_folder: Path) -> Study:
    return load_evaluation(study_folder)
