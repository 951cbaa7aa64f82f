"""A document's metadata as far as times go: what is under which key, what it can mean, and who signed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from headgate.freshness.catalogue import candidate_keys, is_catalogued, lookup_each, present_roles, rank_of
from headgate.freshness.parsing import Readings, is_none, read_values
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy.rules import MetadataKeys

__all__ = ["NO_KEYS", "Entries", "find_entry", "find_time_like"]

NO_KEYS = MetadataKeys()


@dataclass(frozen=True, slots=True)
class Entries:
    """A document's metadata as far as times go, and how to read it."""

    metadata: Mapping[str, object]
    covered: frozenset[str]
    keys: MetadataKeys
    limits: Limits

    def present(self) -> Mapping[str, tuple[str, ...]]:
        """Return the keys that hold each role."""
        return present_roles(self.metadata, self.keys, self.limits)

    def read(self, value: object, role: str) -> Readings:
        """Return what a value can mean."""
        return read_values(
            value,
            role,
            zone=_zone(self.keys.timezone),
            date_order=self.keys.date_order,
            max_chars=self.limits.date_chars,
        )

    def values(self, names: Sequence[str]) -> Iterator[tuple[str, str, object]]:
        """Yield each value that keys hold, with its key and whether the seal covers it.

        A dotted key can hold two: its own, and the nested one, which is covered if the entry that holds it is.
        """
        for name in names:
            for top, value in lookup_each(self.metadata, name):
                if value is not None:
                    yield ("covered" if top in self.covered else "metadata"), name, value

    def by_kind(self, names: Sequence[str]) -> Iterator[tuple[str, list[tuple[str, object]]]]:
        """Yield the keys and values that are covered, then the others, each group if it has any."""
        found = tuple(self.values(names))
        for kind in ("covered", "metadata"):
            group = [(name, value) for each, name, value in found if each == kind]
            if group:
                yield kind, group

    def rank(self, name: str, value: object, role: str) -> float:
        """Return how far from the document's own statement a key is; what the policy names is its own statement."""
        if self.keys.names_any and getattr(self.keys, role):
            return 0
        # The time of a file, as `stat` tells it, is a float; loaders also write it under names such as `last_modified`.
        return max(rank_of(name), 0.5 if type(value) is float else 0)


def find_entry(
    metadata: Mapping[str, object],
    role: str,
    keys: MetadataKeys | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[str, object] | None:
    """Return the first key and value that metadata has for a role, or None; values that spell "none" do not count."""
    for key in candidate_keys(metadata, role, keys or NO_KEYS, limits):
        for _, value in lookup_each(metadata, key):
            # A name may be spelled like a missing value, so of sources only the empty one is none.
            is_name = role == "source" and isinstance(value, str)
            if value is not None and not (value == "" if is_name else is_none(value)):
                return key, value
    return None


def find_time_like(metadata: Mapping[str, object], limits: Limits = DEFAULT_LIMITS, most: int = 5) -> tuple[str, ...]:
    """Return keys that no catalogue knows and that hold something which reads as a time.

    Numbers do not count: an identifier looks like a time in seconds. A policy can name such a key under `metadata`.
    """
    found: list[str] = []
    known = is_catalogued(metadata, limits)
    for name in islice(metadata, limits.metadata_keys):
        if len(found) >= most:
            break
        if isinstance(name, str) and 0 < len(name) <= 64 and name not in known:
            value = metadata.get(name)
            if isinstance(value, (str, date)) and _reads_as_time(value, limits):
                found.append(name)
    return tuple(found)


def _reads_as_time(value: object, limits: Limits) -> bool:
    # Bare digits would read as a date or an epoch, and every identifier as a time.
    if isinstance(value, str) and not any(sign in value for sign in "-/. "):
        return False
    readings = read_values(value, max_chars=limits.date_chars)
    return bool(readings.intervals) and readings.problem is None


@lru_cache(maxsize=64)
def _zone(name: str | None) -> tzinfo | None:
    return ZoneInfo(name) if name else None
