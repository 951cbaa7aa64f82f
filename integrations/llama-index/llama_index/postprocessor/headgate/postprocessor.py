"""HeadgatePostprocessor: the gate as a node postprocessor."""

from __future__ import annotations

from typing import Any

from llama_index.core.bridge.pydantic import (
    BaseModel,
    Field,
    PrivateAttr,
    SerializationInfo,
    SerializerFunctionWrapHandler,
    model_serializer,
)
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle

from headgate import Gate, PolicyError
from headgate.integration.adapters import gate_from_reference, gate_reference, given_gate
from llama_index.postprocessor.headgate.convert import to_nodes
from llama_index.postprocessor.headgate.gating import aadmit_nodes, admit_nodes, as_nodes, off_loop
from llama_index.postprocessor.headgate.outside import refuse_additions
from llama_index.postprocessor.headgate.tracing import arecord, record
from llama_index.postprocessor.headgate.untraced import without_span

__all__ = ["HeadgatePostprocessor"]


class HeadgatePostprocessor(BaseNodePostprocessor):
    """Lets only admissible nodes through, rewritten in your own words.

    Put it before whatever changes a text, because a seal covers the text as it is stored, and behind whatever adds
    nodes, such as `PrevNextNodePostprocessor`: behind the last one, an engine may only have postprocessors of the
    framework that add nothing, or it is refused with an AdapterError. In an engine under `guard(engine)` every
    postprocessor is judged. It sees only what was retrieved and cannot fill up to k; `GatedRetriever` can.

    Serialised (`to_dict`, JSON, `model_dump`) it carries the path and the revision of its policy, and is loaded only
    if the file is of that revision. Copies share the gate.

    Args:
        policy: the path of a policy file, a policy, or a gate; a component whose policy is not a file cannot be
            serialised.
        replacing: metadata keys that a later postprocessor puts in place of a node's text, such as the `window` of
            `MetadataReplacementPostProcessor`: they are judged and rewritten as text is, and removed where no seal
            covers them.

    Raises:
        PolicyError: there is no policy, or it cannot be used.
    """

    policy: str | None = Field(default=None, description="The path of the policy file.")
    replacing: list[str] = Field(default_factory=list, description="Metadata keys that replace a node's text.")

    _gate: Gate = PrivateAttr()

    def __init__(self, policy: Any = None, replacing: list[str] | None = None, **kwargs: Any) -> None:
        gate = given_gate(policy, type(self).__name__)
        fields = {"policy": str(gate.path) if gate.path is not None else None, "replacing": replacing or [], **kwargs}
        super().__init__(**fields)
        self._gate = gate

    @classmethod
    def class_name(cls) -> str:
        """Return the name under which the component is serialised."""
        return "HeadgatePostprocessor"

    @classmethod
    def from_dict(cls, data: dict[str, Any], **kwargs: Any) -> HeadgatePostprocessor:
        """Return the component that `to_dict` described.

        Raises:
            PolicyError: path or revision of the policy is missing, or the file is of another revision by now.
        """
        given = {**data, **kwargs}
        # Only a reference names a revision; a bare path would load whatever is in the file by now.
        if not isinstance(given.get("policy"), Gate):
            given["policy"] = gate_from_reference(given.get("policy"))
        return super().from_dict(given)

    @property
    def gate(self) -> Gate:
        """The gate; `gate.reload()` reads the policy again."""
        return self._gate

    @model_serializer(mode="wrap")
    def custom_model_dump(self, handler: SerializerFunctionWrapHandler, info: SerializationInfo) -> dict[str, Any]:  # noqa: ARG002 - the base's signature
        """Return the plain values of the component, with a reference to its policy.

        Raises:
            PolicyError: the policy is not a file.
        """
        content: dict[str, Any] = handler(self)
        return {**content, "policy": gate_reference(self._gate), "class_name": self.class_name()}

    def model_dump(self, **kwargs: Any) -> dict[str, Any]:
        """As pydantic's. Raises PolicyError if the policy is not a file."""
        gate_reference(self._gate)  # pydantic would wrap the error in one of its own
        return super().model_dump(**kwargs)

    def model_dump_json(self, **kwargs: Any) -> str:
        """As pydantic's. Raises PolicyError if the policy is not a file."""
        gate_reference(self._gate)
        return super().model_dump_json(**kwargs)

    # The framework's own way leaves out what cannot be pickled and rebuilds the component from the rest, which
    # would be a component without its gate.
    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        private = state.get("__pydantic_private__") or {}
        return {**state, "__pydantic_private__": {**private, "_gate": self._gate}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        private = state.get("__pydantic_private__") or {}
        if not isinstance(private.get("_gate"), Gate):
            raise PolicyError("the pickled component has no gate.", "Build it again.")
        fields = {"callback_manager": self._default_callback_manager(), **state["__dict__"]}
        BaseModel.__setstate__(self, {**state, "__dict__": fields})

    @classmethod
    def _default_callback_manager(cls) -> Any:
        return cls.model_fields["callback_manager"].get_default(call_default_factory=True)

    @without_span
    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        refuse_additions(self._gate, self, self.replacing)
        found = as_nodes(nodes, self)
        admission = admit_nodes(self._gate, found, query_bundle, self.replacing)
        admission = record(self._gate, admission, self.callback_manager)
        return to_nodes(found, admission, self._gate, self.replacing)

    @without_span
    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        refuse_additions(self._gate, self, self.replacing)
        found = as_nodes(nodes, self)
        admission = await aadmit_nodes(self._gate, found, query_bundle, self.replacing)
        released = await arecord(self._gate, admission, self.callback_manager)
        return await off_loop(found, lambda: to_nodes(found, released, self._gate, self.replacing))
