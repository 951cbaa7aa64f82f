"""Durations as people write them in a policy: 90d, 36h, 15m, 1d12h, 90 days, 2 weeks, 1y, P30D, PT36H."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta

__all__ = ["BusinessDays", "format_duration", "format_span", "least_of", "most_of", "parse_duration", "parse_span"]

_DAY = 86_400.0
# A month and a year have no fixed length; one number, and always the same, is what a limit needs.
_MONTH, _YEAR = 30 * _DAY, 365 * _DAY
_UNITS = {"w": 7 * _DAY, "d": _DAY, "h": 3_600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "mo": _MONTH, "y": _YEAR}
_WORDS = {
    **dict.fromkeys(("year", "years", "yr", "yrs"), "y"),
    **dict.fromkeys(("month", "months"), "mo"),
    **dict.fromkeys(("week", "weeks"), "w"),
    **dict.fromkeys(("day", "days"), "d"),
    **dict.fromkeys(("hour", "hours", "hr", "hrs"), "h"),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), "m"),
    **dict.fromkeys(("second", "seconds", "sec", "secs"), "s"),
    **dict.fromkeys(("millisecond", "milliseconds"), "ms"),
    **{unit: unit for unit in _UNITS},
}
_PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{1,6})?) ?([a-z]{1,12})")
_WHOLE = re.compile(rf"{_PART.pattern}(?:(?:,| and)? ?{_PART.pattern}){{0,7}}")
# ISO 8601 (and RFC 3339, appendix A). A comma is a decimal sign there as well.
_NUMBER = r"[0-9]{1,9}(?:[.,][0-9]{1,6})?"
_ISO = re.compile(
    rf"P(?=.)(?:(?P<y>{_NUMBER})Y)?(?:(?P<mo>{_NUMBER})M)?(?:(?P<w>{_NUMBER})W)?(?:(?P<d>{_NUMBER})D)?"
    rf"(?:T(?=.)(?:(?P<h>{_NUMBER})H)?(?:(?P<m>{_NUMBER})M)?(?:(?P<s>{_NUMBER})S)?)?"
)
_BUSINESS = re.compile(r"\b(?:(?:business|working|work|bank)[ -]?days?\b|[0-9] ?bds?\b)")
_BUSINESS_DAYS = re.compile(r"([0-9]{1,5}) ?(?:(?:business|working|work|bank)[ -]?days?|bds?)")
_MOST_BUSINESS_DAYS = 10_000
# Minutes to one reader and months to another.
_AMBIGUOUS = re.compile(r"[0-9] ?M(?![A-Za-z])")
_MOST_CHARS = 100
_LONGEST = 1_000 * 366 * _DAY
_EXAMPLES = "Write 90d, 36h, 15m, 2 weeks or P30D."


@dataclass(frozen=True, slots=True)
class BusinessDays:
    """A number of business days: how long that is depends on when it begins, and on a calendar.

    Attributes:
        days: how many.
    """

    days: int

    def __str__(self) -> str:
        return f"{self.days}bd"


def parse_span(value: object) -> timedelta | BusinessDays:
    """Return the duration that `value` names, which may be one of business days: `5bd`, `5 business days`.

    Raises:
        ValueError: it is neither.
    """
    if isinstance(value, BusinessDays):
        return value
    text = " ".join(value.split()).lower() if isinstance(value, str) and len(value) <= _MOST_CHARS else ""
    found = _BUSINESS_DAYS.fullmatch(text)
    if found is not None:
        days = int(found[1])
        if days > _MOST_BUSINESS_DAYS:
            raise ValueError(f"{value!r} is more than {_MOST_BUSINESS_DAYS:,} business days.")
        return BusinessDays(days)
    if _BUSINESS.search(text):
        raise ValueError(f"{value!r} is not a duration. Write whole business days alone: 5 business days, 5bd.")
    return parse_duration(value)


def least_of(span: timedelta | BusinessDays) -> timedelta:
    """Return a time that a duration is never shorter than: of business days as many days, less a change of clocks."""
    if isinstance(span, timedelta):
        return span
    return max(timedelta(0), timedelta(days=span.days) - timedelta(hours=1))


def most_of(span: timedelta | BusinessDays) -> timedelta:
    """Return a time that a duration is hardly ever longer than, whatever the calendar."""
    return span if isinstance(span, timedelta) else timedelta(days=2 * span.days + 14)


def parse_duration(value: object) -> timedelta:
    """Return the duration that `value` names.

    A month is 30 days and a year 365, whatever the calendar says.

    Args:
        value: a text such as `90d`, `1d12h`, `90 days`, `2 weeks` or `P1M` (ISO 8601), or a timedelta that is not
            negative.

    Raises:
        ValueError: it is not a duration, or a negative or absurd one.
    """
    if isinstance(value, timedelta):
        if value < timedelta(0):
            raise ValueError(f"{format_duration(value)} is negative. {_EXAMPLES}")
        return value
    text = " ".join(value.split()) if isinstance(value, str) and len(value) <= _MOST_CHARS else ""
    if _BUSINESS.search(text.lower()):
        raise ValueError(f"{value!r} depends on a calendar of holidays, which a policy does not have. Write days.")
    if text[:1] != "P" and _AMBIGUOUS.search(text):
        raise ValueError(f"{value!r} may mean minutes or months. Write 15m or 15min, 3mo or 3 months.")
    parts = _iso_parts(text) if text[:1] == "P" else _word_parts(text.lower())
    if parts is None:
        shown = value if not isinstance(value, str) else value[:_MOST_CHARS]
        raise ValueError(f"{shown!r} is not a duration. {_EXAMPLES}")
    seconds = sum(number * _UNITS[unit] for number, unit in parts)
    if seconds > _LONGEST:
        raise ValueError(f"{value!r} is more than a thousand years. {_EXAMPLES}")
    return timedelta(seconds=seconds)


def _iso_parts(text: str) -> list[tuple[float, str]] | None:
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    return [(float(number.replace(",", ".")), unit) for unit, number in found.groupdict().items() if number is not None]


def _word_parts(text: str) -> list[tuple[float, str]] | None:
    if not _WHOLE.fullmatch(text):
        return None
    found = [(float(number), _WORDS.get(word)) for number, word in _PART.findall(text)]
    parts = [(number, unit) for number, unit in found if unit is not None]
    return parts if len(parts) == len(found) else None


def format_duration(value: timedelta) -> str:
    """Return a duration for people, in its two largest units: `412d`, `3d 4h`, `15m`."""
    seconds = int(value.total_seconds())
    sign, seconds = ("-", -seconds) if seconds < 0 else ("", seconds)
    if seconds >= 10 * _DAY:
        return f"{sign}{seconds // int(_DAY)}d"
    parts = []
    for unit in ("d", "h", "m", "s"):
        count, seconds = divmod(seconds, int(_UNITS[unit]))
        if count:
            parts.append(f"{count}{unit}")
    return sign + (" ".join(parts[:2]) or "0s")


def format_span(value: timedelta | BusinessDays) -> str:
    """Return a duration for people, as `format_duration` does; of business days as `5bd`."""
    return format_duration(value) if isinstance(value, timedelta) else str(value)
