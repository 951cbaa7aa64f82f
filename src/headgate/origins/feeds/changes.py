"""JSON Lines of changes, as any system can write them: `{"uri": ..., "kind": "changed", "at": ...}`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from headgate.clock import read_instant
from headgate.origins.feeds.feed import Entry, FeedError, Pull, Reading

__all__ = ["Changes"]

_HEAD = 64


@dataclass(frozen=True, slots=True)
class Changes:
    """A file, or an address, to which changes are appended.

    Args:
        place: a file, or an https:// address.
        reading: how it is read.
    """

    place: str | Path
    reading: Reading

    def pull(self, cursor: str, now: datetime) -> Pull:
        """Return what was appended since the last pull; all of it where the file is another one.

        A line that is not ended yet is left for the next pull.
        """
        data = self.reading.read(self.place)
        whole = data[: data.rfind(b"\n") + 1]
        begin = _position(cursor, whole)
        entries: dict[str, Entry] = {}
        removed: dict[str, None] = {}
        moved: dict[str, str] = {}
        number = whole[:begin].count(b"\n")
        for line in whole[begin:].splitlines():
            number += 1
            if not line.strip():
                continue
            uri, kind, at, to = self._parse(line, number)
            for known in (entries, removed, moved):
                known.pop(uri, None)  # the last word counts
            if kind == "removed":
                removed[uri] = None
            elif kind == "moved":
                moved[uri] = to
            else:
                # What was changed at a time that is not said was changed until now.
                said = at if at is not None and at <= now else now
                entries[uri] = Entry(uri, None if kind == "listed" and at is None else said)
        return Pull(list(entries.values()), list(removed), moved, cursor=_cursor(whole))

    def _parse(self, line: bytes, number: int) -> tuple[str, str, datetime | None, str]:
        try:
            event = json.loads(line)
            uri, kind, to = event["uri"], event.get("kind", "changed"), event.get("to", "")
            at = read_instant(event["at"]) if event.get("at") is not None else None
            is_known = kind in ("listed", "changed", "removed") or (kind == "moved" and isinstance(to, str) and to)
            if isinstance(uri, str) and uri and is_known:
                return uri, kind, at, to
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            pass
        raise FeedError(
            f"{self.place}:{number}: the line is not a change. Write "
            '{"uri": "https://...", "kind": "changed", "at": "2026-06-01T12:00:00Z"}; kinds are listed, changed, '
            'removed, and moved with "to".'
        )


def _cursor(data: bytes) -> str:
    return (
        f"{len(data)}:{hashlib.sha256(data[:_HEAD]).hexdigest()[:16]}:{hashlib.sha256(data[-_HEAD:]).hexdigest()[:16]}"
    )


def _position(cursor: str, data: bytes) -> int:
    """Return where to go on, or 0 where the file is not the one that was read."""
    place = int(cursor.partition(":")[0]) if cursor.partition(":")[0].isdecimal() else 0
    return place if place <= len(data) and _cursor(data[:place]) == cursor else 0
