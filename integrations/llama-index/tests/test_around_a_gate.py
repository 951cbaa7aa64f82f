"""Law 2: whoever asks a gate adds no text to what it lets through, and finds none in it that is not proved."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core import StorageContext
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.chat_engine import CondensePlusContextChatEngine, ContextChatEngine
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.postprocessor import (
    LongContextReorder,
    MetadataReplacementPostProcessor,
    PrevNextNodePostprocessor,
    SimilarityPostprocessor,
)
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import AutoMergingRetriever, QueryFusionRetriever, RecursiveRetriever
from llama_index.core.schema import IndexNode, NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.tools import RetrieverTool
from node_sources import FORGED, Echo, Finds, forged, gate, sealed, shown

from headgate import AdapterError
from llama_index.postprocessor.headgate import GatedRetriever, HeadgatePostprocessor, guard

Q = "How many days of leave?"
WINDOW = MetadataReplacementPostProcessor(target_metadata_key="window")


def docstore() -> SimpleDocumentStore:
    kept = SimpleDocumentStore()
    parent = forged(id_="p", relationships={NodeRelationship.CHILD: [RelatedNodeInfo(node_id="a")]})
    kept.add_documents([child(), forged(id_="b"), parent])
    return kept


def child() -> Any:
    node = sealed("first", id_="a")
    node.relationships[NodeRelationship.NEXT] = RelatedNodeInfo(node_id="b")
    node.relationships[NodeRelationship.PARENT] = RelatedNodeInfo(node_id="p")
    return node


def link() -> Any:
    return sealed("link", IndexNode, index_id="x")


class Around(BaseRetriever):
    """A retriever of one's own over another one."""

    def __init__(self, inner: BaseRetriever, object_map: Any = None, **kept: Any) -> None:
        super().__init__(object_map=object_map)
        self.inner = inner
        vars(self).update(kept)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return self.inner.retrieve(query_bundle)

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await self.inner.aretrieve(query_bundle)


class Merging(AutoMergingRetriever):
    """A subclass."""


ADDING: dict[str, Any] = {
    "merges": lambda inner: AutoMergingRetriever(inner, StorageContext.from_defaults(docstore=docstore())),
    "merges, of a subclass": lambda inner: Merging(inner, StorageContext.from_defaults(docstore=docstore())),
    "resolves links": lambda inner: RecursiveRetriever("r", {"r": inner}, node_dict={"x": forged()}),
    "resolves links to retrievers": lambda inner: RecursiveRetriever("r", {"r": inner, "x": Finds(forged())}),
    "has an object map": lambda inner: Around(inner, {"x": forged()}),
    "has a document store": lambda inner: Around(inner, store=docstore()),
    "has nodes": lambda inner: Around(inner, nodes={"x": forged()}),
}
OVER: dict[str, Any] = {
    "alone": lambda retriever: retriever,
    "in a retriever": Around,
    "in a fusion": lambda retriever: QueryFusionRetriever([retriever], llm=Echo(), num_queries=1, use_async=False),
    "in an engine": lambda retriever: RetrieverQueryEngine.from_args(retriever, llm=Echo()),
}


@pytest.mark.parametrize("over", OVER.values(), ids=OVER.keys())
@pytest.mark.parametrize("adding", ADDING.values(), ids=ADDING.keys())
async def test_a_retriever_that_adds_to_a_guarded_one_is_refused(adding: Any, over: Any) -> None:
    found = (child(), link())
    refused = over(adding(guard(Finds(*found), gate())))
    for ask in (refused.retrieve, refused.aretrieve):
        with pytest.raises(AdapterError, match=r"Guard it instead: guard\("):
            await _resolved(ask(QueryBundle(Q)))
    outside = over(guard(adding(guard(Finds(*found), gate())), gate()))
    assert FORGED not in "".join(shown(outside.retrieve(QueryBundle(Q))))
    audited = over(adding(guard(Finds(*found), gate("audit"))))
    assert audited.retrieve(QueryBundle(Q))


async def _resolved(answer: Any) -> Any:
    return await answer if hasattr(answer, "__await__") else answer


def steps() -> dict[str, Any]:
    class Reorder(LongContextReorder):
        pass

    return {
        "neighbours": PrevNextNodePostprocessor(docstore=docstore(), num_nodes=1),
        "window": WINDOW,
        "of a subclass": Reorder(),
    }


def memory() -> ChatMemoryBuffer:
    return ChatMemoryBuffer.from_defaults(llm=Echo())


ASKING: dict[str, Any] = {
    "engine": lambda retriever, some: RetrieverQueryEngine.from_args(retriever, llm=Echo(), node_postprocessors=some),
    "context": lambda retriever, some: ContextChatEngine.from_defaults(
        retriever=retriever, llm=Echo(), memory=memory(), node_postprocessors=some
    ),
    "condense": lambda retriever, some: CondensePlusContextChatEngine.from_defaults(
        retriever=retriever, llm=Echo(), memory=memory(), node_postprocessors=some
    ),
    "tool": lambda retriever, some: RetrieverTool.from_defaults(retriever, node_postprocessors=some),
}


async def ask(target: Any) -> list[str]:
    if isinstance(target, RetrieverTool):
        return [str(target.call(Q)), str(await target.acall(Q))]
    if hasattr(target, "query"):
        return [str(target.query(Q)), str(await target.aquery(Q))]
    return [str(target.chat(Q)), str(await target.achat(Q))]


@pytest.mark.parametrize("asking", ASKING.values(), ids=ASKING.keys())
@pytest.mark.parametrize("name", ["neighbours", "window", "of a subclass"])
async def test_an_engine_whose_steps_may_add_behind_a_gate_is_refused(name: str, asking: Any) -> None:
    found, step = child(), steps()[name]
    found.metadata["window"] = FORGED
    gated, sort = guard(Finds(found), gate()), LongContextReorder()
    for target in (
        asking(gated, [sort, step]),
        asking(Finds(found), [HeadgatePostprocessor(gate()), step]),
        asking(gated, [step, HeadgatePostprocessor(gate("audit"))]),
    ):
        with pytest.raises(AdapterError, match=r"comes behind the gate.*guard\(engine, policy\)"):
            await ask(target)
    if name != "window":  # a text that was exchanged is not the one that was sealed
        for target in (
            asking(Finds(found), [step, HeadgatePostprocessor(gate())]),
            asking(gated, [step, HeadgatePostprocessor(gate())]),
        ):
            assert all(FORGED not in answer for answer in await ask(target))
    if not isinstance(asking(gated, []), RetrieverTool):
        assert all(FORGED not in answer for answer in await ask(guard(asking(gated, [step]), gate())))


@pytest.mark.parametrize("asking", ASKING.values(), ids=ASKING.keys())
async def test_steps_that_add_nothing_are_welcome_behind_a_gate(asking: Any) -> None:
    some = [SimilarityPostprocessor(), LongContextReorder()]
    for target in (
        asking(guard(Finds(child()), gate()), some),
        asking(Finds(child()), [HeadgatePostprocessor(gate()), *some]),
        asking(GatedRetriever(Finds(child()), gate(), replacing=["window"]), [*some, WINDOW]),
        asking(Finds(child()), [HeadgatePostprocessor(gate(), replacing=["window"]), *some, WINDOW]),
    ):
        assert all("first" in answer for answer in await ask(target))


@pytest.mark.parametrize("is_hidden", [True, False])
def test_words_that_no_seal_covers_leave_the_node_shown_or_hidden(*, is_hidden: bool) -> None:
    def release(mode: str = "enforce", **rules: Any) -> dict[str, Any]:
        node = sealed("first", metadata={"page": "7"})
        node.metadata.update(window=FORGED, original=[FORGED], score=3, flag=True)
        if is_hidden:
            node.excluded_llm_metadata_keys += ["window", "original", "score", "flag"]
        gated = guard(Finds(node), gate(mode, **rules))
        (item,) = gated.retrieve(Q)
        (processed,) = HeadgatePostprocessor(gate(mode, **rules)).postprocess_nodes([NodeWithScore(node=node)])
        assert processed.node.metadata.keys() == item.node.metadata.keys()
        return item.node.metadata

    metadata = release()
    assert "window" not in metadata
    assert "original" not in metadata
    assert (metadata["page"], metadata["score"], metadata["flag"]) == ("7", 3, True)
    assert metadata["source"]
    assert release("audit")["window"] == FORGED
