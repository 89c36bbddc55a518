"""Merkle trees over the rows of a batch: one root in the line, every row provable."""

import hashlib
from collections.abc import Sequence
from itertools import zip_longest

EMPTY = hashlib.sha256(b"crm.log empty batch").digest()


def _parent(left: bytes, right: bytes | None) -> bytes:
    # A lone last node moves up as it is; the prefix keeps an inner node from passing for a leaf.
    return left if right is None else hashlib.sha256(b"\x01" + left + right).digest()


def root_of(leaves: Sequence[tuple[str, bytes]]) -> bytes:
    """The root over (reference, keyed hash of 32 bytes) in their order: what a row is called is sealed as well as what it says."""
    if not leaves:
        return EMPTY
    level = [hashlib.sha256(b"\x00" + digest + reference.encode()).digest() for reference, digest in leaves]
    while len(level) > 1:
        level = [_parent(left, right) for left, right in zip_longest(level[::2], level[1::2])]
    return level[0]
