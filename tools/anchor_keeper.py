"""The keeper of the audit log's anchors: a program of another account that writes down what it is told and can do nothing else.

    python3 anchor_keeper.py --socket /run/crm-anchors/keeper.sock --file /var/lib/crm-anchors/anchors.jsonl --group crm

Standard library only, imports nothing of the product. Run it as a user of its own, neither the product's nor the database's: the file is
then readable by the product (which compares the log with it) and writable by nobody else. It is opened for appending, never rewritten;
`chattr +a` on it takes even the keeper's own right to do so. Each anchor is one line of JSON with the keeper's own time, `kept_at`.

The product sends one line and reads "kept" or "refused: why"; "ping" is answered by "alive".
Point `CRM_ANCHOR_KEEPER` at the socket and `CRM_ANCHORS_FILE` at the file.
"""

import argparse
import contextlib
import grp
import json
import os
import signal
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

LONGEST = 4096
PATIENCE = 5.0
FIELDS: dict[str, type] = {"log_id": str, "seq": int, "hash": str, "count": int, "at": str, "mac": str}


class NotAnAnchor(ValueError):
    """What was sent is not an anchor; nothing was written."""


def read_anchor(text: bytes) -> dict[str, Any]:
    """The anchor in a line that came over the socket. Raises ``NotAnAnchor``."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise NotAnAnchor("no JSON") from None
    if not isinstance(found, dict) or set(found) != set(FIELDS):
        raise NotAnAnchor("other fields than an anchor has")
    for name, kind in FIELDS.items():
        value = found[name]
        if type(value) is not kind or len(str(value)) not in range(1, 101):
            raise NotAnAnchor(f"{name} is not what it should be")
    for name in ("hash", "mac"):
        if len(found[name]) != 64 or set(found[name]) - set("0123456789abcdef"):
            raise NotAnAnchor(f"{name} is not 32 bytes in hexadecimal")
    if found["seq"] < 0 or found["count"] < 0:
        raise NotAnAnchor("a number below zero")
    return found


def keep(path: str, anchor: dict[str, Any]) -> None:
    """Append the anchor, and return when the disk has it."""
    line = json.dumps({**anchor, "kept_at": datetime.now(UTC).isoformat()}, sort_keys=True) + "\n"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    try:
        os.write(descriptor, line.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def answer(path: str, caller: socket.socket) -> None:
    """Hear one caller out; whatever he sends, the keeper lives on."""
    caller.settimeout(PATIENCE)
    heard = b""
    try:
        while not heard.endswith(b"\n") and len(heard) <= LONGEST:
            piece = caller.recv(LONGEST)
            if not piece:
                break
            heard += piece
        if len(heard) > LONGEST:
            raise NotAnAnchor("too long")
        if heard == b"ping\n":
            said = "alive\n"
        else:
            keep(path, read_anchor(heard))
            said = "kept\n"
    except NotAnAnchor as refusal:
        said = f"refused: {refusal}\n"
    except OSError as error:
        said = f"refused: {error.strerror or error}\n"
        print(f"anchor_keeper: {error}", file=sys.stderr, flush=True)
    with contextlib.suppress(OSError):  # whoever asked has gone; what he told is kept
        caller.sendall(said.encode())


def listen(address: str, group: str) -> socket.socket:
    """The socket, open to the keeper's own user and to the group."""
    Path(address).unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    before = os.umask(0o117)
    try:
        listening.bind(address)
    finally:
        os.umask(before)
    if group:
        os.chown(address, -1, grp.getgrnam(group).gr_gid)
    listening.listen(16)
    return listening


def main(arguments: list[str] | None = None) -> int:
    """Keep anchors until told to end."""
    parser = argparse.ArgumentParser(description="Keeps the anchors of the CRM's audit log.")
    parser.add_argument("--socket", required=True, help="where the product calls")
    parser.add_argument("--file", required=True, help="where anchors are appended")
    parser.add_argument("--group", default="", help="the group that may call")
    options = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    listening = listen(options.socket, options.group)
    print(f"anchor_keeper: {options.socket} -> {options.file}", flush=True)
    try:
        while True:
            caller, _who = listening.accept()
            with caller:
                answer(options.file, caller)
    except KeyboardInterrupt:
        return 0
    finally:
        listening.close()


if __name__ == "__main__":
    sys.exit(main())
