"""The forms in which texts write a time, each read without guessing.

ISO 8601 and what resembles it (slashes, dots, no leading zeros), whole years and months, digits without separators,
PDF dates (ISO 32000, section 7.9.4), and dates that begin with the day or the month. Dates with names of months are in
`named`. A date that can be read two ways has two readings.
"""

from __future__ import annotations

import re
from datetime import timedelta, tzinfo
from typing import Literal

from headgate.freshness.clocks import AT, TIME, at, days_that_exist
from headgate.freshness.eastern import rewrite_eastern
from headgate.freshness.interval import Interval, Unreadable, from_day
from headgate.freshness.moments import calendar_day, moment, month_or_year
from headgate.freshness.named import read_named
from headgate.freshness.years import is_of_another_calendar, short_year
from headgate.freshness.zones import ZONE, read_offset

__all__ = ["OTHER_CALENDAR", "DateOrder", "Unreadable", "read_digits", "read_text"]

DateOrder = Literal["DMY", "MDY"]

_ISO = re.compile(
    r"(?P<date>\d{4}-\d{1,2}-\d{1,2}|\d{4}/\d{1,2}/\d{1,2}|\d{4}(?:\. ?\d{1,2}){2}\.?|\d{8})"
    r"(?:(?:[Tt]|,? {1,2})" + TIME + ZONE + ")?"
)
_EXIF = re.compile(r"(?P<date>\d{4}:\d{2}:\d{2}) " + TIME + ZONE)
_BASIC = re.compile(r"(\d{8})[Tt ]?(\d{2})(?:(\d{2})(?:(\d{2})(?:[.,](?P<fraction>\d{1,18}))?)?)?" + ZONE)
_REDUCED = re.compile(r"(\d{4})(?:[-/](\d{2}))?")
_MONTH_AND_YEAR = re.compile(r"(\d{1,2})/(\d{4})")
# As XML Schema writes a date with its zone.
_ZONED_DAY = re.compile(r"(\d{4})-(\d{2})-(\d{2})(Z|[+-]\d{2}:?\d{2})")
_PDF = re.compile(
    r"D:(\d{4})(\d{2})?(\d{2})?(\d{2})?(\d{2})?(\d{2})?(?:(Z)(?:00'?(?:00'?)?)?|([+-])(\d{2})'?(?:(\d{2})'?)?)?"
)
_NUMERIC = re.compile(
    r"(?P<first>\d{1,2})(?P<sign>[/-]|\. ?)(?P<second_part>\d{1,2})(?P=sign)(?P<year>\d{4}|\d{2})" + AT
)
# What has a clock and a zone was written by a program, in this calendar.
_ZONED = re.compile(r"\d:\d{2}.*(?:[Zz]|UTC|GMT|[+-]\d{2}:?\d{2})$")
OTHER_CALENDAR = "its year may be of another calendar: write it in this one, or with a time and a zone"
_DIGITS = {8: 0, 10: 1, 12: 2, 14: 3, 17: 4}
# Unbreakable and wide spaces, hyphens and minus, the digits and characters of East Asian keyboards; marks of direction
# are nothing.
_PLAIN_SIGNS = {
    **dict.fromkeys((0x00A0, 0x2009, 0x202F, 0x3000), " "),
    **{0xFF10 + number: str(number) for number in range(10)},
    0xFF0F: "/",
    0xFF1A: ":",
    0xFF0D: "-",
    0xFF0E: ".",
    0xFF08: "(",
    0xFF09: ")",
    **dict.fromkeys((0x2010, 0x2011, 0x2212), "-"),
    **dict.fromkeys((0x200E, 0x200F), None),
}


def read_text(text: str, zone: tzinfo | None, order: DateOrder | None) -> tuple[Interval, ...]:
    """Return the readings of a text that is not a bare number: one, or several of a date that can be read so.

    Raises:
        Unreadable: it is not a time in any form that is read.
    """
    if not text.isascii():
        text = _in_plain_signs(text)
    found = _read_forms(text, zone, order)
    if any(is_of_another_calendar(one.latest.year) for one in found) and not _ZONED.search(text):
        raise Unreadable(OTHER_CALENDAR)
    return found


def _read_forms(text: str, zone: tzinfo | None, order: DateOrder | None) -> tuple[Interval, ...]:
    for reader in (_read_iso, _read_basic, _read_pdf):
        found = reader(text, zone)
        if found is not None:
            return (found,)
    return read_named(text, zone) or _read_numeric(text, zone, order)


def read_digits(digits: str, zone: tzinfo | None) -> Interval | None:
    """Return what digits mean as a written date: YYYYMMDD, with or without hours, minutes, seconds and milliseconds.

    Returns:
        The interval; None if they are not a date between 1900 and 2199.
    """
    # Epochs of today have 10, 13, 16 or 19 digits and begin with 17: only ten digits can mean both, from 2030 on.
    if len(digits) not in _DIGITS or not 1900 <= int(digits[:4]) <= 2199:
        return None
    try:
        day = calendar_day(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        if len(digits) == 8:
            return from_day(day, zone)
        rest = digits[8:].ljust(9, "0")
        clock = (int(rest[:2]), int(rest[2:4]), int(rest[4:6]))
        first = moment(day, clock, zone, micro=int(rest[6:]) * 1_000)
        if len(digits) == 10:  # an hour that is named is all of it
            last = moment(day, (clock[0], 59, 59), zone)
            return Interval(first.earliest, last.latest + timedelta(seconds=1), "instant", first.has_zone)
    except Unreadable:
        return None
    return first


def _in_plain_signs(text: str) -> str:
    text = rewrite_eastern(text.translate(_PLAIN_SIGNS)).strip()
    # `\d` matches the digits of every script, and years written in them may be of another calendar.
    if any(sign.isdigit() and not sign.isascii() for sign in text):
        raise Unreadable("this is not a time")
    return text


def _read_iso(text: str, zone: tzinfo | None) -> Interval | None:
    reduced = _REDUCED.fullmatch(text)
    if reduced:
        return month_or_year(int(reduced[1]), int(reduced[2]) if reduced[2] else None, zone)
    reduced = _MONTH_AND_YEAR.fullmatch(text)
    if reduced:
        return month_or_year(int(reduced[2]), int(reduced[1]), zone)
    zoned = _ZONED_DAY.fullmatch(text)
    if zoned:
        return from_day(calendar_day(int(zoned[1]), int(zoned[2]), int(zoned[3])), read_offset(zoned[4]))
    match = _ISO.fullmatch(text) or _EXIF.fullmatch(text)
    if not match or (match["hour"] and not match["minute"] and not match["half"]):
        return None
    written = match["date"]
    parts = [written[:4], written[4:6], written[6:]] if written.isdigit() else re.findall(r"\d+", written)
    return at(calendar_day(*map(int, parts)), match, zone)


def _read_basic(text: str, zone: tzinfo | None) -> Interval | None:
    match = _BASIC.fullmatch(text)
    if not match or text.isdigit() or (match[3] is None and match["zone"] is None):
        return None
    digits = match[1]
    day = calendar_day(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    clock = (int(match[2]), int(match[3] or 0), int(match[4] or 0))
    micro = int((match["fraction"] or "0")[:6].ljust(6, "0"))
    return moment(day, clock, zone, micro=micro, name=match["zone"], repeated=match["repeated"])


def _read_pdf(text: str, zone: tzinfo | None) -> Interval | None:
    match = _PDF.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, utc, sign, hours, minutes = match.groups()
    if day is None:
        return month_or_year(int(year), int(month) if month else None, zone)
    when = calendar_day(int(year), int(month), int(day))
    if hour is None:
        return from_day(when, zone)
    offset = "Z" if utc else f"{sign}{hours}{minutes or '00'}" if sign else None
    return moment(when, (int(hour), int(minute or 0), int(second or 0)), zone, name=offset)


def _read_numeric(text: str, zone: tzinfo | None, order: DateOrder | None) -> tuple[Interval, ...]:
    match = _NUMERIC.fullmatch(text)
    if not match:
        raise Unreadable("this is not a time in a form that can be read")
    first, second, year = int(match["first"]), int(match["second_part"]), short_year(match["year"])
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
        written.append((short_year(match["first"]), second, int(match["year"])))
    return days_that_exist(written, match, zone)
