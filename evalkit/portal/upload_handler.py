"""Uploads are counted while they stream in: what is too large is cut off, not taken in first."""

from typing import Any

from django.conf import settings
from django.core.files.uploadhandler import StopUpload, TemporaryFileUploadHandler


class CappedUpload(TemporaryFileUploadHandler):
    """Streams to a file of its own; stops at `MAX_UPLOAD_BYTES` and says so in `request.too_large`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.received = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes | None:
        """Keep a piece, unless it is too much."""
        self.received += len(raw_data)
        if self.received > settings.MAX_UPLOAD_BYTES:
            if self.request is not None:
                self.request.too_large = True  # type: ignore[attr-defined]
            self.upload_interrupted()
            raise StopUpload(connection_reset=self.received > 4 * settings.MAX_UPLOAD_BYTES)
        return super().receive_data_chunk(raw_data, start)
