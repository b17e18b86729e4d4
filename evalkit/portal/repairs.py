"""Problems of a file grouped by how they are repaired, with the spreadsheet's own rows and columns."""

from collections.abc import Iterable
from dataclasses import dataclass

from evalkit.records.responses import Problem

_MOST_ROWS = 30


@dataclass(frozen=True, slots=True)
class Place:
    """Where something stands, what was found there and what may stand there."""

    where: str
    found: str
    allowed: str


@dataclass(frozen=True, slots=True)
class Repair:
    """One repair: what to do, and every place where it is to be done."""

    mend: str
    places: tuple[Place, ...]

    @property
    def has_allowed(self) -> bool:
        """Whether any place says what may stand there."""
        return any(one.allowed for one in self.places)


def repairs_of(problems: Iterable[Problem], *, file: str) -> list[Repair]:
    """The problems, those with the same kind and the same repair together, in the order in which they were found.

    Parameters
    ----------
    file : the name of the file that is looked at
    """
    groups: dict[tuple[str, str], list[Place]] = {}
    for one in problems:
        place = Place(where_in_file(one, file=file), one.found.rstrip("."), one.allowed.rstrip("."))
        groups.setdefault((one.kind, one.mend), []).append(place)
    return [Repair(mend, tuple(places)) for (_, mend), places in groups.items()]


def where_in_file(problem: Problem, *, file: str) -> str:
    """Sheet, column and rows, as the spreadsheet shows them; of another file its name."""
    parts = [problem.file] if problem.file != file else []
    parts += [f"sheet {problem.sheet}"] if problem.sheet else []
    if problem.column:
        named = problem.header or problem.item
        word = "column" if problem.column.isalpha() else "columns"
        parts.append(f"{word} {problem.column}" + (f" ({named})" if named else ""))
    if problem.rows:
        shown = ", ".join(map(str, problem.rows[:_MOST_ROWS]))
        more = f" and {len(problem.rows) - _MOST_ROWS} more" if len(problem.rows) > _MOST_ROWS else ""
        parts.append(f"{'row' if len(problem.rows) == 1 else 'rows'} {shown}{more}")
    text = ", ".join(parts) or "the whole file"
    return text if problem.file != file else text[0].upper() + text[1:]
