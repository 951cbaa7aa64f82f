"""The way back from a released document to its original and its decision; nothing in the document says any of it.

So a document that is retrieved twice is the same twice. What was decided is kept in a bounded memory of the process
(`Limits.released_texts`) and found by what was released.
"""

from __future__ import annotations

from headgate.admission.emptiness import NOTE, note_of
from headgate.admission.released import is_equal
from headgate.admission.releases import RELEASES, watching
from headgate.chunk import Chunk
from headgate.terminology.edits import Rewrite

__all__ = [
    "NOTE",
    "is_equal",
    "is_unchanged",
    "note_of",
    "original_of",
    "recall",
    "record_of",
    "released_so_far",
    "watching",
]

_NOTHING = object()


def recall(chunk: Chunk) -> Chunk:
    """Return the original of a chunk that a gate of this process has released, for another gate to judge.

    Args:
        chunk: a document as it comes to the other gate.

    Returns:
        Its original, with the seal and whatever later steps changed in its metadata; the chunk itself where no gate is
        known to have released it.
    """
    return RELEASES.recall(chunk)


def is_unchanged(chunk: Chunk, text: object, metadata: object) -> bool:
    """Return whether a chunk leaves with this text and these very entries.

    The entries are not compared by what they say of themselves: columns of a table have no truth value.

    Args:
        chunk: the chunk as it leaves.
        text: the text with which it came.
        metadata: the metadata with which it came.
    """
    left = chunk.metadata
    if not isinstance(metadata, dict) or len(left) != len(metadata):
        return False
    is_same = all(dict.get(metadata, name, _NOTHING) is value for name, value in left.items())
    return is_same and chunk.text == text


def released_so_far() -> int:
    """Return how many documents gates of this process have released; for `watching` a search that has begun."""
    return RELEASES.number


def original_of(chunk: Chunk) -> Chunk:
    """Return a released document as it came to the gate; the chunk itself if no gate is known to have released it."""
    release = RELEASES.find(chunk)
    return chunk if release is None else release.original


def record_of(chunk: Chunk) -> dict[str, object] | None:
    """Return what was decided about a released document, or None if no gate is known to have released it.

    The keys are `admission` (the id), `source`, `subject` (the proved URI), `issuer`, `codes`, and `edits`: a list of
    `[start, end, alias]` with offsets in the rewritten text, empty where nothing was rewritten. `metadata_edits` has
    the same for each metadata entry that was rewritten.
    """
    release = RELEASES.find(chunk)
    if release is None:
        return None
    decision = release.decision
    rewritten = {name: _edits(one) for name, one in decision.metadata_rewrites.items()}
    return {
        "admission": release.admission,
        "source": decision.source,
        "subject": decision.uri if decision.is_proved else None,
        "issuer": decision.issuer,
        "codes": list(decision.codes),
        "edits": _edits(decision.rewrite),
        "metadata_edits": {name: edits for name, edits in rewritten.items() if edits},
    }


def _edits(rewrite: Rewrite | None) -> list[list[object]]:
    if rewrite is None:
        return []
    return [[*rewrite.to_rewritten(edit.start, edit.end), edit.alias] for edit in rewrite.edits if edit.changes_text]
