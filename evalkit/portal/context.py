"""What every page's template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from evalkit import __version__


def portal(request: HttpRequest) -> dict[str, Any]:
    """Whether this is a trial, and the version."""
    return {"is_trial": settings.TRIAL, "version": __version__, "max_megabytes": settings.MAX_UPLOAD_BYTES // 1024**2}
