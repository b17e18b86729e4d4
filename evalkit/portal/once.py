"""What a request may do: change something by POST alone, and make a thing once however often the form is sent.

Forms that make something carry the id that it will have.
"""

import uuid
from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import SuspiciousOperation
from django.http import Http404, HttpRequest, HttpResponseBase

View = Callable[..., HttpResponseBase]


def reading(view: View) -> View:
    """A view that only reads; sent to, it is not there."""
    return _only(view, ("GET", "HEAD"))


def changing(view: View) -> View:
    """A view that only changes; looked at, it is not there."""
    return _only(view, ("POST",))


def _only(view: View, methods: tuple[str, ...]) -> View:
    @wraps(view)
    def answered(request: HttpRequest, *rest: Any, **parts: Any) -> HttpResponseBase:
        if request.method not in methods:
            raise Http404
        return view(request, *rest, **parts)

    return answered


def new_id() -> str:
    """An id for the next thing; a form carries it in a hidden field `id`."""
    return str(uuid.uuid4())


def sent_id(request: HttpRequest) -> uuid.UUID:
    """The id that a form carried. Raises SuspiciousOperation (400) when it is none of ours."""
    try:
        return uuid.UUID(request.POST.get("id", ""))
    except ValueError:
        raise SuspiciousOperation("The form carries no id.") from None
