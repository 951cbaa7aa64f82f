"""What Traceloop is sent, and whoever takes OpenLLMetry: its instrumentations of both frameworks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from langchain_core.callbacks import BaseCallbackManager

from headgate.testing import Publisher
from telemetry import PROVIDER, SPANS, ancestors, begin, of_gate
from traced import CHAIN_WAYS, ENGINE_WAYS, FORGED, NAME, REASON, chain, engine, gate_of

pytestmark = pytest.mark.filterwarnings("ignore")  # third parties' own deprecations


@pytest.fixture(autouse=True)
def empty() -> None:
    begin()


@pytest.fixture
def of_langchain() -> Iterator[None]:
    package = pytest.importorskip("opentelemetry.instrumentation.langchain", exc_type=ImportError)
    instrumentor, init = package.LangchainInstrumentor(), BaseCallbackManager.__init__
    instrumentor.instrument(tracer_provider=PROVIDER)
    yield
    instrumentor.uninstrument()
    BaseCallbackManager.__init__ = init  # type: ignore[method-assign]  # it stays instrumented otherwise


@pytest.fixture
def of_llama_index() -> Iterator[None]:
    from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # re-exported

    package = pytest.importorskip("opentelemetry.instrumentation.llamaindex", exc_type=ImportError)
    dispatcher, instrumentor = get_dispatcher(), package.LlamaIndexInstrumentor()
    spans, events = list(dispatcher.span_handlers), list(dispatcher.event_handlers)
    instrumentor.instrument(tracer_provider=PROVIDER)
    yield
    instrumentor.uninstrument()
    dispatcher.span_handlers, dispatcher.event_handlers = spans, events


def texts() -> str:
    return str([(span.attributes, span.events) for span in SPANS.get_finished_spans()])


@pytest.mark.parametrize("way", CHAIN_WAYS)
def test_a_chain_has_one_span_per_admission(way: str, handbook: Publisher, of_langchain: None) -> None:
    times, ask = CHAIN_WAYS[way]
    ask(chain(handbook, gate_of(handbook)), None)
    assert [span.name for span in of_gate()] == [NAME] * times
    for span in of_gate():
        # Of a batch, each sequence is the child of the one before: it leaves its span current.
        assert ancestors(span)[:2] == ["vector_db_retrieve GatedRetriever", "RunnableSequence.workflow"]
        assert span.status.is_unset
        assert (span.attributes or {})["headgate.reasons"] == (REASON,)
    assert FORGED not in texts()


@pytest.mark.parametrize("way", ENGINE_WAYS)
def test_an_engine_has_one_span_per_admission(
    way: str, handbook: Publisher, of_llama_index: None, capsys: pytest.CaptureFixture[str]
) -> None:
    times, ask = ENGINE_WAYS[way]
    ask(engine(handbook, gate_of(handbook)))
    assert [span.name for span in of_gate()] == [NAME] * times
    for span in of_gate():
        assert ancestors(span)[0] == "GatedRetriever.task"
        assert ancestors(span)[-1] == "RetrieverQueryEngine.workflow"
        assert (span.attributes or {})["headgate.reasons"] == (REASON,)
    assert FORGED not in texts()
    assert "No span found" not in capsys.readouterr().out


def test_in_audit_mode_everything_is_shown(handbook: Publisher, of_langchain: None, of_llama_index: None) -> None:
    gate = gate_of(handbook, mode="audit")
    CHAIN_WAYS["invoke"][1](chain(handbook, gate), None)
    assert FORGED in texts()
    begin()
    ENGINE_WAYS["query"][1](engine(handbook, gate))
    assert FORGED in texts()
