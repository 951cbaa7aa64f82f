"""Retrievers with a model of their own: it reads what is admissible, or the gate cannot be put around them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from langchain_classic.retrievers import ContextualCompressionRetriever, EnsembleRetriever
from langchain_core.callbacks import Callbacks
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.language_models import BaseChatModel, FakeListChatModel
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.stores import InMemoryStore
from langchain_core.vectorstores import VectorStore
from pydantic import PrivateAttr

from doors import Shelf, ShelfStore, documents
from headgate import AdapterError, Gate
from langchain_headgate import guard
from worlds import HANDBOOK, gate_of

ENFORCED = {"sources": [HANDBOOK.source()]}
GOOD, EVIL = "a good text", "EVIL forged"


def found() -> list[Document]:
    good = documents([HANDBOOK.seal(GOOD, "https://handbook.example/1")])
    return [*good, Document(page_content=EVIL, metadata={"source": "https://handbook.example/6"})]


class Model(FakeListChatModel):
    """A model that keeps what it reads."""

    read: list[str]

    def _call(self, messages: Any, *args: Any, **kwargs: Any) -> str:
        self.read.append(str(messages))
        return "0"


class Own(BaseRetriever):
    """A retriever that shows its model everything it finds."""

    llm: BaseChatModel
    part: Any = None
    _hidden: Any = PrivateAttr(default=None)

    def search(self, query: str) -> list[Document]:
        return search(self.part if self._hidden is None else self._hidden, query)

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        documents = self.search(query)
        self.llm.invoke("Which is best?\n" + "\n".join(one.page_content for one in documents))
        return documents


def search(part: Any, query: str) -> list[Document]:
    """Return what is in a part, however it holds it."""
    if isinstance(part, VectorStore):
        return part.similarity_search(query, k=4)
    if isinstance(part, BaseRetriever):
        return part.invoke(query)
    if isinstance(part, InMemoryStore):
        return [one for one in part.mget(["0", "1"]) if one is not None]
    if isinstance(part, Document):
        return [part]
    if isinstance(part, Mapping):
        part = list(part.values())
    if isinstance(part, (list, tuple)):
        return [document for one in part for document in search(one, query)]
    return search(list(vars(part).values()), query) if isinstance(part, SimpleNamespace) else []


def typed(store: VectorStore, model: Model) -> BaseRetriever:
    class Typed(Own):
        vectorstore: VectorStore

        def search(self, query: str) -> list[Document]:
            return self.vectorstore.similarity_search(query, k=4)

    return Typed(llm=model, vectorstore=store)


def hidden(part: Any, model: Model) -> BaseRetriever:
    retriever = Own(llm=model)
    retriever._hidden = part
    return retriever


GUARDED: Mapping[str, Callable[[Model], BaseRetriever]] = {
    "a store": lambda model: typed(ShelfStore(found()), model),
    "a store of any type": lambda model: Own(llm=model, part=ShelfStore(found())),
    "a store in a list": lambda model: Own(llm=model, part=[ShelfStore(found()), 3]),
    "a store in a tuple": lambda model: Own(llm=model, part=(ShelfStore(found()), "text")),
    "a store in a mapping": lambda model: Own(llm=model, part={"pages": ShelfStore(found()), "k": 3}),
    "a retriever beside a store": lambda model: Own(llm=model, part=[Shelf(found=found()), ShelfStore(found())]),
    "a retriever beside a model": lambda model: Own(llm=model, part=[Shelf(found=found()), model]),
    "a private store": lambda model: hidden(ShelfStore(found()), model),
    "a private retriever": lambda model: hidden(Shelf(found=found()), model),
    "one in another": lambda model: Own(llm=model, part=typed(ShelfStore(found()), model)),
    "one in one of the framework's": lambda model: EnsembleRetriever(
        retrievers=[typed(ShelfStore(found()), model)], weights=[1.0]
    ),
}


@pytest.fixture
def model() -> Model:
    return Model(responses=["0"], read=[])


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("name", GUARDED)
def test_a_model_reads_what_is_admissible(name: str, is_async: bool, model: Model) -> None:
    retriever = GUARDED[name](model)
    gated = guard(retriever, gate_of(ENFORCED))
    out = asyncio.run(gated.ainvoke("q")) if is_async else gated.invoke("q")
    assert {one.page_content for one in out} == {GOOD}
    assert GOOD in " ".join(model.read)
    assert "EVIL" not in " ".join(model.read)
    # What was guarded is not changed.
    retriever.invoke("q")
    assert "EVIL" in " ".join(model.read)


def looked_up() -> InMemoryStore:
    store = InMemoryStore()
    store.mset([(str(number), one) for number, one in enumerate(found())])
    return store


def chain_of(retriever: BaseRetriever, model: Model) -> Runnable[str, Any]:
    return retriever | RunnableLambda(str) | model


class OwnCompressor(BaseDocumentCompressor):
    """A step that fetches more, and shows it to its model."""

    llm: Any
    store: Any

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        self.llm.invoke(str(search(self.store, query)))
        return documents


OPEN_STORE = ShelfStore(found())


class NamingCompressor(BaseDocumentCompressor):
    """A step whose code names its store and its model."""

    def compress_documents(
        self, documents: Sequence[Document], query: str, callbacks: Callbacks | None = None
    ) -> Sequence[Document]:
        GLOBAL_MODEL.invoke(str(OPEN_STORE.similarity_search(query)))
        return documents


class Names(Own):
    """Searches a store that only its code names."""

    def search(self, query: str) -> list[Document]:
        return OPEN_STORE.similarity_search(query, k=4)


def closed_over(model: Model) -> BaseRetriever:
    store = ShelfStore(found())

    class Closed(Own):
        def search(self, query: str) -> list[Document]:
            return store.similarity_search(query, k=4)

    return Closed(llm=model)


GLOBAL_MODEL = Model(responses=["0"], read=[])
MADE_READ: list[str] = []
TOOLS = ModuleType("tools")
TOOLS.model = GLOBAL_MODEL  # type: ignore[attr-defined]  # as a module of the user's has it
TOOLS.store = OPEN_STORE  # type: ignore[attr-defined]  # as above


def ranked(documents: list[Document]) -> list[Document]:
    GLOBAL_MODEL.invoke("\n".join(one.page_content for one in documents))
    return documents


class Elsewhere(BaseRetriever):
    """Its model is named by a function that it calls."""

    part: Any = None

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        return ranked(search(self.part, query))


class OfAModule(BaseRetriever):
    """Its model and its store are in a module."""

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        TOOLS.model.invoke("x")
        found: list[Document] = TOOLS.store.similarity_search(query)
        return found


class Makes(BaseRetriever):
    """Makes its model for each question."""

    part: Any

    def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
        found = search(self.part, query)
        model = Model(responses=["0"], read=[])
        model.invoke("\n".join(one.page_content for one in found))
        MADE_READ.extend(model.read)
        return found


REFUSED: Mapping[str, Callable[[Model], BaseRetriever]] = {
    "a store of documents": lambda model: Own(llm=model, part=looked_up()),
    "documents": lambda model: Own(llm=model, part=found()),
    "documents by name": lambda model: Own(llm=model, part={"pages": found()}),
    "private documents": lambda model: hidden(found(), model),
    "an object with a store": lambda model: Own(llm=model, part=SimpleNamespace(store=ShelfStore(found()))),
    "a function with a store": lambda model: Own(llm=model, part=ShelfStore(found()).similarity_search),
    "a chain with a retriever": lambda model: Own(llm=model, part=chain_of(Shelf(found=found()), model)),
    "a store that its code names": lambda model: Names(llm=model),
    "a store that its code closes over": closed_over,
    "what its code calls by a module": lambda model: OfAModule(),
    "documents, and a model that a function names": lambda model: Elsewhere(part=found()),
    "documents, and a model that it makes": lambda model: Makes(part=found()),
    "one in another": lambda model: Own(llm=model, part=Own(llm=model, part=looked_up())),
    "a step of its own": lambda model: ContextualCompressionRetriever(
        base_compressor=OwnCompressor(llm=model, store=ShelfStore(found())), base_retriever=Shelf(found=found())
    ),
    "a step whose code names them": lambda model: ContextualCompressionRetriever(
        base_compressor=NamingCompressor(), base_retriever=Shelf(found=found())
    ),
    "one in one of the framework's": lambda model: EnsembleRetriever(
        retrievers=[Own(llm=model, part=looked_up())], weights=[1.0]
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_put_behind_the_gate_is_refused_with_a_way_out(name: str, model: Model) -> None:
    with pytest.raises(AdapterError, match=r"has a model of its own.*guard\(store, policy\)"):
        guard(REFUSED[name](model), gate_of(ENFORCED))
    assert model.read == []


@pytest.mark.parametrize("kind", [Elsewhere, Makes])
def test_a_model_that_is_not_held_reads_what_is_admissible_too(kind: Any) -> None:
    read = MADE_READ if kind is Makes else GLOBAL_MODEL.read
    read.clear()
    for part in (ShelfStore(found()), [Shelf(found=found())]):
        assert {one.page_content for one in guard(kind(part=part), gate_of(ENFORCED)).invoke("q")} == {GOOD}
    assert GOOD in " ".join(read)
    assert "EVIL" not in " ".join(read)


ASKED: dict[str, Callable[[Model, Gate], Callable[[], Sequence[Any]]]] = {
    "retriever": lambda model, gate: partial(guard(Own(llm=model, part=found()), gate).invoke, "q"),
    "store": lambda model, gate: partial(guard(OwnStore(found(), model), gate).similarity_search, "q"),
    "asynchronous store": lambda model, gate: (
        lambda: asyncio.run(guard(OwnStore(found(), model), gate).asimilarity_search("q"))
    ),
}


@pytest.mark.parametrize("name", ASKED)
def test_so_it_is_where_the_gate_only_keeps_out_since_a_reload(name: str, model: Model, tmp_path: Any) -> None:
    policy = tmp_path / "headgate.yaml"
    policy.write_text("mode: audit\ndefault: {provenance: {require: declared}}\n")
    gate = Gate(policy)
    ask = ASKED[name](model, gate)
    assert len(ask()) == 2
    policy.write_text("mode: enforce\ndefault: {provenance: {require: declared}}\n")
    gate.reload()
    with pytest.raises(AdapterError, match="has a model of its own"):
        ask()


def test_so_it_is_where_the_model_comes_later(model: Model) -> None:
    gate = gate_of(ENFORCED)
    retriever, store = guard(Shelf(found=found()), gate), guard(OwnStore(found(), None), gate)
    assert retriever.invoke("q")
    assert store.similarity_search("q")
    retriever.retriever = Own(llm=model, part=found())  # type: ignore[attr-defined]
    store.part = model
    for ask in (retriever.invoke, store.similarity_search):
        with pytest.raises(AdapterError, match="has a model of its own"):
            ask("q")
    assert model.read == []


def test_guarded_sources_are_the_way_out(model: Model) -> None:
    gate = gate_of(ENFORCED)
    part = SimpleNamespace(store=guard(ShelfStore(found()), gate))
    out = guard(Own(llm=model, part=part), gate).invoke("q")
    assert [one.page_content for one in out] == [GOOD]
    assert "EVIL" not in " ".join(model.read)


def test_without_a_model_any_source_will_do() -> None:
    class Plain(BaseRetriever):
        part: Any

        def _get_relevant_documents(self, query: str, *, run_manager: Any) -> list[Document]:
            return search(self.part, query)

    for part in (ShelfStore(found()), looked_up(), found(), SimpleNamespace(store=ShelfStore(found()))):
        assert [one.page_content for one in guard(Plain(part=part), gate_of(ENFORCED)).invoke("q")] == [GOOD]


class OwnStore(ShelfStore):
    """A store that lets its model choose among what it finds."""

    def __init__(self, found: list[Document], part: Any) -> None:
        super().__init__(found)
        self.part = part


@pytest.mark.parametrize("hold", [lambda model: model, lambda model: [model], lambda model: {"llm": model}])
def test_a_store_of_ones_own_that_has_a_model_is_refused(hold: Any, model: Model) -> None:
    with pytest.raises(AdapterError, match="has a model of its own"):
        guard(OwnStore(found(), hold(model)), gate_of(ENFORCED))
    assert guard(OwnStore(found(), hold(model)), gate_of({"mode": "audit"})).similarity_search("q")
    assert guard(OwnStore(found(), None), gate_of(ENFORCED)).similarity_search("q")


def test_a_retriever_over_such_a_store_is_refused(model: Model) -> None:
    with pytest.raises(AdapterError, match="has a model of its own"):
        guard(OwnStore(found(), model).as_retriever(), gate_of(ENFORCED))
