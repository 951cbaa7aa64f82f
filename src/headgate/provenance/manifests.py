"""Manifests: the signed list of what a corpus holds, loaded and verified, and what it says about a text.

docs/manifest-format.md has the format, and the numbers of the steps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from typing_extensions import Self

from headgate.decision import Finding
from headgate.display import Displayed
from headgate.encoding import b64url_decode, safe_uri
from headgate.errors import ManifestError
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.provenance.envelopes import open_envelope, open_envelope_signers
from headgate.provenance.indexes import Found, ManifestIndex
from headgate.provenance.issuers import Issuers, may_sign
from headgate.provenance.keys import KeySet, VerificationKey
from headgate.provenance.manifest_files import (
    changes_path,
    manifest_path,
    read_file,
    shard_path,
    shard_reader,
    written_versions,
)
from headgate.provenance.names import NameMemory, require_corpus
from headgate.provenance.quorum import NO_QUORUM, Quorum, quorum_of
from headgate.provenance.remembering import ManifestMemory
from headgate.provenance.rollback import put_back, rolled_back
from headgate.provenance.stamps import TimestampMemory
from headgate.provenance.statements import ManifestStatement, TimestampStatement

__all__ = ["Manifest", "changes_path", "manifest_path", "read_manifest", "read_timestamp", "shard_path", "shard_reader"]

_AHEAD = timedelta(minutes=5)  # as clocks that are right differ


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Manifest(Displayed):
    """A manifest in force, or one that was rolled back and lists nothing.

    Attributes:
        folder: where it was read from.
        statement: what it says beside its entries.
        timestamp: what its timestamp says.
        key: the key that signed the manifest.
        timestamp_key: the key that signed the timestamp.
        index: its entries; None where it was refused.
        refusal: why nothing that it lists counts (P108), if so.
        quorum: all keys that signed the manifest and count, and how many are needed.
    """

    folder: Path
    statement: ManifestStatement
    timestamp: TimestampStatement
    key: VerificationKey
    timestamp_key: VerificationKey
    index: ManifestIndex | None
    refusal: Finding | None = None
    quorum: Quorum = NO_QUORUM

    @classmethod
    def load(
        cls,
        folder: str | Path,
        keys: KeySet,
        *,
        timestamp_keys: KeySet | None = None,
        issuers: Collection[str] | Issuers = (),
        at_least: int = 0,
        threshold: int = 1,
        cache: str | Path | None = None,
        limits: Limits = DEFAULT_LIMITS,
        remembers: bool = True,
        now: datetime | None = None,
        corpus: str | None = None,
        source: str | None = None,
    ) -> Self:
        """Return the manifest in a folder after every step that does not depend on the time (1 to 6).

        Args:
            folder: with `timestamp.json`, `manifests/` and `shards/`.
            keys: who may sign the manifest.
            timestamp_keys: who may sign the timestamp; by default the same.
            issuers: the accepted issuers, which may have their keys; empty for any.
            at_least: the lowest version that is accepted.
            threshold: how many keys must have signed the manifest; one signs the timestamp.
            cache: the folder for indexes and accepted versions; by default the user's.
            limits: bounds on what is read.
            remembers: whether its version and timestamp are accepted from now on, and earlier ones refused; for gates.
            now: the present. A timestamp from the future is in force later and is not remembered before, so that a
                publisher whose clock was wrong can correct it.
            corpus: the corpus that it has to be of; by default the first one that `source` has accepted.
            source: the source that it is loaded for; without one, no corpus is remembered.

        Raises:
            ManifestError: something in it does not verify.
        """
        path = Path(folder)
        stamping = timestamp_keys if timestamp_keys is not None else keys
        timestamp, timestamp_key = read_timestamp(path, stamping, limits)
        file = manifest_path(path, timestamp.version)
        if timestamp.length > limits.manifest_bytes:
            raise ManifestError("P106", f"it is longer than {limits.manifest_bytes:,} bytes", str(file))
        data = read_file(file, timestamp.length)
        if len(data) != timestamp.length or hashlib.sha256(data).hexdigest() != timestamp.digest:
            raise ManifestError("P105", "it is not the file that the timestamp names", str(file))
        statement, signers = _read_signed(data, keys, str(file))
        accepted = issuers if isinstance(issuers, Mapping) else dict.fromkeys(issuers)
        quorum = quorum_of(signers, threshold, accepted, statement.issuer, str(file))
        key = quorum.key
        # A timestamp by keys of their own has a role of its own; otherwise whoever signs one speaks for the issuer.
        speaking = (key,) if timestamp_keys is not None else (key, timestamp_key)
        _check_match(statement, timestamp, accepted, speaking, str(file))
        kept = Path(cache) if cache is not None else None
        first = NameMemory(source, path, keys.digest, kept) if source is not None else None
        require_corpus(statement.corpus, corpus, first, str(file))
        memory = ManifestMemory(statement.corpus, keys.digest, kept)
        stamps = TimestampMemory(statement.corpus, (keys.digest, stamping.digest), kept)
        refusal = rolled_back(timestamp, at_least, memory) or put_back(timestamp, stamps)
        index = None
        if refusal is None:
            try:
                index = memory.index(timestamp.digest, shard_reader(path, statement, key, limits), statement.chunks)
            except ManifestError as error:
                raise error.at(str(file)) from None
            if remembers:
                memory.accept(statement.version, timestamp.digest)
                if first is not None:
                    first.accept(statement.corpus)
                if now is None or timestamp.issued - now <= _AHEAD:
                    stamps.accept(timestamp)
        return cls(
            folder=path,
            statement=statement,
            timestamp=timestamp,
            key=key,
            timestamp_key=timestamp_key,
            index=index,
            refusal=refusal,
            quorum=quorum,
        )

    @classmethod
    def load_version(
        cls,
        file: str | Path,
        keys: KeySet,
        *,
        cache: str | Path | None = None,
        limits: Limits = DEFAULT_LIMITS,
    ) -> Self:
        """Return a manifest by its own file, whichever version is in force; for comparisons, not for gates.

        Args:
            file: `manifests/<version>.json` in its folder.
            keys: who may sign it.
            cache: as in `load`.
            limits: as in `load`.

        Raises:
            ManifestError: it does not verify.
        """
        path = Path(file)
        data = read_file(path, limits.manifest_bytes)
        statement, key = read_manifest(data, keys, str(path))
        digest = hashlib.sha256(data).hexdigest()
        timestamp = TimestampStatement(
            corpus=statement.corpus,
            version=statement.version,
            issuer=statement.issuer,
            issued=statement.issued,
            expires=statement.issued,
            digest=digest,
            length=len(data),
        )
        folder = path.parent.parent
        memory = ManifestMemory(statement.corpus, keys.digest, Path(cache) if cache is not None else None)
        index = memory.index(digest, shard_reader(folder, statement, key, limits), statement.chunks)
        return cls(
            folder=folder,
            statement=statement,
            timestamp=timestamp,
            key=key,
            timestamp_key=key,
            index=index,
            quorum=Quorum((key,)),
        )

    @property
    def state(self) -> tuple[object, ...]:
        """What is in force of it; another state is a reason to reload."""
        return (self.timestamp, self.timestamp_key.thumbprint, self.refusal is not None)

    def by(self, keys: KeySet, timestamp_keys: KeySet) -> Self:
        """Return the same manifest under other keys; if it is signed by none of them, it lists nothing (P103)."""
        quorum = self.quorum.among(keys)
        for key, is_known in (
            (self.key, quorum),
            (self.timestamp_key, Quorum((self.timestamp_key,)).among(timestamp_keys)),
        ):
            if is_known is None:
                corpus = self.statement.corpus
                message = f"The manifest of {corpus!r} is signed by {key.kid!r}, no key of its source any more."
                return replace(self, refusal=Finding("P103", message, detail={"kid": key.kid[:200]}))
        return self if quorum is None else replace(self, key=quorum.key, quorum=quorum)

    def taken_back(self, is_revoked: Callable[[VerificationKey], object]) -> tuple[VerificationKey, ...]:
        """Return the keys for which nothing that it lists counts, because they were revoked: too many of its own."""
        signers = () if self.quorum.without(is_revoked) is not None else self.quorum.signers
        return tuple(key for key in (*signers, self.timestamp_key) if is_revoked(key))

    def find(self, uri: str, digest: str, root: bytes = b"") -> Found | None:
        """Return what is listed for a text under a URI, or None.

        Args:
            uri: in its normal form.
            digest: of the text, as seals write it.
            root: over the blocks of a document of which the text was shown to be a run, if it was.
        """
        if self.index is None or self.refusal is not None:
            return None
        found = self.index.find(uri, b64url_decode(digest.partition(":")[2]))
        return self.index.find_root(uri, root) if found is None and root else found

    def absence(self, uri: str, source: str) -> Finding:
        """Return the finding about a text that is not listed (P110), or that nothing counts (P108)."""
        if self.refusal is not None:
            return self.refusal
        corpus, version = self.statement.corpus, self.statement.version
        is_known = self.index is not None and self.index.has_document(uri)
        what = "lists other texts for this document" if is_known else "does not list this document"
        detail = {"source": source, "corpus": corpus, "version": version, "uri": safe_uri(uri), "listed": is_known}
        return Finding("P110", f"The manifest of {corpus!r}, version {version}, {what}.", detail=detail)

    def standing(self, now: datetime, grace: timedelta, skew: timedelta) -> Finding | None:
        """Return the finding about the timestamp's time (P114, step 7), or None while it is in force.

        Args:
            now: the present.
            grace: how long after its end it is a warning only.
            skew: how far the publisher's clock may be ahead.
        """
        stamp, (issued, expires) = self.timestamp, self.window
        # The usual case, for each chunk of each admission.
        if issued <= now < expires:
            return None
        detail = {"corpus": stamp.corpus, "version": stamp.version, "expires": expires.isoformat()}
        if issued - now > skew:
            message = f"The timestamp of the manifest of {stamp.corpus!r} is from the future: {issued.isoformat()}."
            return Finding("P114", message, detail={**detail, "issued": issued.isoformat()})
        late = now - expires
        if late < timedelta(0):
            return None
        message = f"The timestamp of the manifest of {stamp.corpus!r} expired {expires:%Y-%m-%d %H:%M} UTC."
        return Finding("P114", message, "warning" if late < grace else "error", detail)

    @property
    def window(self) -> tuple[datetime, datetime]:
        """From when until before when its timestamp is in force."""
        # A certificate bounds what its key may say: the narrower of two windows counts.
        key, stamp = self.timestamp_key, self.timestamp
        issued = stamp.issued if key.valid_from is None else max(stamp.issued, key.valid_from)
        return issued, stamp.expires if key.valid_until is None else min(stamp.expires, key.valid_until)


def read_timestamp(
    folder: Path, keys: KeySet, limits: Limits = DEFAULT_LIMITS
) -> tuple[TimestampStatement, VerificationKey]:
    """Return what the timestamp in a folder says, and the key that signed it (step 1).

    Raises:
        ManifestError: it does not verify, or there is none: then no version is in force yet.
    """
    file = folder / "timestamp.json"
    pending = written_versions(folder)[-1:] if not file.exists() else []
    if pending:
        until = f"version {pending[0]} is pending until `headgate manifest sign` has put it in force"
        raise ManifestError("P106", f"there is none, so no version is in force; {until}", str(file))
    data = read_file(file, limits.timestamp_bytes)
    if len(data) > limits.timestamp_bytes:
        raise ManifestError("P106", f"it is longer than {limits.timestamp_bytes:,} bytes", str(file))
    try:
        payload, key = open_envelope(data, keys)
        return TimestampStatement.read(payload), key
    except ManifestError as error:
        raise error.at(str(file)) from None


def read_manifest(data: bytes, keys: KeySet, file: str) -> tuple[ManifestStatement, VerificationKey]:
    """Return what the content of a manifest's file says, and the key that signed it (step 3).

    Raises:
        ManifestError: it does not verify.
    """
    statement, signers = _read_signed(data, keys, file)
    return statement, signers[0]


def _read_signed(data: bytes, keys: KeySet, file: str) -> tuple[ManifestStatement, tuple[VerificationKey, ...]]:
    try:
        payload, signers = open_envelope_signers(data, keys)
        return ManifestStatement.read(payload), signers
    except ManifestError as error:
        raise error.at(file) from None


def _check_match(
    statement: ManifestStatement,
    timestamp: TimestampStatement,
    issuers: Issuers,
    signers: Sequence[VerificationKey],
    file: str,
) -> None:
    said = (statement.corpus, statement.version, statement.issuer)
    if said != (timestamp.corpus, timestamp.version, timestamp.issuer):
        raise ManifestError("P105", "manifest and timestamp are of different corpora, versions or issuers", file)
    for key in signers:
        if not may_sign(issuers, statement.issuer, key.thumbprint):
            by_whom = f" with the key {key.kid!r}" if statement.issuer in issuers else ""
            problem = f"its issuer {statement.issuer!r} may not speak for this source{by_whom}"
            raise ManifestError("P104", problem, file)
