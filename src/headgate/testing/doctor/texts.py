"""Texts that a program has: in its functions, in the variables they name, and in the modules of libraries."""

from __future__ import annotations

import dis
import inspect
import sys
from collections.abc import Iterable, Iterator, Mapping
from types import CodeType, FunctionType

from headgate.integration.walking import children
from headgate.testing.doctor.beside import beside
from headgate.testing.doctor.run import LIBRARIES
from headgate.testing.doctor.wording import Whole

__all__ = ["texts_of_function", "texts_of_modules", "texts_of_program"]


_PUTTING_TOGETHER = ("format", "join", "replace", "essage", "rompt", "emplate", "invoke", "complete", "chat", "stream")
_FORMATTING = ("BUILD_STRING", "FORMAT_VALUE", "FORMAT_SIMPLE", "FORMAT_WITH_SPEC", "BINARY_OP")
_WORKING = ("invoke", "query", "retrieve", "run", "search")
_OURS = ("headgate", "langchain_headgate", "llama_index")


def texts_of_function(function: FunctionType) -> Iterator[str]:
    """Yield the texts that a function has, and those of the variables that it names.

    What a function only returns may be data, which stands in for a search, and is not among them. What it searches is
    data too: so they explain a prompt only where they are in it as a whole.
    """
    if _puts_together(function.__code__):
        yield from map(Whole, _constants(function.__code__))
    yield Whole(function.__doc__ or "")
    for _, value in children(function):
        if isinstance(value, str):
            yield Whole(value)
        elif isinstance(value, type):
            yield from beside(value).texts


def texts_of_program(items: Iterable[object]) -> Iterator[str]:
    """Yield the texts of the user's own objects: their attributes, those of their classes, and settings.

    A text in a list or a mapping may be a document, unless it is a single word, or the name under which something is
    kept that works: a step, an engine, a tool.

    Args:
        items: the objects of a chain.
    """
    kinds: dict[type, None] = {}
    for item in items:
        if isinstance(item, (Mapping, list, tuple, set, frozenset)):
            values = [value for _, value in children(item)]
            yield from (one for one in values if isinstance(one, str) and not any(map(str.isspace, one)))
            if isinstance(item, Mapping):
                yield from (name for name, one in children(item) if isinstance(name, str) and _works(one))
        elif _is_own(type(item)):
            kinds.update(dict.fromkeys(kind for kind in type(item).__mro__ if _is_own(kind)))
            yield from (Whole(one) for _, one in children(item) if isinstance(one, str))
    for kind in kinds:
        for value in list(vars(kind).values()):
            if isinstance(value, str):
                yield Whole(value)
            elif isinstance(value, FunctionType):
                yield from texts_of_function(value)


def _works(value: object) -> bool:
    return callable(value) or any(callable(getattr(type(value), name, None)) for name in _WORKING)


def _is_own(kind: type) -> bool:
    """Return whether a class is the user's own, and of no library."""
    module = sys.modules.get(kind.__module__)
    file = getattr(module, "__file__", None)
    if kind.__module__ == "__main__":
        return True
    return file is not None and not file.startswith(LIBRARIES) and kind.__module__.partition(".")[0] not in _OURS


def texts_of_modules(items: Iterable[object], root: str) -> Iterator[str]:
    """Yield the texts that a library has itself: in variables, such as what an output parser adds, and in methods.

    Args:
        items: objects; their classes, and the modules of these, are looked at.
        root: the library's name, with which the names of its modules begin.
    """
    kinds = {kind for item in items for kind in type(item).__mro__ if kind.__module__.partition(".")[0] == root}
    for name in {kind.__module__ for kind in kinds}:
        yield from (one for one in list(vars(sys.modules.get(name, object)).values()) if isinstance(one, str))
    for kind in kinds:
        for value in list(vars(kind).values()):
            function = inspect.unwrap(value) if callable(value) else None
            if isinstance(function, FunctionType):
                yield from _constants(function.__code__)


def _puts_together(code: CodeType) -> bool:
    """Return whether a function formats or joins texts, or talks to a model."""
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return (
        any(word in name for name in code.co_names for word in _PUTTING_TOGETHER)
        or any(one.opname in _FORMATTING for one in dis.get_instructions(code))
        or any(map(_puts_together, inner))
    )


def _constants(code: CodeType) -> Iterator[str]:
    for value in code.co_consts:
        if isinstance(value, str):
            yield value
        elif isinstance(value, CodeType):
            yield from _constants(value)
