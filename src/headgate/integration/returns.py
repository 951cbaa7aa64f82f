"""What a writing method of a guarded object returns: identifiers and numbers pass, and nothing that may be stored."""

from __future__ import annotations

import functools
import inspect
import logging
import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from headgate.encoding import is_label
from headgate.integration.surface import is_named

__all__ = ["looked_at", "without_texts"]

_log = logging.getLogger("headgate")

_DEEPEST = 8
_MOST_NAMES = 16
_MOST_WORDS = 2
_BORDER = re.compile("[:/]")
_MADE_CHARS = 16
# Of Elasticsearch, Firestore and others.
_BY_CHANCE = re.compile("(?=.*[0-9])(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9_-]{20}")
_WORD = re.compile(r"[A-Za-z][a-z]{0,15}(?:_[a-z]{1,15})?")
_MOST_GIVEN = 100_000
_GIVEN_NAMES = ("id", "id_", "node_id", "ref_doc_id")


def looked_at(owner: object, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
    """Return a writing method that returns nothing that is stored.

    Args:
        owner: has the method.
        name: its name.
        method: the method; it may be an `async def`.
    """

    # Not what the method has beside: an object that can be called may hold anything.
    @functools.wraps(method, updated=())
    def look(*args: Any, **kwargs: Any) -> Any:
        result = method(*args, **kwargs)
        if inspect.isawaitable(result):
            return _awaited(owner, name, result, (args, kwargs))
        return without_texts(owner, name, result, (args, kwargs))

    return look


async def _awaited(owner: object, name: str, result: Any, given: object) -> Any:
    return without_texts(owner, name, await result, given)


def without_texts(owner: object, name: str, result: Any, given: object = ()) -> Any:
    """Return what a writing method returned, with None in the place of what may be a text or a document.

    Nothing is raised for it: what was written is written.

    Args:
        owner: has the method.
        name: its name.
        result: what it returned.
        given: the arguments: identifiers that the caller gave may come back, whatever they say.
    """
    if result is None or type(result) in (bool, int):
        return result
    kept = _kept(result, frozenset(_texts_in(given)), 0)
    if kept is not result:
        kind = type(owner).__name__
        _log.warning(
            "What %s.%s returned is withheld where it may be what is stored: .ungated.%s returns it.", kind, name, name
        )
    return kept


def _kept(value: Any, known: frozenset[str], depth: int) -> Any:
    if isinstance(value, str):
        return value if _is_identifier(value, known) or (type(value) is str and _WORD.fullmatch(value)) else None
    if depth >= _DEEPEST:
        return None
    if type(value) is dict:
        # One word says what an entry is: `succeeded`, `ids`.
        names = [key for key in islice(value, _MOST_NAMES) if _kept(key, known, _DEEPEST) is not None]
        entries = {key: _kept(value[key], known, depth + 1) for key in names}
        return value if len(entries) == len(value) and _are_same(entries.values(), value.values()) else entries
    if type(value) in (list, tuple, set, frozenset):
        # Single words in a row are a text.
        parts = [_kept(one, known, depth + 1) if not _is_loose(one, known) else None for one in value]
        return value if _are_same(parts, value) else type(value)(parts)
    return value if is_named(value, depth) else None


def _is_loose(value: object, known: frozenset[str]) -> bool:
    return isinstance(value, str) and not _is_identifier(value, known)


def _is_identifier(value: str, known: frozenset[str]) -> bool:
    if type(value) is not str:
        return False
    return value in known or is_label(value) or (value.isascii() and _is_key(value))


def _is_key(value: str) -> bool:
    """Return whether a text is a name as stores make them: `docs:0190163d8694739b`, or twenty characters by chance."""
    *names, last = _BORDER.split(value)
    is_made = len(last) >= _MADE_CHARS and is_label(last) and bool(names)
    return (is_made and len(names) <= _MOST_WORDS and all(map(_WORD.fullmatch, names))) or (
        _BY_CHANCE.fullmatch(value) is not None
    )


def _are_same(ones: Any, others: Any) -> bool:
    return all(one is other for one, other in zip(ones, others, strict=True))


def _texts_in(given: object) -> Iterator[str]:
    """Yield the identifiers that a caller has given: short texts among the arguments, and what documents are called."""
    waiting, seen = [given], 0
    while waiting and seen < _MOST_GIVEN:
        one = waiting.pop()
        seen += 1
        if isinstance(one, str):
            yield str.__str__(one)
        elif isinstance(one, Mapping):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, (list, tuple, set, frozenset)):
            waiting += one
        else:
            waiting += [held for name in _GIVEN_NAMES if isinstance(held := getattr(one, name, None), str)]
