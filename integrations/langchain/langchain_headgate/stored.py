"""Stores that `headgate backfill` can write seals into: Chroma, and the two kinds of pgvector tables."""

from __future__ import annotations

from typing import Any

from langchain_core.vectorstores import VectorStoreRetriever

from headgate import AdapterError
from headgate.integration.backfilling import StoredIndex
from headgate.integration.collections import ChromaRows, choose_collection, is_chroma, is_of_llama_index
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
    return None


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
