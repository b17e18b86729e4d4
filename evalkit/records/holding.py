"""Where an evaluation's folder holds something of a pupil, a school or the programme, and what is done about it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

HoldingKind = Literal["survey file", "release", "mapping", "codes", "key", "leftover", "results"]


@dataclass(frozen=True, slots=True)
class Holding:
    """One file, folder or key.

    Attributes
    ----------
    kind : what it is
    place : where it is
    count : how many rows, decisions or versions of a key
    action : what erasing does with it: erase (these rows), delete (all of it), destroy (a key), keep (groups only), or
        by_hand (evalkit cannot, a person must)
    note : why it is kept, or what to do by hand; never what stands there
    rows : rows as the spreadsheet shows them, for survey files
    """

    kind: HoldingKind
    place: Path
    count: int
    action: Literal["erase", "delete", "destroy", "keep", "by_hand"]
    note: str = ""
    rows: tuple[int, ...] = ()
