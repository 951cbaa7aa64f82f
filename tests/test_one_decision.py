"""One decision, whichever way a document comes: core, LangChain and LlamaIndex, sync and async."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from benchmarks.peps import TODAY, build_index, corpora
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # re-exported
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.schema import MetadataMode, NodeWithScore, TextNode

from headgate import Admission, Chunk, Gate
from headgate.testing import HOSTILE_STRINGS, FixedClock, Publisher, hostile_seals
from langchain_headgate import HeadgateCompressor
from llama_index.postprocessor.headgate import HeadgateAdmissionEvent, HeadgatePostprocessor


def encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def made(handbook: Publisher, prices: Publisher, clock: FixedClock) -> list[Chunk]:
    """A few hundred chunks with every kind of trouble."""
    base = "https://handbook.example/"
    chunks: list[Chunk] = []
    for number in range(60):
        age = timedelta(days=3 * number)
        title: dict[str, object] = {"title": f"K8s page {number}", "source": f"{base}{number}"}
        sealed = handbook.seal(
            f"page {number} about K8s and the war room", f"{base}{number}", title, modified=clock.now - age
        )
        chunks += [
            sealed,
            Chunk(sealed.text + "!", sealed.metadata),
            Chunk(sealed.text, {"source": f"{base}{number}", "last_modified": clock.now.isoformat()}),
        ]
        chunks.append(prices.seal(f"price {number}", f"{base}{number}", modified=clock.now))
        chunks.append(handbook.seal(f"v{number % 5}", f"{base}same", version=number % 5))
    token = str(chunks[0].metadata["headgate_seal"])
    chunks += [Chunk("x", {"headgate_seal": seal}) for seal in hostile_seals(token, handbook.sealer.public).values()]
    chunks += [Chunk(text, {"source": base}) for text in HOSTILE_STRINGS if encodable(text) and len(text) < 5_000]
    return [Chunk(chunk.text, chunk.metadata, f"id-{number}") for number, chunk in enumerate(chunks)]


@pytest.fixture
def gate(handbook: Publisher, prices: Publisher, clock: FixedClock, tmp_path: Path) -> Gate:
    (tmp_path / "terms.yaml").write_text("terms: {Kubernetes: [K8s], incident channel: [war room]}")
    rules: dict[str, Any] = {
        "freshness": {"max_age": "90d", "warn_after": "30d", "supersede": True},
        "terminology": [str(tmp_path / "terms.yaml")],
    }
    return Gate({"sources": [handbook.source(**rules), prices.source()]}, clock=clock)


def outcome(record: Any) -> list[Any]:
    """What was decided, without what differs from call to call."""
    decisions: list[Any] = json.loads(json.dumps(record["decisions"], default=str))
    return decisions


class Record(BaseCallbackHandler):
    data: Any = None

    def on_custom_event(self, name: str, data: Any, **kwargs: Any) -> None:
        self.data = data


class Events(BaseEventHandler):
    seen: list[Any] = []  # noqa: RUF012 - a pydantic field

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:
        if isinstance(event, HeadgateAdmissionEvent):
            self.seen.append(event.record)


def as_documents(chunks: list[Chunk]) -> list[Document]:
    return [Document(page_content=c.text, metadata=dict(c.metadata), id=c.id) for c in chunks]


def as_nodes(chunks: list[Chunk]) -> list[NodeWithScore]:
    """Nodes whose index puts no metadata into the prompt; the gate shows what the policy requires to be covered."""
    nodes = [
        TextNode(text=c.text, id_=str(c.id), metadata=dict(c.metadata), excluded_llm_metadata_keys=list(c.metadata))
        for c in chunks
    ]
    return [NodeWithScore(node=node, score=0.5) for node in nodes]


async def compare(gate: Gate, chunks: list[Chunk]) -> Admission:
    expected = gate.admit(chunks, "question")
    texts = [chunk.text for chunk in expected.chunks]
    assert outcome((await gate.aadmit(chunks, "question")).to_dict()) == outcome(expected.to_dict())
    compressor, record = HeadgateCompressor(policy=gate), Record()
    # What LangChain prints of the metadata is not known, so all of it counts there.
    printing = gate.admit([replace(chunk, prompt_metadata=None) for chunk in chunks], "question")
    found = compressor.compress_documents(as_documents(chunks), "question", callbacks=[record])
    assert [document.page_content for document in found] == texts
    assert outcome(record.data) == outcome(printing.to_dict())
    afound = await compressor.acompress_documents(as_documents(chunks), "question", callbacks=[record])
    assert [document.page_content for document in afound] == texts
    assert outcome(record.data) == outcome(printing.to_dict())
    dispatcher, events = get_dispatcher(), Events(seen=[])
    dispatcher.add_event_handler(events)
    try:
        processor = HeadgatePostprocessor(gate)
        nodes = processor.postprocess_nodes(as_nodes(chunks), query_str="question")
        anodes = await processor.apostprocess_nodes(as_nodes(chunks), query_str="question")
    finally:
        dispatcher.event_handlers.remove(events)
    for released in (nodes, anodes):
        assert [item.node.get_content(metadata_mode=MetadataMode.NONE) for item in released] == texts
    assert [outcome(one) for one in events.seen] == [outcome(expected.to_dict())] * 2
    return expected


async def test_made_documents(gate: Gate, handbook: Publisher, prices: Publisher, clock: FixedClock) -> None:
    chunks = made(handbook, prices, clock)
    expected = await compare(gate, chunks)
    counts = expected.counts()
    assert len(chunks) > 300
    assert {"P101", "P102", "P104", "P105", "P106", "F202", "F205", "F209", "T301"} <= set(counts)
    assert 20 < counts["admit"] < counts["drop"]


@pytest.mark.skipif(corpora() is None, reason="the corpora are absent; HEADGATE_CORPORA names their folder")
async def test_real_documents() -> None:
    folder = corpora()
    assert folder is not None
    index, gate = build_index(folder, limit=8)
    step = max(1, len(index.documents) // 400)
    chunks = [Chunk(d.page_content, d.metadata, d.id) for d in index.documents[::step]]
    expected = await compare(gate, chunks)
    assert expected.now == TODAY
    assert expected.counts()["admit"] > 20
