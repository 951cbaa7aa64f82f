"""No policy, no pass: however a component of LangChain's integration is copied or written, its gate comes with it."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from langchain_core.documents import Document
from langchain_core.load import dumps, loads
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import ConfigurableField
from langchain_core.vectorstores import InMemoryVectorStore
from langchain_documents import WordHashEmbeddings, forged
from pydantic import BaseModel

from headgate import Gate, HeadgateError, PolicyError
from headgate.testing import Publisher
from langchain_headgate import (
    GatedRetriever,
    GatedVectorStore,
    HeadgateCompressor,
    HeadgateMiddleware,
    gate_documents,
    guard,
)

QUESTION = "K8s clusters"


class Found(BaseRetriever):
    """Finds two forgeries, wherever it is brought."""

    def _get_relevant_documents(self, query: str, **kwargs: Any) -> list[Document]:
        return [forged(1), forged(2)]


def store() -> InMemoryVectorStore:
    found: InMemoryVectorStore = InMemoryVectorStore.from_documents([forged(1), forged(2)], WordHashEmbeddings())
    return found


def tool_message(middleware: Any) -> Any:
    from types import SimpleNamespace

    from langchain_core.messages import ToolMessage

    request = SimpleNamespace(tool_call={"name": "pages", "args": {}})
    answer = ToolMessage("", tool_call_id="1", artifact=[forged(1)])
    return middleware.wrap_tool_call(request, lambda _: answer).artifact


FIELD = ConfigurableField(id="name")
# Each component, and what a question to it returns.
COMPONENTS: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "retriever": (lambda policy: GatedRetriever(retriever=Found(), policy=policy), lambda it: it.invoke(QUESTION)),
    "store": (lambda policy: guard(store(), policy), lambda it: it.similarity_search(QUESTION)),
    "over a store": (lambda policy: guard(store(), policy).as_retriever(), lambda it: it.invoke(QUESTION)),
    "compressor": (
        lambda policy: HeadgateCompressor(policy=policy),
        lambda it: it.compress_documents([forged(1)], QUESTION),
    ),
    "step": (gate_documents, lambda it: it.invoke([forged(1)])),
    "chain": (lambda policy: Found() | gate_documents(policy), lambda it: it.invoke(QUESTION)),
    "middleware": (HeadgateMiddleware, tool_message),
    "bound": (lambda policy: guard(Found().bind(), policy), lambda it: it.invoke(QUESTION)),
    "retried": (lambda policy: guard(Found().with_retry(), policy), lambda it: it.invoke(QUESTION)),
    "with fallbacks": (lambda policy: guard(Found().with_fallbacks([Found()]), policy), lambda it: it.invoke(QUESTION)),
    "with fields": (
        lambda policy: guard(Found().configurable_fields(tags=FIELD), policy),
        lambda it: it.invoke(QUESTION),
    ),
    "with fields of the inner one": (
        lambda policy: guard(store().as_retriever(), policy).configurable_fields(search_kwargs=FIELD),
        lambda it: it.invoke(QUESTION, config={"configurable": {"name": {"k": 2}}}),
    ),
    "with alternatives": (
        lambda policy: guard(Found(), policy).configurable_alternatives(FIELD, other=Found()),
        lambda it: it.invoke(QUESTION, config={"configurable": {"name": "other"}}),
    ),
}

COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy in a list": lambda it: copy.deepcopy([it])[0],
    "model_copy": lambda it: it.model_copy(),
    "deep model_copy": lambda it: it.model_copy(deep=True),
    "pickle": lambda it: pickle.loads(pickle.dumps(it)),
}

FORMS: dict[str, Callable[[Any], Any]] = {
    "model_validate": lambda it: type(it).model_validate(it.model_dump()),
    "model_validate with its retriever": lambda it: type(it).model_validate({**it.model_dump(), "retriever": Found()}),
    "JSON with its retriever": lambda it: type(it)(**{**json.loads(it.model_dump_json()), "retriever": Found()}),
    "without the policy": lambda it: type(it).model_validate(
        {**it.model_dump(exclude={"policy"}), "retriever": Found()}
    ),
    "policy of None": lambda it: type(it)(**{**dict(it), "policy": None}),
    "an empty reference": lambda it: type(it)(**{**dict(it), "policy": {}}),
    "a path without a revision": lambda it: type(it)(**{**dict(it), "policy": {"path": "headgate.yaml"}}),
    "model_construct": lambda it: type(it).model_construct(**{**dict(it), "policy": None}),
    "policy taken away": lambda it: it.model_copy(update={"policy": None}),
    "loads": lambda it: loads(dumps(it)),
    "loads of anything": lambda it: loads(dumps(it), allowed_objects="all"),
}


@pytest.fixture
def written(handbook: Publisher, tmp_path: Path) -> Path:
    path = tmp_path / "headgate.yaml"
    path.write_text(json.dumps({"sources": [handbook.source()]}))
    return path


@pytest.fixture(params=["path", "gate", "mapping"])
def policy(request: Any, written: Path, handbook: Publisher) -> Any:
    given = {"path": written, "gate": Gate(written), "mapping": {"sources": [handbook.source()]}}
    return given[request.param]


def asked_or_refused(make: Callable[[], Any], ask: Callable[[Any], Any]) -> list[Any]:
    """What it returns; nothing where it cannot be made, or raises."""
    try:
        found: list[Any] = ask(make())
    except Exception:  # noqa: BLE001 - any refusal will do
        return []
    return found


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("way", [*COPIES, *FORMS])
@pytest.mark.filterwarnings("ignore")
def test_no_way_leads_around_the_gate(component: str, way: str, policy: Any) -> None:
    make, ask = COMPONENTS[component]
    original = make(policy)
    assert ask(original) == []
    assert asked_or_refused(lambda: {**COPIES, **FORMS}[way](original), ask) == []
    assert ask(original) == []


@pytest.mark.parametrize("component", COMPONENTS)
@pytest.mark.parametrize("way", ["copy", "deepcopy", "deepcopy in a list"])
def test_copies_keep_the_gate_by_reference(component: str, way: str, policy: Any) -> None:
    make, ask = COMPONENTS[component]
    gate = policy if isinstance(policy, Gate) else Gate(policy)
    copied = COPIES[way](make(gate))
    assert ask(copied) == []
    if hasattr(type(copied), "gate"):
        assert copied.gate is gate


@pytest.mark.parametrize("component", ["retriever", "compressor"])
def test_a_serialised_component_comes_back_under_the_same_revision_only(component: str, written: Path) -> None:
    original = COMPONENTS[component][0](written)
    form = json.loads(original.model_dump_json())
    assert form["policy"] == {"path": str(written), "revision": original.gate.policy_revision}
    inner = {"retriever": Found()} if component == "retriever" else {}
    again = type(original)(**{**form, **inner})
    assert again.gate.policy_revision == original.gate.policy_revision
    written.write_text(json.dumps({"mode": "audit"}))
    with pytest.raises(PolicyError, match="revision"):
        type(original)(**{**form, **inner})
    with pytest.raises(PolicyError, match="revision"):
        pickle.loads(pickle.dumps(original))


@pytest.mark.parametrize("component", ["retriever", "compressor"])
def test_what_has_no_path_cannot_be_written(component: str, handbook: Publisher) -> None:
    original = COMPONENTS[component][0]({"sources": [handbook.source()]})
    for write in (original.model_dump, original.model_dump_json):
        with pytest.raises(Exception, match="not a file"):
            write()


@pytest.mark.parametrize(
    "make",
    [
        lambda: GatedRetriever(retriever=Found()),
        lambda: GatedRetriever(retriever=Found(), policy=None),
        lambda: GatedRetriever.model_validate({"retriever": Found()}),
        HeadgateCompressor,
        lambda: HeadgateCompressor.model_validate({}),
        HeadgateMiddleware,
        gate_documents,
    ],
)
def test_only_guard_may_be_called_without_a_policy(make: Callable[[], Any]) -> None:
    with pytest.raises(PolicyError, match="no policy"):
        make()
    assert len(guard(Found()).invoke(QUESTION)) == 2


def test_a_gated_store_is_never_made_of_nothing() -> None:
    with pytest.raises((HeadgateError, AttributeError)):
        GatedVectorStore.__new__(GatedVectorStore).similarity_search(QUESTION)
    with pytest.raises(HeadgateError):
        GatedVectorStore.from_documents([forged(1)], WordHashEmbeddings())


def test_no_component_is_written_in_langchains_own_form(written: Path) -> None:
    for make, _ in COMPONENTS.values():
        component = make(written)
        if isinstance(component, BaseModel):
            with pytest.raises((NotImplementedError, ValueError, KeyError, TypeError)):
                loads(dumps(component), allowed_objects="all")
