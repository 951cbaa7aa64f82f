"""`on_empty`: what a chain gets where documents were found and none is admissible, at every door."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from langchain_classic.retrievers import EnsembleRetriever
from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from llama_index.core.llms.mock import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import NodeWithScore

from doors import LEAVING, PASSING, NodeShelf, Shelf, ShelfStore, documents, nodes
from headgate import Admission, Chunk, Gate, NothingAdmissibleError, Policy, PolicyError
from langchain_headgate import HeadgateMiddleware, gate_documents, guard
from langchain_headgate import is_note as is_note_document
from llama_index.postprocessor.headgate import GatedRetriever, HeadgatePostprocessor
from llama_index.postprocessor.headgate import guard as guard_nodes
from llama_index.postprocessor.headgate import is_note as is_note_node
from worlds import CLOCK, HANDBOOK

URI = "https://handbook.example/1"
FORGED = [Chunk(f"FORGED {number}", {"source": URI, "title": "T"}, f"f{number}", 0.5) for number in range(2)]
GOOD = HANDBOOK.seal("genuine page", URI, {"source": URI})
FRAMEWORKS = sorted(name for name in LEAVING if not name.startswith("core"))


def gate(on_empty: str = "note", **more: Any) -> Gate:
    return Gate({"on_empty": on_empty, "sources": [HANDBOOK.source()], **more}, clock=CLOCK)


def is_note(one: Any) -> bool:
    return is_note_document(one) if isinstance(one, Document) else is_note_node(one)


def text_of(one: Any) -> str:
    return one.page_content if isinstance(one, Document) else str(one.node.get_content())


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_by_default_the_list_is_empty(name: str) -> None:
    assert list(LEAVING[name](Gate({"sources": [HANDBOOK.source()]}, clock=CLOCK), FORGED, "q")) == []


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_note_says_so_and_cannot_be_cited(name: str) -> None:
    (one,) = LEAVING[name](gate(), FORGED, "q")
    assert is_note(one)
    assert "No admissible document" in text_of(one)
    assert dict(one.metadata) == {}
    assert "FORGED" not in repr(one)
    assert "headgate" not in repr(one)


@pytest.mark.parametrize("name", sorted(LEAVING))
def test_an_error_can_be_caught(name: str) -> None:
    with pytest.raises(NothingAdmissibleError, match="None of the 2 documents") as caught:
        LEAVING[name](gate("raise"), FORGED, "q")
    assert (caught.value.documents, caught.value.codes) == (2, {"P101": 2})
    again = pickle.loads(pickle.dumps(caught.value))
    assert (str(again), again.admission) == (str(caught.value), caught.value.admission)


@pytest.mark.parametrize("name", sorted(LEAVING))
@pytest.mark.parametrize("on_empty", ["note", "raise"])
def test_what_found_nothing_or_something_admissible_is_as_ever(name: str, on_empty: str) -> None:
    assert list(LEAVING[name](gate(on_empty), [], "q")) == []
    assert len(LEAVING[name](gate(on_empty), [*FORGED, GOOD], "q")) == 1


@pytest.mark.parametrize("name", sorted(LEAVING))
@pytest.mark.parametrize("on_empty", ["note", "raise"])
@pytest.mark.parametrize("mode", ["audit", "warn"])
def test_where_nothing_is_kept_out_there_is_no_note(name: str, on_empty: str, mode: str) -> None:
    found = LEAVING[name](gate(on_empty, mode=mode), FORGED, "q")
    assert [dict(one.metadata) for one in found] == [dict(one.metadata) for one in FORGED]


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_a_second_gate_leaves_a_note_and_drops_it_beside_what_is_admissible(name: str) -> None:
    (note,) = LEAVING[name](gate(), FORGED, "q")
    for second in (gate(), gate("empty"), Gate({"mode": "audit"})):
        assert list(map(is_note, PASSING[name](second, [note], "q"))) == [True]
    bring: Any = documents if isinstance(note, Document) else nodes
    found = PASSING[name](gate(), [note, *bring([GOOD])], "q")
    assert list(map(text_of, found)) == ["genuine page"]


@pytest.mark.parametrize("name", FRAMEWORKS)
def test_whoever_writes_the_words_of_a_note_into_an_index_is_not_believed(name: str) -> None:
    (note,) = LEAVING[name](gate(), FORGED, "q")
    posed = Chunk("".join([*text_of(note)]), {}, "x")
    assert list(LEAVING[name](gate("empty"), [posed], "q")) == []
    open_gate = gate("empty", default={"provenance": {"require": "none"}})
    (declared,) = LEAVING[name](open_gate, [posed], "q")
    assert list(PASSING[name](gate("empty"), [declared], "q")) == []


def test_the_admission_and_its_record_say_so() -> None:
    seen: list[Admission] = []
    strict = Gate({"on_empty": "note", "sources": [HANDBOOK.source()]}, clock=CLOCK, sinks=[seen.append])
    admission = strict.admit(FORGED)
    assert admission.is_empty
    (finding,) = admission.to_dict()["findings"]
    assert (finding["code"], finding["detail"]) == ("G908", {"documents": 2, "on_empty": "note"})
    assert strict.admit([GOOD]).to_dict()["findings"] == []
    assert strict.admit([]).findings == ()


async def test_asynchronous_ways_say_it_too() -> None:
    assert is_note((await guard(Shelf(found=documents(FORGED)), gate()).ainvoke("q"))[0])
    assert is_note((await gate_documents(gate()).ainvoke(documents(FORGED)))[0])
    assert is_note((await guard_nodes(NodeShelf(nodes(FORGED)), gate()).aretrieve("q"))[0])
    assert is_note((await HeadgatePostprocessor(gate()).apostprocess_nodes(nodes(FORGED)))[0])
    with pytest.raises(NothingAdmissibleError):
        await gate("raise").aadmit(FORGED)


def test_a_note_has_the_place_of_a_document_with_its_score() -> None:
    class Scored(ShelfStore):
        def similarity_search_with_score(self, query: str, k: int = 4, **kwargs: Any) -> list[tuple[Document, float]]:
            return [(one, 0.75) for one in self.found[:k]]

    ((note, score),) = guard(Scored(documents(FORGED)), gate()).similarity_search_with_score("q")
    assert is_note(note)
    assert score == 0.75


@pytest.mark.parametrize("form", ["json", "printed"])
def test_an_agent_reads_the_note(form: str) -> None:
    rows = json.dumps([{"page_content": one.text, "metadata": dict(one.metadata)} for one in FORGED])
    message = ToolMessage(rows if form == "json" else str(documents(FORGED)), tool_call_id="1", name="pages")
    request = SimpleNamespace(tool_call={"name": "pages", "args": {}, "id": "1"})
    released = HeadgateMiddleware(gate(), tools=["pages"]).wrap_tool_call(request, lambda _: message)
    assert "No admissible document was found. Documents were found" in released.content
    assert "FORGED" not in released.content


def test_an_engine_answers_from_the_note() -> None:
    engine = RetrieverQueryEngine.from_args(NodeShelf(nodes(FORGED)), llm=MockLLM())
    answer = guard_nodes(engine, gate()).query("q")
    assert "No admissible document was found" in str(answer)
    assert all(map(is_note, answer.source_nodes))


def test_notes_of_several_retrievers_are_one() -> None:
    parts: list[Any] = [guard(Shelf(found=documents(FORGED)), gate()) for _ in range(2)]
    ensemble = EnsembleRetriever(retrievers=parts, weights=[0.5, 0.5])
    assert list(map(is_note, ensemble.invoke("q"))) == [True]
    assert list(map(is_note, guard(ensemble, gate()).invoke("q"))) == [True]
    first, second = (GatedRetriever(NodeShelf(nodes(FORGED)), gate()).retrieve("q") for _ in range(2))
    assert first == second


def test_a_step_that_rewrites_all_nodes_leaves_a_note_and_one_that_adds_leaves_the_others() -> None:
    from llama_index.core.postprocessor.types import BaseNodePostprocessor

    class Step(BaseNodePostprocessor):
        keeps: bool

        def _postprocess_nodes(self, found: Any, query_bundle: Any = None) -> list[NodeWithScore]:
            return [*(found if self.keeps else []), *nodes(FORGED)]

    def ask(keeps: bool) -> list[NodeWithScore]:
        step = Step(keeps=keeps)
        engine = RetrieverQueryEngine.from_args(NodeShelf(nodes([GOOD])), llm=MockLLM(), node_postprocessors=[step])
        return list(guard_nodes(engine, gate()).query("q").source_nodes)

    assert list(map(is_note, ask(keeps=False))) == [True]
    assert list(map(text_of, ask(keeps=True))) == ["genuine page"]


def test_a_fallback_takes_over_where_nothing_is_admissible() -> None:
    first = guard(Shelf(found=documents(FORGED)), gate("raise"))
    other = guard(Shelf(found=documents([GOOD])), gate("raise"))
    assert [one.page_content for one in first.with_fallbacks([other]).invoke("q")] == ["genuine page"]


def test_a_wrong_word_is_named_with_its_place(tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_text("version: 1\non_empty: nothing\n")
    with pytest.raises(PolicyError, match=r"headgate.yaml:2 on_empty: .*'empty', 'note' or 'raise'"):
        Policy.load(path)
    path.write_text("version: 1\nmetadata:\n  release: title\n")
    with pytest.raises(PolicyError, match=r"headgate.yaml:3 metadata.release: .*\[title, author\]"):
        Policy.load(path)
    path.write_text("version: 1\nmetadata:\n  release: [title, 3]\n")
    with pytest.raises(PolicyError, match=r"headgate.yaml:3 metadata.release: "):
        Policy.load(path)
