"""The one place that opens a connection to the outside (database and broker aside, whose drivers are told their addresses by settings).

Where to is said by settings, never by a row or a request: host and port stand on the list, and the address behind the name is looked at
*after* it was resolved and is the one that is connected to, so that a name cannot be turned round in between. Addresses of the machine
itself and of private networks need to be named by network; link-local ones, where clouds keep their secrets, as well.
"""

import ipaddress
import socket

from django.conf import settings


class NotAllowed(OSError):
    """An address that the product may not connect to; an ``OSError`` like any other connection that fails."""


def allowed_places() -> set[tuple[str, int]]:
    """Host and port of everything that may be reached: ``EGRESS_ALLOWED``, and the mail server of the settings."""
    places = {_place(text) for text in settings.EGRESS_ALLOWED}
    mail = getattr(settings, "EMAIL_HOST", "")
    return places | {(mail.lower(), int(settings.EMAIL_PORT))} if mail else places


def connect(host: str, port: int, timeout: float = 10.0) -> socket.socket:
    """An open connection; `NotAllowed` when host, port or the address behind the name is not on the lists."""
    if (host.lower(), port) not in allowed_places():
        raise NotAllowed(f"Connections to {host}:{port} are not allowed: name it in CRM_EGRESS_ALLOW.")
    failed: OSError | None = None
    for family, kind, protocol, _name, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not may_reach(str(address[0])):
            failed = NotAllowed(f"{host} is {address[0]}, a private address: name its network in CRM_EGRESS_NETWORKS.")
            continue
        link = socket.socket(family, kind, protocol)
        link.settimeout(timeout)
        try:
            link.connect(address)
        except OSError as error:
            link.close()
            failed = error
            continue
        return link
    raise failed or NotAllowed(f"{host} has no address.")


def addresses_of(host: str, port: int) -> list[str]:
    """The addresses that a name leads to now; none where nobody knows it."""
    try:
        return [str(place[4][0]) for place in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except OSError:
        return []


def may_reach(address: str) -> bool:
    """Whether that address may be connected to: public ones, and those in ``EGRESS_NETWORKS``."""
    found = ipaddress.ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    if found.is_global and not found.is_multicast:
        return True
    return any(found in ipaddress.ip_network(network, strict=False) for network in settings.EGRESS_NETWORKS)


def is_place(text: str) -> bool:
    """Whether a text names host and port."""
    host, _colon, port = text.strip().rpartition(":")
    return bool(host) and port.isascii() and port.isdigit() and 0 < int(port) < 65_536


def _place(text: str) -> tuple[str, int]:
    host, _colon, port = text.strip().rpartition(":")
    return host.strip("[]").lower(), int(port)
