"""What Phoenix and Arize are sent: OpenInference's instrumentations of both frameworks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from openinference.instrumentation.langchain import LangChainInstrumentor
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from headgate.testing import Publisher
from telemetry import PROVIDER, SPANS, ancestors, begin, of_gate, private_provider
from traced import CHAIN_WAYS, ENGINE_WAYS, FORGED, NAME, QUESTION, REASON, chain, engine, gate_of


@pytest.fixture(autouse=True)
def empty() -> None:
    begin()


@pytest.fixture
def instrumented() -> Iterator[None]:
    yield from _instrumented(PROVIDER)


def _instrumented(provider: TracerProvider) -> Iterator[None]:
    LangChainInstrumentor().instrument(tracer_provider=provider)
    LlamaIndexInstrumentor().instrument(tracer_provider=provider)
    try:
        yield
    finally:
        LangChainInstrumentor().uninstrument()
        LlamaIndexInstrumentor().uninstrument()


def shows_an_admission(span: ReadableSpan) -> bool:
    attributes = span.attributes or {}
    return (
        span.name == NAME
        and attributes["openinference.span.kind"] == "GUARDRAIL"
        and attributes["headgate.reasons"] == (REASON,)
        and REASON in str(attributes["output.value"])
        and "'handbook' requires a seal" in str(attributes["output.value"])
        and span.status.is_ok
    )


def texts() -> str:
    return str([(span.attributes, span.events) for span in SPANS.get_finished_spans()])


@pytest.mark.parametrize("way", CHAIN_WAYS)
def test_a_chain_has_one_span_per_admission_under_its_retriever(
    way: str, handbook: Publisher, instrumented: None
) -> None:
    times, ask = CHAIN_WAYS[way]
    ask(chain(handbook, gate_of(handbook)), None)
    assert len(of_gate()) == times
    assert all(map(shows_an_admission, of_gate()))
    assert all(ancestors(span) == ["GatedRetriever", "RunnableSequence"] for span in of_gate())
    assert len({span.context.trace_id for span in of_gate() if span.context}) == times
    assert FORGED not in texts()


@pytest.mark.parametrize("way", ENGINE_WAYS)
def test_an_engine_has_one_span_per_admission_under_its_retriever(
    way: str, handbook: Publisher, instrumented: None
) -> None:
    times, ask = ENGINE_WAYS[way]
    ask(engine(handbook, gate_of(handbook)))
    assert len(of_gate()) == times
    assert all(map(shows_an_admission, of_gate()))
    assert all("GatedRetriever" in ancestors(span)[0] for span in of_gate())
    assert all("RetrieverQueryEngine" in ancestors(span)[-1] for span in of_gate())
    assert len({span.context.trace_id for span in of_gate() if span.context}) == times
    assert FORGED not in texts()


def test_an_answer_that_is_streamed_too(handbook: Publisher, instrumented: None) -> None:
    str(engine(handbook, gate_of(handbook), streaming=True).query(QUESTION))
    (span,) = of_gate()
    assert shows_an_admission(span)
    assert "RetrieverQueryEngine" in ancestors(span)[-1]
    assert FORGED not in texts()


def test_in_audit_mode_everything_is_shown(handbook: Publisher, instrumented: None) -> None:
    gate = gate_of(handbook, mode="audit")
    chain(handbook, gate).invoke(QUESTION)
    assert FORGED in texts()
    assert {span.name for span in of_gate()} == {"headgate: 4 in, 4 out, 1 objected to"}
    begin()
    engine(handbook, gate).query(QUESTION)
    assert FORGED in texts()
    assert len(of_gate()) == 1


def test_a_provider_that_is_not_the_applications_is_told_as_well(handbook: Publisher) -> None:
    provider, private = private_provider()
    for _ in _instrumented(provider):
        chain(handbook, gate_of(handbook)).invoke(QUESTION)
        engine(handbook, gate_of(handbook)).query(QUESTION)
    assert len(of_gate(private)) == 2
    assert all(map(shows_an_admission, of_gate(private)))
    # The application's own provider has no other span of the gate: one each.
    assert [span.name for span in of_gate()] == [NAME, NAME]


def test_a_trace_that_is_not_sampled_is_left_out_as_a_whole(handbook: Publisher) -> None:
    for _ in _instrumented(TracerProvider(sampler=ALWAYS_OFF)):
        chain(handbook, gate_of(handbook)).invoke(QUESTION)
        engine(handbook, gate_of(handbook)).query(QUESTION)
    assert of_gate() == []


def test_gates_further_in_are_shown_under_the_run_that_is_shown(handbook: Publisher, instrumented: None) -> None:
    from langchain_headgate import guard
    from traced import Asking, Found, documents

    gate = gate_of(handbook)
    inner: Any = guard(Found(found=documents(handbook)), gate)
    guard(Asking(other=inner), gate).invoke(QUESTION)
    own = [span for span in of_gate() if ancestors(span) == ["GatedRetriever"]]
    further_in = [span for span in of_gate() if ancestors(span) == ["Asking", "GatedRetriever"]]
    assert (len(own), len(further_in)) == (1, 3)
    assert FORGED not in texts()
