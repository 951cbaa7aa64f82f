"""What a chain keeps between two questions: put back after each run, so that no run sees what another has left."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from headgate.integration.walking import walk

__all__ = ["as_before"]

# A list that is longer is a corpus, and is not what a conversation has left.
_LONGEST = 5_000
_MOST = 2_000


@contextmanager
def as_before(owners: Iterable[object], is_end: Callable[[object], bool]) -> Iterator[None]:
    """Give objects back, after this context, what their attributes and lists held before it.

    Args:
        owners: objects that may remember something: workflows, memories, objects of the user's own classes.
        is_end: whether to look no further behind an object: stores, indexes, models, gates.
    """
    held: list[tuple[Any, dict[str, Any]]] = []
    kept: list[tuple[Any, Any]] = []
    seen: set[int] = set()
    for owner in owners:
        for item in _held_by(owner, is_end):
            if id(item) in seen or len(seen) >= _MOST:
                continue
            seen.add(id(item))
            if item is owner and isinstance(getattr(item, "__dict__", None), dict):
                held.append((item, dict(vars(item))))
            elif type(item) in (list, dict, set) and len(item) <= _LONGEST:
                kept.append((item, item.copy()))
    try:
        yield
    finally:
        for item, before in kept:
            _refill(item, before)
        for item, attributes in held:
            vars(item).clear()
            vars(item).update(attributes)


def _held_by(owner: object, is_end: Callable[[object], bool]) -> Iterator[Any]:
    def stops(item: object) -> bool:
        return item is not owner and is_end(item)

    for _, item in walk(owner, is_end=stops):
        yield item


def _refill(item: Any, before: Any) -> None:
    item.clear()
    if isinstance(item, list):
        item.extend(before)
    else:
        item.update(before)
