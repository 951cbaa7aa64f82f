"""RSS 2.0 and Atom (RFC 4287): the latest documents of a site, and when each was changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urljoin
from xml.etree.ElementTree import Element

from headgate.origins.feeds.feed import Entry, FeedError, Pull, Reading, read_date, shown_place
from headgate.origins.feeds.sitemap import parse_xml
from headgate.registry import NEVER_TOLD

__all__ = ["News"]

# RFC 4287, section 2.
_BASE = "{http://www.w3.org/XML/1998/namespace}base"
_CHANGED = ("updated", "modified")
# When something was published first. It was not there before; of what became of it since, these say nothing.
_PUBLISHED = ("published", "pubdate", "issued", "date")


@dataclass(frozen=True, slots=True)
class News:
    """A feed of the latest documents.

    Args:
        place: a file, or an https:// address.
        reading: how it is read.
    """

    place: str | Path
    reading: Reading

    def pull(self, cursor: str, now: datetime) -> Pull:  # noqa: ARG002 - it is whole each time
        """Return the documents in the feed; of those that have left it, it says nothing."""
        root = parse_xml(self.reading.read(self.place), self.place)
        if _name(root) not in ("rss", "feed", "rdf"):
            raise FeedError(f"{shown_place(self.place)}: it is neither RSS nor Atom.")
        items = [element for element in root.iter() if _name(element) in ("item", "entry")]
        base = _absolute(root.get(_BASE, ""), self.place if isinstance(self.place, str) else "")
        entries = [_entry(link, item, now) for item in items if (link := _link(item, base))]
        return Pull(entries, covers_unlisted=False, age=self.reading.take_age())


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _link(item: Element, base: str) -> str:
    """Return the address of an item, as an absolute one where it says, or its feed does, what it is relative to."""
    base = _absolute(item.get(_BASE, ""), base)
    for child in item:
        if _name(child) == "link" and child.get("rel", "alternate") == "alternate":
            written = (child.get("href") or str(child.text or "")).strip()
            return _absolute(written, _absolute(child.get(_BASE, ""), base)) if written else ""
    # In RSS an identifier is an address as well, unless it says that it is none.
    guids = (child for child in item if _name(child) == "guid" and child.get("isPermaLink", "true") == "true")
    return next((str(child.text or "").strip() for child in guids), "")


def _absolute(written: str, base: str) -> str:
    try:
        return urljoin(base, written)
    except ValueError:  # such as a host in brackets that is none
        return written


def _entry(link: str, item: Element, now: datetime) -> Entry:
    changed = [read_date(child.text, now) for child in item if _name(child) in _CHANGED]
    published = [read_date(child.text, now) for child in item if _name(child) in _PUBLISHED]
    latest = max((date for date, _ in (*changed, *published) if date is not None), default=None)
    # A date of a change that cannot be read may be any.
    is_told = bool(changed) and all(date is not None for date, _ in changed)
    untold = max((until for _, until in changed if until is not None), default=None)
    return Entry(link, latest, untold if is_told else NEVER_TOLD)
