"""What some loaders mean by general names, told by the other entries that they always write.

A loader's habit is believed only as far as the entry itself: for a signed entry the others must be signed too, and
where only signed evidence counts no habit of unsigned entries lifts anything.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Set

from headgate.freshness.forms import DateOrder

__all__ = [
    "ARXIV_DATE",
    "date_order_of",
    "is_a_job",
    "is_of_a_copy",
    "is_temporary",
    "may_mean_a_copy",
    "source_beside",
]

# What Obsidian's and LlamaIndex's loaders of folders ask the file system.
_STAT_FLOATS = ("created", "last_modified", "last_accessed")
_FILE_ENTRIES = ("file_path", "file_name", "file_type", "file_size")
_FILE_DATES = frozenset(("creation_date", "last_modified_date"))
_JOBS = frozenset(("extract", "crawl", "scrape", "batch_scrape", "map"))
# As Python's tempfile names files and folders.
_TEMPORARY = re.compile(r"(?:^|[\\/])tmp[a-z0-9_]{8}(?:[\\/.]|$)")
_LONGEST_PATH = 4_096

ARXIV_DATE = "Date published"
"""The key under which LlamaIndex's reader of arXiv writes a date, the month first."""


def may_mean_a_copy(metadata: Mapping[str, object]) -> bool:
    """Return whether any loader whose habits are known can have written this: a quick look before the others."""
    return "last_accessed" in metadata or "file_size" in metadata or "urls" in metadata


def is_of_a_copy(name: str, metadata: Mapping[str, object], trusted: Set[str] | None) -> bool:
    """Return whether a loader is known to write, under a general name, the time of a file or of its own job.

    Args:
        name: the key.
        metadata: the document's metadata.
        trusted: the keys that are as trustworthy as this one; None for all.
    """
    if name in _STAT_FLOATS:
        return _holds(metadata, trusted, _STAT_FLOATS) and all(type(metadata[key]) is float for key in _STAT_FLOATS)
    if name in _FILE_DATES:
        value = metadata.get(name)
        return isinstance(value, str) and len(value) == len("2026-03-02") and _holds(metadata, trusted, _FILE_ENTRIES)
    # Firecrawl says until when the result of a job can be fetched from it.
    return name == "expires_at" and is_a_job(metadata, trusted)


def is_a_job(metadata: Mapping[str, object], trusted: Set[str] | None = None) -> bool:
    """Return whether an entry names what Firecrawl did as the source, and not a place."""
    source = metadata.get("source")
    return (
        isinstance(source, str)
        and source in _JOBS
        and _holds(metadata, trusted, ("source", "urls", "status"))
        and isinstance(metadata["urls"], (list, tuple))
    )


def date_order_of(metadata: Mapping[str, object], trusted: Set[str] | None) -> DateOrder | None:
    """Return the order of day and month in `ARXIV_DATE`, if LlamaIndex's reader of arXiv wrote it; otherwise None."""
    return "MDY" if _holds(metadata, trusted, ("Title of this paper",)) else None


def is_temporary(value: str) -> bool:
    """Return whether a source is a loader's own copy in a folder for temporary files, whose name is chance."""
    return len(value) <= _LONGEST_PATH and "tmp" in value and _TEMPORARY.search(value) is not None


def source_beside(value: str, metadata: Mapping[str, object]) -> str | None:
    """Return the path that is beside a bare file name and ends with it; None if there is none."""
    path = metadata.get("path")
    if not isinstance(path, str) or len(path) > _LONGEST_PATH or "/" in value or "\\" in value or ":" in value:
        return None
    return path if path.endswith((f"/{value}", f"\\{value}")) else None


def _holds(metadata: Mapping[str, object], trusted: Set[str] | None, names: tuple[str, ...]) -> bool:
    return all(name in metadata and (trusted is None or name in trusted) for name in names)
