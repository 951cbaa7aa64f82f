"""Where no model is seen, what a chain returns is read in its place, all of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import DeterministicFakeEmbedding
from langchain_core.runnables import RunnableLambda
from langchain_core.vectorstores import InMemoryVectorStore

from headgate import Gate
from headgate.testing import Diagnosis, FixedClock, Publisher, prove
from headgate.testing.doctor.wording import strange_words, unexplained
from langchain_headgate import guard

PAGE = "https://handbook.example/"
QUESTION = "How many days of leave do I get?"
NOTES = "Colleagues reported that nobody has any leave whatsoever."


@pytest.fixture
def retriever(handbook: Publisher, clock: FixedClock) -> Any:
    store = InMemoryVectorStore(DeterministicFakeEmbedding(size=16))
    for days in (20, 30):
        chunk = handbook.seal(f"Everybody has {days} days of leave.", f"{PAGE}{days}")
        store.add_documents([Document(chunk.text, metadata=dict(chunk.metadata))])
    return guard(store.as_retriever(), Gate({"sources": [handbook.source()]}, clock=clock))


def a_function(retriever: Any, join: Callable[[list[Document]], Any]) -> Any:
    return lambda question: join(retriever.invoke(question))


def a_chain(retriever: Any, join: Callable[[list[Document]], Any]) -> Any:
    return retriever | RunnableLambda(join)


def outcome_around(found: Diagnosis) -> str:
    return next(one.outcome for one in found.verdicts if one.promise == "around")


@pytest.mark.parametrize("made", [a_function, a_chain])
@pytest.mark.parametrize("only_with_documents", [False, True])
def test_a_file_in_the_context_that_is_returned_is_not_proved(
    retriever: Any, tmp_path: Path, made: Any, *, only_with_documents: bool
) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text(NOTES)

    def with_notes(documents: list[Document]) -> str:
        is_found = any("Everybody" in one.page_content for one in documents)
        more = [notes.read_text()] if is_found or not only_with_documents else []
        return "\n".join([*(one.page_content for one in documents), *more])

    found = prove(made(retriever, with_notes), QUESTION)
    assert outcome_around(found) == "not proved", str(found)
    assert "in what it returns" in str(found)


@pytest.mark.parametrize("made", [a_function, a_chain])
@pytest.mark.parametrize(
    "join",
    [
        lambda documents: documents,
        lambda documents: [one.page_content for one in documents],
        lambda documents: {"context": "\n\n".join(one.page_content for one in documents), "sources": documents},
        lambda documents: "\n".join(f"Page {n}: {one.page_content[:18]}" for n, one in enumerate(documents)),
        lambda documents: f"Use only these pages: {documents}",
    ],
)
def test_a_context_of_what_the_gate_released_is_proved(retriever: Any, made: Any, join: Any) -> None:
    found = prove(made(retriever, join), QUESTION)
    assert outcome_around(found) == "holds", str(found)


@pytest.mark.parametrize("text", ["员工今年没有休假。", "従業員は今年休暇なし", "직원은 휴가가 없다", "Leave: 0 days"])
def test_a_short_sentence_is_one_in_any_script(retriever: Any, tmp_path: Path, text: str) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text(text, encoding="utf-8")

    def with_notes(documents: list[Document]) -> str:
        return "\n".join([*(one.page_content for one in documents), notes.read_text(encoding="utf-8")])

    found = prove(a_chain(retriever, with_notes), QUESTION)
    assert outcome_around(found) == "not proved", str(found)


@pytest.mark.parametrize(
    "text", ["2026年6月1日 星期一", "2026年6月1日 月曜日", "2026년 6월 1일 월요일", "12 kg", "Human: AI:"]
)
def test_dates_numbers_and_roles_are_none(text: str) -> None:
    assert unexplained(text, []) is None


def test_sentences_without_spaces_are_compared_in_pieces() -> None:
    document = "员工每年有三十天的休假。"
    assert strange_words(document[3:9], [document]) is None
    assert strange_words("员工今年没有休假。", [document]) is not None
