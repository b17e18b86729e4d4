"""What came of the schools' own reports that go with a programme's, for the evaluator to read on its page."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from evalkit.portal.models import Report
from evalkit.records.whole_file import write_whole

OWN_FILE = "schools.json"


@dataclass(frozen=True, slots=True)
class OwnPages:
    """What came of them.

    Attributes
    ----------
    held : URNs of the schools that keep an earlier page, because so few joined or left that both together would tell
    failure : why no school has any, else empty
    """

    held: Sequence[str] = ()
    failure: str = ""


def keep_own_pages(made: Report, found: OwnPages) -> None:
    """Write it down in the folder of the programme's report."""
    made.folder.mkdir(parents=True, exist_ok=True)
    write_whole(made.folder / OWN_FILE, json.dumps(asdict(found), indent=1) + "\n")


def own_pages(made: Report) -> OwnPages:
    """What came of them; nothing to tell where nothing was written down."""
    path = made.folder / OWN_FILE
    return OwnPages(**json.loads(path.read_text(encoding="utf-8"))) if path.is_file() else OwnPages()
