"""Mail by SMTP through the gateway."""

import smtplib
import socket
from typing import Any

from django.core.mail.backends.smtp import EmailBackend

from crm.egress.gateway import connect


class _Plain(smtplib.SMTP):
    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        return connect(host, port, float(timeout))


class _Tls(smtplib.SMTP_SSL):
    def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
        link = connect(host, port, float(timeout))
        return self.context.wrap_socket(link, server_hostname=host)


class Mail(EmailBackend):
    """Django's SMTP backend whose connections the gateway opens."""

    @property
    def connection_class(self) -> type[smtplib.SMTP]:
        """The client that asks the gateway for its connection."""
        return _Tls if self.use_ssl else _Plain
