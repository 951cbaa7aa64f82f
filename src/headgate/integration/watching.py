"""Seeing what retrieval returns, wherever in a framework it is called: methods of base classes, watched for a while."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from headgate.admission.observing import observing
from headgate.integration.surface import is_gated

__all__ = ["Watched", "watching"]

_depth: ContextVar[int] = ContextVar("headgate_watched_depth", default=0)


@dataclass(slots=True)
class Watched:
    """What was retrieved while it was watched.

    Attributes:
        found: what each outermost call returned, in the order in which the calls ended.
    """

    found: list[Any] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether something was retrieved, and nothing is being retrieved at this place of the chain."""
        return bool(self.found) and _depth.get() == 0


@contextmanager
def watching(bases: Collection[type], names: Sequence[str]) -> Iterator[Watched]:
    """Watch methods of base classes and of all their subclasses, and put every gate into observation meanwhile.

    A retriever that asks others is seen as one: what it returns counts, not what it was made of. What a gate returns
    is not seen, but what the retriever behind it returns, so nothing is missing that a gate would keep out.

    Args:
        bases: the framework's classes of what retrieves.
        names: the methods that return documents; synchronous and asynchronous ones.
    """
    watched = Watched()
    changed: list[tuple[type, str, Any]] = []
    try:
        for kind in _with_subclasses(bases):
            for name in names:
                method = kind.__dict__.get(name)
                if inspect.isfunction(method):
                    changed.append((kind, name, method))
                    setattr(kind, name, _watched(method, watched))
        with observing():
            yield watched
    finally:
        for kind, name, method in changed:
            setattr(kind, name, method)


def _with_subclasses(bases: Collection[type]) -> Iterator[type]:
    seen: set[type] = set()
    waiting = list(bases)
    while waiting:
        kind = waiting.pop()
        if kind not in seen:
            seen.add(kind)
            yield kind
            waiting += kind.__subclasses__()


def _watched(method: Callable[..., Any], watched: Watched) -> Callable[..., Any]:
    if inspect.iscoroutinefunction(method):

        @functools.wraps(method)
        async def seen_later(self: Any, *args: Any, **kwargs: Any) -> Any:
            if is_gated(self):
                return await method(self, *args, **kwargs)
            depth = _depth.get()
            token = _depth.set(depth + 1)
            try:
                result = await method(self, *args, **kwargs)
            finally:
                _depth.reset(token)
            if not depth:
                watched.found.append(result)
            return result

        return seen_later

    @functools.wraps(method)
    def seen(self: Any, *args: Any, **kwargs: Any) -> Any:
        if is_gated(self):
            return method(self, *args, **kwargs)
        depth = _depth.get()
        token = _depth.set(depth + 1)
        try:
            result = method(self, *args, **kwargs)
        finally:
            _depth.reset(token)
        if not depth:
            watched.found.append(result)
        return result

    return seen
