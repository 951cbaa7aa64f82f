"""Which metadata keys hold which role: data, and looking it up.

Keys are compared without case, punctuation and invisible characters. Within a role the most telling key comes first.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from headgate.freshness.roles import CATALOGUE, SIDE_ROLES
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy.rules import MetadataKeys

__all__ = [
    "AGE_ROLES",
    "CATALOGUE",
    "RESTRICTING_ROLES",
    "RESTRICTING_TIMES",
    "ROLES",
    "SIDE_ROLES",
    "TIME_ROLES",
    "candidate_keys",
    "is_catalogued",
    "lookup",
    "lookup_each",
    "present_roles",
    "rank_of",
]

# A weaker key counts only if no key of a stronger rank is there: what a response or a file says about itself is not
# what the document says, and must not stand in for a statement that could not be read.
_RANKS: Mapping[str, int] = {"when": 1, "date": 1, "timestamp": 1, "year": 1}
# What is one key to people and another to a program: Elasticsearch's own time, beside a message's.
_EXACT: Mapping[str, str] = {"@timestamp": "indexed"}

AGE_ROLES = ("modified", "published", "created")
"""From which the age of a document counts, in this order."""
RESTRICTING_TIMES = ("valid_from", "valid_until", "review_by")
TIME_ROLES = ("modified", "created", "published", *RESTRICTING_TIMES)
ROLES = (*TIME_ROLES, "status", "version", "superseded_by", "source")
RESTRICTING_ROLES = (*RESTRICTING_TIMES, "status", "superseded_by")
"""What an unsigned entry may always do: shorten the validity, never lengthen it."""

_SEPARATORS = str.maketrans("", "", string.punctuation + string.whitespace)
# Letters that have no shape: the fillers of Hangul.
_SHAPELESS = frozenset("\u115f\u1160\u3164\uffa0")
_LONGEST_NAME = 1_024
# Names repeat from document to document, so who has which role is remembered; not for names without number.
_MOST_REMEMBERED = 256
_MOST_REMEMBERED_CHARS = 8_192


def present_roles(
    metadata: Mapping[str, object], keys: MetadataKeys, limits: Limits = DEFAULT_LIMITS
) -> Mapping[str, tuple[str, ...]]:
    """Return which keys of `metadata` hold which role, the policy's own first.

    For ages, keys that the policy names replace the catalogue. `limits.metadata_keys` bounds how many keys are looked
    at.
    """
    catalogued = _catalogued_in(metadata, limits)
    if not keys.names_any:
        return catalogued
    found = dict(catalogued)
    for role in ROLES:
        named: tuple[str, ...] = getattr(keys, role)
        if not named:
            continue
        own = tuple(name for name in named if any(value is not None for _, value in lookup_each(metadata, name)))
        # A policy that names its expiry key must not thereby silence an expiry under another key.
        others = () if role in AGE_ROLES else catalogued.get(role, ())
        found[role] = (*own, *(name for name in others if name not in own))
    return found


def candidate_keys(
    metadata: Mapping[str, object], role: str, keys: MetadataKeys, limits: Limits = DEFAULT_LIMITS
) -> tuple[str, ...]:
    """Return the keys of `metadata` that may hold a role, the policy's own first."""
    return present_roles(metadata, keys, limits).get(role, ())


def is_catalogued(metadata: Mapping[str, object], limits: Limits = DEFAULT_LIMITS) -> frozenset[str]:
    """Return the keys of `metadata` that the catalogue knows, without the times of a copy, which count for nothing."""
    found = _catalogued_in(metadata, limits)
    return frozenset(name for role, names in found.items() if role not in SIDE_ROLES for name in names)


def rank_of(name: str) -> int:
    """Return how far from the document's own statement a key of an age is: 0 for its own, 2 for its file's."""
    return _RANKS.get(_plain(name), 0)


def lookup(metadata: Mapping[str, object], key: str) -> object:
    """Return a metadata value by key, or by a dotted path into nested mappings; None if there is none."""
    return next((value for _, value in lookup_each(metadata, key) if value is not None), None)


def lookup_each(metadata: Mapping[str, object], key: str) -> tuple[tuple[str, object], ...]:
    """Return what a key can mean, each with the top-level key that holds it: the key itself, and a dotted path.

    Where an entry that is spelled like the path is beside the nested one, neither may hide the other.
    """
    if "." not in key:
        return ((key, metadata.get(key)),)
    return (key, metadata.get(key)), (key.partition(".")[0], _follow(metadata, key))


def _follow(metadata: Mapping[str, object], path: str) -> object:
    value: object = metadata
    # No metadata nests deeper on purpose; the bound is for keys made to walk.
    for step in path.split(".")[:8]:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def _catalogued_in(metadata: Mapping[str, object], limits: Limits) -> Mapping[str, tuple[str, ...]]:
    names: tuple[Any, ...] = tuple(islice(metadata, limits.metadata_keys))
    try:
        if len(names) > _MOST_REMEMBERED or sum(map(len, names)) > _MOST_REMEMBERED_CHARS:
            return _catalogue(names)
        return _remembered(names)
    except TypeError:  # a key that is not a string, or cannot be hashed: metadata may be any mapping
        return _catalogue(names)


def _catalogue(names: tuple[object, ...]) -> Mapping[str, tuple[str, ...]]:
    """Return which of the names may hold which role."""
    by_plain: dict[str, list[str]] = {}
    in_namespace: dict[str, list[str]] = {}
    exact: dict[str, list[str]] = {}
    for name in names:
        if isinstance(name, str) and len(name) <= _LONGEST_NAME:
            if name in _EXACT:
                exact.setdefault(_EXACT[name], []).append(name)
                continue
            by_plain.setdefault(_plain(name), []).append(name)
            if ":" in name:
                in_namespace.setdefault(_plain(name.rpartition(":")[2]), []).append(name)
    found: dict[str, tuple[str, ...]] = {}
    for role, plains in _PLAIN_CATALOGUE.items():
        matching = tuple(name for plain in plains for name in by_plain.get(plain, ()))
        if role in RESTRICTING_ROLES:
            # A restriction is one in every vocabulary: `dcterms:isReplacedBy`, `article:expiration_time`.
            others = (name for plain in plains for name in in_namespace.get(plain, ()))
            matching = tuple(dict.fromkeys((*matching, *others)))
        matching = (*matching, *exact.get(role, ()))
        if matching:
            found[role] = matching
    return found


_remembered = lru_cache(maxsize=1_024)(_catalogue)


def _plain(name: str) -> str:
    """Return a key without case, punctuation, widths and invisible characters, which make one key look like another."""
    if name.isascii():
        return name.lower().translate(_SEPARATORS)
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in folded if sign.isalnum() and sign not in _SHAPELESS)


_PLAIN_CATALOGUE = {role: tuple(dict.fromkeys(map(_plain, names))) for role, names in CATALOGUE.items()}
