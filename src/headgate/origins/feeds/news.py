"""RSS 2.0 and Atom (RFC 4287): the latest documents of a site, and when each was changed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from xml.etree.ElementTree import Element

from headgate.origins.feeds.feed import Entry, FeedError, Pull, Reading, read_date, shown_place
from headgate.origins.feeds.sitemap import parse_xml

__all__ = ["News"]

_CHANGED = ("updated", "modified", "date", "published", "pubdate", "issued")


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
        entries = [Entry(link, _changed(item, now)) for item in items if (link := _link(item))]
        return Pull(entries, covers_unlisted=False)


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _link(item: Element) -> str:
    for child in item:
        if _name(child) == "link" and child.get("rel", "alternate") == "alternate":
            return (child.get("href") or str(child.text or "")).strip()
    return ""


def _changed(item: Element, now: datetime) -> datetime | None:
    texts = {_name(child): str(child.text or "") for child in item}
    dates = (read_date(texts.get(name), now) for name in _CHANGED)
    return next((date for date in dates if date is not None), None)
