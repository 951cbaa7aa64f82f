"""What traces show, for all frameworks: of an admission, and of what an inner retriever returned before it was judged.

Tracing goes to somebody else's service in most places, and what the gate keeps out of a prompt has no business there.
"""

from __future__ import annotations

from headgate.admission.gate import Gate
from headgate.encoding import digest_label, safe_id
from headgate.record.asking import asker_in
from headgate.record.summary import TraceInner, headline, shown

_CHOICES = ("full", "ids", "off")

__all__ = ["TraceInner", "asker_in", "digest_of", "headline", "id_of", "inner_trace", "shown"]


def inner_trace(chosen: TraceInner | None, gate: Gate) -> TraceInner:
    """Return how much traces show of an inner retriever: what was chosen, or `ids` where the gate keeps any out."""
    found = chosen or gate.trace_inner or ("ids" if gate.keeps_out else "full")
    if found not in _CHOICES:
        raise ValueError(f"trace_inner={found!r}: write full, ids or off.")
    return found


def digest_of(text: str) -> str:
    """Return what represents a text in a trace: its digest, as it is in the record of the admission."""
    return digest_label(text.encode("utf-8", "surrogatepass"))


def id_of(identifier: object) -> str | None:
    """Return an identifier as records have it: one that may hold a text is a digest."""
    return safe_id(identifier) if isinstance(identifier, str) else None
