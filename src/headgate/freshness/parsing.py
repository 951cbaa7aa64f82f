"""Reading times as they come in metadata, without guessing.

A value is a text, a number (a written date, or seconds to nanoseconds since 1970), a `datetime`, a `date`, what numpy,
pandas and databases make of these, or a list or mapping of such. What can be read in several ways has several
readings; what spells "none" has none, and that is not a problem. The caller chooses the cautious reading, which
depends on the role: the earliest end, the latest start.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache

from headgate.freshness.forms import OTHER_CALENDAR, DateOrder, Unreadable, read_digits, read_text
from headgate.freshness.interval import Interval, from_day, from_local
from headgate.freshness.values import MOST_VALUES, pair_as_time, plain_value
from headgate.freshness.years import is_of_another_calendar
from headgate.freshness.zones import without_comment

__all__ = ["Readings", "is_none", "plain_value", "read_time", "read_values"]

_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_NUMBER = re.compile(r"[1-9]\d{7,18}(?:\.\d{1,9})?")
_DEEPEST = 3
_LONGEST_REMEMBERED = 96

NONE_SPELLINGS = frozenset(
    (
        "",
        "-",
        "--",
        "---",
        "<na>",
        "n/a",
        "n.a.",
        "na",
        "nan",
        "nat",
        "nil",
        "none",
        "null",
        "undefined",
        "(none)",
        "(null)",
    )
)
"""How stores, spreadsheets and data frames spell that there is no value; compared without case."""

_ENDLESS = frozenset(("infinity", "+infinity", "inf", "never", "forever", "for ever", "unlimited", "indefinite"))
_BEGINLESS = frozenset(("-infinity", "-inf", "always"))
# The smallest 64-bit number is NaT in numpy and pandas; the others are the last second of 9999 since 1970, and what
# directories (Active Directory's accountExpires) write for never.
_NAT = -(2**63)
_ENDLESS_NUMBERS = frozenset((253402300799, 253402300799000, 253402300799999, 2**63 - 1))
_ENDLESS_TEXTS = _ENDLESS | {str(number) for number in _ENDLESS_NUMBERS}


@dataclass(frozen=True, slots=True)
class Readings:
    """What a value can mean as a time.

    Attributes:
        intervals: every reading; none where the value spells "none", or where nothing could be read.
        problem: why a part of the value could not be read, or None.
        is_ambiguous: whether the order of day and month is open.
    """

    intervals: tuple[Interval, ...] = ()
    problem: str | None = None
    is_ambiguous: bool = False


def read_time(
    value: object, *, zone: tzinfo | None = None, date_order: DateOrder | None = None, max_chars: int = 96
) -> Interval:
    """Return the instants that a value can mean, where it can be read in one way only.

    Args:
        value: a text, a number, a `date` or a `datetime`.
        zone: the zone of times without one; without it such a time is meant somewhere on earth.
        date_order: how to read 03/04/2026; None if the policy does not say.
        max_chars: the longest text that is read.

    Raises:
        Unreadable: it is not a time, or can be read in several ways.
    """
    readings = read_values(value, zone=zone, date_order=date_order, max_chars=max_chars)
    if readings.problem is not None:
        raise Unreadable(readings.problem)
    if not readings.intervals:
        raise Unreadable("there is no time")
    if len(readings.intervals) > 1:
        raise Unreadable(AMBIGUOUS if readings.is_ambiguous else "it can be read in several ways")
    return readings.intervals[0]


AMBIGUOUS = "it can be read two ways: write the year first, or say with date_order (DMY or MDY) which comes first"


def read_values(
    value: object,
    role: str = "",
    *,
    zone: tzinfo | None = None,
    date_order: DateOrder | None = None,
    max_chars: int = 96,
) -> Readings:
    """Return every reading of a value; never raises.

    Args:
        value: anything that metadata can hold.
        role: what the time is for. For `valid_until`, 0 and -1 mean already expired, as in HTTP (RFC 9111, section
            5.3), and the last day of 9999 means for ever.
        zone: the zone of times without one.
        date_order: how to read 03/04/2026.
        max_chars: the longest text that is read.
    """
    # A subclass may have a hash and an equality of its own, and would be taken for another text.
    if type(value) is str and len(value) <= _LONGEST_REMEMBERED:
        return _read_remembered(value, role, zone, date_order, max_chars)
    return _read_all(value, role, zone, date_order, max_chars)


def _read_all(value: object, role: str, zone: tzinfo | None, date_order: DateOrder | None, max_chars: int) -> Readings:
    intervals: list[Interval] = []
    problem, is_ambiguous = None, False
    try:
        for number, part in enumerate(_parts(value)):
            if number >= MOST_VALUES:  # empty lists count too: nothing else bounds how many there are
                problem = f"it holds more than {MOST_VALUES} values"
                break
            if is_none(part) or _is_boundless(part, role):
                continue
            found = _read(part, role, zone, date_order, max_chars)
            is_ambiguous = is_ambiguous or (isinstance(part, str) and _is_ambiguous(part, found))
            intervals += [interval for interval in found if not _is_sentinel(interval, role)]
    except Unreadable as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 - foreign objects do what they like; they must not break the check
        problem = f"reading it failed ({type(error).__name__})"
    return Readings(tuple(dict.fromkeys(intervals)), problem, is_ambiguous)


def _is_ambiguous(text: str, found: tuple[Interval, ...]) -> bool:
    """Return whether the order of day and month is open; where the year may come first, the cautious year counts."""
    years = [interval.latest.year for interval in found]
    return len(set(years)) < len(years) and not text.strip().isdigit()


# All chunks of a document are of one time, so the same texts come again and again.
_read_remembered = lru_cache(maxsize=4_096)(_read_all)


def is_none(value: object) -> bool:
    """Return whether a value spells that there is none."""
    if value is None:
        return True
    if isinstance(value, str):
        return value.isspace() or (len(value) <= 32 and value.strip().casefold() in NONE_SPELLINGS)
    if isinstance(value, float):
        return math.isnan(value)
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, (list, tuple, Mapping, Set)):
        return len(value) == 0
    # By name: importing pandas to ask would tax everybody.
    return type(value).__name__ in ("NaTType", "NAType") or (type(value) is int and value == _NAT)


def _parts(value: object, depth: int = 0) -> Iterator[object]:
    """Yield the single values that a list or mapping holds, in their order."""
    value = plain_value(value)
    if isinstance(value, Mapping) and value:
        value = pair_as_time(value) or value.values()
    elif not isinstance(value, (list, tuple, Set)) or not value:
        yield value
        return
    if depth >= _DEEPEST:
        raise Unreadable("it is nested too deeply")
    for part in value:
        yield from _parts(part, depth + 1)


def _read(
    value: object, role: str, zone: tzinfo | None, order: DateOrder | None, max_chars: int
) -> tuple[Interval, ...]:
    # Before `date`, whose subclass it is.
    if isinstance(value, datetime):
        return (from_local(value, zone),)
    if isinstance(value, date):
        return (from_day(value, zone),)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return _read_number(value, role, zone)
    if not isinstance(value, str):
        raise Unreadable(f"a value of type {type(value).__name__} is not a time")
    text = value.strip()
    if len(text) > max_chars:
        raise Unreadable("this is not a time")
    text = without_comment(text)
    if role == "valid_until" and text in ("0", "-1"):
        return _read_number(int(text), role, zone)
    if _NUMBER.fullmatch(text):
        return _read_number(float(text) if "." in text else int(text), role, zone)
    return read_text(text, zone, order)


def _read_number(value: float, role: str, zone: tzinfo | None) -> tuple[Interval, ...]:
    if not abs(value) < 10**19:  # neither an infinity nor a NaN is less than anything
        raise Unreadable("this number is not a time")
    if role == "valid_until" and value in (0, -1):
        return (Interval(_EPOCH, _EPOCH),)
    whole = int(value) if value == int(value) else None
    if whole is not None:
        digits = str(whole)
        written = read_digits(digits, zone)
        if written is not None:
            # Ten digits are an epoch of the thirties as well; the role decides which of the two is cautious.
            return (written, _epoch(whole)) if len(digits) == 10 else (written,)
        if len(digits) in (14, 17) and 1900 <= int(digits[:4]) <= 2199:
            raise Unreadable("there is no such day or time of day")
        if len(digits) in (14, 17) and is_of_another_calendar(int(digits[:4])):
            raise Unreadable(OTHER_CALENDAR)
    return (_epoch(value),)


def _epoch(value: float) -> Interval:
    # Each unit begins in 1973 and ends before the next begins (1e11 seconds are the year 5138): no number fits two.
    for upper, per_second in ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**19, 10**9)):
        if 10**8 <= value < upper:
            # Whole numbers stay whole: a float has no room for the nanoseconds of today.
            micros = value * 10**6 // per_second if isinstance(value, int) else value * (10**6 / per_second)
            instant = _EPOCH + timedelta(microseconds=micros)
            return Interval(instant, instant)
    raise Unreadable(f"the number {value!r:.40} is not a time since 1970")


def _is_boundless(value: object, role: str) -> bool:
    """Return whether a value says that there is no end, or no beginning."""
    if isinstance(value, str):
        known = {"valid_until": _ENDLESS_TEXTS, "valid_from": _BEGINLESS}.get(role, ())
        return len(value) <= 32 and value.strip().casefold() in known
    if role != "valid_until" or isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    # A float has no room for the last of them: 2.0**63 is the nearest.
    return value in _ENDLESS_NUMBERS or value in (math.inf, 2.0**63)


def _is_sentinel(interval: Interval, role: str) -> bool:
    """Return whether a time means that there is none: the zero time of Go and .NET, and the last day of 9999."""
    if role == "valid_until" and interval.earliest >= datetime(9999, 12, 30, tzinfo=timezone.utc):
        return True
    # Two days more than the zero time itself, for zones and for readings that span a day.
    return role in ("valid_until", "valid_from") and interval.latest <= datetime(1, 1, 3, tzinfo=timezone.utc)
