"""Long numbers in texts that are on their way into the log."""

import re

# ID, mobile and account numbers have 11 digits and more; employee and branch numbers have fewer than 7.
_LONG_NUMBER = re.compile(r"\d{3,}(?=[\dXx]{4}(?!\d))")


def hide_numbers(text: str) -> str:
    """The text with all but the last four of every long number hidden, at most 200 characters."""
    return _LONG_NUMBER.sub(lambda found: "*" * len(found[0]), text)[:200]
