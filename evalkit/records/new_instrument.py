"""Write a commented instrument file for a scale of one's own, ready to fill in."""

import re
from pathlib import Path
from typing import Literal

from evalkit.errors import SpecError
from evalkit.records.instrument import instrument_ids

MOST_ITEMS = 200
AnsweredBy = Literal["pupil", "student", "staff", "adult"]

_HEAD = """\
# {title}: a scale of your own. It can be used as it is; go through it from top to bottom and put in what is yours.
# Help: docs/how-to/add-an-instrument.md
schema: evalkit-instrument/1
id: {name}
version: '1'                 # a new order of the questions or other answers: a new version, in a file of its own
title: {title}
construct: {name}
respondent: {answered_by}    # who answers: pupil, student, pupil_or_adult, staff (teachers rate pupils), adult
class: A
wording: withheld            # write 'shipped' and a 'text' for every item if you may pass the wording on
validated: false             # reports say that nobody has tested this scale
licence:
  holder: Our school
  terms: Written by us; ask before you use it elsewhere.
  open_licence: false
citation: Our school. {title}.
responses:
  answers:
    min: {lowest}
    max: {highest}
    anchors: {{{lowest}: Lowest answer, {highest}: Highest answer}}    # the words on your form
default_response: answers
items:                       # in the order of your form; labels are two to five words of your own for charts
"""
_SCORES = """\
scores:
  - id: total
    label: {title}
    method: mean             # or sum
    keys: [{keys}]    # put a minus in front of a question that counts the other way round: -q3
    range: [{lowest}, {highest}]
    higher_is: better        # better, worse or neither
    missing:                 # all answers needed; or rule: available_mean with the fewest answers that are enough
      rule: complete
      min_items: {items}
      note: Decided by us before the survey.
tests:                       # a case worked by hand; 'evalkit instruments' tells you when it does not come out
  - note: every answer {highest}; {items} x {highest} = {total}; {total} / {items} = {highest}
    answers: {{{answers}}}
    expect: {{total: {highest}}}
"""


def write_instrument(
    name: str,
    *,
    folder: Path,
    items: int = 5,
    lowest: int = 1,
    highest: int = 5,
    answered_by: AnsweredBy = "pupil",
) -> Path:
    """Make `instruments/NAME/instrument.yaml` in a folder: a scale that loads as it is and says what to change.

    Parameters
    ----------
    name : the scale's id: small letters, digits and underscores; also the folder's name
    folder : the folder that holds the evaluation plan
    items : number of questions, 1 to 200
    lowest, highest : lowest and highest answer, whole numbers
    answered_by : who answers; `staff` for a scale on which teachers rate pupils

    Returns
    -------
    Path - of the file

    Raises
    ------
    SpecError
        The name is not an id or belongs to a shipped instrument, a number is not possible, or the file is there
        already; an existing file is never overwritten. All problems are told at once.

    Examples
    --------
    >>> from tempfile import mkdtemp
    >>> write_instrument("school_climate5", folder=Path(mkdtemp())).name
    'instrument.yaml'
    """
    path = folder / "instruments" / name / "instrument.yaml"
    problems = _problems(name, items, lowest, highest)
    if not problems and path.parent.exists():
        problems = [f"{path.parent}: there is such a folder already. Choose another name, or edit that file."]
    if problems:
        raise SpecError(f"The scale '{name}' cannot be made.", problems=problems)
    ids = [f"q{number}" for number in range(1, items + 1)]
    title = name.replace("_", " ").capitalize()
    head = _HEAD.format(name=name, title=title, answered_by=answered_by, lowest=lowest, highest=highest)
    topics = "".join(f"  - {{id: {item}, label: Topic of question {item[1:]}}}\n" for item in ids)
    scores = _SCORES.format(
        title=title,
        keys=", ".join(ids),
        lowest=lowest,
        highest=highest,
        items=items,
        total=items * highest,
        answers=", ".join(f"{item}: {highest}" for item in ids),
    )
    path.parent.mkdir(parents=True)
    path.write_text(head + topics + scores, encoding="utf-8")
    return path


def _problems(name: str, items: int, lowest: int, highest: int) -> list[str]:
    problems: list[str] = []
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", name):
        problems.append(
            f"'{name}' cannot be an instrument's id. Use up to 40 small letters, digits and _, as in school_climate5."
        )
    if name in {one.partition("@")[0] for one in instrument_ids()}:
        problems.append(f"{name} is an instrument that comes with evalkit. Choose another name for yours.")
    if not 1 <= items <= MOST_ITEMS:
        problems.append(f"{items} questions are not possible. Use 1 to {MOST_ITEMS}.")
    if lowest >= highest:
        problems.append(f"The lowest answer ({lowest}) must be below the highest ({highest}).")
    return problems
