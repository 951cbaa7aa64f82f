"""Dates with the name of a month: of mail, HTTP, logs and programs, and of texts in many languages.

RFC 5322 and HTTP dates (RFC 9110, section 5.6.7), C's asctime, date(1), JavaScript, Go, access logs.
"""

from __future__ import annotations

import re
from datetime import tzinfo

from headgate.freshness.clocks import AT, TIME, days_that_exist
from headgate.freshness.interval import Interval, Unreadable
from headgate.freshness.moments import month_or_year
from headgate.freshness.month_names import MONTHS, WEEKDAYS
from headgate.freshness.years import http_years, short_year
from headgate.freshness.zones import ZONE

__all__ = ["read_named"]

_WORD = r"[^\W\d_][^\s\d,.:/()+-]{1,15}"
# A weekday says nothing that the date does not say; it may be there.
_WEEKDAY = r"(?:(?P<weekday>" + _WORD + r"(?:-feira)?)(?:[.,]{1,2} *| +))?"
_MONTH = r"(?P<month>" + _WORD + r")\.?,?"
_OF = r"(?:(?:of|de|del) |d[\u2019'])?"
# In Slavic languages "year" may follow the year.
_YEAR = _OF + r"(?P<year>\d{4}|\d{2})(?:\.| ?(?:г|р|ж)\.?)?"
_LONG_YEAR = _OF + r"(?P<year>\d{4})(?:\.| ?(?:г|р|ж)\.?)?"
_FORMS = tuple(
    re.compile(pattern)
    for pattern in (
        _WEEKDAY + r"(?P<day>\d{1,2})(?:st|nd|rd|th|er|º|ª|°)?[./-]? ?" + _OF + _MONTH + r"[./-]? ?" + _YEAR + AT,
        _WEEKDAY + _MONTH + r"(?:[ ./-](?P<day>\d{1,2})(?:st|nd|rd|th)?,?)?[ ./-]" + _LONG_YEAR + AT,
        # C's asctime and date(1), and what Twitter made of it: the year comes last.
        _WEEKDAY + r"(?P<month>[A-Za-z]{3}) {1,2}(?P<day>\d{1,2}) " + TIME + ZONE + r" (?P<year>\d{4})",
        r"(?P<year>\d{4})(?:\.|,| m\.)?[ ./-]?" + _MONTH + r"(?:[ ./-]?(?P<day>\d{1,2})\.?(?: d\.)?)?" + AT,
        # Access logs of web servers.
        r"\[?(?P<day>\d{1,2})/(?P<month>[A-Za-z]{3})/(?P<year>\d{4}):" + TIME + ZONE + r"\]?",
    )
)
_MAIL = re.compile(
    r"(?:[A-Za-z]{3,9}, *)?\d{1,2}(?: +|-)[A-Za-z]{3}(?: +|-)\d{2}(?:\d{2})? +\d{2}:\d{2}(?::\d{2})? +"
    r"(?:[A-Za-z]{1,3}|[+-]\d{4})"
)


def read_named(text: str, zone: tzinfo | None) -> tuple[Interval, ...]:
    """Return the readings of a date with the name of a month; none if the text is not such a date.

    Raises:
        Unreadable: it has the form of one, and there is no such month, day, time or zone.
    """
    found = _match(text)
    if found is None:
        return ()
    match, months, weekday = found
    if match["day"] is None:
        if match["hour"] is not None:
            return ()
        return tuple(month_or_year(int(match["year"]), month, zone) for month in months)
    is_mail = _MAIL.fullmatch(text) is not None
    written = [one for month in months for one in _written(match, month, weekday, is_mail=is_mail)]
    return days_that_exist(written, match, zone, is_mail=is_mail)


def _match(text: str) -> tuple[re.Match[str], tuple[int, ...], str | None] | None:
    """Return the match of the first form whose words are names, with the months that the name means and the weekday."""
    wrong: str | None = None
    for form in _FORMS:
        match = form.fullmatch(text)
        if match is None:
            continue
        months, weekday = _months(match["month"]), match.groupdict().get("weekday")
        if months and (weekday is None or weekday.casefold() in WEEKDAYS):
            return match, months, weekday
        wrong = wrong or ("there is no such weekday" if months else "there is no such month")
    if wrong is not None:
        raise Unreadable(wrong)
    return None


def _written(match: re.Match[str], month: int, weekday: str | None, *, is_mail: bool) -> list[tuple[int, int, int]]:
    """Return the years, months and days that a date can mean."""
    year, day = match["year"], int(match["day"])
    if len(year) == 2 and weekday:
        return [(each, month, day) for each in http_years(year, month, day, weekday)]
    written = [(short_year(year), month, day)]
    # Mail begins with the day; elsewhere the year may come first.
    if len(year) == 2 and len(match["day"]) == 2 and not is_mail:
        written.append((short_year(match["day"]), month, int(year)))
    return written


def _months(name: str) -> tuple[int, ...]:
    folded = name.casefold()
    # Hebrew writes "in" and the month as one word.
    return MONTHS.get(folded) or (MONTHS.get(folded[1:], ()) if folded.startswith("\u05d1") else ())
