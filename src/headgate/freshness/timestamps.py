"""From claims and metadata to timestamps, each with the evidence it rests on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from headgate.freshness.parsing import Interval, Unreadable, read_time
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy.model import MetadataKeys

__all__ = [
    "CATALOGUE",
    "RESTRICTING_ROLES",
    "ROLES",
    "TIME_ROLES",
    "Evidence",
    "Timestamps",
    "find_entry",
    "find_time_like",
    "resolve_timestamps",
]

CATALOGUE: Mapping[str, tuple[str, ...]] = {
    "modified": (
        "last_modified",
        "last_modified_date",
        "last_modified_at",
        "lastmodified",
        "lastmod",
        "modified",
        "modified_at",
        "modified_date",
        "date_modified",
        "dc_terms_modified",
        "dcterms:modified",
        "article:modified_time",
        "og:updated_time",
        "updated",
        "updated_at",
        "update_date",
        "last_updated",
        "last_update",
        "last_edited_time",
        "last_edited_at",
        "moddate",
        "mod_date",
        "mtime",
        "when",
        "date",
    ),
    "created": (
        "creation_date",
        "creationdate",
        "created",
        "created_at",
        "created_time",
        "date_created",
        "createddate",
        "ctime",
    ),
    "published": (
        "published",
        "published_at",
        "published_date",
        "publish_date",
        "pubdate",
        "publication_date",
        "date_published",
        "article:published_time",
    ),
    "valid_from": ("valid_from", "validfrom", "effective_from", "effective_date", "not_before", "starts_at"),
    "valid_until": (
        "valid_until",
        "validuntil",
        "valid_to",
        "valid_through",
        "expires",
        "expires_at",
        "expiry",
        "expiry_date",
        "expiration_date",
        "expiration",
        "effective_until",
        "not_after",
        "ends_at",
    ),
    "version": ("version", "revision", "document_version"),
    "superseded_by": ("superseded_by", "supersededby", "replaced_by", "obsoleted_by", "is_replaced_by"),
    "source": (
        "source",
        "url",
        "uri",
        "source_url",
        "source_uri",
        "link",
        "permalink",
        "canonical_url",
        "file_path",
        "filepath",
        "path",
        "file_name",
        "filename",
    ),
}
"""Metadata keys of the frameworks' usual loaders, the most telling first; compared without case and punctuation."""

TIME_ROLES = ("modified", "created", "published", "valid_from", "valid_until")
ROLES = (*TIME_ROLES, "version", "superseded_by", "source")
RESTRICTING_ROLES = ("valid_from", "valid_until", "superseded_by")
"""What an unsigned entry may always do: shorten the validity, never lengthen it."""

_NO_SUCCESSOR = frozenset(("", "none", "null", "no", "false", "n/a", "-", "0"))
_SEPARATORS = str.maketrans("", "", "_- .:")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a timestamp rests on.

    Attributes:
        kind: `seal` for a signed claim, `metadata` for a plain entry.
        key: the claim or the metadata key.
        problem: why the entry could not be read, if it could not.
    """

    kind: str
    key: str
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Timestamps:
    """What is known about a document's times.

    Each time is the cautious end of what its source can mean: the earliest instant for `modified`, `created`,
    `published` and `valid_until`, the latest for `valid_from`; `intervals` has both ends.

    Attributes:
        intervals: the instants each role can mean.
        evidence: what each role rests on; also for entries that could not be read.
        version: the document's version, if it has a whole number.
        superseded_by: the successor that the document names itself, if any.
    """

    intervals: Mapping[str, Interval] = field(default_factory=dict)
    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    version: int | None = None
    superseded_by: str | None = None

    @property
    def modified(self) -> datetime | None:
        """The earliest instant of the last modification."""
        return self._earliest("modified")

    @property
    def created(self) -> datetime | None:
        """The earliest instant of the creation."""
        return self._earliest("created")

    @property
    def published(self) -> datetime | None:
        """The earliest instant of the publication."""
        return self._earliest("published")

    @property
    def valid_from(self) -> datetime | None:
        """The instant from which the document is certainly valid."""
        interval = self.intervals.get("valid_from")
        return interval.latest if interval else None

    @property
    def valid_until(self) -> datetime | None:
        """The instant until which the document is certainly valid."""
        return self._earliest("valid_until")

    def age_basis(self) -> tuple[str, Interval] | None:
        """Return the role and interval from which age counts: modification, else publication, else creation.

        The later two are never after the modification, so they make a document older, not younger.
        """
        for role in ("modified", "published", "created"):
            interval = self.intervals.get(role)
            if interval is not None:
                return role, interval
        return None

    def _earliest(self, role: str) -> datetime | None:
        interval = self.intervals.get(role)
        return interval.earliest if interval else None


def resolve_timestamps(
    metadata: Mapping[str, object],
    *,
    signed: Mapping[str, datetime] | None = None,
    version: int | None = None,
    keys: MetadataKeys | None = None,
    roles: Sequence[str] | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Timestamps:
    """Return a document's times from signed claims and, where these are silent, from its metadata.

    Args:
        metadata: the document's metadata.
        signed: times from a verified seal, by role; they win over metadata.
        version: the version from a verified seal; it wins over metadata.
        keys: the policy's names of keys, looked at before the catalogue, and how to read what has no zone.
        roles: the roles to look for in metadata; by default all.
        limits: `date_chars` and `metadata_keys` bound what is looked at.
    """
    keys = keys or _NO_KEYS
    intervals = {role: Interval(instant, instant) for role, instant in (signed or {}).items()}
    evidence = {role: Evidence("seal", role) for role in intervals}
    successor: str | None = None
    present = _present_roles(metadata, keys, limits)
    for role, candidates in present.items() if present else ():
        if role in intervals or (roles is not None and role not in roles):
            continue
        if role in TIME_ROLES:
            _resolve_role(metadata, role, candidates, keys, limits, intervals, evidence)
        elif role == "version" and version is None:
            version = _read_version(metadata, candidates)
        elif role == "superseded_by":
            successor = _read_successor(metadata, candidates)
    return Timestamps(intervals, evidence, version, successor)


def find_entry(
    metadata: Mapping[str, object],
    role: str,
    keys: MetadataKeys | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[str, object] | None:
    """Return the first key and value that metadata has for a role, or None; empty values do not count."""
    for key in candidate_keys(metadata, role, keys or _NO_KEYS, limits):
        value = lookup(metadata, key)
        if value is not None and value != "":
            return key, value
    return None


def find_time_like(metadata: Mapping[str, object], limits: Limits = DEFAULT_LIMITS, most: int = 5) -> tuple[str, ...]:
    """Return keys that no catalogue knows and that hold something which reads as a time.

    Numbers do not count: an identifier looks like a time in seconds. A policy can name such a key under `metadata`.
    """
    found: list[str] = []
    names = tuple(islice(metadata, limits.metadata_keys))
    try:
        known = {name for matching in _catalogued(names).values() for name in matching}
    except TypeError:
        return ()
    for name in names:
        if isinstance(name, str) and 0 < len(name) <= 64 and name not in known and len(found) < most:
            value = metadata.get(name)
            if isinstance(value, (str, date)) and _reads_as_time(value, limits):
                found.append(name)
    return tuple(found)


def _reads_as_time(value: object, limits: Limits) -> bool:
    if isinstance(value, str) and not ("-" in value or "/" in value or "." in value or " " in value):
        return False
    try:
        read_time(value, zone=None, date_order="DMY", max_chars=limits.date_chars)
    except Unreadable as error:
        return "zone" in str(error)
    return True


def candidate_keys(
    metadata: Mapping[str, object], role: str, keys: MetadataKeys, limits: Limits = DEFAULT_LIMITS
) -> tuple[str, ...]:
    """Return the keys of `metadata` that may hold a role, the policy's own first."""
    return _present_roles(metadata, keys, limits).get(role, ())


def _present_roles(metadata: Mapping[str, object], keys: MetadataKeys, limits: Limits) -> Mapping[str, tuple[str, ...]]:
    names = tuple(islice(metadata, limits.metadata_keys))
    try:
        catalogued = _catalogued(names)
    except TypeError:  # a key that cannot be hashed exists in no dict, but metadata may be any mapping
        catalogued = {}
    if keys is _NO_KEYS or not keys.names_any:
        return catalogued
    found = dict(catalogued)
    for role in ROLES:
        own = tuple(name for name in getattr(keys, role) if lookup(metadata, name) is not None)
        if own:
            found[role] = (*own, *(name for name in catalogued.get(role, ()) if name not in own))
    return found


def _resolve_role(
    metadata: Mapping[str, object],
    role: str,
    candidates: tuple[str, ...],
    keys: MetadataKeys,
    limits: Limits,
    intervals: dict[str, Interval],
    evidence: dict[str, Evidence],
) -> None:
    zone = _zone(keys.timezone)
    for key in candidates:
        value = lookup(metadata, key)
        if value is None or value == "":
            continue
        try:
            interval = read_time(value, zone=zone, date_order=keys.date_order, max_chars=limits.date_chars)
        except Unreadable as error:
            evidence.setdefault(role, Evidence("metadata", key, str(error)))
            continue
        intervals[role] = _as_role(role, interval)
        evidence[role] = Evidence("metadata", key)
        return


def _read_version(metadata: Mapping[str, object], candidates: tuple[str, ...]) -> int | None:
    """Return a whole number; a version such as `2.1` orders nothing that could be compared safely."""
    for key in candidates:
        value = lookup(metadata, key)
        if isinstance(value, str) and len(value) <= 18 and value.isascii() and value.isdigit():
            return int(value)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63:
            return value
    return None


def _read_successor(metadata: Mapping[str, object], candidates: tuple[str, ...]) -> str | None:
    for key in candidates:
        value = lookup(metadata, key)
        if isinstance(value, (list, tuple, set)):
            value = ", ".join(str(item)[:80] for item in islice(value, 5))
        if isinstance(value, bool):
            value = "unnamed" if value else None
        text = str(value)[:200].strip() if isinstance(value, (str, int)) else ""
        if text.casefold() not in _NO_SUCCESSOR:
            return text
    return None


def lookup(metadata: Mapping[str, object], key: str) -> object:
    """Return a metadata value by key, or by a dotted path into nested mappings; None if there is none."""
    if "." not in key or key in metadata:
        return metadata.get(key)
    value: object = metadata
    for step in key.split(".")[:8]:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


@lru_cache(maxsize=1_024)
def _catalogued(names: tuple[object, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return which of the names may hold which role: it depends on the names only, and they repeat."""
    by_plain: dict[str, list[str]] = {}
    for name in names:
        if isinstance(name, str) and len(name) <= 64:
            by_plain.setdefault(name.casefold().translate(_SEPARATORS), []).append(name)
    found: dict[str, tuple[str, ...]] = {}
    for role, plains in _PLAIN_CATALOGUE.items():
        matching = tuple(name for plain in plains for name in by_plain.get(plain, ()))
        if matching:
            found[role] = matching
    return found


@lru_cache(maxsize=64)
def _zone(name: str | None) -> tzinfo | None:
    return ZoneInfo(name) if name else None


def _as_role(role: str, interval: Interval) -> Interval:
    if role == "valid_until":
        return interval.end()
    if role == "valid_from":
        return interval.start()
    return interval


_PLAIN_CATALOGUE = {
    role: tuple(dict.fromkeys(name.translate(_SEPARATORS) for name in names)) for role, names in CATALOGUE.items()
}
_NO_KEYS = MetadataKeys()
