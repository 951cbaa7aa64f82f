"""Documents in whatever form a store or a tool returns them: found, and put back without those that are kept out.

A value is read once into a list of documents and a builder, which makes the same value again from the admitted ones.
So one admission decides about everything that one call returned.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from langchain_core.documents import Document
from pydantic import BaseModel

from langchain_headgate.reprs import looks_printed, read_printed
from langchain_headgate.rowreader import Admitted, Build, RowReader
from langchain_headgate.rows import (
    has_text,
    is_block,
)
from langchain_headgate.values import (
    GONE,
    as_json,
    attributes_of,
    fields_of,
    from_json,
    is_textless,
    listed,
    unwrapped,
    without_gaps,
)

__all__ = ["Unpacked", "unpack"]

_DEEPEST = 64
# A text beyond this is not read, because `json` holds up every thread while it reads.
_MOST_CHARS = 4_000_000
# What must be in a text that documents are written in, unless letters are written as `\\u0061`.
_WORDS = ("page_content", "meta", "docs", "document", "search_result", "text-plain", "\\u")
_MOST_OPENED = 100
_TEXT_SEPARATOR = "\n\n"
_LISTS_OF_DOCUMENTS = ("documents", "docs", "source_documents")


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
        return None if built is GONE else built


class _Aside:
    """Makes again what holds documents only in texts within it, such as one result of a search on the web."""

    __slots__ = ("_build",)

    def __init__(self, build: Build) -> None:
        self._build = build

    def __call__(self, admitted: Admitted) -> Any:
        return self._build(admitted)


def unpack(
    value: Any,
    *,
    keeps_rest: bool,
    documents: list[Document] | None = None,
    keeps_beside_texts: bool = False,
    opens_objects: bool = False,
) -> Unpacked | None:
    """Return the documents in a value, or None if there are none that can be recognised.

    Args:
        value: documents, pairs that begin with one, mappings and lists of them, rows with `page_content`, columns as
            Chroma returns them, content blocks, or any of these as JSON.
        keeps_rest: whether texts beside the documents stay; what they say nobody has judged.
        documents: where to add the documents; their indices count from its present end.
        keeps_beside_texts: whether documents that are written in one text of several leave the others alone, so that
            one result of a search cannot take away all the others.
        opens_objects: whether documents are looked for in the attributes of objects that nobody knows how to make again
            without some of them; such an object is left out.
    """
    found = documents if documents is not None else []
    build = _Reader(found, keeps_rest, keeps_beside_texts, _MOST_OPENED if opens_objects else 0).read(value, 0)
    return Unpacked(found, build) if build is not None else None


class _Reader(RowReader):
    """Reads one value; `documents` grows as it goes."""

    def __init__(self, documents: list[Document], keeps_rest: bool, keeps_beside_texts: bool, opened: int) -> None:
        super().__init__(documents, keeps_rest)
        self._keeps_beside_texts = keeps_beside_texts
        self._most_opened = opened
        self._opened: dict[int, Any] = {}

    def read(self, value: Any, depth: int) -> Build | None:
        before = len(self._documents)
        try:
            return self._read(value, depth)
        except Exception:  # noqa: BLE001 - a value may raise wherever it is asked; what is beside it goes on
            del self._documents[before:]
            return self._aside(self._withheld(value))

    def _read(self, value: Any, depth: int) -> Build | None:
        if value is None or isinstance(value, (bool, int, float)):
            return None
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
        if isinstance(value, Iterator) and self._keeps_rest:
            return None  # reading it would leave nothing for whom it is for
        held = listed(value)
        return self._read_object(value, depth) if held is None else self._read_listed(value, held, depth)

    def _read_listed(self, value: Any, held: list[Any], depth: int) -> Build | None:
        build = self._read_sequence(held, depth)
        if build is None and isinstance(value, Iterator):
            # What was read of it is all that is left of it: passed on as a list, or withheld as a list would be.
            stays = self._keeps_beside_texts or is_textless(held)
            return _Aside(lambda _: held if stays else GONE)
        return build

    def _withheld(self, value: Any) -> Build:
        return lambda _: value if self._keeps_rest else GONE

    def _aside(self, build: Build | None) -> Build | None:
        """Return the build of an entry that says nothing about the entries beside it."""
        return _Aside(build) if build is not None and self._keeps_beside_texts else build

    def _read_text(self, text: str, depth: int) -> Build | None:
        """Read a text in which documents are written; where nobody can say which, none of them is admitted."""
        build = self._read_written(unwrapped(text), depth)
        return self._withheld(text) if build is None and looks_printed(text) else build

    def _read_written(self, text: str, depth: int) -> Build | None:
        """Read a text that is JSON, or JSON Lines, or printed documents."""
        begins = text[:1]
        if not any(word in text for word in _WORDS) or not (begins in ("[", "{", '"', "(") or begins.isalpha()):
            return None
        if len(text) > _MOST_CHARS:
            return None if begins.isalpha() else self._withheld(text)
        self._texts += 1
        build = self._read_json(text, depth) or self._read_printed(text, depth)
        self._texts -= 1
        return build

    def _read_json(self, text: str, depth: int) -> Build | None:
        if not text.startswith(("[", "{", '"')):
            return None
        parsed = from_json(text)
        if parsed is not GONE:
            build = self.read(parsed, depth + 1)
            return None if build is None else _like(build, lambda admitted: as_json(build(admitted)))
        rows = [from_json(line) for line in text.splitlines() if line.strip()]
        if any(row is GONE for row in rows):
            return None
        builds = self._read_sequence(rows, depth + 1)
        if builds is None:
            return None
        return _like(builds, lambda admitted: "\n".join(map(as_json, _rest_of(builds(admitted)))))

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
        # A name is text too: a tool may group what it found by a title.
        names = {key: key if is_aside or self._may_stay(key) else f"entry {place}" for place, key in enumerate(builds)}

        def rebuild(admitted: Admitted) -> Any:
            kept: dict[Any, Any] = {}
            for key, build in builds.items():
                entry = value[key] if is_aside and build is None else self._entry(value[key], build, admitted)
                if entry is not GONE:
                    kept[names[key]] = entry
            # The kind of a block is not text of a document.
            return {**kept, "type": value["type"]} if is_block(value) else kept

        return _Aside(rebuild) if is_aside else rebuild

    def _read_object(self, value: Any, depth: int) -> Build | None:
        """Read a model or dataclass of the user's own that holds documents."""
        fields = fields_of(value)
        if fields is None:
            return self._read_attributes(value, depth)
        builds = {name: self.read(field, depth + 1) for name, field in fields.items()}
        if all(build is None for build in builds.values()):
            return None

        def rebuild(admitted: Admitted) -> Any:
            built = {name: self._entry(fields[name], build, admitted) for name, build in builds.items()}
            changed = {name: None if field is GONE else field for name, field in built.items()}
            if isinstance(value, SimpleNamespace):
                return SimpleNamespace(**changed)
            return value.model_copy(update=changed) if isinstance(value, BaseModel) else replace(value, **changed)

        return rebuild

    def _read_attributes(self, value: Any, depth: int) -> Build | None:
        """Read an object of which nobody knows how to make it again; who refers to whom may have no end."""
        if id(value) in self._opened or len(self._opened) >= self._most_opened:
            return None
        self._opened[id(value)] = value  # kept, so that no other object gets its number
        attributes = attributes_of(value)
        builds = [self.read(attribute, depth + 1) for attribute in attributes.values()]
        return None if all(build is None for build in builds) else self._withheld(value)

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
            if is_pair and built[leaves[0]] is GONE:
                return GONE
            kept = without_gaps(values, built) if is_pair else _rest_of(built)
            return tuple(kept) if isinstance(values, tuple) else kept

        return _Aside(rebuild) if is_aside else rebuild

    def _entry(self, value: Any, build: Build | None, admitted: Admitted) -> Any:
        if build is not None:
            return build(admitted)
        return value if self._keeps_rest or is_textless(value) else GONE


def _is_leaf(value: Any) -> bool:
    if not isinstance(value, Mapping):
        return isinstance(value, Document)
    try:
        return isinstance(value.get("page_content"), str)
    except Exception:  # noqa: BLE001 - a mapping of somebody else's may raise
        return False


def _are_aside(builds: Iterable[Build | None]) -> bool:
    return all(build is None or isinstance(build, _Aside) for build in builds)


def _like(build: Build, outer: Build) -> Build:
    return _Aside(outer) if isinstance(build, _Aside) else outer


def _rest_of(values: Sequence[Any]) -> list[Any]:
    return [value for value in values if value is not GONE]
