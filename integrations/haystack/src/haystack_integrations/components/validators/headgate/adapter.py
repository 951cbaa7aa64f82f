"""How `headgate.guard` finds this package, and `guard` itself. Haystack is imported where it is needed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any, TypeVar

from headgate import AdapterError, Chunk, Gate
from headgate.integration.adapters import PolicyLike, as_gate
from headgate.integration.backfilling import StoredRow

__all__ = ["HaystackAdapter", "guard", "sockets"]

T = TypeVar("T")
_QUESTION = "query"


class HaystackAdapter:
    """Guards Haystack's components that retrieve documents."""

    name = "haystack"

    def accepts(self, target: object) -> bool:
        """Return whether `target` is a component that finds documents: it gives some, and takes none."""
        inputs, outputs = sockets(target, "input"), sockets(target, "output")
        return "documents" in outputs and not any("documents" in name for name in inputs)

    def guard(self, target: Any, gate: Gate) -> Any:
        """Return a component with the same inputs that finds the admissible documents of another."""
        from haystack_integrations.components.validators.headgate.retriever import GatedRetriever

        return GatedRetriever(target, gate)

    def documents(self, chunks: Sequence[Chunk]) -> list[Any]:
        """Return chunks as documents."""
        from haystack import Document

        return [
            Document(id=chunk.id or "", content=chunk.text, meta=dict(chunk.metadata), score=chunk.score)
            for chunk in chunks
        ]

    def retrieve(self, target: Any, question: str) -> list[Chunk]:
        """Return what a retriever finds.

        Raises:
            AdapterError: it takes something else than a question in words, such as an embedding.
        """
        from haystack_integrations.components.validators.headgate.convert import to_chunk
        from haystack_integrations.components.validators.headgate.gating import as_documents

        required = {name for name, socket in sockets(target, "input").items() if socket.is_mandatory}
        if not required <= {_QUESTION} or _QUESTION not in sockets(target, "input"):
            raise AdapterError(
                f"{type(target).__name__} cannot be asked in words: it takes {', '.join(sorted(required)) or 'none'}. "
                "Give a TextEmbeddingRetriever around it, or a function that takes the question and returns chunks."
            )
        return [to_chunk(document) for document in as_documents(target.run(**{_QUESTION: question}), target)]

    def observe(self, target: Any, question: str) -> list[Chunk] | None:
        """Return what a retriever finds for a question, before any gate; None for anything else."""
        return self.retrieve(getattr(target, "ungated", target), question) if self.accepts(target) else None

    def prober(self, target: object) -> Any:
        """Return what `headgate doctor` needs to prove a pipeline or component; None for anything else."""
        is_pipeline = any(kind.__module__.startswith("haystack.core.pipeline") for kind in type(target).__mro__)
        is_component = bool(sockets(target, "input") or sockets(target, "output"))
        return self.reader(target) if is_pipeline or is_component else None

    def reader(self, target: object) -> Any:
        """Return what `headgate doctor` needs of this framework to prove a chain of any other, or a function.

        None where the framework is not in use, for it takes a second to import.
        """
        if "haystack" not in sys.modules:
            return None
        from haystack_integrations.components.validators.headgate.doctor import HaystackProbe

        return HaystackProbe(target)

    def stored_row(self, document: object) -> StoredRow | None:
        """Return a document as a row of an index; None for an object that is none."""
        if not type(document).__module__.startswith("haystack."):
            return None
        from haystack import Document

        from haystack_integrations.components.validators.headgate.convert import as_it_is

        return StoredRow(document.id, as_it_is(document)) if isinstance(document, Document) else None


def guard(target: T, policy: PolicyLike = None) -> T:
    """Put the gate behind a Haystack retriever.

    Args:
        target: a component that finds documents: a retriever, or a web search.
        policy: a gate, a policy, or the path of a policy file. Without one the gate runs in audit mode.

    Returns:
        A component with the same inputs; what it gives has passed the gate.

    Raises:
        AdapterError: it is no such component.
        PolicyError: the policy cannot be used.
    """
    adapter = HaystackAdapter()
    if not adapter.accepts(target):
        raise AdapterError(
            f"{type(target).__name__} is not a component of Haystack that finds documents by itself. Behind one that "
            "takes documents, such as a ranker or an AutoMergingRetriever, and before the prompt builder, connect a "
            "HeadgateValidator(policy)."
        )
    guarded: T = adapter.guard(target, as_gate(policy))
    return guarded


def sockets(target: object, which: str) -> dict[str, Any]:
    """Return the inputs or the outputs of a component by name; none for anything else."""
    found = getattr(target, f"__haystack_{which}__", None)
    names = getattr(found, "_sockets_dict", None)
    return names if isinstance(names, dict) else {}
