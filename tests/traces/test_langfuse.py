"""What Langfuse is sent by its handler for LangChain. For LlamaIndex it takes OpenInference's instrumentation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from headgate.testing import Publisher
from telemetry import ancestors, private_provider
from telemetry import of_gate as of_gate_in
from traced import CHAIN_WAYS, FORGED, NAME, REASON, chain, gate_of

langfuse = pytest.importorskip("langfuse")
pytestmark = pytest.mark.filterwarnings("ignore")  # third parties' own deprecations


@pytest.fixture(scope="module")
def shared() -> Iterator[Any]:
    # One client per key and process, and so one exporter for all tests.
    provider, spans = private_provider()
    # Its own exporter would send to a server.
    _, elsewhere = private_provider()
    client = langfuse.Langfuse(
        public_key="pk-test",
        secret_key="sk-test",
        base_url="http://127.0.0.1:9",
        tracer_provider=provider,
        span_exporter=elsewhere,
    )
    yield spans
    client.shutdown()


@pytest.fixture
def handler(shared: Any) -> tuple[Any, Any]:
    from langfuse.langchain import CallbackHandler  # type: ignore[import-not-found,unused-ignore]

    shared.clear()
    return CallbackHandler(public_key="pk-test"), shared


@pytest.mark.parametrize("way", CHAIN_WAYS)
def test_a_chain_has_one_observation_per_admission(way: str, handbook: Publisher, handler: tuple[Any, Any]) -> None:
    callback, spans = handler
    times, ask = CHAIN_WAYS[way]
    ask(chain(handbook, gate_of(handbook)), {"callbacks": [callback]})
    found = of_gate_in(spans)
    assert [span.name for span in found] == [NAME] * times
    for span in found:
        attributes = span.attributes or {}
        assert attributes["langfuse.observation.type"] == "guardrail"
        assert REASON in str(attributes["langfuse.observation.output"])
        assert "langfuse.observation.level" not in attributes
        assert ancestors(span, spans)[:2] == ["GatedRetriever", "RunnableSequence"]
    assert FORGED not in str([span.attributes for span in spans.get_finished_spans()])


def test_in_audit_mode_everything_is_shown(handbook: Publisher, handler: tuple[Any, Any]) -> None:
    callback, spans = handler
    CHAIN_WAYS["invoke"][1](chain(handbook, gate_of(handbook, mode="audit")), {"callbacks": [callback]})
    assert FORGED in str([span.attributes for span in spans.get_finished_spans()])
