"""Interval: all instants that a written time can mean, and how days and local times become one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Literal

__all__ = ["Interval", "Unit", "Unreadable", "from_day", "from_local", "from_span", "shift"]

Unit = Literal["instant", "day", "month", "year"]


class Unreadable(ValueError):
    """A value that names no time, or not one time; the message says what to add."""


# The first and the last place on earth to begin a day.
_EASTERNMOST = timezone(timedelta(hours=14))
_WESTERNMOST = timezone(timedelta(hours=-12))
# How far apart the same local time is in those two places.
_WIDEST = timedelta(hours=26)
_FIRST = datetime.min.replace(tzinfo=timezone.utc)
_LAST = datetime.max.replace(tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class Interval:
    """All instants that a written time can mean.

    Attributes:
        earliest: the first of them, in UTC.
        latest: the last of them, in UTC; equal to `earliest` for a time with a zone.
        unit: what was written: an `instant`, a `day`, a `month` or a `year`.
        has_zone: whether the zone is known; without one a day or a time is meant somewhere on earth.
    """

    earliest: datetime
    latest: datetime
    unit: Unit = "instant"
    has_zone: bool = True

    @property
    def is_instant(self) -> bool:
        """Whether there is only one."""
        return self.earliest == self.latest

    @property
    def day(self) -> datetime | None:
        """The day that was written, as it begins in UTC; None where another unit was."""
        if self.unit != "day":
            return None
        # Wherever the day was meant, its middle is on it in UTC, but for the outermost zones.
        middle = self.earliest + (self.latest - self.earliest) / 2
        return middle.replace(hour=0, minute=0, second=0, microsecond=0)

    def end(self) -> Interval:
        """Return when a validity until this time ends: a day, month or year that is named ends when it is over.

        Without a zone, that is when it is over in the first place on earth, or in the last.
        """
        if self.unit == "instant":
            return self
        return Interval(shift(self.latest, -_zone_spread(self)), self.latest)

    def start(self) -> Interval:
        """Return when a validity from this time starts: a day, month or year that is named starts when it begins."""
        if self.unit == "instant":
            return self
        return Interval(self.earliest, shift(self.earliest, _zone_spread(self)))


def from_local(value: datetime, zone: tzinfo | None) -> Interval:
    """Return the instants that a time means; one without a zone is meant somewhere on earth.

    Args:
        value: the time; if it has a zone, that decides.
        zone: the zone of a time without one; None if nobody says.
    """
    if value.tzinfo is not None and value.utcoffset() is not None:
        instant = _to_utc(value)
        return Interval(instant, instant)
    naive = value.replace(tzinfo=None)
    if zone is None:
        return Interval(
            _to_utc(naive.replace(tzinfo=_EASTERNMOST)), _to_utc(naive.replace(tzinfo=_WESTERNMOST)), "instant", False
        )
    # Where clocks are put back an hour comes twice, and where they are put forward one is left out: both meanings.
    meanings = sorted(_to_utc(naive.replace(tzinfo=zone, fold=fold)) for fold in (0, 1))
    return Interval(meanings[0], meanings[1])


def from_day(day: date, zone: tzinfo | None) -> Interval:
    """Return all instants of a day."""
    return from_span(day, day + timedelta(days=1) if day < date.max else None, zone, "day")


def from_span(first: date, following: date | None, zone: tzinfo | None, unit: Unit) -> Interval:
    """Return all instants from the beginning of one day up to the beginning of another, wherever they were meant.

    Args:
        first: the first day.
        following: the day after the last; None after the last day that there is.
        zone: the zone in which days begin; None if nobody says.
        unit: what was written.
    """
    begin = _to_utc(datetime.combine(first, time(), zone or _EASTERNMOST))
    end = _LAST if following is None else _to_utc(datetime.combine(following, time(), zone or _WESTERNMOST))
    return Interval(begin, end, unit, zone is not None)


def shift(instant: datetime, by: timedelta) -> datetime:
    """Return an instant moved by a duration, or the first or last instant where the calendar ends."""
    try:
        return instant + by
    except OverflowError:
        return _LAST if by > timedelta(0) else _FIRST


def _to_utc(value: datetime) -> datetime:
    """Return an aware time in UTC; at the ends of the calendar, where UTC has no such instant, the nearest."""
    try:
        return value.astimezone(timezone.utc)
    except (OverflowError, ValueError):
        return _FIRST if value.year == 1 else _LAST


def _zone_spread(interval: Interval) -> timedelta:
    """Return how far the zone leaves an interval open: 26 hours without one, nothing with one."""
    return timedelta() if interval.has_zone else _WIDEST
