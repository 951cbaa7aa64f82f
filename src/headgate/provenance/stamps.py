"""The latest timestamp of a manifest that was accepted, so that an earlier one of the same version is not put back.

It is kept beside the versions that were accepted, in the user's cache folder; where nothing can be written, the process
alone remembers it.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from headgate.cache_folders import cache_folder, is_private, private_folder
from headgate.forks import renew_after_fork
from headgate.provenance.statements import TimestampStatement, in_seconds

__all__ = ["TimestampMemory", "is_before"]

_NAME = re.compile(r"([0-9]{1,19})_(-?[0-9]{1,19})_(-?[0-9]{1,19})")
_Stamp = tuple[int, int, int]  # version, issued, expires
_log = logging.getLogger("headgate")


class _Process:
    """What this process remembers, whatever the folder."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.latest: dict[str, _Stamp] = {}
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self.lock = threading.Lock()


_PROCESS = _Process()


class TimestampMemory:
    """What is remembered of the timestamps of one corpus.

    Args:
        corpus: the name of the corpus.
        keys: the digests of the key sets for manifests and for timestamps. Other sets start again, so that a key that
            leaked cannot run the time ahead for good.
        folder: the cache folder; by default the user's.
    """

    def __init__(self, corpus: str, keys: tuple[str, str], folder: Path | None = None) -> None:
        self._name = hashlib.sha256("\0".join((*keys, corpus)).encode()).hexdigest()[:32]
        self._root = folder

    def is_outdated(self, timestamp: TimestampStatement) -> bool:
        """Return whether a later timestamp of the same version was accepted before, as `is_before` orders them."""
        latest = self._latest()
        stamp = _stamp_of(timestamp)
        return latest is not None and latest[0] == stamp[0] and _order(stamp) < _order(latest)

    def accept(self, timestamp: TimestampStatement) -> None:
        """Remember a timestamp, unless a later one is."""
        stamp = _stamp_of(timestamp)
        with _PROCESS.lock:
            known = _PROCESS.latest.get(self._name)
            if known is None or _order(known) < _order(stamp):
                _PROCESS.latest[self._name] = stamp
        try:
            folder = private_folder(self._folder)
            # A file a timestamp, whose name is all there is to it: no two processes can set one another back.
            (folder / _name_of(stamp)).touch()
            for other in self._kept():
                if _order(other) < _order(stamp):
                    (folder / _name_of(other)).unlink(missing_ok=True)
        except (OSError, RuntimeError) as error:
            _log.warning("the timestamp of a manifest is remembered by this process alone: %s", error)

    @property
    def _folder(self) -> Path:
        return (self._root if self._root is not None else cache_folder()) / "timestamps" / self._name

    def _latest(self) -> _Stamp | None:
        with _PROCESS.lock:
            known = _PROCESS.latest.get(self._name)
        return max([*self._kept(), *([known] if known is not None else ())], key=_order, default=None)

    def _kept(self) -> Iterator[_Stamp]:
        try:
            names = os.listdir(self._folder) if is_private(self._folder) else []
        except (OSError, RuntimeError):
            return
        for name in names:
            found = _NAME.fullmatch(name)
            if found is not None:
                version, issued, expires = map(int, found.groups())
                yield version, issued, expires


def is_before(timestamp: TimestampStatement, other: TimestampStatement) -> bool:
    """Return whether a timestamp is an earlier one than another, of its version or of one before.

    Of two that were issued in one second the one that ends first is the later one: who shortens means it.
    """
    return _order(_stamp_of(timestamp)) < _order(_stamp_of(other))


def _stamp_of(timestamp: TimestampStatement) -> _Stamp:
    return timestamp.version, in_seconds(timestamp.issued), in_seconds(timestamp.expires)


def _order(stamp: _Stamp) -> _Stamp:
    version, issued, expires = stamp
    return version, issued, -expires


def _name_of(stamp: _Stamp) -> str:
    return "_".join(map(str, stamp))
