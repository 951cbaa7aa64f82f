"""Walking through a chain's objects: attributes, containers, closures and the globals that its functions name."""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import CodeType, FunctionType, MethodType, ModuleType

__all__ = ["Unfinished", "children", "named_by", "names_of", "walk"]

_MOST = 100_000
# Trees of parsers and lists that are linked go deep; what bounds the work is the number of objects.
_DEEPEST = 1_000
_DEEPEST_CALL = 4
_MOST_CALLS = 1_000
_PLAIN = (str, bytes, int, float, bool, type(None), type, ModuleType)


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Says that a walk has stopped with objects left that it has not seen.

    Attributes:
        seen: how many objects it has seen.
        path: the way to the first that it has not.
    """

    seen: int
    path: str

    def __str__(self) -> str:
        return f"what lies behind {self.path[:200] or 'it'} was not seen after {self.seen:,} objects"


def walk(root: object, is_end: Callable[[object], bool]) -> Iterator[tuple[str, object]]:
    """Yield the objects that can be reached from `root`, each once, with the way to it.

    Where there are too many objects, or they lie too deep, the last one yielded is an `Unfinished`.

    Args:
        root: where to begin.
        is_end: whether to go no further behind an object.
    """
    seen: dict[int, object] = {}  # keeps what it has seen, so that no id is given twice
    waiting: deque[tuple[str, object, int]] = deque([("", root, 0)])
    too_deep: str | None = None
    while waiting:
        path, item, depth = waiting.popleft()
        if isinstance(item, _PLAIN) or id(item) in seen:
            continue
        if len(seen) >= _MOST:
            yield path, Unfinished(len(seen), path)
            return
        seen[id(item)] = item
        yield path, item
        if is_end(item):
            continue
        # Plain values are left out here already: a tokenizer has hundreds of thousands of them.
        for name, child in children(item):
            if isinstance(child, _PLAIN) or id(child) in seen:
                continue
            if depth >= _DEEPEST:
                too_deep = path
                break
            waiting.append((f"{path}.{name}".lstrip("."), child, depth + 1))
    if too_deep is not None:
        yield too_deep, Unfinished(len(seen), too_deep)


def children(item: object) -> Iterator[tuple[object, object]]:
    """Yield what can be reached from an object in one step, plain values among it, each with its name."""
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


def named_by(kind: type, library: tuple[str, ...]) -> Iterator[object]:
    """Yield what the methods of a class name outside of it: in variables, in modules, and through functions they call.

    Args:
        kind: the class; of its bases those of the library are left out.
        library: how the names of the library's modules begin.
    """
    seen: set[CodeType] = set()
    for base in kind.__mro__:
        if not base.__module__.startswith(library):
            for method in list(vars(base).values()):
                function = getattr(method, "__func__", method)
                if isinstance(function, FunctionType):
                    yield from _named(function, library, seen, 0)


def names_of(kind: type, library: tuple[str, ...]) -> frozenset[str]:
    """Return the names of variables and attributes in the methods of a class, those of the library's left out."""
    methods = (
        getattr(method, "__func__", method)
        for base in kind.__mro__
        if not base.__module__.startswith(library)
        for method in list(vars(base).values())
    )
    return frozenset(name for one in methods if isinstance(one, FunctionType) for name in _names(one.__code__))


def _named(function: FunctionType, library: tuple[str, ...], seen: set[CodeType], depth: int) -> Iterator[object]:
    if function.__code__ in seen or depth > _DEEPEST_CALL or len(seen) > _MOST_CALLS:
        return
    seen.add(function.__code__)
    names = list(_names(function.__code__))
    closed = [value for _, value in children(function)] if function.__closure__ else []
    for one in (*(function.__globals__.get(name) for name in names), *closed):
        if isinstance(one, ModuleType):
            # What is called by its module, and not what the module has besides.
            yield from (getattr(one, name) for name in names if name in vars(one))
        elif isinstance(one, FunctionType) and not one.__module__.startswith(library):
            yield from _named(one, library, seen, depth + 1)
        elif one is not None:
            yield one


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)


def _of_function(function: FunctionType) -> Iterator[tuple[str, object]]:
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            yield name, cell.cell_contents
        except ValueError:  # not filled yet
            continue
    for number, value in enumerate(function.__defaults__ or ()):
        yield f"default{number}", value
    yield from (function.__kwdefaults__ or {}).items()
    # The globals of our own modules hold the gates of the whole process.
    if _is_own(function):
        return
    for name in function.__code__.co_names:
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _is_own(function: FunctionType) -> bool:
    module = str(function.__globals__.get("__name__", ""))
    return module.split(".", maxsplit=1)[0] in ("headgate", "langchain_headgate") or ".headgate" in module


def _attributes(item: object) -> Iterator[tuple[str, object]]:
    found = dict(getattr(item, "__dict__", {}))
    found.update(getattr(item, "__pydantic_private__", None) or {})
    for name in getattr(type(item), "__slots__", ()):
        if isinstance(name, str) and hasattr(item, name):
            found.setdefault(name, getattr(item, name))
    yield from found.items()
