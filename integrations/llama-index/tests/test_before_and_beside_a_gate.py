"""What shows texts to a model before a gate has seen them, keeps them beside it, or renders itself."""

from __future__ import annotations

from typing import Any

import pytest
from llama_index.core import SummaryIndex, TreeIndex
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.chat_engine import ContextChatEngine
from llama_index.core.embeddings import MockEmbedding
from llama_index.core.memory import ChatMemoryBuffer, SimpleComposableMemory, VectorMemory
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.retrievers import QueryFusionRetriever, RecursiveRetriever
from llama_index.core.schema import NodeWithScore, TextNode
from node_sources import FORGED, Echo, Finds, forged, gate, sealed, shown

from headgate import AdapterError
from headgate.integration.walking import Unfinished, walk
from llama_index.postprocessor.headgate import HeadgatePostprocessor, guard

Q = "How many days of leave?"
# The framework's synchronous calls leave event loops of their own unclosed.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def readers() -> dict[str, Any]:
    nodes = [sealed("genuine"), forged()]
    summary = SummaryIndex(nodes)
    tree = TreeIndex(nodes, num_children=2, llm=Echo(), build_tree=True)
    chooses: Any = summary.as_retriever(retriever_mode="llm", llm=Echo())
    return {
        "summary": chooses,
        "tree": tree.as_retriever(retriever_mode="select_leaf"),
        "within a fusion": QueryFusionRetriever([chooses], llm=Echo(), num_queries=1),
        "within links": RecursiveRetriever("r", {"r": chooses}),
    }


@pytest.mark.parametrize("name", ["summary", "tree", "within a fusion", "within links"])
def test_a_retriever_whose_model_reads_what_is_not_judged_is_refused(name: str) -> None:
    retriever = readers()[name]
    for target in (retriever, RetrieverQueryEngine.from_args(retriever, llm=Echo())):
        with pytest.raises(AdapterError, match=r"before the gate has judged them.*guard\(engine, policy\)"):
            guard(target, gate())
        guard(target, gate("audit"))


def test_an_index_that_chooses_without_a_model_is_guarded() -> None:
    for mode in ("default", "embedding"):
        index = SummaryIndex([sealed("genuine"), forged()])
        retriever = index.as_retriever(retriever_mode=mode, embed_model=MockEmbedding(embed_dim=4))
        assert shown(guard(retriever, gate()).retrieve(Q)) == ["genuine"]


def remembering() -> Any:
    kept = VectorMemory.from_defaults(vector_store=None, embed_model=MockEmbedding(embed_dim=4))
    kept.put(ChatMessage(role="user", content=FORGED))
    return kept


def test_a_memory_that_looks_texts_up_is_refused() -> None:
    buffer = ChatMemoryBuffer.from_defaults(llm=Echo())
    several = SimpleComposableMemory.from_defaults(primary_memory=buffer, secondary_memory_sources=[remembering()])
    for memory in (remembering(), several):
        chat = ContextChatEngine.from_defaults(retriever=Finds(sealed("genuine")), memory=memory, llm=Echo())
        with pytest.raises(AdapterError, match="ChatMemoryBuffer"):
            guard(chat, gate())
    for plain in (buffer, SimpleComposableMemory.from_defaults(primary_memory=buffer)):
        chat = ContextChatEngine.from_defaults(retriever=Finds(sealed("genuine")), memory=plain, llm=Echo())
        assert "genuine" in str(guard(chat, gate()).chat(Q))


class Helper:
    """An object of one's own with a source in it, behind many others."""

    def __init__(self, number: int, depth: int) -> None:
        self.others = [[one] for one in range(number)]
        self.last: Any = Finds(forged())
        for _ in range(depth):
            self.last = [self.last]


class Asking(RetrieverQueryEngine):
    """An engine that asks its helper as well."""

    helper: Any = None


@pytest.mark.parametrize(("number", "depth"), [(10, 1), (30_000, 3), (200_000, 3), (10, 100)])
def test_a_source_is_found_or_missed_aloud_however_much_is_before_it(number: int, depth: int) -> None:
    target: Any = Asking.from_args(Finds(sealed("genuine")), llm=Echo())
    target.helper = Helper(number, depth)
    with pytest.raises(AdapterError, match=r"cannot put behind the gate|too large to be looked through"):
        guard(target, gate())


def test_a_walk_says_where_it_stopped() -> None:
    found = [item for _, item in walk(Helper(200_000, 1), lambda _: False)]
    assert isinstance(found[-1], Unfinished)
    assert f"{found[-1].seen:,} objects" in str(found[-1])
    assert not any(isinstance(item, Unfinished) for _, item in walk(Helper(10, 5), lambda _: False))


def _own(**methods: Any) -> Any:
    return type("Own", (TextNode,), methods)


WAYS: dict[str, Any] = {
    "get_metadata_str": _own(get_metadata_str=lambda self, mode=None: FORGED),
    "get_text": _own(get_text=lambda self: FORGED),
    "get_node_info": _own(get_node_info=lambda self: FORGED),
    "str": _own(__str__=lambda self: FORGED),
    "copy": _own(model_copy=lambda self, **_: forged()),
    "mixed in": type("Own", (type("Mixin", (), {"get_text": lambda self: FORGED}), TextNode), {}),
}


@pytest.mark.parametrize("kind", WAYS.values(), ids=WAYS.keys())
def test_a_class_that_renders_itself_stays_out(kind: Any) -> None:
    fields = {name: value for name, value in sealed("genuine").model_dump().items() if name != "class_name"}
    assert guard(Finds(kind(**fields)), gate()).retrieve(Q) == []
    silent = type("Own", (TextNode,), {"class_name": classmethod(lambda cls: "Own")})
    assert shown(guard(Finds(silent(**fields)), gate()).retrieve(Q)) == ["genuine"]


def test_a_node_that_renders_itself_stays_out() -> None:
    node = sealed("genuine")
    node.__dict__["get_metadata_str"] = lambda mode=None: FORGED
    assert guard(Finds(node), gate()).retrieve(Q) == []


@pytest.mark.parametrize("mode", ["enforce", "audit"])
async def test_a_score_without_a_node_ends_no_chain(mode: str) -> None:
    empty = NodeWithScore.model_construct(node=None, score=1.0)

    class Nothing(Finds):
        # Where the framework looks through what was found, it fails on this itself, with or without a gate.
        def retrieve(self, str_or_query_bundle: Any) -> list[NodeWithScore]:
            return [empty, *super().retrieve(str_or_query_bundle)]

        async def aretrieve(self, str_or_query_bundle: Any) -> list[NodeWithScore]:
            return self.retrieve(str_or_query_bundle)

    retriever = guard(Nothing(sealed("genuine")), gate(mode))
    assert shown(retriever.retrieve(Q)) == shown(await retriever.aretrieve(Q)) == ["genuine"]
    step = HeadgatePostprocessor(gate(mode))
    found = [empty, NodeWithScore(node=sealed("genuine"))]
    assert shown(step.postprocess_nodes(found)) == shown(await step.apostprocess_nodes(found)) == ["genuine"]


def test_a_retriever_that_holds_a_large_corpus_is_guarded() -> None:
    retriever: Any = Finds(sealed("genuine"))
    retriever.corpus = [{"text": [number]} for number in range(120_000)]
    assert shown(guard(retriever, gate()).retrieve(Q)) == ["genuine"]
