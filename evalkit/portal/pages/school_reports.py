"""Reports that are out for schools: a school's own, and the whole programme's."""

import re
from dataclasses import dataclass

from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from evalkit.custody.audit import Action
from evalkit.portal.access import Visit, page
from evalkit.portal.models import Report, Role
from evalkit.portal.models.outcomes import Making
from evalkit.portal.pages.downloads import attachment, shown
from evalkit.portal.record import record

KINDS = {
    ".html": ("Web page", "text/html; charset=utf-8"),
    ".pdf": ("PDF", "application/pdf"),
    ".docx": ("Word", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ".xlsx": ("Tables", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.[a-z]{3,4}")


@dataclass(frozen=True, slots=True)
class ReportFile:
    """One file of a report: its name, what it is, its size in KB."""

    name: str
    words: str
    kilobytes: int

    @property
    def is_page(self) -> bool:
        """Whether a browser can show it."""
        return self.name.endswith(".html")


def reports_for(visit: Visit) -> list[tuple[Report, list[ReportFile]]]:
    """What the school's lead may read: reports about this school or the whole programme that are out for schools."""
    if Role.SCHOOL_LEAD not in visit.roles:
        return []
    return [(report, files_of(report)) for report in _out(visit)]


def files_of(report: Report) -> list[ReportFile]:
    """The files of a report that people read; its numbers for machines are not among them."""
    found = [path for path in report.folder.glob("*.*") if path.suffix in KINDS and _NAME.fullmatch(path.name)]
    found.sort(key=lambda path: (path.stem != "report", path.stem, list(KINDS).index(path.suffix)))
    return [ReportFile(path.name, _words(path.stem, path.suffix), -(-path.stat().st_size // 1024)) for path in found]


@page(Role.SCHOOL_LEAD)
@require_safe
def report_file(request: HttpRequest, visit: Visit, report: str, file: str) -> HttpResponse:
    """One file of a report, to save; with `?read` a web page is shown, shut off from the portal."""
    found = get_object_or_404(_out(visit), pk=report)
    if file not in {one.name for one in files_of(found)}:
        raise Http404
    path, is_read = found.folder / file, "read" in request.GET and file.endswith(".html")
    done: Action = "view" if is_read else "download"
    record(visit.person, done, programme=visit.the_programme, target=f"report {found.pk} {file}")
    return shown(path.read_bytes()) if is_read else attachment(path.read_bytes(), file, KINDS[path.suffix][1])


def _out(visit: Visit):
    mine = Q(school=visit.the_school) | Q(school=None)
    ready = Report.objects.filter(programme=visit.the_programme, state=Making.READY, to_schools_at__isnull=False)
    return ready.filter(mine).select_related("school", "programme")


def _words(stem: str, suffix: str) -> str:
    what = "Letter" if "letter" in stem else ("One page" if "brief" in stem else "Report")
    return f"{what}, {KINDS[suffix][0]}"
