"""Manifests held against one another, and against what an index holds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from headgate.chunk import SEAL_KEY, Chunk
from headgate.corpus.item import CorpusItem
from headgate.encoding import b64url_decode, safe_uri
from headgate.errors import SealError
from headgate.freshness import find_entry
from headgate.policy import MetadataKeys, normalise_uri
from headgate.provenance import Manifest, digest_text
from headgate.provenance.indexes import ListedDocument
from headgate.provenance.spans import SpanToken, is_span, read_span

__all__ = ["Completeness", "Difference", "diff_manifests", "measure_completeness"]


@dataclass(slots=True)
class Difference:
    """What one manifest lists and another does not: URIs, without what may be a secret in them.

    Attributes:
        added: documents that only the new one lists.
        removed: documents that only the old one lists.
        changed: documents of which something differs.
        unchanged: how many are the same.
    """

    added: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: int = 0


@dataclass(slots=True)
class Completeness:
    """How much of a manifest an index holds.

    Attributes:
        documents: how many the manifest lists.
        chunks: how many chunks.
        complete: how many documents are in the index with all of their chunks.
        partial: the URIs of documents of which chunks are missing.
        missing: the URIs of documents of which nothing is there.
        found: how many of the listed chunks are there.
        unlisted: the places of chunks in the index that the manifest does not list.
    """

    documents: int = 0
    chunks: int = 0
    complete: int = 0
    partial: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    found: int = 0
    unlisted: list[str] = field(default_factory=list)


def diff_manifests(old: Manifest, new: Manifest) -> Difference:
    """Return what changed from one manifest to another; both are read side by side, once."""
    found = Difference()
    before, after = _documents(old), _documents(new)
    left, right = next(before, None), next(after, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left.place < right.place):
            found.removed.append(safe_uri(left.uri))  # type: ignore[union-attr]  # not None where the other is
            left = next(before, None)
        elif left is None or right.place < left.place:
            found.added.append(safe_uri(right.uri))
            right = next(after, None)
        else:
            if left.line != right.line:
                found.changed.append(safe_uri(right.uri))
            else:
                found.unchanged += 1
            left, right = next(before, None), next(after, None)
    return found


def measure_completeness(
    manifest: Manifest, items: Iterable[CorpusItem], keys: MetadataKeys | None = None
) -> Completeness:
    """Return how much of a manifest is among the chunks of an index.

    Args:
        manifest: what ought to be there.
        items: what is there.
        keys: which metadata keys name the source.
    """
    names = keys or MetadataKeys()
    held: dict[str, _Held] = {}
    result = Completeness()
    for item in items:
        if not _hold(item, manifest, names, held) and item.is_document:
            result.unlisted.append(item.place)
    for document in _documents(manifest):
        wanted = {digest for digest, _ in document.chunks}
        has = held.get(document.uri, _Held())
        there = len(wanted) if has.is_whole else len(wanted & has.digests)
        result.documents += 1
        result.chunks += len(wanted)
        result.found += there
        if there == len(wanted):
            result.complete += 1
        else:
            is_begun = there or has.blocks
            (result.partial if is_begun else result.missing).append(safe_uri(document.uri))
    return result


@dataclass(slots=True)
class _Held:
    """What an index holds of a document that is listed.

    Attributes:
        digests: of the texts that are listed themselves.
        blocks: those that are there, where the document is listed by the root over its blocks.
        size: how many it has.
    """

    digests: set[bytes] = field(default_factory=set)
    blocks: set[int] = field(default_factory=set)
    size: int = 0

    @property
    def is_whole(self) -> bool:
        return 0 < self.size == len(self.blocks)


def _documents(manifest: Manifest) -> Iterator[ListedDocument]:
    return manifest.index.documents() if manifest.index is not None else iter(())


def _hold(item: CorpusItem, manifest: Manifest, keys: MetadataKeys, held: dict[str, _Held]) -> bool:
    """Count a chunk among what the index holds, and return whether the manifest lists it."""
    chunk = item.chunk
    named = find_entry(chunk.metadata, "source", keys) if chunk is not None else None
    uri = normalise_uri(named[1]) if named is not None else None
    if chunk is None or uri is None:
        return False
    try:
        label = digest_text(chunk.text)
    except UnicodeEncodeError:
        return False
    if manifest.find(uri, label) is not None:
        held.setdefault(uri, _Held()).digests.add(b64url_decode(label.partition(":")[2]))
        return True
    span = _span_of(chunk)
    if span is None or manifest.find(uri, label, span.root) is None:
        return False
    has = held.setdefault(uri, _Held())
    has.blocks.update(span.run)
    has.size = span.size
    return True


def _span_of(chunk: Chunk) -> SpanToken | None:
    """Return of which run of which document a chunk is shown to be, or None."""
    token = chunk.metadata.get(SEAL_KEY)
    if not is_span(token):
        return None
    try:
        span = read_span(str(token), chunk.text)
    except SealError:
        return None
    return span if span.is_included else None
