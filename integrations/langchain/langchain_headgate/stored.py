"""Stores whose rows can be read, and those that seals can be written into."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore, VectorStoreRetriever

from headgate import AdapterError
from headgate.integration.backfilling import SealedRow, StoredIndex, StoredRow
from headgate.integration.collections import (
    NODE_CONTENT,
    ChromaRows,
    choose_collection,
    is_chroma,
    is_of_llama_index,
)
from headgate.integration.lance import LanceColumns, LanceRows, is_lance, open_lance
from headgate.integration.milvus import MilvusRows
from langchain_headgate.convert import to_chunk
from langchain_headgate.faissfolders import FaissFolder, is_faiss
from langchain_headgate.points import QdrantRows
from langchain_headgate.tables import PgRows, open_tables

__all__ = ["open_index", "stored_index"]

_SAVED = "Name the folder that `save_local` wrote: headgate backfill FOLDER. "
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
    if "langchain_milvus.Milvus" in names:
        return MilvusRows(target.client, target.collection_name, target._text_field, target._metadata_field)
    if names & {"langchain_lancedb.LanceDB", "langchain_community.LanceDB"}:
        return _lance_of_store(target)
    if isinstance(target, InMemoryVectorStore):
        return RowsInMemory(target, target.store.keys, lambda name: _document(target.store.get(name)))
    if "langchain_community.FAISS" in names:
        ids = target.index_to_docstore_id
        return RowsInMemory(target, ids.values, lambda name: _found(target.docstore, name), _SAVED)
    return None


class RowsInMemory:
    """The documents of a store that lives in its program, to be listed in a manifest.

    Args:
        store: the vector store.
        ids: returns the identifiers of its documents.
        find: returns a document by its identifier; None where it is gone.
        instead: what else can be done where it has been saved.
    """

    def __init__(
        self,
        store: object,
        ids: Callable[[], Collection[str]],
        find: Callable[[str], Document | None],
        instead: str = "",
    ) -> None:
        self._ids, self._find, self._instead = ids, find, instead
        self.name = f"the {type(store).__name__}"

    def count(self) -> int:
        """Return how many rows there are."""
        return len(self._ids())

    def pages(self, size: int) -> Iterator[Sequence[StoredRow]]:
        """Yield all rows that there are at the beginning, each as it is when its page is read."""
        ids = list(self._ids())
        for start in range(0, len(ids), size):
            found = ((name, self._find(name)) for name in ids[start : start + size])
            yield [StoredRow(name, to_chunk(document)) for name, document in found if document is not None]

    def require_writable(self) -> None:
        """Refuse: the seals would be gone with this process.

        Raises:
            AdapterError: always.
        """
        raise AdapterError(
            f"{self.name} lives in the memory of its program. {self._instead}Seal documents before they are added "
            "(SealDocuments), or list them in a manifest (headgate manifest build)."
        )

    def write(self, rows: Sequence[SealedRow]) -> Collection[str]:  # noqa: ARG002 - of the protocol
        """Refuse, as `require_writable` does."""
        self.require_writable()
        return ()

    def finish(self) -> None:
        """Do nothing: nothing is written."""


def _document(row: Mapping[str, Any] | None) -> Document | None:
    return Document(row["text"], metadata=row["metadata"], id=row["id"]) if row is not None else None


def _found(docstore: Any, name: str) -> Document | None:
    # Of what it does not have it returns a sentence that says so.
    found = docstore.search(name)
    return found if isinstance(found, Document) else None


def _lance_of_store(store: Any) -> LanceRows:
    """Return the rows of the store of `langchain-lancedb`, or of `langchain_community`."""
    if not hasattr(store, "_connection"):
        import lancedb

        database, name = lancedb.connect(store._uri), store._full_table_name
        table, _ = store._get_or_create_table()
        columns = LanceColumns()
    else:
        database, name, table = store._connection, store._table_name, store.get_table()
        columns = LanceColumns(store._id_key, store._text_key)
    if table is None:
        raise AdapterError(f"There is no LanceDB table {str(name)[:80]!r} yet.")
    if not hasattr(table, "checkout_latest") or type(table).__name__ == "RemoteTable":
        raise AdapterError(
            "A table of LanceDB Cloud is not read by headgate. Seal documents before they are added (SealDocuments), "
            "or give its rows to headgate.integration.backfilling yourself (docs/backfill.md)."
        )
    return LanceRows(table, lambda: database.open_table(name), columns)


def _open_lance(place: str, collection: str | None) -> LanceRows | None:
    rows = LanceRows(*open_lance(place, collection))
    # Nodes are another integration's to read.
    return None if rows.holds(NODE_CONTENT) else rows


def open_index(place: str, collection: str | None) -> StoredIndex | None:
    """Return the rows of a folder of Chroma, LanceDB or FAISS, or of a Postgres database; None for any other place.

    Args:
        place: a folder, or the address of a database.
        collection: the name of the collection, of the table of LanceDB or a `PGVectorStore`, or of the files of FAISS.

    Raises:
        AdapterError: a package is missing, there is no such collection, or what is there cannot be read.
    """
    if place.startswith(_POSTGRES):
        return open_tables(place, collection)
    if is_chroma(place):
        return _open_chroma(place, collection)
    if is_lance(place):
        return _open_lance(place, collection)
    return FaissFolder.open(place, collection) if is_faiss(place) else None


def _open_chroma(place: str, collection: str | None) -> StoredIndex | None:
    try:
        import chromadb
    except ImportError:
        raise AdapterError("A Chroma folder is read with chromadb: pip install chromadb") from None
    found = choose_collection(chromadb.PersistentClient(path=place), collection, place)
    # Nodes are another integration's to read.
    return None if is_of_llama_index(found) else ChromaRows(found)
