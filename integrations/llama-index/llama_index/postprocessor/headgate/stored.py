"""Indexes that `headgate backfill` can write seals into: a folder of LlamaIndex's own, Chroma, LanceDB and Milvus."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from llama_index.core.indices.base import BaseIndex
from llama_index.core.schema import BaseNode, MetadataMode
from llama_index.core.storage.docstore import BaseDocumentStore, SimpleDocumentStore
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict

from headgate import AdapterError, Chunk, HeadgateError
from headgate.chunk import SEAL_KEY
from headgate.integration.backfilling import SealedRow, StoredIndex, StoredRow
from headgate.integration.collections import NODE_CONTENT, ChromaRows, choose_collection, is_chroma, is_of_llama_index
from headgate.integration.lance import LanceColumns, LanceRows, is_lance, open_lance
from headgate.integration.milvus import MilvusRows
from llama_index.postprocessor.headgate.ingestion import covered_keys, hidden_keys, with_seal
from llama_index.postprocessor.headgate.media import media_digests

__all__ = ["open_index", "stored_index", "stored_row"]

_DOCSTORE = "docstore.json"


def stored_index(target: Any) -> StoredIndex | None:
    """Return the rows of an index, a vector store or a document store of LlamaIndex; None for anything else.

    Raises:
        AdapterError: it is one of these, and its rows cannot be written where they are.
    """
    # Of a guarded index the index itself is meant: what is to be sealed cannot be admitted yet.
    target = getattr(target, "ungated", target)
    if isinstance(target, BaseIndex):
        store = getattr(target, "vector_store", None)
        return stored_index(store if getattr(store, "stores_text", False) else target.docstore)
    if type(target).__name__ == "ChromaVectorStore":
        return _chroma(target.client)
    if type(target).__name__ == "MilvusVectorStore":
        return MilvusRows(target.client, target.collection_name, target.text_key, None, _chroma_row, _chroma_metadata)
    if type(target).__name__ == "LanceDBVectorStore":
        return _lance_of_store(target)
    if isinstance(target, SimpleDocumentStore):
        raise AdapterError(
            "This index is in the memory of the program that made it. Name the folder in which it is kept: headgate "
            "backfill storage/ ... (`index.storage_context.persist('storage')` writes one)."
        )
    if isinstance(target, BaseDocumentStore):
        return DocstoreRows(target)
    if type(target).__module__.startswith("chromadb.") and is_of_llama_index(target):
        return _chroma(target)
    if hasattr(target, "stores_text"):
        raise AdapterError(
            f"The rows of a {type(target).__name__} cannot be written by headgate; docs/backfill.md has recipes."
        )
    return None


def open_index(place: str, collection: str | None) -> StoredIndex | None:
    """Return the rows of a persisted folder, or of one of Chroma or LanceDB that LlamaIndex wrote; None for others."""
    folder = Path(place)
    if (folder / _DOCSTORE).is_file():
        if collection is not None:
            raise AdapterError(f"--collection {collection!r}: a folder of LlamaIndex has no collections.")
        return DocstoreRows.read(folder / _DOCSTORE)
    if is_lance(place):
        table, reopen = open_lance(place, collection)
        rows = _lance(table, reopen)
        # LangChain keeps its tables in the same kind of folder.
        return rows if rows.holds(NODE_CONTENT) else None
    return _open_chroma(place, collection) if is_chroma(place) else None


class DocstoreRows:
    """The nodes of a document store as a `StoredIndex`; the vectors are in another store, which is not opened.

    Args:
        docstore: the document store.
        path: the file that it was read from and that is replaced at the end, as a whole; None for one that keeps every
            write.
    """

    def __init__(self, docstore: BaseDocumentStore, path: Path | None = None) -> None:
        self._docstore, self._path = docstore, path
        self.name = f"the document store {path}" if path is not None else f"the {type(docstore).__name__}"
        self._state = _state_of(path)
        self._is_changed = False

    @classmethod
    def read(cls, path: Path) -> DocstoreRows:
        """Return the nodes of a file."""
        # Looked at first: what is written while it is read counts as written since.
        state = _state_of(path)
        rows = cls(SimpleDocumentStore.from_persist_path(str(path)), path)
        rows._state = state
        return rows

    def count(self) -> int:
        """Return how many nodes there are."""
        return len(self._docstore.docs)

    def pages(self, size: int) -> Iterator[Sequence[StoredRow]]:
        """Yield all nodes in the order of the store."""
        nodes = iter(list(self._docstore.docs.values()))
        while page := list(islice(nodes, size)):
            yield [stored_row(node) for node in page]

    def write(self, rows: Sequence[SealedRow]) -> Collection[str]:
        """Replace the nodes by copies with their seals."""
        self._docstore.add_documents([_sealed(row) for row in rows], allow_update=True)
        self._is_changed = True
        return ()

    def finish(self) -> None:
        """Write the file again beside the old one and put it in its place, so that it is there whole at any moment.

        Raises:
            HeadgateError: somebody else wrote it since it was read.
        """
        if self._path is None or not self._is_changed:
            return
        if _state_of(self._path) != self._state:
            raise HeadgateError(f"{self._path} was changed while this ran; nothing was written. Run it again.")
        new = self._path.with_name(f".{self._path.name}.{os.getpid()}")
        try:
            self._docstore.persist(str(new))
            shutil.copymode(self._path, new)
            new.replace(self._path)
        finally:
            new.unlink(missing_ok=True)


def _state_of(path: Path | None) -> tuple[int, int] | None:
    if path is None:
        return None
    found = path.stat()
    return found.st_mtime_ns, found.st_size


def stored_row(node: BaseNode) -> StoredRow:
    """Return a node as a row of an index."""
    text = node.get_content(metadata_mode=MetadataMode.NONE)
    chunk = Chunk(text, node.metadata, node.node_id, media=media_digests(node))
    return StoredRow(node.node_id, chunk, cover=tuple(covered_keys(node)), hide=tuple(hidden_keys(node)), held=node)


def _sealed(sealed: SealedRow) -> BaseNode:
    node = sealed.row.held
    assert isinstance(node, BaseNode)  # noqa: S101 - every row here holds its node
    return with_seal(node, {**node.metadata, SEAL_KEY: sealed.seal})


def _chroma(collection: Any) -> ChromaRows:
    return ChromaRows(collection, _chroma_row, _chroma_metadata)


def _lance_of_store(store: Any) -> LanceRows:
    table = store.table
    if type(table).__name__ == "RemoteTable":
        raise AdapterError(
            "A table of LanceDB Cloud is not read by headgate. Seal nodes before they are added (SealNodes), or give "
            "its rows to headgate.integration.backfilling yourself (docs/backfill.md)."
        )
    return _lance(table, lambda: store._connection.open_table(table.name), store.text_key)


def _lance(table: Any, reopen: Callable[[], Any], text: str = "text") -> LanceRows:
    # The seal has to be in the node, which is an entry of its own; the struct may have no room for another one.
    return LanceRows(table, reopen, LanceColumns(text=text, sealed=NODE_CONTENT), _lance_row, _lance_metadata)


def _lance_row(identifier: str, text: object, metadata: Mapping[str, object]) -> StoredRow:  # noqa: ARG001 - see below
    # This store reads the text of the node, and not the column beside it.
    return _chroma_row(identifier, None, metadata)


def _lance_metadata(sealed: SealedRow) -> Mapping[str, object]:
    return {NODE_CONTENT: node_to_metadata_dict(_sealed(sealed), remove_text=False)[NODE_CONTENT]}


def _open_chroma(place: str, collection: str | None) -> StoredIndex | None:
    try:
        import chromadb
    except ImportError:
        raise AdapterError("A Chroma folder is read with chromadb: pip install chromadb") from None
    found = choose_collection(chromadb.PersistentClient(path=place), collection, place)
    # LangChain keeps its collections in the same kind of folder.
    return _chroma(found) if is_of_llama_index(found) else None


def _chroma_row(identifier: str, text: object, metadata: Mapping[str, object]) -> StoredRow:
    try:
        node = metadata_dict_to_node(dict(metadata), text if isinstance(text, str) else None)
    except ValueError as error:
        return StoredRow(identifier, None, f"it is not a node of LlamaIndex: {error}")
    row = stored_row(node)
    return StoredRow(identifier, row.chunk, cover=row.cover, hide=row.hide, held=node)


def _chroma_metadata(sealed: SealedRow) -> Mapping[str, object]:
    # The node is read from its JSON alone; the flat entries beside it are what filters see, and stay.
    content = node_to_metadata_dict(_sealed(sealed), remove_text=True)[NODE_CONTENT]
    return {NODE_CONTENT: content, SEAL_KEY: sealed.seal}
