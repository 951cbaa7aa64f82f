"""HeadgatePostprocessor: the gate as a node postprocessor."""

from __future__ import annotations

from typing import Any

from llama_index.core.bridge.pydantic import Field, PrivateAttr
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle

from headgate import Admission, Gate
from headgate.integration.adapters import as_gate
from llama_index.postprocessor.headgate.convert import to_nodes
from llama_index.postprocessor.headgate.gating import aadmit_nodes, admit_nodes, as_nodes
from llama_index.postprocessor.headgate.tracing import record

__all__ = ["HeadgatePostprocessor"]


class HeadgatePostprocessor(BaseNodePostprocessor):
    """Lets only admissible nodes through, rewritten in your own words.

    Put it first among the postprocessors: a seal covers the text as it is stored, so whatever changes a text comes
    later. It sees only what was retrieved and cannot fill up to k; `GatedRetriever` can.

    Args:
        policy: the path of a policy file, a policy, or a gate; without one it runs in audit mode. Only a path is
            kept when the component is serialised.
        replacing: metadata keys that a later postprocessor puts in place of a node's text, such as the `window` of
            `MetadataReplacementPostProcessor`: they are judged and rewritten as text is, and removed where no seal
            covers them.

    Raises:
        PolicyError: the policy cannot be used.
    """

    policy: str | None = Field(default=None, description="The path of the policy file.")
    replacing: list[str] = Field(default_factory=list, description="Metadata keys that replace a node's text.")

    _gate: Gate = PrivateAttr()

    def __init__(self, policy: Any = None, replacing: list[str] | None = None, **kwargs: Any) -> None:
        path = str(policy) if policy is not None and not isinstance(policy, Gate) and _is_path(policy) else None
        fields = {"policy": path, "replacing": replacing or [], **kwargs}
        super().__init__(**fields)
        self._gate = as_gate(policy)

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which the component is serialised."""
        return "HeadgatePostprocessor"

    @property
    def gate(self) -> Gate:
        """The gate; `gate.reload()` reads the policy again."""
        return self._gate

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        found = as_nodes(nodes, self)
        return self._conclude(found, admit_nodes(self._gate, found, query_bundle, self.replacing))

    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        found = as_nodes(nodes, self)
        return self._conclude(found, await aadmit_nodes(self._gate, found, query_bundle, self.replacing))

    def _conclude(self, nodes: list[NodeWithScore], admission: Admission) -> list[NodeWithScore]:
        admission = record(self._gate, admission, self.callback_manager)
        return to_nodes(nodes, admission, self.replacing)


def _is_path(policy: object) -> bool:
    return isinstance(policy, str) or hasattr(policy, "__fspath__")
