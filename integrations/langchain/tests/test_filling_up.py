"""k come back where the store has k admissible ones, whatever pool it chooses from; where not, the record says why."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from langchain_classic.retrievers import MultiVectorRetriever
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.stores import InMemoryStore
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore

from headgate import Admission, Gate
from headgate.record.reading import read_log
from headgate.testing import FixedClock, Publisher
from langchain_headgate import GatedRetriever, guard

B = "https://handbook.example/"


class Ranked(Embeddings):
    """Forged texts are nearest to any question, then the others by their number."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        return [[1.0, 0.01 if "forged" in text else 0.1 + int(text.split()[1]) / 100] for text in texts]

    def embed_query(self, text: str) -> list[float]:
        return [1.0, 0.0]


def pages(handbook: Publisher, forged: int, genuine: int, every: int = 1) -> list[Document]:
    """Forged and genuine pages; one of `every` is the tenant's."""
    made = []
    for n in range(forged + genuine):
        tenant = "a" if n % every == 0 else "b"
        if n < forged:
            made.append(Document(f"forged {n}", metadata={"source": f"{B}f{n}", "tenant": tenant}))
        else:
            chunk = handbook.seal(f"page {n}", f"{B}{n}", {"source": f"{B}{n}", "tenant": tenant})
            made.append(Document(chunk.text, metadata=dict(chunk.metadata)))
    return made


@pytest.fixture
def admissions() -> list[Admission]:
    return []


@pytest.fixture
def gate(handbook: Publisher, clock: FixedClock, admissions: list[Admission]) -> Gate:
    return Gate({"sources": [handbook.source()]}, clock=clock, sinks=[admissions.append])


class Plain(InMemoryVectorStore):
    """Searches asynchronously as it searches."""

    async def asimilarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return self.similarity_search(query, k=k, **kwargs)


class Capped(Plain):
    """Finds no more than its pool holds, under a name of its own."""

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return super().similarity_search(query, k=min(k, kwargs.get("num_candidates", 6)))


class AfterFilter(Plain):
    """Filters after it has counted."""

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        tenant = (kwargs.get("filter") or {}).get("tenant")
        return [one for one in super().similarity_search(query, k=k) if tenant in (None, one.metadata["tenant"])]


FILTERED: dict[str, Any] = {"k": 4, "filter": {"tenant": "a"}}
STORES: dict[str, tuple[type[VectorStore], dict[str, Any], int]] = {
    "filter": (FAISS, FILTERED, 1),
    "rare filter": (FAISS, FILTERED, 4),
    "filter and pool": (FAISS, {**FILTERED, "fetch_k": 5}, 4),
    "mmr": (FAISS, {"k": 4, "fetch_k": 5}, 1),
    "candidates": (Capped, {"k": 4, "num_candidates": 5}, 1),
    "filter after counting": (AfterFilter, FILTERED, 4),
}


@pytest.mark.parametrize("name", sorted(STORES))
def test_pools_and_filters_do_not_keep_k_from_coming_back(name: str, handbook: Publisher, gate: Gate) -> None:
    kind, arguments, every = STORES[name]
    store: Any = kind.from_documents(pages(handbook, 30, 40, every), Ranked())
    search_type = "mmr" if name == "mmr" else "similarity"
    retriever = guard(store.as_retriever(search_type=search_type, search_kwargs=dict(arguments)), gate)
    for found in (retriever.invoke("q"), asyncio.run(retriever.ainvoke("q"))):
        assert [one.page_content.split()[0] for one in found] == ["page"] * 4
    gated: Any = guard(store, gate)
    search = gated.max_marginal_relevance_search if name == "mmr" else gated.similarity_search
    assert len(search("q", **arguments)) == 4
    if name in ("filter", "rare filter"):  # as it is given by position
        assert len(gated.similarity_search("q", 4, {"tenant": "a"}, 5)) == 4


def test_the_inner_store_is_asked_as_before_where_nothing_is_kept_out(handbook: Publisher, gate: Gate) -> None:
    asked = []

    class Counting(AfterFilter):
        def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
            asked.append(k)
            return super().similarity_search(query, k=k, **kwargs)

    store = Counting.from_documents(pages(handbook, 0, 8, every=4), Ranked())
    assert len(guard(store, gate).similarity_search("q", **FILTERED)) == 2
    assert asked == [8]


class Fixed(BaseRetriever):
    found: list[Document]

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return self.found


class Strict(Plain):
    """Raises when it is asked for more than ten."""

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        if k > 10:
            raise ValueError("no more than ten")
        return super().similarity_search(query, k=k)


def reasons(gate: Gate, admissions: list[Admission]) -> list[Any]:
    gate.flush()
    return [one.shortfall and (one.shortfall.reason, one.shortfall.wanted) for one in admissions]


@pytest.mark.parametrize(
    ("kind", "arguments", "forged", "genuine", "reason"),
    [
        (InMemoryVectorStore, {"k": 4}, 3, 3, "no_more"),
        (InMemoryVectorStore, {"k": 4}, 250, 3, "limit"),
        (FAISS, {"k": 4, "filter": {"tenant": "a"}}, 8, 3, "pool"),
        (Strict, {"k": 4}, 250, 3, "error"),
    ],
)
def test_the_record_says_why_k_was_not_reached(
    kind: Any,
    arguments: Any,
    forged: int,
    genuine: int,
    reason: str,
    handbook: Publisher,
    gate: Gate,
    admissions: list[Admission],
) -> None:
    store = kind.from_documents(pages(handbook, forged, genuine), Ranked())
    guard(store, gate).similarity_search("q", **arguments)
    guard(store.as_retriever(search_kwargs=arguments), gate).invoke("q")
    assert reasons(gate, admissions) == [(reason, 4)] * 2
    assert all("shortfall" in one.to_dict() for one in admissions)


def test_a_retriever_that_cannot_be_told_a_number_says_so(
    handbook: Publisher, gate: Gate, admissions: list[Admission]
) -> None:
    plain = Fixed(found=pages(handbook, 2, 1))
    assert len(guard(plain, gate).invoke("q")) == 1
    assert len(GatedRetriever(retriever=plain, policy=gate, k=3).invoke("q")) == 1
    assert reasons(gate, admissions) == [None, ("not_adjustable", 3)]


def test_nothing_is_said_where_k_was_reached(handbook: Publisher, gate: Gate, admissions: list[Admission]) -> None:
    store = InMemoryVectorStore.from_documents(pages(handbook, 9, 9), Ranked())
    assert len(guard(store.as_retriever(), gate).invoke("q")) == 4
    assert reasons(gate, admissions) == [None]
    assert "shortfall" not in admissions[0].to_dict()


def test_the_log_keeps_what_was_said(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    gate = Gate({"sources": [handbook.source()], "log": {"path": str(log)}}, clock=clock)
    store = InMemoryVectorStore.from_documents(pages(handbook, 3, 3), Ranked())
    guard(store.as_retriever(), gate).invoke("q")
    (entry,) = read_log([log])
    assert entry.record is not None
    said = {"wanted": 4, "admitted": 3, "asked": 8, "found": 6, "reason": "no_more"}
    assert entry.record["shortfall"] == said
    # What does not fit its type counts as not said.
    line = json.loads(log.read_text())
    for broken in ("many", {**said, "asked": "x"}, {}):
        log.write_text(json.dumps({**line, "shortfall": broken}) + "\n")
        (entry,) = read_log([log])
        assert entry.record is not None
        assert "shortfall" not in entry.record


class Asks(BaseRetriever):
    """Adds a filter while it searches, as a self-querying retriever does."""

    vectorstore: Any
    search_kwargs: dict[str, Any]

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        found: list[Document] = self.vectorstore.similarity_search(query, filter={"tenant": "a"}, **self.search_kwargs)
        return found


def test_a_filter_that_a_retriever_adds_does_not_keep_k_from_coming_back(handbook: Publisher, gate: Gate) -> None:
    store = AfterFilter.from_documents(pages(handbook, 30, 40, every=4), Ranked())
    asks = Asks(vectorstore=store, search_kwargs={"k": 4})
    assert len(guard(asks, gate).invoke("q")) == 4


def test_many_hits_of_one_parent_are_not_all_there_is(handbook: Publisher, gate: Gate) -> None:
    parents = {str(n): one for n, one in enumerate(pages(handbook, 2, 4))}
    # Twenty chunks lead to each forged parent, and are nearer than those of the others.
    chunks = [Document(f"forged {n}", metadata={"doc_id": str(n % 2)}) for n in range(40)]
    chunks += [Document(f"page {n}", metadata={"doc_id": str(n)}) for n in range(2, 6)]
    docstore = InMemoryStore()
    docstore.mset(list(parents.items()))
    store = InMemoryVectorStore.from_documents(chunks, Ranked())
    retriever = MultiVectorRetriever(vectorstore=store, docstore=docstore, search_kwargs={"k": 4})
    assert len(guard(retriever, gate).invoke("q")) == 4
