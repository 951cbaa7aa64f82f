"""The kernel of terms: what rows say about words, counted."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from headgate.corpus.item import CorpusItem
from headgate.corpus.kernel.calling import Kernel
from headgate.corpus.kernel.schemas import TERMS
from headgate.corpus.records import NO_FIELDS, Fields
from headgate.corpus.terms import TermCounts
from headgate.freshness import find_entry

__all__ = ["TermRows", "counted_batch"]


@dataclass(frozen=True)
class TermRows(Kernel):
    """Counts what rows say about words; a row for each thing counted comes back, and not one for each row.

    `headgate.tuning.glossaries.Proposals.merge` makes proposals of the rows of any number of batches.

    Args:
        fields: which columns are the text, and metadata under other names.
    """

    fields: Fields = NO_FIELDS

    def schema_for(self, rows: Any) -> Any:  # noqa: ARG002 - the same for all
        """Return `TERMS`."""
        return TERMS

    def about(self) -> Mapping[str, object]:
        """Return which columns are read."""
        return {"work": "terms", "fields": self.fields.about()}

    def _make(self, items: Sequence[CorpusItem], batch: Any) -> Any:  # noqa: ARG002 - the documents are all
        counts = TermCounts()
        _count(counts, items)
        return counted_batch(counts)

    def stream(self, blocks: Iterable[tuple[Sequence[CorpusItem], Any]]) -> Iterator[Any]:
        """Yield what was counted in all blocks together."""
        counts = TermCounts()
        for items, _ in blocks:
            _count(counts, items)
        yield counted_batch(counts)


def _count(counts: TermCounts, items: Sequence[CorpusItem]) -> None:
    for item in items:
        if item.chunk is None:
            continue
        metadata = item.chunk.metadata
        source, title = find_entry(metadata, "source"), metadata.get("title")
        uri = source[1] if source is not None and isinstance(source[1], str) else None
        place = uri or item.chunk.id or item.place
        counts.add(place, item.chunk.text, uri=uri, title=title if isinstance(title, str) else None)


def counted_batch(counts: TermCounts) -> Any:
    """Return counts as a record batch of the schema `TERMS`."""
    columns = zip(*counts.rows(), strict=True)  # there is always the number of documents
    arrays = [pa.array(values, kind.type) for values, kind in zip(columns, TERMS, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=TERMS)
