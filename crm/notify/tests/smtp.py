"""A small SMTP server on loopback that takes mails, or refuses them, and remembers what it was told."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast


@dataclass
class Post:
    """What arrived. ``refuse`` makes the server answer 451 to every mail; ``port`` is where it listens."""

    port: int = 0
    refuse: bool = False
    mails: list[EmailMessage] = field(default_factory=list)
    attempts: int = 0


class _Talk(socketserver.StreamRequestHandler):
    """RFC 5321 as far as a client needs it that sends one mail."""

    def handle(self) -> None:
        post = cast("_Server", self.server).post
        self._say("220 test")
        while line := self.rfile.readline():
            word = line[:4].upper().strip()
            if word == b"DATA":
                self._take(post)
            elif word == b"QUIT":
                self._say("221 bye")
                return
            elif word in (b"EHLO", b"HELO", b"MAIL", b"RCPT", b"RSET", b"NOOP"):
                self._say("250 ok")
            else:
                self._say("502 unknown")

    def _take(self, post: Post) -> None:
        self._say("354 go on")
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        post.attempts += 1
        if post.refuse:
            self._say("451 try again later")
            return
        post.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))
        self._say("250 taken")

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    post: Post


@contextmanager
def post_office() -> Iterator[Post]:
    """A server on a free port of 127.0.0.1 for as long as the block lasts."""
    with _Server(("127.0.0.1", 0), _Talk) as server:
        server.post = Post(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.post
        finally:
            server.shutdown()
            thread.join()
