"""Stores named on the command line: a folder, the address of a database, or module:name of a store or index."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from headgate.cli.loading import is_place, load_target
from headgate.errors import HeadgateError, one_line
from headgate.integration.adapters import adapters
from headgate.integration.backfilling import StoredIndex

__all__ = ["instead_of", "is_store_folder", "open_store", "require_no_collection", "without_password"]

# Of Chroma, of LlamaIndex, of LanceDB and of FAISS.
_STORE_FILES = ("chroma.sqlite3", "docstore.json", "*.lance", "*.faiss")
# As a path has it too, in which two slashes are one.
_ADDRESS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")
_INSTEAD = (
    "Name a retriever or store of yours as MODULE:NAME, with --questions FILE. All that an index holds is judged by "
    "`headgate audit ... --out DIR`, sealed by `headgate backfill` and listed by `headgate manifest build`, with "
    "langchain-headgate or llama-index-postprocessor-headgate installed."
)


def is_store_folder(place: str | Path) -> bool:
    """Return whether a folder is one in which a store keeps its rows, and not one of texts."""
    path = Path(place)
    return path.is_dir() and any(any(path.glob(name)) for name in _STORE_FILES)


def instead_of(place: Path) -> str | None:
    """Return what a place is, and what to use, where it is an index and not documents; None for any other."""
    address = _ADDRESS.match(str(place))
    if address is not None and not place.exists():
        return f"{address[1]}://... is an address, and not a folder or file of texts. {_INSTEAD}"
    if is_store_folder(place):
        return f"{place} is the folder of an index, and not one of texts. {_INSTEAD}"
    return None


def require_no_collection(collection: str | None, place: str) -> None:
    """Raise where a collection is named of what has none.

    Raises:
        HeadgateError: there is one.
    """
    if collection is not None:
        raise HeadgateError(
            f"--collection {collection!r}: {without_password(place)} has no collections. Leave the option out."
        )


def open_store(store: str, collection: str | None) -> StoredIndex | None:
    """Return the rows of a store, or None for what no installed adapter knows as one.

    Args:
        store: a folder, an address, or `module:name`.
        collection: the collection or table in it.

    Raises:
        HeadgateError: it is a store, and cannot be opened, or it has no collections.
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
            if is_object:
                require_no_collection(collection, store)
            return found
    return None


def without_password(store: str) -> str:
    """Return the name of a store as a message may hold it."""
    scheme, mark, rest = store.partition("://")
    return f"{scheme}://{rest.rpartition('@')[2]}"[:200] if mark else store[:200]
