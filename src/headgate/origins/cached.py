"""What an answer says to caches: how old it is, and for how long it may be used (RFC 9111). No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime

__all__ = ["may_be_kept", "read_age", "read_http_date", "read_lifetime"]

_MOST_DIGITS = 9
# So old that nothing counts for as long: an age that is there and cannot be read may be any.
_ANY = timedelta(days=3_650)
_NONE = timedelta(0)
_MOST_CHARS = 2_000
# A name, and what may be behind it: a token, or a string in quotes (RFC 9111, section 5.2).
_DIRECTIVE = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*(?:=\s*(\"(?:[^\"\\]|\\.)*\"|[^,\"\s]*))?\s*(?:,|$)")


def read_age(text: str) -> timedelta:
    """Return the age that an `Age` header says: of several the highest, and one that counts for nothing if it is none.

    Args:
        text: the value; empty where there is no such header.
    """
    if not text.strip():
        return _NONE
    ages = [_seconds(part.strip()) for part in text.split(",")]
    known = [age for age in ages if age is not None]
    return min(max(known), _ANY) if len(known) == len(ages) else _ANY


def read_lifetime(headers: Mapping[str, str], now: datetime) -> timedelta | None:
    """Return for how long an answer may be used, counted from when it was made; None where it does not say.

    A gate serves many, so it is a shared cache: `s-maxage` comes before `max-age`, and that before `Expires` (RFC 9111,
    section 4.2.1). `no-cache` and `no-store` without a list of fields, and what cannot be read, allow no use at all
    without another question. Of a directive that is there twice the shorter one counts.

    Args:
        headers: by their names in lower case.
        now: when the answer came, for one without a `Date`.
    """
    directives = list(_directives(headers.get("cache-control", "")))
    if any(name in ("no-cache", "no-store") and value is None for name, value in directives):
        return _NONE
    for wanted in ("s-maxage", "max-age"):
        spans = [_seconds((value or "").strip('"')) for name, value in directives if name == wanted]
        if spans:
            return min((span if span is not None else _NONE for span in spans), default=_NONE)
    if "expires" not in headers:
        return None
    expires, sent = read_http_date(headers["expires"]), read_http_date(headers.get("date"))
    return max(_NONE, expires - (sent or now)) if expires is not None else _NONE


def may_be_kept(headers: Mapping[str, str]) -> bool:
    """Return whether an answer may be written down where others read it: not with `no-store`, nor with `private`."""
    directives = _directives(headers.get("cache-control", ""))
    return not any(name in ("no-store", "private") and value is None for name, value in directives)


def read_http_date(text: str | None) -> datetime | None:
    """Return a date of a header (RFC 9110, section 5.6.7), or None for what is none."""
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # A date of HTTP is one of UTC, also in the form of asctime, which says no zone.
    return date if date.tzinfo is not None else date.replace(tzinfo=timezone.utc)


def _directives(text: str) -> Iterator[tuple[str, str | None]]:
    """Yield the directives of `Cache-Control` by their names in lower case; what cannot be read is `no-cache`."""
    text, place = text[:_MOST_CHARS].strip(), 0
    while place < len(text):
        found = _DIRECTIVE.match(text, place)
        if found is None or found.end() == place:
            # Empty members of a list are passed over (RFC 9110, section 5.6.1).
            if text[place] in ", \t":
                place += 1
                continue
            yield "no-cache", None
            return
        yield found[1].lower(), found[2]
        place = found.end()


def _seconds(text: str) -> timedelta | None:
    """Return a number of seconds (RFC 9111, section 1.2.2), or None for what is none."""
    if not (text.isascii() and text.isdigit()):
        return None
    return timedelta(seconds=int(text)) if len(text) <= _MOST_DIGITS else _ANY
