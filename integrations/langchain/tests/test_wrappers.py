"""What is guarded is what it was: class, attributes, setters, copies; and nothing of its class runs past the gate."""

from __future__ import annotations

import copy
import inspect
import pickle
from contextlib import suppress
from typing import Any

import pytest
from langchain_chroma import Chroma
from langchain_classic.retrievers import EnsembleRetriever, MultiVectorRetriever
from langchain_community.vectorstores import FAISS
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import ConfigurableField
from langchain_core.stores import InMemoryStore
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore, VectorStoreRetriever
from pydantic import BaseModel, ConfigDict

from headgate import AdapterError, Gate, HeadgateError, Policy
from langchain_headgate import GatedRetriever, GatedVectorStore, guard
from langchain_headgate.rehearsal import bm25

QUESTION = "K8s clusters"


@pytest.fixture(params=[InMemoryVectorStore, Chroma, FAISS])
def store(request: Any, corpus: list[Document], embeddings: Embeddings) -> VectorStore:
    kind: Any = request.param
    named = {"collection_name": f"wrappers{abs(hash(request.node.name))}"} if kind is Chroma else {}
    found: VectorStore = kind.from_documents(corpus, embeddings, **named)
    return found


def retrievers(store: VectorStore, corpus: list[Document]) -> list[BaseRetriever]:
    plain = store.as_retriever()
    return [
        plain,
        bm25(corpus, 4),
        EnsembleRetriever(retrievers=[plain, plain], weights=[0.5, 0.5]),
        MultiVectorRetriever(vectorstore=store, docstore=InMemoryStore()),
    ]


def test_a_guarded_store_is_of_the_class_of_the_store(store: VectorStore, gate: Gate) -> None:
    gated = guard(store, gate)
    assert isinstance(gated, type(store))
    assert isinstance(gated, GatedVectorStore)
    assert isinstance(guard(gated, gate), type(store))
    assert not isinstance(gated, Chroma) or isinstance(store, Chroma)
    # Retrievers name their store's class in traces.
    assert gated.as_retriever().tags == store.as_retriever().tags


def test_a_guarded_retriever_is_of_the_class_of_the_retriever(
    store: VectorStore, corpus: list[Document], gate: Gate
) -> None:
    class Holder(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        kept: VectorStoreRetriever

    for retriever in retrievers(store, corpus):
        gated = guard(retriever, gate)
        assert isinstance(gated, type(retriever))
        assert isinstance(gated, GatedRetriever)
        assert gated.get_name() == "GatedRetriever"
        assert repr(gated).startswith("GatedRetriever(")
    # Fields that are typed with a retriever's class take a guarded one.
    assert Holder(kept=guard(store.as_retriever(), gate)).kept.invoke(QUESTION)


def forged_in(value: Any) -> bool:
    return "forged" in repr(value)


def test_no_method_of_the_class_runs_past_the_gate(store: VectorStore, gate: Gate, embeddings: Embeddings) -> None:
    gated: Any = guard(store, gate)
    vector, leaks = embeddings.embed_query(QUESTION), []
    for name, method in inspect.getmembers(type(store), inspect.isfunction):
        if any(word in name for word in ("delete", "add", "persist", "save", "dump", "update", "upsert", "reset")):
            continue
        for given in ((QUESTION,), (vector,), ([vector],), (), (QUESTION, 4), ([str(n) for n in range(24)],)):
            # To raise is one way of not letting anything through.
            with suppress(Exception):
                found = method(gated, *given)
                if inspect.iscoroutine(found):
                    found.close()
                elif forged_in(found):
                    leaks.append(name)
    assert leaks == []


def test_no_attribute_leads_to_what_is_stored(store: VectorStore, gate: Gate) -> None:
    gated: Any = guard(store, gate)
    refused = 0
    for name in {*dir(store), *vars(store)}:
        if name.startswith("__"):
            continue
        if not hasattr(gated, name):
            refused += 1
            with pytest.raises(AdapterError, match=f"ungated.{name}"):
                getattr(gated, name)
            continue
        value = getattr(gated, name)
        assert value is not store
        assert not isinstance(getattr(value, "__self__", None), VectorStore) or callable(value)
        assert not forged_in(value)
    assert refused >= 2
    assert gated.ungated is store


def test_what_is_set_reaches_the_original(store: VectorStore, corpus: list[Document], gate: Gate) -> None:
    gated: Any = guard(store, gate)
    gated.override_relevance_score_fn = abs
    assert store.override_relevance_score_fn is abs  # type: ignore[attr-defined]
    assert gated.override_relevance_score_fn is abs
    inner = store.as_retriever(search_kwargs={"k": 3})
    retriever: Any = guard(inner, gate)
    retriever.search_kwargs = {"k": 2}
    assert inner.search_kwargs == {"k": 2}
    assert len(retriever.invoke(QUESTION)) == 2
    retriever.k = 1
    assert (retriever.k, len(retriever.invoke(QUESTION))) == (1, 1)
    ranked: Any = guard(bm25(corpus, 4), gate)
    assert ranked.k == 4
    ranked.k = 2
    assert len(ranked.invoke(QUESTION)) == 2
    with pytest.raises(ValueError, match="field"):
        retriever.seach_kwargs = {}


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_copies_are_guarded_and_of_the_class(corpus: list[Document], embeddings: Embeddings, copied: Any) -> None:
    gate = Gate({"default": {"provenance": {"require": "sealed"}}})
    store = InMemoryVectorStore.from_documents(corpus, embeddings)
    for guarded in (guard(store, gate), guard(store.as_retriever(), gate)):
        other: Any = copied(guarded)
        assert type(other) is type(guarded)
        assert isinstance(other, guarded.__class__)
        assert other.gate.policy_revision == gate.policy_revision
        assert (other.invoke if isinstance(other, BaseRetriever) else other.similarity_search)(QUESTION) == []


def test_settings_are_chosen_at_run_time(store: VectorStore, gate: Gate) -> None:
    field = ConfigurableField(id="asked")
    two: Any = {"configurable": {"asked": {"k": 2}}}
    configurable: Any = guard(store.as_retriever(), gate).configurable_fields(search_kwargs=field)
    for runnable in (configurable, configurable.with_config(tags=["x"]), guard(configurable.default, gate)):
        found = runnable.invoke(QUESTION, config=two)
        assert not forged_in(found)
    assert len(configurable.invoke(QUESTION, config=two)) == 2
    own: Any = guard(store.as_retriever(), gate).configurable_fields(k=field)
    chosen = own.invoke(QUESTION, config={"configurable": {"asked": 1}})
    assert (len(chosen), forged_in(chosen)) == (1, False)
    prepared, _ = own.prepare({"configurable": {"asked": 1}})
    assert type(prepared) is GatedRetriever
    assert type(own.prepare({})[0]) is GatedRetriever


def test_a_guarded_retriever_is_not_written_as_what_it_guards(store: VectorStore, gate: Gate) -> None:
    class Holder(BaseModel):
        model_config = ConfigDict(arbitrary_types_allowed=True)
        kept: VectorStoreRetriever

    held = Holder(kept=guard(store.as_retriever(), gate))
    with pytest.raises((ValueError, HeadgateError)):
        Holder.model_validate(held.model_dump())


def test_in_audit_mode_everything_can_be_reached(store: VectorStore) -> None:
    gated: Any = guard(store, Gate(Policy(mode="audit")))
    for name in vars(store):
        assert getattr(gated, name) is getattr(store, name)


def test_what_is_missing_is_missing(store: VectorStore, gate: Gate) -> None:
    targets: list[Any] = [guard(store, gate), guard(store.as_retriever(), gate)]
    for gated in targets:
        assert not hasattr(gated, "no_such_thing")
        with pytest.raises(AttributeError):
            _ = gated.no_such_thing
