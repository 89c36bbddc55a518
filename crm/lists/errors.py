"""How a list says no."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from crm.access.errors import DomainError
from crm.log.masking import hide_numbers


class BadParameters(DomainError):
    """The address asks for something this list does not know: answered with 400 and these sentences."""

    code = "bad_parameters"
    message = _("This address does not fit the list.")

    def __init__(self, sentences: Sequence[str]) -> None:
        # What was typed is repeated there: an error page is kept, mailed and photographed more readily than others.
        self.sentences = [hide_numbers(sentence) for sentence in sentences]
        super().__init__(" ".join(self.sentences))


class TooManyRows(DomainError):
    """More rows than one Excel file may take from a page."""

    code = "too_many_rows"
