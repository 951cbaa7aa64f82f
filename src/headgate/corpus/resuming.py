"""What is finished of a long run, kept beside its output, so that a run after a kill goes on where the other ended.

A file of lines: what the run is about, then one line per block of documents, each with a MAC over itself and all lines
before it. The MAC's key is derived from the publisher's private key: a line that somebody changed, moved or put there,
and all that follows it, is not believed. Neither is what an interrupted write left at its end.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from typing_extensions import Self

from headgate.encoding import canonical_json

__all__ = ["Journal"]

_MOST_BYTES = 1_000_000_000  # of a line
_LABEL = b"headgate: what is finished of a run"


class Journal:
    """The finished blocks of a run.

    Args:
        path: the file; it is made if there is none, or if what is there is about another run.
        about: what results depend on beside their input: options, keys.
        secret: known to nobody who could have an interest in changing the file.
        is_recent: returns whether what was begun at this time, in seconds since 1970, may still be used.
        now: the present, in seconds since 1970.

    Attributes:
        kept: how many results of an earlier run were used.

    Raises:
        OSError: the file cannot be written, or is not a regular file.
    """

    def __init__(
        self, path: Path, about: Mapping[str, object], *, secret: bytes, is_recent: Callable[[int], bool], now: int
    ) -> None:
        self._path = path
        self._about = canonical_json(about)
        self._key = hmac.new(secret, _LABEL, hashlib.sha256).digest()
        self._mac = b""
        self.kept = 0
        self._file: BinaryIO = _open(path)
        begun = self._read()
        if begun is None or begun.get("about") != hashlib.sha256(self._about).hexdigest() or not _is(begun, is_recent):
            self._restart(now)
        self._end = self._file.tell()
        self._is_reading = True

    def next(self, inputs: str) -> object | None:
        """Return what was made of the next block, or None from the first one on that is not there as it has to be.

        Args:
            inputs: the digest of the block's documents.
        """
        if not self._is_reading:
            return None
        before = self._mac
        line = self._read()
        if line is None or line.get("inputs") != inputs:
            self._mac, self._is_reading = before, False
            self._file.truncate(self._end)
            self._file.seek(self._end)
            return None
        self._end = self._file.tell()
        results = line.get("results")
        self.kept += len(results) if isinstance(results, list) else 0
        return results

    def add(self, inputs: str, results: object) -> None:
        """Keep what was made of a block; `next` has returned None for it."""
        self._write({"inputs": inputs, "results": results})

    def remove(self) -> None:
        """Remove the file: the run has come to its end."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def _restart(self, now: int) -> None:
        self._mac = b""
        self._file.truncate(0)
        self._file.seek(0)
        self._write({"about": hashlib.sha256(self._about).hexdigest(), "begun": now})

    def _read(self) -> dict[str, object] | None:
        line = self._file.readline(_MOST_BYTES)
        said, separator, mac = line.rpartition(b"\t")
        expected = self._mac_of(said)
        if not separator or not hmac.compare_digest(mac, expected.hex().encode() + b"\n"):
            return None
        self._mac = expected
        found: dict[str, object] = json.loads(said)
        return found

    def _write(self, value: Mapping[str, object]) -> None:
        # In ASCII, so that a text in a message that is not valid Unicode can be written too.
        said = json.dumps(value, separators=(",", ":"), allow_nan=False).encode("ascii")
        self._mac = self._mac_of(said)
        self._file.write(said + b"\t" + self._mac.hex().encode() + b"\n")
        # To the system: that outlives this process. A loss of power may take the end, which is then made again.
        self._file.flush()

    def _mac_of(self, said: bytes) -> bytes:
        return hmac.new(self._key, self._mac + said, hashlib.sha256).digest()


def _open(path: Path) -> BinaryIO:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Not through a link, and not a pipe: what is not a journal is emptied.
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags | getattr(os, "O_BINARY", 0), 0o600)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(f"{path} is not a regular file")
    return os.fdopen(descriptor, "r+b")


def _is(begun: Mapping[str, object], is_recent: Callable[[int], bool]) -> bool:
    when = begun.get("begun")
    return type(when) is int and is_recent(when)
