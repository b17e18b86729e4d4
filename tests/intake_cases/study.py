"""The study of the intake tests: two made-up questionnaires, two waves, free school meals where asked for."""

from collections.abc import Sequence
from pathlib import Path

from evalkit.records.evaluation import Study, load_evaluation

CALM = """\
schema: evalkit-instrument/1
id: calm8
version: '1'
title: Calm scale
construct: calm
respondent: pupil
class: A
wording: shipped
licence: {holder: evalkit contributors, terms: written for tests, open_licence: true}
citation: evalkit
responses:
  five:
    min: 1
    max: 5
    anchors: {1: Strongly disagree, 2: Disagree, 3: Neither agree nor disagree, 4: Agree, 5: Strongly agree}
    missing_codes: ['88']
default_response: five
items:
  - {id: q1, label: Stays calm, text: I stay calm in tests.}
  - {id: q2, label: Breathes slowly, text: I breathe slowly when I'm cross.}
  - {id: q3, label: Sleeps well, text: I sleep well before school.}
  - {id: q4, label: Worries a lot, text: I worry a lot.}
  - {id: q5, label: Thinks first, text: I think before I act.}
  - {id: q6, label: Gets upset, text: I get upset quickly.}
  - {id: q7, label: Feels safe, text: I feel safe here.}
  - {id: q8, label: Can wait, text: I can wait for my turn.}
scores:
  - id: total
    label: Calm
    keys: [q1, q2, q3, -q4, q5, -q6, q7, q8]
    method: mean
    range: [1, 5]
    higher_is: better
    missing: {rule: complete, min_items: 8}
"""

WIDE = """\
schema: evalkit-instrument/1
id: wide12
version: '1'
title: Wide questionnaire
construct: interest
respondent: pupil
class: B
wording: withheld
licence: {holder: someone, terms: written for tests, open_licence: false}
citation: evalkit
responses:
  seven: {min: 1, max: 7, anchors: {1: Not at all true, 7: Very true}}
default_response: seven
items:
  - {id: q1, label: Likes reading}
  - {id: q2, label: Likes sums}
  - {id: q3, label: Likes art}
  - {id: q4, label: Likes music}
  - {id: q5, label: Likes sport}
  - {id: q6, label: Likes drama}
  - {id: q7, label: Likes coding}
  - {id: q8, label: Likes maps}
  - {id: q9, label: Likes science}
  - {id: q10, label: Likes history}
  - {id: q11, label: Likes cooking}
  - {id: q12, label: Likes gardens}
scores:
  - id: value
    label: Interest
    keys: [q2, q4, q5, q9, q12]
    method: mean
    range: [1, 7]
    higher_is: better
    missing: {rule: complete, min_items: 5}
"""

OUTCOME = """\
  - id: {id}
    label: {id}
    instrument: {instrument}
    score: {score}
    role: primary
    estimand: &{id}
      population: all
      contrast: after and before
      measure: mean change
      non_compliance: as observed
      drop_out: left out
"""

PLAN = """\
schema: evalkit-evaluation/1
id: calm-study
title: Calm study
programme: {name: Calm programme, description: For tests.}
design: single_group_prepost
arms: [{id: programme, label: Pupils}]
waves: [{id: pre, label: Autumn term}, {id: post, label: Summer term}]
suppression_threshold: 3
seed: 1
"""

FSM = """\
subgroups:
  - id: fsm
    label: Free school meals
    headers: [FSM, FSM6]
    values: {Y: eligible, '1': eligible, N: not eligible, '0': not eligible}
"""

WORDING = """\
schema: evalkit-wording/1
instruments:
  wide12:
    version: '1'
    permission: made up for tests
    items:
      q2: I enjoy doing sums, even hard ones.
      q4: I enjoy “making” music.
"""


def make_study(
    folder: Path, *, instruments: Sequence[str] = ("calm8",), fsm: bool = False, more: str = "", year: str = ""
) -> Study:
    """Write the plan and its questionnaires into a folder and load them.

    Parameters
    ----------
    fsm : with free school meals as a subgroup
    more : further keys of the plan
    year : when the programme ran
    """
    outcomes = {"calm8": ("calm8", "total", CALM), "wide12": ("wide12", "value", WIDE)}
    plan = PLAN.replace("For tests.}", f"For tests., year: {year}}}" if year else "For tests.}") + "outcomes:\n"
    for name in instruments:
        _, score, text = outcomes[name]
        place = folder / "instruments" / name
        place.mkdir(parents=True, exist_ok=True)
        (place / "instrument.yaml").write_text(text, encoding="utf-8")
        plan += OUTCOME.format(id=name, instrument=name, score=score)
    (folder / "evaluation.yaml").write_text(plan + (FSM if fsm else "") + more, encoding="utf-8")
    if "wide12" in instruments:
        (folder / "wording.yaml").write_text(WORDING, encoding="utf-8")
    return load_evaluation(folder)
