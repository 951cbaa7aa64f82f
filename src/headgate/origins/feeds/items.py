"""What a service that calls documents by identifiers says of them, as a feed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from typing_extensions import Self

from headgate.clock import read_instant
from headgate.encoding import replace_surrogates, safe_uri
from headgate.origins.feeds.api import Api, Asking, ExpiredError
from headgate.origins.feeds.feed import Entry, FeedError, Pull, read_date
from headgate.registry import FeedItem

__all__ = ["Found", "Items", "Named", "Service", "text_of"]

_AHEAD = timedelta(minutes=5)
_MOST_ITEMS = 1_000_000
_MOST_CHARS, _MOST_TAG = 8_192, 256
_EXPIRED = "The place where the last pull ended is no longer known to the service, so that all was read again."
_FOLDERS = "A folder is gone or has another address, so that all was read again."


@dataclass(frozen=True, slots=True)
class Named:
    """What a service says of a thing that is there.

    Attributes:
        item: where it is, and what tells its content.
        modified: when it was changed, as the service writes it.
    """

    item: FeedItem
    modified: object = None

    @classmethod
    def of(cls, uri: str, tag: object, modified: object, *, is_folder: bool) -> Self:
        """Return what a service says; where it has nothing that tells the content, the time of the change has to."""
        told = next((one for one in (tag, modified) if isinstance(one, str)), "")
        return cls(FeedItem(uri, replace_surrogates(told[:_MOST_TAG]), is_folder), modified)


class Found:
    """What was said of things, by their identifiers: of one that is named twice the last counts."""

    def __init__(self) -> None:
        self.items: dict[str, Named | None] = {}

    def add(self, name: str, named: Named | None) -> None:
        """Keep what is said of a thing; None if it is gone.

        Raises:
            FeedError: there are too many.
        """
        self.items[name] = named
        if len(self.items) > _MOST_ITEMS:
            raise FeedError(f"it names more than {_MOST_ITEMS:,} documents.")


class Service(Protocol):
    """A service that is asked during one pull. A further one is one file that has it, and a line in `opening`."""

    def __init__(self, asking: Asking) -> None: ...

    def everything(self) -> tuple[Found, str]:
        """Return all things that are there, and the place from which a later pull goes on.

        Raises:
            FeedError: it cannot be asked, or does not answer as it should.
        """

    def since(self, place: str) -> tuple[Found, str]:
        """Return what was changed since a place, and the next place.

        Raises:
            ExpiredError: the place is no longer known.
            FeedError: it cannot be asked, or does not answer as it should.
        """


@dataclass(frozen=True, slots=True)
class Items:
    """The documents of a service.

    Args:
        service: how it is asked.
        api: where it is.
    """

    service: type[Service]
    api: Api

    def pull_items(self, cursor: str, now: datetime, known: Mapping[str, FeedItem]) -> Pull:
        """Return what was changed since the last pull; all of it where that cannot be said.

        What is under a folder that has another address has one as well, and is not named for that.
        """
        pulled, place = _read(cursor)
        service, notes = self.service(self.api.begin()), []
        found, after = Found(), ""
        if place:
            try:
                found, after = service.since(place)
                if _has_moved_folders(found, known):
                    after, notes = "", [_FOLDERS]
            except ExpiredError:
                notes = [_EXPIRED]
        is_complete = not after
        if is_complete:
            found, after = service.everything()
            for name in known.keys() - found.items.keys():
                found.add(name, None)
        age = self.api.reading.take_age()
        return Pull(
            [
                _entry(one, known.get(name), pulled, now, is_complete=is_complete)
                for name, one in found.items.items()
                if one is not None and not one.item.is_folder
            ],
            removed=[known[name].uri for name, one in found.items.items() if one is None and _is_document(known, name)],
            moved=_moved(found, known),
            is_complete=is_complete,
            age=age,
            cursor=json.dumps([(now - age).isoformat(), after]),
            notes=notes,
            items={name: one.item if one is not None else None for name, one in found.items.items()},
        )


def text_of(value: object, what: str, place: str) -> str:
    """Return a text of a page.

    Args:
        value: what is there.
        what: what it is called there.
        place: the address of the API.

    Raises:
        FeedError: it is not a text of usual length.
    """
    if not isinstance(value, str) or not 0 < len(value) <= _MOST_CHARS:
        raise FeedError(f"{safe_uri(place)}: an entry has no {what}, or one that is not a text of usual length.")
    return replace_surrogates(value)


def _read(cursor: str) -> tuple[datetime | None, str]:
    if not cursor:
        return None, ""
    pulled, place = json.loads(cursor)
    return read_instant(pulled), place


def _is_document(known: Mapping[str, FeedItem], name: str) -> bool:
    return name in known and not known[name].is_folder


def _has_moved_folders(found: Found, known: Mapping[str, FeedItem]) -> bool:
    return any(
        known[name].is_folder and (one is None or one.item.uri != known[name].uri)
        for name, one in found.items.items()
        if name in known
    )


def _moved(found: Found, known: Mapping[str, FeedItem]) -> dict[str, str]:
    """Return where documents are now that were elsewhere; where another one is, none is gone."""
    there = {one.item.uri for one in found.items.values() if one is not None}
    return {
        known[name].uri: one.item.uri
        for name, one in found.items.items()
        if one is not None and _is_document(known, name) and known[name].uri not in there
    }


def _entry(one: Named, before: FeedItem | None, pulled: datetime | None, now: datetime, *, is_complete: bool) -> Entry:
    """Return what is said of a document that is there.

    What has a different text than at the last pull, and has an older date, came at any time up to now.
    """
    # A service names a change once: by a clock that is a little ahead, it was made just now at the latest.
    modified, untold = read_date(one.modified, now + _AHEAD)
    modified = min(modified, now) if modified is not None else None
    uri, tag = one.item.uri, one.item.tag
    if pulled is None or (modified is not None and modified > pulled):
        return Entry(uri, modified, untold)
    if before is not None and (before.tag != tag or not (tag or is_complete)):
        return Entry(uri, modified, max(untold or now, now))
    return Entry(uri, modified, untold, is_other=before is None or before.uri != uri)
