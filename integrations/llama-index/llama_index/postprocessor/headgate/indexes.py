"""GatedIndex: an index of which everything that it makes is behind the gate."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.callbacks import CallbackManager
from llama_index.core.chat_engine import SimpleChatEngine
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.indices.base import BaseIndex

from headgate import AdapterError, Gate
from headgate.integration.returns import looked_at
from headgate.integration.surface import Proxy, is_harmless_method, is_setting, refuse
from llama_index.postprocessor.headgate.engines import guard_engine, remembers
from llama_index.postprocessor.headgate.retriever import GatedRetriever

__all__ = ["GatedIndex", "guard_component"]

_INDEX, _GATE = "_headgate_index", "_headgate_gate"


class GatedIndex(Proxy):
    """An index behind the gate; for `isinstance` it is an index of the class that is behind it.

    `as_retriever`, `as_query_engine`, `as_chat_engine` and whatever else it makes come back guarded. Inserting,
    updating and deleting pass. Its stores and private attributes raise in enforce mode; `ungated` is the explicit way
    around.

    Args:
        index: the index behind the gate.
        gate: the gate.
    """

    def __init__(self, index: BaseIndex[Any], gate: Gate) -> None:
        # Not by attributes of plain names: an index may have such ones itself.
        self.__dict__.update({_INDEX: index, _GATE: gate})

    def _wrapped(self) -> BaseIndex[Any] | None:
        return self.__dict__.get(_INDEX)

    @property
    def ungated(self) -> BaseIndex[Any]:
        """The index behind the gate: what it makes is not guarded."""
        index = self._wrapped()
        if index is None:
            raise AdapterError("A guarded index is made by guard(index, policy), and of nothing else.")
        return index

    @property
    def gate(self) -> Gate:
        """The gate; `index.gate.reload()` reads the policy again."""
        gate: Gate = self.__dict__[_GATE]
        return gate

    def __getattr__(self, name: str) -> Any:
        # While a copy is being made, there is no index yet to ask.
        if name.startswith("__") or self._wrapped() is None:
            raise AttributeError(name)
        value = getattr(self.ungated, name)
        if callable(value) and name.startswith(("as_", "aas_")):
            return self._making(name, value)
        if isinstance(value, (BaseIndex, BaseRetriever, BaseQueryEngine, BaseChatEngine)):
            return guard_component(value, self.gate)
        if not self.gate.keeps_out or is_setting(self.ungated, name, value, (BaseEmbedding, CallbackManager)):
            return value
        if callable(value) and is_harmless_method(name):
            return looked_at(self.ungated, name, value)
        raise refuse(self.ungated, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.ungated, name, value)

    def _making(self, name: str, method: Callable[..., Any]) -> Callable[..., Any]:
        """Return a method that makes something of the index, which comes back guarded."""
        if inspect.iscoroutinefunction(method):

            @functools.wraps(method)
            async def amade(*args: Any, **kwargs: Any) -> Any:
                return self._guarded(name, await method(*args, **kwargs))

            return amade

        @functools.wraps(method)
        def made(*args: Any, **kwargs: Any) -> Any:
            return self._guarded(name, method(*args, **kwargs))

        return made

    def _guarded(self, name: str, made: Any) -> Any:
        if type(made) is SimpleChatEngine and not remembers(made._memory):
            return made  # asks nothing but its model
        if isinstance(made, (BaseIndex, BaseRetriever, BaseQueryEngine, BaseChatEngine)):
            return guard_component(made, self.gate)
        if not self.gate.keeps_out:
            return made
        raise refuse(self.ungated, name)


def guard_component(target: Any, gate: Gate) -> Any:
    """Return the gated form of an index, a retriever or an engine; the original is not changed.

    Raises:
        AdapterError: it cannot be put behind the gate.
    """
    # By `type`, because what is guarded already is an instance of what it guards as well.
    kind = type(target)
    if issubclass(kind, GatedIndex):
        return target if target.gate is gate else GatedIndex(target, gate)
    if isinstance(target, BaseIndex):
        return GatedIndex(target, gate)
    if isinstance(target, BaseRetriever):
        return GatedRetriever(target, gate)
    return guard_engine(target, gate)
