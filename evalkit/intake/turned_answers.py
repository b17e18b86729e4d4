"""Answers that a form had turned round already are turned back, where a person said so."""

from collections.abc import Sequence

from evalkit.intake.answers import Codes
from evalkit.records.instrument import Instrument
from evalkit.records.mapping import Mapping


def turn_back(
    instrument: Instrument, items: Sequence[str], codes: Sequence[Codes], mapping: Mapping | None
) -> list[Codes]:
    """The answers as pupils gave them: of items that the mapping file names as reversed, low + high - answer."""
    named = set(mapping.reversed_) if mapping else set[str]()
    turned: list[Codes] = []
    for item, column in zip(items, codes, strict=True):
        scale = instrument.response_of(item.partition(".")[2])
        total = scale.min + scale.max
        turned.append([None if one is None else total - one for one in column] if item in named else list(column))
    return turned
