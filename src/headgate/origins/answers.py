"""What an answer of a document's own server says about the document: HTTP's status and headers, read. No I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from urllib.parse import urljoin

from headgate.clock import FIRST_DATE
from headgate.encoding import safe_name
from headgate.freshness import identify_document
from headgate.origins.cached import may_be_kept, read_age, read_http_date, read_lifetime
from headgate.provenance.validators import MAX_TAG_CHARS, Validators, is_same_tag
from headgate.registry import NEVER_TOLD, Answer

__all__ = ["conditions_for", "read_answer"]

_ADDRESS_CHARS = 2_048
# What was changed less than this before it was sent was made for the answer, and not changed.
_MOMENT = timedelta(seconds=10)
# By how much the clock of a server may be behind.
_CLOCKS = timedelta(minutes=1)


def conditions_for(known: Answer | None, sealed: Validators | None = None) -> Mapping[str, str]:
    """Return the header that makes a request conditional (RFC 9110, section 13.1); none where nothing is known.

    The tag of the last answer, or that of the text, or the last change: one of them, so that 304 says of what.

    Args:
        known: the answer before.
        sealed: what the origin said with the content that the text was made from.
    """
    etag = _tag_asked(known, sealed)
    if etag is not None:
        return {"If-None-Match": etag}
    if known is not None and known.modified is not None:
        return {"If-Modified-Since": format_datetime(known.modified.astimezone(timezone.utc), usegmt=True)}
    return {}


def _tag_asked(known: Answer | None, sealed: Validators | None) -> str | None:
    if known is not None and known.etag is not None:
        return known.etag
    return sealed.etag if sealed is not None else None


def read_answer(
    known: Answer | None,
    status: int,
    headers: Mapping[str, str],
    now: datetime,
    url: str = "",
    sealed: Validators | None = None,
) -> Answer | None:
    """Return what an answer says about a document; None where it says nothing, as an error of the server does.

    Args:
        known: the answer before.
        status: of the answer (RFC 9110, section 15).
        headers: by their names in lower case.
        now: when it was given; its `Age` (RFC 9111, section 5.1) counts against it.
        url: what was asked.
        sealed: as for `conditions_for`, of the same request.
    """
    at = min(now - read_age(headers.get("age", "")), _sent(headers, now))
    found = _read(known, status, headers, at, url, sealed)
    if found is None:
        return None
    lasts = read_lifetime(headers, now)
    if status == 304 and lasts is None and known is not None:
        lasts = known.lasts  # what it does not repeat still holds (RFC 9111, section 4.3.4)
    return replace(found, lasts=lasts, may_be_kept=may_be_kept(headers))


def _read(
    known: Answer | None, status: int, headers: Mapping[str, str], at: datetime, url: str, sealed: Validators | None
) -> Answer | None:
    if status == 304:
        return _not_modified(known, headers, at, sealed)
    # What has been seen of its changes and its validator outlasts answers that say nothing of them.
    if status in (404, 410):
        return _gone(known, headers, at)
    if status in (301, 308):
        return _moved(known, headers, at, url)
    return _found(known if known is not None else Answer(at), headers, at) if status == 200 else None


def _not_modified(
    known: Answer | None, headers: Mapping[str, str], at: datetime, sealed: Validators | None
) -> Answer | None:
    """Return what 304 renews: what was asked about, and nothing where nothing was."""
    asked = _tag_asked(known, sealed)
    # What it renews is what it names (RFC 9111, section 4.3.4).
    etag = headers.get("etag") or asked
    if asked is not None:
        if etag is None or not is_same_tag(etag, asked):
            return None
        if known is None or known.etag is None:  # the tag of the text is confirmed; of its date nothing is said
            return _found(known if known is not None else Answer(at), {"etag": etag}, at)
        return _unchanged(known, at)
    if known is None or known.modified is None:
        return None
    # Not changed since the date that was sent; a tag that it names for the first time is known from now on.
    named = headers.get("etag") or None
    found = replace(known, at=at, is_gone=False, moved_to=None, gone_since=None, untold_until=None)
    return replace(found, etag=named, since=at) if named is not None and len(named) <= MAX_TAG_CHARS else found


def _gone(known: Answer | None, headers: Mapping[str, str], at: datetime, moved_to: str | None = None) -> Answer:
    """Return the answer for a document that is gone: since when the server says (RFC 8594), or it was there last."""
    since = known.gone_since if known is not None else None
    if known is not None and not known.is_gone:
        since = known.at
    sunset = read_http_date(headers.get("sunset"))
    if sunset is not None and FIRST_DATE <= sunset <= at:
        since = max(since, sunset) if since is not None else sunset
    base = known if known is not None else Answer(at)
    return replace(base, at=at, is_gone=True, moved_to=moved_to, gone_since=since)


def _moved(known: Answer | None, headers: Mapping[str, str], at: datetime, url: str) -> Answer | None:
    """Return what a permanent redirect says; to another spelling of its address, that the document is there.

    One that names no place is a fault of the server, and says nothing.
    """
    location = headers.get("location", "")
    try:
        place = urljoin(url, location)
    except ValueError:
        return None
    document = identify_document(place) if location else None
    if document is None:
        return None
    if document == identify_document(url):
        base = known if known is not None else Answer(at)
        return replace(base, at=at, is_gone=False, moved_to=None, gone_since=None, untold_until=NEVER_TOLD)
    return _gone(known, headers, at, safe_name(place)[:_ADDRESS_CHARS])


def _found(known: Answer, headers: Mapping[str, str], at: datetime) -> Answer:
    etag, stated = headers.get("etag") or None, _modified(headers, at)
    modified = stated
    if etag is not None and len(etag) > MAX_TAG_CHARS:
        etag = None  # it would have to be cut, and two of them could be one
    if known.etag is not None and etag is not None and is_same_tag(etag, known.etag):
        return replace(_unchanged(known, at), stated=stated)
    is_dated = modified is not None
    if known.etag is not None and etag is not None and (modified is None or modified < known.at):
        # Whatever it says of the date, what it has is not what it had when last asked, since any time after that.
        modified, is_dated = known.at, False
    # Without a date nothing is known of the time before its validator was seen, and without one of no time at all.
    untold = None if is_dated else at if etag is not None else NEVER_TOLD
    modified = max((time for time in (modified, known.modified) if time is not None), default=None)
    since = at if etag is not None else known.since
    return Answer(at, modified=modified, etag=etag or known.etag, since=since, untold_until=untold, stated=stated)


def _unchanged(known: Answer, at: datetime) -> Answer:
    """Return an answer that what was known still holds: where there is no date, since its validator was first seen."""
    # What was dated before a validator was seen says nothing of the time between the two.
    untold = None if known.untold_until is None else known.since
    return replace(known, at=at, is_gone=False, moved_to=None, gone_since=None, untold_until=untold)


def _sent(headers: Mapping[str, str], now: datetime) -> datetime:
    """Return when an answer was sent at the latest: a cache may say nothing of its age (RFC 9111, section 4.2.3)."""
    sent = read_http_date(headers.get("date"))
    return sent if sent is not None and now - sent > _CLOCKS else now


def _modified(headers: Mapping[str, str], at: datetime) -> datetime | None:
    """Return when a document was changed, as its server says; None where that was made up, or is not a date.

    It is compared with the time of sending (RFC 9110, section 6.6.1), whatever the clock of the server is.
    """
    modified, sent = read_http_date(headers.get("last-modified")), read_http_date(headers.get("date"))
    latest = min(sent, at) if sent is not None else at
    return modified if modified is not None and FIRST_DATE <= modified < latest - _MOMENT else None
