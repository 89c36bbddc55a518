"""The key file as two halves, each of which alone is noise. Imports nothing of the product.

The first half is a one-time pad of random bytes, the second the file under that pad: whoever holds one of them, and all the computers
there are, knows the length of the file and nothing else. Each half carries its own checksum, so that a slip in copying is found before
both are needed, and the checksum of the whole, which tells nothing about keys of 256 random bits.
"""

import base64
import hashlib
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

FORMAT = "crm-key-half/1"
LINE = 64


class BadHalves(Exception):
    """The two files do not make a key file; the message says why."""


@dataclass(frozen=True, kw_only=True)
class Half:
    """One half: its number, the set it belongs to, its bytes."""

    number: int
    made: str
    whole: str
    body: bytes

    def text(self) -> str:
        """What is written to the file or printed on paper."""
        coded = base64.b32encode(self.body).decode()
        lines = [coded[at : at + LINE] for at in range(0, len(coded), LINE)]
        content = {"format": FORMAT, "half": self.number, "of": 2, "set": self.made, "whole_sha256": self.whole, "sha256": _sum(self.body)}
        return json.dumps({**content, "body": lines}, indent=1) + "\n"


def split(content: bytes) -> tuple[Half, Half]:
    """The two halves of a key file's bytes."""
    pad, made, whole = secrets.token_bytes(len(content)), secrets.token_hex(4), _sum(content)
    under = bytes(left ^ right for left, right in zip(content, pad, strict=True))
    return Half(number=1, made=made, whole=whole, body=pad), Half(number=2, made=made, whole=whole, body=under)


def join(first: str, second: str) -> bytes:
    """The key file's bytes again, from the texts of both halves in any order."""
    left, right = _parsed(first), _parsed(second)
    if left.made != right.made or left.whole != right.whole:
        raise BadHalves("These two halves were not made together: they carry different set numbers.")
    if left.number == right.number:
        raise BadHalves(f"These are two copies of half {left.number}: the other half is needed.")
    content = bytes(a ^ b for a, b in zip(left.body, right.body, strict=True))
    if _sum(content) != left.whole:
        raise BadHalves("The halves do not make the file that was split: one of them was changed.")
    return content


def write_new(path: Path, text: str | bytes) -> None:
    """A file that was not there before, readable by its owner alone."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise BadHalves(f"{path} exists already: nothing is overwritten.") from None
    with os.fdopen(handle, "wb") as stream:
        stream.write(text if isinstance(text, bytes) else text.encode())
        stream.flush()
        os.fsync(stream.fileno())


def _parsed(text: str) -> Half:
    try:
        content: dict[str, Any] = json.loads(text)
        if content["format"] != FORMAT or content["half"] not in {1, 2}:
            raise ValueError
        body = base64.b32decode("".join(content["body"]).replace(" ", "").upper())
        half = Half(number=content["half"], made=content["set"], whole=content["whole_sha256"], body=body)
    except (ValueError, KeyError, TypeError):
        raise BadHalves("This is not a half of a key file, or its text is damaged.") from None
    if _sum(body) != content.get("sha256"):
        raise BadHalves(f"Half {half.number} has a slip in it: its checksum does not fit. Compare it with the paper, line by line.")
    return half


def _sum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
