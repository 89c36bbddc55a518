"""Twelve places where data of people could lie in clear, each with a way to look into it; and a searcher that unpacks what it meets.

What it cannot find: text that somebody encrypted or compressed by other means than zip, xlsx and gzip, numbers split over two records, and
places on other machines.
"""

import base64
import gzip
import io
import json
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session

from crm.operations.pytest_plugin import RUN
from crm.operations.servers.postgres import SUPERUSER

Found = tuple[str, bytes]
Place = Callable[[], Iterable[Found]]
LARGEST_UNPACKED = 50_000_000


def shapes(text: str) -> Iterator[bytes]:
    """The forms of a number: plain, spaced, base64 at every offset, UTF-16, hexadecimal, and its last twelve digits."""
    raw = text.encode()
    yield raw
    if len(text) > 12:
        yield raw[-12:]
    for size in (3, 4):
        yield " ".join(text[at : at + size] for at in range(0, len(text), size)).encode()
    yield " ".join((text[:3], *(text[at : at + 4] for at in range(3, len(text), 4)))).encode()
    yield "-".join(text[at : at + 4] for at in range(0, len(text), 4)).encode()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        yield coded[4 if shift else 0 : len(coded) - 4]
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    yield raw.hex().encode()


def unpacked(content: bytes, depth: int = 3) -> Iterator[bytes]:
    """The bytes themselves, and what is inside when they are a zip, a workbook or a gzip; what is inside that, too."""
    yield content
    if not depth:
        return
    try:
        if content[:2] == b"\x1f\x8b":
            yield from unpacked(gzip.decompress(content)[:LARGEST_UNPACKED], depth - 1)
        elif content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                for member in archive.infolist():
                    yield from unpacked(archive.read(member)[:LARGEST_UNPACKED], depth - 1)
    except (OSError, EOFError, zipfile.BadZipFile, RuntimeError, NotImplementedError):
        return  # not what its first bytes said; it was searched as it is


def found_in(content: bytes, canaries: dict[str, str]) -> set[str]:
    """Which canaries the bytes hold, in any shape, packed or not."""
    return {name for part in unpacked(content) for name, text in canaries.items() if any(shape in part for shape in shapes(text))}


def leaks(place: Place, canaries: dict[str, str]) -> dict[str, list[str]]:
    """What lies where, in one place."""
    return {path: sorted(found) for path, content in place() if (found := found_in(content, canaries))}


def below(*folders: Path | str, named: Callable[[Path], bool] = lambda path: True) -> Iterator[Found]:
    """Every file below these folders; what a server removes meanwhile, a file or a folder, is passed over."""
    for folder in {Path(folder) for folder in folders}:
        for parent, _, files in os.walk(folder, onerror=_unless_gone):
            for path in (Path(parent, file) for file in files):
                if named(path) and path.is_file() and not path.is_symlink():
                    try:
                        yield str(path), path.read_bytes()
                    except FileNotFoundError:
                        continue


def _unless_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def dump() -> Iterator[Found]:
    """The database as pg_dump writes it, in plain SQL."""
    with RUN.postgres.connect(RUN.database) as session:
        session.execute("CHECKPOINT")
        password = session.info.password
    command = [str(RUN.postgres._binary("pg_dump")), "-h", str(RUN.home.sockets), "-U", SUPERUSER, "--no-owner", RUN.database]
    environment = {"PATH": "/usr/bin:/bin", "PGPASSWORD": password, "LC_ALL": "C.UTF-8"}
    yield "pg_dump", subprocess.run(command, env=environment, capture_output=True, check=True).stdout


def _homes() -> set[Path]:
    return {Path(RUN.home.path), Path(RUN.home.state)}


def data_files() -> Iterator[Found]:
    """The files of the database server, its log of changes aside."""
    with RUN.postgres.connect(RUN.database) as session:
        session.execute("CHECKPOINT")
    yield from below(*_homes(), named=lambda path: "pg_wal" not in path.parts)


def wal() -> Iterator[Found]:
    """The log of changes that replicas and backups get. A checkpoint lets the server write over it: look here first."""
    with RUN.postgres.connect(RUN.database) as session:
        session.execute("SELECT pg_switch_wal()")
    yield from below(*_homes(), named=lambda path: "pg_wal" in path.parts)


def broker() -> Iterator[Found]:
    """Everything that the broker holds, as it would send it to another one."""
    from kombu import Connection

    with Connection(settings.CELERY_BROKER_URL) as link:
        client = link.default_channel.client  # type: ignore[attr-defined]
        for key in client.keys("*"):
            kind = client.type(key)
            reading = {b"list": lambda k: client.lrange(k, 0, -1), b"hash": client.hgetall, b"zset": lambda k: client.zrange(k, 0, -1)}
            reading |= {b"set": client.smembers, b"string": client.get}
            name = kind if isinstance(kind, bytes) else str(kind).encode()
            yield f"broker {key!r}", repr((key, reading[name](key))).encode()


def payloads(messages: list[Any]) -> Place:
    """What tasks are sent with."""
    return lambda: [("message", json.dumps(message, default=str, ensure_ascii=False).encode()) for message in messages]


def sessions() -> Iterator[Found]:
    """Sessions as stored, and as they are read."""
    for session in Session.objects.all():
        yield session.session_key, session.session_data.encode() + json.dumps(session.get_decoded(), ensure_ascii=False).encode()


def logs() -> Iterator[Found]:
    """Lines of web and servers."""
    yield from below(Path(RUN.home.path) / "logs", named=lambda path: path.suffix in {".log", ".old"})


def mails() -> Iterator[Found]:
    """The mail spool."""
    yield from below(settings.EMAIL_FILE_PATH)


def stored_files() -> Iterator[Found]:
    """Sealed uploads and exports, as they lie on the disk."""
    yield from below(settings.MEDIA_ROOT)


def temporary() -> Iterator[Found]:
    """Temporary files of this process."""
    yield from below(tempfile.gettempdir())
