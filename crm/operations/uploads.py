"""Uploaded bytes stay in memory until the product seals them: no copy in clear in a temporary folder, where a killed process leaves it."""

from io import BytesIO
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import InMemoryUploadedFile
from django.core.files.uploadhandler import FileUploadHandler, StopUpload

DRAINED = 4
"""How many times the limit is read to its end, so that the answer says in words that a file is too large; then the line is cut."""


class MemoryUpload(FileUploadHandler):
    """The only handler: holds ``settings.UPLOAD_LARGEST`` bytes of a file at most, and nothing of a stranger's.

    A larger file arrives empty with its true ``size``; forms refuse it by that.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        """Begin a file; nobody who is not signed in has one for us."""
        super().new_file(*args, **kwargs)
        if not getattr(getattr(self.request, "actor", None), "is_signed_in", False):
            raise StopUpload(connection_reset=True)
        self.held = BytesIO()
        self.size = 0

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Take a piece; beyond the limit it is counted, not kept."""
        self.size += len(raw_data)
        if self.size <= settings.UPLOAD_LARGEST:
            self.held.write(raw_data)
        elif self.size <= settings.UPLOAD_LARGEST * DRAINED:
            self.held = BytesIO()
        else:
            raise StopUpload(connection_reset=True)

    def file_complete(self, file_size: int) -> InMemoryUploadedFile:
        """Return the file as the form reads it."""
        self.held.seek(0)
        return InMemoryUploadedFile(
            self.held, self.field_name, self.file_name, self.content_type, self.size, self.charset, self.content_type_extra
        )
