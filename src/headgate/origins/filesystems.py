"""Asking a file system, or a store that fsspec reaches, for what an HTTP server says in the head of an answer."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Mapping
from datetime import datetime, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from headgate.caching import Memo
from headgate.encoding import safe_uri
from headgate.forks import importing, renew_after_fork
from headgate.origins.addresses import FetchError

__all__ = ["is_file", "is_stored", "probe_file", "probe_store"]

_ENCODED_SEPARATOR = re.compile(r"%(?:2F|5C|00)", re.IGNORECASE)
_MOST_SYSTEMS = 32
_GONE: tuple[int, dict[str, str]] = (404, {})
_SCHEMES_OF_HTTP = ("http", "https")
# Under which names the implementations of fsspec say when an object was changed, and what tells its content.
_DATES = ("LastModified", "last_modified", "updated", "mtime", "modified")
_TAGS = ("ETag", "etag", "md5Hash", "content_md5", "generation")


def is_file(uri: str) -> bool:
    """Return whether a URI in normal form names a file."""
    return uri.startswith("file:")


def is_stored(uri: str) -> bool:
    """Return whether a URI in normal form names an object in a store that is not asked by HTTP."""
    scheme, mark, _ = uri.partition("://")
    return bool(mark) and scheme not in (*_SCHEMES_OF_HTTP, "file")


def probe_file(uri: str, folder: Path) -> tuple[int, Mapping[str, str]]:
    """Return what a file system says of a file, as an HTTP server would put it: a status, and headers.

    Args:
        uri: of the file, in normal form.
        folder: where relative paths begin.

    Raises:
        FetchError: it cannot be asked.
    """
    _require_plain(uri)
    path = folder / unquote(uri.removeprefix("file:").partition("?")[0])
    try:
        found = os.stat(path)
        if not stat.S_ISREG(found.st_mode):  # a folder of its name is another thing
            return _GONE
    except (FileNotFoundError, NotADirectoryError):
        _require_mounted(path, folder, uri)
        return _GONE
    except (OSError, ValueError) as error:
        raise FetchError(f"{safe_uri(uri)}: {type(error).__name__}.") from None
    changed = datetime.fromtimestamp(found.st_mtime_ns // 10**9, timezone.utc)
    return 200, {
        "last-modified": format_datetime(changed, usegmt=True),
        "etag": f'"{found.st_size}-{found.st_mtime_ns}"',
    }


def probe_store(uri: str, options: str) -> tuple[int, Mapping[str, str]]:
    """Return what a store says of an object, in the same way; it is asked through fsspec.

    Args:
        uri: of the object, in normal form.
        options: what the policy tells the store's implementation, as a JSON object.

    Raises:
        FetchError: it cannot be asked, or what asks it is not installed.
    """
    _require_plain(uri)
    try:
        system = _SYSTEMS.get(uri.partition("://")[0], options)
        found = system.info(unquote(uri.partition("?")[0]))
        if found.get("type") == "directory":
            return _GONE
    except (FileNotFoundError, NotADirectoryError):
        return _GONE
    except ImportError as error:
        raise FetchError(f"{safe_uri(uri)}: {error.name or 'fsspec'} is not installed.") from None
    except Exception as error:  # noqa: BLE001 - each implementation raises what its library does
        raise FetchError(f"{safe_uri(uri)}: {type(error).__name__}.") from None
    headers = {}
    changed = next((date for name in _DATES if (date := _date(found.get(name))) is not None), None)
    if changed is not None:
        headers["last-modified"] = format_datetime(changed, usegmt=True)
    tag = next((found[name] for name in _TAGS if found.get(name)), None)
    if tag is not None:
        headers["etag"] = str(tag)
    return 200, headers


def _require_mounted(path: Path, folder: Path, uri: str) -> None:
    """Raise if the topmost folder of a path holds nothing: what is not mounted was not removed.

    Raises:
        FetchError: it is missing, or empty.
    """
    start = folder if path.is_relative_to(folder) else Path(path.anchor)
    top = start / path.relative_to(start).parts[0]
    try:
        if top == path or os.listdir(top):
            return
    except OSError:
        pass
    raise FetchError(f"{safe_uri(uri)}: its folder is missing or empty, as if it were not mounted.")


def _require_plain(uri: str) -> None:
    """Raise if decoding makes folders of what the source's `match` has taken for a name.

    Raises:
        FetchError: it does: another file would be asked than the one that the policy names.
    """
    if _ENCODED_SEPARATOR.search(uri) is not None:
        raise FetchError(f"{safe_uri(uri)}: its path has an encoded separator.")


class _Systems:
    """The file systems that were asked before: in the child of a fork they are made again, as fsspec wants it."""

    def __init__(self) -> None:
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self._known: Memo[Any] = Memo(_MOST_SYSTEMS)

    def get(self, scheme: str, options: str) -> Any:
        """Return what asks a store."""
        with importing():
            import fsspec
        known = self._known.get((scheme, options))
        if known is not None:
            return known
        # A list of a folder that was read before says nothing of the present; nor is an instance shared with others.
        own = {"use_listings_cache": False, "skip_instance_cache": True}
        return self._known.put((scheme, options), fsspec.filesystem(scheme, **own, **json.loads(options)))


_SYSTEMS = _Systems()


def _date(value: object) -> datetime | None:
    """Return a date of a store to the second, as HTTP has it, or None for what is none."""
    try:
        if isinstance(value, str):
            value = datetime.fromisoformat(value.replace("Z", "+00:00"))
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            value = datetime.fromtimestamp(value, timezone.utc)
        if isinstance(value, datetime) and value.tzinfo is not None:
            return value.astimezone(timezone.utc).replace(microsecond=0)
    except (ValueError, OverflowError, OSError):
        pass
    return None
