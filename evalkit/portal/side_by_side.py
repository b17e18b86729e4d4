"""The newest published reports of several programmes side by side: a page made once and kept while it holds."""

import hashlib
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.conf import settings
from django.db.models import QuerySet

from evalkit.custody.whole_folder import folder_in_making
from evalkit.errors import EvalkitError
from evalkit.portal.models import Programme, Report
from evalkit.portal.models.outcomes import Making
from evalkit.records.portfolio import Portfolio
from evalkit.records.results import RESULTS_FILE, load_results


def published(programme: Programme) -> QuerySet[Report]:
    """Reports of a whole programme that leads may read, the newest first."""
    found = Report.objects.filter(programme=programme, school=None, state=Making.READY, to_leads_at__isnull=False)
    return found.select_related("release", "programme").order_by("-made_at")


def newest(programmes: Iterable[Programme]) -> list[Report]:
    """The newest published report of each programme that has one."""
    return [made for one in programmes if (made := published(one).first()) is not None]


def side_by_side(reports: Sequence[Report]) -> Portfolio | None:
    """What the reports say together; None for fewer than two, and where they cannot stand beside one another."""
    from evalkit.portfolio.compare import compare  # statistics: a server that shows none starts in half the time

    try:
        return compare([load_results(one.folder / RESULTS_FILE) for one in reports]) if len(reports) > 1 else None
    except EvalkitError:
        return None


def page_of(reports: Sequence[Report], portfolio: Portfolio) -> Path:
    """The folder with the page in every format; it is made when somebody first asks for it.

    Raises
    ------
    EvalkitError
        The page cannot be made.
    """
    from evalkit.report.render import FORMAT_NAMES, render_portfolio

    key = hashlib.sha256(" ".join(sorted(str(one.pk) for one in reports)).encode()).hexdigest()[:32]
    folder = _pages() / key
    if not folder.is_dir():
        with folder_in_making(folder) as fresh:
            render_portfolio(portfolio, folder=fresh, formats=FORMAT_NAMES)
    return folder


def forget_pages() -> None:
    """Delete the pages: a report in one of them was withdrawn or deleted."""
    shutil.rmtree(_pages(), ignore_errors=True)


def _pages() -> Path:
    return Path(settings.DATA) / "portfolios"
