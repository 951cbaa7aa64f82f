"""Times as a registry's file holds them: in microseconds since 1970."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta, timezone

__all__ = ["NEVER_TOLD", "as_instant", "as_micros"]

NEVER_TOLD = datetime.max.replace(tzinfo=timezone.utc)
"""`Said.untold_until` of a document whose changes a feed does not tell."""

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_FIRST = datetime.min.replace(tzinfo=timezone.utc)


def as_micros(time: datetime | None) -> int | None:
    """Return a time as the registry's file holds it: in microseconds since 1970."""
    if time is None:
        return None
    # In another zone, the ends of the calendar are beyond those of UTC.
    return (min(max(time, _FIRST), NEVER_TOLD) - _EPOCH) // timedelta(microseconds=1)


def as_instant(micros: object) -> datetime | None:
    """Return the time that the registry's file holds.

    Raises:
        sqlite3.DatabaseError: it is none.
    """
    if micros is None:
        return None
    try:
        if isinstance(micros, int):
            return _EPOCH + timedelta(microseconds=micros)
    except OverflowError:
        pass
    raise sqlite3.DatabaseError("a time in it cannot be read")  # SQLite stores anything anywhere
