"""What a writing method of a guarded object returns: identifiers and numbers pass, and nothing that may be stored."""

from __future__ import annotations

import functools
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from headgate.integration.surface import is_named

__all__ = ["looked_at", "without_texts"]

_log = logging.getLogger("headgate")

_DEEPEST = 8
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
    if is_named(result):
        return result
    known = frozenset(_texts_in(given))
    kept = _kept(result, known, 0)
    if kept is not result:
        kind = type(owner).__name__
        _log.warning(
            "What %s.%s returned is withheld where it may be what is stored: .ungated.%s returns it.", kind, name, name
        )
    return kept


def _kept(value: Any, known: frozenset[str], depth: int) -> Any:
    if is_named(value, depth) or (type(value) is str and value in known):
        return value
    if depth >= _DEEPEST:
        return None
    if type(value) is dict:
        entries = {key: _kept(one, known, depth + 1) for key, one in value.items() if is_named(key) or key in known}
        return value if entries.keys() == value.keys() and _are_same(entries.values(), value.values()) else entries
    if type(value) in (list, tuple):
        parts = [_kept(one, known, depth + 1) for one in value]
        return value if _are_same(parts, value) else type(value)(parts)
    return None


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
