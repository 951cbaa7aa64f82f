"""Clients that search, or ask the web, past the frameworks: what they bring is seen only where they are asked."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from types import FunctionType
from typing import Any

from headgate.integration.surface import is_gated
from headgate.integration.walking import children, walk
from headgate.testing.doctor.patching import replaced
from headgate.testing.doctor.run import LIBRARIES

__all__ = ["Clients"]

_SEARCHES = ("search", "query", "similarity_search", "query_points", "hybrid_search", "retrieve", "scroll")
_SENDS = ("request", "send")
# What these search is what the program has already; and models are watched themselves.
_PLAIN = frozenset(
    {
        *("anthropic", "openai", "workflows"),
        *("bs4", "lark", "numpy", "pandas", "rank_bm25", "regex"),
        *("headgate", "pydantic", "pydantic_core", "rich"),
    }
)
_FRAMEWORKS = ("langchain", "langgraph", "langsmith", "llama_index", "haystack")


class Clients:
    """The clients of a chain that are of no framework: objects and classes of libraries that search or send requests.

    Args:
        target: the chain.
        is_known: whether nothing behind an object has to be looked for: it is watched itself, speaks, or embeds.

    Attributes:
        found: the clients, each with the way to it.
    """

    def __init__(self, target: object, is_known: Callable[[object], bool]) -> None:
        def is_end(item: object) -> bool:
            return is_gated(item) or is_known(item) or _is_of_library(item) or _is_plain(type(item))

        self.found: list[tuple[str, object]] = []
        self._asked: set[int] = set()
        for path, item in walk(target, is_end):
            if _is_client(type(item)) and not is_gated(item) and not is_known(item):
                self.found.append((path, item))
            elif isinstance(item, FunctionType) and not _is_of_library(item):
                named = (one for _, one in children(item) if isinstance(one, type) and _is_client(one))
                self.found += [(f"{path}.{one.__name__}".strip("."), one) for one in named]

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Take note of which of them are asked within this context."""
        kinds = dict.fromkeys(one if isinstance(one, type) else type(one) for _, one in self.found)
        with ExitStack() as stack:
            for kind in kinds:
                own = [base for base in kind.__mro__ if base.__module__ != "builtins"]
                # Classes that are not written in Python cannot be watched; their objects are named.
                with suppress(TypeError):
                    stack.enter_context(replaced(own, (*_SEARCHES, *_SENDS), self._noting))
            yield

    def unasked(self) -> Iterable[str]:
        """Yield the clients that were not asked, in words."""
        for path, one in self.found:
            kind = one if isinstance(one, type) else type(one)
            if id(one) not in self._asked and id(kind) not in self._asked:
                place = path or "the object itself"
                yield f"{kind.__name__} at {place}: it searches past the frameworks, and no run asked it"

    def _noting(self, method: Any) -> Callable[..., Any]:
        @functools.wraps(method)
        def noting(client: Any, *args: Any, **kwargs: Any) -> Any:
            self._asked.update((id(client), *map(id, type(client).__mro__)))
            return method.__get__(client, type(client))(*args, **kwargs)

        return noting


def _is_client(kind: type) -> bool:
    root = kind.__module__.partition(".")[0]
    if root in _PLAIN or root in sys.stdlib_module_names or root.startswith(_FRAMEWORKS) or not _is_library(kind):
        return False
    return any(callable(getattr(kind, name, None)) for name in _SEARCHES) or all(
        callable(getattr(kind, name, None)) for name in _SENDS
    )


def _is_plain(kind: type) -> bool:
    return kind.__module__.partition(".")[0] in _PLAIN or _is_client(kind)


def _is_library(kind: type) -> bool:
    file = getattr(sys.modules.get(kind.__module__), "__file__", None)
    return file is not None and file.startswith(LIBRARIES)


def _is_of_library(item: object) -> bool:
    return isinstance(item, FunctionType) and item.__code__.co_filename.startswith(LIBRARIES)
