"""GatedRetriever: a retriever that returns only what may enter the prompt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.callbacks import CallbackManager
from llama_index.core.prompts.mixin import PromptDictType, PromptMixinType
from llama_index.core.schema import NodeWithScore, QueryBundle

from headgate import AdapterError, Admission, Gate
from headgate.integration.adapters import PolicyLike, require_gate
from headgate.integration.callers import judged_outside
from headgate.integration.returns import looked_at
from headgate.integration.search import Search
from headgate.integration.surface import Proxy, is_harmless_method, is_setting, refuse
from headgate.integration.tracing import TraceInner, inner_trace
from llama_index.postprocessor.headgate.convert import to_nodes
from llama_index.postprocessor.headgate.fetching import Reach, afetch, fetch, reworded
from llama_index.postprocessor.headgate.gating import aadmit_nodes, admit_nodes, off_loop
from llama_index.postprocessor.headgate.outside import refuse_additions
from llama_index.postprocessor.headgate.reading import GuardedEngines, is_own_reader, refusal_of_readers
from llama_index.postprocessor.headgate.tracing import arecord, callbacks_of, record

__all__ = ["GatedRetriever"]

_OWN = frozenset(
    {
        "_inner",
        "_gate",
        "_engines",
        "_refusal",
        "_k",
        "_overfetch",
        "_max_fetch",
        "_replacing",
        "trace_inner",
        "_verbose",
        "callback_manager",
        "object_map",
        "similarity_top_k",
    }
)


class GatedRetriever(Proxy, BaseRetriever):
    """The admissible nodes of another retriever, in its order; for `isinstance` it is of its class too.

    A request for k nodes returns k admissible ones, where the inner retriever has them: it is asked for more than k
    at first, and for more again as long as nodes are kept out and further ones may exist. An inner retriever without
    `similarity_top_k` is asked once.

    The settings of the inner retriever are read and set here too, and its prompts. Retrievers in it come back guarded;
    its stores, nodes and private attributes raise in enforce mode, and `ungated` is the explicit way around.

    Put it outside: where a retriever that is built over this one, such as `AutoMergingRetriever`, or a postprocessor of
    the engine that asks it, may add nodes that no gate has seen, the search is refused with an AdapterError.

    Args:
        retriever: the retriever behind the gate; it is never changed.
        policy: a gate, a policy, or the path of a policy file.
        k: how many nodes to return; None for as many as the inner retriever would.
        overfetch: how many times k nodes to ask for at first.
        max_fetch: the largest number of nodes to ask for.
        replacing: metadata keys that a later postprocessor puts in place of a node's text.
        trace_inner: how much tracers see of what the inner retriever returned, dropped nodes included: `full` is its
            own span and all below it, `ids` one span with ids and digests instead of texts, `off` no span. By default
            `ids` where the gate keeps nodes out, so that their texts do not go to whoever traces, and `full` where it
            does not.

    Attributes:
        trace_inner: the same; it can be set at run time.

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
        trace_inner: TraceInner | None = None,
    ) -> None:
        super().__init__(callback_manager=callbacks_of(retriever))
        self._inner = retriever
        self._gate = require_gate(policy, type(self).__name__)
        self._look_through()
        self._refuse_readers()
        self._k = k
        self._overfetch, self._max_fetch = overfetch, max_fetch
        self._replacing = tuple(replacing)
        self.trace_inner = trace_inner

    @property
    def gate(self) -> Gate:
        """The gate; `retriever.gate.reload()` reads the policy again."""
        return self._gate

    @property
    def retriever(self) -> BaseRetriever:
        """The retriever behind the gate."""
        return self._inner

    @property
    def ungated(self) -> BaseRetriever:
        """The retriever behind the gate: what it returns has not been judged."""
        return self._inner

    @property
    def replacing(self) -> tuple[str, ...]:
        """The metadata keys that a later postprocessor puts in place of a node's text."""
        return self._replacing

    @property
    def similarity_top_k(self) -> int | None:
        """How many nodes to return, as it is called on the framework's own retrievers; it can be set at run time."""
        return self._k if self._k is not None else Reach(self._inner).k

    @similarity_top_k.setter
    def similarity_top_k(self, k: int | None) -> None:
        self._k = k

    def _wrapped(self) -> BaseRetriever | None:
        return self.__dict__.get("_inner")

    def __getattr__(self, name: str) -> Any:
        inner = self._wrapped()
        # While a copy is being made, there is no retriever yet to ask.
        if name.startswith("__") or inner is None or name in _OWN:
            raise AttributeError(name)
        value = getattr(inner, name)
        if isinstance(value, BaseRetriever):
            return GatedRetriever(value, self._gate, replacing=self._replacing, trace_inner=self.trace_inner)
        if not self._gate.keeps_out or is_setting(inner, name, value, (BaseEmbedding, CallbackManager)):
            return value
        if callable(value) and is_harmless_method(name):
            return looked_at(inner, name, value)
        raise refuse(inner, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in _OWN:
            super().__setattr__(name, value)
        else:
            # What the caller sets on the retriever that it holds has to reach the search.
            setattr(self._inner, name, value)
            self._look_through()

    def _get_prompts(self) -> PromptDictType:
        return self._inner._get_prompts()

    def _get_prompt_modules(self) -> PromptMixinType:
        return self._inner._get_prompt_modules()

    def _update_prompts(self, prompts: PromptDictType) -> None:
        self._inner._update_prompts(prompts)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        course, shown = self._begin(), inner_trace(self.trace_inner, self._gate)
        for width in course.search:
            with course.search.attempt():
                with judged_outside(self._gate):
                    nodes = fetch(course.ask(width), reworded(self._gate, query_bundle), shown)
                course.answered(nodes, admit_nodes(self._gate, nodes, query_bundle, self._replacing))
        if course.admission is None:
            return []
        return self._release(course.nodes, record(self._gate, course.limited(), self.callback_manager))

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        course, shown = self._begin(), inner_trace(self.trace_inner, self._gate)
        for width in course.search:
            with course.search.attempt():
                with judged_outside(self._gate):
                    nodes = await afetch(course.ask(width), reworded(self._gate, query_bundle), shown)
                course.answered(nodes, await aadmit_nodes(self._gate, nodes, query_bundle, self._replacing))
        if course.admission is None:
            return []
        released = await arecord(self._gate, course.limited(), self.callback_manager)
        return await off_loop(course.nodes, lambda: self._release(course.nodes, released))

    def _begin(self) -> _Course:
        self._refuse_readers()
        refuse_additions(self._gate, self, self._replacing)
        inner = self._engines.within(self._inner)
        # A gate that keeps nothing out must not change what a search finds: even ties come in another order.
        first = self._overfetch if self._gate.keeps_out else 1
        return _Course(Reach(inner), self._k, first, self._max_fetch)

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

    def _look_through(self) -> None:
        """Find out whether the inner retriever has a model that would read what it finds."""
        self._refusal = refusal_of_readers(self._inner)
        self._engines = GuardedEngines(self._gate, is_own_reader=is_own_reader(self._inner))

    def _refuse_readers(self) -> None:
        # At every search as well: a policy that only recorded may be loaded again, and enforce.
        if self._refusal is not None and self._gate.keeps_out:
            raise AdapterError(self._refusal)

    def _release(self, nodes: list[NodeWithScore], admission: Admission) -> list[NodeWithScore]:
        return to_nodes(nodes, admission, self._gate, self._replacing)


class _Course:
    """One question to a gated retriever: asked for more and more, until k admissible nodes are there."""

    def __init__(self, reach: Reach, k: int | None, first: int, limit: int) -> None:
        self._reach = reach
        self._wanted = k if k is not None else reach.k
        self.search = Search(
            self._wanted, first=first, limit=limit, is_adjustable=reach.is_adjustable, has_pool=reach.has_pool
        )
        self.nodes: list[NodeWithScore] = []
        self.admission: Admission | None = None

    def ask(self, width: int) -> BaseRetriever:
        return self._reach.ask_for(width, self.search.scale)

    def answered(self, nodes: list[NodeWithScore], admission: Admission) -> None:
        self.nodes, self.admission = nodes, admission
        self.search.succeeded(len(admission.chunks), len(nodes))

    def limited(self) -> Admission:
        if self.admission is None:
            raise AssertionError("only an answer has an admission")
        if self._wanted is None:
            return self.admission
        return replace(self.admission, shortfall=self.search.shortfall).limited_to(self._wanted)
