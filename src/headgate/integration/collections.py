"""The rows of a Chroma collection, whatever framework wrote them; `chromadb` itself is not needed here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from headgate.chunk import SEAL_KEY, Chunk
from headgate.errors import AdapterError
from headgate.integration.backfilling import SealedRow, StoredRow

__all__ = [
    "NODE_CONTENT",
    "ChromaRows",
    "MakeMetadata",
    "MakeRow",
    "choose_collection",
    "chosen",
    "is_chroma",
    "is_of_llama_index",
    "row_of",
    "seal_of",
]

NODE_CONTENT = "_node_content"
"""The metadata entry in which LlamaIndex keeps a whole node."""

_CHROMA_FILE = "chroma.sqlite3"

MakeRow = Callable[[str, object, Mapping[str, object]], StoredRow]
"""Makes a row of its identifier, text and metadata."""
MakeMetadata = Callable[[SealedRow], Mapping[str, object]]
"""Returns the entries of the metadata that a sealed row is to get."""


class ChromaRows:
    """A Chroma collection as a `StoredIndex`.

    Args:
        collection: a `chromadb.Collection`.
        make_row: makes a row of id, text and metadata; by default as LangChain reads them.
        make_metadata: the entries to write for a row; by default the seal alone. Entries that are not named stay.
    """

    def __init__(
        self, collection: Any, make_row: MakeRow | None = None, make_metadata: MakeMetadata | None = None
    ) -> None:
        self._collection = collection
        self._make_row = make_row or row_of
        self._make_metadata = make_metadata or seal_of
        self.name = f"the Chroma collection {collection.name!r}"

    def count(self) -> int:
        """Return how many rows there are."""
        return int(self._collection.count())

    def pages(self, size: int) -> Iterator[Sequence[StoredRow]]:
        """Yield all rows; which rows there are is settled before the first is written."""
        for ids in list(self._ids(size)):
            found = self._collection.get(ids=ids, include=["documents", "metadatas"])
            texts, metadatas = found["documents"] or [], found["metadatas"] or []
            yield [
                self._make_row(identifier, text, metadata or {})
                for identifier, text, metadata in zip(found["ids"], texts, metadatas, strict=True)
            ]

    def write(self, rows: Sequence[SealedRow]) -> Collection[str]:
        """Add the seals; neither documents nor embeddings are given, so neither is touched."""
        ids = [sealed.row.id for sealed in rows]
        self._collection.update(ids=ids, metadatas=[dict(self._make_metadata(sealed)) for sealed in rows])
        return ()

    def finish(self) -> None:
        """Do nothing: every write is permanent."""

    def _ids(self, size: int) -> Iterator[list[str]]:
        offset = 0
        while ids := self._collection.get(limit=size, offset=offset, include=[])["ids"]:
            yield ids
            offset += len(ids)


def row_of(identifier: str, text: object, metadata: Mapping[str, object]) -> StoredRow:
    """Return a row of an index as LangChain reads it."""
    if not isinstance(text, str):
        return StoredRow(identifier, None, "it has no text")
    return StoredRow(identifier, Chunk(text, dict(metadata), identifier))


def seal_of(sealed: SealedRow) -> Mapping[str, object]:
    """Return the entry that a sealed row is to get."""
    return {SEAL_KEY: sealed.seal}


def is_chroma(place: str) -> bool:
    """Return whether a folder is one in which Chroma keeps its collections."""
    return (Path(place) / _CHROMA_FILE).is_file()


def choose_collection(client: Any, wanted: str | None, place: str) -> Any:
    """Return one of the collections of a `chromadb` client: the one that is wanted, or the only one.

    Raises:
        AdapterError: there is none of that name, or several and none is wanted.
    """
    return client.get_collection(chosen([found.name for found in client.list_collections()], wanted, place))


def chosen(names: Sequence[str], wanted: str | None, place: str) -> str:
    """Return the name that is wanted, or the only one there is.

    Raises:
        AdapterError: there is none of that name, or several and none is wanted.
    """
    if wanted is None and len(names) == 1:
        return names[0]
    if wanted is not None and wanted in names:
        return wanted
    listed = ", ".join(sorted(names)[:20]) or "none"
    problem = "say which collection" if wanted is None else f"there is no collection {wanted[:80]!r}"
    raise AdapterError(f"{place}: {problem} (--collection). There are: {listed}.")


def is_of_llama_index(collection: Any) -> bool:
    """Return whether LlamaIndex wrote a collection, by its first row."""
    found = collection.get(limit=1, include=["metadatas"])["metadatas"]
    return bool(found) and NODE_CONTENT in (found[0] or {})
