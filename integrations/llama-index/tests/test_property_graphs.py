"""A property graph behind the gate, whose retriever leaves out what its base class sets; and others that do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from llama_index.core import PropertyGraphIndex, Settings
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.callbacks import CallbackManager
from llama_index.core.graph_stores.types import KG_NODES_KEY, KG_RELATIONS_KEY, EntityNode, Relation
from llama_index.core.indices.property_graph import BasePGRetriever, CustomPGRetriever
from llama_index.core.llms.mock import MockLLM
from llama_index.core.postprocessor import SimilarityPostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.schema import BaseNode, NodeWithScore, QueryBundle, TransformComponent
from llamaindex_fixtures import WordHashEmbedding
from node_sources import FORGED, forged, gate, sealed

from headgate import Gate
from llama_index.postprocessor.headgate import guard

QUESTION = "badges"


class Facts(TransformComponent):
    """Finds in every node that a badge opens a door."""

    def __call__(self, nodes: Sequence[BaseNode], **kwargs: Any) -> Sequence[BaseNode]:
        for node in nodes:
            node.metadata[KG_NODES_KEY] = [EntityNode(name="badge"), EntityNode(name="door")]
            node.metadata[KG_RELATIONS_KEY] = [Relation(label="opens", source_id="badge", target_id="door")]
        return nodes


class Sources(CustomPGRetriever):
    """Finds the nodes of a graph as they were stored."""

    def init(self, **kwargs: Any) -> None:
        pass

    def custom_retrieve(self, query_str: str) -> list[NodeWithScore]:
        stored = self.graph_store.get_llama_nodes(["sealed", "forged"])
        return [NodeWithScore(node=node, score=1.0) for node in stored]


class Bare(BaseRetriever):
    """A retriever that leaves out its base's constructor."""

    def __init__(self, *found: BaseNode) -> None:
        self.found = found

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [NodeWithScore(node=node, score=1.0) for node in self.found]


@pytest.fixture
def graph() -> PropertyGraphIndex:
    nodes = [sealed("A badge opens the door.", id_="sealed"), forged(id_="forged")]
    return PropertyGraphIndex(
        nodes=nodes, kg_extractors=[Facts()], llm=MockLLM(), embed_model=WordHashEmbedding(), embed_kg_nodes=True
    )


def texts(found: Sequence[NodeWithScore]) -> list[str]:
    return [one.node.get_content() for one in found]


async def test_its_retriever_finds_what_it_found_where_nothing_is_kept_out(graph: PropertyGraphIndex) -> None:
    plain = graph.as_retriever()
    found = texts(plain.retrieve(QUESTION))
    assert found
    for watched in (guard(plain, gate("audit")), guard(graph, gate("audit")).as_retriever()):
        assert isinstance(watched, type(plain))
        assert texts(watched.retrieve(QUESTION)) == texts(await watched.aretrieve(QUESTION)) == found


async def test_what_it_makes_of_texts_has_no_seal(graph: PropertyGraphIndex) -> None:
    retriever = guard(graph, gate()).as_retriever()
    assert texts(retriever.retrieve(QUESTION)) == texts(await retriever.aretrieve(QUESTION)) == []


async def test_sources_that_it_finds_are_judged(graph: PropertyGraphIndex) -> None:
    sources: list[BasePGRetriever] = [Sources(graph.property_graph_store)]
    plain = graph.as_retriever(sub_retrievers=sources)
    assert FORGED in texts(plain.retrieve(QUESTION))
    for guarded in (guard(plain, gate()), guard(graph, gate()).as_retriever(sub_retrievers=sources)):
        for found in (guarded.retrieve(QUESTION), await guarded.aretrieve(QUESTION)):
            assert texts(found) == ["A badge opens the door."]


async def test_its_engines_are_guarded(graph: PropertyGraphIndex) -> None:
    sources: list[BasePGRetriever] = [Sources(graph.property_graph_store)]
    made: Any = guard(graph, gate())
    whole = guard(graph.as_query_engine(sub_retrievers=sources, llm=MockLLM()), gate())
    for engine in (whole, made.as_query_engine(sub_retrievers=sources, llm=MockLLM())):
        for answer in (engine.query(QUESTION), await engine.aquery(QUESTION)):
            assert texts(answer.source_nodes) == ["A badge opens the door."]
            assert FORGED not in str(answer)
    chat = made.as_chat_engine(chat_mode="context", sub_retrievers=sources, llm=MockLLM())
    assert FORGED not in str(chat.chat(QUESTION))


@pytest.mark.parametrize("judge", [gate(), gate("audit")], ids=["enforce", "audit"])
def test_a_retriever_without_its_bases_constructor_tells_what_the_settings_name(
    judge: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    callbacks = CallbackManager()
    monkeypatch.setattr(Settings, "callback_manager", callbacks)
    guarded = guard(Bare(sealed("text"), forged()), judge)
    assert guarded.callback_manager is callbacks
    assert texts(guarded.retrieve(QUESTION)) == (["text"] if judge.keeps_out else ["text", FORGED])


def test_a_step_that_has_lost_its_callbacks_is_guarded() -> None:
    step = SimilarityPostprocessor(similarity_cutoff=0.5)
    del step.__dict__["callback_manager"]
    engine = RetrieverQueryEngine(
        Bare(sealed("text"), forged()), get_response_synthesizer(llm=MockLLM()), node_postprocessors=[step]
    )
    guarded = guard(engine, gate())
    assert texts(guarded.query(QUESTION).source_nodes) == ["text"]
