"""When a decision log moves to its next file, and when an old file may go."""

from __future__ import annotations

import logging
import os
import shutil
from datetime import datetime, timedelta, timezone
from pathlib import Path

from headgate.policy import Log

__all__ = ["numbered", "rotate", "warn_of_full_disk"]

# Warned early enough that somebody can make room: before the disk has room for fewer files than this.
_FILES_LEFT = 10
_log = logging.getLogger("headgate")


def numbered(path: Path, number: int) -> Path:
    """Return where the file goes that was current `number` rotations ago."""
    return path.with_name(f"{path.name}.{number}")


def rotate(path: Path, settings: Log, now: datetime) -> None:
    """Move the file to `.1`, that one to `.2`, and so on; what need not be kept any longer goes.

    Args:
        path: the log.
        settings: `keep` files stay, and those that were written to within `keep_for`.
        now: the present; aware.

    Raises:
        OSError: a file cannot be moved.
    """
    count = 0
    while numbered(path, count + 1).exists():
        count += 1
    for number in range(count, 0, -1):
        file = numbered(path, number)
        if number >= settings.keep and _may_go(file, settings.keep_for, now):
            file.unlink()
        else:
            file.replace(numbered(path, number + 1))
    path.replace(numbered(path, 1))


def warn_of_full_disk(path: Path, settings: Log) -> bool:
    """Say so if the disk has room for fewer than ten more files; return whether it has."""
    try:
        free = shutil.disk_usage(path.parent).free
    except OSError:
        return False
    if free >= _FILES_LEFT * settings.max_bytes:
        return False
    _log.warning(
        "the disk of the decision log %s has %s MB left, which is less than %d more files of it. Where a record cannot "
        "be written, `log.on_error` decides.",
        path,
        f"{free // 1_000_000:,}",
        _FILES_LEFT,
    )
    return True


def _may_go(file: Path, keep_for: timedelta | None, now: datetime) -> bool:
    if keep_for is None:
        return True
    written = datetime.fromtimestamp(os.stat(file).st_mtime, timezone.utc)
    return now - written >= keep_for
