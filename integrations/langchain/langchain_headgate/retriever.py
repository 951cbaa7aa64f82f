"""GatedRetriever: a retriever behind the gate, which is a retriever."""

from __future__ import annotations

from typing import Any

from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from pydantic import Field, PrivateAttr

from headgate import Admission, Gate
from headgate.integration.adapters import as_gate
from headgate.integration.search import Widening
from langchain_headgate.convert import to_documents
from langchain_headgate.fetching import Reach, TraceInner, afetch, fetch
from langchain_headgate.gating import aadmit_documents, admit_documents, as_documents
from langchain_headgate.tracing import arecord, record

__all__ = ["GatedRetriever"]


class GatedRetriever(BaseRetriever):
    """Returns the admissible documents of another retriever, in its order.

    A request for k documents returns k admissible ones, where the inner retriever has them: it is asked for more than
    k at first, and for more again as long as documents are kept out and further ones may exist. An inner retriever
    that cannot be told how many to return is asked once.

    Attributes:
        retriever: the retriever behind the gate.
        policy: a gate, a policy, or the path of a policy file; None runs in audit mode.
        k: how many documents to return; None for as many as the inner retriever would.
        overfetch: how many times k documents to ask for at first.
        max_fetch: the largest number of documents to ask for.
        trace_inner: how much tracers see of what the inner retriever returned, dropped documents included: `full`
            is its own run as ever, `ids` a run with ids and digests instead of texts, `off` no run.
    """

    retriever: BaseRetriever
    policy: Any = Field(default=None, exclude=True, repr=False)
    k: int | None = Field(default=None, ge=0)
    overfetch: int = Field(default=2, ge=1)
    max_fetch: int = Field(default=200, ge=1)
    trace_inner: TraceInner = "full"

    _gate: Gate = PrivateAttr()
    _reach: Reach = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Load the policy, so that a mistake shows here and not at the first question."""
        super().model_post_init(context)
        self._gate = as_gate(self.policy)
        self._reach = Reach(self.retriever)

    @property
    def gate(self) -> Gate:
        """The gate; `retriever.gate.reload()` reads the policy again."""
        return self._gate

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun, k: int | None = None, **kwargs: Any
    ) -> list[Document]:
        wanted = self._wanted(k)
        documents: list[Document] = []
        admission: Admission | None = None
        plan = self._plan(wanted)
        while plan.width is not None:
            inner, arguments = self._ask(wanted, plan.width, kwargs)
            try:
                found = fetch(inner, query, run_manager, arguments, self.trace_inner)
            except Exception:
                if not plan.failed():
                    raise
                continue
            documents = as_documents(found, self.retriever)
            admission = admit_documents(self._gate, documents, query)
            plan.succeeded(len(admission.chunks), len(documents))
        if admission is None:
            return []
        admission = record(self._gate, _limited(admission, wanted), run_manager.get_child())
        return to_documents(documents, admission)

    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        k: int | None = None,
        **kwargs: Any,
    ) -> list[Document]:
        wanted = self._wanted(k)
        documents: list[Document] = []
        admission: Admission | None = None
        plan = self._plan(wanted)
        while plan.width is not None:
            inner, arguments = self._ask(wanted, plan.width, kwargs)
            try:
                found = await afetch(inner, query, run_manager, arguments, self.trace_inner)
            except Exception:
                if not plan.failed():
                    raise
                continue
            documents = as_documents(found, self.retriever)
            admission = await aadmit_documents(self._gate, documents, query)
            plan.succeeded(len(admission.chunks), len(documents))
        if admission is None:
            return []
        admission = await arecord(self._gate, _limited(admission, wanted), run_manager.get_child())
        return to_documents(documents, admission)

    def _wanted(self, k: int | None) -> int | None:
        return k if k is not None else self.k if self.k is not None else self._reach.k

    def _plan(self, wanted: int | None) -> Widening:
        is_adjustable = self._reach.is_adjustable
        return Widening(wanted, first=self.overfetch, limit=self.max_fetch, is_adjustable=is_adjustable)

    def _ask(self, wanted: int | None, width: int, kwargs: dict[str, Any]) -> tuple[BaseRetriever, dict[str, Any]]:
        return (self.retriever, kwargs) if wanted is None else self._reach.ask_for(width, kwargs)


def _limited(admission: Admission, wanted: int | None) -> Admission:
    return admission if wanted is None else admission.limited_to(wanted)
