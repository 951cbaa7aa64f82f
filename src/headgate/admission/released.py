"""One document that a gate has released: what it was, what it left as, and what tells it from others."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from headgate.chunk import SEAL_KEY, Chunk
from headgate.decision import Decision
from headgate.encoding import label_of

__all__ = ["Last", "Release", "is_equal", "is_same", "weigh_release"]

_ENTRY_WEIGHT = 100
_EDIT_WEIGHT = 100
_DECISION_WEIGHT = 2_000
_MOST_WEIGHED = 50_000
_UNKNOWN_WEIGHT = 10**12
_NESTED = (list, tuple, set, frozenset, dict)
# Shorter strings are the same objects for everybody in the process.
_SHORTEST_OWN = 2


class Last(NamedTuple):
    """When a document was released last.

    Attributes:
        admission: the id of the admission.
        decision: what was decided about it.
        number: how many documents had been released before it, plus one.
        gate: the gate, if it is still there.
    """

    admission: str
    decision: Decision
    number: int
    gate: weakref.ref[Any]


@dataclass(slots=True, eq=False)
class Release:
    """One document that a gate released.

    Attributes:
        released: the document as it left.
        original: the document as it came, with its seal.
        last: when it left last; replaced as a whole.
        weight: about how much memory it takes, in characters.
    """

    released: Chunk
    original: Chunk
    last: Last
    weight: int

    @property
    def admission(self) -> str:
        """The id of the last admission."""
        return self.last.admission

    @property
    def decision(self) -> Decision:
        """What was decided about it last."""
        return self.last.decision

    @property
    def number(self) -> int:
        """How many documents had been released before it, plus one."""
        return self.last.number

    @property
    def leads_back(self) -> bool:
        """Whether it is known how the text came from the original: a gate behind another one knows its own part."""
        rewrite, text = self.decision.rewrite, self.released.text
        return self.original.text.startswith(text) or (rewrite is not None and rewrite.text.startswith(text))

    def is_text_of(self, chunk: Chunk) -> bool:
        """Return whether a chunk has the very string that was released."""
        return chunk.text is self.released.text and len(chunk.text) >= _SHORTEST_OWN

    def is_known_as(self, chunk: Chunk, since: int | None) -> bool:
        """Return whether a chunk of an equal text is this document, for a gate that judges it now.

        Args:
            chunk: the chunk.
            since: how many documents had been released before the search that found it; None where there was no search.
        """
        if self.is_text_of(chunk):
            return True
        # What has a seal of its own, or names another source, is another document, which happens to say the same.
        if SEAL_KEY in chunk.metadata or self.changes(chunk.metadata):
            return False
        if chunk.id is not None and not self.is_named(chunk.id):
            return False
        return self.last.gate() is not None if since is None else self.number > since

    def is_named(self, identifier: object) -> bool:
        """Return whether an identifier is this document's, as the store gave it or as it left."""
        return identifier == self.released.id or identifier == label_of(self.released.id)

    def changes(self, metadata: Mapping[str, object]) -> int:
        """Return how many of the released entries have another value in `metadata`."""
        entries = self.released.metadata.items()
        return sum(name in metadata and not is_same(metadata[name], value) for name, value in entries)

    def distance(self, metadata: Mapping[str, object]) -> tuple[int, int]:
        """Return how far `metadata` is from what was released: changed entries, and added or missing ones."""
        return self.changes(metadata), len(self.released.metadata.keys() ^ metadata.keys())

    def has_seal_of(self, other: Release) -> bool:
        """Return whether both originals have one seal."""
        return is_same(self.original.metadata.get(SEAL_KEY), other.original.metadata.get(SEAL_KEY))

    def restore(self, chunk: Chunk) -> Chunk:
        """Return the original of a chunk; what a later step has changed in its metadata is changed there too."""
        before, now = self.released.metadata, chunk.metadata
        metadata = {name: value for name, value in self.original.metadata.items() if name in now or name not in before}
        metadata |= {
            name: value for name, value in now.items() if name not in before or not is_same(before[name], value)
        }
        return replace(chunk, text=self.original.text, metadata=metadata, released=chunk)


def is_same(one: object, other: object) -> bool:
    """Return whether two values are one: equal, and of one type."""
    return one is other or (type(one) is type(other) and is_equal(one, other))


def is_equal(one: object, other: object) -> bool:
    """Return whether two values are equal; what cannot say so, such as columns of a table, are not."""
    try:
        return bool(one == other)
    except Exception:  # noqa: BLE001 - metadata may hold anything
        return False


def weigh_release(original: Chunk, released: Chunk, decision: Decision) -> int:
    """Return about how much memory a release takes, in characters."""
    shared = len(original.text) if original.text is released.text else 0
    edits = len(decision.rewrite.edits) if decision.rewrite is not None else 0
    return _DECISION_WEIGHT + _weigh(original) + _weigh(released) - shared + _EDIT_WEIGHT * edits


def _weigh(chunk: Chunk) -> int:
    """Return about how much memory a chunk takes, in characters, whatever is nested in its metadata."""
    weight = len(chunk.text) + _ENTRY_WEIGHT * (len(chunk.metadata) + 1)
    nested: list[object] = []
    for name, value in chunk.metadata.items():
        if isinstance(name, str):
            weight += len(name)
        if isinstance(value, (str, bytes)):
            weight += len(value)
        elif isinstance(value, _NESTED):
            nested.append(value)
    return weight + _weigh_nested(nested) if nested else weight


def _weigh_nested(values: list[object]) -> int:
    weight = seen = 0
    while values:
        value = values.pop()
        seen += 1
        weight += len(value) if isinstance(value, (str, bytes)) else _ENTRY_WEIGHT
        if isinstance(value, _NESTED):
            # What is not looked through weighs more than what may be kept; so does what holds itself.
            if seen + len(value) > _MOST_WEIGHED:
                return _UNKNOWN_WEIGHT
            values.extend([*value, *value.values()] if isinstance(value, dict) else value)
    return weight
