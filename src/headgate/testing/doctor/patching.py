"""Methods of classes, replaced for a while: that is how objects are watched that nobody can be handed in advance."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

__all__ = ["by_name", "replaced"]


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


def by_name(
    method: Callable[..., Any], owner: object, args: Sequence[Any], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the arguments of a call by their names, however they were given.

    Args:
        method: the method as its class has it.
        owner: the object whose method is called.
        args: what it is given by position.
        kwargs: what it is given by name.
    """
    try:
        bound = inspect.signature(method).bind(owner, *args, **kwargs)
    except (TypeError, ValueError):
        # The call fails, or has no signature; whatever is given is seen all the same.
        return {**_numbered(args), **kwargs}
    given: dict[str, Any] = {}
    own, *_ = bound.arguments
    for name, value in bound.arguments.items():
        kind = bound.signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            given |= _numbered(value[1:] if name == own else value)
        elif kind is inspect.Parameter.VAR_KEYWORD:
            given |= value
        elif name != own:
            given[name] = value
    return given


def _numbered(values: Sequence[Any]) -> dict[str, Any]:
    return {str(number): value for number, value in enumerate(values)}


def _with_subclasses(bases: Collection[type]) -> Iterator[type]:
    seen: set[type] = set()
    waiting = list(bases)
    while waiting:
        kind = waiting.pop()
        if kind not in seen:
            seen.add(kind)
            yield kind
            waiting += kind.__subclasses__()
