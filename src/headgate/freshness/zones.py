"""Zones as they follow a time: offsets, names, and names with an offset.

A name is read as RFC 5322 (section 4.3) defines it where the date is one of mail or HTTP; elsewhere the same letters
stand for other places as well, and mean every zone that has them. All other names are nobody's standard, and are not
read: what matters then is the offset beside them, if there is one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone, tzinfo

from headgate.freshness.interval import Interval, Unreadable, from_local

__all__ = ["ZONE", "place", "read_offset", "without_comment"]

ZONE = (
    # In JavaScript `GMT+0100`, in Go `+0300 MSK` and `+0300 +03`, in Python's logs `+0000 UTC`.
    r"(?: ?(?P<zone>[Zz]|(?:[A-Za-z]{2,5})?[+-](?:\d{2}(?::?\d{2})?|\d(?::\d{2})?)|[A-Za-z]{2,5})"
    r"(?: (?P<repeated>[A-Z]{2,5}|[+-]\d{2}(?::?\d{2})?))?(?: m=[+-]\d{1,12}\.\d{1,12})?)?"
)
# What RFC 5322, section 3.2.2, calls a comment: behind a zone it names it once more, as a rule, and in JavaScript in
# the words of the reader's language. Another, such as `(withdrawn 2024)`, may say that the date is void.
_COMMENT = re.compile(
    r"\((?:(?P<name>[A-Z]{1,5})|[A-Z]{1,5}\d{0,2}[A-Z]{0,5}(?:[+-]\d{1,2}(?::?\d{2})?)?|"
    r"[A-Z][a-z]{2,20}/[A-Za-z_/-]{2,30}|(?P<words>[^\W\d_][^\d()]{1,60}))\)|"
    # RFC 9557, and Java.
    r"\[[A-Z][A-Za-z]{2,20}(?:/[A-Za-z_/-]{2,30})?\]"
)
_CLOCK = re.compile(r"\d:\d")
_LAST_ZONE = re.compile(r"(?<=[ \d])(?P<zone>[Zz]|[A-Z]{2,4}|(?:[A-Z]{2,4})?[+-]\d{1,2}(?::?\d{2})?)$")
_ENGLISH_ZONE = re.compile(r"(?:[A-Z][A-Za-z.'\u2019-]* +)+Time")
_WORDS_FOR_TIME = ("zeit", "heure", "hora ", "ora ", "tijd", "tid", "czas", "время", "時間", "时间", "標準時", "표준시")
_OFFSET = re.compile(r"(?P<name>[A-Za-z]*)(?P<sign>[+-])(?P<hours>\d{1,2}?)(?::?(?P<minutes>\d{2}))?")
_UTC_NAMES = frozenset(("z", "utc", "gmt", "ut"))
# Where clocks are at UTC, other names would contradict it: Go writes +0000 behind every name that it does not know.
_AT_UTC = _UTC_NAMES | {"wet", "azost", "egst", "greenwich", "zulu"}
# In hours: first what RFC 5322 says, then where else the name is in use.
_NAMES: Mapping[str, tuple[float, ...]] = {
    "est": (-5, 10, 11),
    "edt": (-4, 11),
    "cst": (-6, -5, 8, 9.5, 10.5),
    "cdt": (-5, -4, 10.5),
    "mst": (-7, 6.5, 8),
    "mdt": (-6,),
    "pst": (-8, 8),
    "pdt": (-7,),
}


def place(when: datetime, name: str | None, repeated: str | None, zone: tzinfo | None, *, is_mail: bool) -> Interval:
    """Return the instants that a local time means in the zone that is written behind it.

    Args:
        when: the time as written, without a zone.
        name: what follows it, or None.
        repeated: what follows that: the zone once more, by name or offset.
        zone: the zone of times without one.
        is_mail: whether the date is one of mail or HTTP, where names are defined.

    Raises:
        Unreadable: the zone is not known, or what follows it contradicts it.
    """
    if name is None:
        return from_local(when, zone)
    offsets = _offsets(name, is_mail=is_mail)
    if repeated is not None and not _agrees(repeated, offsets):
        raise Unreadable("it names two zones that differ")
    placed = [from_local(when.replace(tzinfo=timezone(offset)), None) for offset in offsets]
    if len(placed) == 1:
        return placed[0]
    return Interval(min(each.earliest for each in placed), max(each.latest for each in placed), "instant", False)


def read_offset(text: str) -> timezone:
    """Return the zone that an offset such as `+02:00` or `Z` names.

    Raises:
        Unreadable: there is none of that offset.
    """
    return timezone(_offsets(text, is_mail=False)[0])


def without_comment(text: str) -> str:
    """Return a time without the comment behind its zone, if that only names the zone; any other text as it is."""
    if not text.endswith((")", "]")):
        return text
    cut = text.rfind("(" if text[-1] == ")" else "[")
    comment = _COMMENT.fullmatch(text[cut:]) if cut > 0 else None
    time = text[: max(cut, 0)].rstrip()
    if comment is None or not _CLOCK.search(time):
        return text
    zone = _LAST_ZONE.search(time)
    name, words = comment["name"], comment["words"]
    if zone is None or (name and name != zone["zone"]):
        # The comment is the zone, or names it once more: whether it may is decided where zones are read.
        return f"{time} {name}" if name else text
    if words and not _ENGLISH_ZONE.fullmatch(words) and not any(word in words.casefold() for word in _WORDS_FOR_TIME):
        return text
    return time


def _offsets(text: str, *, is_mail: bool) -> tuple[timedelta, ...]:
    name = text.lower()
    if name in _UTC_NAMES:
        return (timedelta(),)
    written = _OFFSET.fullmatch(text)
    if written:
        offset = timedelta(hours=int(written["hours"]), minutes=int(written["minutes"] or 0))
        if offset >= timedelta(hours=24) or int(written["minutes"] or 0) > 59:
            raise Unreadable("there is no such zone")
        named = _NAMES.get(written["name"].lower())
        # `EST+0500` is how POSIX writes it, with the sign the other way round.
        if named and (-offset if written["sign"] == "-" else offset) not in _hours(named):
            raise Unreadable("its zone has a name and an offset that differ")
        return (-offset if written["sign"] == "-" else offset,)
    hours = _NAMES.get(name)
    if hours is None:
        raise Unreadable("there is no zone of that name that everybody means; write its offset, such as +02:00")
    return _hours(hours[:1] if is_mail else hours)


def _agrees(repeated: str, offsets: tuple[timedelta, ...]) -> bool:
    """Return whether a zone that is written twice is the same both times, as far as its name tells."""
    name = repeated.lower()
    if repeated[0] in "+-" or name in _UTC_NAMES:
        return _offsets(repeated, is_mail=False) == offsets
    if name in _NAMES:
        return set(offsets) <= set(_hours(_NAMES[name]))
    return timedelta() not in offsets or name in _AT_UTC


def _hours(hours: tuple[float, ...]) -> tuple[timedelta, ...]:
    return tuple(timedelta(hours=each) for each in hours)
