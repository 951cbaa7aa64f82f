"""The gate as a document compressor and as a step in a chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManager, CallbackManager, Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.runnables.config import (
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
)
from pydantic import ConfigDict, Field, PrivateAttr

from headgate import Gate
from headgate.integration.adapters import PolicyLike, as_gate
from langchain_headgate.convert import to_documents
from langchain_headgate.gating import aadmit_documents, admit_documents, as_documents
from langchain_headgate.tracing import arecord, record

__all__ = ["HeadgateCompressor", "gate_documents"]


class HeadgateCompressor(BaseDocumentCompressor):
    """The gate for a `ContextualCompressionRetriever`.

    A compressor sees only what was retrieved, so it cannot fill up to k; `GatedRetriever` can.

    Attributes:
        policy: a gate, a policy, or the path of a policy file; None runs in audit mode.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    policy: Any = Field(default=None, exclude=True, repr=False)
    _gate: Gate = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:
        """Load the policy, so that a mistake shows here and not at the first question."""
        super().model_post_init(context)
        self._gate = as_gate(self.policy)

    @property
    def gate(self) -> Gate:
        """The gate."""
        return self._gate

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """Return the admissible documents."""
        found = as_documents(documents, self)
        admission = admit_documents(self._gate, found, query)
        admission = record(self._gate, admission, CallbackManager.configure(callbacks))
        return to_documents(found, admission)

    async def acompress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """Return the admissible documents."""
        found = as_documents(documents, self)
        admission = await aadmit_documents(self._gate, found, query)
        admission = await arecord(self._gate, admission, AsyncCallbackManager.configure(callbacks))
        return to_documents(found, admission)


def gate_documents(policy: PolicyLike = None) -> Runnable[Sequence[Document], list[Document]]:
    """Return a step that lets only admissible documents through, for use after a retriever.

    Write `retriever | gate_documents("headgate.yaml")`. The step sees only what was retrieved, so it cannot fill up
    to k; `guard(retriever, ...)` can.

    Args:
        policy: a gate, a policy, or the path of a policy file; None runs in audit mode.

    Raises:
        PolicyError: the policy cannot be used.
    """
    gate = as_gate(policy)

    def admit(documents: Sequence[Document], config: RunnableConfig) -> list[Document]:
        found = as_documents(documents, "the step before headgate")
        admission = admit_documents(gate, found, None)
        admission = record(gate, admission, get_callback_manager_for_config(config))
        return to_documents(found, admission)

    async def aadmit(documents: Sequence[Document], config: RunnableConfig) -> list[Document]:
        found = as_documents(documents, "the step before headgate")
        admission = await aadmit_documents(gate, found, None)
        admission = await arecord(gate, admission, get_async_callback_manager_for_config(config))
        return to_documents(found, admission)

    return RunnableLambda(admit, afunc=aadmit, name="gate_documents")
