"""Every place where the line can be added, in the real framework."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core import StorageContext, SummaryIndex, VectorStoreIndex
from llama_index.core.agent.workflow import FunctionAgent
from llama_index.core.base.base_selector import BaseSelector, SelectorResult, SingleSelection
from llama_index.core.base.llms.types import ChatMessage, MessageRole, ToolCallBlock
from llama_index.core.chat_engine import CondensePlusContextChatEngine, CondenseQuestionChatEngine, ContextChatEngine
from llama_index.core.chat_engine.simple import SimpleChatEngine
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.llms.mock import MockFunctionCallingLLM, MockLLM
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.node_parser import HierarchicalNodeParser, get_leaf_nodes
from llama_index.core.query_engine import (
    CitationQueryEngine,
    RetrieverQueryEngine,
    RouterQueryEngine,
    SubQuestionQueryEngine,
    TransformQueryEngine,
)
from llama_index.core.question_gen.types import SubQuestion
from llama_index.core.retrievers import (
    AutoMergingRetriever,
    BaseRetriever,
    QueryFusionRetriever,
    RecursiveRetriever,
    RouterRetriever,
)
from llama_index.core.retrievers.fusion_retriever import FUSION_MODES
from llama_index.core.schema import BaseNode, Document, IndexNode, MetadataMode, NodeWithScore, QueryBundle, TextNode
from llama_index.core.tools import QueryEngineTool, RetrieverTool
from llama_index.core.workflow import Context, StartEvent, StopEvent, Workflow, step
from llama_index.retrievers.bm25 import BM25Retriever
from llamaindex_fixtures import WordHashEmbedding

import headgate
from headgate import AdapterError, Gate, HeadgateError
from headgate.testing import Publisher
from llama_index.postprocessor.headgate import (
    GatedRetriever,
    HeadgatePostprocessor,
    SealNodes,
    guard,
    original_citation,
)

QUESTION = "K8s clusters"


def clean(text: str) -> bool:
    return "forged" not in text and "K8s" not in text.replace(QUESTION, "") and "Kubernetes" in text


def texts(items: list[NodeWithScore]) -> list[str]:
    return [item.node.get_content(metadata_mode=MetadataMode.LLM) for item in items]


def test_a_retriever_returns_k_admissible_nodes(index: VectorStoreIndex, node_gate: Gate) -> None:
    inner = index.as_retriever(similarity_top_k=5)
    assert any("forged" in text for text in texts(inner.retrieve(QUESTION)))
    gated = guard(inner, node_gate)
    assert isinstance(gated, GatedRetriever)
    found = gated.retrieve(QUESTION)
    assert len(found) == 5
    assert all(clean(text) for text in texts(found))
    assert getattr(inner, "similarity_top_k") == 5  # noqa: B009 - VectorIndexRetriever's own
    assert isinstance(headgate.guard(inner, node_gate), GatedRetriever)


async def test_async_retrieval_decides_alike(index: VectorStoreIndex, node_gate: Gate) -> None:
    gated = guard(index.as_retriever(similarity_top_k=5), node_gate)
    assert texts(await gated.aretrieve(QUESTION)) == texts(gated.retrieve(QUESTION))


def test_k_can_be_given_and_none_is_none(index: VectorStoreIndex, node_gate: Gate) -> None:
    inner = index.as_retriever(similarity_top_k=5)
    assert len(GatedRetriever(inner, node_gate, k=7).retrieve(QUESTION)) == 7
    assert GatedRetriever(inner, node_gate, k=0).retrieve(QUESTION) == []
    assert len(GatedRetriever(inner, node_gate, k=100).retrieve(QUESTION)) == 12


def test_k_is_read_and_set_as_on_the_frameworks_own_retrievers(index: VectorStoreIndex, node_gate: Gate) -> None:
    inner: Any = index.as_retriever(similarity_top_k=5)
    gated: Any = guard(inner, node_gate)
    assert gated.similarity_top_k == 5
    gated.similarity_top_k = 2
    assert len(gated.retrieve(QUESTION)) == 2
    assert inner.similarity_top_k == 5
    assert len(guard(guard(inner, node_gate), node_gate).retrieve(QUESTION)) == 5


def test_bm25(nodes: list[BaseNode], node_gate: Gate) -> None:
    inner = BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=4)
    found = guard(inner, node_gate).retrieve(QUESTION)
    assert len(found) == 4
    assert all(clean(text) for text in texts(found))


def test_as_query_engine_with_a_postprocessor(index: VectorStoreIndex, node_gate: Gate, llm: MockLLM) -> None:
    engine = index.as_query_engine(llm=llm, similarity_top_k=24, node_postprocessors=[HeadgatePostprocessor(node_gate)])
    assert clean(str(engine.query(QUESTION)))


async def test_a_query_engine_guarded(index: VectorStoreIndex, node_gate: Gate, llm: MockLLM) -> None:
    engine = index.as_query_engine(llm=llm, similarity_top_k=3)
    assert "forged" in str(engine.query(QUESTION))
    gated = guard(engine, node_gate)
    response = gated.query(QUESTION)
    assert clean(str(response))
    assert len(response.source_nodes) == 3
    assert clean(str(await gated.aquery(QUESTION)))
    assert "forged" in str(engine.query(QUESTION))


def test_retriever_query_engine_over_a_gated_retriever(index: VectorStoreIndex, node_gate: Gate, llm: MockLLM) -> None:
    engine = RetrieverQueryEngine.from_args(guard(index.as_retriever(), node_gate), llm=llm)
    assert clean(str(engine.query(QUESTION)))


def test_citations_point_at_what_was_admitted(index: VectorStoreIndex, node_gate: Gate, llm: MockLLM) -> None:
    engine = CitationQueryEngine.from_args(index, llm=llm, similarity_top_k=3, citation_chunk_size=64)
    response = guard(engine, node_gate).query(QUESTION)
    assert len(response.source_nodes) == 3
    for number, item in enumerate(response.source_nodes, start=1):
        assert f"Source {number}:" in item.node.get_content(metadata_mode=MetadataMode.NONE)
        assert str(item.node.metadata["source"]).startswith("https://handbook.example/")
    assert "forged" not in str(response)


def test_citations_of_an_engine_lead_to_the_words_of_the_original(
    handbook: Publisher, node_gate: Gate, llm: MockLLM
) -> None:
    text = "Clusters of K8s are upgraded on Sundays. Each K8s cluster has an owner. Nobody else may upgrade it."
    page = handbook.seal(text, "https://handbook.example/clusters")
    index = VectorStoreIndex([TextNode(text=text, metadata=dict(page.metadata))], embed_model=WordHashEmbedding())
    engine = CitationQueryEngine.from_args(index, llm=llm, citation_chunk_size=16, citation_chunk_overlap=0)
    nodes = guard(engine, node_gate).query(QUESTION).source_nodes
    assert len(nodes) > 1
    found = [original_citation(node) for node in nodes]
    for node, citation in zip(nodes, found, strict=True):
        assert "K8s" not in node.text
        assert citation is not None
        assert citation.text == text[citation.start : citation.end]
        assert citation.uri == "https://handbook.example/clusters"
    assert " ".join(one.text for one in found if one is not None) == text
    quoted = original_citation(nodes[0], "Kubernetes are\n upgraded")
    assert quoted is not None
    assert quoted.text == "K8s are upgraded"
    assert original_citation(nodes[0], "has an owner") is None  # another part's words
    assert original_citation(TextNode(text="nothing of the kind")) is None


def test_a_router_has_all_its_engines_guarded(index: VectorStoreIndex, node_gate: Gate, llm: MockLLM) -> None:
    tool = QueryEngineTool.from_defaults(index.as_query_engine(llm=llm), description="pages")
    router = RouterQueryEngine.from_defaults([tool], llm=llm, selector=_First())
    assert "forged" in str(router.query(QUESTION))
    assert clean(str(guard(router, node_gate).query(QUESTION)))


def test_a_transforming_engine_is_guarded_inside(index: VectorStoreIndex, node_gate: Gate, llm: MockLLM) -> None:
    from llama_index.core.indices.query.query_transform.base import IdentityQueryTransform

    engine = TransformQueryEngine(index.as_query_engine(llm=llm), IdentityQueryTransform())
    assert clean(str(guard(engine, node_gate).query(QUESTION)))


def test_sub_questions_are_guarded_each(index: VectorStoreIndex, node_gate: Gate, llm: MockLLM) -> None:
    class Generator:
        def generate(self, tools: Any, query: Any) -> list[SubQuestion]:
            return [SubQuestion(sub_question=QUESTION, tool_name=tools[0].name)]

        def __getattr__(self, name: str) -> Any:
            return lambda *args, **kwargs: {}

    tool = QueryEngineTool.from_defaults(index.as_query_engine(llm=llm), name="pages", description="pages")
    generator: Any = Generator()
    engine = SubQuestionQueryEngine.from_defaults(
        [tool], llm=llm, question_gen=generator, use_async=False, verbose=False
    )
    assert "forged" not in str(guard(engine, node_gate).query(QUESTION))


@pytest.mark.parametrize("outside", [True, False])
def test_fusion_inside_and_outside(
    index: VectorStoreIndex, nodes: list[BaseNode], node_gate: Gate, llm: MockLLM, *, outside: bool
) -> None:
    parts: list[BaseRetriever] = [
        index.as_retriever(similarity_top_k=24 if outside else 6),
        BM25Retriever.from_defaults(nodes=nodes, similarity_top_k=24 if outside else 6),
    ]
    if not outside:
        parts = [guard(part, node_gate) for part in parts]
    fusion: BaseRetriever = QueryFusionRetriever(
        parts, llm=llm, num_queries=1, similarity_top_k=6, use_async=False, mode=FUSION_MODES.RECIPROCAL_RANK
    )
    found = (guard(fusion, node_gate) if outside else fusion).retrieve(QUESTION)
    assert found
    assert all(clean(text) for text in texts(found))


def test_a_router_of_retrievers(index: VectorStoreIndex, node_gate: Gate, llm: MockLLM) -> None:
    tool = RetrieverTool.from_defaults(index.as_retriever(), description="pages")
    router = RouterRetriever(selector=_First(), retriever_tools=[tool], llm=llm)
    found = guard(router, node_gate).retrieve(QUESTION)
    assert all(clean(text) for text in texts(found))


def test_recursive_retrieval_is_gated_behind_the_last_step(
    index: VectorStoreIndex, nodes: list[BaseNode], node_gate: Gate
) -> None:
    summary = IndexNode(text=QUESTION, index_id="pages")
    top = VectorStoreIndex(nodes=[summary], embed_model=WordHashEmbedding()).as_retriever()
    recursive = RecursiveRetriever("top", {"top": top, "pages": index.as_retriever(similarity_top_k=12)})
    assert any("forged" in text for text in texts(recursive.retrieve(QUESTION)))
    found = guard(recursive, node_gate).retrieve(QUESTION)
    assert all(clean(text) for text in texts(found))


def test_merging_goes_outside_the_gate_only_with_sealed_parents(handbook: Publisher, node_gate: Gate) -> None:
    document = Document(
        text="K8s clusters are described here. " * 80,
        metadata={"source": "https://handbook.example/long", "last_modified": "2026-05-30T00:00:00Z"},
        excluded_llm_metadata_keys=["source", "last_modified"],
    )
    parsed = HierarchicalNodeParser.from_defaults(chunk_sizes=[256, 64]).get_nodes_from_documents([document])
    sealed = SealNodes(handbook.sealer)(parsed)
    storage = StorageContext.from_defaults()
    storage.docstore.add_documents(sealed)
    leaves = VectorStoreIndex(nodes=get_leaf_nodes(sealed), storage_context=storage, embed_model=WordHashEmbedding())
    base: Any = leaves.as_retriever(similarity_top_k=12)
    merging = AutoMergingRetriever(base, storage)
    found = guard(merging, node_gate).retrieve(QUESTION)
    assert found
    assert all(clean(text) for text in texts(found))


@pytest.mark.parametrize("kind", [ContextChatEngine, CondensePlusContextChatEngine])
def test_chat_engines_over_a_retriever(
    kind: type[BaseChatEngine], index: VectorStoreIndex, node_gate: Gate, llm: MockLLM
) -> None:
    engine = kind.from_defaults(  # type: ignore[attr-defined]
        retriever=index.as_retriever(similarity_top_k=3), llm=llm, memory=ChatMemoryBuffer.from_defaults(llm=llm)
    )
    response = guard(engine, node_gate).chat(QUESTION)
    assert len(response.source_nodes) == 3
    assert all(clean(text) for text in texts(response.source_nodes))


def test_a_chat_engine_over_a_query_engine(index: VectorStoreIndex, node_gate: Gate, llm: MockLLM) -> None:
    engine = CondenseQuestionChatEngine.from_defaults(
        query_engine=index.as_query_engine(llm=llm), llm=llm, memory=ChatMemoryBuffer.from_defaults(llm=llm)
    )
    assert "forged" not in str(guard(engine, node_gate).chat(QUESTION))


async def test_an_agent_with_a_query_tool(index: VectorStoreIndex, node_gate: Gate, llm: MockLLM) -> None:
    calls: list[str] = []

    def reply(messages: Any, tools: Any = None, **kwargs: Any) -> ChatMessage:
        if messages[-1].role == MessageRole.TOOL:
            calls.append(str(messages[-1].content))
            return ChatMessage(role=MessageRole.ASSISTANT, content="done")
        block = ToolCallBlock(tool_call_id="1", tool_name="pages", tool_kwargs={"input": QUESTION})
        return ChatMessage(role=MessageRole.ASSISTANT, blocks=[block])

    engine = guard(index.as_query_engine(llm=llm), node_gate)
    tool = QueryEngineTool.from_defaults(engine, name="pages", description="pages")
    agent = FunctionAgent(tools=[tool], llm=MockFunctionCallingLLM(response_generator=reply), streaming=False)
    await agent.run("find it", memory=ChatMemoryBuffer.from_defaults(llm=llm))
    assert calls
    assert clean(calls[0])


async def test_a_workflow_step(index: VectorStoreIndex, node_gate: Gate) -> None:
    retriever = guard(index.as_retriever(similarity_top_k=3), node_gate)

    class Pages(Workflow):
        @step
        async def look(self, context: Context, event: StartEvent) -> StopEvent:
            return StopEvent(result=texts(await retriever.aretrieve(event.query)))

    found: Any = await Pages().run(query=QUESTION)
    assert len(found) == 3
    assert all(clean(text) for text in found)


def test_where_one_line_is_impossible_the_error_gives_another(llm: MockLLM, node_gate: Gate) -> None:
    with pytest.raises(AdapterError, match="HeadgatePostprocessor"):
        guard(SimpleChatEngine.from_defaults(llm=llm, memory=ChatMemoryBuffer.from_defaults(llm=llm)), node_gate)
    with pytest.raises(AdapterError, match="not an index, retriever"):
        guard(object(), node_gate)


class _Odd(BaseRetriever):
    def __init__(self, found: Any) -> None:
        super().__init__()
        self.found = found

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found  # type: ignore[no-any-return]


def test_inner_retrievers_that_misbehave(node_gate: Gate, nodes: list[BaseNode]) -> None:
    with pytest.raises(RuntimeError, match="theirs"):
        guard(_Odd(RuntimeError("theirs")), node_gate).retrieve("q")
    one = NodeWithScore(node=nodes[0], score=None)
    assert len(guard(_Odd([one, one]), node_gate).retrieve("q")) == 1  # the framework removes duplicates
    assert len(HeadgatePostprocessor(node_gate).postprocess_nodes([one, one])) == 2
    with pytest.raises((HeadgateError, AttributeError, TypeError)):
        guard(_Odd("text"), node_gate).retrieve("q")


class _First(BaseSelector):
    """A selector that takes the first choice, for lack of a model."""

    def _select(self, choices: Any, query: Any) -> SelectorResult:
        return SelectorResult(selections=[SingleSelection(index=0, reason="first")])

    async def _aselect(self, choices: Any, query: Any) -> SelectorResult:
        return self._select(choices, query)

    def _get_prompts(self) -> dict[str, Any]:
        return {}

    def _update_prompts(self, prompts: Any) -> None: ...


def test_a_summary_index_returns_everything_and_is_gated(nodes: list[BaseNode], node_gate: Gate) -> None:
    found = guard(SummaryIndex(nodes=nodes).as_retriever(), node_gate).retrieve(QUESTION)
    assert len(found) == 12
    assert isinstance(found[0].node, TextNode)
