"""Decisions where LlamaIndex shows them, and handlers that fail."""

from __future__ import annotations

import json
from typing import Any

import pytest
from llama_index.core import VectorStoreIndex
from llama_index.core.callbacks import CallbackManager, CBEventType, EventPayload
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # re-exported
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.schema import BaseNode, NodeWithScore

from headgate import Gate
from llama_index.postprocessor.headgate import HeadgateAdmissionEvent, HeadgatePostprocessor, guard


class Events(BaseEventHandler):
    seen: list[Any] = []  # noqa: RUF012 - a pydantic field
    fails: bool = False

    @classmethod
    def class_name(cls) -> str:
        return "Events"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        if self.fails:
            raise RuntimeError("handler")
        self.seen.append(event)


@pytest.fixture
def events() -> Any:
    dispatcher = get_dispatcher()
    handler = Events()
    dispatcher.add_event_handler(handler)
    yield handler
    dispatcher.event_handlers.remove(handler)


def test_one_event_with_the_record_within_the_retrievers_span(
    index: VectorStoreIndex, node_gate: Gate, events: Events
) -> None:
    guard(index.as_retriever(similarity_top_k=3), node_gate).retrieve("K8s clusters")
    (event,) = [event for event in events.seen if isinstance(event, HeadgateAdmissionEvent)]
    assert event.record["counts"]["admit"] == 3
    assert event.record["counts"]["P101"] > 0
    json.dumps(event.record)
    assert event.span_id


def test_the_older_callbacks_get_it_too(nodes: list[BaseNode], node_gate: Gate) -> None:
    class Old(BaseCallbackHandler):
        def __init__(self) -> None:
            super().__init__([], [])
            self.payloads: list[Any] = []

        def on_event_start(
            self, event_type: Any, payload: Any = None, event_id: str = "", parent_id: str = "", **kwargs: Any
        ) -> str:
            return event_id

        def on_event_end(self, event_type: Any, payload: Any = None, event_id: str = "", **kwargs: Any) -> None:
            if event_type == CBEventType.RERANKING:
                self.payloads.append(payload)

        def start_trace(self, trace_id: str | None = None) -> None: ...

        def end_trace(self, trace_id: str | None = None, trace_map: Any = None) -> None: ...

    handler = Old()
    processor = HeadgatePostprocessor(node_gate)
    processor.callback_manager = CallbackManager([handler])
    processor.postprocess_nodes([NodeWithScore(node=node) for node in nodes])
    (payload,) = handler.payloads
    assert payload[EventPayload.ADDITIONAL_KWARGS]["headgate.admission"]["counts"]["admit"] == 12


def test_a_handler_that_fails_changes_nothing(nodes: list[BaseNode], node_gate: Gate, events: Events) -> None:
    events.fails = True
    found = HeadgatePostprocessor(node_gate).postprocess_nodes([NodeWithScore(node=node) for node in nodes])
    assert len(found) == 12
