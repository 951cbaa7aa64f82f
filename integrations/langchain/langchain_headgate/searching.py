"""One search of a vector store: how many it is asked for, from what pool, and how to repeat it with another number."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.vectorstores import VectorStore

from headgate.integration.search import Search

__all__ = ["DEFAULT_K", "SearchCall", "wider_pool"]

DEFAULT_K = 4  # what LangChain's vector stores return when nobody says otherwise
_OVERFETCH = 2
_MAX_FETCH = 200
_POOLS = ("fetch_k", "num_candidates")
_SMALLEST_POOL = 20  # LangChain's own default for `fetch_k`


def wider_pool(parameters: Mapping[str, inspect.Parameter], given: Mapping[str, Any], width: int) -> dict[str, int]:
    """Return arguments that let a store choose `width` documents, where it chooses from a pool of candidates.

    Args:
        parameters: those of the search method.
        given: the arguments it is called with.
        width: how many documents it is asked for.
    """
    wider: dict[str, int] = {}
    for name in _POOLS:
        if name in given:
            size = given[name]
        elif name in parameters:
            size = parameters[name].default
        else:
            continue
        if size is None:  # a default of the store's own, which may be smaller than `width`
            wider[name] = max(width, _SMALLEST_POOL)
        elif type(size) is int and size < width:
            wider[name] = width
    return wider


class SearchCall:
    """A call of a search method, and how to repeat it until it has given k admissible documents.

    Args:
        store: the store behind the gate.
        name: the method's name.
        args: its positional arguments.
        kwargs: its keyword arguments.
        widens: whether to ask for more than was asked for at first: not where nothing is kept out, because some
            searches find other documents then.

    Attributes:
        method: the method of the store.
        query: the question, if the call has one.
        k: how many documents were asked for, if that can be told.
        search: the course of asking for more.
    """

    def __init__(
        self, store: VectorStore, name: str, args: tuple[Any, ...], kwargs: dict[str, Any], *, widens: bool = True
    ) -> None:
        self.method: Callable[..., Any] = getattr(store, name)
        self._parameters = _parameters(store, name)
        self._args, self._kwargs = args, kwargs
        first = args[0] if args else kwargs.get("query")
        self.query = first if isinstance(first, str) else None
        self._position = list(self._parameters).index("k") if "k" in self._parameters else None
        # Several questions in one call have one answer each, and a count of all of them says nothing.
        self.k = None if "bulk" in name else self._count()
        # A k that is not a count is for the store to refuse.
        wanted = self.k if self.k is not None and self.k > 0 else None
        self.search = Search(wanted, first=_OVERFETCH if widens else 1, limit=_MAX_FETCH)

    def arguments(self, width: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments that ask for `width` documents; 0 for those of the caller."""
        if not width:
            return self._args, self._kwargs
        args, kwargs = self._args, dict(self._kwargs)
        position = self._position
        if position is not None and position < len(args):
            args = (*args[:position], width, *args[position + 1 :])
        else:
            kwargs["k"] = width
        return args, {**kwargs, **wider_pool(self._named_only(), kwargs, width)}

    def _count(self) -> int | None:
        if "k" in self._kwargs:
            k = self._kwargs["k"]
        elif self._position is None:
            return None
        elif self._position < len(self._args):
            k = self._args[self._position]
        else:
            k = self._parameters["k"].default
        return k if type(k) is int else None

    def _named_only(self) -> dict[str, inspect.Parameter]:
        """Return the parameters that were not given by position; those cannot be named as well."""
        return dict(list(self._parameters.items())[len(self._args) :])


def _parameters(store: VectorStore, name: str) -> dict[str, inspect.Parameter]:
    """Return the parameters of a search method.

    An asynchronous method may say `*args, **kwargs` and pass them to its synchronous twin, which says what they are; a
    decorated method may say nothing at all, where LangChain's own method of that name does.
    """
    twin = name[1:] if name.startswith("a") else name
    own = _signature(getattr(store, name))
    if not _takes_anything(own):
        return own
    candidates = (getattr(store, twin, None), getattr(VectorStore, name, None), getattr(VectorStore, twin, None))
    for method in candidates:
        parameters = {key: value for key, value in _signature(method).items() if key != "self"}
        if not _takes_anything(parameters):
            return parameters
    return own


def _signature(method: Any) -> dict[str, inspect.Parameter]:
    if method is None:
        return {}
    try:
        return dict(inspect.signature(method).parameters)
    except (TypeError, ValueError):
        return {}


def _takes_anything(parameters: Mapping[str, inspect.Parameter]) -> bool:
    return not parameters or any(one.kind is inspect.Parameter.VAR_POSITIONAL for one in parameters.values())
