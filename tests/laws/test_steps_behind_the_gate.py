"""Law 2: whatever steps do behind the gate, the model reads what was proved, or exact parts of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.llms.mock import MockLLM
from llama_index.core.postprocessor import MetadataReplacementPostProcessor
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import BaseNode, IndexNode, MetadataMode, NodeWithScore, QueryBundle, TextNode

from headgate import Gate
from llama_index.postprocessor.headgate import SealNodes, guard
from worlds import CLOCK, HANDBOOK

EVIL = "evil words of nobody"
TEXTS = [f"Section {number}: the rule is number {number}." for number in range(4)]
GATE = Gate({"sources": [HANDBOOK.source()]}, clock=CLOCK)


def window(number: int) -> str:
    return f"{TEXTS[number]} And more."


def entries(number: int) -> dict[str, Any]:
    return {"source": f"https://handbook.example/{number}", "title": "Leave", "window": window(number)}


def page(number: int, kind: type[TextNode] = TextNode, **fields: Any) -> BaseNode:
    metadata = {
        "source": f"https://handbook.example/{number}",
        "title": "Leave",
        "window": f"{TEXTS[number]} And more.",
    }
    hidden = ["source", "window"]
    node = kind(text=TEXTS[number], id_=f"n{number}", metadata=metadata, excluded_llm_metadata_keys=hidden, **fields)
    return SealNodes(HANDBOOK.sealer)([node])[0]


PAGES = [*(page(number) for number in range(3)), page(3, IndexNode, index_id="i")]


class Shelf(BaseRetriever):
    """Finds the pages; new objects each time, as a store does."""

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [NodeWithScore(node=node.model_copy(deep=True), score=1.0) for node in PAGES]


class Steps(BaseNodePostprocessor):
    """A postprocessor that does what it is told, in place wherever it can."""

    moves: Any

    def _postprocess_nodes(
        self, nodes: list[NodeWithScore], query_bundle: QueryBundle | None = None
    ) -> list[NodeWithScore]:
        for move, index, start, end in self.moves:
            nodes = MOVES[move](nodes, nodes[index % len(nodes)].node if nodes else TextNode(), start, end)
        return nodes


def _in_place(change: Callable[[Any, int, int], None]) -> Callable[..., list[NodeWithScore]]:
    def move(nodes: list[NodeWithScore], node: BaseNode, start: int, end: int) -> list[NodeWithScore]:
        change(node, start, end)
        return nodes

    return move


def _swap(nodes: list[NodeWithScore], node: BaseNode, start: int, end: int) -> list[NodeWithScore]:
    other = nodes[start % len(nodes)].node if nodes else node
    node.id_, other.id_ = other.id_, node.id_
    return nodes


MOVES: dict[str, Callable[..., list[NodeWithScore]]] = {
    "select": lambda nodes, _, start, end: nodes[start % 3 : end % 5],
    "reverse": lambda nodes, *_: nodes[::-1],
    "repeat": lambda nodes, *_: [*nodes, *nodes],
    "copy": lambda nodes, *_: [item.model_copy(deep=True) for item in nodes],
    "add": lambda nodes, node, *_: [*nodes, NodeWithScore(node=TextNode(text=EVIL, metadata=dict(node.metadata)))],
    "pose": lambda nodes, node, *_: [NodeWithScore(node=TextNode(text=EVIL, id_=node.node_id)), *nodes],
    "bring": lambda nodes, _, start, end: [*nodes, NodeWithScore(node=PAGES[end % 4].model_copy(deep=True))],
    "swap": _swap,
    "cut": _in_place(lambda node, start, end: node.set_content(node.get_content()[start:end])),
    "rewrite": _in_place(lambda node, start, end: node.set_content(f"{node.get_content()[start:end]} {EVIL}")),
    "metadata": _in_place(lambda node, *_: node.metadata.update(note=EVIL)),
    "title": _in_place(lambda node, *_: node.metadata.update(title=EVIL)),
    "window": _in_place(lambda node, *_: node.metadata.update(window=EVIL)),
    "unhide": _in_place(lambda node, *_: setattr(node, "excluded_llm_metadata_keys", [])),
    "hide": _in_place(lambda node, *_: setattr(node, "excluded_llm_metadata_keys", [*node.metadata])),
    "template": _in_place(lambda node, *_: setattr(node, "metadata_template", f"{EVIL}{{key}}{{value}}")),
    "unmark": _in_place(lambda node, *_: node.metadata.pop("headgate", None)),
    "unseal": _in_place(lambda node, *_: node.metadata.pop("headgate_seal", None)),
}

moves = st.lists(
    st.tuples(st.sampled_from(sorted(MOVES)), st.integers(0, 9), st.integers(0, 12), st.integers(0, 40)), max_size=4
)


def _engine(*last: BaseNodePostprocessor) -> Any:
    return guard(RetrieverQueryEngine.from_args(Shelf(), llm=MockLLM(), node_postprocessors=[*STEPS, *last]), GATE)


# Guarding takes longer than asking; what the steps do is set for each example.
STEPS = [Steps(moves=[]) for _ in range(3)]
PLAIN = _engine()
REPLACING = _engine(MetadataReplacementPostProcessor(target_metadata_key="window"))


@given(st.lists(moves, min_size=3, max_size=3), st.booleans(), st.booleans())
def test_the_model_reads_what_was_proved_or_exact_parts_of_it(
    behaviour: list[Any], has_window: bool, is_async: bool
) -> None:
    for step, one in zip(STEPS, behaviour, strict=True):
        step.moves = one
    engine = REPLACING if has_window else PLAIN
    answer = asyncio.run(engine.aretrieve(QueryBundle("q"))) if is_async else engine.retrieve(QueryBundle("q"))
    for item in answer:
        node = item.node
        assert EVIL not in node.get_content(metadata_mode=MetadataMode.LLM)
        assert any(node.get_content(metadata_mode=MetadataMode.NONE) in window(number) for number in range(4))
        visible = {key: value for key, value in node.metadata.items() if key not in node.excluded_llm_metadata_keys}
        assert any(visible.items() <= entries(number).items() for number in range(4))
