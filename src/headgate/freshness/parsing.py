"""Reading times as they stand in metadata, without guessing.

What is read: ISO 8601 dates and times, whole years and months, RFC 2822 and HTTP dates (RFC 9110, section 5.6.7),
PDF dates (ISO 32000, section 7.9.4), dates with month names, epoch seconds to microseconds, and `datetime` and
`date` objects. A value without a zone, or without a time, is an interval or nothing; it is never completed silently.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Literal

__all__ = ["Interval", "Unreadable", "read_time"]

DateOrder = Literal["DMY", "MDY"]

# The first and the last place on earth to begin a day.
_EASTERNMOST = timezone(timedelta(hours=14))
_WESTERNMOST = timezone(timedelta(hours=-12))
_WIDEST = timedelta(hours=26)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

_ISO = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2}|\d{8})"
    r"(?:[Tt ]{1,2}(?P<hour>\d{2}):?(?P<minute>\d{2})(?::?(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,9}))?)?"
    r"(?: ?(?P<zone>[Zz]|UTC|GMT|[+-]\d{2}(?::?\d{2})?))?)?"
)
_REDUCED = re.compile(r"(\d{4})(?:-(\d{2}))?")
_PDF = re.compile(
    r"D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:(Z)(?:00'?00'?)?|([+-])(\d{2})'?(?:(\d{2})'?)?)?"
)
_MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTHS = {name[:3]: number for number, name in enumerate(_MONTH_NAMES, 1)}
_NAMED = re.compile(r"(?:(\d{1,2})(?:st|nd|rd|th)?[ -])?([A-Za-z]{3,9})\.?[ -](?:(\d{1,2})(?:st|nd|rd|th)?,? )?(\d{4})")
_RFC2822 = re.compile(
    r"(?:[A-Za-z]{3,9}, ?)?(\d{1,2})[ -]([A-Za-z]{3})[ -](\d{2,4}) "
    r"(\d{2}):(\d{2})(?::(\d{2}))? ?([+-]\d{4}|GMT|UTC|UT|Z)"
)
_SLASHED = re.compile(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})")
_NUMBER = re.compile(r"\d{9,17}(?:\.\d{1,9})?")


@dataclass(frozen=True, slots=True)
class Interval:
    """All instants that a written time can mean.

    Attributes:
        earliest: the first of them, in UTC.
        latest: the last of them, in UTC; equal to `earliest` for a time with a zone.
        unit: what was written: an `instant`, a `day`, a `month` or a `year`.
        has_zone: whether the zone is known; without one a day is meant somewhere on earth.
    """

    earliest: datetime
    latest: datetime
    unit: Literal["instant", "day", "month", "year"] = "instant"
    has_zone: bool = True

    @property
    def is_instant(self) -> bool:
        """Whether there is only one."""
        return self.earliest == self.latest

    def end(self) -> Interval:
        """Return when a validity until this time ends: a day, month or year that is named ends when it is over.

        Without a zone, that is when it is over in the first place on earth, or in the last.
        """
        if self.unit == "instant":
            return self
        return Interval(self.latest - _zone_spread(self), self.latest)

    def start(self) -> Interval:
        """Return when a validity from this time starts: a day, month or year that is named starts when it begins."""
        if self.unit == "instant":
            return self
        return Interval(self.earliest, self.earliest + _zone_spread(self))


def _zone_spread(interval: Interval) -> timedelta:
    """Return how far the zone leaves an interval open: 26 hours without one, nothing with one."""
    return timedelta() if interval.has_zone else _WIDEST


class Unreadable(ValueError):
    """A value that names no time, or not one time; the message says what to add."""


def read_time(
    value: object, *, zone: tzinfo | None = None, date_order: DateOrder | None = None, max_chars: int = 64
) -> Interval:
    """Return the instants that a metadata value can mean.

    Args:
        value: a text, a number, a `date` or a `datetime`.
        zone: the zone of times without one; None if the policy names none.
        date_order: how to read 03/04/2026; None if the policy does not say.
        max_chars: the longest text that is read.

    Raises:
        Unreadable: it is no time, or an ambiguous one.
    """
    try:
        return _read(value, zone, date_order, max_chars)
    except (OverflowError, OSError) as error:
        raise Unreadable("the time is out of range") from error


def _read(value: object, zone: tzinfo | None, order: DateOrder | None, max_chars: int) -> Interval:
    if isinstance(value, datetime):
        return _instant(value, zone)
    if isinstance(value, date):
        return _day(value, zone)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _epoch(value, zone)
    if not isinstance(value, str):
        raise Unreadable(f"{type(value).__name__} is no time")
    text = value.strip()
    if not text or len(text) > max_chars or not text.isascii():
        raise Unreadable("this is no time")
    for reader in (_read_iso, _read_pdf, _read_rfc2822, _read_named):
        found = reader(text, zone)
        if found is not None:
            return found
    if _NUMBER.fullmatch(text):
        return _epoch(float(text), zone)
    return _read_slashed(text, zone, order)


def _instant(value: datetime, zone: tzinfo | None) -> Interval:
    if value.tzinfo is None or value.utcoffset() is None:
        if zone is None:
            raise Unreadable("the time has no zone: add Z or an offset, or set metadata.timezone in the policy")
        value = value.replace(tzinfo=zone)
    instant = value.astimezone(timezone.utc)
    return Interval(instant, instant)


def _span(first: date, last: date, zone: tzinfo | None, unit: Literal["day", "month", "year"]) -> Interval:
    """Return all instants of the days from `first` up to the beginning of `last`, wherever they were meant."""
    begin = datetime.combine(first, time(), zone or _EASTERNMOST)
    end = datetime.combine(last, time(), zone or _WESTERNMOST)
    return Interval(begin.astimezone(timezone.utc), end.astimezone(timezone.utc), unit, zone is not None)


def _day(value: date, zone: tzinfo | None) -> Interval:
    return _span(value, value + timedelta(days=1), zone, "day")


def _epoch(value: float, zone: tzinfo | None) -> Interval:
    if isinstance(value, float) and not math.isfinite(value):
        raise Unreadable("this is no number")
    compact = str(int(value)) if abs(value) < 1e9 else ""
    if len(compact) == 8 and value == int(value) and 1900 <= int(compact[:4]) <= 2200:
        found = _read_iso(compact, zone)
        if found is not None:
            return found
    for upper, divisor in ((1e11, 1), (1e14, 1_000), (1e17, 1_000_000)):
        if 1e8 <= value < upper:
            instant = _EPOCH + timedelta(seconds=value / divisor)
            return Interval(instant, instant)
    raise Unreadable(f"the number {value!r:.40} is no epoch time")


def _read_iso(text: str, zone: tzinfo | None) -> Interval | None:
    reduced = _REDUCED.fullmatch(text)
    if reduced:
        return _read_reduced(int(reduced[1]), int(reduced[2]) if reduced[2] else None, zone)
    match = _ISO.fullmatch(text)
    if not match:
        return None
    digits = match["date"].replace("-", "")
    day = _date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    if match["hour"] is None:
        return _day(day, zone)
    fraction = int((match["fraction"] or "").ljust(6, "0")[:6] or 0)
    return _instant(
        _datetime(
            day,
            int(match["hour"]),
            int(match["minute"]),
            int(match["second"] or 0),
            fraction,
            _zone(match["zone"]),
        ),
        zone,
    )


def _read_reduced(year: int, month: int | None, zone: tzinfo | None) -> Interval:
    if month is None:
        return _span(_date(year, 1, 1), _date(year + 1, 1, 1), zone, "year")
    following = _date(year + month // 12, month % 12 + 1, 1)
    return _span(_date(year, month, 1), following, zone, "month")


def _read_pdf(text: str, zone: tzinfo | None) -> Interval | None:
    match = _PDF.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, utc, sign, hours, minutes = match.groups()
    if day is None:
        return _read_reduced(int(year), int(month) if month else None, zone)
    when = _date(int(year), int(month), int(day))
    if hour is None:
        return _day(when, zone)
    offset = "Z" if utc else f"{sign}{hours}{minutes or '00'}" if sign else None
    return _instant(_datetime(when, int(hour), int(minute or 0), int(second or 0), 0, _zone(offset)), zone)


def _read_rfc2822(text: str, zone: tzinfo | None) -> Interval | None:
    match = _RFC2822.fullmatch(text)
    if not match:
        return None
    day, month, year, hour, minute, second, offset = match.groups()
    number = int(year)
    if len(year) == 2:  # RFC 2822, section 4.3
        number += 2000 if number < 50 else 1900
    when = _date(number, _month(month), int(day))
    # -0000 says that the time is in UTC and nothing about the place (RFC 2822, section 3.3).
    return _instant(_datetime(when, int(hour), int(minute), int(second or 0), 0, _zone(offset)), zone)


def _read_named(text: str, zone: tzinfo | None) -> Interval | None:
    match = _NAMED.fullmatch(text)
    if not match or (match[1] and match[3]):
        return None
    month, day = _month(match[2]), match[1] or match[3]
    if day is None:
        return _read_reduced(int(match[4]), month, zone)
    return _day(_date(int(match[4]), month, int(day)), zone)


def _read_slashed(text: str, zone: tzinfo | None, order: DateOrder | None) -> Interval:
    match = _SLASHED.fullmatch(text)
    if not match:
        raise Unreadable("this is no time in a form that can be read")
    first, second, year = (int(part) for part in match.groups())
    if first > 12 or first == second:
        order = "DMY"
    elif second > 12:
        order = "MDY"
    elif order is None:
        raise Unreadable(
            f"{text!r} can be read two ways: write the year first, or set metadata.date_order in the policy"
        )
    day, month = (first, second) if order == "DMY" else (second, first)
    return _day(_date(year, month, day), zone)


def _month(name: str) -> int:
    lowered = name.lower()
    number = _MONTHS.get(lowered[:3])
    if number is None or (not _MONTH_NAMES[number - 1].startswith(lowered) and lowered != "sept"):
        raise Unreadable("there is no such month")
    return number


def _zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return timezone.utc
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if offset >= timedelta(hours=24) or int(digits[2:]) > 59:
        raise Unreadable("there is no such zone")
    return timezone(-offset if text[0] == "-" else offset)


def _date(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError as error:
        raise Unreadable("there is no such day") from error


def _datetime(day: date, hour: int, minute: int, second: int, micro: int, zone: tzinfo | None) -> datetime:
    following = timedelta()
    if second == 60:  # a leap second, which no clock here knows
        second, following = 59, timedelta(seconds=1)
    if (hour, minute, second) == (24, 0, 0):  # ISO 8601 allows the end of a day to be written so
        hour, following = 0, timedelta(days=1)
    try:
        return datetime.combine(day, time(hour, minute, second, micro), zone) + following
    except ValueError as error:
        raise Unreadable("there is no such time of day") from error
