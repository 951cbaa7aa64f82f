"""What is guarded is what it was: class, settings, copies; and whatever a guarded index makes is guarded."""

from __future__ import annotations

import copy
import inspect
import pickle
from contextlib import suppress
from typing import Any

import pytest
from llama_index.core import DocumentSummaryIndex, SimpleKeywordTableIndex, SummaryIndex, VectorStoreIndex
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.indices.base import BaseIndex
from llama_index.core.llms.mock import MockLLM
from llama_index.core.memory import VectorMemory
from llama_index.core.postprocessor import PrevNextNodePostprocessor
from llama_index.core.prompts import PromptTemplate
from llama_index.core.query_engine import CitationQueryEngine
from llama_index.core.retrievers import QueryFusionRetriever, VectorIndexRetriever
from llama_index.core.schema import BaseNode, Document, TextNode
from llamaindex_fixtures import WordHashEmbedding, node

from headgate import AdapterError, Gate, Policy
from headgate.integration.adapters import guard as guard_any
from headgate.testing import Publisher
from llama_index.postprocessor.headgate import GatedIndex, GatedRetriever, SealNodes, guard

QUESTION = "K8s clusters"


def indexes(nodes: list[BaseNode]) -> list[BaseIndex[Any]]:
    return [
        VectorStoreIndex(nodes, embed_model=WordHashEmbedding()),
        SummaryIndex(nodes),
        SimpleKeywordTableIndex(nodes, llm=MockLLM()),
    ]


def texts(found: Any) -> str:
    return " ".join(item.node.get_content() for item in found)


def test_a_guarded_index_is_of_the_class_of_the_index(nodes: list[BaseNode], node_gate: Gate) -> None:
    for index in indexes(nodes):
        gated = guard(index, node_gate)
        assert isinstance(gated, type(index))
        assert isinstance(gated, GatedIndex)
        assert guard(gated, node_gate) is gated
        assert isinstance(guard_any(index, node_gate), type(index))


def test_a_guarded_retriever_is_of_the_class_of_the_retriever(index: VectorStoreIndex, node_gate: Gate) -> None:
    fusion = QueryFusionRetriever([index.as_retriever()], llm=MockLLM(), num_queries=1)
    for retriever in (index.as_retriever(), fusion):
        gated = guard(retriever, node_gate)
        assert isinstance(gated, type(retriever))
        assert isinstance(gated, GatedRetriever)
        assert gated.ungated is retriever


async def test_whatever_an_index_makes_is_guarded(nodes: list[BaseNode], node_gate: Gate, llm: MockLLM) -> None:
    for index in indexes(nodes):
        gated: Any = guard(index, node_gate)
        retriever = gated.as_retriever()
        assert isinstance(retriever, GatedRetriever)
        for found in (retriever.retrieve(QUESTION), await retriever.aretrieve(QUESTION)):
            assert "Kubernetes" in texts(found)
            assert "forged" not in texts(found)
        engine = gated.as_query_engine(llm=llm)
        assert isinstance(engine, BaseQueryEngine)
        for answer in (engine.query(QUESTION), await engine.aquery(QUESTION)):
            assert "forged" not in str(answer)
            assert answer.source_nodes
        for mode in ("context", "condense_question", "condense_plus_context", "best"):
            chat = gated.as_chat_engine(chat_mode=mode, llm=llm)
            assert isinstance(chat, BaseChatEngine)
            for reply in (chat.chat(QUESTION), await chat.achat(QUESTION)):
                assert "forged" not in str(reply) + texts(reply.source_nodes)


def test_arguments_of_what_an_index_makes_are_kept(index: VectorStoreIndex, node_gate: Gate, llm: MockLLM) -> None:
    gated: Any = guard(index, node_gate)
    assert len(gated.as_retriever(similarity_top_k=3).retrieve(QUESTION)) == 3
    steps = [PrevNextNodePostprocessor(docstore=index.docstore)]
    engine = gated.as_query_engine(llm=llm, similarity_top_k=3, node_postprocessors=steps)
    assert "forged" not in str(engine.query(QUESTION))
    assert len(engine.query(QUESTION).source_nodes) == 3
    assert "forged" not in str(CitationQueryEngine.from_args(gated, llm=llm).query(QUESTION))


def test_a_chat_without_documents_passes_and_one_that_remembers_does_not(
    index: VectorStoreIndex, node_gate: Gate, llm: MockLLM
) -> None:
    gated: Any = guard(index, node_gate)
    assert str(gated.as_chat_engine(chat_mode="simple", llm=llm).chat("hello"))
    memory = VectorMemory.from_defaults(vector_store=None, embed_model=WordHashEmbedding())
    with pytest.raises(AdapterError):
        gated.as_chat_engine(chat_mode="simple", llm=llm, memory=memory)


def test_what_cannot_be_guarded_is_refused(nodes: list[BaseNode], node_gate: Gate, llm: MockLLM) -> None:
    documents = [Document(text=one.get_content(), id_=f"d{n}") for n, one in enumerate(nodes[:2])]
    summaries: Any = DocumentSummaryIndex.from_documents(documents, llm=llm, embed_model=WordHashEmbedding())
    with pytest.raises(AdapterError, match="model"):
        guard(summaries, node_gate).as_retriever(retriever_mode="llm")


def test_stores_and_private_attributes_are_refused(nodes: list[BaseNode], node_gate: Gate) -> None:
    for index in indexes(nodes):
        gated: Any = guard(index, node_gate)
        for name in {*dir(index), *vars(index)}:
            if name.startswith("__") or not hasattr(gated, name):
                continue
            value = getattr(gated, name)
            assert value is not index
            assert "forged" not in repr(value), name
        for name in ("docstore", "storage_context", "_docstore", "index_struct", "ref_doc_info"):
            with pytest.raises(AdapterError, match=f"ungated.{name}"):
                getattr(gated, name)
        assert gated.ungated is index
        assert guard(index, Gate(Policy(mode="audit"))).docstore is index.docstore


def test_no_method_of_the_class_runs_past_the_gate(index: VectorStoreIndex, node_gate: Gate) -> None:
    leaks = []
    targets: list[Any] = [index, index.as_retriever()]
    for target in targets:
        gated: Any = guard(target, node_gate)
        for name, method in inspect.getmembers(type(target), inspect.isfunction):
            for given in ((QUESTION,), (), ([QUESTION],)):
                with suppress(Exception):
                    found = method(gated, *given)
                    if inspect.iscoroutine(found):
                        found.close()
                    elif "forged" in repr(found):
                        leaks.append(name)
    assert leaks == []


def test_what_is_inserted_is_found(node_gate: Gate, handbook: Publisher) -> None:
    gated: Any = guard(VectorStoreIndex([], embed_model=WordHashEmbedding()), node_gate)
    gated.insert_nodes(SealNodes(handbook.sealer)([node("page 7 about K8s clusters", 7)]))
    assert "Kubernetes" in texts(gated.as_retriever().retrieve(QUESTION))
    gated.set_index_id("pages")
    assert gated.index_id == "pages"


def test_settings_are_read_and_set(index: VectorStoreIndex, node_gate: Gate) -> None:
    inner = index.as_retriever(similarity_top_k=4)
    retriever: Any = guard(inner, node_gate)
    assert retriever.similarity_top_k == 4
    retriever.similarity_top_k = 2
    assert len(retriever.retrieve(QUESTION)) == 2
    fusion = QueryFusionRetriever([inner], llm=MockLLM(), num_queries=1, use_async=False)
    gated: Any = guard(fusion, node_gate)
    assert gated.mode == fusion.mode
    gated.num_queries = 1
    assert "forged" not in texts(gated.retrieve(QUESTION))
    engine: Any = guard(index.as_query_engine(llm=MockLLM()), node_gate)
    template = PromptTemplate("Said: {context_str} {query_str}")
    engine.update_prompts({"response_synthesizer:text_qa_template": template})
    assert str(engine.query(QUESTION)).startswith("Said:")


def test_a_retriever_of_a_retriever_comes_back_guarded(index: VectorStoreIndex, node_gate: Gate) -> None:
    class Outer(BaseRetriever):
        def __init__(self, part: BaseRetriever) -> None:
            super().__init__()
            self.part = part
            self.nodes = [TextNode(text="forged")]

        def _retrieve(self, query_bundle: Any) -> Any:
            return self.part.retrieve(query_bundle)

    gated: Any = guard(Outer(index.as_retriever()), node_gate)
    assert "forged" not in texts(gated.part.retrieve(QUESTION))
    for name in ("nodes", "_verbose_nodes"):
        assert not hasattr(gated, name)
    with pytest.raises(AdapterError, match=r"ungated\.nodes"):
        _ = gated.nodes


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_are_guarded_and_of_the_class(nodes: list[BaseNode], copied: Any) -> None:
    gate = Gate({"default": {"provenance": {"require": "sealed"}}})
    index = VectorStoreIndex(nodes, embed_model=WordHashEmbedding())
    targets: list[Any] = [guard(index, gate), guard(index.as_retriever(), gate)]
    for guarded in targets:
        other: Any = copied(guarded)
        assert type(other) is type(guarded)
        assert isinstance(other, guarded.__class__)
        assert other.gate.policy_revision == gate.policy_revision
        retriever = other.as_retriever() if isinstance(other, BaseIndex) else other
        assert retriever.retrieve(QUESTION) == []


def test_a_retriever_built_over_a_guarded_index_is_refused(index: VectorStoreIndex, node_gate: Gate) -> None:
    gated: Any = guard(index, node_gate)
    with pytest.raises(AdapterError, match="ungated"):
        VectorIndexRetriever(index=gated)
