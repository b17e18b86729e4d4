"""Answers that are files: always saved, never shown inside the portal's own pages."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header


def attachment(content: bytes, name: str, kind: str) -> HttpResponse:
    """A file to save. `kind` : its media type; no browser guesses another, nobody between keeps a copy."""
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer
