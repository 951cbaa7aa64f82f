"""Which metadata keys hold which role: data, and looking it up.

Keys are compared without case, punctuation and invisible signs. Within a role the most telling key comes first.
"""

from __future__ import annotations

import string
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from typing import Any

from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy.rules import MetadataKeys

__all__ = [
    "AGE_ROLES",
    "CATALOGUE",
    "RESTRICTING_ROLES",
    "RESTRICTING_TIMES",
    "ROLES",
    "TIME_ROLES",
    "candidate_keys",
    "is_catalogued",
    "lookup",
    "lookup_each",
    "present_roles",
    "rank_of",
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
        "modified_time",
        "last_modified_time",
        "last_modified_datetime",
        "og:updated_time",
        "updated",
        "updated_at",
        "updated_time",
        "update_date",
        "last_updated",
        "last_update",
        "last_edited_time",
        "last_edited_at",
        "edited_at",
        "moddate",
        "mod_date",
        "when",
        "date",
        "mtime",
        "file_mtime",
    ),
    "created": (
        "creation_date",
        "creationdate",
        "created",
        "created_at",
        "created_time",
        "created_datetime",
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
        "published_time",
    ),
    "valid_from": ("valid_from", "validfrom", "effective_from", "effective_date", "not_before", "starts_at"),
    "valid_until": (
        "valid_until",
        "validuntil",
        "valid_to",
        "valid_till",
        "valid_through",
        "valid_to_date",
        "valid_until_date",
        "valid_until_utc",
        "not_valid_after",
        "expires",
        "expires_at",
        "expires_on",
        "expires_at_utc",
        "expires_date",
        "expire",
        "expire_at",
        "expire_on",
        "expire_date",
        "expire_time",
        "expired_on",
        "expiry",
        "expiry_date",
        "expiration_date",
        "expiration",
        "expiration_time",
        "expiration_datetime",
        "expiry_time",
        "effective_until",
        "effective_to",
        "not_after",
        "ends_at",
        "unavailable_after",
        "archived_at",
        "deleted_at",
        "withdrawn_at",
        "retired_at",
    ),
    "review_by": (
        "review_by",
        "review_due",
        "review_due_date",
        "review_before",
        "next_review",
        "next_review_date",
        "due_for_review",
        "revisit_by",
    ),
    "status": (
        "status",
        "state",
        "lifecycle",
        "lifecycle_state",
        "lifecycle_status",
        "document_status",
        "doc_status",
        "content_status",
        "page_status",
        "record_status",
        "publication_status",
        "publish_status",
        "approval_status",
        "workflow_state",
        "workflow_status",
        "archived",
        "is_archived",
        "deleted",
        "is_deleted",
        "removed",
        "is_removed",
        "trashed",
        "in_trash",
        "draft",
        "is_draft",
        "withdrawn",
        "is_withdrawn",
        "retracted",
        "is_retracted",
        "revoked",
        "is_revoked",
        "superseded",
        "is_superseded",
        "obsolete",
        "is_obsolete",
        "deprecated",
        "is_deprecated",
    ),
    "version": ("version", "revision", "document_version"),
    "superseded_by": (
        "superseded_by",
        "supersededby",
        "superseded_by_url",
        "replaced_by",
        "replaced_by_url",
        "obsoleted_by",
        "is_replaced_by",
    ),
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

# A weaker key counts only if no key of a stronger rank is there: what a response or a file says about itself is not
# what the document says, and must not stand in for a statement that could not be read.
_RANKS: Mapping[str, int] = {"when": 1, "date": 1, "mtime": 2, "filemtime": 2, "ctime": 2}

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
    """Return the keys of `metadata` that the catalogue knows."""
    return frozenset(name for names in _catalogued_in(metadata, limits).values() for name in names)


def rank_of(name: str) -> int:
    """Return how far from the document's own statement a key of an age is: 0 for its own, 2 for its file's."""
    return _RANKS.get(_plain(name), 0)


def lookup(metadata: Mapping[str, object], key: str) -> object:
    """Return a metadata value by key, or by a dotted path into nested mappings; None if there is none."""
    return next((value for _, value in lookup_each(metadata, key) if value is not None), None)


def lookup_each(metadata: Mapping[str, object], key: str) -> tuple[tuple[str, object], ...]:
    """Return what a key can mean, each with the top-level key that holds it: the key itself, and a dotted path.

    Where an entry that is spelled like the path stands beside the nested one, neither may hide the other.
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
    for name in names:
        if isinstance(name, str) and len(name) <= _LONGEST_NAME:
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
        if matching:
            found[role] = matching
    return found


_remembered = lru_cache(maxsize=1_024)(_catalogue)


def _plain(name: str) -> str:
    """Return a key without case, punctuation, and what makes one key look like another: widths and invisible signs."""
    if name.isascii():
        return name.lower().translate(_SEPARATORS)
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(sign for sign in folded if sign.isalnum() and sign not in _SHAPELESS)


_PLAIN_CATALOGUE = {role: tuple(dict.fromkeys(map(_plain, names))) for role, names in CATALOGUE.items()}
