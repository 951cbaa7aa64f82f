"""What OpenTelemetry gets, in both frameworks, as OpenInference traces them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from llama_index.core import VectorStoreIndex
from openinference.instrumentation.langchain import LangChainInstrumentor
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor
from opentelemetry import metrics, trace
from opentelemetry._logs import set_logger_provider
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from headgate import Chunk, Gate
from headgate.record.otel import ATTRIBUTES
from headgate.testing import FixedClock, Publisher
from langchain_headgate import guard
from llama_index.postprocessor.headgate import guard as guard_llama

URI = "https://handbook.example/a"

# OpenTelemetry takes one provider of each kind per process.
SPANS = InMemorySpanExporter()
LOGS = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
READER = InMemoryMetricReader()
_PROVIDER = TracerProvider()
_PROVIDER.add_span_processor(SimpleSpanProcessor(SPANS))
_LOG_PROVIDER = LoggerProvider()
_LOG_PROVIDER.add_log_record_processor(SimpleLogRecordProcessor(LOGS))


@pytest.fixture(scope="module", autouse=True)
def telemetry() -> Iterator[None]:
    trace.set_tracer_provider(_PROVIDER)
    set_logger_provider(_LOG_PROVIDER)
    metrics.set_meter_provider(MeterProvider([READER]))
    LangChainInstrumentor().instrument(tracer_provider=_PROVIDER)
    LlamaIndexInstrumentor().instrument(tracer_provider=_PROVIDER)
    yield
    LangChainInstrumentor().uninstrument()
    LlamaIndexInstrumentor().uninstrument()


@pytest.fixture(autouse=True)
def empty() -> None:
    SPANS.clear()
    LOGS.clear()


@pytest.fixture
def gate(handbook: Publisher, clock: FixedClock) -> Gate:
    return Gate({"sources": [handbook.source()]}, clock=clock)


class Fixed(BaseRetriever):
    found: list[Document]

    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        return self.found


def spans(name: str) -> list[ReadableSpan]:
    return [span for span in SPANS.get_finished_spans() if span.name == name]


def ours() -> ReadableSpan:
    (span,) = [span for span in spans("headgate") if span.attributes and ATTRIBUTES["id"] in span.attributes]
    return span


def ancestors(span: ReadableSpan) -> list[str]:
    by_id = {other.context.span_id: other for other in SPANS.get_finished_spans() if other.context}
    names = []
    while span.parent is not None and span.parent.span_id in by_id:
        span = by_id[span.parent.span_id]
        names.append(span.name)
    return names


def test_a_span_says_what_was_decided(gate: Gate, handbook: Publisher) -> None:
    admission = gate.admit([handbook.seal("secret text", URI), Chunk("secret", {"source": URI})], "secret question")
    attributes = ours().attributes
    assert attributes is not None
    assert attributes["openinference.span.kind"] == "GUARDRAIL"
    assert attributes[ATTRIBUTES["admitted"]] == attributes[ATTRIBUTES["dropped"]] == 1
    assert attributes[ATTRIBUTES["codes"]] == ("P101:1",)
    assert attributes[ATTRIBUTES["revision"]] == admission.policy_revision
    assert [row["action"] for row in json.loads(str(attributes["output.value"]))] == ["admit", "drop"]
    assert "secret" not in json.dumps(dict(attributes))


def test_each_finding_is_an_event_that_belongs_to_the_span(gate: Gate) -> None:
    gate.admit([Chunk("text", {"source": URI})])
    (log,) = LOGS.get_finished_logs()
    record = log.log_record
    assert record.event_name == "headgate.finding"
    assert record.attributes is not None
    assert record.attributes["headgate.code"] == "P101"
    context = ours().context
    assert context is not None
    assert (record.trace_id, record.span_id) == (context.trace_id, context.span_id)


def test_hide_settings_of_openinference_are_honoured(gate: Gate, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENINFERENCE_HIDE_INPUTS", "true")
    monkeypatch.setenv("OPENINFERENCE_HIDE_OUTPUTS", "1")
    gate.admit([Chunk("text", {"source": URI})])
    attributes = ours().attributes
    assert attributes is not None
    assert attributes["input.value"] == attributes["output.value"] == "__REDACTED__"
    assert LOGS.get_finished_logs()[0].log_record.body == "__REDACTED__"


def test_under_langchain_it_nests_in_the_retrievers_span(gate: Gate) -> None:
    retriever = guard(Fixed(found=[Document("x", metadata={"source": URI})]), gate)
    (RunnableLambda(lambda question: question) | retriever).invoke("question")
    assert ancestors(ours()) == ["GatedRetriever", "RunnableSequence"]
    chain = next(span for span in spans("headgate") if span is not ours())
    assert ancestors(chain) == ["GatedRetriever", "RunnableSequence"]


async def test_under_langchain_async_too(gate: Gate) -> None:
    retriever = guard(Fixed(found=[Document("x", metadata={"source": URI})]), gate)
    await retriever.ainvoke("question")
    assert ancestors(ours()) == ["GatedRetriever"]


def test_under_llama_index_it_nests_in_the_retrievers_span(index: VectorStoreIndex, node_gate: Gate) -> None:
    guard_llama(index.as_retriever(similarity_top_k=2), node_gate).retrieve("K8s clusters")
    assert ancestors(ours())[-1] == "GatedRetriever.retrieve"


def test_labels_of_metrics_come_from_closed_sets(gate: Gate, handbook: Publisher) -> None:
    gate.admit([handbook.seal("text", URI), Chunk("x", {"source": "https://evil.example/" + "x" * 50})])
    gate.admit([])
    data = READER.get_metrics_data()
    assert data is not None
    found = {m.name: m for r in data.resource_metrics for s in r.scope_metrics for m in s.metrics}
    assert {"headgate.documents", "headgate.findings", "headgate.admissions", "headgate.duration"} <= set(found)
    for name, metric in found.items():
        if name.startswith("headgate"):
            for point in metric.data.data_points:
                assert point.attributes is not None
                assert set(point.attributes) <= {"action", "code", "mode", "framework", "outcome"}
                assert all(len(str(value)) < 20 for value in point.attributes.values())
    outcomes = {p.attributes["outcome"] for p in found["headgate.admissions"].data.data_points if p.attributes}
    assert {"ok", "empty", "no_documents"} <= outcomes
