"""Chunk: the one document shape that the core knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["SEAL_KEY", "Chunk"]

SEAL_KEY = "headgate_seal"
"""The metadata key that carries a seal."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of text as it came from a retriever.

    Nothing is checked here: chunks come from outside, and judging them is the gate's business.

    Attributes:
        text: the text exactly as stored.
        metadata: flat or nested values under string keys; never changed by headgate.
        id: the identifier the store gave it, if any.
        score: the retriever's score, if any; carried along, never used.
    """

    text: str
    metadata: Mapping[str, object] = field(default_factory=dict)
    id: str | None = None
    score: float | None = None

    def with_metadata(self, **entries: object) -> Chunk:
        """Return a copy whose metadata has `entries` added or replaced."""
        return Chunk(self.text, {**self.metadata, **entries}, self.id, self.score)

    def with_text(self, text: str) -> Chunk:
        """Return a copy with another text and a metadata dict of its own."""
        return Chunk(text, dict(self.metadata), self.id, self.score)
