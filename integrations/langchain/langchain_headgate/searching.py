"""One search of a vector store: how many it is asked for, from what pool, and how to repeat it with another number."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from langchain_core.vectorstores import VectorStore

from headgate.integration.search import POOLS, Search, wider_pool

__all__ = ["DEFAULT_K", "SearchCall", "is_filtered", "pools_of"]

DEFAULT_K = 4  # what LangChain's vector stores return when nobody says otherwise
_OVERFETCH = 2
_MAX_FETCH = 200


def pools_of(parameters: Mapping[str, inspect.Parameter], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the sizes of the pools of candidates that a search chooses from, by the names of its arguments.

    Args:
        parameters: those of the search method.
        given: the arguments it is called with.
    """
    defaults = {name: parameters[name].default for name in POOLS if name in parameters}
    return {**defaults, **{name: given[name] for name in POOLS if name in given}}


def is_filtered(given: Mapping[str, Any]) -> bool:
    """Return whether a search leaves out what a filter does not let through, perhaps after it has counted."""
    return any("filter" in name and value is not None for name, value in given.items())


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
        # Several questions in one call have one answer each, and a count of all of them says nothing.
        self.k = None if "bulk" in name else self._count()
        # A k that is not a count is for the store to refuse.
        wanted = self.k if self.k is not None and self.k > 0 else None
        given = {**dict(zip(self._parameters, args, strict=False)), **kwargs}
        self._pools = pools_of(self._parameters, given)
        has_pool = bool(self._pools) or is_filtered(given)
        self.search = Search(wanted, first=_OVERFETCH if widens else 1, limit=_MAX_FETCH, has_pool=has_pool)

    def arguments(self, width: int) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Return the arguments that ask for `width` documents; 0 for those of the caller."""
        if not width:
            return self._args, self._kwargs
        args, kwargs = list(self._args), dict(self._kwargs)
        places = {name: place for place, name in enumerate(self._parameters) if place < len(args)}
        for name, value in {"k": width, **wider_pool(self._pools, width, self.search.scale)}.items():
            if name in places:
                args[places[name]] = value
            else:
                kwargs[name] = value
        return tuple(args), kwargs

    def _count(self) -> int | None:
        names = list(self._parameters)
        if "k" in self._kwargs:
            k = self._kwargs["k"]
        elif "k" not in names:
            return None
        elif names.index("k") < len(self._args):
            k = self._args[names.index("k")]
        else:
            k = self._parameters["k"].default
        return k if type(k) is int else None


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
