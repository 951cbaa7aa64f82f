"""The gate as a document compressor and as a step in a chain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from langchain_core.callbacks import AsyncCallbackManager, CallbackManager, Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.runnables import Runnable, RunnableConfig, RunnableLambda
from langchain_core.runnables.config import (
    ensure_config,
    get_async_callback_manager_for_config,
    get_callback_manager_for_config,
)
from pydantic import ConfigDict, Field, field_serializer, field_validator

from headgate import Gate
from headgate.integration.adapters import PolicyLike, gate_reference, given_gate
from langchain_headgate.convert import to_documents
from langchain_headgate.gating import aadmit_documents, admit_documents, as_documents
from langchain_headgate.tracing import arecord, record

__all__ = ["HeadgateCompressor", "gate_documents"]


class HeadgateCompressor(BaseDocumentCompressor):
    """The gate for a `ContextualCompressionRetriever`.

    A compressor sees only what was retrieved, so it cannot fill up to k; `GatedRetriever` can.

    Attributes:
        policy: a gate, a policy, or the path of a policy file.

    Raises:
        PolicyError: there is no policy, or it cannot be used.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)

    policy: Any = Field(default=None, repr=False, validate_default=True)

    @field_validator("policy", mode="before")
    @classmethod
    def _load(cls, policy: Any) -> Gate:
        # A mistake shows here and not at the first question.
        return given_gate(policy, "HeadgateCompressor")

    @field_serializer("policy")
    def _refer(self, policy: Any) -> dict[str, str]:
        return gate_reference(policy)

    @property
    def gate(self) -> Gate:
        """The gate.

        Raises:
            PolicyError: the policy has been taken away.
        """
        # Fields can be set without validation, and a policy that was taken away must not mean none.
        if not isinstance(self.policy, Gate):
            self.policy = given_gate(self.policy, "HeadgateCompressor")
        gate: Gate = self.policy
        return gate

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """Return the admissible documents."""
        found = as_documents(documents, self)
        admission = admit_documents(self.gate, found, query)
        # Where nobody passes callbacks on, those of the run that asks are in the context.
        manager = (
            CallbackManager.configure(callbacks) if callbacks else get_callback_manager_for_config(ensure_config())
        )
        admission = record(self.gate, admission, manager)
        return to_documents(found, admission)

    async def acompress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> list[Document]:
        """Return the admissible documents."""
        found = as_documents(documents, self)
        admission = await aadmit_documents(self.gate, found, query)
        given = AsyncCallbackManager.configure(callbacks) if callbacks else None
        manager = given or get_async_callback_manager_for_config(ensure_config())
        admission = await arecord(self.gate, admission, manager)
        return to_documents(found, admission)


def gate_documents(policy: PolicyLike = None) -> Runnable[Sequence[Document], list[Document]]:
    """Return a step that lets only admissible documents through, for use after a retriever.

    Write `retriever | gate_documents("headgate.yaml")`. The step sees only what was retrieved, so it cannot fill up
    to k; `guard(retriever, ...)` can.

    Args:
        policy: a gate, a policy, or the path of a policy file.

    Raises:
        PolicyError: there is no policy, or it cannot be used.
    """
    step = _Step(given_gate(policy, "gate_documents"))
    return RunnableLambda(step.admit, afunc=step.aadmit, name="gate_documents")


class _Step:
    """What the step does; an object rather than a closure, so that it can be pickled with its gate."""

    def __init__(self, gate: Gate) -> None:
        self._gate = gate

    def admit(self, documents: Sequence[Document], config: RunnableConfig) -> list[Document]:
        found = as_documents(documents, "the step before headgate")
        # A step in a chain is given the documents, and not the question.
        admission = admit_documents(self._gate, found, None)
        return to_documents(found, record(self._gate, admission, get_callback_manager_for_config(config)))

    async def aadmit(self, documents: Sequence[Document], config: RunnableConfig) -> list[Document]:
        found = as_documents(documents, "the step before headgate")
        admission = await aadmit_documents(self._gate, found, None)
        return to_documents(found, await arecord(self._gate, admission, get_async_callback_manager_for_config(config)))
