"""What is guarded is used as it was: settings, wrappers, subclasses and stores of their own kind still fill up to k."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import ConfigurableField, RunnableLambda
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore, VectorStoreRetriever
from langchain_documents import WordHashEmbeddings, sealed
from pydantic import PrivateAttr

from headgate import AdapterError, Gate
from headgate.testing import FixedClock, Publisher
from langchain_headgate import GatedRetriever, guard

QUESTION = "K8s clusters"


class Store(InMemoryVectorStore):
    """Like Chroma: asynchronous searches with scores take `*args, **kwargs`."""

    asked: list[dict[str, Any]]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        self.asked = [*getattr(self, "asked", []), {"k": k, **kwargs}]
        return super().similarity_search(query, k)

    asimilarity_search_with_score = VectorStore.asimilarity_search_with_score


@pytest.fixture
def store(corpus: list[Document], embeddings: Embeddings) -> Store:
    found: Store = Store.from_documents(corpus, embeddings)
    return found


@pytest.fixture
def inner(store: Store) -> VectorStoreRetriever:
    return store.as_retriever(search_kwargs={"k": 4})


def are_genuine(documents: list[Document], count: int) -> bool:
    return len(documents) == count and not any("forged" in document.page_content for document in documents)


class Plain(VectorStoreRetriever):
    """Takes no further arguments, as the signature of the base's base says."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:  # type: ignore[override]
        return self.vectorstore.similarity_search(query, **self.search_kwargs)


class Deaf(VectorStoreRetriever):
    """Takes further arguments, and does not pass them on."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any, **kwargs: Any) -> list[Document]:
        return self.vectorstore.similarity_search(query, **self.search_kwargs)


class OfItsOwn(BaseRetriever):
    """As stores with a retriever of their own have it: search types that LangChain does not know."""

    vectorstore: Any
    search_type: str = "hybrid"
    k: int = 4

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        found: list[Document] = self.vectorstore.similarity_search(query, k=self.k)
        return found


class StoreOfItsOwn(Store):
    def as_retriever(self, **kwargs: Any) -> Any:
        return OfItsOwn(vectorstore=self, **kwargs)


@pytest.mark.parametrize("kind", [VectorStoreRetriever, Plain, Deaf])
@pytest.mark.parametrize("k", [1, 4, 7])
async def test_subclasses_fill_up(kind: Any, k: int, store: Store, gate: Gate) -> None:
    retriever = kind(vectorstore=store, search_kwargs={"k": k})
    assert are_genuine(guard(retriever, gate).invoke(QUESTION), k)
    assert are_genuine(await guard(retriever, gate).ainvoke(QUESTION), k)
    assert retriever.search_kwargs == {"k": k}


@pytest.mark.parametrize("arguments", [((), {}), ((4,), {}), ((), {"k": 4})])
async def test_asynchronous_searches_fill_up_as_their_twins(arguments: Any, store: Store, gate: Gate) -> None:
    args, kwargs = arguments
    gated = guard(store, gate)
    for found, afound in (
        (
            gated.similarity_search_with_score(QUESTION, *args, **kwargs),
            await gated.asimilarity_search_with_score(QUESTION, *args, **kwargs),
        ),
        (gated.similarity_search(QUESTION, *args, **kwargs), await gated.asimilarity_search(QUESTION, *args, **kwargs)),
        (
            gated.max_marginal_relevance_search(QUESTION, *args, **kwargs),
            await gated.amax_marginal_relevance_search(QUESTION, *args, **kwargs),
        ),
    ):
        assert len(found) == len(afound) == 4


@pytest.mark.parametrize("k", [1, 4, 6])
def test_a_store_with_a_retriever_of_its_own(
    k: int, corpus: list[Document], embeddings: Embeddings, gate: Gate
) -> None:
    gated = guard(StoreOfItsOwn.from_documents(corpus, embeddings), gate)
    retriever = gated.as_retriever(search_type="semantic_hybrid", k=k)
    assert isinstance(retriever, GatedRetriever)
    assert retriever.search_type == "semantic_hybrid"
    assert are_genuine(retriever.invoke(QUESTION), k)


def test_settings_are_read_and_set_through_the_gate(inner: VectorStoreRetriever, store: Store, gate: Gate) -> None:
    gated: Any = guard(inner, gate)
    gated.search_kwargs["filter"] = {"tenant": "a"}
    assert inner.search_kwargs == {"k": 4, "filter": {"tenant": "a"}}
    assert are_genuine(gated.invoke(QUESTION), 4)
    assert store.asked[-1]["filter"] == {"tenant": "a"}
    gated.search_kwargs = {"k": 2}
    assert inner.search_kwargs == {"k": 2}
    assert are_genuine(gated.invoke(QUESTION), 2)
    gated.search_type = "mmr"
    assert gated.search_type == inner.search_type == "mmr"
    with pytest.raises(ValueError, match="no_such"):
        gated.no_such = 1
    with pytest.raises(AttributeError):
        _ = gated.no_such
    assert not hasattr(gated, "no_such")


def test_subclasses_may_have_attributes_of_their_own(inner: VectorStoreRetriever, gate: Gate) -> None:
    class Counting(GatedRetriever):
        _asked: int = PrivateAttr(default=0)

        def count(self) -> int:
            self._asked += 1
            return self._asked

    gated = Counting(retriever=inner, policy=gate)
    assert [gated.count(), gated.count()] == [1, 2]
    assert are_genuine(gated.invoke(QUESTION), 4)


def test_documents_are_added_through_the_gate(inner: VectorStoreRetriever, gate: Gate, handbook: Publisher) -> None:
    gated: Any = guard(inner, gate)
    gated.add_documents([sealed(handbook, 99, "alpaca alpaca")])
    asyncio.run(gated.aadd_documents([sealed(handbook, 98, "alpaca vicuna")]))
    assert [d.page_content for d in gated.invoke("alpaca", k=2)] == ["alpaca alpaca", "alpaca vicuna"]


SEARCH = ConfigurableField(id="search")
_TWO: Any = {"configurable": {"search": {"k": 2}}}


@pytest.mark.parametrize(
    "wrap",
    [
        lambda it, gate: guard(it.configurable_fields(search_kwargs=SEARCH), gate),
        lambda it, gate: guard(it, gate).configurable_fields(search_kwargs=SEARCH),
        lambda it, gate: guard(it, gate).configurable_fields(k=ConfigurableField(id="k"), search_kwargs=SEARCH),
        lambda it, gate: guard(it.configurable_fields(search_kwargs=SEARCH).with_retry(), gate),
        lambda it, gate: guard(it.configurable_fields(search_kwargs=SEARCH).with_config(tags=["x"]), gate),
    ],
)
async def test_settings_are_chosen_when_it_is_asked(wrap: Callable[..., Any], inner: Any, gate: Gate) -> None:
    wrapped = wrap(inner, gate)
    assert are_genuine(wrapped.invoke(QUESTION), 4)
    assert are_genuine(wrapped.invoke(QUESTION, config=_TWO), 2)
    assert are_genuine(await wrapped.ainvoke(QUESTION, config=_TWO), 2)
    assert [len(found) for found in wrapped.batch([QUESTION] * 2, config=_TWO)] == [2, 2]
    assert "search" in [spec.id for spec in wrapped.config_specs]
    assert inner.search_kwargs == {"k": 4}


def test_settings_that_nobody_has_are_named(inner: VectorStoreRetriever, gate: Gate) -> None:
    with pytest.raises(ValueError, match="no_such"):
        guard(inner, gate).configurable_fields(no_such=SEARCH)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda it: it.bind(k=3),
        lambda it: it.with_config(tags=["x"]).bind(k=3),
        lambda it: it.bind(k=3).with_retry(),
        lambda it: it.bind(k=3).with_fallbacks([it]),
        lambda it: it.bind(k=3).with_listeners(on_end=lambda run: None),
        lambda it: it.configurable_alternatives(SEARCH, other=it.bind(k=5)).bind(k=3),
    ],
)
async def test_what_is_wrapped_around_a_retriever_can_be_guarded(wrap: Any, inner: Any, gate: Gate) -> None:
    target = wrap(inner)
    gated = guard(target, gate)
    assert isinstance(gated, type(target))
    assert are_genuine(gated.invoke(QUESTION), 3)
    assert are_genuine(await gated.ainvoke(QUESTION), 3)
    assert [len(found) for found in guard(target.map(), gate).invoke([QUESTION, QUESTION])] == [3, 3]
    assert are_genuine((gated | RunnableLambda(lambda documents: documents)).invoke(QUESTION), 3)
    assert "forged" in str(target.invoke(QUESTION))


@pytest.mark.parametrize(
    "target",
    [
        RunnableLambda(lambda _: []),
        RunnableLambda(lambda _: []).with_retry(),
        RunnableLambda(lambda _: []).bind(k=1),
        OfItsOwn(vectorstore=None).with_fallbacks([RunnableLambda(lambda _: [])]),
        OfItsOwn(vectorstore=None) | RunnableLambda(lambda _: []),
        WordHashEmbeddings(),
    ],
)
def test_what_is_not_a_retriever_is_refused_with_a_way_out(target: Any, gate: Gate) -> None:
    with pytest.raises(AdapterError, match="gate_documents"):
        guard(target, gate)


class Pool(InMemoryVectorStore):
    """Chooses from a pool whose size is the store's own where it is not told."""

    def max_marginal_relevance_search(
        self, query: str, k: int = 4, fetch_k: int | None = None, lambda_mult: float = 0.5, **kwargs: Any
    ) -> list[Document]:
        return self.similarity_search(query, k=fetch_k or 4)[:k]

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, num_candidates: int = 6, **kwargs: Any
    ) -> list[Document]:
        return super().similarity_search_by_vector(embedding, min(k, num_candidates))


def test_a_pool_of_candidates_grows_with_what_is_asked_for(
    corpus: list[Document], embeddings: Embeddings, gate: Gate
) -> None:
    store: Any = Pool.from_documents(corpus, embeddings)
    assert are_genuine(guard(store, gate).max_marginal_relevance_search(QUESTION, k=10), 10)
    assert are_genuine(guard(store, gate).similarity_search_by_vector(embeddings.embed_query(QUESTION), 10), 10)
    retriever = store.as_retriever(search_type="mmr", search_kwargs={"k": 10})
    assert are_genuine(guard(retriever, gate).invoke(QUESTION), 10)


async def test_asynchronous_searches_leave_the_event_loop_free(
    handbook: Publisher, clock: FixedClock, embeddings: Embeddings
) -> None:
    """A long text is judged in a thread, as the gate's own asynchronous methods do it."""
    judging: set[int] = set()

    def watch() -> datetime:  # it is read once per admission, where the admission is decided
        judging.add(threading.get_ident())
        return clock()

    gate = Gate({"sources": [handbook.source()]}, clock=watch)
    store = InMemoryVectorStore.from_documents([sealed(handbook, 1, "K8s " * 200_000)], embeddings)
    assert await guard(store, gate).asimilarity_search(QUESTION)
    assert await guard(store.as_retriever(), gate).ainvoke(QUESTION)
    assert judging
    assert threading.get_ident() not in judging
