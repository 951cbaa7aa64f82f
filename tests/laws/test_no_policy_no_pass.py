"""What was built with a policy and comes back without it raises; what comes back decides as before."""

from __future__ import annotations

import copy
import json
import pickle
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from doors import NodeIndex, NodeShelf, Shelf, ShelfStore, documents, nodes
from headgate import Chunk, Gate, HeadgateError, PolicyError
from headgate.integration.adapters import gate_from_reference, gate_reference
from langchain_headgate import (
    GatedRetriever,
    GatedVectorStore,
    HeadgateCompressor,
    HeadgateMiddleware,
    gate_documents,
)
from langchain_headgate import guard as guard_langchain
from llama_index.postprocessor.headgate import GatedIndex, HeadgatePostprocessor
from llama_index.postprocessor.headgate import GatedRetriever as GatedNodeRetriever
from llama_index.postprocessor.headgate import guard as guard_llama_index
from worlds import CLOCK, Origin, policies, retrievals

MAKERS: dict[str, Callable[[Gate, list[Chunk]], Any]] = {
    "gate": lambda gate, _: gate,
    "langchain retriever": lambda gate, chunks: GatedRetriever(retriever=Shelf(found=documents(chunks)), policy=gate),
    "langchain compressor": lambda gate, _: HeadgateCompressor(policy=gate),
    "llama_index retriever": lambda gate, chunks: GatedNodeRetriever(NodeShelf(nodes(chunks)), gate),
    "langchain store": lambda gate, chunks: guard_langchain(ShelfStore(documents(chunks)), gate),
    "llama_index index": lambda gate, chunks: guard_llama_index(NodeIndex(nodes(chunks)), gate),
    "llama_index postprocessor": lambda gate, _: HeadgatePostprocessor(gate),
}


def passing(component: Any, chunks: list[Chunk]) -> list[str]:
    """Return the ids of what a component lets through."""
    if isinstance(component, Gate):
        return [str(chunk.id) for chunk in component.admit(chunks).chunks]
    if isinstance(component, GatedRetriever):
        return [str(document.id) for document in component.invoke("q")]
    if isinstance(component, HeadgateCompressor):
        return [str(document.id) for document in component.compress_documents(documents(chunks), "q")]
    if isinstance(component, HeadgatePostprocessor):
        return [item.node.node_id for item in component.postprocess_nodes(nodes(chunks), query_str="q")]
    if isinstance(component, GatedVectorStore):
        return [str(document.id) for document in component.similarity_search("q")]
    retriever = component.as_retriever() if isinstance(component, GatedIndex) else component
    return [item.node.node_id for item in retriever.retrieve("q")]


def dumped(component: Any) -> Any:
    """Return a component that went through a dump of its fields, with what a user gives back by hand."""
    fields = component.model_dump()
    return type(component).model_validate(
        {**fields, **({"retriever": component.retriever} if "retriever" in fields else {})}
    )


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda one: one.model_copy(),
    "deep model_copy": lambda one: one.model_copy(deep=True),
}
FORMS: dict[str, Callable[[Any], Any]] = {
    "pickle": lambda one: pickle.loads(pickle.dumps(one)),
    "model_dump": dumped,
    "model_dump_json": lambda one: type(one).model_validate(json.loads(one.model_dump_json())),
    "to_dict": lambda one: type(one).from_dict(one.to_dict()),
    "to_json": lambda one: type(one).from_json(one.to_json()),
}


def came_back(make: Callable[[Any], Any], component: Any) -> Any:
    """Return the component that came back, or None where that was refused."""
    try:
        return make(component)
    except Exception:  # noqa: BLE001 - a refusal is an answer, whatever its type
        return None


@given(policies(), retrievals(), st.sampled_from(sorted(MAKERS)), st.sampled_from(sorted(COPIES)))
def test_a_copy_keeps_the_gate(policy: Any, found: list[Origin], kind: str, form: str) -> None:
    chunks = [one.chunk for one in found]
    component = MAKERS[kind](Gate(policy, clock=CLOCK), chunks)
    copied = came_back(COPIES[form], component)
    if copied is not None:
        assert (copied if isinstance(copied, Gate) else copied.gate) is getattr(component, "gate", component)
        assert passing(copied, chunks) == passing(component, chunks)


@given(policies(), retrievals(), st.sampled_from(sorted(MAKERS)), st.sampled_from(sorted(FORMS)), st.booleans())
def test_a_form_brings_its_policy_back_or_nothing(
    policy: Any, found: list[Origin], kind: str, form: str, is_file: bool
) -> None:
    chunks = [one.chunk for one in found]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "headgate.yaml"
        path.write_text(json.dumps(policy))
        component = MAKERS[kind](Gate(path if is_file else policy, clock=CLOCK), chunks)
        back = came_back(FORMS[form], component)
        if back is not None:
            gate = back if isinstance(back, Gate) else back.gate
            assert gate.policy_revision == getattr(component, "gate", component).policy_revision
            assert gate.policy.mode == "enforce"
        # Another policy at the old place is not the policy that it had.
        path.write_text(json.dumps({"mode": "audit"}))
        back = came_back(FORMS[form], component)
        if is_file:
            assert back is None


@pytest.mark.parametrize("kind", sorted(MAKERS))
def test_copies_can_be_made_at_all(kind: str) -> None:
    component = MAKERS[kind](Gate({"default": {"provenance": {"require": "declared"}}}), [])
    assert copy.deepcopy(component) is not None


@pytest.mark.parametrize(
    "make",
    [
        lambda: GatedRetriever(retriever=Shelf(found=[])),
        lambda: GatedRetriever(retriever=Shelf(found=[]), policy=None),
        HeadgateCompressor,
        gate_documents,
        HeadgateMiddleware,
        HeadgatePostprocessor,
        lambda: HeadgatePostprocessor(None),
        lambda: GatedNodeRetriever(NodeShelf([]), None),
    ],
)
def test_nothing_but_guard_runs_without_a_policy(make: Callable[[], Any]) -> None:
    with pytest.raises((HeadgateError, ValueError, TypeError)):
        make()


def test_a_reference_without_path_or_revision_brings_no_gate(tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_text("mode: enforce\n")
    reference = gate_reference(Gate(path))
    assert gate_from_reference(reference).policy_revision == reference["revision"]
    for broken in (
        None,
        {},
        "path",
        {"path": str(path)},
        {"revision": reference["revision"]},
        {**reference, "revision": ""},
        {**reference, "revision": "sha-256:other"},
        {**reference, "path": str(tmp_path / "other.yaml")},
        {**reference, "path": None},
    ):
        with pytest.raises(PolicyError):
            gate_from_reference(broken)
    with pytest.raises(PolicyError, match="not a file"):
        gate_reference(Gate({"mode": "enforce"}))
