"""A file of events that processes share: JSON Lines, only ever appended to, and read again once it has changed."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Generic, TypeVar

from headgate.encoding import to_json
from headgate.errors import HeadgateError

__all__ = ["EventFile", "Line"]

T = TypeVar("T")
Line = tuple[int, bytes]
"""A line that is not blank, after its number."""

_MAX_BYTES = 10_000_000
_MODE = 0o640


class EventFile(Generic[T]):
    """A file of events, and what they amount to.

    Threads may share it: what was read, and the state of the file when it was, are replaced together.

    Args:
        path: the file; it need not exist.
        understand: makes of the lines what they amount to, and may raise `HeadgateError`.
    """

    def __init__(self, path: Path, understand: Callable[[list[Line]], T]) -> None:
        self.path, self._understand = path, understand
        self._known: tuple[tuple[int, ...], T] | None = None

    def current(self) -> T:
        """Return what the events amount to; the very same object as long as the file is the same.

        Raises:
            FileNotFoundError: there is no file.
            HeadgateError: the file is too large, or a line of it cannot be understood.
            OSError: it cannot be read.
        """
        state = self.state()
        known = self._known
        if known is None or known[0] != state:
            known = self._known = state, self._understand(self._read())
        return known[1]

    def state(self) -> tuple[int, ...]:
        """Return what tells the file from what it was before it was changed.

        Raises:
            OSError: it cannot be asked, or is not there.
        """
        found = os.stat(self.path)
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino, found.st_dev

    def append(self, event: Mapping[str, str]) -> None:
        """Add an event; when this returns, it is on the disk.

        Raises:
            OSError: it could not be written, or not wholly.
        """
        line = to_json(event).encode("utf-8") + b"\n"
        descriptor = os.open(self.path, os.O_RDWR | os.O_APPEND | os.O_CREAT, _MODE)
        try:
            # A line that was torn ends here: it stays as unreadable as it is, and spoils no other.
            data = b"\n" + line if _is_torn(descriptor) else line
            # One write to a file opened for appending: lines of several processes never mix.
            written = os.write(descriptor, data)
            if written != len(data):
                raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes were written", str(self.path))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def _read(self) -> list[Line]:
        with self.path.open("rb") as file:
            content = file.read(_MAX_BYTES + 1)
        if len(content) > _MAX_BYTES:
            raise HeadgateError(f"{self.path}: the file is larger than {_MAX_BYTES:,} bytes.")
        return [(number, line) for number, line in enumerate(content.splitlines(), start=1) if line.strip()]


def _is_torn(descriptor: int) -> bool:
    size = os.fstat(descriptor).st_size
    if not size:
        return False
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1) != b"\n"
