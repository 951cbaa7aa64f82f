"""What the gate adds to a call, beside a wrapper that only passes through, and what each way of recording adds."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from llama_index.core.base.base_retriever import BaseRetriever as LlamaRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from headgate import Gate
from headgate.testing import FixedClock, Publisher
from langchain_headgate import guard
from llama_index.postprocessor.headgate import guard as guard_llama

_DOCUMENTS, _CHARS = 10, 4_000


class Fixed(BaseRetriever):
    """Returns what it has."""

    found: list[Document]

    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:  # noqa: ARG002 - the base's name
        return self.found


class Passing(BaseRetriever):
    """Passes on what another returns, in a run of its own."""

    inner: BaseRetriever

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return self.inner.invoke(query, config={"callbacks": run_manager.get_child()})


class LlamaFixed(LlamaRetriever):
    """Returns what it has."""

    def __init__(self, found: list[NodeWithScore]) -> None:
        super().__init__()
        self.found = found

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:  # noqa: ARG002 - the base's name
        return self.found


class LlamaPassing(LlamaRetriever):
    """Passes on what another returns."""

    def __init__(self, inner: LlamaRetriever) -> None:
        super().__init__()
        self.inner = inner

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return self.inner.retrieve(query_bundle)


def _best(action: Callable[[], object], repeats: int = 9, calls: int = 200) -> float:
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        for _ in range(calls):
            action()
        best = min(best, (time.perf_counter() - started) / calls)
    return best


def _row(name: str, seconds: float, base: float) -> None:
    print(f"{name:<44}{seconds * 1e6:>9.0f} us{(seconds - base) * 1e6:>+9.0f} us")


def main() -> None:
    """Print the table."""
    clock = FixedClock()
    publisher = Publisher("handbook", "https://handbook.example/**", clock)
    chunks = [publisher.seal("x" * _CHARS + str(n), f"https://handbook.example/{n}") for n in range(_DOCUMENTS)]
    policy: dict[str, Any] = {"sources": [publisher.source(freshness={"max_age": "90d"})]}
    documents = [Document(page_content=c.text, metadata=dict(c.metadata)) for c in chunks]
    nodes = [
        NodeWithScore(
            node=TextNode(text=c.text, metadata=dict(c.metadata), excluded_llm_metadata_keys=list(c.metadata))
        )
        for c in chunks
    ]
    inner, llama = Fixed(found=documents), LlamaFixed(nodes)
    passing, llama_passing = Passing(inner=inner), LlamaPassing(llama)
    gate = Gate(policy, clock=clock)
    print(f"{_DOCUMENTS} sealed documents of {_CHARS:,} characters, seen before\n")
    base = _best(lambda: passing.invoke("q"))
    _row("LangChain: a wrapper that passes through", base, base)
    guarded = guard(inner, gate)
    _row("LangChain: guard(retriever)", _best(lambda: guarded.invoke("q")), base)
    tracer = {"callbacks": [BaseCallbackHandler()]}
    traced = _best(lambda: passing.invoke("q", config=tracer))  # type: ignore[arg-type]  # a config is a TypedDict
    _row("LangChain, traced: a wrapper", traced, traced)
    _row("LangChain, traced: guard(retriever)", _best(lambda: guarded.invoke("q", config=tracer)), traced)  # type: ignore[arg-type]  # a config is a TypedDict
    llama_base = _best(lambda: llama_passing.retrieve("q"))
    _row("LlamaIndex: a wrapper that passes through", llama_base, llama_base)
    llama_guarded = guard_llama(llama, gate)
    _row("LlamaIndex: guard(retriever)", _best(lambda: llama_guarded.retrieve("q")), llama_base)
    print()
    _recording(policy, clock, chunks)


def _recording(policy: dict[str, Any], clock: FixedClock, chunks: list[Any]) -> None:
    plain = Gate(policy, clock=clock)
    base = _best(lambda: plain.admit(chunks))
    _row("gate.admit, nothing recorded", base, base)
    with tempfile.TemporaryDirectory() as folder:
        logged = Gate({**policy, "log": {"path": os.fspath(Path(folder) / "log.jsonl")}}, clock=clock)
        _row("with the decision log", _best(lambda: logged.admit(chunks)), base)
    sunk = Gate(policy, clock=clock, sinks=[lambda admission: None])  # noqa: ARG005 - a sink's signature
    _row("with a sink in the background", _best(lambda: sunk.admit(chunks)), base)
    import opentelemetry.trace

    assert "opentelemetry.trace" in sys.modules
    _row("with OpenTelemetry's API, no SDK", _best(lambda: plain.admit(chunks)), base)
    from opentelemetry.sdk.trace import TracerProvider

    opentelemetry.trace.set_tracer_provider(TracerProvider())
    _row("with OpenTelemetry's SDK", _best(lambda: plain.admit(chunks)), base)


if __name__ == "__main__":
    main()
