"""Log lines without values: an exception's kind and place, never its text, which may hold what stood in a cell.

Links that open something to whoever has them lose their random part.
"""

import logging
import re
import traceback

_LINK = re.compile(r"/(answer|invitations)/[^/\s]+")


class WithoutValues(logging.Formatter):
    """Format a record; of an exception only its type and where it was raised, innermost last."""

    def format(self, record: logging.LogRecord) -> str:
        """The line without the random part of links."""
        return _LINK.sub(r"/\1/...", super().format(record))

    def formatException(self, ei: object) -> str:
        """The kinds and places of an exception, without its message."""
        kind, _, trace = ei  # type: ignore[misc]
        places = [f"{frame.filename.rsplit('/', 2)[-1]}:{frame.lineno}" for frame in traceback.extract_tb(trace)]
        return f"{getattr(kind, '__name__', 'error')} at {' > '.join(places[-8:])}"
