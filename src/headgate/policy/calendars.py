"""Business days: which days of a calendar are worked, and when so many of them are over.

A pure function of an instant, a number of days, a calendar and a zone. A business day is a whole day of the calendar,
and the days between count nothing: something from Friday noon is one business day old on Monday noon. Where the zone
is not known, a day is over where it is over first.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from headgate.forks import importing

__all__ = ["end_of_business_days", "is_business_day", "require_calendar"]

_DAY, _TICK = timedelta(days=1), timedelta(microseconds=1)
_WESTERNMOST, _EASTERNMOST = timedelta(hours=-12), timedelta(hours=14)
_FIRST_OF_WEEKEND = 5
# Where the zone is not known, clocks may be set ahead meanwhile.
_CHANGE = timedelta(hours=1)
# A calendar without a working day in as many days is none.
_LONGEST_REST = 366
_INSTALL = "pip install 'headgate[calendars]'"
_LAST = datetime.max.replace(tzinfo=timezone.utc)


def require_calendar(name: str) -> str:
    """Return the name of a calendar that is known.

    Raises:
        ValueError: nobody knows it, or what knows calendars is not installed.
    """
    try:
        _holidays(name, 2_000)
    except ImportError:
        raise ValueError(f"the calendar {name[:40]!r} needs the library holidays: {_INSTALL}.") from None
    except (NotImplementedError, AttributeError, ValueError, TypeError, LookupError):
        raise ValueError(
            f"{name[:40]!r} is not a calendar that is known. Write a country (DE), one of its parts (DE-BY, US-CA), or "
            "a market (NYSE, ECB). Without one, business days are Monday to Friday."
        ) from None
    return name


def is_business_day(calendar: str | None, day: date) -> bool:
    """Return whether a day is worked.

    Args:
        calendar: the name of a calendar; None for Monday to Friday without holidays.
        day: the day.
    """
    if calendar is None:
        return day.weekday() < _FIRST_OF_WEEKEND
    return day in _working_days(calendar, day.year)


def end_of_business_days(start: datetime, days: int, calendar: str | None, zone: str | None) -> datetime:
    """Return the first instant at which so many whole business days have passed.

    It is never earlier for a later start, for more days, or for a calendar with more days that are not worked.

    Args:
        start: the instant from which they count.
        days: how many.
        calendar: the name of a calendar; None for Monday to Friday without holidays.
        zone: the name of the zone whose days they are; None for the earliest end anywhere on earth.
    """
    if days <= 0:
        return start
    try:
        if zone is not None:
            return _end(start, days, calendar, ZoneInfo(zone))
        first = min(_end(start, days, calendar, timezone(offset)) for offset in _offsets(start))
        return max(start, first - _CHANGE)
    except OverflowError:
        return _LAST


def _offsets(start: datetime) -> Iterator[timedelta]:
    """Yield for each day that it may be somewhere the easternmost offset, where that day is over first."""
    local = start.astimezone(timezone.utc).replace(tzinfo=None)
    day = (local + _WESTERNMOST).date()
    while day <= (local + _EASTERNMOST).date():
        yield min(_EASTERNMOST, datetime.combine(day + _DAY, time()) - _TICK - local)
        day += _DAY


def _end(start: datetime, days: int, calendar: str | None, zone: tzinfo) -> datetime:
    day = start.astimezone(zone).date()
    begins, ends = _begin(day, zone), _begin(day + _DAY, zone)
    # By the share of the day that is over: a day in which clocks are set is longer or shorter, and later stays later.
    share = min(max((start - begins) / (ends - begins), 0.0), 1.0) if ends > begins else 0.0
    if not is_business_day(calendar, day):
        day, share = _following(day, 1, calendar), 0.0
    if share == 0.0:
        # From midnight on the day itself is the first, and is over at the next one.
        return _begin(_following(day, days - 1, calendar) + _DAY, zone)
    day = _following(day, days, calendar)
    begins = _begin(day, zone)
    return begins + (_begin(day + _DAY, zone) - begins) * share


def _begin(day: date, zone: tzinfo) -> datetime:
    # Of a midnight that comes twice the first one, and of one that is left out the instant at which it is.
    return datetime.combine(day, time(), tzinfo=zone).astimezone(timezone.utc)


@lru_cache(maxsize=4_096)
def _following(day: date, days: int, calendar: str | None) -> date:
    """Return the business day that is so many after a day; the day itself for none."""
    rest = 0
    while days > 0 and rest < _LONGEST_REST:
        day += _DAY
        is_worked = is_business_day(calendar, day)
        days, rest = (days - 1, 0) if is_worked else (days, rest + 1)
    return day


@lru_cache(maxsize=512)
def _working_days(calendar: str, year: int) -> frozenset[date]:
    """Return the days of a year that are worked; of a year that nobody knows holidays of, those of its week."""
    known = _holidays(calendar, year)
    first = date(year, 1, 1)
    every = (first + _DAY * number for number in range((date(year, 12, 31) - first).days + 1))
    return frozenset(day for day in every if known.is_working_day(day))


def _holidays(calendar: str, year: int) -> Any:
    """Return what knows the holidays of a year.

    Raises:
        ImportError: it is not installed.
        NotImplementedError: it does not know the calendar.
    """
    with importing():
        import holidays

    name, _, part = calendar.partition("-")
    # Markets are found by their names as countries are.
    return holidays.country_holidays(name, subdiv=part or None, years=year)
