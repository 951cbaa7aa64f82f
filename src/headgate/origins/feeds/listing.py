"""A manifest as a feed: the publisher's signed list says which documents there are, and when they were changed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from headgate.cache_folders import cache_folder, private_folder
from headgate.errors import HeadgateError, ManifestError
from headgate.origins.feeds.feed import Entry, FeedError, Pull, Reading, shown_place
from headgate.origins.fetching import FetchError
from headgate.origins.manifests import bring_manifest
from headgate.provenance import KeySet, Manifest
from headgate.provenance.issuers import Issuers
from headgate.provenance.names import OtherCorpusError
from headgate.provenance.values import EPOCH

__all__ = ["Listing", "Signers"]

_AHEAD = timedelta(minutes=5)  # as clocks that are right differ
_NAME_IT = "If another one is meant, write `corpus: NAME` beside `manifest`."
_NO_GRACE = timedelta(0)


@dataclass(frozen=True, slots=True)
class Signers:
    """Who may sign a manifest, as the policy says of the source.

    Attributes:
        keys: who may sign the manifest.
        timestamp_keys: who may sign its timestamp; None for the same.
        issuers: the accepted issuers, which may have their keys; empty for any.
        threshold: how many keys must have signed the manifest.
        at_least: the lowest version that is accepted.
    """

    keys: KeySet = field(default_factory=KeySet)
    timestamp_keys: KeySet | None = None
    issuers: Issuers = field(default_factory=dict)
    threshold: int = 1
    at_least: int = 0


@dataclass(frozen=True, slots=True)
class Listing:
    """The manifest in a folder, or at an address.

    Args:
        place: the folder, or the https:// address of one.
        reading: how it is fetched.
        signers: who may sign it.
        cache: the cache folder; by default the user's.
        corpus: the corpus that it has to be of; by default the one that was pulled first.
    """

    place: str | Path
    reading: Reading
    signers: Signers
    cache: Path | None = None
    corpus: str | None = None

    def pull(self, cursor: str, now: datetime) -> Pull:
        """Return what is listed, as of the time of the timestamp: who holds back a newer one verifies nothing by this.

        A document without a date of its own may have been changed until its list was signed.
        """
        where = shown_place(self.place)
        try:
            manifest = self._load(now)
        except OtherCorpusError as error:
            raise FeedError(f"{where}: {error} {_NAME_IT}") from None
        except (ManifestError, FetchError, OSError, HeadgateError) as error:
            raise FeedError(f"{where}: {error}") from None
        problem = manifest.refusal or manifest.standing(now, _NO_GRACE, _AHEAD)
        if problem is not None:
            raise FeedError(f"{where}: {problem.message}")
        _require_later(manifest, cursor, where, self.signers, is_named=self.corpus is not None)
        stamp = manifest.timestamp
        issued = min(stamp.issued, now)
        return Pull(
            list(_entries(manifest, issued)),
            is_complete=True,
            age=now - issued,
            cursor=_cursor_of(manifest),
        )

    def _load(self, now: datetime) -> Manifest:
        signers, cache = self.signers, self.cache
        folder = self.place
        if isinstance(folder, str):
            folder = self._bring(folder, now)
        return Manifest.load(
            folder,
            signers.keys,
            timestamp_keys=signers.timestamp_keys,
            issuers=signers.issuers,
            at_least=signers.at_least,
            threshold=signers.threshold,
            cache=cache,
            now=now,
            corpus=self.corpus,
        )

    def _bring(self, url: str, now: datetime) -> Path:
        signers = self.signers
        # By its keys too: what others have signed is another list, and no later version of it.
        # And by its corpus, where the policy names that: what is there of another one keeps it out of nothing.
        parts = (url, signers.keys.digest, *([self.corpus] if self.corpus is not None else []))
        name = hashlib.sha256("\n".join(parts).encode()).hexdigest()
        cache = self.cache if self.cache is not None else cache_folder()
        folder = private_folder(cache / "manifests") / name
        folder.mkdir(exist_ok=True)
        bring_manifest(
            url,
            folder,
            signers.keys,
            timestamp_keys=signers.timestamp_keys,
            at_least=signers.at_least,
            within=self.reading.within.total_seconds(),
            timeout=self.reading.timeout.total_seconds(),
            private=self.reading.private,
            now=now,
        )
        return folder


def _require_later(manifest: Manifest, cursor: str, where: str, signers: Signers, *, is_named: bool) -> None:
    """Raise if there is an earlier version than at the last pull, by keys that still count, or another corpus.

    Args:
        manifest: what is there.
        cursor: that of the last pull.
        where: its place.
        signers: who may sign it.
        is_named: whether the policy names its corpus, so that another one is meant.

    Raises:
        FeedError: so it is.
    """
    mark, _, corpus = cursor.partition(" ")
    version, _, held_by = mark.partition("@")
    if held_by and not _count(held_by.split(","), signers):
        return
    stamp = manifest.timestamp
    if corpus and corpus != stamp.corpus:
        if is_named:
            return
        raise FeedError(f"{where}: it is of the corpus {stamp.corpus!r}, and was of {corpus!r}. {_NAME_IT}")
    if version.isdecimal() and stamp.version < int(version):
        raise FeedError(f"{where}: it has version {stamp.version}, and version {version} was pulled before (P108).")


def _cursor_of(manifest: Manifest) -> str:
    """Return what is remembered of a manifest: its version, the thumbprints of the keys that signed it, its corpus."""
    stamp, signers = manifest.timestamp, sorted(key.thumbprint for key in manifest.quorum.signers)
    return f"{stamp.version}@{','.join(signers)} {stamp.corpus}"


def _count(thumbprints: Sequence[str], signers: Signers) -> bool:
    """Return whether enough of the keys that signed what was pulled before still may."""
    return len({key.thumbprint for key in signers.keys}.intersection(thumbprints)) >= signers.threshold


def _entries(manifest: Manifest, issued: datetime) -> Iterator[Entry]:
    if manifest.index is None:
        return
    for uri, seconds in manifest.index.dated():
        if seconds is None:
            yield Entry(uri, untold_until=min(manifest.statement.issued, issued))
        else:
            yield Entry(uri, min(EPOCH + timedelta(seconds=seconds), issued))
