"""Headers that are only numbers (1, 2., Q3, GSE 4): a block of them belongs to the questionnaire with these numbers."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from evalkit.intake.known import Known
from evalkit.intake.normal import normal

_LETTERED = re.compile(r"^(?:(.+) )?(?:question|item|qu|sq|q) ?0*(\d{1,3})$")
_BARE = re.compile(r"^(?:(.+?) ?)??0*(\d{1,3})$")
_BARE_SHARE = 0.75


@dataclass(frozen=True, slots=True)
class Numbered:
    """What a numbered header means: one item for certain, or those it may be."""

    index: int
    choices: tuple[str, ...]
    certain: bool
    wave: str


@dataclass(slots=True)
class _Block:
    """Numbered columns that follow one another, their numbers rising."""

    columns: list[int] = field(default_factory=list)
    numbers: list[int] = field(default_factory=list)
    wave: str = ""
    instrument: str = ""
    lettered: bool = False


@dataclass(frozen=True, slots=True)
class _Part:
    """A header taken apart: GSE10 pre -> the stem gse, the number 10 (0 where it has none) and the wave."""

    index: int
    wave: str
    stem: str
    number: int
    lettered: bool
    names_questionnaire: bool


def numbered(
    headers: Sequence[tuple[int, str]], titles: Sequence[str], known: Known, *, taken: Collection[str]
) -> list[Numbered]:
    """Find what numbered headers mean.

    Parameters
    ----------
    headers : column index and header of every column that is not known by its name
    titles : for every column of the sheet the title that stands over it; empty where there is none
    taken : instruments of which other columns are known by name
    """
    found: list[Numbered] = []
    for block in _blocks(headers, titles, known):
        exact, likely = _fitting(block, known, taken)
        if len(exact) == 1:
            order = known.order[exact[0]]
            pairs = [(index, (order[number - 1],)) for index, number in _pairs(block) if number <= len(order)]
        else:
            meanings = [_items(block, one, known) for one in exact or likely]
            pairs = [
                (index, tuple(dict.fromkeys(meaning[place] for meaning in meanings if place < len(meaning))))
                for place, index in enumerate(block.columns)
            ]
        found += [Numbered(index, choices, len(exact) == 1, block.wave) for index, choices in pairs if choices]
    return found


def _pairs(block: _Block) -> list[tuple[int, int]]:
    return list(zip(block.columns, block.numbers, strict=True))


def _blocks(headers: Sequence[tuple[int, str]], titles: Sequence[str], known: Known) -> list[_Block]:
    blocks: list[_Block] = []
    parts = [_part(index, header, titles[index], known) for index, header in headers]
    for part in parts:
        if part.number < 1 or (part.stem and part.stem not in known.instruments):
            continue
        if part.names_questionnaire and not _has_siblings(part, parts):
            continue
        number, wave = part.number, part.wave
        instrument = known.instruments.get(part.stem or normal(titles[part.index]), "")
        last = blocks[-1] if blocks else None
        if last is None or number <= last.numbers[-1] or (last.wave, last.instrument) != (wave, instrument):
            last = _Block(wave=wave, instrument=instrument)
            blocks.append(last)
        last.columns.append(part.index)
        last.numbers.append(number)
        last.lettered = last.lettered or part.lettered
    return blocks


def _part(index: int, header: str, title: str, known: Known) -> _Part:
    wave, rest = known.split_wave(header)
    name = normal(rest)
    wave = wave or known.waves.get(normal(title), "")
    lettered = _LETTERED.match(name)
    match = lettered or _BARE.match(name)
    if not match:
        return _Part(index, wave, "", 0, False, False)
    return _Part(index, wave, match.group(1) or "", int(match.group(2)), bool(lettered), name in known.instruments)


def _has_siblings(part: _Part, parts: Sequence[_Part]) -> bool:
    """Whether GSE10 is the tenth question: alone it is the name of a questionnaire, hence a total.

    It is a question beside at least two others such as GSE8 and GSE9, unless one written otherwise (GSE 10) is there.
    """
    others = [one for one in parts if one.index != part.index and (one.wave, one.stem) == (part.wave, part.stem)]
    written = any(one.number == part.number and not one.names_questionnaire for one in others)
    return len({one.number for one in others} - {part.number}) > 1 and bool(part.stem) and not written


def _fitting(block: _Block, known: Known, taken: Collection[str]) -> tuple[list[str], list[str]]:
    """The questionnaires whose numbers these are, and those whose numbers they may be."""
    free = [block.instrument] if block.instrument else [one for one in known.order if one not in taken]
    free = free or list(known.order)
    short = [one for one in free if _is_short_form(block, one, known)]
    if short:
        return [], short
    exact = [
        one
        for one in free
        if block.numbers in (_numbers(known.order[one], one, known), _numbers(known.needed_of(one), one, known))
    ]
    if exact:
        return exact, []
    if len(known.order) > 1 and block.numbers == list(range(1, len(known.asked) + 1)) and not block.instrument:
        return [], [""]
    inside = [one for one in free if block.numbers[-1] <= len(known.order[one])]
    # One number under a title may be a total of the first pupil; headings that are numbers do not come alone.
    titled = block.instrument and (block.lettered or len(block.numbers) > 1)
    if titled or (block.lettered and len(known.order) == 1):
        return inside, []
    # A row of answers is a row of numbers too, so bare numbers must be nearly all of a questionnaire to be headers.
    share = 0.0 if block.lettered else _BARE_SHARE
    return [], [one for one in inside if len(block.numbers) > share * len(known.needed_of(one))]


def _items(block: _Block, instrument: str, known: Known) -> list[str]:
    """The items that a block's columns are, if it is this questionnaire's; "" numbers the plan straight through."""
    if not instrument:
        return list(known.asked)
    if _is_short_form(block, instrument, known):
        return list(known.needed_of(instrument))
    order = known.order[instrument]
    return [order[number - 1] for number in block.numbers if number <= len(order)]


def _numbers(items: tuple[str, ...], instrument: str, known: Known) -> list[int]:
    places = {item: number for number, item in enumerate(known.order[instrument], start=1)}
    return [places[item] for item in items]


def _is_short_form(block: _Block, instrument: str, known: Known) -> bool:
    """1 to n, where the plan needs n items that have other numbers in the full questionnaire."""
    needed = _numbers(known.needed_of(instrument), instrument, known)
    straight = list(range(1, len(needed) + 1))
    return block.numbers == straight and needed != straight
