"""Times of day behind a date: one pattern for all forms, and what a match of it means."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date, tzinfo

from headgate.freshness.interval import Interval, Unreadable, from_day
from headgate.freshness.moments import calendar_day, moment
from headgate.freshness.zones import ZONE

__all__ = ["AT", "TIME", "at", "days_that_exist"]

TIME = (
    r"(?P<hour>\d{1,2})(?:(?::| ?h ?)(?P<minute>\d{1,2})(?::(?P<second>\d{1,2})(?:[.,](?P<fraction>\d{1,18}))?)?)?"
    r"(?: ?(?P<half>[AaPp])\.? ?[Mm]\.?)?"
)
# What is between a date and its time, in the languages whose months are known.
AT = (
    r"(?:,?(?: +| (?:at|um|à|a las|às|alle|alle ore|om|kl\.?|klo|o|в|о|la) )"
    + TIME + r"(?: [Uu]hr)?" + ZONE + ")?"
)  # fmt: skip


def at(day: date, match: re.Match[str], zone: tzinfo | None, *, is_mail: bool = False) -> Interval:
    """Return a day, or a time on it if the match of a pattern has one.

    Raises:
        Unreadable: there is no such time of day, or no such zone.
    """
    if match["hour"] is None:
        return from_day(day, zone)
    if match["minute"] is None and match["half"] is None:
        raise Unreadable("an hour alone is not a time of day")
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            raise Unreadable("there is no such time of day")
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    return moment(
        day,
        (hour, int(match["minute"] or 0), int(match["second"] or 0)),
        zone,
        micro=int((match["fraction"] or "0")[:6].ljust(6, "0")),
        name=match["zone"],
        repeated=match["repeated"],
        is_mail=is_mail,
    )


def days_that_exist(
    written: Iterable[tuple[int, int, int]], match: re.Match[str], zone: tzinfo | None, *, is_mail: bool = False
) -> tuple[Interval, ...]:
    """Return the readings of a date, each year, month and day, that name a day of the calendar.

    Raises:
        Unreadable: none of them does.
    """
    found, wrong = [], Unreadable("there is no such day")
    for year, month, day in written:
        try:
            found.append(at(calendar_day(year, month, day), match, zone, is_mail=is_mail))
        except Unreadable as error:
            wrong = error
    if not found:
        raise wrong
    return tuple(dict.fromkeys(found))
