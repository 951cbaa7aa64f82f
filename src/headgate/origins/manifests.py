"""A published manifest brought into a folder: for a scheduled job beside gates, which read the folder and no network.

In the order of The Update Framework, each file under a bound that a signature has set before it is asked for: the
timestamp, the manifest that it names, what that lists, and only when all of it is there the timestamp is put in place.
What is there already, by its content, is not fetched again, so that an interrupted run is continued by the next.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from headgate.clock import utc_now
from headgate.encoding import safe_uri
from headgate.errors import ManifestError
from headgate.files import write_bytes
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.origins.fetching import FetchError, fetch
from headgate.provenance import KeySet
from headgate.provenance.envelopes import open_envelope
from headgate.provenance.manifest_files import read_file
from headgate.provenance.manifests import (
    changes_path,
    manifest_path,
    read_manifest,
    read_timestamp,
    shard_path,
    shard_reader,
)
from headgate.provenance.names import OtherCorpusError
from headgate.provenance.shards import inflate
from headgate.provenance.stamps import is_before
from headgate.provenance.statements import Shard, TimestampStatement

__all__ = ["Brought", "bring_manifest"]

_Get = Callable[[str, int], bytes]
_AT_ONCE = 8
_AHEAD = timedelta(minutes=5)  # as clocks that are right differ
_MOST_OVERHEAD = 1_024  # of gzip, beside a thousandth of what cannot be compressed


@dataclass(frozen=True, slots=True)
class Brought:
    """What was brought.

    Attributes:
        timestamp: what the timestamp in force says.
        files: how many files were fetched.
        is_new: whether anything was put in place.
    """

    timestamp: TimestampStatement
    files: int
    is_new: bool = False


def bring_manifest(
    url: str,
    folder: Path,
    keys: KeySet,
    *,
    timestamp_keys: KeySet | None = None,
    at_least: int = 0,
    within: float = 600.0,
    timeout: float = 30.0,
    private: Collection[str] = (),
    limits: Limits = DEFAULT_LIMITS,
    now: datetime | None = None,
) -> Brought:
    """Fetch a manifest from an address into a folder, if it is a later one; otherwise nothing is changed there.

    Args:
        url: the `https://` address of the folder that holds `timestamp.json`.
        folder: where it is brought.
        keys: who may sign the manifest.
        timestamp_keys: who may sign the timestamp; by default the same.
        at_least: the lowest version that is accepted.
        within: how long all of it may take, in seconds.
        timeout: how long one file may take, in seconds.
        private: the names of hosts that may be in a private network.
        limits: bounds on what is read.
        now: the present; by default what the clock shows. A timestamp that is there and from the future keeps none out.

    Raises:
        FetchError: a file does not answer in time, or not with what was signed; what was fetched is kept.
        ManifestError: something does not verify, or is no later than what is there (P108).
        OSError: it cannot be written.
    """
    if any(sign in url for sign in "?#"):
        raise FetchError(f"{safe_uri(url)}: the address of a folder has no query.")
    base, deadline = url.rstrip("/"), time.monotonic() + within
    stamping = timestamp_keys if timestamp_keys is not None else keys

    def get(path: str, most: int) -> bytes:
        left = deadline - time.monotonic()
        if left <= 0:
            raise FetchError(f"{safe_uri(base)}: it takes longer than {within:g} s; the next run goes on from here.")
        return fetch(f"{base}/{path}", most=most, timeout=min(timeout, left), private=private)

    stamp = get("timestamp.json", limits.timestamp_bytes)
    timestamp = _timestamp(stamp, stamping, base)
    before = _before(folder, keys, stamping)
    _require_later(timestamp, before, at_least, str(folder), now if now is not None else utc_now())
    if timestamp == before:
        return Brought(timestamp, 1)
    fetched = 1
    # A timestamp that was only renewed stands before what is all there.
    if before is None or before.digest != timestamp.digest or not _has_manifest(folder, timestamp):
        fetched += _bring_version(timestamp, folder, keys, get, limits)
    write_bytes(folder / "timestamp.json", stamp)
    return Brought(timestamp, fetched, is_new=True)


def _bring_version(timestamp: TimestampStatement, folder: Path, keys: KeySet, get: _Get, limits: Limits) -> int:
    """Bring the manifest that a timestamp names, and what that lists, and return how many files were fetched."""
    file = manifest_path(Path(), timestamp.version).as_posix()
    if timestamp.length > limits.manifest_bytes:
        raise ManifestError("P106", f"it is longer than {limits.manifest_bytes:,} bytes", file)
    data = get(file, timestamp.length)
    if hashlib.sha256(data).hexdigest() != timestamp.digest:
        raise ManifestError("P105", "it is not the file that the timestamp names", file)
    statement, key = read_manifest(data, keys, file)
    named = (timestamp.corpus, timestamp.version, timestamp.issuer)
    if (statement.corpus, statement.version, statement.issuer) != named:
        raise ManifestError("P105", "manifest and timestamp are of different corpora, versions or issuers", file)
    # Of more than the limits allow nothing is fetched.
    shard_reader(folder, statement, key, limits)
    wanted = {shard_path(folder, shard): shard for shard in statement.shards}
    if statement.changes is not None:
        wanted[changes_path(folder, statement.changes.file)] = statement.changes.file
    fetched = _bring_listed(wanted, folder, get, limits)
    write_bytes(manifest_path(folder, timestamp.version), data)
    return fetched + 1


def _timestamp(data: bytes, keys: KeySet, base: str) -> TimestampStatement:
    try:
        return TimestampStatement.read(open_envelope(data, keys)[0])
    except ManifestError as error:
        raise error.at(f"{safe_uri(base)}/timestamp.json") from None


def _before(folder: Path, keys: KeySet, stamping: KeySet) -> TimestampStatement | None:
    """Return what the timestamp in the folder says; None where there is none, or none by these keys.

    Nor one of a manifest by other keys: whoever signs timestamps may have signed one for a key that has leaked.
    """
    try:
        timestamp, _ = read_timestamp(folder, stamping)
        file = manifest_path(folder, timestamp.version)
        data = read_file(file, timestamp.length) if file.is_file() else b""
        if hashlib.sha256(data).hexdigest() == timestamp.digest:
            read_manifest(data, keys, str(file))
    except ManifestError:
        return None
    return timestamp


def _require_later(
    timestamp: TimestampStatement, before: TimestampStatement | None, at_least: int, place: str, now: datetime
) -> None:
    if timestamp.version < at_least:
        raise ManifestError("P108", f"it has version {timestamp.version}, and at least {at_least} is wanted", place)
    if before is None or timestamp == before:
        return
    if before.corpus != timestamp.corpus:
        raise OtherCorpusError("P105", f"there is a manifest of another corpus, {before.corpus!r}", place)
    is_same = timestamp.version == before.version
    is_earlier = before.issued - now <= _AHEAD and is_before(timestamp, before)
    if timestamp.version < before.version or (is_same and (timestamp.digest != before.digest or is_earlier)):
        problem = f"version {before.version}, issued {before.issued:%Y-%m-%d %H:%M} UTC, is there already"
        raise ManifestError("P108", problem, place)


def _has_manifest(folder: Path, timestamp: TimestampStatement) -> bool:
    try:
        data = manifest_path(folder, timestamp.version).read_bytes()
    except OSError:
        return False
    return hashlib.sha256(data).hexdigest() == timestamp.digest


def _bring_listed(wanted: dict[Path, Shard], folder: Path, get: _Get, limits: Limits) -> int:
    """Fetch what is not there, several at a time, and return how many files that were."""

    def bring(entry: tuple[Path, Shard]) -> int:
        path, shard = entry
        if _is_there(path, shard):
            return 0
        name = path.relative_to(folder).as_posix()
        if shard.length > limits.shard_bytes:
            raise ManifestError("P106", f"it has more than {limits.shard_bytes:,} bytes", name)
        data = get(name, shard.length + shard.length // 1_000 + _MOST_OVERHEAD)
        try:
            inflate(data, shard)
        except ManifestError as error:
            raise error.at(name) from None
        write_bytes(path, data, is_forced=False)
        return 1

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        try:
            return sum(pool.map(bring, wanted.items()))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _is_there(path: Path, shard: Shard) -> bool:
    try:
        inflate(path.read_bytes(), shard)
    except (OSError, ManifestError):
        return False
    return True
