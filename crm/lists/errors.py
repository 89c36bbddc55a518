"""How a list says no."""

from collections.abc import Sequence

from django.utils.translation import gettext_lazy as _

from crm.access.errors import DomainError


class BadParameters(DomainError):
    """The address asks for something this list does not know: answered with 400 and these sentences."""

    code = "bad_parameters"
    message = _("This address does not fit the list.")

    def __init__(self, sentences: Sequence[str]) -> None:
        super().__init__(" ".join(sentences))
        self.sentences = list(sentences)


class TooManyRows(DomainError):
    """More rows than one Excel file may take from a page."""

    code = "too_many_rows"
