"""Chunk: the one document shape that the core knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["SEAL_KEY", "Chunk"]

SEAL_KEY = "headgate_seal"
"""The metadata key that carries a seal."""


_LONGEST_ID = 64


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of text as it came from a retriever.

    Nothing is checked here: chunks come from outside, and judging them is the gate's business.

    Attributes:
        text: the text exactly as stored.
        metadata: flat or nested values under string keys; never changed by headgate.
        id: the identifier the store gave it, if any.
        score: the retriever's score, if any; carried along, never used.
        prompt_metadata: names of the metadata entries that will be in the prompt beside the text. None where that is
            not known, because a template that headgate does not see may print any entry.
        media: content that is not text and will reach the model, such as an image: a name and the digest of its
            bytes (`sha-256:...`), or None where only a reference (a URL, a path) is there, which no seal can cover.
        hidden_metadata: names of metadata entries that the index keeps out of the prompt, where the framework would put
            them there. What a proof covers is shown all the same, unless its issuer hides it.
        released: the chunk as an earlier gate released it, where this is its original: what a later gate decides is
            about the original, and what it does not change leaves as it came.
    """

    text: str
    metadata: Mapping[str, object] = field(default_factory=dict)
    id: str | None = None
    score: float | None = None
    prompt_metadata: tuple[str, ...] | None = ()
    media: Mapping[str, str | None] = field(default_factory=dict)
    hidden_metadata: tuple[str, ...] = ()
    released: Chunk | None = field(default=None, repr=False, compare=False)

    def __repr__(self) -> str:
        # What is printed ends in logs: sizes, no text of a document, nor of its metadata.
        size = f"{len(self.text):,} characters" if isinstance(self.text, str) else type(self.text).__name__
        entries = f"{len(self.metadata):,} entries" if isinstance(self.metadata, Mapping) else "unreadable"
        identifier = self.id[:_LONGEST_ID] if isinstance(self.id, str) else self.id
        return f"Chunk(id={identifier!r}, text=<{size}>, metadata=<{entries}>)"

    def with_metadata(self, **entries: object) -> Chunk:
        """Return a copy whose metadata has `entries` added or replaced."""
        # Field by field, because `replace` takes longer than all the rest of sealing but the signature.
        return Chunk(
            self.text,
            {**self.metadata, **entries},
            self.id,
            self.score,
            self.prompt_metadata,
            self.media,
            self.hidden_metadata,
            self.released,
        )
