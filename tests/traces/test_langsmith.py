"""What LangSmith is sent: LangChain's own tracer against a server on this machine that takes note of what comes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.runnables import RunnableLambda
from langchain_core.tracers import LangChainTracer
from langsmith import Client
from langsmith.run_helpers import tracing_context

from headgate.testing import Publisher
from langchain_headgate import guard
from telemetry import PROVIDER, SPANS, ancestors, begin, of_gate
from traced import CHAIN_WAYS, FORGED, NAME, QUESTION, REASON, Found, chain, documents, gate_of

pytestmark = [pytest.mark.enable_socket, pytest.mark.filterwarnings("ignore")]


class StandIn(ThreadingHTTPServer):
    """Takes runs as the service does, and merges what is said of each at its start and at its end."""

    def __init__(self) -> None:
        self.runs: dict[str, dict[str, Any]] = {}
        self.bodies: list[str] = []
        super().__init__(("127.0.0.1", 0), _Request)


class _Request(BaseHTTPRequestHandler):
    server: StandIn

    def _take(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.server.bodies.append(body)
        run = json.loads(body)
        identifier = run.get("id") or self.path.rpartition("/")[2]
        self.server.runs.setdefault(identifier, {}).update({k: v for k, v in run.items() if v is not None})
        self._answer(b"{}")

    do_POST = do_PATCH = _take

    def do_GET(self) -> None:
        self._answer(b"{}")

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Stay silent."""


@pytest.fixture
def server() -> Iterator[StandIn]:
    with StandIn() as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def client(server: StandIn) -> Client:
    # One request per run and change, so that nothing is on its way when the chain has answered.
    url = f"http://127.0.0.1:{server.server_address[1]}"
    return Client(api_url=url, api_key="test", auto_batch_tracing=False)


@pytest.mark.parametrize("way", CHAIN_WAYS)
def test_a_chain_has_one_run_per_admission(way: str, handbook: Publisher, server: StandIn, client: Client) -> None:
    times, ask = CHAIN_WAYS[way]
    tracer = LangChainTracer(client=client, project_name="test")
    ask(chain(handbook, gate_of(handbook)), {"callbacks": [tracer]})
    tracer.wait_for_futures()
    ours = [run for run in server.runs.values() if run["name"].startswith("headgate")]
    assert [run["name"] for run in ours] == [NAME] * times
    for run in ours:
        assert run["run_type"] == "chain"  # the service knows no guardrails
        assert run["outputs"]["reasons"] == [REASON]
        assert not run.get("error")
        parent = server.runs[run["parent_run_id"]]
        assert parent["name"] == "GatedRetriever"
        assert server.runs[parent["parent_run_id"]]["name"] == "RunnableSequence"
    assert FORGED not in "\n".join(server.bodies)


def test_a_tracer_that_the_surroundings_add_sees_no_more(handbook: Publisher, server: StandIn, client: Client) -> None:
    with tracing_context(enabled=True, client=client, project_name="test"):
        chain(handbook, gate_of(handbook)).invoke(QUESTION)
    client.flush()
    assert [run["name"] for run in server.runs.values()].count(NAME) == 1
    assert FORGED not in "\n".join(server.bodies)


def test_in_audit_mode_everything_is_shown(handbook: Publisher, server: StandIn, client: Client) -> None:
    tracer = LangChainTracer(client=client, project_name="test")
    chain(handbook, gate_of(handbook, mode="audit")).invoke(QUESTION, config={"callbacks": [tracer]})
    tracer.wait_for_futures()
    assert FORGED in "\n".join(server.bodies)


class Querying(Found):
    """A retriever whose database makes spans of its own."""

    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        with PROVIDER.get_tracer("database").start_as_current_span("query"):
            return self.found


def test_spans_that_are_made_of_finished_runs_have_none_beside_them(handbook: Publisher) -> None:
    begin()
    client = Client(api_key="test", tracing_mode="otel", otel_tracer_provider=PROVIDER, info={})
    tracer = LangChainTracer(client=client, project_name="test")
    retriever = guard(Querying(found=documents(handbook)), gate_of(handbook))
    (RunnableLambda(lambda question: question) | retriever).invoke(QUESTION, config={"callbacks": [tracer]})
    tracer.wait_for_futures()
    client.flush()
    assert "query" in [other.name for other in SPANS.get_finished_spans()]
    (span,) = of_gate()
    assert span.name == NAME
    assert ancestors(span) == ["GatedRetriever", "RunnableSequence"]
    assert REASON in str(span.attributes)
    assert FORGED not in str([other.attributes for other in SPANS.get_finished_spans()])
