"""The entries of a manifest, one line per document, and the shards that they are kept in."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from headgate.encoding import b64url_decode, b64url_encode, canonical_json, loads_strict
from headgate.errors import ManifestError, SealError
from headgate.policy.matching import normalise_uri
from headgate.provenance.statements import MAX_SHARD_BITS, Shard, read_seconds
from headgate.provenance.values import MAX_COVERED, read_version

__all__ = [
    "MAX_CHUNKS",
    "MAX_URI_CHARS",
    "Entry",
    "ListedChunk",
    "bits_for",
    "inflate",
    "pack",
    "place_of",
    "shard_of",
    "split_lines",
]

MAX_CHUNKS = 1_000_000
# With so many documents in a shard, a good half of the shards stays as it is when 1% of the documents change: 0.99^64.
_DOCUMENTS_PER_SHARD = 64
_DIGEST_BYTES = 32
MAX_URI_CHARS = 2_048

ListedChunk = tuple[bytes, bytes]
"""The SHA-256 of a chunk's text, and of what is covered beside it; the second is empty where nothing is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a manifest says about one document.

    Attributes:
        subject: its URI as the publisher writes it.
        uri: its URI in normal form.
        version: a number that grows with every version of the document.
        modified: when it was last modified, in seconds since 1970, as the other times.
        valid_from: from when the publisher stands behind it.
        valid_until: until before when.
        covered: names of the metadata entries that are covered, and `media:NAME` for content that is not text.
        hidden: those of them that are kept out of the prompt.
        chunks: its chunks.
        root: of the Merkle tree over its blocks, as in a document seal; empty where none is listed.
    """

    subject: str
    uri: str
    version: int | None = None
    modified: int | None = None
    valid_from: int | None = None
    valid_until: int | None = None
    covered: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    chunks: tuple[ListedChunk, ...] = ()
    root: bytes = b""

    def to_line(self) -> bytes:
        """Return the entry as a line of a shard, with its line feed."""
        line = {
            "sub": self.subject,
            "ver": self.version,
            "mod": self.modified,
            "nbf": self.valid_from,
            "exp": self.valid_until,
            "cov": list(self.covered) or None,
            "hid": list(self.hidden) or None,
            "chunks": [[b64url_encode(text), b64url_encode(more) if more else None] for text, more in self.chunks],
            "root": b64url_encode(self.root) if self.root else None,
        }
        return canonical_json({name: value for name, value in line.items() if value is not None}) + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Entry:
        """Return what a line of a shard says.

        Raises:
            ManifestError: it is not an entry (P106).
        """
        try:
            values = loads_strict(line)
        except ValueError as error:
            raise ManifestError("P106", f"an entry cannot be read: {error}") from None
        if not isinstance(values, dict):
            raise ManifestError("P106", "an entry is not a JSON object")
        subject = values.get("sub")
        uri = normalise_uri(subject, MAX_URI_CHARS)
        if not isinstance(subject, str) or uri is None:
            raise ManifestError("P106", "the 'sub' of an entry is not a URI")
        covered, hidden = _names(values, "cov"), _names(values, "hid")
        if not set(hidden) <= set(covered):
            raise ManifestError("P106", "an entry hides what it does not cover")
        try:
            version = read_version(values.get("ver"))
        except SealError as error:
            raise ManifestError(error.code, f"{error.problem} in an entry") from None
        return cls(
            subject=subject,
            uri=uri,
            version=version,
            modified=read_seconds(values, "mod"),
            valid_from=read_seconds(values, "nbf"),
            valid_until=read_seconds(values, "exp"),
            covered=covered,
            hidden=hidden,
            chunks=_chunks(values.get("chunks"), is_covering=bool(covered)),
            root=_digest(values["root"]) if values.get("root") is not None else b"",
        )


def place_of(uri: str) -> bytes:
    """Return what decides in which shard a document is: the SHA-256 of its URI in normal form."""
    return hashlib.sha256(uri.encode("utf-8")).digest()


def shard_of(place: bytes, bits: int) -> int:
    """Return the number of a document's shard: the first bits of its place."""
    return int.from_bytes(place[:4], "big") >> (32 - bits)


def bits_for(documents: int) -> int:
    """Return how many bits number the shards of so many documents."""
    return min(MAX_SHARD_BITS, max(0, -(-documents // _DOCUMENTS_PER_SHARD) - 1).bit_length())


def pack(entries: Iterable[Entry]) -> tuple[Shard, bytes]:
    """Return a shard of these entries and its file.

    Raises:
        ValueError: two entries are for one document.
    """
    ordered = sorted(entries, key=lambda entry: entry.uri)
    if len({entry.uri for entry in ordered}) < len(ordered):
        raise ValueError("two entries are for one document")
    text = b"".join(entry.to_line() for entry in ordered)
    shard = Shard(hashlib.sha256(text).hexdigest(), len(ordered), len(text))
    return shard, gzip.compress(text, mtime=0)


def inflate(data: bytes, shard: Shard) -> bytes:
    """Return the text of a shard from its file, never more than its signed length.

    Raises:
        ManifestError: the file is not one gzip member of this text (P105).
    """
    try:
        stream = zlib.decompressobj(wbits=31)
        text = stream.decompress(data, shard.length + 1)
    except zlib.error:
        raise ManifestError("P105", "it cannot be unpacked") from None
    if len(text) != shard.length or not stream.eof or stream.unused_data:
        raise ManifestError("P105", f"it does not unpack to the {shard.length:,} bytes that were signed")
    if hashlib.sha256(text).hexdigest() != shard.digest:
        raise ManifestError("P105", "its content is not what was signed")
    return text


def split_lines(text: bytes, shard: Shard) -> list[bytes]:
    """Return the lines of a shard.

    Raises:
        ManifestError: they are not as many as were signed, or the last one has no end (P106).
    """
    lines = text.split(b"\n")
    if lines.pop() or len(lines) != shard.lines:
        raise ManifestError("P106", f"it does not hold the {shard.lines:,} lines that were signed")
    return lines


def _names(values: Mapping[str, object], name: str) -> tuple[str, ...]:
    names = values.get(name)
    if names is None:
        return ()
    if not isinstance(names, list) or len(names) > MAX_COVERED or not all(isinstance(one, str) for one in names):
        raise ManifestError("P106", f"{name!r} of an entry is not a list of at most {MAX_COVERED} names")
    return tuple(names)


def _chunks(value: object, *, is_covering: bool) -> tuple[ListedChunk, ...]:
    if not isinstance(value, list) or len(value) > MAX_CHUNKS:
        raise ManifestError("P106", f"'chunks' of an entry is not a list of at most {MAX_CHUNKS:,}")
    return tuple(_read_chunks(value, is_covering=is_covering))


def _read_chunks(values: Sequence[object], *, is_covering: bool) -> Iterator[ListedChunk]:
    for value in values:
        if not isinstance(value, list) or len(value) != 2:
            raise ManifestError("P106", "a chunk of an entry is not [digest, covered digest]")
        text, more = value
        if (more is not None) != is_covering:
            raise ManifestError("P106", "a chunk covers what its entry does not name, or the other way round")
        yield _digest(text), _digest(more) if more is not None else b""


def _digest(text: object) -> bytes:
    try:
        digest = b64url_decode(text) if isinstance(text, str) else b""
    except ValueError:
        digest = b""
    if len(digest) != _DIGEST_BYTES:
        raise ManifestError("P106", "a digest of an entry is not base64url of 32 bytes")
    return digest
