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
    **{word: word for word in ("revoked", "superseded", "obsolete", "deprecated", "expired", "retired", "outdated")},
    **{
        word: word for word in ("inactive", "unpublished", "discontinued", "repealed", "rescinded", "void", "cancelled")
    },
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
_DENYING = frozenset(("not", "no", "never", "without", "nor", "un", "non", "nicht", "kein", "nie", "pas", "jamais"))
_MOST_IN_A_SENTENCE = 12
_MOST_WORDS, _MOST_DEPTH, _MOST_CHARS, _MOST_PARTS, _FEW = 1_000, 4, 4_096, 500, 3
_BETWEEN = re.compile(r"[;,|/:()\[\]\n]")


def read_status(name: str, value: object, words: Collection[str] = ()) -> Iterator[str]:
    """Yield the known words that an entry holds; whatever that is, it raises nothing.

    Args:
        name: the entry's key. One such as `is_archived` says yes or no; whatever is neither is a yes.
        value: what it holds: a word, or a sentence, of which the first twelve words count, up to one that denies; or
            lists of them, and objects, whose entries are read as this one is.
        words: words that the policy knows beside the catalogue.
    """
    level: list[tuple[str, object]] = [(name, value)]
    left = _MOST_WORDS
    for _ in range(_MOST_DEPTH):
        nested: list[tuple[str, object]] = []
        for key, one in level:
            plain = _plain(one)
            said = _said_by_flag(key, plain)
            if said is not None:
                yield from said
            elif isinstance(plain, str):
                yield from _words_in(plain, words)
            else:
                nested += _parts(key, plain, left - len(nested))
        level, left = nested, left - len(nested)


def _said_by_flag(name: str, value: object) -> tuple[str, ...] | None:
    """Return what an entry named like a status says with a yes or a no; None where it has no such name."""
    key = plain_word(name.rpartition(":")[2]).replace(" ", "").removeprefix("is")
    flag, opposite = _FLAGS.get(key), _GOOD_FLAGS.get(key)
    if flag is None and opposite is None:
        return None
    if is_none(value):
        return ()
    if flag is not None:
        return () if _is_no(value) else (flag,)
    return (str(opposite),) if _is_no(value) else ()


def _parts(name: str, value: object, most: int) -> list[tuple[str, object]]:
    """Return what a list or an object holds, each with its key."""
    try:
        if isinstance(value, Mapping):
            return [(str(key), held) for key, held in islice(value.items(), most)]
        if isinstance(value, (list, tuple, set, frozenset)):
            return [(name, part) for part in islice(value, most)]
        return []
    except Exception:  # noqa: BLE001 - as below
        return []


def _plain(value: object) -> object:
    """Return a value as one of Python's own, or what is neither a text nor a no where it is none."""
    try:
        plain = plain_value(value.value if isinstance(value, Enum) else value)
    except Exception:  # noqa: BLE001 - foreign objects do what they like; they are not words
        return object()
    return bytes(plain[:_MOST_CHARS]).decode("utf-8", "replace") if isinstance(plain, (bytes, bytearray)) else plain


def _words_in(text: str, words: Collection[str]) -> Iterator[str]:
    """Yield the known words in a text."""
    if is_none(text):
        return
    for part in _BETWEEN.split(text[:_MOST_CHARS], _MOST_PARTS):
        word = _known(plain_word(part), words)
        if word is not None:
            yield word


def _known(text: str, words: Collection[str]) -> str | None:
    """Return the first known word, or words, of a sentence: `it was withdrawn by its author` is withdrawn."""
    parts = text.split(" ", _MOST_IN_A_SENTENCE)[:_MOST_IN_A_SENTENCE]
    # What is denied is not said, and what comes behind that may be anything.
    end = next((place for place, part in enumerate(parts) if part in _DENYING), len(parts))
    for start in range(end):
        for count in range(min(end - start, _FEW), 0, -1):
            word = " ".join(parts[start : start + count])
            if word in words or word in STATUS_WORDS:
                return word
    return None


def _is_no(value: object) -> bool:
    if isinstance(value, str):
        return plain_word(value) in _NO
    return value is False or (isinstance(value, (int, float)) and value == 0)
