"""Which metadata entries name something instead of saying something: files, addresses, rows, keys."""

from __future__ import annotations

import re

__all__ = ["is_name"]

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])")
_LAST = re.compile(
    "address|checksum|digest|doi|email|etag|file(?:name|path)?|folder|hash|href|ids?|identifier|isbn|keys?|links?|mimetype"
    "|paths?|permalink|ref|row|sku|slug|source|ur[il]s?|uuid"
)
_FIRST = re.compile("file(?:name)?|path|ur[il]")


def is_name(entry: str) -> bool:
    """Return whether the value of an entry names something, by what the entry is called: `file_name`, `pageUrl`.

    Such a value is compared, opened or cited, so its words are not those of a text.
    """
    words = [word.lower() for word in _WORD.findall(entry)]
    return bool(words) and (_FIRST.fullmatch(words[0]) or _LAST.fullmatch(words[-1])) is not None
