"""Sitemaps (sitemaps.org, version 0.9): which documents a site has, and sometimes when each was changed."""

from __future__ import annotations

import gzip
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError

from headgate.forks import importing
from headgate.origins.feeds.feed import MOST_BYTES, Entry, FeedError, Pull, Reading, believed, read_date, shown_place

__all__ = ["Sitemap", "parse_xml"]

_MOST_FILES = 1_000
_MOST_DOCUMENTS = 5_000_000


@dataclass(frozen=True, slots=True)
class Sitemap:
    """A sitemap, or an index of several.

    Args:
        place: a file, or an https:// address.
        reading: how it is read.
    """

    place: str | Path
    reading: Reading

    def pull(self, cursor: str, now: datetime) -> Pull:  # noqa: ARG002 - it is whole each time
        """Return all documents of the site.

        Dates are believed as far as they tell documents apart. A site that stamps all of them with the time of its last
        build says which documents there are, and no more.
        """
        entries: list[Entry] = []
        for part in self._parts():
            for url in part:
                location = _child(url, "loc")
                if location:
                    entries.append(Entry(location, *read_date(_child(url, "lastmod"), now)))
            if len(entries) > _MOST_DOCUMENTS:
                raise FeedError(f"{shown_place(self.place)}: more than {_MOST_DOCUMENTS:,} documents.")
        if not entries:
            raise FeedError(f"{shown_place(self.place)}: it names no document.")
        kept, lost = believed(entries)
        dated = sum(entry.modified is not None for entry in kept)
        notes = [f"{lost:,} dates are shared by very many documents, and say nothing."] if lost else []
        if not dated:
            notes.append("It does not say when documents were changed.")
        age = self.reading.take_age()
        return Pull(kept, is_complete=True, age=age, tells_changes=2 * dated >= len(kept), notes=notes)

    def _parts(self) -> Iterator[Element]:
        deadline = self.reading.deadline()
        root = self._root(self.place, deadline, "urlset", "sitemapindex")
        if _name(root) == "urlset":
            yield root
            return
        parts = [location for part in root if (location := _child(part, "loc"))]
        if len(parts) > _MOST_FILES:
            raise FeedError(f"{shown_place(self.place)}: it names more than {_MOST_FILES:,} sitemaps.")
        for part in parts:
            yield self._root(self._beside(part), deadline, "urlset")

    def _root(self, place: str | Path, deadline: float, *names: str) -> Element:
        """Return what a file holds: a page that says that it is missing is not a list without documents."""
        root = parse_xml(_unpacked(self.reading.read(place, deadline), place), place)
        if _name(root) not in names:
            raise FeedError(f"{shown_place(place)}: it is not a sitemap ({' or '.join(names)}).")
        return root

    def _beside(self, location: str) -> str | Path:
        """Return where a part of an index is: of the same host, or a file in the same folder."""
        try:
            parts = urlsplit(location)
        except ValueError:
            raise FeedError(f"{shown_place(self.place)}: it names a sitemap by what is not a URL.") from None
        if isinstance(self.place, Path):
            return self.place.parent / Path(parts.path).name
        if parts[:2] != urlsplit(self.place)[:2]:
            raise FeedError(f"{shown_place(self.place)}: it names a sitemap of another host.")
        return location


def parse_xml(data: bytes, place: str | Path) -> Element:
    """Return the root of a document without entities, references to elsewhere or a type of its own.

    Raises:
        FeedError: it is no such document, or what reads it safely is not installed.
    """
    try:
        with importing():
            from defusedxml import DefusedXmlException
            from defusedxml.ElementTree import fromstring
    except ImportError:
        raise FeedError("Sitemaps and news need defusedxml: pip install 'headgate[feeds]'") from None
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except (DefusedXmlException, ParseError, ValueError, LookupError, RecursionError) as error:
        raise FeedError(f"{shown_place(place)}: it is not XML that could be read ({type(error).__name__}).") from None
    return root


def _unpacked(data: bytes, place: str | Path) -> bytes:
    if not data.startswith(b"\x1f\x8b"):
        return data
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            found = file.read(MOST_BYTES + 1)
    except (OSError, EOFError, ValueError) as error:
        raise FeedError(f"{shown_place(place)}: it cannot be unpacked ({type(error).__name__}).") from None
    if len(found) > MOST_BYTES:
        raise FeedError(f"{shown_place(place)}: it has more than {MOST_BYTES:,} bytes.")
    return found


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2].lower()


def _child(element: Element, name: str) -> str:
    return next((str(child.text or "").strip() for child in element if _name(child) == name), "")
