"""Documents leave the gate clean: nothing of headgate in them, equal each time, and known to a second gate."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document
from langchain_core.load import dumps
from llama_index.core.schema import NodeWithScore

from doors import LEAVING, PASSING, documents, nodes, read
from headgate import Chunk, Gate
from headgate.chunk import SEAL_KEY
from worlds import CLOCK, HANDBOOK, Origin, gate_of, policies, retrievals

URI = "https://handbook.example/1"
DOORS = sorted(LEAVING)
doors = st.sampled_from(DOORS)
# A string of one character is the same object for everybody, so nobody is known by it.
known = retrievals().map(lambda found: [origin for origin in found if len(origin.chunk.text) > 1])


def appearances(one: Any) -> Iterator[str]:
    """Everything in which what leaves can be printed, written or compared."""
    yield from (str(one), repr(one))
    if isinstance(one, Document):
        yield from (dumps(one), one.model_dump_json(), repr(one.metadata))
    elif isinstance(one, NodeWithScore):
        yield from (one.model_dump_json(), one.node.model_dump_json(), json.dumps(one.node.to_dict()))
        yield from (repr(one.node), str(one.node), repr(one.node.metadata))
    else:
        yield repr(dict(one.metadata))


def identity(one: Any) -> Any:
    return (one.node.hash, one.model_dump_json()) if isinstance(one, NodeWithScore) else (one, repr(one))


@given(policies(), retrievals(), doors)
def test_no_seal_and_no_record_leaves(policy: Any, found: list[Origin], name: str) -> None:
    for one in LEAVING[name](gate_of(policy), [origin.chunk for origin in found], "q"):
        for shown in appearances(one):
            assert "headgate_" not in shown
            assert "eyJ" not in shown


@given(policies(), retrievals(), doors)
def test_the_same_question_twice_finds_equal_documents(policy: Any, found: list[Origin], name: str) -> None:
    gate, chunks = gate_of(policy), [origin.chunk for origin in found]
    once, again = (LEAVING[name](gate, chunks, question) for question in ("a question", "another"))
    assert list(map(identity, once)) == list(map(identity, again))


@given(policies(), policies(), known, doors, st.data())
def test_a_second_gate_decides_about_the_originals_by_its_own_policy(
    first: Any, second: Any, found: list[Origin], name: str, data: st.DataObject
) -> None:
    kind = name.partition("_")[0]
    other = data.draw(st.sampled_from([one for one in DOORS if one.startswith(kind)]))
    inner, outer = gate_of(first), gate_of(second)
    originals = {str(origin.chunk.id): origin.chunk for origin in found}
    once = LEAVING[name](inner, list(originals.values()), "q")
    twice = PASSING[other](outer, once, "q")
    expected = LEAVING["core"](gate_of(second), [originals[identifier] for identifier in read(once)], "q")
    assert list(read(twice)) == list(read(expected))


@given(policies(), known, doors)
def test_the_same_gate_twice_changes_nothing(policy: Any, found: list[Origin], name: str) -> None:
    gate = gate_of(policy)
    once = LEAVING[name](gate, [origin.chunk for origin in found], "q")
    assert list(map(identity, PASSING[name](gate, once, "q"))) == list(map(identity, once))


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("mode", ["audit", "warn"])
def test_where_nothing_is_enforced_nothing_is_taken_away(name: str, mode: str) -> None:
    chunk = HANDBOOK.seal("text", URI, {"source": URI, "title": "T"})
    (one,) = LEAVING[name](gate_of({"mode": mode, "sources": [HANDBOOK.source()]}), [chunk], "q")
    assert dict(one.metadata) == dict(chunk.metadata)


@pytest.mark.parametrize("name", DOORS)
def test_what_only_has_to_be_declared_leaves_as_it_came(name: str) -> None:
    uri = "https://wiki.example/1"
    metadata = {**HANDBOOK.seal("text", uri).metadata, "source": uri, "title": "T", "headgate": "{}"}
    assert SEAL_KEY in metadata
    source = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}
    (one,) = LEAVING[name](gate_of({"sources": [source]}), [Chunk("text", metadata)], "q")
    assert dict(one.metadata) == metadata


RELEASED = [
    ("covered", {"title", "page", "draft", "source"}),
    (["note"], {"title", "page", "draft", "source", "note"}),
    ("all", {"title", "page", "draft", "source", "note", "nested"}),
    ([SEAL_KEY], {"title", "page", "draft", "source", SEAL_KEY}),
]


@pytest.mark.parametrize(("release", "left"), RELEASED, ids=["covered", "a name", "all", "the seal"])
@pytest.mark.parametrize("name", [name for name in DOORS if not name.startswith("core")])
def test_what_leaves_is_what_is_covered_numbers_and_what_the_policy_lists(
    release: Any, left: set[str], name: str
) -> None:
    sealed = HANDBOOK.seal("text", URI, {"source": URI, "title": "T"}, cover=["title"])
    chunk = sealed.with_metadata(page=7, draft=False, note="of nobody", nested={"a": ["b"]})
    gate = gate_of({"metadata": {"release": release}, "sources": [HANDBOOK.source()]})
    (one,) = LEAVING[name](gate, [chunk], "q")
    assert set(one.metadata) == left


@pytest.mark.parametrize("name", [name for name in DOORS if not name.startswith("core")])
def test_what_is_withheld_is_named_in_a_finding(name: str) -> None:
    chunk = HANDBOOK.seal("text", URI, {"source": URI}, cover=["source"]).with_metadata(title="of nobody")
    seen: list[Any] = []
    gate = Gate({"sources": [HANDBOOK.source()]}, clock=CLOCK, sinks=[seen.append])
    LEAVING[name](gate, [chunk], "q")
    assert gate.flush(10)
    (finding,) = seen[0].decisions[0].findings
    assert (finding.code, finding.detail["metadata"]) == ("P112", ["title"])
    assert "'title'" in finding.message


@pytest.mark.parametrize("name", DOORS)
@pytest.mark.parametrize("rest", [{}, {"headgate": '{"admission": "1", "source": "handbook", "codes": []}'}])
def test_a_copy_of_what_was_released_is_no_document_of_the_gate(name: str, rest: dict[str, str]) -> None:
    gate = gate_of({"sources": [HANDBOOK.source()]})
    genuine = HANDBOOK.seal("A text of some length.", URI, {"source": URI})
    bring: Any = {"langchain": documents, "llama": nodes}.get(name.partition("_")[0], list)
    assert len(LEAVING[name](gate, [Chunk(genuine.text, genuine.metadata, "genuine")], "q")) == 1
    # As from an index: the same letters in a string of its own.
    copied = Chunk("".join([*genuine.text]), {"source": URI, **rest}, "copy")
    assert list(PASSING[name](gate, bring([copied]), "q")) == []
