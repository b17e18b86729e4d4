"""The pages of hubs and trusts in the folder of a programme's report: which there are, and to whom each may be given.

Only evaluators see them in the portal. They go wherever the report's folder goes.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from evalkit.portal.models import Report
from evalkit.records.whole_file import write_whole

PlaceLevel = Literal["hub", "trust"]
LEVELS: tuple[PlaceLevel, ...] = ("hub", "trust")
PLACES_FILE = "places.json"
GIVEN = "Give each page to the {level} that it is about, and to nobody else: "
TRUST = "it names the trust's own schools that have enough pupils."
NAMED = "it names the hub's schools that have enough pupils, because the plan says that they agreed."
UNNAMED = "its schools have no names on it, because the plan does not say that they agreed to be named."


@dataclass(frozen=True, slots=True)
class PlacePages:
    """What came of the pages of one level.

    Attributes
    ----------
    level : hub or trust
    count : how many places have a page
    named : whether a hub's page names its schools; a trust's always does
    told : sentences for the evaluator: places without a page and why, schools in no hub
    failure : why there are no pages at all, else empty
    """

    level: PlaceLevel
    count: int = 0
    named: bool = False
    told: Sequence[str] = ()
    failure: str = ""

    @property
    def plural(self) -> str:
        """Hubs or trusts; the name of their folder too."""
        return f"{self.level}s"

    @property
    def whom(self) -> str:
        """To whom a page may be given, in one sentence."""
        what = TRUST if self.level == "trust" else NAMED if self.named else UNNAMED
        return GIVEN.format(level=self.level) + what


def places_folder(made: Report, level: PlaceLevel) -> Path:
    """Where the pages of one level lie."""
    return made.folder / f"{level}s"


def zip_target(made: Report, level: PlaceLevel) -> str:
    """What the audit log calls the pages of one level, taken as a zip file."""
    return f"report {made.pk} {level}s.zip"


def keep_place_pages(made: Report, found: Sequence[PlacePages]) -> None:
    """Write down what came of them, beside them."""
    text = json.dumps([asdict(one) for one in found], indent=1, ensure_ascii=False) + "\n"
    write_whole(made.folder / PLACES_FILE, text)


def place_pages(made: Report) -> list[PlacePages]:
    """What came of them; not those whose pages were erased since."""
    path = made.folder / PLACES_FILE
    if not path.is_file():
        return []
    found = [PlacePages(**one) for one in json.loads(path.read_text(encoding="utf-8"))]
    return [one for one in found if one.failure or places_folder(made, one.level).is_dir()]
