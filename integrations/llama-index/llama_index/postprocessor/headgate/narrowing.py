"""Filters for stores, so that they do not return what is too old, or of another edition, for the gate anyway."""

from __future__ import annotations

import math
from datetime import datetime

from llama_index.core.vector_stores import FilterOperator, MetadataFilter, MetadataFilters

from headgate import Gate
from headgate.integration.narrowing import admissible_editions, earliest_admissible

__all__ = ["edition_filters", "freshness_filters"]


def freshness_filters(
    gate: Gate, key: str, source: str | None = None, *, now: datetime | None = None
) -> MetadataFilters | None:
    """Return a filter by the least time of the last modification, for stores that compare numbers.

    What the gate would keep out for its age then takes no place in what a store returns. It takes none in the record
    either, and a node without the entry is not found: the gate still decides about what is.

    Args:
        gate: the gate.
        key: the metadata entry that holds the last modification in seconds since 1970.
        source: the id of the source that all nodes of the store belong to; by default any.
        now: the instant of the question; by default the gate's present.

    Returns:
        For `index.as_retriever(filters=...)`, made again when it is used for long; None where there is nothing to keep
        away.
    """
    earliest = earliest_admissible(gate, source, now=now)
    if earliest is None:
        return None
    value = math.floor(earliest.timestamp())
    return MetadataFilters(filters=[MetadataFilter(key=key, value=value, operator=FilterOperator.GTE)])


def edition_filters(gate: Gate, key: str, source: str | None = None) -> MetadataFilters | None:
    """Return a filter by the edition, for stores that compare with a list.

    Not for questions about the past (`as_of`), which are answered from every edition. What it keeps away is not in the
    record, and a node without the entry is not found; the gate still decides about what is.

    Args:
        gate: the gate.
        key: the metadata entry that holds what `edition_entry` says of the document's address.
        source: the id of the source that all nodes of the store belong to; by default any.

    Returns:
        For `index.as_retriever(filters=...)`; None where there is nothing to keep away.
    """
    editions = admissible_editions(gate, source)
    if editions is None:
        return None
    return MetadataFilters(filters=[MetadataFilter(key=key, value=sorted(editions), operator=FilterOperator.IN)])
