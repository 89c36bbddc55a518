"""Long numbers in texts that are on their way into a log."""

import logging
import re
import unicodedata
from typing import Any

# ID, mobile and account numbers have 11 digits and more; employee and branch numbers have fewer than 7. People type them in groups.
_LONG_NUMBER = re.compile(r"\d(?: ?\d){2,}(?=(?: ?\d){3} ?[\dXx](?!\d))")
# In the lines of processes, between characters that belong to no longer word: hexadecimal marks of requests stay whole.
_NUMBER_ALONE = re.compile(r"(?<![0-9A-Za-z_.])[0-9](?: ?[0-9]){6,}(?=(?: ?[0-9]){3} ?[0-9Xx](?![0-9A-Za-z_]))")


def holds_number(text: str) -> bool:
    """Whether a text holds eleven digits in a row, however they are grouped or wide: an ID, mobile or account number, or part of one."""
    return re.search(r"[0-9]{11}", re.sub(r"[\s-]", "", unicodedata.normalize("NFKC", text))) is not None


class HideNumbers(logging.Filter):
    """A filter for log handlers: no number of eleven digits and more gets into a process log, whoever wrote the line."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Hide the numbers and let every line pass."""
        if isinstance(record.msg, dict):
            record.msg = {name: _hidden(value) for name, value in record.msg.items()}
        else:
            record.msg, record.args = _hidden(record.getMessage()), None
        return True


def _hidden(value: Any) -> Any:
    return _NUMBER_ALONE.sub(lambda found: "*" * len(found[0]), value) if isinstance(value, str) else value


def hide_numbers(text: str) -> str:
    """The text with all but the last four of every long number hidden, at most 200 characters."""
    return _LONG_NUMBER.sub(lambda found: "*" * len(found[0]), text)[:200]
