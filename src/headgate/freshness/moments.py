"""Days of the calendar and times of day, from what was written: strict about what does not exist."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from headgate.freshness.interval import Interval, Unreadable, from_span
from headgate.freshness.zones import place

__all__ = ["calendar_day", "moment", "month_or_year", "seconds_later"]


def calendar_day(year: int, month: int, day: int) -> date:
    """Return a day of the calendar.

    Raises:
        Unreadable: there is none of that name.
    """
    try:
        return date(year, month, day)
    except ValueError as error:
        raise Unreadable("there is no such day") from error


def month_or_year(year: int, month: int | None, zone: tzinfo | None) -> Interval:
    """Return all instants of a month, or of a year if no month is named.

    Raises:
        Unreadable: there is no such month.
    """
    if month is None:
        return from_span(calendar_day(year, 1, 1), date(year + 1, 1, 1) if year < 9999 else None, zone, "year")
    first = calendar_day(year, month, 1)
    following = date(year + month // 12, month % 12 + 1, 1) if (year, month) < (9999, 12) else None
    return from_span(first, following, zone, "month")


def moment(
    day: date,
    clock: tuple[int, int, int],
    zone: tzinfo | None,
    *,
    micro: int = 0,
    name: str | None = None,
    repeated: str | None = None,
    is_mail: bool = False,
) -> Interval:
    """Return the instants that a time on a day means.

    Args:
        day: the day.
        clock: hour, minute and second as written; 24:00:00 is the end of the day, and second 60 a leap second.
        zone: the zone of times without one.
        micro: microseconds.
        name: what is written behind the time as its zone.
        repeated: what is written behind that.
        is_mail: whether the date is one of mail or HTTP.

    Raises:
        Unreadable: there is no such time of day, or no such zone.
    """
    hour, minute, second = clock
    following = timedelta()
    is_leap = second == 60
    if is_leap:  # no clock here knows leap seconds; the one that follows names the same instant
        second = 59
    if (hour, minute, second, micro) == (24, 0, 0, 0) and not is_leap:
        # ISO 8601 allows the end of a day to be written so.
        hour, following = 0, timedelta(days=1)
    try:
        when = datetime.combine(day, time(hour, minute, second, micro))
    except ValueError as error:
        raise Unreadable("there is no such time of day") from error
    found = place(seconds_later(when, following), name, repeated, zone, is_mail=is_mail)
    if not is_leap:
        return found
    if not _can_be_leap(found, when, has_zone=name is not None):
        raise Unreadable("there is no leap second at that time")
    second_later = timedelta(seconds=1)
    return Interval(
        seconds_later(found.earliest, second_later),
        seconds_later(found.latest, second_later),
        found.unit,
        found.has_zone,
    )


def seconds_later(value: datetime, by: timedelta) -> datetime:
    """Return a time moved by a duration.

    Raises:
        Unreadable: the calendar ends before.
    """
    try:
        return value + by
    except OverflowError as error:
        raise Unreadable("the time is out of range") from error


def _can_be_leap(found: Interval, when: datetime, *, has_zone: bool) -> bool:
    """Return whether a time is in the last minute of a day in UTC; without a zone, whether it can be."""
    if not has_zone or not found.has_zone:
        # Zones differ from UTC by quarters of an hour, so elsewhere the last minute of a day is the last of a quarter.
        return when.minute % 15 == 14
    return (found.earliest.hour, found.earliest.minute) == (23, 59)
