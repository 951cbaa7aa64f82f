"""The components for Haystack pass the suite that every adapter must pass, alone and in a pipeline."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from haystack import Document, Pipeline, component, default_from_dict, default_to_dict
from haystack.core.serialization import allow_deserialization_module
from haystack.dataclasses import ByteStream
from haystack.tracing.tracer import Span, Tracer, disable_tracing, enable_tracing

from haystack_integrations.components.validators.headgate import (
    GatedRetriever,
    HeadgateValidator,
    SealDocuments,
    decision_record,
    original_text,
)
from haystack_integrations.components.validators.headgate.adapter import HaystackAdapter
from headgate import Gate, Sealer
from headgate.testing import AdapterSuite, Shown

_shelves: dict[int, Any] = {}
_numbers = itertools.count()


@component
class Shelf:
    """Finds what it is told; what it is told is kept by a number, so that it can be written into a file."""

    def __init__(self, number: int, top_k: int | None = None) -> None:
        self.number, self.top_k = number, top_k

    @component.output_types(documents=list[Document])
    def run(self, query: str, top_k: int | None = None) -> Any:
        found, k = _shelves[self.number](), top_k or self.top_k
        return {"documents": found if k is None else found[:k]}

    @component.output_types(documents=list[Document])
    async def run_async(self, query: str, top_k: int | None = None) -> Any:
        return self.run(query, top_k)

    def to_dict(self) -> dict[str, Any]:
        return default_to_dict(self, number=self.number, top_k=self.top_k)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Shelf:
        return default_from_dict(cls, data)


allow_deserialization_module(__name__)


@dataclass
class Kept(Span):
    operation: str
    parent: Span | None
    tags: dict[str, Any] = field(default_factory=dict)

    def set_tag(self, key: str, value: Any) -> None:
        self.tags[key] = value


class Keeping(Tracer):
    """Keeps all spans."""

    def __init__(self) -> None:
        self.spans: list[Kept] = []
        self.open: list[Kept] = []

    @contextlib.contextmanager
    def trace(
        self, operation_name: str, tags: dict[str, Any] | None = None, parent_span: Span | None = None
    ) -> Iterator[Span]:
        span = Kept(operation_name, parent_span or self.current_span(), dict(tags or {}))
        self.spans.append(span)
        self.open.append(span)
        try:
            yield span
        finally:
            self.open.remove(span)

    def current_span(self) -> Span | None:
        return self.open[-1] if self.open else None


@contextlib.contextmanager
def keeping() -> Iterator[Keeping]:
    tracer = Keeping()
    enable_tracing(tracer)
    try:
        yield tracer
    finally:
        disable_tracing()


class DocumentBench(AdapterSuite):
    """How Haystack asks and reads."""

    adapter = HaystackAdapter()

    def make_retriever(self, find: Any) -> Any:
        number = next(_numbers)
        _shelves[number] = find
        return Shelf(number)

    def ask(self, retriever: Any, question: str, k: int | None = None) -> Sequence[Document]:
        found: list[Document] = retriever.run(query=question, top_k=k)["documents"]
        return found

    async def aask(self, retriever: Any, question: str, k: int | None = None) -> Sequence[Document]:
        found: list[Document] = (await retriever.run_async(query=question, top_k=k))["documents"]
        return found

    def shown(self, document: Document) -> Shown:
        return Shown(
            document.content or "",
            f"{document!r}\n{vars(document)!r}\n{document.blob!r}",
            document.meta,
            document.score,
        )

    def traced(self, retriever: Any, question: str) -> Sequence[Mapping[str, Any]]:
        with keeping() as tracer:
            self.ask(retriever, question)
        return [span.tags["headgate.record"] for span in tracer.spans if span.operation == "headgate.admission"]

    def record_of(self, document: Document) -> Mapping[str, object] | None:
        return decision_record(document)

    def original_text(self, document: Document) -> str:
        return original_text(document)

    def seal(self, sealer: Sealer, documents: Sequence[Document]) -> list[Document]:
        found: list[Document] = SealDocuments(sealer).run(documents=list(documents))["documents"]
        return found

    def smuggling(self, document: Document, words: str) -> Mapping[str, Any]:
        marked = replace(document)
        marked.__dict__["note"] = words
        odd: Any = [words]
        return {
            "id": replace(document, id=words),
            "score": replace(document, score=odd),
            "embedding": replace(document, embedding=odd),
            "sparse_embedding": replace(document, sparse_embedding=odd),
            "an attribute": marked,
        }

    def media(self, document: Document, content: bytes) -> Mapping[str, Any]:
        odd: Any = {"data": content}
        return {
            "blob": replace(document, blob=ByteStream(content, mime_type="image/png")),
            "a blob that is none": replace(document, blob=odd),
        }

    def has_media(self, document: Document) -> bool:
        return document.blob is not None


class TestRetrievers(DocumentBench):
    """A retriever under `guard`."""

    def dump(self, guarded: Any) -> Any:
        return guarded.to_dict()

    def load(self, dumped: Any) -> GatedRetriever:
        return GatedRetriever.from_dict(dumped)


class InPipeline:
    """A pipeline that ends with documents, asked as a retriever is."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline
        (self.last,) = pipeline.outputs()

    def run(self, query: str, top_k: int | None = None) -> Any:
        given = {"retriever": {"query": query, "top_k": top_k}}
        return self.pipeline.run(given, include_outputs_from={self.last})[self.last]

    async def run_async(self, query: str, top_k: int | None = None) -> Any:
        given = {"retriever": {"query": query, "top_k": top_k}}
        return (await self.pipeline.run_async(given, include_outputs_from={self.last}))[self.last]


class PipelineBench(DocumentBench):
    def dump(self, guarded: Any) -> Any:
        return guarded.pipeline.to_dict()

    def load(self, dumped: Any) -> InPipeline:
        return InPipeline(Pipeline.from_dict(dumped))


class TestRetrieversInPipelines(PipelineBench):
    """A guarded retriever as a component of a pipeline."""

    def guard(self, retriever: Any, gate: Gate) -> Any:
        if isinstance(retriever, InPipeline):  # a gate behind a gate
            return behind(retriever, gate)
        pipeline = Pipeline()
        pipeline.add_component("retriever", self.adapter.guard(retriever, gate))
        return InPipeline(pipeline)


class TestValidators(PipelineBench):
    """`HeadgateValidator` behind a retriever that knows nothing of a gate."""

    fills_up = False  # it sees only what was retrieved

    def guard(self, retriever: Any, gate: Gate) -> Any:
        if isinstance(retriever, InPipeline):
            return behind(retriever, gate)
        pipeline = Pipeline()
        pipeline.add_component("retriever", retriever)
        pipeline.add_component("gate", HeadgateValidator(gate))
        pipeline.connect("retriever.documents", "gate.documents")
        return InPipeline(pipeline)


def behind(inner: InPipeline, gate: Gate) -> InPipeline:
    pipeline = inner.pipeline
    pipeline.add_component("second", HeadgateValidator(gate))
    pipeline.connect(f"{inner.last}.documents", "second.documents")
    return InPipeline(pipeline)
