"""The words by which systems say that a document does not hold, or does not hold yet: data, and finding them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
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
    **dict.fromkeys(("draft", "unpublished", "rejected", "cancelled", "canceled", "abandoned"), "drop"),
    **dict.fromkeys(("deprecated", "under review", "in review", "pending review", "needs review"), "warn"),
}
"""What a status means for a document, unless the policy says otherwise. Other words, such as `final`, mean nothing."""

# Entries named like a status, which say yes or no.
_FLAGS: Mapping[str, str] = {
    **{word: word for word in ("archived", "deleted", "removed", "trashed", "draft", "withdrawn", "retracted")},
    **{word: word for word in ("revoked", "superseded", "obsolete", "deprecated")},
    "intrash": "trashed",
}
_NO = frozenset(("no", "false", "0", "n", "f", "off"))
_MOST_WORDS, _MOST_CHARS, _FEW = 16, 64, 3


def read_status(name: str, value: object, words: Collection[str] = ()) -> Iterator[str]:
    """Yield the known words that an entry holds; never raises for anything that it may hold.

    Args:
        name: the entry's key. One such as `is_archived` says yes or no; whatever is neither is a yes.
        value: what it holds: a word, a few words of which the first counts, or a list of them.
        words: words that the policy knows beside the catalogue.
    """
    try:
        value = plain_value(value)
        if is_none(value):
            return
        flag = _FLAGS.get(plain_word(name.rpartition(":")[2]).replace(" ", "").removeprefix("is"))
        if flag is not None:
            if not _is_no(value):
                yield flag
            return
        values = list(islice(value, _MOST_WORDS)) if isinstance(value, (list, tuple, set, frozenset)) else [value]
    except Exception:  # noqa: BLE001 - foreign objects do what they like; they are no words
        return
    for text in values:
        if isinstance(text, str) and len(text) <= _MOST_CHARS:
            word = _known(plain_word(text), words)
            if word is not None:
                yield word


def _known(text: str, words: Collection[str]) -> str | None:
    """Return the longest known beginning of a few words: `withdrawn by its author` is withdrawn."""
    parts = text.split(" ")
    for count in range(min(len(parts), _FEW), 0, -1):
        word = " ".join(parts[:count])
        if word in words or word in STATUS_WORDS:
            return word
    return None


def _is_no(value: object) -> bool:
    if isinstance(value, str):
        return plain_word(value) in _NO
    return value is False or (isinstance(value, (int, float)) and value == 0)
