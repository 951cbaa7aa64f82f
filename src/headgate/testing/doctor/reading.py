"""Whether a tool only reads: told from what its code names, and never assumed."""

from __future__ import annotations

import builtins
import dis
import functools
import inspect
from collections.abc import Iterator, Mapping
from types import CodeType, FunctionType, MethodType, ModuleType
from typing import Any

__all__ = ["only_reads"]


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What retrieves, what documents and answers have, and what puts texts, lists and mappings together.
_READING = _words(
    """
    invoke ainvoke retrieve aretrieve query aquery search asearch similarity_search asimilarity_search
    similarity_search_with_score asimilarity_search_with_score similarity_search_with_relevance_scores
    asimilarity_search_with_relevance_scores similarity_search_by_vector max_marginal_relevance_search
    amax_marginal_relevance_search get_relevant_documents aget_relevant_documents get_by_ids as_retriever
    as_query_engine page_content metadata get_content get_text text content node score id node_id source_nodes
    response join format strip lstrip rstrip split splitlines lower upper casefold title replace startswith
    endswith find removeprefix removesuffix items keys values get append extend copy index count sort insert
    setdefault dumps loads isoformat encode decode from_iterable
    """
)
_BUILTINS = _words(
    """
    abs all any bool dict enumerate filter float format frozenset getattr hasattr int isinstance iter len list
    map max min next print range repr reversed round set sorted str sum tuple type zip Exception ValueError
    TypeError KeyError RuntimeError
    """
)
_PURE_MODULES = _words(
    """
    json re math datetime textwrap itertools functools operator collections string statistics typing html
    """
)
_VARIABLES = frozenset(("LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLOSURE", "LOAD_CLASSDEREF"))
_ATTRIBUTES = frozenset(("LOAD_ATTR", "LOAD_METHOD"))
_CHANGES = ("STORE_ATTR", "STORE_GLOBAL", "STORE_NAME", "DELETE_", "IMPORT_", "LOAD_BUILD_CLASS", "LOAD_SUPER")


def only_reads(function: Any, sources: tuple[type, ...]) -> bool:
    """Return whether a function is known to do nothing but ask sources, and put together what they return.

    Args:
        function: a function, a method, or a partial of one; whatever else is not known.
        sources: classes whose objects are asked for documents; what is guarded is one of them.
    """
    return _Reader(sources).reads(function)


class _Reader:
    def __init__(self, sources: tuple[type, ...]) -> None:
        self._sources = sources
        self._seen: set[CodeType] = set()

    def reads(self, function: Any) -> bool:
        if isinstance(function, functools.partial):
            return self.reads(function.func) and all(map(self._is_harmless, function.args))
        if isinstance(function, MethodType):
            function = function.__func__
        if not callable(function):
            return False
        function = inspect.unwrap(function)
        if not isinstance(function, FunctionType):
            return False
        if function.__code__ in self._seen:
            return True
        self._seen.add(function.__code__)
        named = _named(function)
        # A variable of a function within it has no value yet; what it is made of is looked at where it is made.
        inner = {name for code in _codes(function.__code__) for name in code.co_cellvars}
        return all(
            self._is_step(one, named, inner) for code in _codes(function.__code__) for one in dis.get_instructions(code)
        )

    def _is_step(self, step: dis.Instruction, named: Mapping[str, Any], inner: set[str]) -> bool:
        if step.opname.startswith(_CHANGES):
            return False
        if step.opname in _ATTRIBUTES:
            return step.argval in _READING
        if step.opname not in _VARIABLES or step.argval in inner:
            return True
        if step.argval in named:
            return self._is_harmless(named[step.argval])
        return step.argval in _BUILTINS and hasattr(builtins, step.argval)

    def _is_harmless(self, value: Any) -> bool:
        if isinstance(value, (str, int, float, bool, bytes, type(None), frozenset)):
            return True
        if isinstance(value, self._sources) or hasattr(type(value), "ungated"):
            return True
        if isinstance(value, ModuleType):
            return value.__name__.partition(".")[0] in _PURE_MODULES
        home = getattr(value, "__module__", None)
        if isinstance(value, (type, FunctionType)) and str(home).partition(".")[0] in (*_PURE_MODULES, "builtins"):
            return True
        return self.reads(value)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _named(function: FunctionType) -> dict[str, Any]:
    """Return the values of the variables that a function has from outside."""
    found: dict[str, Any] = dict(function.__globals__)
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=False):
        try:
            found[name] = cell.cell_contents
        except ValueError:  # not filled yet
            found.pop(name, None)
    return found
