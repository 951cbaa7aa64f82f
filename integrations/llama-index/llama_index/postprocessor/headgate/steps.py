"""GuardedStep: a postprocessor whose additions and changes are judged before they go on."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from llama_index.core.bridge.pydantic import BaseModel, PrivateAttr
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeWithScore, QueryBundle

from headgate import Admission, Gate, HeadgateError
from headgate.integration.steps import Change, explained, is_trusted, last_of
from headgate.integration.tracing import inner_trace
from llama_index.postprocessor.headgate.comparing import Before
from llama_index.postprocessor.headgate.convert import is_note, to_nodes
from llama_index.postprocessor.headgate.gating import as_nodes, off_loop
from llama_index.postprocessor.headgate.outside import is_harmless
from llama_index.postprocessor.headgate.tracing import arecord, callbacks_of, record
from llama_index.postprocessor.headgate.untraced import untraced

__all__ = ["GuardedStep"]

_REFUSAL = "A step of a guarded engine cannot be serialised: serialise the engine before, and guard it again."


class GuardedStep(BaseNodePostprocessor):
    """Another postprocessor, behind the gate: what it adds or changes is judged from scratch.

    Unjudged goes on what came in with the same text and the same visible metadata, and an exact part of it: steps that
    sort, select or cut need nothing. A neighbour, a parent or a rewritten text has to pass the gate on its own; a text
    that is rewritten by a step whose class the policy names in `trusted_steps` goes on.

    Args:
        inner: the postprocessor.
        gate: judges what it adds.
        replacing: metadata keys that a later postprocessor puts in place of a node's text.
    """

    _inner: BaseNodePostprocessor = PrivateAttr()
    _gate: Gate = PrivateAttr()
    _replacing: tuple[str, ...] = PrivateAttr()

    def __init__(self, inner: BaseNodePostprocessor, gate: Gate, replacing: Sequence[str] = ()) -> None:
        super().__init__(callback_manager=callbacks_of(inner))
        self._inner, self._gate, self._replacing = inner, gate, tuple(replacing)

    @classmethod
    def class_name(cls) -> str:
        """Return the name of the component."""
        return "GuardedStep"

    @property
    def inner(self) -> BaseNodePostprocessor:
        """The postprocessor behind which the gate is."""
        return self._inner

    @property
    def gate(self) -> Gate:
        """The gate."""
        return self._gate

    def model_dump(self, **kwargs: Any) -> dict[str, Any]:  # noqa: ARG002 - the base's signature
        """Refuse: without its gate the step would let everything through."""
        raise HeadgateError(_REFUSAL)

    def model_dump_json(self, **kwargs: Any) -> str:  # noqa: ARG002 - the base's signature
        """Refuse, as `model_dump` does."""
        raise HeadgateError(_REFUSAL)

    # The framework's own way leaves out what cannot be pickled, which would leave a step without its gate.
    def __getstate__(self) -> dict[str, Any]:
        private = {"_inner": self._inner, "_gate": self._gate, "_replacing": self._replacing}
        return {**super().__getstate__(), "__pydantic_private__": private}

    def __setstate__(self, state: dict[str, Any]) -> None:
        fields = {"callback_manager": callbacks_of(state["__pydantic_private__"]["_inner"]), **state["__dict__"]}
        BaseModel.__setstate__(self, {**state, "__dict__": fields})

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        before = Before(nodes, self._replacing)
        with self._shown():
            found = as_nodes(self._inner.postprocess_nodes(nodes, query_bundle=query_bundle), self._inner)
        chunks, added = before.split(found, is_trusted=is_trusted(self._inner, self._gate))
        found = self._cleaned(before, found, added)
        # Nothing new came in, so there is nothing to decide and nothing to record.
        if not added:
            return found
        judged = self._gate.judge(chunks, _question(query_bundle))
        judged = self._explained(judged, before.changes(found, added))
        return self._merge(found, added, record(self._gate, judged, self.callback_manager))

    async def _apostprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        before = await off_loop(nodes, lambda: Before(nodes, self._replacing))
        with self._shown():
            found = as_nodes(await self._inner.apostprocess_nodes(nodes, query_bundle=query_bundle), self._inner)
        trusted = is_trusted(self._inner, self._gate)
        chunks, added = await off_loop(found, lambda: before.split(found, is_trusted=trusted))
        found = await off_loop(found, lambda: self._cleaned(before, found, added))
        if not added:
            return found
        judged = await self._gate.ajudge(chunks, _question(query_bundle))
        judged = self._explained(judged, before.changes(found, added))
        return self._merge(found, added, await arecord(self._gate, judged, self.callback_manager))

    def _cleaned(self, before: Before, found: list[NodeWithScore], added: list[int]) -> list[NodeWithScore]:
        if not self._gate.keeps_out:
            return found
        judged = frozenset(added)
        return [item if place in judged else before.cleaned(item) for place, item in enumerate(found)]

    def _explained(self, judged: Admission, changes: list[Change]) -> Admission:
        own = last_of(judged, len(changes))  # the others are recorded already
        return explained(own, dict(enumerate(changes)), type(self._inner).__name__)

    def _shown(self) -> AbstractContextManager[None]:
        """Return the context in which the step works: what it adds, nobody has judged, and so no tracer sees it."""
        is_shown = inner_trace(None, self._gate) == "full" or is_harmless(self._inner, self._replacing)
        return nullcontext() if is_shown else untraced()

    def _merge(self, found: list[NodeWithScore], added: list[int], admission: Admission) -> list[NodeWithScore]:
        """Return what the step gave, in its order, with what was added as the gate releases it."""
        fresh = [found[position] for position in added]
        has_company = len(added) < len(found)
        released = to_nodes(fresh, admission, self._gate, self._replacing, has_company=has_company)
        if admission.is_empty and not has_company:
            return released
        places = [added[decision.index] for _, decision in admission.admitted()]
        kept: dict[int, NodeWithScore] = dict(enumerate(found))
        for position in added:
            del kept[position]
        kept.update(zip(places, released, strict=True))
        if released and has_company:
            # Something is admissible now, whatever a note from before the step says.
            kept = {position: item for position, item in kept.items() if not is_note(item)}
        return [kept[position] for position in sorted(kept)]


def _question(query: QueryBundle | None) -> str | None:
    return query.query_str if query is not None else None
