"""What OpenTelemetry gets, in both frameworks, as OpenInference traces them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda
from llama_index.core import VectorStoreIndex
from openinference.instrumentation.langchain import LangChainInstrumentor
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor
from opentelemetry.sdk.trace import ReadableSpan

from headgate import Chunk, Gate
from headgate.record.otel import ATTRIBUTES
from headgate.testing import FixedClock, Publisher
from langchain_headgate import guard
from llama_index.postprocessor.headgate import guard as guard_llama
from telemetry import LOGS, PROVIDER, READER, ancestors, begin, of_gate

URI = "https://handbook.example/a"


@pytest.fixture(scope="module", autouse=True)
def instrumented() -> Iterator[None]:
    LangChainInstrumentor().instrument(tracer_provider=PROVIDER)
    LlamaIndexInstrumentor().instrument(tracer_provider=PROVIDER)
    yield
    LangChainInstrumentor().uninstrument()
    LlamaIndexInstrumentor().uninstrument()


@pytest.fixture(autouse=True)
def empty() -> None:
    begin()


@pytest.fixture
def gate(handbook: Publisher, clock: FixedClock) -> Gate:
    return Gate({"sources": [handbook.source()]}, clock=clock)


class Fixed(BaseRetriever):
    found: list[Document]

    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        return self.found


def ours() -> ReadableSpan:
    (span,) = of_gate()
    return span


def test_a_span_says_what_was_decided(gate: Gate, handbook: Publisher) -> None:
    admission = gate.admit([handbook.seal("secret text", URI), Chunk("secret", {"source": URI})], "secret question")
    attributes = ours().attributes
    assert attributes is not None
    assert attributes["openinference.span.kind"] == "GUARDRAIL"
    assert attributes[ATTRIBUTES["admitted"]] == attributes[ATTRIBUTES["dropped"]] == 1
    assert attributes[ATTRIBUTES["codes"]] == ("P101:1",)
    assert attributes[ATTRIBUTES["reasons"]] == ("P101 no seal: 1",)
    assert attributes[ATTRIBUTES["outcome"]] == "ok"
    assert ours().name == "headgate: 2 in, 1 out"
    assert ours().status.is_unset
    assert attributes[ATTRIBUTES["revision"]] == admission.policy_revision
    rows = json.loads(str(attributes["output.value"]))
    assert [row["action"] for row in rows] == ["admit", "drop"]
    assert [row["reasons"] for row in rows] == [[], ["'handbook' requires a seal, and there is none."]]
    assert "secret" not in json.dumps(dict(attributes))


def test_the_name_says_what_an_observing_gate_would_have_kept_out(handbook: Publisher, clock: FixedClock) -> None:
    Gate({"mode": "audit", "sources": [handbook.source()]}, clock=clock).admit([Chunk("text", {"source": URI})])
    assert ours().name == "headgate: 1 in, 1 out, 1 objected to"


def test_the_gravest_reasons_come_first(gate: Gate, handbook: Publisher) -> None:
    gate.admit([handbook.seal("a", URI, {"note": "n"}, cover=[]), Chunk("x", {"source": URI}), Chunk("y", {})])
    attributes = ours().attributes or {}
    reasons = attributes[ATTRIBUTES["reasons"]]
    assert isinstance(reasons, tuple)
    assert reasons[0] == "P101 no seal: 2"
    assert len(reasons) == len(set(reasons)) == len(attributes[ATTRIBUTES["codes"]])  # type: ignore[arg-type]


def test_what_could_not_be_recorded_is_an_error_of_the_span(handbook: Publisher, tmp_path: Path) -> None:
    policy = {"sources": [handbook.source()], "log": {"path": str(tmp_path / "log.jsonl")}}
    gate = Gate(policy, clock=handbook.clock)
    gate.close()
    (tmp_path / "log.jsonl").unlink()
    (tmp_path / "log.jsonl").mkdir()
    assert not gate.admit([handbook.seal("text", URI)]).chunks
    assert ours().name == "headgate: 1 in, 0 out"
    assert not ours().status.is_ok
    assert ours().status.description == "a check failed"


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
