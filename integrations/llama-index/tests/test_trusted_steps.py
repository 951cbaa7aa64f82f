"""Steps behind the gate that rewrite: named in the policy they may, otherwise their text stays out, with a finding."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from llama_index.core.llms import CompletionResponse
from llama_index.core.postprocessor import PIINodePostprocessor, PrevNextNodePostprocessor, SimilarityPostprocessor
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode
from llama_index.core.storage.docstore import SimpleDocumentStore
from node_sources import FORGED, HANDBOOK, Echo, engine, forged, sealed

from headgate import AdapterError, Admission, Gate, PolicyError
from headgate.testing import FixedClock
from llama_index.postprocessor.headgate import HeadgatePostprocessor, guard

Q = "How many days of leave?"
TEXT = "Ann has 30 days of leave."
MASKED = "[NAME] has 30 days of leave."


class Masker(BaseNodePostprocessor):
    """Masks a name, as masking postprocessors do: in copies of the nodes."""

    def _postprocess_nodes(self, nodes: Any, query_bundle: QueryBundle | None = None) -> list[NodeWithScore]:
        found = deepcopy(nodes)
        for item in found:
            item.node.set_content(item.node.get_content().replace("Ann", "[NAME]"))
        return [*found, *self.more()]

    def more(self) -> list[NodeWithScore]:
        return []


class Compressor(BaseNodePostprocessor):
    """Puts one text into the place of all, as compression by a model does."""

    def _postprocess_nodes(self, nodes: Any, query_bundle: QueryBundle | None = None) -> list[NodeWithScore]:
        return [NodeWithScore(node=TextNode(text="30 days, in short."), score=1.0)]


class Fetcher(Masker):
    """Masks, and brings a document of somebody else."""

    def more(self) -> list[NodeWithScore]:
        return [NodeWithScore(node=forged(), score=1.0)]


class Namer(Masker):
    """Masks, and shows something beside the text."""

    def _postprocess_nodes(self, nodes: Any, query_bundle: QueryBundle | None = None) -> list[NodeWithScore]:
        found = super()._postprocess_nodes(nodes, query_bundle)
        for item in found:
            item.node.metadata["note"] = FORGED
        return found


class Masks(Echo):
    """A model that masks, and else repeats its prompt."""

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        if "Mask out the PII" in prompt:
            return CompletionResponse(text=f"{MASKED}\nOutput Mapping:\n{json.dumps({'[NAME]': 'Ann'})}")
        return CompletionResponse(text=prompt)


def gate(*trusted: str, seen: list[Admission] | None = None) -> Gate:
    policy = {"sources": [HANDBOOK.source()], "trusted_steps": list(trusted)}
    return Gate(policy, clock=FixedClock(), sinks=[seen.append] if seen is not None else [])


def asked(step: BaseNodePostprocessor, at: Gate) -> list[str]:
    guarded: Any = guard(engine(sealed(TEXT), steps=[step, SimilarityPostprocessor()]), at)
    answers = [str(guarded.query(Q)), str(asyncio.run(guarded.aquery(Q)))]
    assert (FORGED in answers[0]) == (FORGED in answers[1])
    return answers


def test_a_trusted_step_may_rewrite() -> None:
    for answer in asked(Masker(), gate("Masker")):
        assert MASKED in answer


@pytest.mark.parametrize("name", ["PIINodePostprocessor", "llama_index.core.postprocessor.pii.PIINodePostprocessor"])
def test_the_frameworks_own_masking_is_trusted_by_its_name(name: str) -> None:
    for answer in asked(PIINodePostprocessor(llm=Masks()), gate(name)):
        assert MASKED in answer
        assert TEXT not in answer
    for answer in asked(PIINodePostprocessor(llm=Masks()), gate()):
        assert MASKED not in answer


def test_a_trusted_compressor_may_put_one_text_in_the_place_of_all() -> None:
    assert all("in short" in answer for answer in asked(Compressor(), gate("Compressor")))
    assert not any("in short" in answer for answer in asked(Compressor(), gate()))


@pytest.mark.parametrize("other", ["masker", "Compressor", "elsewhere.Masker"])
def test_a_step_that_is_not_named_may_not(other: str) -> None:
    seen: list[Admission] = []
    at = gate(other, seen=seen)
    for answer in asked(Masker(), at):
        assert "30 days" not in answer
    at.flush()
    finding = seen[1].decisions[0].findings[-1]
    assert finding.code == "G907"
    assert "trusted_steps: [Masker]" in finding.message
    assert finding.detail == {"step": "Masker", "change": "rewritten"}
    assert "G907" not in [code for decision in seen[0].decisions for code in decision.codes]


def test_a_subclass_of_a_trusted_step_is_another_step() -> None:
    assert not any(MASKED in answer for answer in asked(Fetcher(), gate("Masker")))


def test_what_a_trusted_step_fetches_is_judged() -> None:
    seen: list[Admission] = []
    at = gate("Fetcher", seen=seen)
    for answer in asked(Fetcher(), at):
        assert MASKED in answer
        assert FORGED not in answer
    at.flush()
    (decision,) = seen[1].decisions
    assert decision.findings[-1].detail == {"step": "Fetcher", "change": "added"}


def test_what_a_trusted_step_shows_beside_the_text_is_judged() -> None:
    assert not any(FORGED in answer for answer in asked(Namer(), gate("Namer")))


def test_a_neighbour_that_cannot_be_admitted_says_who_brought_it() -> None:
    first, neighbour = sealed(TEXT, id_="a"), forged(id_="b")
    first.relationships[NodeRelationship.NEXT] = RelatedNodeInfo(node_id="b")
    kept = SimpleDocumentStore()
    kept.add_documents([first, neighbour])
    seen: list[Admission] = []
    at = gate(seen=seen)
    guarded: Any = guard(engine(first, steps=[PrevNextNodePostprocessor(docstore=kept, num_nodes=1)]), at)
    assert FORGED not in str(guarded.query(Q))
    at.flush()
    assert "PrevNextNodePostprocessor has added this" in seen[1].decisions[0].findings[-1].message


@pytest.mark.parametrize("make", [Masker, lambda: PIINodePostprocessor(llm=Masks())])
def test_behind_a_postprocessor_only_a_trusted_step_may_rewrite(make: Callable[[], Any]) -> None:
    step = make()
    with pytest.raises(AdapterError, match=r"trusted_steps: \["):
        engine(sealed(TEXT), steps=[HeadgatePostprocessor(gate()), step]).query(Q)
    trusting = gate(type(step).__name__)
    assert MASKED in str(engine(sealed(TEXT), steps=[HeadgatePostprocessor(trusting), step]).query(Q))


@pytest.mark.parametrize("name", ["", "a b", "my-step", "a..b", 5, ["x"]])
def test_only_names_of_classes_are_names_of_steps(name: Any) -> None:
    with pytest.raises(PolicyError, match="trusted_steps"):
        Gate({"trusted_steps": [name]})
