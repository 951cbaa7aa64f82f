"""Writing manifests: shards first, then the manifest, and last the timestamp that puts it in force."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from itertools import groupby
from pathlib import Path

from headgate.errors import HeadgateError, ManifestError
from headgate.files import write_bytes
from headgate.limits import DEFAULT_LIMITS
from headgate.policy.matching import UriPattern
from headgate.provenance.changes import find_changes, pack_changes
from headgate.provenance.envelopes import sign_envelope
from headgate.provenance.keys import KeySet
from headgate.provenance.manifests import changes_path, manifest_path, read_manifest, read_timestamp, shard_path
from headgate.provenance.shards import Entry, bits_for, inflate, pack, place_of, shard_of
from headgate.provenance.signers import Signer
from headgate.provenance.statements import Changes, ManifestStatement, Shard, TimestampStatement, in_seconds
from headgate.provenance.values import EPOCH

__all__ = ["Publication", "renew_timestamp"]

_CLOSE = timedelta(minutes=1)
_WORTH = 4  # where more than a quarter of the documents changed, the shards are hardly more


@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """How a corpus is published.

    Attributes:
        folder: where the manifest is written.
        key: signs the manifest.
        corpus: the name of the corpus.
        issuer: who vouches.
        timestamp_key: signs the timestamp; by default `key`.
        is_pending: whether others sign it before it is put in force (`headgate.provenance.cosigning`).
    """

    folder: Path
    key: Signer
    corpus: str
    issuer: str
    timestamp_key: Signer | None = None
    is_pending: bool = False

    def current(self) -> ManifestStatement | None:
        """Return the manifest in force, or None where nothing has been published yet.

        Raises:
            ManifestError: what is there is not signed by these keys, or is of another corpus.
        """
        if not (self.folder / "timestamp.json").exists():
            return None
        keys = self.key.public
        timestamp, _ = read_timestamp(self.folder, (self.timestamp_key or self.key).public)
        statement, _ = _named(self.folder, timestamp, keys)
        if statement.corpus != self.corpus:
            raise ManifestError(
                "P105", f"there is a manifest of another corpus, {statement.corpus!r}", str(self.folder)
            )
        return statement

    def publish(
        self,
        entries: Sequence[Entry],
        *,
        version: int,
        namespace: Sequence[str],
        issued: datetime,
        lifetime: timedelta,
    ) -> tuple[ManifestStatement, TimestampStatement]:
        """Write a manifest and put it in force.

        Args:
            entries: one per document.
            version: higher than that of any manifest before.
            namespace: the URI patterns that it speaks for.
            issued: the present.
            lifetime: how long the timestamp is in force.

        Raises:
            HeadgateError: an entry is outside the namespace.
            ValueError: two entries are for one document.
            OSError: a file cannot be written.
        """
        # Before anything is written.
        ordered = sorted(_inside(entries, namespace), key=lambda entry: place_of(entry.uri))
        return self.publish_ordered(
            ordered, len(entries), version=version, namespace=namespace, issued=issued, lifetime=lifetime
        )

    def publish_ordered(
        self,
        entries: Iterable[Entry],
        documents: int,
        *,
        version: int,
        namespace: Sequence[str],
        issued: datetime,
        lifetime: timedelta,
    ) -> tuple[ManifestStatement, TimestampStatement]:
        """As `publish`, with entries that need not fit into memory.

        Args:
            entries: one per document, in the order of `headgate.provenance.shards.place_of` their URI.
            documents: about how many there are.
            version: as for `publish`, as all that follows.
            namespace: the URI patterns that it speaks for.
            issued: the present.
            lifetime: how long the timestamp is in force.

        Raises:
            HeadgateError: as `publish`.
            ValueError: as `publish`, or entries are not in order.
            OSError: as `publish`.
        """
        counted = _Counted(_inside(entries, namespace))
        shards = tuple(_write_shards(self.folder, counted, bits_for(documents)))
        if not counted.documents:
            raise HeadgateError("no document can be listed.")
        changes = self._changes(version, tuple(namespace), shards, counted.documents)
        statement = ManifestStatement(
            corpus=self.corpus,
            version=version,
            issuer=self.issuer,
            issued=_whole(issued),
            namespace=tuple(namespace),
            documents=counted.documents,
            chunks=counted.chunks,
            shards=shards,
            changes=changes,
        )
        data = sign_envelope(statement.to_payload(), [self.key])
        timestamp = TimestampStatement(
            corpus=self.corpus,
            version=version,
            issuer=self.issuer,
            issued=_whole(issued),
            expires=_whole(issued + lifetime),
            digest=hashlib.sha256(data).hexdigest(),
            length=len(data),
        )
        # What it writes it can read: a name that is too long, say, shows before anybody else reads it.
        ManifestStatement.read(statement.to_payload())
        TimestampStatement.read(timestamp.to_payload())
        write_bytes(manifest_path(self.folder, version), data)
        if not self.is_pending:
            _write_timestamp(self.folder, timestamp, self.timestamp_key or self.key)
        return statement, timestamp

    def _changes(
        self, version: int, namespace: Sequence[str], shards: Sequence[Shard], documents: int
    ) -> Changes | None:
        """Write what is different from the version in force, if readers gain by it.

        A reader that has nothing to gain, or that finds the file wrong, reads the shards: nothing here is an error.
        """
        try:
            timestamp, _ = read_timestamp(self.folder, (self.timestamp_key or self.key).public)
            before, data = _named(self.folder, timestamp, self.key.public)
            if (before.corpus, before.namespace, len(before.shards)) != (self.corpus, namespace, len(shards)):
                return None
            if before.version >= version:
                return None
            most = documents // _WORTH
            found = find_changes(before.shards, shards, partial(_text_of, self.folder), most=most)
        except (ManifestError, OSError):
            return None
        if not found:
            return None
        file, packed = pack_changes(found)
        if file.length > DEFAULT_LIMITS.shard_bytes:
            return None
        _write_listed(changes_path(self.folder, file), file, packed)
        return Changes(before.version, hashlib.sha256(data).hexdigest(), file)


def renew_timestamp(
    folder: Path,
    key: Signer,
    *,
    keys: KeySet,
    issued: datetime,
    lifetime: timedelta,
    at_least: int = 0,
) -> TimestampStatement:
    """Sign the timestamp in a folder again, for another time.

    What is signed is what was verified: somebody who can write to the folder must not get an old manifest renewed.

    Args:
        folder: of the manifest.
        key: signs the timestamp.
        keys: who may have signed the manifest. The timestamp before is by one of them, or by `key`.
        issued: the present.
        lifetime: how long the new timestamp is in force.
        at_least: the lowest version that is renewed.

    Raises:
        ManifestError: what is there does not verify, or its version is too low (P108).
        OSError: it cannot be written.
    """
    before, _ = read_timestamp(folder, _joined(keys, key.public))
    _named(folder, before, keys)
    if before.version < at_least:
        raise ManifestError("P108", f"it has version {before.version}, and at least {at_least} is wanted", str(folder))
    renewed = TimestampStatement(
        corpus=before.corpus,
        version=before.version,
        issuer=before.issuer,
        issued=_after(before.issued, _whole(issued)),
        expires=_whole(issued + lifetime),
        digest=before.digest,
        length=before.length,
    )
    TimestampStatement.read(renewed.to_payload())
    _write_timestamp(folder, renewed, key)
    return renewed


def _after(before: datetime, issued: datetime) -> datetime:
    """Return a time of issue that readers take for later than the one before, also within one second."""
    is_close = timedelta(0) <= before - issued <= _CLOSE
    return before + timedelta(seconds=1) if is_close else issued


def _joined(first: KeySet, second: KeySet) -> KeySet:
    return first | KeySet(key for key in second if first.get(key.kid) is None)


def _named(folder: Path, timestamp: TimestampStatement, keys: KeySet) -> tuple[ManifestStatement, bytes]:
    """Return the manifest that a timestamp names, and the content of its file."""
    file = manifest_path(folder, timestamp.version)
    try:
        with file.open("rb") as opened:
            data = opened.read(timestamp.length + 1)
    except OSError as error:
        raise ManifestError("P106", f"it cannot be read ({error.strerror})", str(file)) from None
    if hashlib.sha256(data).hexdigest() != timestamp.digest:
        raise ManifestError("P105", "it is not the file that the timestamp names", str(file))
    statement, _ = read_manifest(data, keys, str(file))
    if (statement.corpus, statement.version) != (timestamp.corpus, timestamp.version):
        raise ManifestError("P105", "manifest and timestamp are of different corpora or versions", str(file))
    return statement, data


def _write_timestamp(folder: Path, timestamp: TimestampStatement, key: Signer) -> None:
    write_bytes(folder / "timestamp.json", sign_envelope(timestamp.to_payload(), [key]))


class _Counted:
    """Entries that are counted while they pass."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        self._entries = entries
        self.documents = self.chunks = 0

    def __iter__(self) -> Iterator[Entry]:
        for entry in self._entries:
            self.documents += 1
            self.chunks += len(entry.chunks)
            yield entry


def _write_shards(folder: Path, entries: Iterable[Entry], bits: int) -> Iterator[Shard]:
    """Write every shard, also those that are empty, and yield them in order.

    Raises:
        ValueError: the entries are not in order.
    """
    following = 0
    for number, some in groupby(entries, key=lambda entry: shard_of(place_of(entry.uri), bits)):
        if number < following:
            raise ValueError("the entries are not in the order of their places")
        for _ in range(following, number):
            yield _write_shard(folder, ())
        yield _write_shard(folder, some)
        following = number + 1
    for _ in range(following, 1 << bits):
        yield _write_shard(folder, ())


def _write_shard(folder: Path, entries: Iterable[Entry]) -> Shard:
    shard, data = pack(entries)
    _write_listed(shard_path(folder, shard), shard, data)
    return shard


def _write_listed(path: Path, shard: Shard, data: bytes) -> None:
    if not _is_there(path, shard):
        write_bytes(path, data, is_forced=False)


def _text_of(folder: Path, shard: Shard) -> bytes:
    return inflate(shard_path(folder, shard).read_bytes(), shard)


def _is_there(path: Path, shard: Shard) -> bool:
    # Looked into: one that a crash left incomplete would be missing for every reader.
    try:
        inflate(path.read_bytes(), shard)
    except (OSError, ManifestError):
        return False
    return True


def _inside(entries: Iterable[Entry], namespace: Sequence[str]) -> Iterator[Entry]:
    patterns = [UriPattern.parse(pattern) for pattern in namespace]
    for entry in entries:
        if not any(pattern.matches(entry.uri) for pattern in patterns):
            raise HeadgateError(f"{entry.uri[:200]} is outside the namespace: {', '.join(namespace)[:200]}.")
        yield entry


def _whole(instant: datetime) -> datetime:
    return EPOCH + timedelta(seconds=in_seconds(instant))
