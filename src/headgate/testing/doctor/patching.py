"""Methods of classes, replaced for a while: that is how objects are watched that nobody can be handed in advance."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

__all__ = ["replaced"]


@contextmanager
def replaced(
    bases: Collection[type], names: Sequence[str], make: Callable[[Any], Callable[..., Any]]
) -> Iterator[None]:
    """Replace methods of classes and of all their subclasses, and put them back whatever happens.

    Args:
        bases: the classes.
        names: the methods; a class that does not define one itself keeps what it inherits.
        make: returns what takes a method's place, given the method as the class has it.
    """
    changed: list[tuple[type, str, Any]] = []
    try:
        for kind in _with_subclasses(bases):
            for name in names:
                method = kind.__dict__.get(name)
                if callable(method) and not isinstance(method, (classmethod, staticmethod, type)):
                    changed.append((kind, name, method))
                    setattr(kind, name, make(method))
        yield
    finally:
        for kind, name, method in reversed(changed):
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
