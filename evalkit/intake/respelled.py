"""Codes that are the same but for hyphens, blanks and zeros in front (OF-20, OF020): one problem for all of them."""

import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from evalkit.intake.normal import counted, normal, yaml_text
from evalkit.intake.pupils import is_private, shown_code
from evalkit.records.responses import Choice, Problem, Question

_SHARE = 0.2
_MOST_LINES = 40


def respelled_pairs(before: Collection[str], after: Collection[str]) -> list[tuple[str, str]]:
    """Pairs of codes in one wave only that are the same without signs and zeros in front, where each has one partner.

    A single pair is no pattern and none is returned. Parameters are the keys of the codes of the two waves.
    """
    old, new = _by_core(before), _by_core(after)
    pairs = [
        (old[core][0], new[core][0])
        for core in old
        if core and len(old[core]) == 1 and len(new.get(core, ())) == 1 and old[core] != new[core]
    ]
    pairs = sorted(pair for pair in pairs if not any(map(is_private, pair)))
    return pairs if len(pairs) > 1 else []


def is_too_many(pairs: int, before: Collection[str], after: Collection[str]) -> bool:
    """Whether so many pairs cannot be chance: a fifth of the smaller file."""
    return pairs > 0 and pairs >= _SHARE * min(len(before), len(after))


def respelled_problems(
    pairs: Sequence[tuple[str, str]],
    pupils: Mapping[str, Mapping[str, str]],
    spelled: Mapping[str, str],
    waves: tuple[str, str],
    *,
    asked: bool,
) -> list[Problem]:
    """One problem for each two files; a question when there are many of them (`asked`), else a warning.

    Parameters
    ----------
    pairs : keys of the codes before and after
    pupils : wave -> key of each code -> its file
    spelled : key -> the code as typed
    waves : the first and the last wave
    """
    first, last = waves
    files: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for old, new in pairs:
        files[pupils[first][old], pupils[last][new]].append((spelled[old], spelled[new]))
    return [
        Problem(
            "ask" if asked else "warn", "codes_spelled_differently", here, _mend(some, here),
            found=f"{counted(len(some), 'pupil code')} {'differs' if len(some) == 1 else 'differ'} from those of "
            f"{there} only by {_difference(some)} (such as {shown_code(some[0][1])} here and "
            f"{shown_code(some[0][0])} there)",
            questions=(
                Question(
                    f"Are these {len(some)} pupils of {here} the same as in {there}, such as "
                    f"{shown_code(some[0][1])} and {shown_code(some[0][0])}?",
                    (
                        Choice("Yes: they are the same pupils", {"codes": {new: old for old, new in some}}),
                        Choice("No: they are others", {"codes": {new: new for _, new in some}}),
                    ),
                ),
            )
            if asked
            else (),
        )
        for (there, here), some in files.items()
    ]  # fmt: skip


def _difference(pairs: Sequence[tuple[str, str]]) -> str:
    zeros = any(_signless(old) != _signless(new) for old, new in pairs)
    signs = any(_zeroless(old) != _zeroless(new) for old, new in pairs)
    return (
        "hyphens, blanks or zeros in front of a number"
        if zeros and signs
        else ("zeros in front" if zeros else "hyphens, blanks or other signs")
    )


def _mend(pairs: Sequence[tuple[str, str]], here: str) -> str:
    lines = ", ".join(f"{yaml_text(new)}: {yaml_text(old)}" for old, new in pairs[:_MOST_LINES])
    more = f" and so on for {len(pairs) - _MOST_LINES} more" if len(pairs) > _MOST_LINES else ""
    way = "Type the codes as in the other file."
    if any(_signless(old) != _signless(new) for old, new in pairs):
        way = "Format the column as Text and type the codes as in the other file: without Text the zeros get lost."
    return (
        f"Are they the same pupils? {way} evalkit does not join them by itself. Or write it in the mapping file of "
        f"{here}: codes: {{{lines}}}{more}."
    )


def _by_core(keys: Collection[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        found[_zeroless(_signless(key))].append(key)
    return found


def _signless(code: str) -> str:
    return "".join(normal(code).split())


def _zeroless(code: str) -> str:
    """The code without zeros in front of any of its numbers; a number of zeros alone stays 0."""
    return re.sub(r"(?<!\d)0+(?=\d)", "", code.casefold())
