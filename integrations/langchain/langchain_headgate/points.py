"""The points of a Qdrant collection, as LangChain's store writes them: a text and metadata in each payload."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any

from langchain_core.documents import Document

from headgate.chunk import SEAL_KEY
from headgate.integration.backfilling import SealedRow, StoredRow
from langchain_headgate.convert import to_chunk

__all__ = ["QdrantRows"]


class QdrantRows:
    """The documents of a `QdrantVectorStore`, read by pages of points and sealed where they are.

    Args:
        store: the vector store.
    """

    def __init__(self, store: Any) -> None:
        self._client, self._collection = store.client, store.collection_name
        self._text, self._metadata = store.content_payload_key, store.metadata_payload_key
        self.name = f"the Qdrant collection {self._collection}"

    def count(self) -> int:
        """Return how many points there are."""
        return int(self._client.count(self._collection, exact=True).count)

    def pages(self, size: int) -> Iterator[Sequence[StoredRow]]:
        """Yield all points, in the order of their ids."""
        after: Any = None
        while True:
            points, after = self._client.scroll(
                self._collection, limit=size, offset=after, with_payload=True, with_vectors=False
            )
            if points:
                yield [self._row(point) for point in points]
            if after is None:
                return

    def write(self, rows: Sequence[SealedRow]) -> Collection[str]:
        """Add the seals to the metadata of these points; texts, vectors and all other entries stay.

        Returns:
            The ids of points that are gone, or have a different payload than when they were read.
        """
        ids = [row.row.held[0] for row in rows if isinstance(row.row.held, tuple)]
        found = self._client.retrieve(self._collection, ids=ids, with_payload=True, with_vectors=False)
        payloads = {point.id: point.payload for point in found}
        missed = []
        for sealed in rows:
            identifier, payload = sealed.row.held if isinstance(sealed.row.held, tuple) else (None, None)
            if payload is None or payloads.get(identifier) != payload:
                missed.append(sealed.row.id)
                continue
            # Into the mapping, and only this entry of it.
            self._client.set_payload(
                self._collection, payload={SEAL_KEY: sealed.seal}, points=[identifier], key=self._metadata, wait=True
            )
        return missed

    def finish(self) -> None:
        """Do nothing: what is written is written."""

    def _row(self, point: Any) -> StoredRow:
        payload = point.payload or {}
        text, metadata = payload.get(self._text), payload.get(self._metadata)
        if not isinstance(text, str):
            return StoredRow(str(point.id), None, f"it has no text under {self._text!r}")
        if metadata is not None and not isinstance(metadata, dict):
            return StoredRow(str(point.id), None, f"what it has under {self._metadata!r} is not a mapping")
        document = Document(page_content=text, metadata=dict(metadata or {}), id=str(point.id))
        return StoredRow(str(point.id), to_chunk(document), held=(point.id, payload))
