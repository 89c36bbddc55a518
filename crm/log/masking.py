"""Long numbers in texts that are on their way into a log."""

import logging
import re
import unicodedata
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

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


class JsonLines(structlog.stdlib.ProcessorFormatter):
    """The formatter of process logs: no long number in the line as it is written either.

    The filter above sees what was logged; what an exception says is put into the line after it.
    """

    def __init__(self, *, processor: Processor, **more: Any) -> None:
        super().__init__(processors=[self.remove_processors_meta, hide_in_line, processor], **more)


def hide_in_line(_logger: Any, _method: str, line: EventDict) -> EventDict:
    """The line with long numbers hidden in all its texts (a processor of structlog)."""
    return {name: _hidden(value) for name, value in line.items()}


def hide_numbers(text: str) -> str:
    """The text with all but the last four of every long number hidden, at most 200 characters."""
    return _LONG_NUMBER.sub(lambda found: "*" * len(found[0]), text)[:200]
