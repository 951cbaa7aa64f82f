"""HeadgateValidator: the gate as a component of a pipeline."""

from __future__ import annotations

from typing import Any

from haystack import Document, component, default_from_dict, default_to_dict

from haystack_integrations.components.validators.headgate.convert import to_documents
from haystack_integrations.components.validators.headgate.gating import (
    aadmit_documents,
    admit_documents,
    as_documents,
    off_loop,
)
from haystack_integrations.components.validators.headgate.tracing import arecord, record
from headgate import Gate
from headgate.integration.adapters import gate_from_reference, gate_reference, given_gate

__all__ = ["HeadgateValidator"]


@component
class HeadgateValidator:
    """Lets only admissible documents through, rewritten in your own words.

    Connect it behind whatever finds, joins or ranks documents, and before the prompt builder: nothing behind it is
    judged. It sees only what was retrieved and cannot fill up to `top_k`; `guard(retriever, policy)` can.

    Serialised (`Pipeline.dumps`, `to_dict`) it carries the path and the revision of its policy, and is loaded only if
    the file is of that revision. Copies share the gate.

    Args:
        policy: the path of a policy file, a policy, or a gate; a component whose policy is not a file cannot be
            serialised.

    Raises:
        PolicyError: there is no policy, or it cannot be used.
    """

    def __init__(self, policy: Any = None) -> None:
        self._gate = given_gate(policy, "HeadgateValidator")

    @property
    def gate(self) -> Gate:
        """The gate; `gate.reload()` reads the policy again."""
        return self._gate

    def to_dict(self) -> dict[str, Any]:
        """Return the component with a reference to its policy.

        Raises:
            PolicyError: the policy is not a file.
        """
        return default_to_dict(self, policy=gate_reference(self._gate))

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> HeadgateValidator:
        """Return the component that `to_dict` described.

        Raises:
            PolicyError: path or revision of the policy is missing, or the file is of another revision by now.
        """
        # Only a reference names a revision; a bare path would load whatever is in the file by now.
        gate = gate_from_reference((data.get("init_parameters") or {}).get("policy"))
        return default_from_dict(cls, {**data, "init_parameters": {"policy": gate}})

    @component.output_types(documents=list[Document])
    def run(self, documents: list[Document], query: str | None = None) -> dict[str, list[Document]]:
        """Return the admissible documents.

        Args:
            documents: what was retrieved.
            query: what was asked; recorded as a digest.

        Raises:
            NothingAdmissibleError: none is left, and the policy says `on_empty: raise`.
        """
        found = as_documents(documents, "the component before headgate")
        admission = record(self._gate, admit_documents(self._gate, found, query))
        return {"documents": to_documents(found, admission)}

    @component.output_types(documents=list[Document])
    async def run_async(self, documents: list[Document], query: str | None = None) -> dict[str, list[Document]]:
        """As `run`; nothing that takes longer than a few milliseconds is done in the event loop."""
        found = as_documents(documents, "the component before headgate")
        admission = await arecord(self._gate, await aadmit_documents(self._gate, found, query))
        return {"documents": await off_loop(found, lambda: to_documents(found, admission))}
