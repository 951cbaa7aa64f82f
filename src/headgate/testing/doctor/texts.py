"""Texts that a program has: in its functions, in the variables they name, and in the modules of libraries."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import CodeType, FunctionType

from headgate.testing.walking import children

__all__ = ["texts_of_function", "texts_of_modules"]


def texts_of_function(function: FunctionType) -> Iterator[str]:
    """Yield the texts that a function has, and those of the variables that it names."""
    yield from _constants(function.__code__)
    yield function.__doc__ or ""
    for _, value in children(function):
        if isinstance(value, str):
            yield value


def texts_of_modules(items: Iterable[object], root: str) -> Iterator[str]:
    """Yield the texts that modules of a library have as variables, such as what an output parser adds to a prompt.

    Args:
        items: objects; the modules of their classes are looked at.
        root: the library's name, with which the names of its modules begin.
    """
    for name in {kind.__module__ for item in items for kind in type(item).__mro__}:
        if name.partition(".")[0] == root:
            for value in list(vars(sys.modules.get(name, object)).values()):
                if isinstance(value, str):
                    yield value


def _constants(code: CodeType) -> Iterator[str]:
    for value in code.co_consts:
        if isinstance(value, str):
            yield value
        elif isinstance(value, CodeType):
            yield from _constants(value)
