"""Mails as files, for a clone without a mail server: one file for each mail, whole or not there, the same mail again in its place."""

import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

END = "-" * 79


class FileMail(BaseEmailBackend):
    """Writes into ``EMAIL_FILE_PATH``. A file is named by the Message-ID, which a notice keeps over all attempts: sent again after a
    crash it replaces itself, so nobody finds it twice. It appears in one step, so nobody finds half of it; what a crash left of
    an attempt goes with the next one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.folder = Path(settings.EMAIL_FILE_PATH)

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Write the mails; returns how many. Raises ``OSError`` when one cannot be written, as a mail server would refuse it."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for message in email_messages:
            self._write(message)
        return len(email_messages)

    def _write(self, message: EmailMessage) -> None:
        mime = message.message()
        name = re.sub(r"[^\w.@-]", "", str(mime["Message-ID"]))
        draft = self.folder / f".{name}.{os.getpid()}"
        with draft.open("wb") as file:
            file.write(mime.as_bytes() + f"\n{END}\n".encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / f"{name}.log")
        for left in self.folder.glob(f".{name}.*"):
            left.unlink(missing_ok=True)
