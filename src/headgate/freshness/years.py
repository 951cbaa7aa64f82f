"""Years that do not say enough: of two digits, as a date of mail or HTTP may have them, or of another calendar."""

from __future__ import annotations

from datetime import date

__all__ = ["http_years", "is_of_another_calendar", "short_year"]

# RFC 9110, section 5.6.7: what seems more than fifty years ahead is past. A number of this release and not of the
# clock, so that a document's time does not move while nobody touches it.
_LAST_OF_WINDOW = 2076
# The years from 2000 to 2100 in the Persian and the Islamic calendar, and in the Buddhist one.
_ELSEWHERE = (range(1378, 1526), range(2543, 2644))
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def short_year(text: str) -> int:
    """Return a year of two digits as RFC 5322, section 4.3, reads it; of four digits as it is."""
    if len(text) == 4:
        return int(text)
    return int(text) + (2000 if int(text) < 50 else 1900)


def http_years(text: str, month: int, day: int, weekday: str) -> tuple[int, ...]:
    """Return the years that two digits behind a weekday can mean: the one of HTTP's window, or also the other.

    Args:
        text: the two digits.
        month: the month, from 1.
        day: the day of the month.
        weekday: the weekday's name in English, or the beginning of it.
    """
    year = 2000 + int(text)
    if year > _LAST_OF_WINDOW:
        return (year - 100,)
    # A date and its date a century before never share their weekday: where it contradicts the window, both count.
    is_earlier = _is_on(year - 100, month, day, weekday) and not _is_on(year, month, day, weekday)
    return (year, year - 100) if is_earlier else (year,)


def is_of_another_calendar(year: int) -> bool:
    """Return whether a year that was written without a zone may be one of our time in another calendar.

    As one of this calendar it is centuries away, so that what ended last year would hold for ever.
    """
    return any(year in years for years in _ELSEWHERE)


def _is_on(year: int, month: int, day: int, weekday: str) -> bool:
    try:
        return _WEEKDAYS[date(year, month, day).weekday()] == weekday[:3].lower()
    except ValueError:
        return False
