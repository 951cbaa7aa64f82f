"""Documents in whatever form a store or a tool returns them: found, and put back without those that are kept out.

A value is read once into a list of documents and a builder, which makes the same value again from the admitted ones.
So one admission decides about everything that one call returned.
"""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import fields, is_dataclass, replace
from typing import Any

from langchain_core.documents import Document
from pydantic import BaseModel

from langchain_headgate.reprs import looks_printed, read_printed
from langchain_headgate.rows import (
    TEXT_NAMES,
    at,
    block_with,
    document_of,
    has_text,
    is_block,
    picked,
    shown,
    text_of_block,
)

__all__ = ["Unpacked", "fields_of", "is_textless", "unpack"]

Admitted = Mapping[int, Document]
Build = Callable[[Admitted], Any]

_GONE: Any = object()
_DEEPEST = 64
# A text beyond this is not read, because `json` holds up every thread while it reads.
_MOST_CHARS = 4_000_000
# What must be in a text that documents are written in, unless letters are written as `\\u0061`.
_MAY_HOLD = re.compile(r"page_content|meta|docs|document|search_result|text-plain|\\u")
_LONGEST_LABEL = 128
_TEXT_SEPARATOR = "\n\n"
_METADATA_NAMES = ("metadata", "meta")
_LISTS_OF_DOCUMENTS = ("documents", "docs", "source_documents")
# Written anew rather than passed on: any of these entries could hold a text.
_CONSTRUCTOR = {"lc": 1, "type": "constructor", "id": ["langchain", "schema", "document", "Document"]}
# The columns of a store's answer that are numbers or the store's own names; texts and metadata are judged.
_PLAIN_COLUMNS = ("ids", "embeddings", "distances")


class Unpacked:
    """The documents in a value, and how to make the value again without some of them.

    Attributes:
        documents: the documents, in the order in which they are in the value.
        is_aside: whether they are only in texts within the value, or in what is nested too deeply to be read: then the
            value is not a list of documents, and what else is in it stays.
    """

    def __init__(self, documents: list[Document], build: Build) -> None:
        self.documents = documents
        self.is_aside = isinstance(build, _Aside)
        self._build = build

    def repack(self, admitted: Admitted) -> Any:
        """Return the value with the admitted documents in the places of the original ones.

        Args:
            admitted: the admitted documents, by their index in `documents`.

        Returns:
            The value; None if nothing is left of it.
        """
        built = self._build(admitted)
        return None if built is _GONE else built


class _Aside:
    """Makes again what holds documents only in texts within it, such as one result of a search on the web."""

    __slots__ = ("_build",)

    def __init__(self, build: Build) -> None:
        self._build = build

    def __call__(self, admitted: Admitted) -> Any:
        return self._build(admitted)


def unpack(
    value: Any, *, keeps_rest: bool, documents: list[Document] | None = None, keeps_beside_texts: bool = False
) -> Unpacked | None:
    """Return the documents in a value, or None if there are none that can be recognised.

    Args:
        value: documents, pairs that begin with one, mappings and lists of them, rows with `page_content`, columns as
            Chroma returns them, content blocks, or any of these as JSON.
        keeps_rest: whether texts beside the documents stay; what they say nobody has judged.
        documents: where to add the documents; their indices count from its present end.
        keeps_beside_texts: whether documents that are written in one text of several leave the others alone, so that
            one result of a search cannot take away all the others.
    """
    found = documents if documents is not None else []
    build = _Reader(found, keeps_rest, keeps_beside_texts).read(value, 0)
    return Unpacked(found, build) if build is not None else None


def fields_of(value: Any) -> dict[str, Any] | None:
    """Return the fields of a model or a dataclass, or None for anything else."""
    if isinstance(value, BaseModel):
        return {name: getattr(value, name) for name in type(value).model_fields}
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in fields(value) if field.init}
    return None


def is_textless(value: Any) -> bool:
    """Return whether a value holds no text: numbers, truth values, vectors, and collections of these."""
    return _is_textless(value, 0)


def _is_textless(value: Any, depth: int) -> bool:
    if value is None or isinstance(value, (bool, int, float, complex)):
        return True
    if depth > _DEEPEST:
        return False
    kind = getattr(getattr(value, "dtype", None), "kind", None)
    if kind is not None:  # a number or an array of numpy
        # Truth values and numbers; not objects, and not texts.
        return kind in "biufc"
    if isinstance(value, (list, tuple)):
        return all(_is_textless(one, depth + 1) for one in value)
    # The names in a mapping are text too.
    return isinstance(value, Mapping) and not value


class _Reader:
    """Reads one value; `documents` grows as it goes."""

    def __init__(self, documents: list[Document], keeps_rest: bool, keeps_beside_texts: bool) -> None:
        self._documents = documents
        self._keeps_rest = keeps_rest
        self._keeps_beside_texts = keeps_beside_texts

    def read(self, value: Any, depth: int) -> Build | None:
        # Not recognised, and so refused or withheld rather than passed.
        if depth > _DEEPEST:
            # Whether there are documents further down, nobody has looked.
            return None if is_textless(value) else self._aside(self._withheld(value))
        if isinstance(value, Document):
            return self._leaf(value, lambda document: document)
        if isinstance(value, str):
            return self._read_text(value, depth)
        if isinstance(value, Mapping):
            return self._read_mapping(value, depth)
        if isinstance(value, (list, tuple)):
            return self._read_sequence(value, depth)
        if isinstance(value, (deque, Set)):
            return self._read_sequence(list(value), depth)
        return self._read_object(value, depth)

    def _leaf(self, document: Document, shape: Callable[[Document], Any]) -> Build:
        index = len(self._documents)
        self._documents.append(document)
        return lambda admitted: shape(admitted[index]) if index in admitted else _GONE

    def _withheld(self, value: Any) -> Build:
        return lambda _: value if self._keeps_rest else _GONE

    def _aside(self, build: Build | None) -> Build | None:
        """Return the build of an entry that says nothing about the entries beside it."""
        return _Aside(build) if build is not None and self._keeps_beside_texts else build

    def _read_text(self, text: str, depth: int) -> Build | None:
        """Read a text in which documents are written; where nobody can say which, none of them is admitted."""
        build = self._read_written(_unwrapped(text), depth)
        return self._withheld(text) if build is None and looks_printed(text) else build

    def _read_written(self, text: str, depth: int) -> Build | None:
        """Read a text that is JSON, or JSON Lines, or printed documents."""
        begins = text[:1]
        if not _MAY_HOLD.search(text) or not (begins in ("[", "{", '"', "(") or begins.isalpha()):
            return None
        if len(text) > _MOST_CHARS:
            return None if begins.isalpha() else self._withheld(text)
        return self._read_json(text, depth) or self._read_printed(text, depth)

    def _read_json(self, text: str, depth: int) -> Build | None:
        if not text.startswith(("[", "{", '"')):
            return None
        parsed = _parse(text)
        if parsed is not _GONE:
            build = self.read(parsed, depth + 1)
            return None if build is None else _like(build, lambda admitted: _as_json(build(admitted)))
        rows = [_parse(line) for line in text.splitlines() if line.strip()]
        if any(row is _GONE for row in rows):
            return None
        builds = self._read_sequence(rows, depth + 1)
        if builds is None:
            return None
        return _like(builds, lambda admitted: "\n".join(map(_as_json, _rest_of(builds(admitted)))))

    def _read_printed(self, text: str, depth: int) -> Build | None:
        printed = read_printed(text)
        start = len(self._documents)
        if printed is None or self.read(printed, depth + 1) is None:
            return None
        places = range(start, len(self._documents))
        # They are put back as texts: what was printed around them is of no use to a model.
        return lambda admitted: _TEXT_SEPARATOR.join(
            admitted[place].page_content for place in places if place in admitted
        )

    def _read_mapping(self, value: Mapping[Any, Any], depth: int) -> Build | None:
        for special in (self._read_row, self._read_constructor, self._read_block, self._read_columns):
            build = special(value, depth)
            if build is not None:
                return build
        builds = {key: self._read_entry(key, entry, depth) for key, entry in value.items()}
        if all(build is None for build in builds.values()):
            return None
        is_aside = _are_aside(builds.values())

        def rebuild(admitted: Admitted) -> Any:
            kept: dict[Any, Any] = {}
            for place, (key, build) in enumerate(builds.items()):
                entry = value[key] if is_aside and build is None else self._entry(value[key], build, admitted)
                if entry is not _GONE:
                    # A name is text too: a tool may group what it found by a title.
                    kept[key if is_aside or self._may_stay(key) else f"entry {place}"] = entry
            # The kind of a block is not text of a document.
            return {**kept, "type": value["type"]} if is_block(value) else kept

        return _Aside(rebuild) if is_aside else rebuild

    def _read_object(self, value: Any, depth: int) -> Build | None:
        """Read a model or dataclass of the user's own that holds documents."""
        fields = fields_of(value)
        builds = {name: self.read(field, depth + 1) for name, field in (fields or {}).items()}
        if fields is None or all(build is None for build in builds.values()):
            return None

        def rebuild(admitted: Admitted) -> Any:
            built = {name: self._entry(fields[name], build, admitted) for name, build in builds.items()}
            changed = {name: None if field is _GONE else field for name, field in built.items()}
            return value.model_copy(update=changed) if isinstance(value, BaseModel) else replace(value, **changed)

        return rebuild

    def _read_entry(self, key: Any, entry: Any, depth: int) -> Build | None:
        if key in _LISTS_OF_DOCUMENTS and isinstance(entry, (list, tuple)) and all(map(has_text, entry)):
            builds = [self._read_loose_row(row) for row in entry]
            return (lambda admitted: _rest_of([build(admitted) for build in builds])) if builds else None
        build = self.read(entry, depth + 1)
        return self._aside(build) if isinstance(entry, str) and key != "text" else build

    def _read_sequence(self, values: Sequence[Any], depth: int) -> Build | None:
        builds = [self.read(value, depth + 1) for value in values]
        if depth:
            builds = [
                self._aside(build) if isinstance(value, str) else build
                for value, build in zip(values, builds, strict=True)
            ]
        if all(build is None for build in builds):
            return None
        is_aside = _are_aside(builds)
        # (document, score) is about one document: without it, nothing of it is left.
        leaves = [place for place, value in enumerate(values) if _is_leaf(value)]
        is_pair = len(leaves) == 1 and len(values) > 1

        def rebuild(admitted: Admitted) -> Any:
            built = [
                value if is_aside and build is None else self._entry(value, build, admitted)
                for value, build in zip(values, builds, strict=True)
            ]
            if is_pair and built[leaves[0]] is _GONE:
                return _GONE
            kept = _without_gaps(values, built) if is_pair else _rest_of(built)
            return tuple(kept) if isinstance(values, tuple) else kept

        return _Aside(rebuild) if is_aside else rebuild

    def _entry(self, value: Any, build: Build | None, admitted: Admitted) -> Any:
        if build is not None:
            return build(admitted)
        return value if self._keeps_rest or is_textless(value) else _GONE

    def _may_stay(self, name: Any) -> bool:
        return self._keeps_rest or not isinstance(name, str) or _is_label(name)

    def _read_row(self, value: Mapping[Any, Any], depth: int) -> Build | None:  # noqa: ARG002 - as its siblings
        """Read `{"page_content": ..., "metadata": ...}` and rows like it."""
        text_name = next((name for name in TEXT_NAMES if isinstance(value.get(name), str)), None)
        metadata_name = next((name for name in _METADATA_NAMES if isinstance(value.get(name), Mapping)), None)
        if text_name is None or (metadata_name is None and text_name != "page_content"):
            return None
        document = document_of(value[text_name], value.get(metadata_name), value.get("id"))

        def shape(admitted: Document) -> dict[str, Any]:
            rest = {
                key: entry
                for key, entry in value.items()
                if self._keeps_rest or (is_textless(entry) and self._may_stay(key))
            }
            row = {**rest, text_name: admitted.page_content}
            return {**row, metadata_name or "metadata": shown(admitted.metadata)}

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
        return self._leaf(
            document_of(row[name], metadata, None), lambda one: {**shown(one.metadata), name: one.page_content}
        )

    def _read_constructor(self, value: Mapping[Any, Any], depth: int) -> Build | None:
        """Read a document as LangChain's `dumpd` writes it."""
        if value.get("lc") != 1 or not isinstance(value.get("kwargs"), Mapping):
            return None
        row = self._read_row(value["kwargs"], depth)
        if row is None:
            return None

        def rebuild(admitted: Admitted) -> Any:
            kwargs = row(admitted)
            if kwargs is _GONE:
                return _GONE
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
        if not isinstance(texts, list) or not texts or not ({"ids", "metadatas"} & value.keys()):
            return None
        if all(isinstance(batch, list) for batch in texts):
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
        # `part` as a default, because a lambda in a loop sees the variable and not its value.
        builds = [
            self._read_columns(part, depth) if part["documents"] else (lambda _, part=part: part) for part in parts
        ]
        if any(build is None for build in builds):
            return None

        def rebuild(admitted: Admitted) -> dict[Any, Any]:
            built = [build(admitted) for build in builds if build is not None]
            return {key: None if column is None else [part.get(key) for part in built] for key, column in value.items()}

        return rebuild


def _columns(value: Mapping[Any, Any], rows: Sequence[Any], keeps_rest: bool) -> dict[Any, Any]:
    places = [place for place, row in enumerate(rows) if row is not _GONE]
    columns: dict[Any, Any] = {}
    for key, column in value.items():
        if key in _PLAIN_COLUMNS or keeps_rest:
            columns[key] = picked(column, places, len(rows))
        else:
            columns[key] = None
    columns["documents"] = [rows[place].page_content for place in places]
    if value.get("metadatas") is not None:
        columns["metadatas"] = [rows[place].metadata for place in places]
    return columns


def _is_leaf(value: Any) -> bool:
    return isinstance(value, Document) or (isinstance(value, Mapping) and isinstance(value.get("page_content"), str))


def _are_aside(builds: Iterable[Build | None]) -> bool:
    return all(build is None or isinstance(build, _Aside) for build in builds)


def _like(build: Build, outer: Build) -> Build:
    return _Aside(outer) if isinstance(build, _Aside) else outer


def _unwrapped(text: str) -> str:
    """Return a text without what is often around JSON: white space, a byte order mark, a fence."""
    inner = text.strip("\ufeff \t\r\n")
    if inner.startswith("```") and inner.endswith("```") and "\n" in inner:
        inner = inner[inner.index("\n") : -3].strip()
    return inner


def _parse(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _GONE


def _as_json(value: Any) -> str:
    return json.dumps(None if value is _GONE else value, ensure_ascii=False, default=str)


def _without_gaps(values: Sequence[Any], built: Sequence[Any]) -> list[Any]:
    """Return what belongs to one admitted document, each in its place; an identifier stays, as the document's does."""
    rest = [value if _is_label(value) else None for value in values]
    return [rest[place] if one is _GONE else one for place, one in enumerate(built)]


def _is_label(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= _LONGEST_LABEL and not any(map(str.isspace, value))


def _rest_of(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value is not _GONE]
