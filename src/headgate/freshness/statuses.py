"""The words by which systems say that a document does not hold, or does not hold yet: data, and finding them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from itertools import islice
from typing import Literal

from headgate.freshness.parsing import is_none, plain_value
from headgate.policy.values import plain_word

__all__ = ["STATUS_WORDS", "read_status"]

STATUS_WORDS: Mapping[str, Literal["drop", "warn"]] = {
    **dict.fromkeys(
        ("withdrawn", "retracted", "revoked", "rescinded", "repealed", "recalled", "void", "voided"), "drop"
    ),
    **dict.fromkeys(("archived", "deleted", "removed", "trashed", "trash", "in trash", "recycled", "purged"), "drop"),
    **dict.fromkeys(("superseded", "replaced", "obsolete", "outdated", "expired", "retired", "discontinued"), "drop"),
    **dict.fromkeys(("draft", "unpublished", "inactive", "rejected", "cancelled", "canceled", "abandoned"), "drop"),
    **dict.fromkeys(("deprecated", "under review", "in review", "pending review", "needs review"), "warn"),
}
"""What a status means for a document, unless the policy says otherwise. Other words, such as `final`, mean nothing."""

# Entries named like a status, which say yes or no.
_FLAGS: Mapping[str, str] = {
    **{word: word for word in ("archived", "deleted", "removed", "trashed", "draft", "withdrawn", "retracted")},
    **{word: word for word in ("revoked", "superseded", "obsolete", "deprecated")},
    "intrash": "trashed",
}
# Those of which a no is the restriction.
_GOOD_FLAGS: Mapping[str, str] = {
    "current": "superseded",
    "latest": "superseded",
    "active": "inactive",
    "published": "unpublished",
    "valid": "void",
}
_NO = frozenset(("no", "false", "0", "n", "f", "off"))
_MOST_WORDS, _MOST_DEPTH, _MOST_CHARS, _MOST_PARTS, _FEW = 1_000, 4, 256, 8, 3
_BETWEEN = re.compile(r"[;,|/:()\[\]\n]")


def read_status(name: str, value: object, words: Collection[str] = ()) -> Iterator[str]:
    """Yield the known words that an entry holds; never raises for anything that it may hold.

    Args:
        name: the entry's key. One such as `is_archived` says yes or no; whatever is neither is a yes.
        value: what it holds: a word, a few words or a sentence of which the first ones count, also after a comma or the
            like; or lists and objects of them.
        words: words that the policy knows beside the catalogue.
    """
    try:
        value = plain_value(value)
        if is_none(value):
            return
        key = plain_word(name.rpartition(":")[2]).replace(" ", "")
        flag = _FLAGS.get(key.removeprefix("is"))
        if flag is not None:
            if not _is_no(value):
                yield flag
            return
        opposite = _GOOD_FLAGS.get(key.removeprefix("is"))
        if opposite is not None:
            if _is_no(value):
                yield opposite
            return
        texts = list(_texts(value))
    except Exception:  # noqa: BLE001 - foreign objects do what they like; they are no words
        return
    for text in texts:
        for part in _BETWEEN.split(text[:_MOST_CHARS], _MOST_PARTS):
            word = _known(plain_word(part), words)
            if word is not None:
                yield word


def _texts(value: object) -> Iterator[str]:
    """Yield the texts in a value, as far as it is of the kinds that stores and loaders make."""
    level, left = [value], _MOST_WORDS
    for _ in range(_MOST_DEPTH):
        nested: list[object] = []
        for one in level:
            plain = one.value if isinstance(one, Enum) else one
            if isinstance(plain, str):
                yield plain
            elif isinstance(plain, (bytes, bytearray)):
                yield bytes(plain[:_MOST_CHARS]).decode("utf-8", "replace")
            elif isinstance(plain, (list, tuple, set, frozenset)):
                nested += islice(plain, left - len(nested))
            elif isinstance(plain, Mapping):
                nested += islice(plain.values(), left - len(nested))
        level, left = nested, left - len(nested)


def _known(text: str, words: Collection[str]) -> str | None:
    """Return the longest known beginning of a few words: `withdrawn by its author` is withdrawn."""
    parts = text.split(" ", _FEW)
    for count in range(min(len(parts), _FEW), 0, -1):
        word = " ".join(parts[:count])
        if word in words or word in STATUS_WORDS:
            return word
    return None


def _is_no(value: object) -> bool:
    if isinstance(value, str):
        return plain_word(value) in _NO
    return value is False or (isinstance(value, (int, float)) and value == 0)
