"""Where what can be made again is kept on the machine, and whether others could have written there."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import threading
import weakref
from pathlib import Path

from headgate.forks import renew_after_fork

__all__ = ["CACHE_VARIABLE", "cache_folder", "is_private", "private_folder", "temporary_folder"]

CACHE_VARIABLE = "HEADGATE_CACHE"
"""The environment variable that names the cache folder."""


def cache_folder() -> Path:
    """Return the user's folder for what can be made again: `HEADGATE_CACHE`, or where the platform keeps caches."""
    named = os.environ.get(CACHE_VARIABLE)
    if named:
        return Path(named)
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "headgate" / "Cache"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "headgate"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "headgate"


def private_folder(folder: Path) -> Path:
    """Return a folder that is made if need be, and that nobody else can write to.

    Raises:
        OSError: there is none, and it cannot be made; or somebody else could write there what a gate would believe.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(f"{folder} cannot be written to")
    if not is_private(folder):
        raise PermissionError(f"others can write to {folder}")
    return folder


def is_private(folder: Path) -> bool:
    """Return whether nobody else can write to a folder, so that what it holds is believed.

    Raises:
        OSError: there is no such folder.
    """
    if not hasattr(os, "getuid"):
        return True
    found = folder.stat()
    return found.st_uid == os.getuid() and not found.st_mode & 0o022


class _Temporary:
    """A folder that goes with the process that made it, not with its forked children."""

    def __init__(self) -> None:
        self.folder: Path | None = None
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self.lock = threading.Lock()


_TEMPORARY = _Temporary()


def temporary_folder() -> Path:
    """Return a folder of this process, for what can be made again and could be kept nowhere else.

    Raises:
        OSError: there is none, and it cannot be made.
    """
    with _TEMPORARY.lock:
        if _TEMPORARY.folder is None or not _TEMPORARY.folder.is_dir():
            _TEMPORARY.folder = Path(tempfile.mkdtemp(prefix="headgate-"))
            weakref.finalize(_TEMPORARY, _remove, _TEMPORARY.folder, os.getpid())
        return _TEMPORARY.folder


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
