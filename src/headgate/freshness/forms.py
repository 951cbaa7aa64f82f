"""The forms in which texts write a time, each read without guessing.

ISO 8601 and what resembles it (slashes, dots, no leading zeros), whole years and months, digits without separators,
RFC 5322 and HTTP dates (RFC 9110, section 5.6.7), PDF dates (ISO 32000, section 7.9.4), dates with month names, and
dates that begin with the day or the month. A date that can be read two ways has two readings.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from typing import Literal

from headgate.freshness.interval import Interval, from_day, from_local, from_span

__all__ = ["DateOrder", "Unreadable", "read_digits", "read_text"]

DateOrder = Literal["DMY", "MDY"]


class Unreadable(ValueError):
    """A value that names no time, or not one time; the message says what to add."""


_TIME = (
    r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,](?P<fraction>\d{1,18}))?)?"
    r"(?: ?(?P<half>[AaPp])\.?[Mm]\.?)?"
)
_ZONE = r"(?: ?(?P<zone>[Zz]|UTC|GMT|UT|[A-Z]{3,4}|[+-]\d{2}(?::?\d{2})?))?"
# A weekday says nothing that the date does not say; it may be there.
_WEEKDAY = r"(?:(?i:mon|tue|wed|thu|fri|sat|sun)[A-Za-z]{0,6},? +)?"
_AT = r"(?:,? +(?:at )?" + _TIME + _ZONE + ")?"
_ISO = re.compile(
    r"(?P<date>\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{4}\.\d{1,2}\.\d{1,2}|\d{8})"
    r"(?:[Tt ]{1,2}" + _TIME + _ZONE + "(?: (?:UTC|GMT))?)?"
)
_BASIC = re.compile(r"(\d{8})[Tt ]?(\d{2})(\d{2})?(\d{2})?" + _ZONE)
_REDUCED = re.compile(r"(\d{4})(?:[-/](\d{2}))?")
_PDF = re.compile(
    r"D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:(Z)(?:00'?(?:00'?)?)?|([+-])(\d{2})'?(?:(\d{2})'?)?)?"
)
_MONTH_NAMES = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_MONTHS = {name[:3]: number for number, name in enumerate(_MONTH_NAMES, 1)}
_DAY_FIRST = re.compile(
    _WEEKDAY
    + r"(?P<day>\d{1,2})(?:st|nd|rd|th)?(?: of )?[ -]?(?P<month>[A-Za-z]{3,9})\.?,?[ -]?(?P<year>\d{4}|\d{2})"
    + _AT
)
_MONTH_FIRST = re.compile(
    _WEEKDAY + r"(?P<month>[A-Za-z]{3,9})\.?[ -](?:(?P<day>\d{1,2})(?:st|nd|rd|th)?,?[ -])?(?P<year>\d{4})" + _AT
)
# C's asctime and date(1), and what Twitter made of it: the year comes last.
_YEAR_LAST = re.compile(
    _WEEKDAY + r"(?P<month>[A-Za-z]{3}) {1,2}(?P<day>\d{1,2}) " + _TIME + _ZONE + r" (?P<year>\d{4})"
)
_EXIF = re.compile(r"(?P<date>\d{4}:\d{2}:\d{2}) " + _TIME + _ZONE)
_NUMERIC = re.compile(r"(?P<first>\d{1,2})([/.-])(?P<second_part>\d{1,2})\2(?P<year>\d{4}|\d{2})" + _AT)
# In hours. What RFC 5322 (section 4.3) defines for mail is written elsewhere for other places too, so all count.
_NAMED_ZONES: Mapping[str, tuple[float, ...]] = {
    "EST": (-5, 10, 11),
    "EDT": (-4, 11),
    "CST": (-6, -5, 8, 9.5, 10.5),
    "CDT": (-5, -4, 10.5),
    "MST": (-7, 6.5, 8),
    "MDT": (-6,),
    "PST": (-8, 8),
    "PDT": (-7,),
    "AST": (-4, 3),
    "BST": (1, 6, 11),
    "GST": (-2, 4, 10),
    "IST": (1, 2, 5.5),
    "WST": (8, 13),
    "WET": (0,),
    "WEST": (1,),
    "CET": (1,),
    "CEST": (2,),
    "EET": (2,),
    "EEST": (3,),
    "MSK": (3, 4),
    "JST": (9,),
    "KST": (9,),
    "HKT": (8,),
    "SGT": (8,),
    "AEST": (10,),
    "AEDT": (11,),
    "NZST": (12,),
    "NZDT": (13,),
}
_DIGITS = {8: 0, 10: 1, 12: 2, 14: 3, 17: 4}


def read_text(text: str, zone: tzinfo | None, order: DateOrder | None) -> tuple[Interval, ...]:
    """Return the readings of a text that is not a bare number: one, or several of a date that can be read so.

    Raises:
        Unreadable: it is not a time in any form that is read.
    """
    for reader in (_read_iso, _read_basic, _read_pdf):
        found = reader(text, zone)
        if found is not None:
            return (found,)
    return _read_named(text, zone) or _read_numeric(text, zone, order)


def read_digits(digits: str, zone: tzinfo | None) -> Interval | None:
    """Return what digits mean as a written date: YYYYMMDD, with or without hours, minutes, seconds and milliseconds.

    Returns:
        The interval; None if they are not a date between 1900 and 2199.
    """
    # Epochs of today have 10, 13, 16 or 19 digits and begin with 17: only ten digits can mean both, from 2030 on.
    if len(digits) not in _DIGITS or not 1900 <= int(digits[:4]) <= 2199:
        return None
    try:
        day = _date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        if len(digits) == 8:
            return from_day(day, zone)
        rest = digits[8:].ljust(9, "0")
        when = _datetime(day, int(rest[:2]), int(rest[2:4]), int(rest[4:6]), micro=int(rest[6:]) * 1_000)
    except Unreadable:
        return None
    first = from_local(when, zone)
    if len(digits) == 10:  # an hour that is named is all of it
        last = from_local(_later(when, timedelta(hours=1)), zone)
        return Interval(first.earliest, last.latest, "instant", first.has_zone)
    return first


def _read_iso(text: str, zone: tzinfo | None) -> Interval | None:
    reduced = _REDUCED.fullmatch(text)
    if reduced:
        return _read_reduced(int(reduced[1]), int(reduced[2]) if reduced[2] else None, zone)
    match = _ISO.fullmatch(text) or _EXIF.fullmatch(text)
    if not match:
        return None
    written = match["date"]
    parts = (written[:4], written[4:6], written[6:]) if written.isdigit() else re.split("[-/.:]", written)
    return _at(_date(*map(int, parts)), match, zone)


def _read_basic(text: str, zone: tzinfo | None) -> Interval | None:
    match = _BASIC.fullmatch(text)
    if not match or text.isdigit() or (match[3] is None and match["zone"] is None):
        return None
    digits = match[1]
    day = _date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    when = _datetime(day, int(match[2]), int(match[3] or 0), int(match[4] or 0), zone=_zone(match["zone"]))
    return _placed(when, match["zone"], zone)


def _read_reduced(year: int, month: int | None, zone: tzinfo | None) -> Interval:
    if month is None:
        return from_span(_date(year, 1, 1), date(year + 1, 1, 1) if year < 9999 else None, zone, "year")
    first = _date(year, month, 1)
    following = date(year + month // 12, month % 12 + 1, 1) if (year, month) < (9999, 12) else None
    return from_span(first, following, zone, "month")


def _read_pdf(text: str, zone: tzinfo | None) -> Interval | None:
    match = _PDF.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, utc, sign, hours, minutes = match.groups()
    if day is None:
        return _read_reduced(int(year), int(month) if month else None, zone)
    when = _date(int(year), int(month), int(day))
    if hour is None:
        return from_day(when, zone)
    offset = "Z" if utc else f"{sign}{hours}{minutes or '00'}" if sign else None
    return from_local(_datetime(when, int(hour), int(minute or 0), int(second or 0), zone=_zone(offset)), zone)


def _read_named(text: str, zone: tzinfo | None) -> tuple[Interval, ...]:
    match = _DAY_FIRST.fullmatch(text) or _MONTH_FIRST.fullmatch(text) or _YEAR_LAST.fullmatch(text)
    if not match:
        return ()
    month = _month(match["month"])
    if match["day"] is None:
        if match["hour"] is not None:
            return ()
        return (_read_reduced(int(match["year"]), month, zone),)
    written = [(_year(match["year"]), month, int(match["day"]))]
    # With a weekday it is a date of mail or HTTP, which begin with the day.
    if len(match["year"]) == 2 and len(match["day"]) == 2 and not text[0].isalpha():
        written.append((_year(match["day"]), month, int(match["year"])))
    return _those_that_exist(written, match, zone)


def _read_numeric(text: str, zone: tzinfo | None, order: DateOrder | None) -> tuple[Interval, ...]:
    match = _NUMERIC.fullmatch(text)
    if not match:
        raise Unreadable("this is not a time in a form that can be read")
    first, second, year = int(match["first"]), int(match["second_part"]), _year(match["year"])
    day_first, month_first = (year, second, first), (year, first, second)
    if first > 12 or first == second:
        written = [day_first]
    elif second > 12:
        written = [month_first]
    else:
        written = {None: [day_first, month_first], "DMY": [day_first], "MDY": [month_first]}[order]
    # `25/05/31` may begin with the year, unless the policy says that it begins with what it can begin with.
    is_settled = (order == "DMY" and written == [day_first]) or (order == "MDY" and written == [month_first])
    if not is_settled and len(match["year"]) == 2 and len(match["first"]) == 2:
        written.append((_year(match["first"]), second, int(match["year"])))
    return _those_that_exist(written, match, zone)


def _those_that_exist(
    written: list[tuple[int, int, int]], match: re.Match[str], zone: tzinfo | None
) -> tuple[Interval, ...]:
    """Return the readings of a date that name a day of the calendar.

    Raises:
        Unreadable: none of them does.
    """
    found, wrong = [], Unreadable("there is no such day")
    for year, month, day in written:
        try:
            found.append(_at(_date(year, month, day), match, zone))
        except Unreadable as error:
            wrong = error
    if not found:
        raise wrong
    return tuple(dict.fromkeys(found))


def _at(day: date, match: re.Match[str], zone: tzinfo | None) -> Interval:
    """Return a day, or a time on it if one was written."""
    if match["hour"] is None:
        return from_day(day, zone)
    fraction = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    hour = int(match["hour"])
    if match["half"]:
        if not 1 <= hour <= 12:
            raise Unreadable("there is no such time of day")
        hour = hour % 12 + (12 if match["half"] in "Pp" else 0)
    when = _datetime(
        day, hour, int(match["minute"]), int(match["second"] or 0), micro=fraction, zone=_zone(match["zone"])
    )
    return _placed(when, match["zone"], zone)


def _placed(when: datetime, name: str | None, zone: tzinfo | None) -> Interval:
    """Return the instants that a time means, in all the zones that have the name which was written after it."""
    offsets = _NAMED_ZONES.get(name or "", ())
    if len(offsets) < 2:
        return from_local(when, zone)
    places = [from_local(when.replace(tzinfo=timezone(timedelta(hours=hours))), zone) for hours in offsets]
    return Interval(min(place.earliest for place in places), max(place.latest for place in places), "instant", False)


def _month(name: str) -> int:
    lowered = name.lower()
    number = _MONTHS.get(lowered[:3])
    if number is None or not _MONTH_NAMES[number - 1].startswith(lowered):
        raise Unreadable("there is no such month")
    return number


def _year(text: str) -> int:
    if len(text) == 4:
        return int(text)
    return int(text) + (2000 if int(text) < 50 else 1900)  # RFC 5322, section 4.3


def _zone(text: str | None) -> tzinfo | None:
    if text is None:
        return None
    if text in _NAMED_ZONES:
        return timezone(timedelta(hours=_NAMED_ZONES[text][0]))
    if text in ("Z", "z", "UTC", "GMT", "UT"):
        return timezone.utc
    if text[0] not in "+-":
        raise Unreadable("there is no zone of that name; write its offset, such as +02:00")
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


def _datetime(
    day: date, hour: int, minute: int, second: int, *, micro: int = 0, zone: tzinfo | None = None
) -> datetime:
    following = timedelta()
    is_leap = second == 60
    if is_leap:  # no clock here knows leap seconds; the one that follows names the same instant
        second, following = 59, timedelta(seconds=1)
    if (hour, minute, second) == (24, 0, 0):  # ISO 8601 allows the end of a day to be written so
        hour, following = 0, timedelta(days=1)
    try:
        found = datetime.combine(day, time(hour, minute, second, micro), zone)
    except ValueError as error:
        raise Unreadable("there is no such time of day") from error
    if is_leap and not _ends_a_day(found):
        raise Unreadable("there is no leap second at that time")
    return _later(found, following)


def _ends_a_day(value: datetime) -> bool:
    """Return whether a time is in the last minute of a day in UTC; without a zone, whether it can be."""
    offset = value.utcoffset()
    if offset is None:
        # Zones differ from UTC by quarters of an hour, so elsewhere the last minute of a day is the last of a quarter.
        return value.minute % 15 == 14
    of_day = (timedelta(hours=value.hour, minutes=value.minute) - offset) % timedelta(days=1)
    return of_day == timedelta(hours=23, minutes=59)


def _later(value: datetime, by: timedelta) -> datetime:
    try:
        return value + by
    except OverflowError as error:
        raise Unreadable("the time is out of range") from error
