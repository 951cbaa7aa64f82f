"""Stores named on the command line: a folder, the address of a database, or module:name of a store or index."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from headgate.cli.loading import is_place, load_target
from headgate.errors import HeadgateError, one_line
from headgate.integration.adapters import adapters
from headgate.integration.backfilling import StoredIndex

__all__ = ["open_store", "without_password"]


def open_store(store: str, collection: str | None) -> StoredIndex | None:
    """Return the rows of a store, or None for what no installed adapter knows as one.

    Args:
        store: a folder, an address, or `module:name`.
        collection: the collection or table in it.

    Raises:
        HeadgateError: it is a store, and cannot be opened.
    """
    is_object = is_place(store)
    # Looking for adapters imports frameworks, and a file is none of theirs.
    if not is_object and "://" not in store and not Path(store).is_dir():
        return None
    target = load_target(store) if is_object else None
    for adapter in adapters():
        opener: Callable[..., StoredIndex | None] | None = getattr(
            adapter, "stored_index" if is_object else "open_index", None
        )
        if opener is None:
            continue
        try:
            found = opener(target) if is_object else opener(store, collection)
        except HeadgateError:
            raise
        except Exception as error:  # whatever a store's own client raises
            raise HeadgateError(f"{without_password(store)} cannot be opened: {one_line(error)}.") from error
        if found is not None:
            return found
    return None


def without_password(store: str) -> str:
    """Return the name of a store as a message may hold it."""
    scheme, mark, rest = store.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"[:200] if mark else store[:200]
