"""What manifests leave on the machine: the index of each version, and the highest version that was accepted.

Both are kept in the user's cache folder. An index that is gone is made again; where nothing can be written, an index is
kept in a temporary folder, and versions are remembered by the process alone.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from headgate.cache_folders import cache_folder, is_private, private_folder, temporary_folder
from headgate.errors import ManifestError
from headgate.forks import Lock, hold_at_fork, renew_after_fork
from headgate.provenance.indexes import FORM, ManifestIndex
from headgate.provenance.indexing import ShardReader, apply_changes, write_index

__all__ = ["ManifestMemory"]

_KEPT = 2  # indexes of one corpus: the one in force, and the one before, from which the next is made
_BLOCK = 1 << 18  # fits the processor's cache
_log = logging.getLogger("headgate")


class _Process:
    """What this process remembers, whatever the folder: open indexes, and the highest versions."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.indexes: weakref.WeakValueDictionary[tuple[Path, str, str], ManifestIndex] = weakref.WeakValueDictionary()
        self.highest: dict[str, tuple[int, str]] = {}
        renew_after_fork(self)
        hold_at_fork(self)

    def _locks_at_fork(self) -> tuple[Lock, ...]:
        return (self.lock,)

    def _after_fork(self) -> None:
        self.lock = threading.RLock()


_PROCESS = _Process()


class ManifestMemory:
    """What is remembered of the manifests of one corpus under one set of keys.

    Args:
        corpus: the name of the corpus.
        keys: the digest of the key set. Another set starts again, so that a key that leaked cannot run the count of
            versions ahead for good.
        folder: the cache folder; by default the user's.
    """

    def __init__(self, corpus: str, keys: str, folder: Path | None = None) -> None:
        self.name = hashlib.sha256(f"{keys}\0{corpus}".encode()).hexdigest()[:32]
        self._folder = folder

    def highest(self) -> tuple[int, str] | None:
        """Return the highest version that was accepted, and the digest of its manifest."""
        known = [*self._versions()]
        with _PROCESS.lock:
            remembered = _PROCESS.highest.get(self.name)
        # Of two contents of one version, the process holds to the one that it has seen itself.
        return max([*([remembered] if remembered else ()), *known], key=lambda one: one[0], default=None)

    def accept(self, version: int, digest: str) -> None:
        """Remember a version, unless a higher one is."""
        with _PROCESS.lock:
            if version > _PROCESS.highest.get(self.name, (-1, ""))[0]:
                _PROCESS.highest[self.name] = version, digest
        try:
            folder = private_folder(self._root() / "versions" / self.name)
            # A file a version, whose name is all there is to it: no two processes can set one another back.
            (folder / f"{version}-{digest}").touch()
            for lower, other in self._versions():
                if lower < version:
                    (folder / f"{lower}-{other}").unlink(missing_ok=True)
        except (OSError, RuntimeError) as error:
            _log.warning("the version of a manifest is remembered by this process alone: %s", error)

    def index(self, digest: str, reader: ShardReader, chunks: int) -> ManifestIndex:
        """Return the index of a manifest; it is made if it is not there, or not what was written.

        Args:
            digest: of the manifest.
            reader: where its shards come from.
            chunks: how many chunks it says that it lists.

        Raises:
            ManifestError: a shard is not what was signed, or the index can be written nowhere.
        """
        try:
            folder = private_folder(self._root() / "manifests")
        except (OSError, RuntimeError) as error:
            _log.warning("a manifest is indexed in a temporary folder: %s", error)
            try:
                folder = temporary_folder()
            except OSError as none:
                raise ManifestError("P106", f"there is no folder in which it can be indexed ({none})") from none
        with _PROCESS.lock:
            key = (folder, self.name, digest)
            known = _PROCESS.indexes.get(key) or self._opened(folder, digest)
            if known is None:
                known = self._made(folder, digest, reader, chunks)
            _PROCESS.indexes[key] = known
            return known

    def _root(self) -> Path:
        return self._folder if self._folder is not None else cache_folder()

    def _versions(self) -> Iterator[tuple[int, str]]:
        try:
            folder = self._root() / "versions" / self.name
            # What others can write there would keep out the publisher's next versions.
            names = os.listdir(folder) if is_private(folder) else []
        except (OSError, RuntimeError):
            return
        for name in names:
            version, _, digest = name.partition("-")
            if version.isascii() and version.isdigit() and len(version) < 20 and digest:
                yield int(version), digest

    def _opened(self, folder: Path, digest: str) -> ManifestIndex | None:
        for path in folder.glob(f"{self.name}-{digest}-*.sqlite"):
            if _is_whole(path):
                try:
                    index = ManifestIndex(path)
                    if index.form == FORM:
                        return index
                    index.close()
                except sqlite3.Error:
                    pass
            _log.warning("the index %s is not what this version writes, and is made again", path)
            _discard(path)
        return None

    def _made(self, folder: Path, digest: str, reader: ShardReader, chunks: int) -> ManifestIndex:
        aside = folder / f".{secrets.token_hex(8)}.part"
        try:
            self._write(folder, aside, reader, chunks)
            # Not forced to the disk: its name says what it holds, and one that a loss of power has torn is made again.
            path = folder / f"{self.name}-{digest}-{_sum(aside)}.sqlite"
            aside.replace(path)
            index = ManifestIndex(path)
        except (OSError, sqlite3.Error) as error:
            raise ManifestError("P106", f"it cannot be indexed ({error})") from error
        finally:
            _discard(aside)
        self._prune(folder, path)
        return index

    def _write(self, folder: Path, aside: Path, reader: ShardReader, chunks: int) -> None:
        """Write an index: by the changes since the version before, where they can be applied, or by the shards."""
        if reader.changes is not None and self._copied(folder, aside, reader.changes.manifest):
            try:
                _require_chunks(apply_changes(aside, reader), chunks)
            except (ManifestError, sqlite3.Error) as error:
                _log.warning("a manifest is indexed from its shards, not from its changes: %s", error)
                _discard(aside)
            else:
                return
        is_based = self._copied(folder, aside)
        _require_chunks(write_index(aside, reader, is_based=is_based)[0], chunks)

    def _copied(self, folder: Path, aside: Path, digest: str = "") -> bool:
        """Copy the index of another version that this one can be made from: of the manifest with this digest."""
        begin = f"{self.name}-{digest}"
        return any(_copy_whole(path, aside) for path in self._by_age(folder) if path.name.startswith(begin))

    def _prune(self, folder: Path, path: Path) -> None:
        others = [other for other in self._by_age(folder) if other != path]
        for old in others[_KEPT - 1 :]:
            _discard(old)

    def _by_age(self, folder: Path) -> list[Path]:
        found = []
        for path in folder.glob(f"{self.name}-*.sqlite"):
            try:
                found.append((path.stat().st_mtime_ns, path))
            except OSError:
                continue  # another process has taken it away
        return [path for _, path in sorted(found, reverse=True)]


def _require_chunks(listed: int, chunks: int) -> None:
    if listed != chunks:
        raise ManifestError("P106", f"its shards list {listed:,} chunks, not {chunks:,}")


def _is_whole(path: Path) -> bool:
    try:
        return path.stem.rpartition("-")[2] == _sum(path)
    except OSError:
        return False


def _copy_whole(path: Path, copy: Path) -> bool:
    """Copy an index, and return whether it is what was written; nothing is left of one that is not."""
    try:
        with copy.open("xb") as stream:
            is_whole = path.stem.rpartition("-")[2] == _sum(path, stream)
    except OSError:
        is_whole = False
    if not is_whole:
        _discard(copy)
    return is_whole


def _sum(path: Path, copy: BinaryIO | None = None) -> str:
    """Return the SHA-256 of a file, and copy it on the way."""
    digest, buffer = hashlib.sha256(), bytearray(_BLOCK)
    with path.open("rb", buffering=0) as file, memoryview(buffer) as view:
        while size := file.readinto(view):
            digest.update(view[:size])
            if copy is not None:
                copy.write(view[:size])
    return digest.hexdigest()


def _discard(path: Path) -> None:
    # It may be open elsewhere, or a folder; it is never read.
    with suppress(OSError):
        path.unlink(missing_ok=True)
