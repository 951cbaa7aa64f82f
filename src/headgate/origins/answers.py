"""What an answer of a document's own server says about the document: HTTP's status and headers, read. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin

from headgate.clock import FIRST_DATE
from headgate.encoding import safe_name
from headgate.freshness import identify_document
from headgate.origins.ages import read_age
from headgate.registry import NEVER_TOLD, Answer

__all__ = ["read_answer"]

_ADDRESS_CHARS, _TAG_CHARS = 2_048, 500
# What was changed less than this before it was sent was made for the answer, and not changed.
_MOMENT = timedelta(seconds=10)
# By how much the clock of a server may be behind.
_CLOCKS = timedelta(minutes=1)


def read_answer(
    known: Answer | None, status: int, headers: Mapping[str, str], now: datetime, url: str = ""
) -> Answer | None:
    """Return what an answer says about a document; None where it says nothing, as an error of the server does.

    Args:
        known: the answer before.
        status: of the answer (RFC 9110, section 15).
        headers: by their names in lower case.
        now: when it was given; its `Age` (RFC 9111, section 5.1) counts against it.
        url: what was asked.
    """
    at = min(now - read_age(headers.get("age", "")), _sent(headers, now))
    if status == 304 and known is not None and known.etag is not None:
        # What it renews is what it names (RFC 9111, section 4.3.4).
        etag = headers.get("etag") or known.etag
        return _unchanged(known, at) if _is_same(etag, known.etag) else None
    known = known if known is not None else Answer(at)
    # What has been seen of its changes and its validator outlasts answers that say nothing of them.
    if status in (404, 410):
        return replace(known, at=at, is_gone=True, moved_to=None)
    if status in (301, 308):
        return _moved(known, at, headers.get("location", ""), url)
    return _found(known, headers, at) if status == 200 else None


def _moved(known: Answer, at: datetime, location: str, url: str) -> Answer | None:
    """Return what a permanent redirect says; to another spelling of its address, that the document is there.

    One that names no place is a fault of the server, and says nothing.
    """
    try:
        place = urljoin(url, location)
    except ValueError:
        return None
    document = identify_document(place) if location else None
    if document is None:
        return None
    if document == identify_document(url):
        return replace(known, at=at, is_gone=False, moved_to=None, untold_until=NEVER_TOLD)
    return replace(known, at=at, is_gone=True, moved_to=safe_name(place)[:_ADDRESS_CHARS])


def _found(known: Answer, headers: Mapping[str, str], at: datetime) -> Answer:
    etag, modified = headers.get("etag") or None, _modified(headers, at)
    if etag is not None and len(etag) > _TAG_CHARS:
        etag = None  # it would have to be cut, and two of them could be one
    if known.etag is not None and etag is not None and _is_same(etag, known.etag):
        return _unchanged(known, at)
    is_dated = modified is not None
    if known.etag is not None and etag is not None and (modified is None or modified < known.at):
        # Whatever it says of the date, what it has is another than when it was asked before, since any time after that.
        modified, is_dated = known.at, False
    # Without a date nothing is known of the time before its validator was seen, and without one of no time at all.
    untold = None if is_dated else at if etag is not None else NEVER_TOLD
    modified = max((time for time in (modified, known.modified) if time is not None), default=None)
    since = at if etag is not None else known.since
    return Answer(at, modified=modified, etag=etag or known.etag, since=since, untold_until=untold)


def _unchanged(known: Answer, at: datetime) -> Answer:
    """Return an answer that what was known still holds: where there is no date, since its validator was first seen."""
    # What was dated before a validator was seen says nothing of the time between the two.
    untold = None if known.untold_until is None else known.since
    return replace(known, at=at, is_gone=False, moved_to=None, untold_until=untold)


def _is_same(one: str, other: str) -> bool:
    """Return whether two validators are the same by weak comparison (RFC 9110, section 8.8.3.2)."""
    return one.removeprefix("W/") == other.removeprefix("W/")


def _sent(headers: Mapping[str, str], now: datetime) -> datetime:
    """Return when an answer was sent at the latest: a cache may say nothing of its age (RFC 9111, section 4.2.3)."""
    sent = _date(headers.get("date"))
    return sent if sent is not None and now - sent > _CLOCKS else now


def _modified(headers: Mapping[str, str], at: datetime) -> datetime | None:
    """Return when a document was changed, as its server says; None where that was made up, or is not a date.

    It is compared with the time of sending (RFC 9110, section 6.6.1), whatever the clock of the server is.
    """
    modified, sent = _date(headers.get("last-modified")), _date(headers.get("date"))
    latest = min(sent, at) if sent is not None else at
    return modified if modified is not None and FIRST_DATE <= modified < latest - _MOMENT else None


def _date(text: str | None) -> datetime | None:
    try:
        date = parsedate_to_datetime(text or "")
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    # A date of HTTP is one of UTC, also in the form of asctime, which says no zone (RFC 9110, section 5.6.7).
    return date if date.tzinfo is not None else date.replace(tzinfo=timezone.utc)
