"""Merkle trees as RFC 9162 hashes them (section 2.1): a root over a list, and short proofs that an entry is in it."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

__all__ = ["HASH_BYTES", "leaf_hash", "range_path", "root_from_path", "root_from_range", "tree_of"]

HASH_BYTES = 32
_LEAF, _NODE = b"\x00", b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry. Its prefix keeps it apart from inner nodes: neither can pose as the other."""
    return hashlib.sha256(_LEAF + entry).digest()


def _node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(_NODE + left + right).digest()


def tree_of(leaves: Sequence[bytes]) -> tuple[bytes, list[bytes]]:
    """Return the root over leaf hashes, and for each leaf the path to it, from the bottom (RFC 9162, section 2.1.3.1).

    Raises:
        ValueError: there are none.
    """
    if not leaves:
        raise ValueError("a tree has one leaf at least")
    paths: list[list[bytes]] = [[] for _ in leaves]
    level, width = list(leaves), 1  # `width` leaves are below each node of the level
    while len(level) > 1:
        for number, path in enumerate(paths):
            sibling = number // width ^ 1
            # The last node of a level that has no sibling moves up as it is.
            if sibling < len(level):
                path.append(level[sibling])
        pairs = zip(level[::2], level[1::2], strict=False)
        level = [_node_hash(*pair) for pair in pairs] + ([level[-1]] if len(level) % 2 else [])
        width *= 2
    return level[0], [b"".join(path) for path in paths]


def root_from_path(leaf: bytes, index: int, size: int, path: bytes) -> bytes:
    """Return the root that a path leads to (RFC 9162, section 2.1.3.2).

    Args:
        leaf: the hash of the entry.
        index: its place, from 0.
        size: how many leaves the tree has; more than `index`.
        path: the hashes beside it, from the bottom, one after the other.

    Raises:
        ValueError: the path is not as long as that of this leaf in a tree of this size: it is of another tree.
    """
    found, last, start = leaf, size - 1, 0
    sha256 = hashlib.sha256
    while last:
        if index & 1:
            found = sha256(_NODE + path[start : start + HASH_BYTES] + found).digest()
            start += HASH_BYTES
        elif index < last:
            found = sha256(_NODE + found + path[start : start + HASH_BYTES]).digest()
            start += HASH_BYTES
        index, last = index >> 1, last >> 1
    if start != len(path):
        raise ValueError("the path is not as long as its place in the tree demands")
    return found


def range_path(leaves: Sequence[bytes], start: int, stop: int) -> bytes:
    """Return the hashes beside a run of leaves, from left to right, with which `root_from_range` finds the root.

    Args:
        leaves: the hashes of all entries.
        start: the first of the run.
        stop: the one behind its last.
    """
    beside: list[bytes] = []

    def walk(first: int, last: int) -> None:
        if last <= start or stop <= first:
            beside.append(tree_of(leaves[first:last])[0])
        elif last - first > 1:
            middle = first + _left_size(last - first)
            walk(first, middle)
            walk(middle, last)

    walk(0, len(leaves))
    return b"".join(beside)


def root_from_range(run: Sequence[bytes], start: int, size: int, path: bytes) -> bytes:
    """Return the root that a run of leaves leads to.

    Args:
        run: the hashes of the entries of the run, one at least.
        start: the place of the first.
        size: how many leaves the tree has; the run ends within it.
        path: the hashes beside it, from left to right, one after the other.

    Raises:
        ValueError: the path is not as long as that of this run in a tree of this size.
    """
    stop, used = start + len(run), 0

    def walk(first: int, last: int) -> bytes:
        nonlocal used
        if last <= start or stop <= first:
            used += HASH_BYTES
            return path[used - HASH_BYTES : used]
        if last - first == 1:
            return run[first - start]
        middle = first + _left_size(last - first)
        left = walk(first, middle)
        return _node_hash(left, walk(middle, last))

    found = walk(0, size)
    if used != len(path):
        raise ValueError("the path is not as long as its place in the tree demands")
    return found


def _left_size(size: int) -> int:
    """Return how many leaves the left part of a tree has: the largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1
