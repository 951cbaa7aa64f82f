"""CorpusItem: a chunk of a corpus and the place it came from."""

from __future__ import annotations

from dataclasses import dataclass

from headgate.chunk import Chunk

__all__ = ["CorpusItem"]


@dataclass(frozen=True, slots=True)
class CorpusItem:
    """A chunk of a corpus, or what was passed over in its place.

    Attributes:
        place: where it is, such as `handbook/leave.md` or `docs.jsonl:17`.
        chunk: the chunk; None where the place holds nothing that can be read.
        problem: why it cannot be read, or what of it was left out.
        is_document: False for what is not a document: a file of another kind, or a notice about a whole file.
        cover: names of the metadata entries that a proof should cover; `*` for all.
        hide: names of those that the index keeps out of the prompt.
    """

    place: str
    chunk: Chunk | None
    problem: str | None = None
    is_document: bool = True
    cover: tuple[str, ...] = ("*",)
    hide: tuple[str, ...] = ()
