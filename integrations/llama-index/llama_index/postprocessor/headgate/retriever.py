"""GatedRetriever: a retriever that returns only what may enter the prompt."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle

from headgate import AdapterError, Admission, Gate
from headgate.integration.adapters import PolicyLike, require_gate
from headgate.integration.search import Search
from llama_index.postprocessor.headgate.convert import to_nodes
from llama_index.postprocessor.headgate.gating import aadmit_nodes, admit_nodes, as_nodes, off_loop
from llama_index.postprocessor.headgate.outside import judged_outside, refuse_additions
from llama_index.postprocessor.headgate.reading import refusal_of_readers
from llama_index.postprocessor.headgate.tracing import arecord, record

__all__ = ["GatedRetriever"]

_COUNT_NAMES = ("similarity_top_k", "_similarity_top_k", "top_k")


class GatedRetriever(BaseRetriever):
    """The admissible nodes of another retriever, in its order.

    A request for k nodes returns k admissible ones, where the inner retriever has them: it is asked for more than k
    at first, and for more again as long as nodes are kept out and further ones may exist. An inner retriever without
    `similarity_top_k` is asked once.

    Put it outside: where a retriever that is built over this one, such as `AutoMergingRetriever`, or a postprocessor of
    the engine that asks it, may add nodes that no gate has seen, the search is refused with an AdapterError.

    Args:
        retriever: the retriever behind the gate; it is never changed.
        policy: a gate, a policy, or the path of a policy file.
        k: how many nodes to return; None for as many as the inner retriever would.
        overfetch: how many times k nodes to ask for at first.
        max_fetch: the largest number of nodes to ask for.
        replacing: metadata keys that a later postprocessor puts in place of a node's text.

    Raises:
        AdapterError: the retriever shows nodes to a model of its own before they could be judged.
        PolicyError: there is no policy, or it cannot be used.
    """

    def __init__(
        self,
        retriever: BaseRetriever,
        policy: PolicyLike = None,
        k: int | None = None,
        *,
        overfetch: int = 2,
        max_fetch: int = 200,
        replacing: Sequence[str] = (),
    ) -> None:
        super().__init__(callback_manager=retriever.callback_manager)
        self._inner = retriever
        self._gate = require_gate(policy, type(self).__name__)
        self._refusal = refusal_of_readers(retriever)
        self._refuse_readers()
        # By type: a retriever may have the name and hold None, or a function, under it.
        self._field = next((name for name in _COUNT_NAMES if type(getattr(retriever, name, None)) is int), None)
        self._k = k if k is not None else (getattr(retriever, self._field) if self._field is not None else None)
        self._overfetch, self._max_fetch = overfetch, max_fetch
        self._replacing = tuple(replacing)

    @property
    def gate(self) -> Gate:
        """The gate; `retriever.gate.reload()` reads the policy again."""
        return self._gate

    @property
    def retriever(self) -> BaseRetriever:
        """The retriever behind the gate."""
        return self._inner

    @property
    def replacing(self) -> tuple[str, ...]:
        """The metadata keys that a later postprocessor puts in place of a node's text."""
        return self._replacing

    @property
    def similarity_top_k(self) -> int | None:
        """How many nodes to return, as it is called on the framework's own retrievers; it can be set at run time."""
        return self._k

    @similarity_top_k.setter
    def similarity_top_k(self, k: int | None) -> None:
        self._k = k

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        self._refuse_readers()
        refuse_additions(self._gate, self, self._replacing)
        nodes: list[NodeWithScore] = []
        admission: Admission | None = None
        search = self._search()
        for width in search:
            with search.attempt():
                with judged_outside(self._gate):
                    nodes = as_nodes(self._asked_for(width).retrieve(query_bundle), self._inner)
                admission = admit_nodes(self._gate, nodes, query_bundle, self._replacing)
                search.succeeded(len(admission.chunks), len(nodes))
        if admission is None:
            return []
        return self._release(nodes, record(self._gate, self._limited(admission), self.callback_manager))

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        self._refuse_readers()
        refuse_additions(self._gate, self, self._replacing)
        nodes: list[NodeWithScore] = []
        admission: Admission | None = None
        search = self._search()
        for width in search:
            with search.attempt():
                with judged_outside(self._gate):
                    nodes = as_nodes(await self._asked_for(width).aretrieve(query_bundle), self._inner)
                admission = await aadmit_nodes(self._gate, nodes, query_bundle, self._replacing)
                search.succeeded(len(admission.chunks), len(nodes))
        if admission is None:
            return []
        released = await arecord(self._gate, self._limited(admission), self.callback_manager)
        return await off_loop(nodes, lambda: self._release(nodes, released))

    # The base class replaces an index node by what its `obj` or `object_map` leads to, after `_retrieve`: behind the
    # gate. The inner retriever has done that already, before it, so nothing is lost by not doing it again.
    def _handle_recursive_retrieval(self, query_bundle: QueryBundle, nodes: list[NodeWithScore]) -> list[NodeWithScore]:  # noqa: ARG002 - the base's signature
        return nodes

    async def _ahandle_recursive_retrieval(
        self,
        query_bundle: QueryBundle,  # noqa: ARG002 - the base's signature
        nodes: list[NodeWithScore],
    ) -> list[NodeWithScore]:
        return nodes

    def _refuse_readers(self) -> None:
        # At every search as well: a policy that only recorded may be loaded again, and enforce.
        if self._refusal is not None and self._gate.keeps_out:
            raise AdapterError(self._refusal)

    def _search(self) -> Search:
        is_adjustable = self._field is not None
        # A gate that keeps nothing out must not change what a search finds: even ties come in another order.
        first = self._overfetch if self._gate.keeps_out else 1
        return Search(self._k, first=first, limit=self._max_fetch, is_adjustable=is_adjustable)

    def _asked_for(self, width: int) -> BaseRetriever:
        """Return the inner retriever, or a copy of it that returns `width` nodes: others may be using it."""
        if self._field is None or not width:
            return self._inner
        other: Any = copy.copy(self._inner)
        setattr(other, self._field, width)
        return other  # type: ignore[no-any-return]

    def _limited(self, admission: Admission) -> Admission:
        return admission.limited_to(self._k) if self._k is not None else admission

    def _release(self, nodes: list[NodeWithScore], admission: Admission) -> list[NodeWithScore]:
        return to_nodes(nodes, admission, self._gate, self._replacing)
