"""Proofs for the chunks of documents that were sealed as a whole, for all frameworks."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from headgate.chunk import SEAL_KEY, Chunk
from headgate.provenance import BLOCKS_KEY, SpanProver

__all__ = ["SpanProver", "prove_all"]

_log = logging.getLogger("headgate")


def prove_all(prover: SpanProver, chunks: Sequence[Chunk]) -> list[Chunk]:
    """Return chunks with their proofs under the seals of their documents, and log how many fit none.

    Args:
        prover: knows the documents.
        chunks: what a splitter made of them.
    """
    proved = [prover.prove(chunk) for chunk in chunks]
    unfit = [chunk for chunk, one in zip(chunks, proved, strict=True) if one is None]
    if unfit:
        _log.warning(
            "%d of %d chunks are not runs of whole sentences or lines of a sealed document, and have no proof; the "
            "first has %d characters. Split at ends of sentences or lines, and change nothing.",
            len(unfit),
            len(chunks),
            len(unfit[0].text),
        )
    return [one if one is not None else _without_proof(chunk) for chunk, one in zip(chunks, proved, strict=True)]


def _without_proof(chunk: Chunk) -> Chunk:
    """Return a chunk without what its document carried."""
    kept = {name: value for name, value in chunk.metadata.items() if name not in (SEAL_KEY, BLOCKS_KEY)}
    return replace(chunk, metadata=kept)
