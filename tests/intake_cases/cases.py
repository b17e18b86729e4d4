"""The case list: every way in which a file is wrong, with its outcome and the file that shows it.

Outcomes: F mended and said, A asked, W warned, E refused or to be mended, with help. The numbers are those of the list
of nasty uploads that evalkit is built against; a case of several kinds has a name such as 52_letter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from evalkit.records.evaluation import Study

Outcome = Literal["F", "A", "W", "E", ""]
SEVERITIES: dict[str, str] = {"F": "fixed", "A": "ask", "W": "warn", "E": "error"}


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent: files with their waves, for a study; `school` is the URN of who sends them."""

    study: Study
    files: tuple[tuple[Path, str | None], ...]
    school: str | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """One case.

    Attributes
    ----------
    name : number, and for several kinds a word
    outcome : what the case list says must happen; "" where the file is simply read
    kind : the kind of problem that says so; "" where the file cannot be read at all, or nothing is wrong
    what : what is sent, in a sentence
    make : writes the files into a folder
    """

    name: str
    outcome: Outcome
    kind: str
    what: str
    make: Callable[[Path], Sent]

    @property
    def number(self) -> int:
        """The number in the case list."""
        return int(self.name[:2])


CASES: dict[str, Case] = {}


def case(name: str, outcome: Outcome, kind: str = "") -> Callable[[Callable[[Path], Sent]], Callable[[Path], Sent]]:
    """Put a builder on the list; its docstring says what is sent."""

    def add(make: Callable[[Path], Sent]) -> Callable[[Path], Sent]:
        assert make.__doc__ is not None
        assert name not in CASES, name
        CASES[name] = Case(name, outcome, kind, " ".join(make.__doc__.split()), make)
        return make

    return add
