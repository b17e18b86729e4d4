"""Pages for what went wrong: not there, not allowed, too old, broken."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from evalkit.portal.access import open_page


def _page(request: HttpRequest, title: str, words: str, status: int) -> HttpResponse:
    return render(request, "portal/fault.html", {"title": title, "words": words}, status=status)


@open_page
def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """404, also for what belongs to somebody else."""
    return _page(
        request, "Page not found",
        "If you typed the address, check it. If you followed a link, the page may have moved, or it is not yours.",
        404,
    )  # fmt: skip


@open_page
def not_allowed(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """403."""
    return _page(request, "This page is not for your role", "Ask the person who invited you if you should see it.", 403)


@open_page
def form_too_old(request: HttpRequest, reason: str = "") -> HttpResponse:
    """403 for a form whose token is missing or belongs to another session."""
    return _page(
        request, "This page was open for too long",
        "You were signed out, or signed in again, since it was opened. Nothing was changed. Go back, reload the page "
        "and send it again.",
        403,
    )  # fmt: skip


@open_page
def broken(request: HttpRequest) -> HttpResponse:
    """500."""
    return _page(
        request, "Sorry, there is a problem with the portal",
        "What you sent before is kept. Try again in a few minutes; if it happens again, tell the evaluator.", 500,
    )  # fmt: skip


def cannot_keep(request: HttpRequest) -> HttpResponse:
    """503: the disk is full, or the audit log cannot be written; nothing of the request was done."""
    return _page(
        request, "The portal cannot save anything at the moment",
        "Nothing was changed, and what was saved before is kept. Try again in a few minutes; if it happens again, tell "
        "the evaluator.",
        503,
    )  # fmt: skip
