"""What a manifest and its timestamp say: in-toto statements with predicate types of headgate's own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from headgate.encoding import canonical_json, loads_strict, shown
from headgate.errors import ManifestError, SealError
from headgate.policy.matching import UriPattern
from headgate.provenance.values import EPOCH, SECONDS, in_seconds, read_version

__all__ = [
    "DIGEST_NAME",
    "MANIFEST_TYPE",
    "MAX_SHARD_BITS",
    "TIMESTAMP_TYPE",
    "Changes",
    "ManifestStatement",
    "Shard",
    "TimestampStatement",
    "in_seconds",
    "read_instant",
    "read_name",
    "read_number",
    "read_seconds",
    "read_statement",
    "write_statement",
]

MANIFEST_TYPE: Final = "https://headgate.dev/manifest/v1"
TIMESTAMP_TYPE: Final = "https://headgate.dev/timestamp/v1"
DIGEST_NAME: Final = "sha-256"
MAX_SHARD_BITS: Final = 16
_STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
_HEX = re.compile(r"[0-9a-f]{64}")
_MOST_PATTERNS = 1_000
_NAME_CHARS = 200


def read_seconds(values: Mapping[str, object], name: str) -> int | None:
    """Return a time in whole seconds, if it is there.

    Raises:
        ManifestError: it is something else (P106).
    """
    value = values.get(name)
    if value is not None and (type(value) is not int or value not in SECONDS):
        raise ManifestError("P106", f"{name!r} is not a time in seconds")
    return value


@dataclass(frozen=True, slots=True)
class Shard:
    """A part of a manifest's entries.

    Attributes:
        digest: the SHA-256 of its uncompressed text, in hexadecimal, and the name of its file.
        lines: how many documents it holds.
        length: of its uncompressed text, in bytes.
    """

    digest: str
    lines: int
    length: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What is different from an earlier version of a manifest, in a file of its own.

    Attributes:
        version: of the manifest that it begins from.
        manifest: the SHA-256 of that manifest's file, in hexadecimal.
        file: the digest, the lines and the length of the changes, as for a shard.
    """

    version: int
    manifest: str
    file: Shard


@dataclass(frozen=True, slots=True, kw_only=True)
class TimestampStatement:
    """Which manifest is in force, and until when.

    Attributes:
        corpus: the name of the corpus.
        version: of the manifest.
        issuer: who vouches for it.
        issued: from when.
        expires: until before when.
        digest: the SHA-256 of the manifest's file, in hexadecimal.
        length: of the manifest's file, in bytes.
    """

    corpus: str
    version: int
    issuer: str
    issued: datetime
    expires: datetime
    digest: str
    length: int

    def to_payload(self) -> bytes:
        """Return the statement as JSON."""
        predicate = {
            "corpus": self.corpus,
            "version": self.version,
            "issuer": self.issuer,
            "issued": in_seconds(self.issued),
            "expires": in_seconds(self.expires),
            "length": self.length,
        }
        return write_statement(TIMESTAMP_TYPE, [(f"manifests/{self.version}.json", self.digest)], predicate)

    @classmethod
    def read(cls, payload: bytes) -> TimestampStatement:
        """Return what a payload says.

        Raises:
            ManifestError: it is not a statement of this type (P106).
        """
        subjects, predicate = read_statement(payload, TIMESTAMP_TYPE)
        issued, expires = read_instant(predicate, "issued"), read_instant(predicate, "expires")
        version = read_number(predicate, "version")
        if len(subjects) != 1 or subjects[0][0] != f"manifests/{version}.json":
            raise ManifestError("P106", "the subject of a timestamp is the manifest of its version")
        if expires <= issued:
            raise ManifestError("P106", "it expires before it was issued")
        return cls(
            corpus=read_name(predicate, "corpus"),
            version=version,
            issuer=read_name(predicate, "issuer"),
            issued=issued,
            expires=expires,
            digest=subjects[0][1],
            length=read_number(predicate, "length"),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ManifestStatement:
    """What a manifest says beside its entries.

    Attributes:
        corpus: the name of the corpus.
        version: grows with every manifest of the corpus.
        issuer: who vouches for it.
        issued: when it was signed.
        namespace: the URI patterns that it speaks for.
        documents: how many documents it lists.
        chunks: how many chunks.
        shards: where they are, by number.
        changes: what is different from an earlier version, for readers that have it; if it says so.
    """

    corpus: str
    version: int
    issuer: str
    issued: datetime
    namespace: tuple[str, ...]
    documents: int
    chunks: int
    shards: tuple[Shard, ...]
    changes: Changes | None = None

    @property
    def bits(self) -> int:
        """How many bits of a document's hash are the number of its shard."""
        return len(self.shards).bit_length() - 1

    def to_payload(self) -> bytes:
        """Return the statement as JSON."""
        predicate: dict[str, object] = {
            "corpus": self.corpus,
            "version": self.version,
            "issuer": self.issuer,
            "issued": in_seconds(self.issued),
            "namespace": list(self.namespace),
            "digest": DIGEST_NAME,
            "documents": self.documents,
            "chunks": self.chunks,
            "shards": [{"lines": shard.lines, "length": shard.length} for shard in self.shards],
        }
        if self.changes is not None:
            predicate["changes"] = {
                "version": self.changes.version,
                "manifest": self.changes.manifest,
                "digest": self.changes.file.digest,
                "lines": self.changes.file.lines,
                "length": self.changes.file.length,
            }
        subjects = [(f"{number:x}", shard.digest) for number, shard in enumerate(self.shards)]
        return write_statement(MANIFEST_TYPE, subjects, predicate)

    @classmethod
    def read(cls, payload: bytes) -> ManifestStatement:
        """Return what a payload says.

        Raises:
            ManifestError: it is not a statement of this type (P106).
        """
        subjects, predicate = read_statement(payload, MANIFEST_TYPE)
        if predicate.get("digest") != DIGEST_NAME:
            raise ManifestError("P106", f"the digest is {shown(predicate.get('digest'), 40)}, not {DIGEST_NAME!r}")
        shards = _shards(subjects, predicate.get("shards"))
        documents = read_number(predicate, "documents")
        if sum(shard.lines for shard in shards) != documents:
            raise ManifestError("P106", "its shards do not hold as many documents as it says")
        version = read_number(predicate, "version")
        return cls(
            corpus=read_name(predicate, "corpus"),
            version=version,
            issuer=read_name(predicate, "issuer"),
            issued=read_instant(predicate, "issued"),
            namespace=_namespace(predicate.get("namespace")),
            documents=documents,
            chunks=read_number(predicate, "chunks"),
            shards=shards,
            changes=_changes(predicate.get("changes"), version),
        )


def write_statement(kind: str, subjects: Sequence[tuple[str, str]], predicate: Mapping[str, object]) -> bytes:
    """Return an in-toto statement of a type about some files, each with the SHA-256 of its content."""
    return canonical_json(
        {
            "_type": _STATEMENT_TYPE,
            "subject": [{"name": name, "digest": {"sha256": digest}} for name, digest in subjects],
            "predicateType": kind,
            "predicate": predicate,
        }
    )


def read_statement(payload: bytes, kind: str) -> tuple[list[tuple[str, str]], dict[str, object]]:
    """Return the files of an in-toto statement, each with its digest, and its predicate.

    Raises:
        ManifestError: it is not one, or one of another type (P106).
    """
    try:
        statement = loads_strict(payload)
    except ValueError as error:
        raise ManifestError("P106", f"the statement cannot be read: {error}") from None
    if not isinstance(statement, dict) or statement.get("_type") != _STATEMENT_TYPE:
        raise ManifestError("P106", "the payload is not an in-toto Statement v1")
    # Bound to its role: a timestamp never passes for a manifest, however it was signed.
    if statement.get("predicateType") != kind:
        raise ManifestError("P106", f"the predicate type is {shown(statement.get('predicateType'), 80)}, not {kind}")
    subjects, predicate = statement.get("subject"), statement.get("predicate")
    if not isinstance(subjects, list) or not isinstance(predicate, dict):
        raise ManifestError("P106", "the statement has no subject or no predicate")
    return list(map(_subject, subjects)), predicate


def _subject(value: object) -> tuple[str, str]:
    subject = value if isinstance(value, dict) else {}
    name, digests = subject.get("name"), subject.get("digest")
    digest = digests.get("sha256") if isinstance(digests, dict) else None
    if not isinstance(name, str) or not isinstance(digest, str) or _HEX.fullmatch(digest) is None:
        raise ManifestError("P106", "a subject has no name or no sha256 digest")
    return name, digest


def _shards(subjects: Sequence[tuple[str, str]], sizes: object) -> tuple[Shard, ...]:
    count = len(subjects)
    if not 1 <= count <= 2**MAX_SHARD_BITS or count & (count - 1):
        raise ManifestError(
            "P106", f"there are {count:,} shards, which is not a power of two up to {2**MAX_SHARD_BITS:,}"
        )
    if not isinstance(sizes, list) or len(sizes) != count:
        raise ManifestError("P106", "'shards' does not say as much as there are subjects")
    shards = []
    for number, ((name, digest), size) in enumerate(zip(subjects, sizes, strict=True)):
        if name != f"{number:x}" or not isinstance(size, dict):
            raise ManifestError("P106", f"the shard {number} is not where it belongs")
        shards.append(Shard(digest, read_number(size, "lines"), read_number(size, "length")))
    return tuple(shards)


def _changes(value: object, version: int) -> Changes | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise ManifestError("P106", "'changes' is not an object")
    before, digests = read_number(value, "version"), (value.get("manifest"), value.get("digest"))
    if before >= version:
        raise ManifestError("P106", "its changes begin from a version that is not an earlier one")
    manifest, digest = (one if isinstance(one, str) and _HEX.fullmatch(one) else None for one in digests)
    if manifest is None or digest is None:
        raise ManifestError("P106", "its changes name no digest of the manifest before, or of their file")
    return Changes(before, manifest, Shard(digest, read_number(value, "lines"), read_number(value, "length")))


def _namespace(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= _MOST_PATTERNS:
        raise ManifestError("P106", f"the namespace is not a list of 1 to {_MOST_PATTERNS:,} patterns")
    for pattern in value:
        try:
            UriPattern.parse(pattern)
        except (ValueError, TypeError):
            raise ManifestError("P106", "the namespace holds what is not a URI pattern") from None
    return tuple(value)


def read_name(values: Mapping[str, object], name: str) -> str:
    """Return a name.

    Raises:
        ManifestError: it is missing or something else (P106).
    """
    value = values.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= _NAME_CHARS or not value.isprintable():
        raise ManifestError("P106", f"{name!r} is missing or is not a name")
    return value


def read_number(values: Mapping[str, object], name: str) -> int:
    """Return a whole number.

    Raises:
        ManifestError: it is missing or something else (P106).
    """
    try:
        value = read_version(values.get(name))
    except SealError:
        value = None
    if value is None:
        raise ManifestError("P106", f"{name!r} is missing or is not a whole number")
    return value


def read_instant(values: Mapping[str, object], name: str) -> datetime:
    """Return an instant, in whole seconds.

    Raises:
        ManifestError: it is missing or something else (P106).
    """
    seconds = read_seconds(values, name)
    if seconds is None:
        raise ManifestError("P106", f"{name!r} is missing")
    return EPOCH + timedelta(seconds=seconds)
