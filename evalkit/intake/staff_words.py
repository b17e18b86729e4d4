"""What is said about a survey of staff speaks of people, not of pupils."""

import re
from dataclasses import replace

from evalkit.records.responses import Problem

# Quoted headings and answers stay as they are: only evalkit's own words are changed.
QUOTED = re.compile(r"((?<!\w)'.+?'(?!\w)|“[^”]*”)")
WORDS = (
    (re.compile(r"\bpupils'"), "people's"),
    (re.compile(r"\bpupil's"), "person's"),
    (re.compile(r"\bpupils\b"), "people"),
    (re.compile(r"\bpupil\b"), "person"),
    (re.compile(r"\bPupils\b"), "People"),
    (re.compile(r"\bPupil\b"), "Person"),
)


def about_people(problem: Problem) -> Problem:
    """The same problem in words that fit grown-ups."""
    return replace(problem, found=in_people(problem.found), mend=in_people(problem.mend))


def in_people(text: str) -> str:
    """A sentence with people in place of pupils, outside quotes.

    Examples
    --------
    >>> in_people("3 pupils answered no question; look at the pupil's row")
    "3 people answered no question; look at the person's row"
    """
    return "".join(part if number % 2 else _changed(part) for number, part in enumerate(QUOTED.split(text)))


def _changed(text: str) -> str:
    for pattern, word in WORDS:
        text = pattern.sub(word, text)
    return text
