"""What happened to the documents of a source: when each was added, changed and removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

__all__ = ["ALIKE", "BULK_DOCUMENTS", "BULK_SHARE", "History", "Life", "stamped_together"]

# A commit that touches so many documents is a move, a licence header or a copy of the site: it says nothing about them.
BULK_DOCUMENTS, BULK_SHARE = 10, 0.1
ALIKE = timedelta(minutes=1)
"""What follows so closely was stamped together."""


@dataclass(slots=True)
class Life:
    """One document.

    Attributes:
        since: when it was added.
        until: when it was removed, if it was.
        is_gone: whether its removal is evidence; not where very many documents went at once.
        changes: when it was changed, in order; not by what touched very many documents at once.
    """

    since: datetime
    until: datetime | None = None
    is_gone: bool = False
    changes: list[datetime] = field(default_factory=list)


@dataclass(slots=True)
class History:
    """What happened to the documents of one source.

    Attributes:
        begin: the first event.
        end: the last event.
        lives: the documents by name; one that was removed and added again is two.
        bulk_changes: changes that are not evidence, because very many documents had them at once.
        bulk_events: in how many commits those were.
        is_of_last_changes: whether of each document its last change alone is known.
    """

    begin: datetime
    end: datetime
    lives: list[Life] = field(default_factory=list)
    bulk_changes: int = 0
    bulk_events: int = 0
    is_of_last_changes: bool = False

    @property
    def changes(self) -> int:
        """How many changes are evidence."""
        return sum(len(life.changes) for life in self.lives)

    @property
    def span(self) -> timedelta:
        """How long the history is."""
        return self.end - self.begin


def stamped_together(times: Mapping[str, datetime]) -> list[list[str]]:
    """Return which documents share a time that so many have that it says nothing about them, by the time.

    Args:
        times: the time of each document.
    """
    runs: list[list[str]] = []
    last: datetime | None = None
    for name, at in sorted(times.items(), key=lambda item: item[1]):
        if last is None or at - last >= ALIKE:
            runs.append([])
        runs[-1].append(name)
        last = at
    return [run for run in runs if len(run) > max(BULK_DOCUMENTS, BULK_SHARE * len(times))]
