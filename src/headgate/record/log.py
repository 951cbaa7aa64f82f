"""DecisionLog: one line per admission, on the disk before the documents are released.

Every record is one `write` to a descriptor opened for appending, so that records of several threads and processes do
not mix, and a process that is killed loses no record that `write` has returned for. docs/decision-log.md has the
format.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from headgate.clock import Clock, utc_now
from headgate.decision import Admission
from headgate.encoding import to_json_line
from headgate.forks import importing, renew_after_fork
from headgate.policy import Log
from headgate.record.asking import current_asker, load_salt, recorded_asker
from headgate.record.chain import Chain, last_digest
from headgate.record.rotation import rotate, warn_of_full_disk
from headgate.record.writing import LONGEST_LINE, log_record

__all__ = ["DecisionLog"]


class DecisionLog:
    """An append-only file of admissions.

    Args:
        path: the file; its folder must exist.
        settings: size, rotation and content; by default those of a policy that names only the path.
        clock: tells how old a rotated file is, whose time is that of the file system.

    Raises:
        OSError: the file cannot be opened.
    """

    def __init__(self, path: str | Path, settings: Log | None = None, *, clock: Clock = utc_now) -> None:
        self._path = Path(path)
        self._clock = clock
        self._chain: Chain | None = None
        self._salt: bytes | None = None
        self._settings = settings or Log(path=str(path))
        self._lock = threading.Lock()
        self._is_torn = False
        self._is_busy = False
        self._rotating = -1
        self._descriptor = -1
        self._descriptor = self._open()
        renew_after_fork(self)

    @property
    def path(self) -> Path:
        """The file that is written to."""
        return self._path

    def write(self, admission: Admission) -> None:
        """Write one record; when this returns, the operating system has it.

        Raises:
            OSError: it could not be written, or not wholly.
        """
        record = log_record(admission, full=self._settings.content == "full")
        whole = {**record, **self._asker(), "pid": os.getpid()}
        with self._alone():
            # Taken away until the record is written: whatever interrupts this, no two records claim one place.
            chain, self._chain = self._chain, None
            self._ensure_open()
            chain = chain or Chain(last_digest(self._descriptor))
            whole["chain"] = chain.link()
            line = to_json_line(whole) + b"\n"
            try:
                self._append(line, chain)
            finally:
                self._chain = chain

    def _append(self, line: bytes, chain: Chain) -> None:
        if len(line) > LONGEST_LINE:
            raise OSError(errno.EFBIG, f"a record of {len(line):,} bytes would not be read", str(self._path))
        self._make_room(len(line))
        # A line that was torn by an error ends here, so that it spoils no other.
        data = b"\n" + line if self._is_torn else line
        written = os.write(self._descriptor, data)
        self._is_torn = written != len(data)
        # What lacks only its line break is read as a record once the next one follows.
        if written >= len(data) - 1:
            chain.advance(line)
        if self._is_torn:
            raise OSError(errno.ENOSPC, f"only {written} of {len(data)} bytes were written", str(self._path))
        if self._settings.fsync:
            os.fsync(self._descriptor)

    def _asker(self) -> dict[str, object]:
        """Return who asked, as the settings want it recorded."""
        asker = current_asker()
        if not asker or self._settings.asker == "none":
            return {}
        if self._settings.asker == "digest" and self._salt is None:
            self._salt = load_salt(self._path)
        return {"asker": recorded_asker(asker, self._salt if self._settings.asker == "digest" else None)}

    def close(self) -> None:
        """Close the file; a record that is written later opens it again."""
        with self._alone():
            self._close()

    def __del__(self) -> None:
        # After a reload, admissions that began under the old policy may still write here; the last one lets go.
        if getattr(self, "_descriptor", -1) >= 0:
            self._close()

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Lock out other threads, in a way that a forked child can see."""
        with self._lock:
            self._is_busy = True
            try:
                yield
            finally:
                self._is_busy = False

    def _close(self) -> None:
        # Forgotten before it is closed: the number may belong to another file the moment after.
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)

    def _after_fork(self) -> None:
        """Go on in the child of a fork, whatever another thread of the parent was doing with the file."""
        self._chain = None
        # Whether the old lock is held cannot be asked: `locked` may lag behind a thread that has just acquired it.
        self._lock = threading.Lock()
        # A rotation is the parent's to finish. Its lock is shared with the child, and must not outlive the parent here.
        rotating, self._rotating = self._rotating, -1
        if rotating >= 0:
            with suppress(OSError):
                os.close(rotating)
        if self._is_busy:
            # The number may stand for another file by now, so it is forgotten rather than closed.
            self._is_busy, self._descriptor = False, -1

    def _open(self) -> int:
        descriptor = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
        # Another process may have been killed within its last line. Asked of the descriptor: the path may lead to
        # another file already, rotated by another process since it was opened.
        size = os.fstat(descriptor).st_size
        if size:
            os.lseek(descriptor, -1, os.SEEK_END)
        self._is_torn = size > 0 and os.read(descriptor, 1) != b"\n"
        return descriptor

    def _ensure_open(self) -> None:
        """Follow the file where another process rotated it."""
        if self._is_moved():
            self._reopen()

    def _make_room(self, coming: int) -> None:
        """Rotate the file where it is full."""
        if os.fstat(self._descriptor).st_size + coming <= self._settings.max_bytes:
            return
        with self._exclusive() as is_ours:
            # While another process renames the files, or hangs over it, records go on into the file that is open.
            if not is_ours:
                return
            if self._is_moved():  # another process was first
                self._reopen()
            if os.fstat(self._descriptor).st_size:
                rotate(self._path, self._settings, self._clock())
                self._reopen()
                warn_of_full_disk(self._path, self._settings)

    def _is_moved(self) -> bool:
        if self._descriptor < 0:
            return True
        try:
            there = os.stat(self._path)
        except FileNotFoundError:
            return True
        here = os.fstat(self._descriptor)
        return (there.st_ino, there.st_dev) != (here.st_ino, here.st_dev)

    def _reopen(self) -> None:
        self._close()
        self._descriptor = self._open()

    @contextmanager
    def _exclusive(self) -> Iterator[bool]:
        """Try to lock out other processes while files are renamed; yield whether that worked.

        Where there is no flock, only one process may write to a log that rotates.
        """
        try:
            with importing():
                import fcntl
        except ImportError:
            yield True
            return
        descriptor = os.open(self._path.with_name(f"{self._path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o640)
        self._rotating = descriptor
        is_ours = False
        try:
            with suppress(BlockingIOError):
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_ours = True
            yield is_ours
        finally:
            if is_ours:
                # Said aloud, because closing does not unlock what a forked child still holds.
                fcntl.flock(descriptor, fcntl.LOCK_UN)
            self._rotating = -1
            os.close(descriptor)
