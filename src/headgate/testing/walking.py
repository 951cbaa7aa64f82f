"""Walking through a chain's objects: attributes, containers, closures and the globals that its functions name."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from types import FunctionType, MethodType, ModuleType

__all__ = ["walk"]

_MOST = 20_000
_DEEPEST = 30
_PLAIN = (str, bytes, int, float, bool, type(None), type, ModuleType)


def walk(root: object, is_end: Callable[[object], bool]) -> Iterator[tuple[str, object]]:
    """Yield the objects that can be reached from `root`, each once, with the way to it.

    Args:
        root: where to begin.
        is_end: whether to go no further behind an object.
    """
    seen: dict[int, object] = {}  # keeps what it has seen, so that no id is given twice
    waiting: list[tuple[str, object, int]] = [("", root, 0)]
    while waiting and len(seen) < _MOST:
        path, item, depth = waiting.pop(0)
        if isinstance(item, _PLAIN) or id(item) in seen:
            continue
        seen[id(item)] = item
        yield path, item
        if depth < _DEEPEST and not is_end(item):
            # Plain values are left out here already: a tokenizer has hundreds of thousands of them.
            children = ((name, child) for name, child in _children(item) if not isinstance(child, _PLAIN))
            waiting += [(f"{path}.{name}".lstrip("."), child, depth + 1) for name, child in children]


def _children(item: object) -> Iterator[tuple[object, object]]:
    try:
        if isinstance(item, Mapping):
            yield from item.items()
        elif isinstance(item, (list, tuple, set, frozenset)):
            yield from enumerate(item)
        elif isinstance(item, functools.partial):
            yield from (("func", item.func), ("args", item.args), ("keywords", item.keywords))
        elif isinstance(item, MethodType):
            yield from (("self", item.__self__), ("func", item.__func__))
        elif isinstance(item, FunctionType):
            yield from _of_function(item)
        else:
            yield from _attributes(item)
    except Exception:  # noqa: BLE001 - an object that will not be looked at is passed over
        return


def _of_function(function: FunctionType) -> Iterator[tuple[str, object]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not filled yet
            continue
    for number, value in enumerate(function.__defaults__ or ()):
        yield f"default{number}", value
    yield from (function.__kwdefaults__ or {}).items()
    for name in function.__code__.co_names:
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _attributes(item: object) -> Iterator[tuple[str, object]]:
    found = dict(getattr(item, "__dict__", {}))
    found.update(getattr(item, "__pydantic_private__", None) or {})
    for name in getattr(type(item), "__slots__", ()):
        if isinstance(name, str) and hasattr(item, name):
            found.setdefault(name, getattr(item, name))
    yield from found.items()
