"""The files of a log, open, each with how far it was read: known by their first lines, whatever they are called."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from headgate.compaction.state import Progress, State
from headgate.encoding import digest_label
from headgate.record.reading import log_files

__all__ = ["OpenFile", "open_files"]

_FIRST_BYTES = 1_000_000
_LAST_BYTES = 1_000_000
_TRIES = 5


@dataclass(slots=True)
class OpenFile:
    """A file of a log.

    Attributes:
        path: where it was when it was opened; it may have been rotated since.
        stream: its content.
        progress: how far it was read; None if there is no whole line in it yet.
        problem: why it cannot be read further.
        is_torn: whether all that is in it is a line without an end.
    """

    path: Path
    stream: BinaryIO
    progress: Progress | None = None
    problem: str | None = None
    is_torn: bool = False

    def settle(self, start: int, end: int) -> None:
        """Note what was read last, so that a change of it is seen.

        Args:
            start: where the last line begins.
            end: where it ends; here reading goes on.
        """
        if self.progress is not None:
            self.progress.last_bytes = min(end - start, _LAST_BYTES)
            self.progress.last = self._digest(end - self.progress.last_bytes, end)

    def is_changed(self) -> bool:
        """Return whether what was read last is another line now."""
        progress = self.progress
        if progress is None or not progress.last_bytes:
            return False
        return self._digest(progress.bytes - progress.last_bytes, progress.bytes) != progress.last

    def _digest(self, start: int, end: int) -> str:
        place = self.stream.tell()
        self.stream.seek(start)
        data = self.stream.read(end - start)
        self.stream.seek(place)
        return digest_label(data)


def open_files(log: Path, name: str, state: State, stack: ExitStack) -> list[OpenFile]:
    """Return the files of a log, the oldest first.

    Args:
        log: the log.
        name: what the state calls it.
        state: what is known of its files.
        stack: closes them.

    Raises:
        OSError: a file cannot be read.
    """
    files: list[OpenFile] = []
    seen: set[tuple[int, int]] = set()
    known = {file.first: file for file in state.files if file.log == name}
    taken: dict[str, Path] = {}
    for path in _present(log):
        try:
            stream = stack.enter_context(path.open("rb"))
        except FileNotFoundError:  # rotated since; it is found under its next name, or the next run finds it
            continue
        status = os.fstat(stream.fileno())
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        file = OpenFile(path, stream)
        files.append(file)
        _identify(file, name, known, taken, status.st_size)
    return files


def _present(log: Path) -> list[Path]:
    """Return the files, listed again while they are being renamed."""
    found = log_files(log)
    for _ in range(_TRIES):
        again = log_files(log)
        if again == found:
            break
        found = again
    return found


def _identify(file: OpenFile, name: str, known: dict[str, Progress], taken: dict[str, Path], size: int) -> None:
    first = _first_line(file.stream)
    if not first.endswith(b"\n") and len(first) < _FIRST_BYTES:
        file.is_torn = bool(first)
        return
    digest = digest_label(first)
    if digest in taken:
        file.problem = f"it begins as {taken[digest].name} does, so which of them was read cannot be told; skipped"
        return
    taken[digest] = file.path
    file.progress = known.get(digest) or Progress(name, digest, file.path.name)
    file.progress.name = file.path.name
    if file.progress.bytes > size:
        file.problem = f"it is shorter than when it was read ({size:,} of {file.progress.bytes:,} bytes); skipped"
    elif file.is_changed():
        file.problem = f"line {file.progress.lines} is not the one that was read, so it was changed since; skipped"


def _first_line(stream: BinaryIO) -> bytes:
    """Return the first line that is not empty, or as much of it as tells it from others."""
    stream.seek(0)
    while line := stream.readline(_FIRST_BYTES):
        if line.strip():
            return line
    return b""
