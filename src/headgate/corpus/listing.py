"""From the chunks of a corpus to the entries of a manifest: what an index holds, and what is seen of its origin."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from headgate.chunk import SEAL_KEY, Chunk
from headgate.corpus.item import CorpusItem
from headgate.corpus.origin import Origin
from headgate.corpus.places import Place, group_places, place_of
from headgate.corpus.working import BLOCK, blocks_of, in_order
from headgate.encoding import b64url_decode, safe_uri
from headgate.errors import HeadgateError
from headgate.freshness import Timestamps, fragment_of, resolve_timestamps
from headgate.integration.backfilling import Compared, coverable
from headgate.integration.published import SealArguments
from headgate.integration.publishing import Publishing
from headgate.policy import MetadataKeys, normalise_uri
from headgate.provenance import metadata_digest
from headgate.provenance.covered import MEDIA_PREFIX
from headgate.provenance.seals import digest_text
from headgate.provenance.shards import Entry
from headgate.provenance.spans import BLOCKS_KEY, root_of_whole
from headgate.provenance.statements import in_seconds
from headgate.provenance.values import MAX_COVERED

__all__ = ["Listing", "ListingWork", "Piece", "entry_of", "list_corpus", "namespace_of", "namespace_of_uris"]

_CLAIMED = ("modified", "not_before", "expires")
_ROLES = {"modified": "modified", "not_before": "valid_from", "expires": "valid_until"}


@dataclass(slots=True)
class Listing:
    """The entries of a manifest to be, and what did not become one.

    Attributes:
        entries: one per document.
        chunks: how many chunks they list.
        not_listed: what is not listed, with its place and the reason.
        in_part: what is listed without a part of its metadata.
        unseen: the URIs of documents that were listed although the origin that was looked at does not have them.
        seen: how many documents were compared with their origin.
    """

    entries: list[Entry] = field(default_factory=list)
    chunks: int = 0
    not_listed: list[str] = field(default_factory=list)
    in_part: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
    seen: int = 0


@dataclass(frozen=True, slots=True)
class Piece:
    """A chunk on its way into an entry.

    Attributes:
        place: where it is.
        digest: the SHA-256 of its text.
        metadata: the entries that are covered.
        media: content that is not text, with digests.
        says: what the publisher says of it.
        root: over its blocks, if it is a document that was sealed as a whole.
    """

    place: str
    digest: bytes
    metadata: Mapping[str, object]
    media: Mapping[str, str | None]
    says: SealArguments
    root: bytes = b""


def list_corpus(
    items: Iterable[CorpusItem],
    *,
    keys: MetadataKeys | None = None,
    cover: Sequence[str] | None = None,
    hide: Sequence[str] = (),
    origin: Origin | None = None,
    lists_unseen: bool = False,
    jobs: int = 1,
) -> Listing:
    """Return what a manifest says about the chunks of a corpus; nothing is signed yet.

    The claims are those of `headgate.integration.publishing.Publishing`, as in seals. Chunks of one document that
    differ in their version are of several: the highest is listed. Where they differ in a time, each chunk's own entry
    says it if it is covered, otherwise the cautious one counts for all.

    Args:
        items: what `read_corpus` yields.
        keys: which metadata keys name the source and the times, and how to read what has no zone.
        cover: names of metadata entries that are covered too (`*` for all); by default what the items say, and with an
            origin only those of which it says the same.
        hide: names of those that are kept out of the prompt, where a framework would print them.
        origin: what the chunks are compared with; what it does not confirm is not listed.
        lists_unseen: whether documents that the origin does not have at all are listed nevertheless.
        jobs: how many processes read the metadata and make the digests; one where there is an origin to compare with.
    """
    names = keys or MetadataKeys()
    publishing = Publishing(keys=names, cover=tuple(cover or ()), hide=tuple(hide))
    listing = Listing()
    documents: dict[str, list[Piece]] = {}
    reading = ListingWork(publishing, origin, covers_all=cover is None, lists_unseen=lists_unseen)
    jobs = jobs if origin is None else 1
    blocks = blocks_of(items, BLOCK if jobs > 1 else 1)
    for block, found in in_order(reading, blocks, jobs=jobs):
        for item, one in zip(block, found, strict=True):
            if isinstance(one, str):
                listing.not_listed.append(f"{item.place}: {one}")
                continue
            uri, piece, problems = one
            documents.setdefault(uri, []).append(piece)
            listing.in_part += [f"{item.place}: {problem}" for problem in (item.problem, *problems) if problem]
    for uri, pieces in documents.items():
        try:
            entry = entry_of(uri, pieces, names, listing.not_listed)
        except (ValueError, HeadgateError) as error:
            listing.not_listed.append(f"{safe_uri(uri)}: it is not listed: {error}")
            continue
        listing.entries.append(entry)
        listing.chunks += len(entry.chunks)
        if origin is not None:
            if origin.has(uri):
                listing.seen += 1
            else:
                listing.unseen.append(safe_uri(uri))
    return listing


@dataclass(frozen=True, slots=True)
class ListingWork:
    """What is done with each item before documents are put together, in whichever process.

    Attributes:
        publishing: makes claims of metadata.
        origin: what items are compared with.
        covers_all: whether each item says what is covered of it.
        lists_unseen: whether documents are listed that the origin does not have.
    """

    publishing: Publishing
    origin: Origin | None
    covers_all: bool
    lists_unseen: bool

    def __call__(self, block: Sequence[CorpusItem]) -> list[tuple[str, Piece, tuple[str, ...]] | str]:
        """Return of each item its document, what an entry needs and what could not be said; or why it is not listed."""
        return [self._read(item) for item in block]

    def _read(self, item: CorpusItem) -> tuple[str, Piece, tuple[str, ...]] | str:
        """Return what an entry needs of an item, or why it is not listed."""
        if item.chunk is None:
            return str(item.problem)
        try:
            compared = _compare(item.chunk, self.publishing, self.origin, lists_unseen=self.lists_unseen)
            wanted = coverable(item.chunk, item.cover, compared) if self.covers_all else ()
            return _read(item, item.chunk, self.publishing, wanted)
        except (ValueError, HeadgateError) as error:
            return f"it is not listed: {error}"


def namespace_of(entries: Iterable[Entry]) -> tuple[str, ...]:
    """Return patterns that cover the documents, and little else."""
    return namespace_of_uris(entry.uri for entry in entries)


def namespace_of_uris(uris: Iterable[str]) -> tuple[str, ...]:
    """Return the same for documents by their URIs in normal form."""
    places: set[Place] = set(map(place_of, uris))
    return tuple(pattern for patterns in group_places(places) for pattern in patterns)


def _compare(chunk: Chunk, publishing: Publishing, origin: Origin | None, *, lists_unseen: bool) -> Compared | None:
    """Return what the origin says of a chunk; None where there is nothing to compare it with.

    Raises:
        HeadgateError: the origin says something else.
    """
    if origin is None:
        return None
    uri = normalise_uri(publishing.claims(chunk.metadata, chunk).arguments["subject"])
    if uri is None or (lists_unseen and not origin.has(uri)):
        return None
    compared = origin.compare(uri, chunk)
    if compared.problem is not None:
        raise HeadgateError(compared.problem)
    return compared


def _read(
    item: CorpusItem, chunk: Chunk, publishing: Publishing, cover: Sequence[str]
) -> tuple[str, Piece, tuple[str, ...]]:
    # A seal says what it says by itself, and may be renewed without the list.
    metadata = {key: value for key, value in chunk.metadata.items() if key not in (SEAL_KEY, BLOCKS_KEY)}
    claims = publishing.claims(metadata, chunk, cover=cover, hide=item.hide, media=chunk.media)
    uri = normalise_uri(claims.arguments["subject"])
    if uri is None:
        raise HeadgateError(f"the source {claims.arguments['subject'][:100]!r} is not a URI")
    if "*" in uri:
        raise HeadgateError(f"the source {safe_uri(uri)[:100]!r} holds a wildcard, which names more than one document")
    digest = b64url_decode(digest_text(chunk.text).partition(":")[2])
    kept = {name: metadata.get(name) for name in claims.arguments["cover"]}
    root = root_of_whole(chunk) if BLOCKS_KEY in chunk.metadata else b""
    return uri, Piece(item.place, digest, kept, chunk.media, claims.arguments, root), claims.problems


def entry_of(uri: str, pieces: Sequence[Piece], keys: MetadataKeys, problems: list[str]) -> Entry:
    """Return the entry of a document.

    Args:
        uri: the document in normal form.
        pieces: all its chunks.
        keys: how times are read.
        problems: where chunks are named that are of an earlier version, and so not listed.

    Raises:
        HeadgateError: its chunks have too many entries to cover.
        ValueError: an entry cannot be digested.
    """
    sections: dict[str, list[Piece]] = {}
    for one in pieces:
        sections.setdefault(fragment_of(one.says["subject"]), []).append(one)
    # Sections are documents of their own as far as versions go.
    pieces = [one for section in sections.values() for one in _current(uri, section, problems)]
    media = {MEDIA_PREFIX + name for one in pieces for name, digest in one.media.items() if digest is not None}
    # Some stores give the entries of a document in another order each time.
    covered = sorted({name for one in pieces for name in one.says["cover"]}) + sorted(media)
    if len(covered) > MAX_COVERED:
        raise HeadgateError(
            f"its chunks have {len(covered)} entries to cover, more than {MAX_COVERED}. Name fewer with --cover"
        )
    chunks: dict[tuple[bytes, bytes], None] = {}
    for one in pieces:
        more = metadata_digest(one.metadata, covered, one.media) if covered else None
        chunks[one.digest, b64url_decode(more.partition(":")[2]) if more else b""] = None
    times = {name: _time(name, pieces, keys) for name in _CLAIMED}
    roots = {one.root for one in pieces} - {b""}
    if len(roots) > 1:
        problems.append(
            f"{pieces[0].place}: of {safe_uri(uri)} no root is listed: {len(roots)} texts of it were sealed as a whole"
        )
    subject, versions = pieces[0].says["subject"], {one.says["version"] for one in pieces} - {None}
    return Entry(
        subject=subject if len(sections) == 1 else subject.partition("#")[0],
        uri=uri,
        # Sections of several versions say each their own.
        version=next(iter(versions)) if len(versions) == 1 else None,
        modified=times["modified"],
        valid_from=times["not_before"],
        valid_until=times["expires"],
        covered=tuple(covered),
        hidden=tuple(sorted({name for one in pieces for name in one.says["hidden"]})),
        chunks=tuple(sorted(chunks)),
        root=roots.pop() if len(roots) == 1 else b"",
    )


def _current(uri: str, pieces: Sequence[Piece], problems: list[str]) -> Sequence[Piece]:
    """Return the chunks of the highest version, and those that have none."""
    versions = {one.says["version"] for one in pieces} - {None}
    if len(versions) < 2:
        return pieces
    newest = max(version for version in versions if version is not None)
    older = [one for one in pieces if one.says["version"] not in (None, newest)]
    what = "1 chunk" if len(older) == 1 else f"{len(older):,} chunks"
    problems.append(f"{older[0].place}: {what} of versions before {newest} of {safe_uri(uri)} not listed")
    return [one for one in pieces if one.says["version"] in (None, newest)]


def _time(name: str, pieces: Sequence[Piece], keys: MetadataKeys) -> int | None:
    """Return a time that all chunks of a document share; None where each says its own under what is covered."""
    given: list[datetime | None] = [one.says[name] for one in pieces]  # type: ignore[literal-required]  # of _CLAIMED
    known = [in_seconds(one) for one in given if one is not None]
    if not known:
        return None
    if len(set(given)) == 1:
        return known[0]
    role = _ROLES[name]
    if all(_read_back(one, role, keys) == when for one, when in zip(pieces, given, strict=True)):
        return None
    # The earliest of ages and of ends, the latest of starts.
    cautious: Callable[[Iterable[int]], int] = max if name == "not_before" else min
    return cautious(known)


def _read_back(piece: Piece, role: str, keys: MetadataKeys) -> datetime | None:
    times: Timestamps = resolve_timestamps(
        piece.metadata, covered=piece.says["cover"], evidence="sealed", keys=keys, roles=(role,)
    )
    found: datetime | None = getattr(times, role)
    return found
