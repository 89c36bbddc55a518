"""One module opens connections to the outside, to named places only.

Requirements: R271.
"""

import ast
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMessage

from crm.egress import gateway
from crm.egress.mail import Mail
from crm.notify.tests.smtp import post_office
from crm.tests.house import name_of, sources, tree

REACHING = {"socket", "requests", "httpx", "urllib3", "aiohttp", "smtplib", "ftplib", "telnetlib", "socketserver", "paramiko", "websockets"}
REACHING_PARTS = {"urllib.request", "http.client", "xmlrpc.client", "asyncio.streams"}
# Files that may import them, each with the reason.
ALLOWED = {
    "crm/egress/gateway.py": "the gateway",
    "crm/egress/mail.py": "its mail client",
    "crm/log/anchors.py": "a socket file of the same machine, no network",
    "crm/operations/supervisor.py": "`make run`: looks for a free port and asks its own web whether it is there; outside web and worker",
    "crm/operations/servers/valkey.py": "`make run`: speaks to the broker that it started",
}


def reaching(module: ast.Module) -> Iterator[str]:
    """The names of modules that a file imports to open connections with."""
    for node in ast.walk(module):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
        if isinstance(node, ast.ImportFrom):
            names = [node.module or "", *(f"{node.module}.{name}" for name in names)]
        yield from (name for name in names if name.partition(".")[0] in REACHING or name in REACHING_PARTS)


def test_nobody_else_opens_connections() -> None:
    found = {name_of(path): sorted(set(reaching(tree(path)))) for path in sources()}
    assert {name: used for name, used in found.items() if used and name not in ALLOWED} == {}
    assert {name for name in ALLOWED if not found[name]} == set(), "take it off the list"


@pytest.mark.parametrize(
    "line", ["import socket", "from urllib import request", "import http.client", "from requests import get", "import urllib.request"]
)
def test_an_import_elsewhere_would_be_seen(line: str) -> None:
    assert list(reaching(ast.parse(line)))


@pytest.mark.parametrize(
    ("address", "may"),
    [
        ("8.8.8.8", True),
        ("10.1.2.3", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("::ffff:10.0.0.1", False),
        ("0.0.0.0", False),
        ("100.64.0.1", False),
        ("192.168.7.9", True),
    ],
)
def test_private_addresses_need_their_network(address: str, may: bool, settings: Any) -> None:
    settings.EGRESS_NETWORKS = ["192.168.7.0/24"]
    assert gateway.may_reach(address) is may


def test_a_place_that_is_not_named_is_refused(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is resolved, nothing is connected."""
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: pytest.fail("asked for the name"))
    settings.EGRESS_ALLOWED, settings.EMAIL_HOST = ["core.bank.example:443"], ""
    for host, port in (("evil.example", 443), ("core.bank.example", 80)):
        with pytest.raises(gateway.NotAllowed, match="CRM_EGRESS_ALLOW"):
            gateway.connect(host, port)


def test_a_name_that_points_inside_is_refused(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is looked at after it was resolved: a public name may point to the machine itself."""
    settings.EGRESS_ALLOWED, settings.EGRESS_NETWORKS = ["core.bank.example:443"], []
    inside = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))
    monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **kwargs: [inside])
    with pytest.raises(gateway.NotAllowed, match="CRM_EGRESS_NETWORKS"):
        gateway.connect("core.bank.example", 443)


@pytest.mark.parametrize("networks", [["127.0.0.0/8"], []])
def test_mail_goes_through_the_gateway(settings: Any, networks: list[str], tmp_path: Path) -> None:
    settings.EGRESS_NETWORKS = networks
    with post_office() as office:
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        message = EmailMessage("subject", "text", "crm@bank.test", ["a@bank.test"], connection=Mail(username="", password=""))
        if networks:
            assert message.send() == 1
            assert len(office.mails) == 1
        else:
            with pytest.raises(gateway.NotAllowed):
                message.send()
            assert office.mails == []
