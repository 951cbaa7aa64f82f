"""Stores whose rows can be read, and those that seals can be written into: Chroma, Qdrant and pgvector tables."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore, VectorStoreRetriever

from headgate import AdapterError
from headgate.integration.backfilling import SealedRow, StoredIndex, StoredRow
from headgate.integration.collections import ChromaRows, choose_collection, is_chroma, is_of_llama_index
from langchain_headgate.convert import to_chunk
from langchain_headgate.points import QdrantRows
from langchain_headgate.tables import PgRows, open_tables

__all__ = ["open_index", "stored_index"]

_POSTGRES = ("postgresql://", "postgres://", "postgresql+psycopg://")


def stored_index(target: Any) -> StoredIndex | None:
    """Return the rows of a vector store of LangChain, of its retriever, or of a `chromadb` collection; None for others.

    Of a guarded store the rows of the store itself are meant: what is to be sealed cannot be admitted yet.

    Raises:
        AdapterError: it is one of these, in a form whose rows cannot be written.
    """
    target = getattr(target, "ungated", target)
    if isinstance(target, VectorStoreRetriever):
        target = getattr(target.vectorstore, "ungated", target.vectorstore)
    # By name, because neither package has to be installed.
    names = {f"{base.__module__.partition('.')[0]}.{base.__qualname__}" for base in type(target).__mro__}
    if "chromadb.Collection" in names:
        return None if is_of_llama_index(target) else ChromaRows(target)
    if "langchain_chroma.Chroma" in names:
        return ChromaRows(target._collection)
    if names & {"langchain_postgres.PGVector", "langchain_postgres.PGVectorStore"}:
        return PgRows.of_store(target)
    if "langchain_qdrant.QdrantVectorStore" in names:
        return QdrantRows(target)
    if isinstance(target, InMemoryVectorStore):
        return RowsInMemory(target, lambda: [_document(row) for row in target.store.values()])
    if "langchain_community.FAISS" in names:
        # Its usual document store keeps them so, and has no method that lists them.
        return RowsInMemory(target, lambda: list(getattr(target.docstore, "_dict", {}).values()))
    return None


class RowsInMemory:
    """The documents of a store that lives in its program, to be listed in a manifest.

    Args:
        store: the vector store.
        documents: returns its documents.
    """

    def __init__(self, store: object, documents: Callable[[], Sequence[Document]]) -> None:
        self._documents = documents
        self.name = f"the {type(store).__name__}"

    def count(self) -> int:
        """Return how many rows there are."""
        return len(self._documents())

    def pages(self, size: int) -> Iterator[Sequence[StoredRow]]:
        """Yield all rows, as they are at the beginning."""
        rows = [StoredRow(document.id or "", to_chunk(document)) for document in self._documents()]
        for start in range(0, len(rows), size):
            yield rows[start : start + size]

    def write(self, rows: Sequence[SealedRow]) -> Collection[str]:  # noqa: ARG002 - of the protocol
        """Refuse to: the seals would be gone with this process.

        Raises:
            AdapterError: always.
        """
        raise AdapterError(
            f"{self.name} lives in the memory of its program. Seal documents before they are added (SealDocuments), or "
            "list them in a manifest (headgate manifest build)."
        )

    def finish(self) -> None:
        """Do nothing: nothing is written."""


def _document(row: Mapping[str, Any]) -> Document:
    return Document(row["text"], metadata=row["metadata"], id=row["id"])


def open_index(place: str, collection: str | None) -> StoredIndex | None:
    """Return the rows of a Chroma folder or a Postgres database; None for any other place.

    Args:
        place: a folder, or the address of a database.
        collection: the name of the collection, or of the table of a `PGVectorStore`.

    Raises:
        AdapterError: a package is missing, or there is no such collection.
    """
    if place.startswith(_POSTGRES):
        return open_tables(place, collection)
    if is_chroma(place):
        return _open_chroma(place, collection)
    return None


def _open_chroma(place: str, collection: str | None) -> StoredIndex | None:
    try:
        import chromadb
    except ImportError:
        raise AdapterError("A Chroma folder is read with chromadb: pip install chromadb") from None
    found = choose_collection(chromadb.PersistentClient(path=place), collection, place)
    # Nodes are another integration's to read.
    return None if is_of_llama_index(found) else ChromaRows(found)
