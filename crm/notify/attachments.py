"""Files that travel with a mail: made when it is sent, with the rights that the reader holds then."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from crm.access.actor import Actor


@dataclass(frozen=True, kw_only=True)
class MailFile:
    """One attachment."""

    filename: str
    content: bytes
    content_type: str


@dataclass(frozen=True, kw_only=True)
class MailAttachment:
    """What a notice asks to have attached: a registered provider and its JSON-able parameters."""

    provider: str
    params: Mapping[str, Any]


# provider(reader, params) -> the file for this reader; Refused or NotVisible when she may not have it (any more)
Provider = Callable[[Actor, Mapping[str, Any]], MailFile]

_providers: dict[str, Provider] = {}


class UnknownProvider(LookupError):
    """No app registered a provider of that name."""


def register(name: str, provider: Provider) -> None:
    """Makes a provider known; in ``AppConfig.ready()``."""
    if _providers.setdefault(name, provider) is not provider:
        raise ImproperlyConfigured(f"The attachment provider {name!r} is registered twice.")


def provider_of(name: str) -> Provider:
    """The provider of that name."""
    try:
        return _providers[name]
    except KeyError:
        raise UnknownProvider(name) from None
