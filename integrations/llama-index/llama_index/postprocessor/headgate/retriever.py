"""GatedRetriever: a retriever that returns only what may enter the prompt."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle

from headgate import Admission, Gate
from headgate.integration.adapters import PolicyLike, as_gate
from headgate.integration.search import Widening
from llama_index.postprocessor.headgate.convert import to_nodes
from llama_index.postprocessor.headgate.gating import aadmit_nodes, admit_nodes, as_nodes
from llama_index.postprocessor.headgate.tracing import record

__all__ = ["GatedRetriever"]

_COUNT_NAMES = ("similarity_top_k", "_similarity_top_k", "top_k")


class GatedRetriever(BaseRetriever):
    """The admissible nodes of another retriever, in its order.

    A request for k nodes returns k admissible ones, where the inner retriever has them: it is asked for more than k
    at first, and for more again as long as nodes are kept out and further ones may exist. An inner retriever without
    `similarity_top_k` is asked once.

    Args:
        retriever: the retriever behind the gate; it is never changed.
        policy: a gate, a policy, or the path of a policy file; None runs in audit mode.
        k: how many nodes to return; None for as many as the inner retriever would.
        overfetch: how many times k nodes to ask for at first.
        max_fetch: the largest number of nodes to ask for.
        replacing: metadata keys that a later postprocessor puts in place of a node's text.

    Raises:
        PolicyError: the policy cannot be used.
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
        self._gate = as_gate(policy)
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

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        nodes: list[NodeWithScore] = []
        admission: Admission | None = None
        plan = self._plan()
        while plan.width is not None:
            try:
                found = self._asked_for(plan.width).retrieve(query_bundle)
            except Exception:
                if not plan.failed():
                    raise
                continue
            nodes = as_nodes(found, self._inner)
            admission = admit_nodes(self._gate, nodes, query_bundle, self._replacing)
            plan.succeeded(len(admission.chunks), len(nodes))
        return self._conclude(nodes, admission)

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        nodes: list[NodeWithScore] = []
        admission: Admission | None = None
        plan = self._plan()
        while plan.width is not None:
            try:
                found = await self._asked_for(plan.width).aretrieve(query_bundle)
            except Exception:
                if not plan.failed():
                    raise
                continue
            nodes = as_nodes(found, self._inner)
            admission = await aadmit_nodes(self._gate, nodes, query_bundle, self._replacing)
            plan.succeeded(len(admission.chunks), len(nodes))
        return self._conclude(nodes, admission)

    def _plan(self) -> Widening:
        is_adjustable = self._field is not None
        return Widening(self._k, first=self._overfetch, limit=self._max_fetch, is_adjustable=is_adjustable)

    def _asked_for(self, width: int) -> BaseRetriever:
        """Return the inner retriever, or a copy of it that returns `width` nodes: others may be using it."""
        if self._field is None or not width:
            return self._inner
        other: Any = copy.copy(self._inner)
        setattr(other, self._field, width)
        return other  # type: ignore[no-any-return]

    def _conclude(self, nodes: list[NodeWithScore], admission: Admission | None) -> list[NodeWithScore]:
        if admission is None:
            return []
        if self._k is not None:
            admission = admission.limited_to(self._k)
        admission = record(self._gate, admission, self.callback_manager)
        return to_nodes(nodes, admission, self._replacing)
