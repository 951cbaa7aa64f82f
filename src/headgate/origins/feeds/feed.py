"""The interface of a feed. A further kind is one file that has it, and a line in `opening`."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone, tzinfo
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

from headgate.clock import FIRST_DATE
from headgate.encoding import safe_uri
from headgate.errors import HeadgateError
from headgate.freshness import Unreadable, read_time
from headgate.origins.fetching import FetchError, fetch_aged
from headgate.registry import NEVER_TOLD, FeedItem

__all__ = [
    "MOST_BYTES",
    "Entry",
    "Feed",
    "FeedError",
    "ItemFeed",
    "Pull",
    "Reading",
    "Stamp",
    "believed",
    "read_date",
    "shown_place",
]

MOST_BYTES = 50_000_000
"""How much of a file or an answer is read, as the sitemap protocol bounds its files."""

# Stamps that follow each other so closely are one, given by a build or a copy that took its time.
_ALIKE = timedelta(minutes=1)
# What more documents than this have, or all of a few, was given to them together, and is not a change.
_MOST_ALIKE, _SHARE_ALIKE, _FEW = 5, 0.2, 3


class FeedError(HeadgateError):
    """A feed cannot be pulled; what it said last stays."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A document that a feed names.

    Attributes:
        uri: as the feed writes it.
        modified: when it was changed last, if the feed says so and is believed.
        untold_until: until when it may have been changed, where the feed has no date of its own for that.
        is_other: whether the feed has never named it, and it is older than the last pull: if one
            had its address before, it took its place at any time up to now.
    """

    uri: str
    modified: datetime | None = None
    untold_until: datetime | None = None
    is_other: bool = False


@dataclass(frozen=True, slots=True)
class Pull:
    """What a feed says now.

    Attributes:
        entries: the documents that it names.
        removed: documents that it says are gone.
        moved: documents that it says are elsewhere now, with where.
        is_complete: whether what it does not name is not there.
        age: how old what it says is, where a cache gave it.
        has_gap: whether changes since the last pull may be missing; what it does not date may have been changed.
        covers_unlisted: whether what it does not name is as it was before; a feed of news says nothing of it.
        tells_changes: whether it says when documents were changed, and is believed.
        cursor: where the next pull goes on.
        notes: what there is to say about it, in sentences.
        items: what it calls by identifiers of its own, of those that it names; None for what is gone.
    """

    entries: Sequence[Entry] = ()
    removed: Sequence[str] = ()
    moved: Mapping[str, str] = field(default_factory=dict)
    is_complete: bool = False
    age: timedelta = timedelta(0)
    has_gap: bool = False
    covers_unlisted: bool = True
    tells_changes: bool = True
    cursor: str = ""
    notes: Sequence[str] = ()
    items: Mapping[str, FeedItem | None] = field(default_factory=dict)

    @property
    def is_log(self) -> bool:
        """Whether it names what has happened since the last pull, so that what it named before still holds."""
        return self.covers_unlisted and not self.is_complete


class Feed(Protocol):
    """A source of news about documents."""

    def pull(self, cursor: str, now: datetime) -> Pull:
        """Return what it says now.

        Args:
            cursor: that of the last pull that was taken over; empty for the first one.
            now: the present.

        Raises:
            FeedError: it cannot be asked, or does not answer as one.
        """


@runtime_checkable
class ItemFeed(Protocol):
    """A source of news that calls documents by identifiers of its own, and says of what is gone nothing else."""

    def pull_items(self, cursor: str, now: datetime, known: Mapping[str, FeedItem]) -> Pull:
        """Return what it says now.

        Args:
            cursor: that of the last pull that was taken over; empty for the first one.
            now: the present.
            known: what it has called by which identifier.

        Raises:
            FeedError: it cannot be asked, or does not answer as one.
        """


@dataclass(frozen=True, slots=True)
class Reading:
    """How files and addresses are read.

    Attributes:
        timeout: how long an address may take.
        private: the hosts that may be in a private network.
        within: how long a pull may take, however much it reads.
        ages: how old what was read was, as caches said.
    """

    timeout: timedelta = timedelta(seconds=5)
    private: tuple[str, ...] = ()
    within: timedelta = timedelta(minutes=1)
    ages: list[timedelta] = field(default_factory=list, compare=False)

    def take_age(self) -> timedelta:
        """Return how old the oldest part of what was read since was."""
        age = max(self.ages, default=timedelta(0))
        self.ages.clear()
        return age

    def deadline(self) -> float:
        """Return when a pull that begins now has to be at its end, by the monotonic clock."""
        return time.monotonic() + self.within.total_seconds()

    def read(self, place: str | Path, deadline: float | None = None) -> bytes:
        """Return the content of a file or an https:// address.

        Args:
            place: where it is.
            deadline: of the pull; None where it reads nothing else.

        Raises:
            FeedError: it cannot be read, there is no time left, or it is longer than `MOST_BYTES`.
        """
        left = (deadline if deadline is not None else self.deadline()) - time.monotonic()
        if left <= 0:
            whole = self.within.total_seconds()
            raise FeedError(f"{shown_place(place)}: no end within {whole:g} s. Give the feed more: timeout: 10m.")
        if isinstance(place, str):
            try:
                seconds = min(left, self.timeout.total_seconds())
                data, age = fetch_aged(place, most=MOST_BYTES, timeout=seconds, private=self.private)
            except FetchError as error:
                raise FeedError(str(error)) from None
            self.ages.append(age)
            return data
        try:
            if not place.is_file():
                raise FeedError(f"{place}: there is no such file.")
            with place.open("rb") as file:
                data = file.read(MOST_BYTES + 1)
        except OSError as error:
            raise FeedError(f"{place}: it cannot be read ({error.strerror}).") from None
        if len(data) > MOST_BYTES:
            raise FeedError(f"{place}: it has more than {MOST_BYTES:,} bytes.")
        return data


class Stamp(NamedTuple):
    """When a document was changed, as a feed dates it.

    Attributes:
        modified: the first instant that it can mean; None if it is not a date, not in the past, or too long ago.
        untold_until: until when the change may have been, where the date has no zone.
    """

    modified: datetime | None = None
    untold_until: datetime | None = None


# A date that is there and says nothing may stand for any.
_UNREAD = Stamp(None, NEVER_TOLD)


def read_date(value: object, now: datetime, zone: tzinfo | None = None) -> Stamp:
    """Return what a date of a feed says.

    Of a day it is the beginning, because a text that was fetched on the day that a feed names would be out of date for
    good otherwise. Of a month it may be any day, and a time without a zone may be meant anywhere.

    Args:
        value: a text, or what else a source has for a time.
        now: the present.
        zone: the zone of times without one; None if nobody says.
    """
    value = value.strip() if isinstance(value, str) else value
    if value is None or value == "":
        return Stamp()
    try:
        interval = read_time(value, zone=zone, date_order=None)
        if not interval.has_zone and interval.unit != "instant":
            interval = read_time(value, zone=timezone.utc, date_order=None)
    except Unreadable:
        return _UNREAD
    if not FIRST_DATE <= interval.earliest <= now:
        return _UNREAD
    is_certain = interval.unit == "day" or (interval.unit == "instant" and interval.has_zone)
    return Stamp(interval.earliest, None if is_certain else min(interval.latest, now))


def shown_place(place: str | Path) -> str:
    """Return where something is as it may be in a message: without what may be a secret."""
    return safe_uri(place) if isinstance(place, str) else str(place)


def believed(entries: Sequence[Entry]) -> tuple[list[Entry], int]:
    """Return entries without dates that say nothing, and how many those are.

    What very many documents have at once was given to them together, and does not say when each was changed.
    """
    most = max(_MOST_ALIKE, _SHARE_ALIKE * len(entries))
    alike: set[datetime] = set()
    for run in _runs(sorted(entry.modified for entry in entries if entry.modified is not None)):
        if len(run) > most or (len(run) == len(entries) and len(run) >= _FEW):
            alike.update(run)
    kept = [Entry(entry.uri) if entry.modified in alike else entry for entry in entries]
    return kept, sum(entry.modified in alike for entry in entries)


def _runs(dates: list[datetime]) -> list[list[datetime]]:
    """Return dates, which are in order, by runs without a gap."""
    runs: list[list[datetime]] = []
    for date in dates:
        if runs and date - runs[-1][-1] < _ALIKE:
            runs[-1].append(date)
        else:
            runs.append([date])
    return runs
