"""What a gate remembers of a chunk that it has seen: by its text, and by the metadata that decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timezone
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from headgate.admission.facts import Facts

__all__ = ["Seen", "SeenParts", "seen_of"]

# Values of these types that are equal and of one type are the same.
_PLAIN = frozenset((str, int, bool, type(None)))
_TELLING = _PLAIN | {date, UUID, bytes}
_ZONES = (type(None), timezone, ZoneInfo)
_NAMES = frozenset((str,))
_ENTRY_WEIGHT = 100


@dataclass(frozen=True, slots=True)
class Seen:
    """Metadata and other content under which a text was seen, and the facts.

    Attributes:
        items: the entries of the metadata.
        kinds: what tells each value from an equal one.
        media: the content that is not text.
        facts: what is settled about the text under these.
    """

    items: tuple[tuple[str, object], ...]
    kinds: tuple[object, ...]
    media: tuple[tuple[str, str | None], ...]
    facts: Facts

    @property
    def weight(self) -> int:
        """About how much memory the metadata takes, in characters; every entry has a weight, whatever it holds."""
        weight = _ENTRY_WEIGHT * (len(self.items) + 1)
        for name, value in self.items:
            weight += len(name) + (len(value) if isinstance(value, (str, bytes)) else 0)
        return weight

    def fits(self, items: tuple[tuple[str, object], ...], kinds: tuple[object, ...], media: object) -> bool:
        """Return whether a document decides as this one, as `seen_of` gives its three parts."""
        if kinds != self.kinds or media != self.media:
            return False
        if items == self.items:
            return True
        scores = self.facts.scores
        if not scores:
            return False
        # What a search says again each time decides nothing.
        pairs = zip(items, self.items, strict=True)
        return all(one == other or (one[0] == other[0] and one[0] in scores) for one, other in pairs)


SeenParts = tuple[tuple[tuple[str, object], ...], tuple[object, ...], tuple[tuple[str, str | None], ...]]
"""What tells a document from another one of the same text: its entries, the kinds of their values, other content."""


def seen_of(metadata: Mapping[str, object], media: Mapping[str, str | None]) -> SeenParts:
    """Return what tells a document from another one of the same text.

    Raises:
        TypeError: what its metadata holds cannot be told apart so simply.
    """
    # The types too: True equals 1, but not as a sealed value; and a subclass of str may say that it equals anything.
    kinds: tuple[object, ...] = tuple(map(type, metadata.values()))
    if not _PLAIN.issuperset(kinds):
        kinds = tuple(map(_kind, metadata.values()))
    if not _NAMES.issuperset(map(type, metadata)):
        raise TypeError("a name that is not a string may say that it equals any other")
    return tuple(metadata.items()), kinds, tuple(media.items()) if media else ()


def _kind(value: object) -> object:
    """Return what tells a value from an equal one.

    Raises:
        TypeError: what it holds cannot be told apart so simply.
    """
    kind = type(value)
    if kind is float:
        return (float, "-0.0") if value == 0 and str(value) == "-0.0" else float
    # Equal ones read differently: by their zone, by the hour that comes twice, by the zeros at their end.
    if kind is Decimal or (isinstance(value, datetime) and kind is datetime and type(value.tzinfo) in _ZONES):
        return kind, repr(value)
    if kind not in _TELLING:
        raise TypeError("equal values of this type may mean two things")
    return kind
