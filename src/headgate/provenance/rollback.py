"""Manifests and timestamps that are older than what was accepted before (step 4 of docs/manifest-format.md)."""

from __future__ import annotations

from headgate.decision import Finding
from headgate.provenance.remembering import ManifestMemory
from headgate.provenance.stamps import TimestampMemory
from headgate.provenance.statements import TimestampStatement

__all__ = ["put_back", "rolled_back"]


def rolled_back(timestamp: TimestampStatement, at_least: int, memory: ManifestMemory) -> Finding | None:
    """Return the finding about a version that is not, or no longer, accepted (step 4)."""
    version, corpus = timestamp.version, timestamp.corpus
    detail = {"corpus": corpus, "version": version, "at_least": at_least}
    if version < at_least:
        message = f"The manifest of {corpus!r} has version {version}; the policy wants {at_least} at least."
        return Finding("P108", message, detail=detail)
    highest = memory.highest()
    if highest is None or version > highest[0] or highest == (version, timestamp.digest):
        return None
    if version == highest[0]:
        message = f"The manifest of {corpus!r}, version {version}, is not the one that was accepted before."
    else:
        message = f"The manifest of {corpus!r} has version {version}; version {highest[0]} was accepted before."
    return Finding("P108", message, detail={**detail, "accepted": highest[0]})


def put_back(timestamp: TimestampStatement, stamps: TimestampMemory) -> Finding | None:
    """Return the finding about a timestamp in whose place a later one of the same version was accepted (step 4)."""
    if not stamps.is_outdated(timestamp):
        return None
    corpus, version, issued = timestamp.corpus, timestamp.version, timestamp.issued
    message = (
        f"The timestamp of the manifest of {corpus!r}, version {version}, was issued {issued:%Y-%m-%d %H:%M} UTC; "
        "a later one was accepted before."
    )
    return Finding("P108", message, detail={"corpus": corpus, "version": version, "issued": issued.isoformat()})
