"""Which validators of its origin a document's metadata knows: headers of the answer that it was loaded from."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime

from headgate.freshness.catalogue import lookup
from headgate.policy import normalise_uri
from headgate.provenance.validators import MAX_TAG_CHARS, Validators

__all__ = ["find_validators"]

# Names of headers, and where crawlers and clients of stores keep them. Tags of other interfaces, such as Microsoft
# Graph's `eTag`, are not what a server says at the document's own address.
_FOLDERS = ("", "headers.", "response_headers.", "http.")
_TAGS = tuple(f"{folder}{name}" for folder in _FOLDERS for name in ("etag", "ETag", "Etag"))
_DATES = tuple(f"{folder}{name}" for folder in _FOLDERS for name in ("last-modified", "Last-Modified"))
# An entity tag of HTTP (RFC 9110, section 8.8.3); that of a store is what its own interface says.
_OF_HTTP = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"')
_OF_STORES = re.compile(r"[\x21-\x7e]+")
_WEB = ("https:", "http:")
# Most documents have none of them, nor a folder in which they could be.
_PLACES = frozenset((*_TAGS, *_DATES, *(name.partition(".")[0] for name in (*_TAGS, *_DATES))))


def find_validators(
    metadata: Mapping[str, object],
    subject: str,
    problems: dict[str, None],
    *,
    etag: object = None,
    is_etag_given: bool = False,
) -> Validators | None:
    """Return the validators for the claim `val`; None where the loader knows none.

    Args:
        metadata: the document's metadata.
        subject: its URI: what is asked later.
        problems: gets what could not be used, and why.
        etag: the tag, where the publisher says which it is; None for none.
        is_etag_given: whether the publisher says so; otherwise what metadata says counts.
    """
    if not is_etag_given and _PLACES.isdisjoint(metadata):
        return None
    uri = normalise_uri(subject) or ""
    if uri.startswith("file:"):
        return None  # the tag of a file is made of its size and time, which a copy does not share
    tag = etag if is_etag_given else _first(metadata, _TAGS)
    pattern = _OF_HTTP if uri.startswith(_WEB) else _OF_STORES
    if tag is not None and (not isinstance(tag, str) or len(tag) > MAX_TAG_CHARS or not pattern.fullmatch(tag)):
        problems["'etag' was not sealed: it is not an entity tag as servers write it, such as \"abc\""] = None
        tag = None
    modified = _date(_first(metadata, _DATES)) if uri.startswith(_WEB) else None
    return Validators(tag if isinstance(tag, str) else None, modified) if tag is not None or modified else None


def _first(metadata: Mapping[str, object], names: tuple[str, ...]) -> object:
    return next((value for name in names if (value := lookup(metadata, name)) not in (None, "")), None)


def _date(value: object) -> datetime | None:
    """Return a date of HTTP; None for what is none, which is read as any other time of a document."""
    try:
        date = parsedate_to_datetime(value) if isinstance(value, str) and value.endswith("GMT") else None
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return date.replace(tzinfo=timezone.utc) if date is not None else None
