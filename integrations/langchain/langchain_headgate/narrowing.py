"""Filters for stores, so that they do not return what is too old, or of another edition, for the gate anyway."""

from __future__ import annotations

import math
from datetime import datetime
from typing import Any

from headgate import Gate
from headgate.integration.narrowing import admissible_editions, earliest_admissible

__all__ = ["edition_filter", "freshness_filter"]


def freshness_filter(
    gate: Gate, key: str, source: str | None = None, *, now: datetime | None = None
) -> dict[str, Any] | None:
    """Return a filter by the least time of the last modification, for stores that compare numbers (`$gte`).

    What the gate would keep out for its age then takes no place in what a store returns. It takes none in the record
    either, and a document without the entry is not found: the gate still decides about what is.

    Args:
        gate: the gate.
        key: the metadata entry that holds the last modification in seconds since 1970.
        source: the id of the source that all documents of the store belong to; by default any.
        now: the instant of the question; by default the gate's present.

    Returns:
        For `retriever.invoke(question, filter=...)`, made for each question; None where there is nothing to keep away.
    """
    earliest = earliest_admissible(gate, source, now=now)
    return {key: {"$gte": math.floor(earliest.timestamp())}} if earliest is not None else None


def edition_filter(gate: Gate, key: str, source: str | None = None) -> dict[str, Any] | None:
    """Return a filter by the edition, for stores that compare with a list (`$in`).

    Not for questions about the past (`as_of`), which are answered from every edition. What it keeps away is not in the
    record, and a document without the entry is not found; the gate still decides about what is.

    Args:
        gate: the gate.
        key: the metadata entry that holds what `edition_entry` says of the document's address.
        source: the id of the source that all documents of the store belong to; by default any.

    Returns:
        For `retriever.invoke(question, filter=...)`; None where there is nothing to keep away.
    """
    editions = admissible_editions(gate, source)
    return {key: {"$in": sorted(editions)}} if editions is not None else None
