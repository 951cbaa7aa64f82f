"""Law 2: what the framework, a postprocessor, a store or a nested object adds after the gate is judged, or refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from llama_index.core import StorageContext, SummaryIndex
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.chat_engine import CondensePlusContextChatEngine, CondenseQuestionChatEngine, ContextChatEngine
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.postprocessor import (
    AutoPrevNextNodePostprocessor,
    LongContextReorder,
    MetadataReplacementPostProcessor,
    PrevNextNodePostprocessor,
    SimilarityPostprocessor,
)
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.query_engine import (
    CitationQueryEngine,
    CustomQueryEngine,
    RetrieverQueryEngine,
    RetrieverRouterQueryEngine,
    TransformQueryEngine,
)
from llama_index.core.retrievers import AutoMergingRetriever, QueryFusionRetriever, RecursiveRetriever
from llama_index.core.schema import (
    BaseNode,
    IndexNode,
    MetadataMode,
    NodeRelationship,
    NodeWithScore,
    QueryBundle,
    RelatedNodeInfo,
    TextNode,
)
from llama_index.core.storage.docstore import SimpleDocumentStore
from llama_index.core.tools import RetrieverTool
from llama_index.core.vector_stores.utils import metadata_dict_to_node, node_to_metadata_dict
from node_sources import FORGED, HANDBOOK, PAGE, Echo, Finds, engine, forged, gate, sealed, shown

from headgate import AdapterError
from headgate.testing import prove
from llama_index.postprocessor.headgate import GatedRetriever, HeadgatePostprocessor, guard
from llama_index.postprocessor.headgate.steps import GuardedStep

Q = "How many days of leave?"


def restored(node: IndexNode) -> Any:
    """A node as a vector store gives it back."""
    return metadata_dict_to_node(json.loads(json.dumps(node_to_metadata_dict(node))))


def nested(depth: int, last: Any) -> IndexNode:
    """Sealed index nodes that lead to each other, and the innermost to `last`."""
    node: IndexNode = sealed(f"level {depth}", IndexNode, index_id=f"i{depth}", id_=f"i{depth}")
    node.obj = last if depth == 0 else nested(depth - 1, last)
    return node


@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize(
    "last",
    [
        forged(),
        forged().model_dump(),
        NodeWithScore(node=forged(), score=1.0),
        Finds(forged()),
        engine(forged()),
    ],
    ids=["node", "json", "scored", "retriever", "engine"],
)
async def test_what_an_index_node_leads_to_is_judged(depth: int, last: Any) -> None:
    for found in (nested(depth, last), IndexNode(text="any", index_id="x", obj=nested(depth, last))):
        retriever = guard(Finds(found), gate())
        for items in (_or_empty(retriever), await _aor_empty(retriever)):
            assert FORGED not in "".join(shown(items))
            assert all(getattr(item.node, "obj", None) is None for item in items)


def _or_empty(retriever: BaseRetriever) -> list[NodeWithScore]:
    try:
        return retriever.retrieve(Q)
    except ValueError:  # the framework's own refusal of what is not retrievable
        return []


async def _aor_empty(retriever: BaseRetriever) -> list[NodeWithScore]:
    try:
        return await retriever.aretrieve(Q)
    except ValueError:
        return []


@pytest.mark.parametrize("depth", [0, 1])
async def test_what_a_vector_store_restores_an_index_node_to_is_judged(depth: int) -> None:
    found = restored(IndexNode(text="any", index_id="x", obj=nested(depth, forged())))
    assert found.obj is not None
    retriever = guard(Finds(found), gate())
    assert FORGED not in "".join(shown(retriever.retrieve(Q)))
    assert FORGED not in "".join(shown(await retriever.aretrieve(Q)))


def test_a_retriever_further_out_finds_nothing_in_a_released_index_node() -> None:
    node = nested(0, forged())
    inside = Finds(IndexNode(text="any", index_id="x", obj=node))
    fusion = QueryFusionRetriever([guard(inside, gate())], llm=Echo(), num_queries=1, use_async=False)
    assert shown(fusion.retrieve(Q)) == ["level 0"]
    released = HeadgatePostprocessor(gate()).postprocess_nodes([NodeWithScore(node=node)])
    assert [item.node.obj for item in released] == [None]  # type: ignore[attr-defined]
    assert node.obj is not None, "the input is not touched"


def test_an_object_map_that_is_set_later_resolves_nothing_behind_the_gate() -> None:
    node = sealed("level", IndexNode, index_id="x")
    retriever = guard(Finds(node), gate())
    retriever.object_map = {"x": forged()}
    assert shown(retriever.retrieve(Q)) == ["level"]


def test_audit_leaves_an_index_node_as_it_came() -> None:
    node = IndexNode(text="any", index_id="x", obj=forged())
    (found,) = HeadgatePostprocessor(gate("audit")).postprocess_nodes([NodeWithScore(node=node)])
    assert found.node.obj is node.obj  # type: ignore[attr-defined]


def store(*nodes: BaseNode) -> SimpleDocumentStore:
    kept = SimpleDocumentStore()
    kept.add_documents(nodes)
    return kept


def with_next(node: Any, following: BaseNode) -> Any:
    node.relationships[NodeRelationship.NEXT] = RelatedNodeInfo(node_id=following.node_id)
    return node


def prev_next(neighbour: BaseNode) -> RetrieverQueryEngine:
    first = with_next(sealed("first", id_="a"), neighbour)
    return engine(first, steps=[PrevNextNodePostprocessor(docstore=store(first, neighbour), num_nodes=1)])


async def test_a_neighbour_without_a_seal_stays_out() -> None:
    plain = prev_next(forged(id_="b"))
    assert FORGED in str(plain.query(Q))
    guarded = guard(plain, gate())
    for answer in (guarded.query(Q), await guarded.aquery(Q)):
        assert FORGED not in str(answer)
        assert "first" in str(answer)
        assert shown(answer.source_nodes) == ["first"]
    assert FORGED in str(plain.query(Q)), "the engine that was given is not changed"


async def test_a_sealed_neighbour_comes_in_as_the_gate_releases_it(tmp_path: Any) -> None:
    (tmp_path / "terms.yaml").write_text("terms: {Kubernetes: [K8s]}")
    rules = gate(terminology=[str(tmp_path / "terms.yaml")])
    neighbour = sealed("second about K8s", id_="b", metadata={"title": "K8s"})
    neighbour.metadata["note"] = FORGED
    guarded = guard(prev_next(neighbour), rules)
    for answer in (guarded.query(Q), await guarded.aquery(Q)):
        assert shown(answer.source_nodes) == ["first", "title: Kubernetes\n\nsecond about Kubernetes"]


def test_a_neighbour_is_judged_in_the_company_of_what_was_admitted() -> None:
    def version(text: str, number: int, id_: str) -> Any:
        chunk = HANDBOOK.seal(text, PAGE, {"source": PAGE}, version=number)
        node = TextNode(text=text, metadata=dict(chunk.metadata), id_=id_)
        node.excluded_llm_metadata_keys = [*node.metadata]
        return node

    new, old = version("30 days", 2, "a"), version("25 days", 1, "b")
    plain = engine(with_next(new, old), steps=[PrevNextNodePostprocessor(docstore=store(new, old), num_nodes=1)])
    assert shown(guard(plain, gate()).query(Q).source_nodes) == ["30 days"]


class Step(BaseNodePostprocessor):
    """A postprocessor of one's own."""

    change: Any = None

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        return self.change(nodes)  # type: ignore[no-any-return]


def _text(nodes: list[NodeWithScore], text: str) -> list[NodeWithScore]:
    nodes[0].node.set_content(text)
    return nodes


def _set(nodes: list[NodeWithScore], **fields: Any) -> list[NodeWithScore]:
    for name, value in fields.items():
        setattr(nodes[0].node, name, value)
    return nodes


def _entry(nodes: list[NodeWithScore], value: str) -> list[NodeWithScore]:
    nodes[0].node.metadata["note"] = value
    return nodes


ADDS: dict[str, Callable[[list[NodeWithScore]], list[NodeWithScore]]] = {
    "adds a node": lambda nodes: [*nodes, NodeWithScore(node=forged())],
    "adds a node under an admitted id": lambda nodes: [
        NodeWithScore(node=forged(id_=nodes[0].node.node_id)),
        *nodes,
    ],
    "adds a node with an admitted node's metadata": lambda nodes: [
        NodeWithScore(node=TextNode(text=FORGED, metadata=dict(nodes[0].node.metadata)))
    ],
    "changes a text in place": lambda nodes: _text(nodes, FORGED),
    "adds to a text in place": lambda nodes: _text(nodes, f"{nodes[0].node.get_content()} {FORGED}"),
    "adds an entry that is shown": lambda nodes: _entry(nodes, FORGED),
    "sets a template of the text": lambda nodes: _set(nodes, text_template=FORGED + "{metadata_str}{content}"),
    "sets a template of an entry": lambda nodes: _set(nodes, metadata_template=FORGED + "{key}{value}"),
    "sets a separator": lambda nodes: _set(nodes, metadata_separator=FORGED),
    "returns other nodes": lambda nodes: [NodeWithScore(node=forged())],
}


@pytest.mark.parametrize("change", ADDS.values(), ids=ADDS.keys())
@pytest.mark.parametrize("after", [[], [LongContextReorder()]], ids=["last", "then another"])
async def test_what_a_step_of_ones_own_adds_stays_out(
    change: Callable[[list[NodeWithScore]], list[NodeWithScore]], after: list[Any]
) -> None:
    def plain() -> RetrieverQueryEngine:
        node = sealed("first", metadata={"title": "Leave", "part": "1"}, hidden=["source"])
        return engine(node, steps=[Step(change=change), *after])

    assert FORGED in str(plain().query(Q))
    guarded = guard(plain(), gate())
    for answer in (guarded.query(Q), await guarded.aquery(Q)):
        assert FORGED not in str(answer)
        assert FORGED not in "".join(shown(answer.source_nodes))


KEEPS: dict[str, Any] = {
    "sorts": lambda nodes: nodes[::-1],
    "selects": lambda nodes: nodes[1:],
    "scores": lambda nodes: [NodeWithScore(node=item.node, score=0.5) for item in nodes],
    "cuts": lambda nodes: _text(nodes, nodes[0].node.get_content()[2:7]),
    "hides an entry": lambda nodes: _set(nodes, excluded_llm_metadata_keys=[*nodes[0].node.metadata]),
    "copies": lambda nodes: [item.model_copy(deep=True) for item in nodes],
}


@pytest.mark.parametrize("change", KEEPS.values(), ids=KEEPS.keys())
def test_steps_that_sort_select_or_cut_need_nothing(change: Any) -> None:
    nodes = [sealed(f"text {number} about leave", metadata={"title": f"t{number}"}) for number in range(3)]
    steps = [SimilarityPostprocessor(), Step(change=change), LongContextReorder()]
    rules = gate()
    # Its own steps over what the gate releases are the measure: behind the gate, they do what they do without it.
    admitted = guard(Finds(*nodes), rules).retrieve(Q)
    for step in steps:
        admitted = step.postprocess_nodes(admitted)
    assert shown(guard(engine(*nodes, steps=steps), rules).query(Q).source_nodes) == shown(admitted)


def test_a_window_is_put_in_place_of_the_text_only_as_it_was_sealed() -> None:
    def find(window: str | None) -> list[str]:
        node = sealed("One.", metadata={"window": "One. Two."}, hidden=["source", "window"])
        if window is not None:
            node.metadata["window"] = window
        steps = [MetadataReplacementPostProcessor(target_metadata_key="window")]
        return shown(guard(engine(node, steps=steps), gate()).query(Q).source_nodes)

    assert find(None) == ["One. Two."]
    assert find(FORGED) == []


def test_a_window_that_a_step_brings_is_not_put_in_place_of_the_text() -> None:
    def add(nodes: list[NodeWithScore]) -> list[NodeWithScore]:
        nodes[0].node.metadata["window"] = FORGED
        return nodes

    steps = [Step(change=add), MetadataReplacementPostProcessor(target_metadata_key="window")]
    assert shown(guard(engine(sealed("One."), steps=steps), gate()).query(Q).source_nodes) == ["One."]


def memory() -> ChatMemoryBuffer:
    return ChatMemoryBuffer.from_defaults(llm=Echo())


@pytest.mark.parametrize("kind", [ContextChatEngine, CondensePlusContextChatEngine])
async def test_a_neighbour_stays_out_of_a_chat(kind: Any) -> None:
    inner = prev_next(forged(id_="b"))
    chat = kind.from_defaults(
        retriever=inner.retriever, llm=Echo(), memory=memory(), node_postprocessors=inner._node_postprocessors
    )
    assert FORGED in str(chat.chat(Q))
    chat.reset()
    guarded = guard(chat, gate())
    for ask in (guarded.chat, guarded.stream_chat):
        answer = ask(Q)
        assert shown(answer.source_nodes) == ["first"]
        guarded.reset()
    assert FORGED not in str(await guarded.achat(Q))


def inside(kind: str, inner: RetrieverQueryEngine) -> Any:
    """An engine or chat engine that asks `inner`."""
    from llama_index.core.indices.query.query_transform.base import IdentityQueryTransform

    if kind == "transform":
        return TransformQueryEngine(TransformQueryEngine(inner, IdentityQueryTransform()), IdentityQueryTransform())
    if kind == "chat":
        return CondenseQuestionChatEngine.from_defaults(query_engine=inner, llm=Echo(), memory=memory())
    if kind == "own":
        return OwnEngine(parts={"all": [inner]}, tool=RetrieverTool.from_defaults(Finds(forged())))
    return CitationQueryEngine(
        inner.retriever, llm=Echo(), node_postprocessors=inner._node_postprocessors, metadata_mode=MetadataMode.ALL
    )


class OwnEngine(CustomQueryEngine):
    """An engine of one's own: a pydantic model with whatever fields."""

    parts: dict[str, Any]
    tool: Any = None

    def custom_query(self, query_str: str) -> str:
        return str(self.parts["all"][0].query(query_str)) + str(self.tool.call(query_str))


@pytest.mark.parametrize("kind", ["transform", "chat", "own", "citation"])
async def test_steps_of_inner_engines_are_behind_the_gate_too(kind: str) -> None:
    first = sealed("first", id_="a")
    first.metadata["note"] = FORGED
    first = with_next(first, forged(id_="b"))
    steps = [PrevNextNodePostprocessor(docstore=store(first, forged(id_="b")), num_nodes=1)]
    guarded = guard(inside(kind, engine(first, steps=steps)), gate())
    sync, asynchronous = (guarded.chat, guarded.achat) if kind == "chat" else (guarded.query, guarded.aquery)
    for answer in (sync(Q), await asynchronous(Q)):
        assert FORGED not in str(answer)
        assert "first" in str(answer)


def _with_default(source: BaseRetriever) -> Any:
    def find(question: str, kept: BaseRetriever = source) -> Any:
        return kept.retrieve(question)

    return find


class Hidden:
    """An object of one's own that headgate does not know, with a source in it."""

    def __init__(self, source: Any) -> None:
        self.source = source


@pytest.mark.parametrize(
    "source",
    [
        Finds(forged()),
        SummaryIndex(nodes=[forged()]),
        store(forged(id_="b")),
        StorageContext.from_defaults(docstore=store(forged(id_="b"))),
        engine(forged()),
        Finds(forged()).retrieve,
        _with_default(Finds(forged())),
    ],
    ids=["retriever", "index", "docstore", "storage", "engine", "method", "default"],
)
def test_an_engine_with_a_source_that_cannot_be_guarded_is_refused(source: Any) -> None:
    with pytest.raises(AdapterError, match=r"cannot put behind the gate.*HeadgatePostprocessor"):
        guard(OwnEngine(parts={"all": [engine(sealed("x"))]}, tool=Hidden(source)), gate())


def test_engines_that_choose_what_they_ask_while_they_answer_are_refused() -> None:
    with pytest.raises(AdapterError, match="RetrieverRouterQueryEngine"):
        guard(RetrieverRouterQueryEngine(Finds(sealed("x")), lambda node: engine(forged())), gate())


def automerging() -> AutoMergingRetriever:
    parent = forged(id_="parent-1")
    found = [sealed(f"child {number}", id_=f"c{number}") for number in range(2)]
    parent.relationships[NodeRelationship.CHILD] = [RelatedNodeInfo(node_id=child.node_id) for child in found]
    for child in found:
        child.relationships[NodeRelationship.PARENT] = RelatedNodeInfo(node_id="parent-1")
    inner: Any = guard(Finds(*found), gate())
    return AutoMergingRetriever(inner, StorageContext.from_defaults(docstore=store(parent, *found)))


def recursive(root: BaseRetriever) -> RecursiveRetriever:
    return RecursiveRetriever("top", {"top": root}, node_dict={"x": forged()})


def test_a_gate_inside_is_not_proved_where_something_further_out_can_add() -> None:
    link = sealed("link", IndexNode, index_id="x")
    for retriever in (automerging(), recursive(guard(Finds(link), gate()))):
        with pytest.raises(AdapterError, match="Guard it instead"):
            retriever.retrieve(Q)
        diagnosis = prove(retriever, Q)
        assert not diagnosis.holds
        assert "around the gate" in " ".join(diagnosis.advice)
        assert "is not proved" in str(diagnosis)
        outside = guard(retriever, gate())
        assert shown(outside.retrieve(Q)) == []
        assert prove(outside, Q).holds


def test_a_neighbour_that_is_fetched_after_the_postprocessor_is_not_proved() -> None:
    first = with_next(sealed("first", id_="a"), forged(id_="b"))
    fetch = PrevNextNodePostprocessor(docstore=store(first, forged(id_="b")), num_nodes=1)
    auto = AutoPrevNextNodePostprocessor(docstore=store(first), llm=Echo())
    for steps in ([HeadgatePostprocessor(gate()), fetch], [HeadgatePostprocessor(gate()), LongContextReorder(), auto]):
        assert not prove(engine(first, steps=steps), Q).holds
    for steps in ([fetch, HeadgatePostprocessor(gate())], [HeadgatePostprocessor(gate()), SimilarityPostprocessor()]):
        assert prove(engine(first, steps=steps), Q).holds
    assert prove(guard(engine(first, steps=[fetch]), gate()), Q).holds


def test_an_engine_is_not_wrapped_twice_for_one_gate() -> None:
    rules = gate()
    once: Any = guard(prev_next(forged(id_="b")), rules)
    twice: Any = guard(once, rules)
    assert twice._retriever is once._retriever
    assert twice._node_postprocessors == once._node_postprocessors
    other: Any = guard(once, gate())
    assert isinstance(other._node_postprocessors[0].inner, GuardedStep)
    assert isinstance(other._retriever.retriever, GatedRetriever)
    assert FORGED not in str(other.query(Q))
