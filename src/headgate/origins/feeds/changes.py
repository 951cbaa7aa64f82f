"""JSON Lines of changes, as any system can write them: `{"uri": ..., "kind": "changed", "at": ...}`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from headgate.clock import FIRST_DATE, read_instant
from headgate.encoding import replace_surrogates, shown
from headgate.freshness import identify_document
from headgate.origins.feeds.feed import Entry, FeedError, Pull, Reading, shown_place

__all__ = ["Changes"]

_HEAD = 64
_GAP = "It is not the file from before, and may lack changes: documents that it does not date are not verified."


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

        Another file, such as one that was rotated, may lack what was appended to the old one meanwhile.
        A line that is not ended yet is left for the next pull.
        """
        data = self.reading.read(self.place)
        whole = data[: data.rfind(b"\n") + 1]
        begin = _position(cursor, whole)
        has_gap = bool(cursor) and begin is None
        begin = begin or 0
        entries: dict[str, Entry] = {}
        removed: dict[str, str] = {}
        moved: dict[str, tuple[str, str]] = {}
        changed: dict[str, datetime] = {}  # what comes after a change takes nothing of it back
        was_gone: set[str] = set()
        number = whole[:begin].count(b"\n")
        for line in whole[begin:].splitlines():
            number += 1
            if not line.strip():
                continue
            uri, kind, at, to = self._parse(line, number)
            document = identify_document(uri) or uri
            if kind == "moved" and identify_document(to) == document:
                kind, at = "listed", None  # another spelling of its address is no other place
            for known in (entries, removed, moved):
                known.pop(document, None)  # the last word counts, in whatever spelling
            was_gone.update((document,) if kind in ("removed", "moved") else ())
            if kind == "removed":
                removed[document] = uri
            elif kind == "moved":
                moved[document] = uri, to
            else:
                # What was changed at a time that is not said was changed until now.
                said = at if at is not None else now
                if kind == "changed" or at is not None:
                    changed[document] = max(said, changed.get(document, said))
                # What is there again may be another text, unless that is dated.
                is_told = document not in was_gone or kind == "changed" or at is not None
                entries[document] = Entry(uri, changed.get(document), None if is_told else now)
        return Pull(
            list(entries.values()),
            list(removed.values()),
            dict(moved.values()),
            age=self.reading.take_age(),
            has_gap=has_gap,
            cursor=_cursor(whole),
            notes=[_GAP] if has_gap else [],
        )

    def _parse(self, line: bytes, number: int) -> tuple[str, str, datetime | None, str]:
        try:
            event = json.loads(line)
            uri, kind, to = event["uri"], event.get("kind", "changed"), event.get("to", "")
            uri, to = (replace_surrogates(one) if isinstance(one, str) else one for one in (uri, to))
            at = _time(event.get("at"))
            is_known = kind in ("listed", "changed", "removed") or (kind == "moved" and isinstance(to, str) and to)
            if isinstance(uri, str) and uri and is_known:
                return uri, kind, at, to
            problem = f"the kind {shown(kind)} is none" if isinstance(uri, str) and uri else "it names no uri"
            problem = 'it says no "to"' if kind == "moved" else problem
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
            problem = f"{type(error).__name__}: {error}"[:100]
        raise FeedError(
            f"{shown_place(self.place)}:{number}: the line is not a change ({problem}). Write "
            '{"uri": "https://...", "kind": "changed", "at": "2026-06-01T12:00:00Z"}; kinds are listed, changed, '
            'removed, and moved with "to".'
        )


def _time(text: object) -> datetime | None:
    """Return a time, or None for one that nobody has said: what is before `FIRST_DATE` stands for none."""
    if text is None:
        return None
    at = read_instant(text)
    return at if at >= FIRST_DATE else None


def _cursor(data: bytes) -> str:
    return (
        f"{len(data)}:{hashlib.sha256(data[:_HEAD]).hexdigest()[:16]}:{hashlib.sha256(data[-_HEAD:]).hexdigest()[:16]}"
    )


def _position(cursor: str, data: bytes) -> int | None:
    """Return where to go on, or None where the file is not the one that was read."""
    place = int(cursor.partition(":")[0]) if cursor.partition(":")[0].isdecimal() else 0
    return place if place <= len(data) and _cursor(data[:place]) == cursor else None
