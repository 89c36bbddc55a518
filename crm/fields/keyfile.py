"""The key file: made once by set-up, mode 0600, read at first use. Imports nothing of the product.

Read here: ``{"root_keys": {"1": "<base64, 32 bytes>", …}, "index_key": "<base64, 32 bytes>"}``; the version that ``current_root`` names,
else the highest one, wraps new data keys. Other entries belong to other parts and are kept as they are.
"""

import base64
import json
import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Any

KEY_BYTES = 32


@dataclass(frozen=True, kw_only=True)
class KeyFile:
    """The root keys by version, the version that wraps new data keys, and the blind-index key."""

    current: int
    roots: dict[int, bytes]
    index: bytes


class BadKeyFile(Exception):
    """The file cannot be used; the message says why and what to do."""


def read(path: Path) -> KeyFile:
    """The keys in the file; BadKeyFile when it is missing, open to others or malformed."""
    try:
        mode = path.stat().st_mode
        text = path.read_text()
    except FileNotFoundError:
        raise BadKeyFile(
            f"The key file {path} does not exist. `make run` makes one in the state folder; "
            "a production system names its own with CRM_KEYS_FILE."
        ) from None
    except PermissionError:
        raise BadKeyFile(f"The key file {path} belongs to another user.") from None
    if stat.S_IMODE(mode) & 0o077:
        raise BadKeyFile(f"The key file {path} can be read by other users: chmod 600 {path}")
    try:
        content = json.loads(text)
        roots = {int(number): _decode(value) for number, value in content["root_keys"].items()}
        current = int(content.get("current_root") or max(roots))
        return KeyFile(current=current, roots={current: roots[current], **roots}, index=_decode(content["index_key"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise BadKeyFile(f"The key file {path} lacks usable root_keys and index_key.") from None


def add_root(path: Path, *, use: bool = True, above: int = 0) -> int:
    """The version of a new root key, added to the file; with ``use`` it wraps new data keys from now on, else after `use_newest`.

    Its number is higher than any in the file and than ``above``: the numbers of retired versions are not given again.
    """
    keys = read(path)
    version = max([above, *keys.roots]) + 1
    content = json.loads(path.read_text())
    content["root_keys"][str(version)] = base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()
    content["current_root"] = version if use else keys.current
    write(path, content)
    return version


def use_newest(path: Path) -> int:
    """The highest version in the file, which wraps new data keys from now on."""
    keys = read(path)
    newest = max(keys.roots)
    if newest != keys.current:
        write(path, {**json.loads(path.read_text()), "current_root": newest})
    return newest


def remove_root(path: Path, version: int) -> bool:
    """Whether that version was in the file; it is not any more."""
    content = json.loads(path.read_text())
    if content["root_keys"].pop(str(version), None) is None:
        return False
    write(path, content)
    return True


def write(path: Path, content: dict[str, Any]) -> None:
    """Put a new file in the place of the old one: a crash never leaves half of it, nobody else can open it in between."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as stream:
        json.dump(content, stream, indent=1)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(path)


def _decode(value: str) -> bytes:
    key = base64.b64decode(value, validate=True)
    if len(key) != KEY_BYTES:
        raise ValueError
    return key
