"""Assurance: how much is proved about where a document comes from, from nothing to a proof of its own."""

from __future__ import annotations

from typing import Final, Literal, get_args

__all__ = ["ASSURANCES", "DECLARED", "MANIFEST", "NONE", "SEALED", "Assurance", "is_proof", "meets"]

Assurance = Literal["none", "declared", "manifest", "sealed"]

ASSURANCES: Final[tuple[Assurance, ...]] = get_args(Assurance)
"""The levels, the weakest first. `policy.provenance.require` takes the same names."""

NONE: Final = "none"
"""Nothing says where the document comes from."""
DECLARED: Final = "declared"
"""Metadata names a URI of the source; whoever can write to the index can write that."""
MANIFEST: Final = "manifest"
"""The text is listed for its URI in a manifest that is signed by a key of the source."""
SEALED: Final = "sealed"
"""A seal by a key of the source was verified over the text."""

# Up to this level a document is taken at its word.
_WORD = ASSURANCES.index(DECLARED)


def is_proof(level: Assurance) -> bool:
    """Return whether a level rests on a proof, or asks for one, rather than on the document's own word."""
    return ASSURANCES.index(level) > _WORD


def meets(level: Assurance, required: Assurance) -> bool:
    """Return whether what is proved is at least what is required."""
    return ASSURANCES.index(level) >= ASSURANCES.index(required)
