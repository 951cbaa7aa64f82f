"""What the publisher says, to compare an index with: whether a chunk is a part of the document it claims to be from."""

from __future__ import annotations

import json
import re
import sqlite3
import tempfile
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from urllib.parse import unquote

from typing_extensions import Self

from headgate.chunk import SEAL_KEY, Chunk
from headgate.corpus.item import CorpusItem
from headgate.encoding import safe_uri, to_json
from headgate.freshness import RESTRICTING_ROLES, find_entry
from headgate.freshness.catalogue import candidate_keys
from headgate.integration.backfilling import Compared
from headgate.policy import MetadataKeys, normalise_uri

__all__ = ["Origin"]

# The time of a file, which every copy sets again, says nothing about the document.
_NEVER_COMPARED = frozenset(("mtime", SEAL_KEY))
_REMEMBERED = 16
_WORDS = re.compile(r"\w+")


class Origin:
    """Documents of the publisher, by URI, kept in a temporary file so that a corpus of any size can be compared with.

    Runs of blanks and line breaks count as one blank, because splitters cut and join there; everything else has to be
    as the origin has it. Entries that both have must be equal, apart from what names the source.

    Args:
        items: what `read_corpus` yields.
        keys: which metadata keys name the source.
        excepted: names of entries that are not compared.

    Attributes:
        documents: how many documents the origin has.
        problems: places of the origin that could not be read, with the reason.
    """

    def __init__(
        self, items: Iterable[CorpusItem], keys: MetadataKeys | None = None, excepted: Collection[str] = ()
    ) -> None:
        self._keys = keys or MetadataKeys()
        self._excepted = frozenset((*_NEVER_COMPARED, *excepted))
        self._folder = tempfile.TemporaryDirectory(prefix="headgate-origin-")
        self._rows = sqlite3.connect(Path(self._folder.name) / "origin.sqlite")
        self._rows.execute("CREATE TABLE origin (uri TEXT, text TEXT, metadata TEXT)")
        self.documents = 0
        self.problems: list[str] = []
        for item in items:
            self._add(item)
        self._rows.execute("CREATE INDEX by_uri ON origin (uri)")
        self._texts = lru_cache(maxsize=_REMEMBERED)(self._find)

    def compare(self, uri: str, chunk: Chunk) -> Compared:
        """Return whether a chunk is what the origin says.

        Args:
            uri: the chunk's document, in its normal form.
            chunk: text and metadata as they are in the index.
        """
        found = self._texts(uri)
        if not found:
            return Compared(f"the origin has no document {safe_uri(uri)}")
        wanted = _collapse(chunk.text)
        holding = [metadata for text, metadata in found if wanted in text]
        if not holding:
            return Compared("its text is not part of the origin's document")
        differing = [self._differing(chunk.metadata, metadata) for metadata in holding]
        if all(differing):
            names = ", ".join(repr(name[:80]) for name in min(differing, key=len)[:5])
            return Compared(f"its metadata is not the origin's: {names}")
        lost = self._restrictions_lost(chunk.metadata, holding)
        if lost:
            return Compared(f"the origin restricts it by {', '.join(map(repr, lost))}, and the index does not say so")
        best = holding[differing.index([])]
        fragment = self._foreign_fragment(chunk.metadata, [text for text, _ in found])
        if fragment is not None:
            return Compared(f"its address goes on with words that the origin does not have: #{fragment[:80]}")
        agreed = (name for name in chunk.metadata if self._agrees(name, chunk.metadata, best, uri))
        return Compared(agreed=frozenset(agreed))

    def has(self, uri: str) -> bool:
        """Return whether it has a document of this URI, in its normal form."""
        return bool(self._texts(uri))

    def example(self) -> str | None:
        """Return the URI of one of its documents."""
        row = self._rows.execute("SELECT uri FROM origin LIMIT 1").fetchone()
        return str(row[0]) if row else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Remove the temporary file."""
        self._rows.close()
        self._folder.cleanup()

    def _add(self, item: CorpusItem) -> None:
        if item.chunk is None:
            if item.is_document:
                self.problems.append(f"{item.place}: {item.problem}")
            return
        entry = find_entry(item.chunk.metadata, "source", self._keys)
        uri = normalise_uri(entry[1]) if entry is not None else None
        if uri is None:
            self.problems.append(f"{item.place}: it names no source")
            return
        self.documents += 1
        metadata = to_json(dict(item.chunk.metadata))
        for text in {_collapse(item.chunk.text), *_whole_file(item.place)}:
            self._rows.execute("INSERT INTO origin VALUES (?, ?, ?)", (uri, text, metadata))

    def _find(self, uri: str) -> list[tuple[str, dict[str, object]]]:
        rows = self._rows.execute("SELECT text, metadata FROM origin WHERE uri = ?", (uri,))
        return [(text, json.loads(metadata)) for text, metadata in rows]

    def _agrees(self, name: str, metadata: Mapping[str, object], origin: Mapping[str, object], uri: str) -> bool:
        if name in self._excepted:
            return False
        if name in origin and metadata[name] == origin[name]:
            return True
        # What names the source was compared as an address; under another such key there may be anything.
        return name in candidate_keys(metadata, "source", self._keys) and normalise_uri(metadata[name]) == uri

    def _foreign_fragment(self, metadata: Mapping[str, object], texts: Sequence[str]) -> str | None:
        """Return the fragment of a document's address if it is made of other words than the document."""
        entry = find_entry(metadata, "source", self._keys)
        fragment = str(entry[1]).partition("#")[2] if entry is not None and isinstance(entry[1], str) else ""
        words = [word for word in _WORDS.findall(unquote(fragment).casefold()) if not word.isdigit()]
        if any(all(word in text.casefold() for word in words) for text in texts):
            return None
        return fragment

    def _restrictions_lost(self, metadata: Mapping[str, object], origins: Iterable[Mapping[str, object]]) -> list[str]:
        """Return entries that restrict a document at its origin, such as an end of validity, and are not in the index.

        Where the text is in several documents of the origin, the one that restricts most counts: what is signed
        must not outlive what any of them says.
        """
        lost: set[str] = set()
        for origin in origins:
            for role in RESTRICTING_ROLES:
                entry = find_entry(origin, role, self._keys)
                own = find_entry(metadata, role, self._keys)
                if entry is not None and entry[1] not in (None, "") and (own is None or own[1] in (None, "")):
                    lost.add(entry[0][:80])
        return sorted(lost)[:5]

    def _differing(self, metadata: Mapping[str, object], origin: Mapping[str, object]) -> list[str]:
        # One URI has several spellings, and its normal form is what brought the two together.
        named = candidate_keys(origin, "source", self._keys)
        names = (metadata.keys() & origin.keys()) - self._excepted - {*named}
        return sorted(name for name in names if metadata[name] != origin[name])


def _collapse(text: str) -> str:
    return " ".join(text.split())


def _whole_file(place: str) -> list[str]:
    """Return the text of a file as it is, because an index may hold the front matter as text."""
    try:
        return [_collapse(Path(place).read_text(encoding="utf-8").lstrip("\ufeff"))]
    except (OSError, ValueError):
        return []
