"""What is different between two versions of a manifest: made by its publisher, for readers that have the one before."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence

from headgate.encoding import canonical_json, loads_strict
from headgate.errors import ManifestError
from headgate.policy.matching import normalise_uri
from headgate.provenance.shards import MAX_URI_CHARS, Entry, split_lines
from headgate.provenance.statements import Shard

__all__ = ["Change", "find_changes", "pack_changes", "read_changes"]

Change = tuple[str, bytes, "Entry | None"]
"""The URI of a document in normal form, its line, and its entry; no entry where the document is gone."""


def find_changes(
    before: Sequence[Shard], after: Sequence[Shard], text_of: Callable[[Shard], bytes], *, most: int
) -> list[Change] | None:
    """Return the documents that are new, changed or gone, in the order of their URIs; None if there are too many.

    Args:
        before: the shards of the version before; as many as of this one.
        after: the shards of this version.
        text_of: returns the text of a shard of either.
        most: how many changes are worth a file.

    Raises:
        ManifestError: a shard cannot be read.
    """
    found: list[Change] = []
    for old, new in zip(before, after, strict=True):
        if old.digest == new.digest:
            continue
        were, are = (set(split_lines(text_of(shard), shard)) for shard in (old, new))
        entries = [(line, Entry.read(line)) for line in are - were]
        found += [(entry.uri, line, entry) for line, entry in entries]
        gone = {Entry.read(line).uri for line in were - are} - {entry.uri for _, entry in entries}
        found += [(uri, _gone(uri), None) for uri in gone]
        if len(found) > most:
            return None
    return sorted(found, key=lambda change: change[0])


def pack_changes(changes: Iterable[Change]) -> tuple[Shard, bytes]:
    """Return what names a file of changes, and the file."""
    lines = [line for _, line, _ in changes]
    text = b"".join(line + b"\n" for line in lines)
    return Shard(hashlib.sha256(text).hexdigest(), len(lines), len(text)), gzip.compress(text, mtime=0)


def read_changes(text: bytes, file: Shard) -> Iterator[Change]:
    """Yield what a file of changes says, in its order.

    Args:
        text: of the file, as signed.
        file: what was signed of it.

    Raises:
        ManifestError: it is not as documented (P106).
    """
    last = ""
    for line in split_lines(text, file):
        change = _read(line)
        if change[0] <= last:
            raise ManifestError("P106", "its entries are not in order, each once")
        last = change[0]
        yield change


def _read(line: bytes) -> Change:
    # An entry says "gone" of no document: what looks like both is neither.
    if b'"gone"' not in line:
        entry = Entry.read(line)
        return entry.uri, line, entry
    try:
        values = loads_strict(line)
    except ValueError as error:
        raise ManifestError("P106", f"a change cannot be read: {error}") from None
    uri = values.get("gone") if isinstance(values, dict) else None
    if not isinstance(values, dict) or uri is None:
        entry = Entry.read(line)  # the word is in one of its values
        return entry.uri, line, entry
    if "sub" in values or not isinstance(uri, str) or normalise_uri(uri, MAX_URI_CHARS) != uri:
        raise ManifestError("P106", "what is gone is not named by its URI in normal form")
    return uri, line, None


def _gone(uri: str) -> bytes:
    return canonical_json({"gone": uri})
