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
