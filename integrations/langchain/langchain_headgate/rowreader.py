"""Rows, columns and content blocks read into documents, each with a way to write it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.documents import Document

from langchain_headgate.rows import TEXT_NAMES, at, block_with, document_of, picked, text_of_block
from langchain_headgate.values import GONE, is_name, is_textless

__all__ = ["Admitted", "Build", "RowReader"]

Admitted = Mapping[int, Document]
Build = Callable[[Admitted], Any]

_METADATA_NAMES = ("metadata", "meta")
_CONSTRUCTOR = {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "document", "Document"]}
# The columns of a store's answer that are numbers; ids, texts and metadata are those of the admitted documents.
_NUMBERS = ("embeddings", "distances")


class RowReader:
    """Reads what is a document, or several, in the form of a mapping; `documents` grows as it goes."""

    def __init__(self, documents: list[Document], keeps_rest: bool) -> None:
        self._documents = documents
        self._keeps_rest = keeps_rest
        self._texts = 0  # how many texts we are in, one within the other

    def _leaf(self, document: Document, shape: Callable[[Document], Any]) -> Build:
        index = len(self._documents)
        self._documents.append(document)
        return lambda admitted: shape(admitted[index]) if index in admitted else GONE

    def _may_stay(self, name: Any) -> bool:
        return self._keeps_rest or is_name(name, is_written=self._texts > 0)

    def _read_row(self, value: Mapping[Any, Any], depth: int) -> Build | None:  # noqa: ARG002 - as its siblings
        """Read `{"page_content": ..., "metadata": ...}` and rows like it."""
        text_name = next((name for name in TEXT_NAMES if isinstance(value.get(name), str)), None)
        metadata_name = next((name for name in _METADATA_NAMES if isinstance(value.get(name), Mapping)), None)
        if text_name is None or (metadata_name is None and text_name != "page_content"):
            return None
        document = document_of(value[text_name], value.get(metadata_name), value.get("id"))

        rest = {
            key: entry
            for key, entry in value.items()
            if self._keeps_rest or (is_textless(entry) and self._may_stay(key))
        }

        def shape(admitted: Document) -> dict[str, Any]:
            row = {**rest, text_name: admitted.page_content}
            return {**row, metadata_name or "metadata": admitted.metadata}

        return self._leaf(document, shape)

    def _read_loose_row(self, row: Any) -> Build:
        """Read an entry of a list that is called a list of documents: a text, or a mapping with one."""
        if isinstance(row, (str, Document)):
            document = document_of(row, {}, None) if isinstance(row, str) else row
            return self._leaf(document, lambda one: one if isinstance(row, Document) else one.page_content)
        build = self._read_row(row, 0)
        if build is not None:
            return build
        name = next(name for name in TEXT_NAMES if isinstance(row.get(name), str))
        metadata = {key: entry for key, entry in row.items() if key != name}
        return self._leaf(document_of(row[name], metadata, None), lambda one: {**one.metadata, name: one.page_content})

    def _read_constructor(self, value: Mapping[Any, Any], depth: int) -> Build | None:
        """Read a document as LangChain's `dumpd` writes it."""
        if value.get("lc") != 1 or not isinstance(value.get("kwargs"), Mapping):
            return None
        row = self._read_row(value["kwargs"], depth)
        if row is None:
            return None

        def rebuild(admitted: Admitted) -> Any:
            kwargs = row(admitted)
            if kwargs is GONE:
                return GONE
            return {**(value if self._keeps_rest else _CONSTRUCTOR), "kwargs": kwargs}

        return rebuild

    def _read_block(self, value: Mapping[Any, Any], depth: int) -> Build | None:  # noqa: ARG002 - as its siblings
        """Read a content block that is a search result or a document with a source."""
        text = text_of_block(value)
        if text is None:
            return None
        named = {name: value[name] for name in ("source", "title", "context") if isinstance(value.get(name), str)}
        metadata = value.get("metadata")
        given = dict(metadata) if isinstance(metadata, Mapping) else {}
        document = document_of(text, {**given, **named}, None)

        def shape(admitted: Document) -> dict[str, Any]:
            kept = {name: admitted.metadata[name] for name in named if name in admitted.metadata}
            return block_with(value, admitted.page_content, kept)

        return self._leaf(document, shape)

    def _read_columns(self, value: Mapping[Any, Any], depth: int) -> Build | None:
        """Read what Chroma's `get` returns: ids, documents and metadatas as columns."""
        texts = value.get("documents")
        if not isinstance(texts, list) or not ({"ids", "metadatas"} & value.keys()):
            return None
        if texts and all(isinstance(batch, list) for batch in texts):
            return self._read_batches(value, texts, depth)
        if not all(text is None or isinstance(text, str) for text in texts):
            return None
        metadatas, ids = value.get("metadatas"), value.get("ids")
        builds = [
            self._leaf(document_of(text, at(metadatas, place), at(ids, place)), lambda one: one)
            for place, text in enumerate(texts)
        ]
        return lambda admitted: _columns(value, [build(admitted) for build in builds], self._keeps_rest)

    def _read_batches(self, value: Mapping[Any, Any], batches: list[Any], depth: int) -> Build | None:
        """Read columns of several questions, which have one answer each."""
        parts = [
            {key: at(column, place) if isinstance(column, list) else None for key, column in value.items()}
            for place in range(len(batches))
        ]
        builds = [self._read_columns(part, depth) for part in parts]
        if any(build is None for build in builds):
            return None

        def rebuild(admitted: Admitted) -> dict[Any, Any]:
            built = [build(admitted) for build in builds if build is not None]
            return {key: None if column is None else [part.get(key) for part in built] for key, column in value.items()}

        return rebuild


def _columns(value: Mapping[Any, Any], rows: Sequence[Any], keeps_rest: bool) -> dict[Any, Any]:
    if keeps_rest and not rows:
        return dict(value)
    places = [place for place, row in enumerate(rows) if row is not GONE]
    columns: dict[Any, Any] = {}
    for key, column in value.items():
        if keeps_rest or (key in _NUMBERS and is_textless(column)):
            columns[key] = picked(column, places, len(rows))
        else:
            columns[key] = None
    columns["documents"] = [rows[place].page_content for place in places]
    if value.get("ids") is not None and not keeps_rest:
        columns["ids"] = [_id_of(rows[place], at(value["ids"], place)) for place in places]
    if value.get("metadatas") is not None:
        columns["metadatas"] = [rows[place].metadata for place in places]
    return columns


def _id_of(document: Document, written: Any) -> Any:
    """Return the identifier that is left of an admitted document; a number is none of `Document`'s."""
    return written if type(written) is int else document.id
