"""What the gate adds to a call, beside a wrapper that only passes through, and what each way of recording adds."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import opentelemetry.trace
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from llama_index.core.base.base_retriever import BaseRetriever as LlamaRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from opentelemetry.sdk.trace import TracerProvider

from benchmarks import real_text
from benchmarks.measuring import interleaved, ratio
from headgate import Chunk, Gate
from headgate.testing import FixedClock, Publisher
from langchain_headgate import guard
from llama_index.postprocessor.headgate import guard as guard_llama

_DOCUMENTS = 10


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


def main() -> None:
    """Print the tables."""
    clock = FixedClock()
    publisher = Publisher("handbook", "https://handbook.example/**", clock)
    texts = real_text.pieces(_DOCUMENTS)
    chunks = [publisher.seal(text, f"https://handbook.example/{n}") for n, text in enumerate(texts)]
    policy: dict[str, Any] = {"sources": [publisher.source(freshness={"max_age": "90d"})]}
    gate = Gate(policy, clock=clock)
    print(f"{_DOCUMENTS} sealed documents of 4,000 characters from {real_text.NAME}, seen before\n")
    _frameworks(chunks, gate)
    _recording(policy, clock, chunks)


def _frameworks(chunks: list[Chunk], gate: Gate) -> None:
    documents = [Document(page_content=c.text, metadata=dict(c.metadata)) for c in chunks]
    nodes = [
        NodeWithScore(
            node=TextNode(text=c.text, metadata=dict(c.metadata), excluded_llm_metadata_keys=list(c.metadata))
        )
        for c in chunks
    ]
    inner, llama = Fixed(found=documents), LlamaFixed(nodes)
    passing, guarded = Passing(inner=inner), guard(inner, gate)
    tracer: Any = {"callbacks": [BaseCallbackHandler()]}
    _table(
        "LangChain",
        {
            "a wrapper that passes through": lambda: passing.invoke("q"),
            "guard(retriever)": lambda: guarded.invoke("q"),
        },
    )
    _table(
        "LangChain, traced",
        {
            "a wrapper that passes through": lambda: passing.invoke("q", config=tracer),
            "guard(retriever)": lambda: guarded.invoke("q", config=tracer),
        },
    )
    llama_passing, llama_guarded = LlamaPassing(llama), guard_llama(llama, gate)
    _table(
        "LlamaIndex",
        {
            "a wrapper that passes through": lambda: llama_passing.retrieve("q"),
            "guard(retriever)": lambda: llama_guarded.retrieve("q"),
        },
    )


def _recording(policy: dict[str, Any], clock: FixedClock, chunks: list[Chunk]) -> None:
    plain = Gate(policy, clock=clock)
    with tempfile.TemporaryDirectory() as folder:
        logged = Gate({**policy, "log": {"path": os.fspath(Path(folder) / "log.jsonl")}}, clock=clock)
        sunk = Gate(policy, clock=clock, sinks=[lambda admission: None])  # noqa: ARG005 - a sink's signature
        _table(
            "gate.admit",
            {
                "nothing recorded, OpenTelemetry's API loaded": lambda: plain.admit(chunks),
                "with the decision log": lambda: logged.admit(chunks),
                "with a sink in the background": lambda: sunk.admit(chunks),
                "judged and not released": lambda: plain.judge(chunks),
            },
        )
    assert "opentelemetry.trace" in sys.modules
    opentelemetry.trace.set_tracer_provider(TracerProvider())
    _table(
        "gate.admit, OpenTelemetry",
        {
            "judged and not released": lambda: plain.judge(chunks),
            "with the SDK": lambda: plain.admit(chunks),
        },
    )


def _table(title: str, contestants: dict[str, Callable[[], object]]) -> None:
    """Print what each takes, beside the first."""
    spent = interleaved(contestants, rounds=31, calls=50)
    base = spent[next(iter(contestants))]
    for name, one in spent.items():
        print(f"{f'{title}: {name}':<64}{one.median * 1e6:>9,.0f} us{ratio(one, base):>22}")
    print()


if __name__ == "__main__":
    main()
