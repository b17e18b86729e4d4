"""Send a file that the portal made: a report to look at, a document to keep. Nothing in it may run."""

from pathlib import Path
from typing import TypeVar

from django.http import FileResponse, Http404, HttpResponse, StreamingHttpResponse

from evalkit.portal.zipped import zipped

KINDS = {
    ".html": "text/html; charset=utf-8",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
}
REPORT_FILES = {f"{stem}{suffix}" for stem in ("report", "portfolio") for suffix in KINDS}
# A report is one file with its styles, pictures and fonts inside: those and nothing else; no script, no request.
REPORT_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'; sandbox"
)

Answer = TypeVar("Answer", FileResponse, HttpResponse)


def report_file(folder: Path, name: str, *, title: str) -> FileResponse:
    """One of a report's files. Raises Http404 for any other name, or when it is not there."""
    path = folder / name
    if name not in REPORT_FILES or not path.is_file():
        raise Http404
    response = FileResponse(
        path.open("rb"), content_type=KINDS[path.suffix], as_attachment=path.suffix != ".html",
        filename=f"{title}{path.suffix}",
    )  # fmt: skip
    return closed(response)


def zip_of(folder: Path, *, name: str) -> StreamingHttpResponse:
    """A folder as the zip file `name`, kept in no cache."""
    return StreamingHttpResponse(
        zipped(folder, name=name), content_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{name}.zip"', "Cache-Control": "no-store"},
    )  # fmt: skip


def closed(response: Answer) -> Answer:
    """The same answer, kept in no cache, with a policy of its own under which nothing in it runs."""
    response["Content-Security-Policy"] = REPORT_POLICY
    response["X-Content-Type-Options"] = "nosniff"
    response["Cache-Control"] = "no-store"
    return response
