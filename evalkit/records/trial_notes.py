"""What does not fit a trial's design: a fault with its words, and how schools and pupils are named in it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from evalkit.records.identifiers import is_upn

_MOST_NAMED = 25


@dataclass(frozen=True, slots=True)
class TrialFault:
    """One thing that does not fit.

    Attributes
    ----------
    severity : error (the trial cannot be analysed so) or warn (look at it)
    kind : short stable name
    found, mend : what is so, with the schools or the pupils' codes; what to do
    """

    severity: Literal["error", "warn"]
    kind: str
    found: str
    mend: str

    @property
    def sentence(self) -> str:
        """The whole fault."""
        return f"{self.found.rstrip('.')}. {self.mend}"


@dataclass(slots=True)
class Notes:
    """The faults while they are found."""

    faults: list[TrialFault] = field(default_factory=list[TrialFault])

    def add(self, severity: Literal["error", "warn"], kind: str, found: str, mend: str) -> None:
        """Note a fault."""
        self.faults.append(TrialFault(severity, kind, found[0].upper() + found[1:], mend))

    def ordered(self) -> tuple[TrialFault, ...]:
        """Errors first, else as found."""
        return tuple(sorted(self.faults, key=lambda one: one.severity != "error"))


def key_of(name: str) -> str:
    """Two schools, classes or pupils are the same when their keys are equal: capitals and blanks do not matter."""
    return " ".join(name.casefold().split())


def named(what: str, names: Iterable[object]) -> str:
    """The school A1, or the 3 schools A1, B2 and C3; a long list is cut and says so, and a UPN is never shown."""
    texts = sorted({str(name) for name in names})
    shown = [text for text in texts if what != "pupil" or not is_upn(text)][:_MOST_NAMED]
    if len(texts) == 1:
        name = (*shown, "(not shown)")[0]
        return name if name.casefold().startswith(f"{what} ") else f"the {what} {name}"
    more = len(texts) - len(shown)
    listed = f"{', '.join(shown)} and {more} more" if more else f"{', '.join(shown[:-1])} and {shown[-1]}"
    return f"the {len(texts)} {what}{'es' if what.endswith('s') else 's'} {listed if shown else '(not shown)'}"
