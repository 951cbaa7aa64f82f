"""A document's metadata as far as times go: what is under which key, what it can mean, and who signed it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, tzinfo
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from headgate.freshness.catalogue import candidate_keys, is_catalogued, lookup_each, present_roles, rank_of
from headgate.freshness.conventions import (
    ARXIV_DATE,
    date_order_of,
    is_a_job,
    is_of_a_copy,
    is_temporary,
    may_mean_a_copy,
    source_beside,
)
from headgate.freshness.forms import DateOrder
from headgate.freshness.parsing import Readings, is_none, read_values
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy.rules import MetadataKeys

__all__ = ["NO_KEYS", "Entries", "find_entry", "find_time_like"]

NO_KEYS = MetadataKeys()
# Under whose names loaders are known to write something else.
_CONVENTIONAL_ROLES = ("modified", "created", "valid_until")


@dataclass(frozen=True, slots=True)
class Entries:
    """A document's metadata as far as times go, and how to read it."""

    metadata: Mapping[str, object]
    covered: frozenset[str]
    keys: MetadataKeys
    limits: Limits
    counts_unsigned: bool = True

    def present(self) -> Mapping[str, tuple[str, ...]]:
        """Return the keys that hold each role, without those by which a loader is known to mean something else."""
        found = present_roles(self.metadata, self.keys, self.limits)
        if not may_mean_a_copy(self.metadata):
            return found
        changed = {role: self._meant(role, names) for role, names in found.items() if role in _CONVENTIONAL_ROLES}
        if all(changed[role] is found[role] for role in changed):
            return found
        return {**found, **changed}

    def _meant(self, role: str, names: tuple[str, ...]) -> tuple[str, ...]:
        own: tuple[str, ...] = getattr(self.keys, role)
        meant = tuple(name for name in names if name in own or not self._is_of_a_copy(name))
        return names if len(meant) == len(names) else meant

    def _is_of_a_copy(self, name: str) -> bool:
        return is_of_a_copy(name, self.metadata, self._trusted(name))

    def _trusted(self, name: str) -> Set[str] | None:
        """Return the keys that are as trustworthy as one; None for all."""
        return None if self.counts_unsigned and name not in self.covered else self.covered

    def read(self, value: object, role: str, name: str = "") -> Readings:
        """Return what a value can mean.

        Args:
            value: what is under the key.
            role: what the time is for.
            name: the key.
        """
        # A bare number is a year only where the key says so.
        if type(value) is int and 1_000 <= value <= 9_999 and name.lower().endswith("year"):
            value = str(value)
        return read_values(
            value,
            role,
            zone=_zone(self.keys.timezone),
            date_order=self._date_order(name),
            max_chars=self.limits.date_chars,
        )

    def _date_order(self, name: str) -> DateOrder | None:
        if name != ARXIV_DATE:
            return self.keys.date_order
        return date_order_of(self.metadata, self._trusted(name)) or self.keys.date_order

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
    keys = keys or NO_KEYS
    for key in candidate_keys(metadata, role, keys, limits):
        for _, value in lookup_each(metadata, key):
            if role == "source" and isinstance(value, str):
                found = (key, value) if key in keys.source else _as_source(key, value, metadata)
                # A name may be spelled like a missing value, so of sources only the empty one is none.
                if found is not None and found[1] != "":
                    return found
            elif not is_none(value):
                return key, value
    return None


def _as_source(key: str, value: str, metadata: Mapping[str, object]) -> tuple[str, object] | None:
    """Return the entry that names the source, given one that may; None if it is known to be none."""
    if is_temporary(value) or (key == "source" and is_a_job(metadata)):
        return None
    beside = source_beside(value, metadata) if key == "source" else None
    return (key, value) if beside is None else ("path", beside)


def find_time_like(metadata: Mapping[str, object], limits: Limits = DEFAULT_LIMITS, most: int = 5) -> tuple[str, ...]:
    """Return keys that hold something which reads as a time and does not count: unknown ones, and times of a copy.

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
