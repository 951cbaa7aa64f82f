"""Retrievers of one's own with a model: it reads what is admissible, or the gate cannot be put around them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from llama_index.core import Settings, VectorStoreIndex
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.llms.mock import MockLLM
from llama_index.core.retrievers import QueryFusionRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from llamaindex_fixtures import WordHashEmbedding
from pydantic import PrivateAttr

from headgate import AdapterError, Gate
from headgate.testing import Publisher
from llama_index.postprocessor.headgate import SealNodes, guard

GOOD, EVIL = "a good text about leave", "EVIL forged leave"
METADATA = {"source": "https://handbook.example/1", "last_modified": "2026-05-30T00:00:00Z"}


class Model(MockLLM):
    """A model that keeps what it reads."""

    _read: list[str] = PrivateAttr(default_factory=list)

    @property
    def read(self) -> list[str]:
        return self._read

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        self.read.append(prompt)
        return super().complete(prompt, formatted=formatted, **kwargs)


class Finds(BaseRetriever):
    """Finds what it was given."""

    def __init__(self, nodes: list[TextNode]) -> None:
        super().__init__()
        self.nodes = nodes

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [NodeWithScore(node=one, score=0.5) for one in self.nodes]


class Own(BaseRetriever):
    """Shows its model everything it finds."""

    def __init__(self, model: Any, part: Any) -> None:
        super().__init__()
        self._model, self._part = model, part

    def search(self, query: QueryBundle) -> list[NodeWithScore]:
        return search(self._part, query)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        nodes = self.search(query_bundle)
        self._model.complete("Which is best?\n" + "\n".join(one.node.get_content() for one in nodes))
        return nodes


def search(part: Any, query: QueryBundle) -> list[NodeWithScore]:
    """Return what is in a part, however it holds it."""
    if isinstance(part, BaseRetriever):
        return part.retrieve(query)
    if isinstance(part, VectorStoreIndex):
        return part.as_retriever(similarity_top_k=4).retrieve(query)
    if isinstance(part, SimpleDocumentStore):
        return [NodeWithScore(node=one) for one in part.docs.values()]
    if isinstance(part, TextNode):
        return [NodeWithScore(node=part)]
    if isinstance(part, dict):
        part = list(part.values())
    if isinstance(part, (list, tuple)):
        return [node for one in part for node in search(one, query)]
    return search(list(vars(part).values()), query) if isinstance(part, SimpleNamespace) else []


@pytest.fixture
def found(handbook: Publisher) -> list[Any]:
    (good,) = SealNodes(handbook.sealer)([TextNode(text=GOOD, metadata=METADATA)])
    return [good, TextNode(text=EVIL, metadata=METADATA)]


@pytest.fixture
def model() -> Model:
    return Model(max_tokens=20)


def index_of(nodes: list[Any]) -> VectorStoreIndex:
    return VectorStoreIndex(nodes=nodes, embed_model=WordHashEmbedding())


GUARDED: Mapping[str, Callable[[list[Any], Model], Any]] = {
    "a retriever": lambda nodes, model: Own(model, Finds(nodes)),
    "retrievers": lambda nodes, model: Own(model, [Finds(nodes), index_of(nodes).as_retriever(similarity_top_k=4)]),
    "named retrievers": lambda nodes, model: Own(model, {"pages": Finds(nodes), "k": 3}),
    "an index": lambda nodes, model: Own(model, index_of(nodes)),
    "a model deeper down": lambda nodes, model: Own(model, [SimpleNamespace(llm=model), Finds(nodes)]),
}


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("name", GUARDED)
def test_a_model_reads_what_is_admissible(
    name: str, is_async: bool, found: list[Any], model: Model, node_gate: Gate
) -> None:
    retriever = GUARDED[name](found, model)
    gated = guard(retriever, node_gate)
    out = asyncio.run(gated.aretrieve("leave")) if is_async else gated.retrieve("leave")
    assert {one.node.get_content() for one in out} == {GOOD}
    assert GOOD in " ".join(model.read)
    assert "EVIL" not in " ".join(model.read)
    # What was guarded is not changed.
    retriever.retrieve("leave")
    assert "EVIL" in " ".join(model.read)


def docstore(nodes: list[Any]) -> SimpleDocumentStore:
    store = SimpleDocumentStore()
    store.add_documents(nodes)
    return store


def closed_over(nodes: list[Any], model: Any) -> BaseRetriever:
    class Closed(Own):
        def search(self, query: QueryBundle) -> list[NodeWithScore]:
            return search(store, query)

    store = Finds(nodes)
    return Closed(model, None)


class OfTheSettings(Own):
    """Asks the model that everybody has."""

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        nodes = self.search(query_bundle)
        Settings.llm.complete(str(nodes))
        return nodes


def fused(inner: BaseRetriever, model: Any) -> BaseRetriever:
    return QueryFusionRetriever([inner], llm=model, num_queries=1, use_async=False)


REFUSED: Mapping[str, Callable[[list[Any], Model], Any]] = {
    "a docstore": lambda nodes, model: Own(model, docstore(nodes)),
    "nodes": lambda nodes, model: Own(model, nodes),
    "an object with a retriever": lambda nodes, model: Own(model, SimpleNamespace(inner=Finds(nodes))),
    "a function of a retriever": lambda nodes, model: Own(model, Finds(nodes).retrieve),
    "a retriever that its code closes over": closed_over,
    "the model of the settings": lambda nodes, _: OfTheSettings(None, docstore(nodes)),
    "a vector store": lambda nodes, model: Own(model, index_of(nodes).vector_store),
    "one in another": lambda nodes, model: Own(model, Own(model, docstore(nodes))),
    "one in one of the framework's": lambda nodes, model: fused(Own(model, Finds(nodes)), model),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_put_behind_the_gate_is_refused_with_a_way_out(
    name: str, found: list[Any], model: Model, node_gate: Gate
) -> None:
    with pytest.raises(AdapterError, match=r"has a model of its own.*guard\(index, policy\)"):
        guard(REFUSED[name](found, model), node_gate)
    assert model.read == []


def test_guarded_sources_are_the_way_out(found: list[Any], model: Model, node_gate: Gate) -> None:
    part = SimpleNamespace(inner=guard(Finds(found), node_gate))
    for retriever in (Own(model, part), fused(Own(model, guard(Finds(found), node_gate)), model)):
        assert [one.node.get_content() for one in guard(retriever, node_gate).retrieve("leave")] == [GOOD]
    assert "EVIL" not in " ".join(model.read)


def test_the_settings_name_more_than_a_model(found: list[Any], node_gate: Gate) -> None:
    class Embeds(Own):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            return self.search(query_bundle) if Settings.chunk_size else []

    out = guard(Embeds(None, docstore(found)), node_gate).retrieve("leave")
    assert [one.node.get_content() for one in out] == [GOOD]


def test_without_a_model_any_source_will_do(found: list[Any], node_gate: Gate) -> None:
    class Plain(Own):
        def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
            return self.search(query_bundle)

    for part in (Finds(found), docstore(found), found, SimpleNamespace(inner=Finds(found))):
        out = guard(Plain(None, part), node_gate).retrieve("leave")
        assert [one.node.get_content() for one in out] == [GOOD]


def test_a_gate_that_keeps_nothing_out_refuses_nothing(found: list[Any], model: Model) -> None:
    gate = Gate({"mode": "audit", "default": {"provenance": {"require": "declared"}}})
    assert len(guard(Own(model, docstore(found)), gate).retrieve("leave")) == 2
