"""What a process remembers of what its gates released: bounded, shared by threads, kept across a fork."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from inspect import signature
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.load import dumps, loads
from langchain_core.messages import ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableLambda

from doors import Shelf, documents, nodes
from headgate import Chunk, Gate, Limits
from headgate.admission.releases import RELEASES, Releases
from headgate.testing import FixedClock, Publisher
from langchain_headgate import (
    HeadgateCompressor,
    HeadgateMiddleware,
    decision_record,
    gate_documents,
    guard,
    original_metadata,
    original_text,
)
from llama_index.postprocessor.headgate import HeadgatePostprocessor
from llama_index.postprocessor.headgate import decision_record as node_record

pytestmark = pytest.mark.filterwarnings("ignore:The function `loads`")
URI = "https://handbook.example/1"
TEXT = "Book days of leave in LDX."


# Later versions of langchain-core ask which objects may be made; earlier ones make them all.
ALL_OBJECTS: dict[str, Any] = {"allowed_objects": "all"} if "allowed_objects" in signature(loads).parameters else {}


@pytest.fixture
def words(tmp_path: Any) -> str:
    (tmp_path / "terms.yaml").write_text("terms: {LarkDesk: [LDX]}")
    return str(tmp_path / "terms.yaml")


@pytest.fixture
def gate(handbook: Publisher, clock: FixedClock, words: str) -> Gate:
    return Gate({"sources": [handbook.source(terminology=[words])]}, clock=clock)


@pytest.fixture
def chunk(handbook: Publisher) -> Chunk:
    return replace(handbook.seal(TEXT, URI, {"source": URI}), id="1")


@pytest.fixture(autouse=True)
def _fresh() -> Iterator[None]:
    RELEASES.forget()
    yield
    RELEASES.forget()


def shelf(*chunks: Chunk) -> Shelf:
    return Shelf(found=documents(chunks))


def test_copies_of_a_document_lead_to_its_decision(gate: Gate, chunk: Chunk) -> None:
    (found,) = guard(shelf(chunk), gate).invoke("q")
    assert found.page_content == "Book days of leave in LarkDesk."
    copies = [found, found.model_copy(deep=True), loads(dumps(found), **ALL_OBJECTS)]
    copies += [Document(**json.loads(found.model_dump_json(exclude={"type"})))]
    for copy in copies:
        record = decision_record(copy)
        assert record is not None
        assert (record["subject"], record["codes"], record["edits"]) == (URI, ["T301"], [[22, 30, "LDX"]])
        assert original_text(copy) == TEXT
        assert original_metadata(copy) == chunk.metadata


def test_a_document_of_another_text_or_with_changed_metadata_has_no_record(gate: Gate, chunk: Chunk) -> None:
    (found,) = guard(shelf(chunk), gate).invoke("q")
    others = [
        Document(page_content="".join(["Book days", " of leave."]), metadata=found.metadata),
        Document(page_content="".join([*found.page_content]), metadata={"source": "https://handbook.example/2"}),
        Document.model_construct(page_content=None, metadata=None),
    ]
    assert [decision_record(one) for one in others] == [None] * 3
    assert original_text(others[0]) == others[0].page_content


def test_what_a_later_step_adds_is_judged_and_does_not_hide_the_original(gate: Gate, chunk: Chunk) -> None:
    def rerank(found: list[Document]) -> list[Document]:
        return [
            Document(page_content=one.page_content, metadata={**one.metadata, "relevance_score": 0.9, "note": "EVIL"})
            for one in found
        ]

    (found,) = (guard(shelf(chunk), gate) | RunnableLambda(rerank) | gate_documents(gate)).invoke("q")
    assert found.page_content == "Book days of leave in LarkDesk."
    assert found.metadata == {"source": URI, "relevance_score": 0.9}


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one.model_copy(update={"page_content": one.page_content + " EVIL"}),
        lambda one: one.model_copy(update={"page_content": one.page_content[:10]}),
        lambda one: Document(page_content="".join([*one.page_content]), metadata={"source": "https://evil.example"}),
    ],
    ids=["changed", "cut", "of another source"],
)
def test_what_a_later_step_changes_is_judged_as_it_is(change: Any, gate: Gate, chunk: Chunk) -> None:
    def rewrite(found: list[Document]) -> list[Document]:
        return [change(one) for one in found]

    assert (guard(shelf(chunk), gate) | RunnableLambda(rewrite) | gate_documents(gate)).invoke("q") == []


@pytest.mark.parametrize("dated", [False, True])
def test_a_second_gate_decides_the_same_however_often_the_first_has_seen_a_document(
    dated: bool, handbook: Publisher, clock: FixedClock
) -> None:
    policy = {"sources": [handbook.source()]}
    inner, outer = Gate(policy, clock=clock), Gate(policy, clock=clock)
    sealed = handbook.seal(TEXT, URI, {"source": URI, "page": 0}, **({"modified": clock.now} if dated else {}))
    for number in range(4):
        left = inner.admit([sealed]).chunks
        for gate in (outer, inner):
            assert [one.action for one in gate.judge(left).decisions] == ["admit"], number
        # A step between the two that changes an entry.
        counted = [replace(one, metadata={**one.metadata, "page": 1}) for one in left]
        assert [one.action for one in outer.judge(counted).decisions] == ["admit"], number


@pytest.mark.parametrize(("one", "other"), [(1, True), (1, 1.0), (0.0, -0.0)])
def test_of_equal_values_that_read_differently_each_document_keeps_its_own(
    one: object, other: object, clock: FixedClock
) -> None:
    wiki = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}
    gate = Gate({"sources": [wiki]}, clock=clock)
    found = [Chunk(TEXT, {"source": "https://wiki.example/1", "page": page}, "1") for page in (one, other)]
    for _ in range(2):
        for chunk in found:
            (left,) = gate.admit([chunk]).chunks
            known = RELEASES.find(left)
            assert known is not None
            assert repr(known.original.metadata["page"]) == repr(chunk.metadata["page"])


def test_what_was_released_before_it_was_forgotten_is_recognised_again(handbook: Publisher, clock: FixedClock) -> None:
    policy = {"sources": [handbook.source()]}
    inner, outer = Gate(policy, clock=clock), Gate(policy, clock=clock)
    sealed = handbook.seal(TEXT, URI, {"source": URI})
    for _ in range(3):
        inner.admit([sealed])
    RELEASES.forget()
    elsewhere = outer.admit([sealed]).chunks  # as another string
    left = inner.admit([sealed]).chunks
    for chunks in (left, elsewhere):
        assert [one.action for one in outer.judge(chunks).decisions] == ["admit"]


def test_a_written_and_read_document_passes_a_second_gate_in_a_pipe(gate: Gate, chunk: Chunk) -> None:
    def fuse(found: list[Document]) -> list[Document]:  # as reciprocal rank fusion is commonly written
        return [loads(text, **ALL_OBJECTS) for text in {dumps(one): 1.0 for one in found}]

    (found,) = (guard(shelf(chunk), gate) | RunnableLambda(fuse) | gate_documents(gate)).invoke("q")
    assert found.page_content == "Book days of leave in LarkDesk."


def test_another_policy_judges_by_its_own_rules(
    gate: Gate, chunk: Chunk, handbook: Publisher, prices: Publisher, clock: FixedClock
) -> None:
    def second(**source: Any) -> list[str]:
        outer = Gate({"sources": [{**handbook.source(), **source}]}, clock=clock)
        found = guard(guard(shelf(chunk), gate), outer).invoke("q")
        return [one.page_content for one in found]

    assert second() == ["Book days of leave in LarkDesk."]
    assert second(provenance={"require": "sealed", "keys": [prices.key.public_jwks()]}) == []
    assert second(provenance={**handbook.source()["provenance"], "cover": ["title"]}) == []


def test_the_words_of_both_gates_count(gate: Gate, chunk: Chunk, handbook: Publisher, tmp_path: Any) -> None:
    (tmp_path / "more.yaml").write_text("terms: {holiday: [days of leave]}")
    outer = Gate({"sources": [handbook.source(terminology=[str(tmp_path / "more.yaml")])]}, clock=FixedClock())
    (found,) = guard(guard(shelf(chunk), gate), outer).invoke("q")
    assert found.page_content == "Book holiday in LarkDesk."
    assert original_text(found) == TEXT


@pytest.mark.usefixtures("offline_tokens")
def test_a_cut_divides_no_words_of_either_gate(gate: Gate, chunk: Chunk, handbook: Publisher, tmp_path: Any) -> None:
    (tmp_path / "more.yaml").write_text("terms: {holiday: [days of leave]}")
    (tmp_path / "other.yaml").write_text("terms: {Kubernetes: [K8s]}")

    def left(most: int, *glossaries: str, inner: Gate = gate) -> str:
        budget = {"max_tokens": most, "encoding": "bytes", "cut": "tokens"}
        source = handbook.source(terminology=[str(tmp_path / name) for name in glossaries])
        outer = Gate({"sources": [source], "budget": budget}, clock=FixedClock())
        (found,) = guard(guard(shelf(chunk), inner), outer).invoke("q")
        return str(found.page_content)

    # Every byte is a token. LarkDesk is of the first gate, holiday of the second.
    assert left(25) == left(25, "other.yaml") == "Book days of leave in "
    assert left(30) == left(30, "other.yaml") == "Book days of leave in LarkDesk"
    assert left(8, "more.yaml") == "Book "
    assert left(12, "more.yaml") == "Book holiday"
    plain = Gate({"sources": [handbook.source()]}, clock=FixedClock())
    assert left(25, inner=plain) == TEXT[:25]
    assert left(8, "more.yaml", inner=plain) == "Book "


class Both(BaseRetriever):
    """Asks a guarded retriever and a plain one."""

    parts: list[Any]

    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        return [one for part in self.parts for one in part.invoke(query)]


def test_another_document_that_says_the_same_is_judged_by_its_own_proof(
    gate: Gate, chunk: Chunk, handbook: Publisher, clock: FixedClock
) -> None:
    own_words = Chunk("Book days of leave in LarkDesk.", {}, None)
    sealed = handbook.seal(own_words.text, f"{URI}/in-our-words", {})
    declared = replace(own_words, metadata={"source": "https://wiki.example/1"})
    wiki = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}
    outer = Gate({"sources": [handbook.source(), wiki]}, clock=clock)
    (first,) = guard(shelf(chunk), gate).invoke("q")
    for other in (sealed, declared):
        assert len(guard(Both(parts=[guard(shelf(chunk), gate), shelf(other)]), outer).invoke("q")) == 2
        (found,) = gate_documents(outer).invoke(documents([other]))
        assert found.page_content == first.page_content


class Pool(BaseRetriever):
    """Asks another retriever in a thread that knows nothing of the caller's context."""

    inner: Any

    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(self.inner.invoke, [query] * 8))
        return [Document(page_content=one.page_content, metadata=one.metadata) for one in answers[0]]


def test_a_gate_in_another_thread_is_known(gate: Gate, chunk: Chunk) -> None:
    assert len(guard(Pool(inner=guard(shelf(chunk), gate)), gate).invoke("q")) == 1


def test_a_copy_in_an_index_is_not_what_was_released(gate: Gate, chunk: Chunk) -> None:
    (found,) = guard(shelf(chunk), gate).invoke("q")
    copy = Chunk("".join([*found.page_content]), dict(found.metadata), "1")
    assert guard(shelf(copy), gate).invoke("q") == []
    request = SimpleNamespace(tool_call={"name": "pages", "args": {}, "id": "1"})
    message = ToolMessage("", tool_call_id="1", artifact=documents([copy]))
    assert HeadgateMiddleware(gate).wrap_tool_call(request, lambda _: message).artifact == []


@pytest.mark.parametrize("form", ["json", "printed", "artifact"])
def test_an_agent_over_a_guarded_tool_reads_what_the_tool_found(form: str, gate: Gate, chunk: Chunk) -> None:
    def tool(_: Any) -> ToolMessage:
        found = guard(shelf(chunk), gate).invoke("q")
        rows = json.dumps([{"page_content": one.page_content, "metadata": one.metadata} for one in found])
        content = {"json": rows, "printed": str(found), "artifact": "ok"}[form]
        return ToolMessage(content, tool_call_id="1", name="pages", artifact=found if form == "artifact" else None)

    request = SimpleNamespace(tool_call={"name": "pages", "args": {}, "id": "1"})
    message = HeadgateMiddleware(gate, tools=["pages"]).wrap_tool_call(request, tool)
    assert "Book days of leave in LarkDesk." in message.content
    assert "headgate" not in message.content


def test_nested_steps_of_both_frameworks(gate: Gate, chunk: Chunk) -> None:
    once = guard(shelf(chunk), gate).invoke("q")
    assert HeadgateCompressor(policy=gate).compress_documents(once, "q") == once
    nested = HeadgatePostprocessor(gate).postprocess_nodes(nodes([chunk]))
    again = HeadgatePostprocessor(gate).postprocess_nodes(nested)
    assert [one.node.hash for one in again] == [one.node.hash for one in nested]
    record = node_record(again[0])
    assert record is not None
    assert record["subject"] == URI


def test_a_gate_that_only_observes_leaves_what_another_released(gate: Gate, chunk: Chunk) -> None:
    once = guard(shelf(chunk), gate).invoke("q")
    audit = gate_documents(Gate({"mode": "audit"}))
    assert audit.invoke(once) == once


def test_a_copy_with_more_entries_that_nobody_signed_pushes_no_document_out(
    gate: Gate, chunk: Chunk, handbook: Publisher, clock: FixedClock
) -> None:
    strict = {**handbook.source()["freshness"], "evidence": "any"} if "freshness" in handbook.source() else {}
    outer = Gate({"sources": [handbook.source(freshness={**strict, "evidence": "any"})]}, clock=clock)
    copy = replace(chunk.with_metadata(valid_until="2001-01-01"), id="1")
    first = Gate({"sources": [handbook.source(freshness={"mode": "audit"})]}, clock=clock)
    for order in ([chunk, copy], [copy, chunk]):
        found = guard(guard(shelf(*order), first), outer).invoke("q")
        assert found


def test_of_two_seals_over_one_text_each_document_keeps_its_own(
    handbook: Publisher, clock: FixedClock, chunk: Chunk
) -> None:
    current = {"modified": clock() - timedelta(days=1)}
    stale = {"modified": clock() - timedelta(days=99)}
    first = Gate({"sources": [handbook.source()]}, clock=clock)
    outer = Gate({"sources": [handbook.source(freshness={"max_age": "30d", "supersede": False})]}, clock=clock)
    new, old = (
        replace(handbook.seal(TEXT, URI, {"source": URI}, **times), id=name)
        for name, times in (("1", current), ("2", stale))
    )
    for order in ([new, old], [old, new]):
        assert [one.id for one in guard(guard(shelf(*order), first), outer).invoke("q")] == ["1"]
        admitted = Gate({"sources": [handbook.source(freshness={"max_age": "30d"})]}, clock=clock)
        assert len(guard(guard(shelf(new), first), admitted).invoke("q")) == 1
        assert guard(guard(shelf(old), first), admitted).invoke("q") == []


def test_the_memory_is_bounded(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source()]}, clock=clock)
    memory = Releases(Limits(released_texts=3))
    chunks = [handbook.seal(f"Text {number}", URI) for number in range(10)]
    admissions = [gate.admit([one]) for one in chunks]
    for admission in admissions:
        memory.remember(admission, gate)
    assert len(memory) == 3
    assert [memory.find(one.chunks[0]) is not None for one in admissions] == [False] * 7 + [True] * 3
    small = Releases(Limits(released_chars=10_000))
    for admission in admissions:
        small.remember(admission, gate)
    assert 0 < len(small) < 10
    huge = gate.admit([handbook.seal("x" * 9_000, URI)])
    small.remember(huge, gate)
    assert small.find(huge.chunks[0]) is None


@pytest.mark.parametrize(("entries", "is_kept"), [(49_999, True), (50_000, False), (60_000, False)])
@pytest.mark.parametrize("nest", [list, lambda entries: [[[*entries]]], lambda entries: {"a": {0: [*entries]}}])
def test_what_holds_too_much_to_be_weighed_is_not_kept(
    nest: Any, entries: int, is_kept: bool, handbook: Publisher, clock: FixedClock
) -> None:
    gate = Gate({"sources": [handbook.source()]}, clock=clock)
    sealed = handbook.seal(TEXT, URI)
    around = 0 if nest is list else 2  # containers that hold the list
    value = nest([0] * (entries - around))
    admission = gate.admit([replace(sealed, metadata={**sealed.metadata, "value": value})])
    memory = Releases(Limits(released_chars=10**11))
    memory.remember(admission, gate)
    assert len(memory) == is_kept


def test_every_entry_of_metadata_has_a_weight(clock: FixedClock) -> None:
    wiki = {"id": "wiki", "match": "https://wiki.example/**", "provenance": {"require": "declared"}}
    gate, weights = Gate({"sources": [wiki]}, clock=clock), []
    for entries in (0, 50):
        memory, more = Releases(), {f"k{number}": number for number in range(entries)}
        memory.remember(gate.admit([Chunk(TEXT, {"source": "https://wiki.example/1", **more})]), gate)
        weights.append(memory.weight)
    assert weights[1] - weights[0] >= 2 * 50 * 100  # as it came, and as it left


def test_many_copies_of_one_text_take_bounded_room(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source()]}, clock=clock)
    memory = Releases()
    for number in range(200):
        memory.remember(gate.admit([handbook.seal("The same text", f"{URI}/{number}")]), gate)
    assert len(memory) == 1
    assert memory.weight < 100_000


def test_threads_release_and_find_at_the_same_time(gate: Gate, handbook: Publisher) -> None:
    chunks = [replace(handbook.seal(f"Text {number} about LDX.", URI), id=str(number)) for number in range(20)]

    def ask(number: int) -> list[str]:
        found = guard(guard(shelf(chunks[number % 20]), gate), gate).invoke("q")
        return [original_text(one) for one in found]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(200)))
    assert answers == [[chunks[number % 20].text] for number in range(200)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_knows_what_its_parent_released(gate: Gate, chunk: Chunk) -> None:
    (found,) = guard(shelf(chunk), gate).invoke("q")
    child = os.fork()
    if not child:  # pragma: no cover - in another process
        known = decision_record(found) is not None and len(gate_documents(gate).invoke([found])) == 1
        os._exit(0 if known else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
