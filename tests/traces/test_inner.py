"""What any handler of the frameworks is shown of documents that the gate keeps out."""

from __future__ import annotations

import asyncio
import copy
import inspect
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackHandler, BaseCallbackHandler
from langchain_core.tracers.context import register_configure_hook
from langchain_core.tracers.run_collector import RunCollectorCallbackHandler
from llama_index.core.bridge.pydantic import PrivateAttr
from llama_index.core.callbacks import CallbackManager
from llama_index.core.callbacks.base_handler import BaseCallbackHandler as OlderHandler
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # re-exported
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.span import SimpleSpan
from llama_index.core.instrumentation.span_handlers import SimpleSpanHandler
from llama_index.core.llms.mock import MockLLM
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import NodeWithScore, QueryBundle

from headgate import Gate
from headgate.encoding import digest_label
from headgate.testing import FixedClock, Publisher
from langchain_headgate import GatedRetriever, guard
from llama_index.postprocessor.headgate import GatedRetriever as GatedNodes
from llama_index.postprocessor.headgate import HeadgateAdmissionEvent, HeadgatePostprocessor
from llama_index.postprocessor.headgate import guard as guard_nodes
from traced import (
    CHAIN_WAYS,
    ENGINE_WAYS,
    FORGED,
    NAME,
    QUESTION,
    Asking,
    Found,
    FoundNodes,
    chain,
    documents,
    engine,
    gate_of,
)

DIGEST = digest_label(FORGED.encode())


class Everything(BaseCallbackHandler):
    """Writes down every call of every method."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("on_"):
            return super().__getattribute__(name)
        return lambda *args, **kwargs: self.seen.append(f"{name} {args} {kwargs}")


class EverythingAsync(AsyncCallbackHandler):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("on_"):
            return super().__getattribute__(name)

        async def take_note(*args: Any, **kwargs: Any) -> None:
            self.seen.append(f"{name} {args} {kwargs}")

        return take_note


@pytest.mark.parametrize("handler", [Everything, EverythingAsync])
@pytest.mark.parametrize("way", CHAIN_WAYS)
def test_handlers_of_langchain_see_ids_and_digests(way: str, handler: Any, handbook: Publisher) -> None:
    seen = handler()
    CHAIN_WAYS[way][1](chain(handbook, gate_of(handbook)), {"callbacks": [seen]})
    shown = "\n".join(seen.seen)
    assert FORGED not in shown
    assert DIGEST in shown
    assert NAME in shown


def test_handlers_that_the_surroundings_add_see_no_more(handbook: Publisher) -> None:
    from contextvars import ContextVar

    hook: ContextVar[Any] = ContextVar("test_hook", default=None)
    register_configure_hook(hook, inheritable=True)
    seen = Everything()
    token = hook.set(seen)
    try:
        chain(handbook, gate_of(handbook)).invoke(QUESTION)
    finally:
        hook.reset(token)
    assert any(NAME in line for line in seen.seen)
    assert FORGED not in "\n".join(seen.seen)


@pytest.mark.parametrize(("mode", "chosen", "is_shown"), [("enforce", "full", True), ("audit", "ids", False)])
def test_how_much_is_shown_is_a_choice(mode: str, chosen: Any, is_shown: bool, handbook: Publisher) -> None:
    gate = gate_of(handbook, mode=mode)
    inner = Asking(other=Found(found=documents(handbook)))
    collected = RunCollectorCallbackHandler()
    found = GatedRetriever(retriever=inner, policy=gate, trace_inner=chosen).invoke(
        QUESTION, config={"callbacks": [collected]}
    )
    (run,) = collected.traced_runs
    below = [child for child in run.child_runs if child.name == "Asking"]
    assert (FORGED in str([child.outputs for child in below])) == is_shown
    assert any(FORGED in document.page_content for document in found) == (mode == "audit")


def test_the_trace_goes_on_behind_the_retrieval(handbook: Publisher) -> None:
    retriever, seen = guard(Found(found=documents(handbook)), gate_of(handbook)), Everything()
    retriever.invoke(QUESTION)
    Found(found=documents(handbook)).invoke(QUESTION, config={"callbacks": [seen]})
    assert FORGED in "\n".join(seen.seen)


class Spans(SimpleSpanHandler):
    """Writes down everything that spans begin and end with."""

    _seen: list[str] = PrivateAttr(default_factory=list)

    @property
    def seen(self) -> list[str]:
        return self._seen

    def new_span(self, id_: str, bound_args: inspect.BoundArguments, *args: Any, **kwargs: Any) -> SimpleSpan:
        self.seen.append(f"{id_} {bound_args}")
        return super().new_span(id_, bound_args, *args, **kwargs)

    def prepare_to_exit_span(self, id_: str, *args: Any, **kwargs: Any) -> SimpleSpan:
        self.seen.append(f"{id_} {args} {kwargs}")
        return super().prepare_to_exit_span(id_, *args, **kwargs)


class Events(BaseEventHandler):
    seen: list[Any] = []  # noqa: RUF012 - a pydantic field

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        self.seen.append(event)


class Older(OlderHandler):
    def __init__(self) -> None:
        super().__init__([], [])
        self.seen: list[str] = []

    def on_event_start(
        self, event_type: Any, payload: Any = None, event_id: str = "", parent_id: str = "", **kwargs: Any
    ) -> str:
        self.seen.append(f"{event_type} {payload}")
        return event_id

    def on_event_end(self, event_type: Any, payload: Any = None, event_id: str = "", **kwargs: Any) -> None:
        self.seen.append(f"{event_type} {payload}")

    def start_trace(self, trace_id: str | None = None) -> None: ...

    def end_trace(self, trace_id: str | None = None, trace_map: Any = None) -> None: ...


class Watching:
    def __init__(self) -> None:
        self.spans, self.events = Spans(), Events(seen=[])

    def shown(self) -> str:
        return "\n".join([*self.spans.seen, *(str(event.model_dump()) for event in self.events.seen)])


@pytest.fixture
def watching() -> Iterator[Watching]:
    dispatcher, watching = get_dispatcher(), Watching()
    dispatcher.add_span_handler(watching.spans)
    dispatcher.add_event_handler(watching.events)
    yield watching
    dispatcher.span_handlers.remove(watching.spans)
    dispatcher.event_handlers.remove(watching.events)


@pytest.mark.parametrize("way", ENGINE_WAYS)
def test_handlers_of_llama_index_see_ids_and_digests(way: str, handbook: Publisher, watching: Watching) -> None:
    times, ask = ENGINE_WAYS[way]
    ask(engine(handbook, gate_of(handbook)))
    assert FORGED not in watching.shown()
    assert DIGEST in watching.shown()
    ours = [span for span in watching.spans.completed_spans if span.id_.startswith(NAME)]
    parents = {span.id_: span for span in watching.spans.completed_spans}
    assert len(ours) == times
    assert all("GatedRetriever" in parents[str(span.parent_id)].id_ for span in ours)
    assert not watching.spans.dropped_spans
    records = [event.record for event in watching.events.seen if isinstance(event, HeadgateAdmissionEvent)]
    assert [record["outcome"] for record in records] == ["4 in, 3 out"] * times


def test_the_older_callbacks_see_no_more(handbook: Publisher) -> None:
    older = Older()
    inner = FoundNodes(documents(handbook))
    inner.callback_manager = CallbackManager([older])
    retriever = guard_nodes(inner, gate_of(handbook))
    assert len(retriever.retrieve(QUESTION)) == 3
    assert older.seen
    assert FORGED not in "\n".join(older.seen)


@pytest.mark.parametrize(("mode", "chosen", "is_shown"), [("enforce", "full", True), ("audit", "ids", False)])
async def test_how_much_handlers_see_is_a_choice(
    mode: str, chosen: Any, is_shown: bool, handbook: Publisher, watching: Watching
) -> None:
    retriever = GatedNodes(FoundNodes(documents(handbook)), gate_of(handbook, mode=mode), trace_inner=chosen)
    await retriever.aretrieve(QUESTION)
    below = [line for line in watching.spans.seen if line.startswith("FoundNodes.aretrieve-")]
    assert any(FORGED in line for line in below) == is_shown
    assert below
    watching.spans.seen.clear()
    retriever.trace_inner = "off"
    await asyncio.to_thread(retriever.retrieve, QUESTION)
    assert not [line for line in watching.spans.seen if line.startswith("FoundNodes")]


class Adding(BaseNodePostprocessor):
    """A step behind the gate that fetches more."""

    more: Any

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        return [*nodes, *self.more.retrieve(QUESTION)]


@pytest.mark.parametrize("way", ["query", "aquery"])
def test_what_a_step_adds_is_not_shown_before_it_is_judged(way: str, handbook: Publisher, watching: Watching) -> None:
    sealed, forged = documents(handbook)[:3], documents(handbook)[3:]
    steps: list[BaseNodePostprocessor] = [Adding(more=FoundNodes(forged))]
    plain = RetrieverQueryEngine.from_args(FoundNodes(sealed), llm=MockLLM(), node_postprocessors=steps)
    ENGINE_WAYS[way][1](guard_nodes(plain, gate_of(handbook)))
    assert FORGED not in watching.shown()
    names = [span.id_.partition("-")[0] for span in watching.spans.completed_spans if span.id_.startswith("headgate")]
    assert names == ["headgate: 3 in, 3 out", "headgate: 1 in, 0 out"]


def test_a_gate_can_say_it_for_all_that_is_guarded_with_it(handbook: Publisher, watching: Watching) -> None:
    gate = copy.deepcopy(Gate({"sources": [handbook.source()]}, clock=FixedClock(), trace_inner="full"))
    ENGINE_WAYS["query"][1](engine(handbook, gate))
    assert FORGED in watching.shown()
    seen = Everything()
    chain(handbook, gate).invoke(QUESTION, config={"callbacks": [seen]})
    assert FORGED in "\n".join(seen.seen)
    gate.trace_inner = None
    seen = Everything()
    chain(handbook, gate).invoke(QUESTION, config={"callbacks": [seen]})
    assert FORGED not in "\n".join(seen.seen)


@pytest.mark.parametrize("way", ENGINE_WAYS)
def test_a_gate_among_the_steps_shows_one_span_without_texts(way: str, handbook: Publisher, watching: Watching) -> None:
    gated: list[BaseNodePostprocessor] = [HeadgatePostprocessor(gate_of(handbook))]
    plain = RetrieverQueryEngine.from_args(FoundNodes(documents(handbook)), llm=MockLLM(), node_postprocessors=gated)
    times, ask = ENGINE_WAYS[way]
    ask(plain)
    names = [span.id_.partition("-")[0] for span in watching.spans.completed_spans]
    assert [name for name in names if "headgate" in name.lower()] == [NAME] * times
    # What the retriever has shown before, no gate behind it can take back.
    ours = [line for line in watching.spans.seen if line.startswith("headgate")]
    assert ours
    assert not any(FORGED in line for line in ours)


def test_an_error_of_the_inner_retriever_ends_its_span(handbook: Publisher, watching: Watching) -> None:
    class Raises(FoundNodes):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            raise RuntimeError("theirs")

    with pytest.raises(RuntimeError, match="theirs"):
        guard_nodes(Raises([]), gate_of(handbook)).retrieve(QUESTION)
    assert not watching.spans.open_spans
    FoundNodes(documents(handbook)).retrieve(QUESTION)
    assert FORGED in watching.shown()
