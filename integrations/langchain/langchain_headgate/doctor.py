"""What `headgate doctor` needs of LangChain: find gates and retrievers in a chain, plant canaries, see the prompt."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import BaseMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.vectorstores import VectorStore

from headgate import Gate
from headgate.testing.doctor import Canaries, Leaf
from headgate.testing.walking import walk
from langchain_headgate.asking import inputs_for
from langchain_headgate.outside import keeps_texts
from langchain_headgate.retriever import GatedRetriever
from langchain_headgate.vectorstore import GatedVectorStore

__all__ = ["LangChainProbe"]

_SEARCHES = ("similarity_search", "max_marginal_relevance_search", "similarity_search_by_vector")
_SCORED = ("similarity_search_with_score", "similarity_search_with_relevance_scores")


class LangChainProbe:
    """A LangChain object under proof.

    Args:
        target: a retriever, vector store, tool, chain, agent or graph.

    Attributes:
        gates: the gates in it.
        leaves: the retrievers and vector stores in it that ask no other.
        around: places from which documents may come that no gate has judged.
    """

    def __init__(self, target: Any) -> None:
        self._target = target
        found = list(walk(target, is_end=_is_end))
        self.gates: Sequence[Gate] = list({id(item): item for _, item in found if isinstance(item, Gate)}.values())
        self.leaves: Sequence[Leaf] = [
            _leaf(path, item)
            for path, item in found
            if isinstance(item, (BaseRetriever, VectorStore)) and not _asks_another(item)
        ]
        # Canaries come from the store that is searched; what is returned instead of them comes from elsewhere.
        outside = walk(target, is_end=lambda item: _is_end(item) or isinstance(item, GatedRetriever))
        self.around: Sequence[str] = [path or type(item).__name__ for path, item in outside if keeps_texts(item)]

    @classmethod
    def accepts(cls, target: object) -> bool:
        """Return whether `target` is an object of LangChain."""
        return isinstance(target, (Runnable, VectorStore, BaseTool))

    def observe(self, question: str, marks: Sequence[str], given: Any) -> str:
        """Return what the model would read; the model itself is kept from reading it."""
        if isinstance(self._target, VectorStore):
            return _text_of(self._target.similarity_search(question))
        inputs = [given] if given is not None else inputs_for(self._target, question)
        # Which form a chain takes cannot be known for sure, so a wrong one is answered with the next.
        for number, one in enumerate(inputs, start=1):
            try:
                return self._ask(one, marks)
            except Exception:
                if number == len(inputs):
                    raise
        raise AssertionError("there is always an input")

    def _ask(self, given: Any, marks: Sequence[str]) -> str:
        watcher = _Watcher(marks)
        try:
            with _quiet_callbacks():
                result = self._target.invoke(given, config={"callbacks": [watcher]})
        except _Seen:
            return watcher.text()
        except Exception:
            # A chain may wrap, or choke on, what ends the proof; what was seen until then counts.
            if not watcher.has_mark():
                raise
            return watcher.text()
        return watcher.text() if watcher.has_mark() else f"{watcher.text()}\n{_text_of(result)}"


@contextmanager
def _quiet_callbacks() -> Iterator[None]:
    """Keep out of the log that the watcher raised: that is how the proof ends, and not an error."""
    logger = logging.getLogger("langchain_core.callbacks.manager")

    def is_foreign(record: logging.LogRecord) -> bool:
        return not isinstance(record.args, tuple) or _Watcher.__name__ not in record.args

    logger.addFilter(is_foreign)
    try:
        yield
    finally:
        logger.removeFilter(is_foreign)


class _Seen(Exception):
    """The prompt has been seen; nobody needs to answer it."""


class _Watcher(BaseCallbackHandler):
    # Without this, LangChain swallows what a handler raises, and asks the model.
    raise_error = True

    def __init__(self, marks: Sequence[str]) -> None:
        self._marks = marks
        self.prompts: list[str] = []

    def on_chat_model_start(self, serialized: Any, messages: list[list[BaseMessage]], **kwargs: Any) -> None:  # noqa: ARG002 - the base's signature
        """Read the prompt of a chat model."""
        self._see([str(message.content) for batch in messages for message in batch])

    def on_llm_start(self, serialized: Any, prompts: list[str], **kwargs: Any) -> None:  # noqa: ARG002 - the base's signature
        """Read the prompt of a completion model."""
        self._see(prompts)

    def text(self) -> str:
        return "\n".join(self.prompts)

    def has_mark(self) -> bool:
        text = self.text()
        return any(mark in text for mark in self._marks)

    def _see(self, prompts: Sequence[str]) -> None:
        self.prompts += prompts
        if self.has_mark():
            raise _Seen


def _is_end(item: object) -> bool:
    # Behind a gate there is nothing to find; a document, a message or a model leads nowhere.
    return isinstance(item, (Gate, Document, BaseMessage))


def _asks_another(item: object) -> bool:
    """Whether a retriever gets its documents from another retriever or store, which is a leaf of its own."""
    if isinstance(item, (GatedRetriever, GatedVectorStore)):
        return True
    if isinstance(item, VectorStore):
        return False
    inner = walk(item, is_end=lambda other: isinstance(other, (Gate, Document)))
    return any(other is not item and isinstance(other, (BaseRetriever, VectorStore)) for _, other in inner)


def _leaf(path: str, item: Any) -> Leaf:
    plant = _plant_store if isinstance(item, VectorStore) else _plant_retriever
    return Leaf(path, type(item).__name__, lambda canaries: plant(item, _documents(canaries)))


def _documents(canaries: Canaries) -> list[Document]:
    return [Document(page_content=c.text, metadata=dict(c.metadata), id=c.id) for c in canaries.chunks]


def _plant_retriever(retriever: Any, documents: list[Document]) -> Callable[[], None]:
    find, afind = retriever._get_relevant_documents, retriever._aget_relevant_documents

    def planted(*args: Any, **kwargs: Any) -> Any:
        return [*documents, *find(*args, **kwargs)]

    async def aplanted(*args: Any, **kwargs: Any) -> Any:
        found = await afind(*args, **kwargs)
        # By default the asynchronous way leads through the synchronous one, where they are planted already.
        return found if any(document in found for document in documents) else [*documents, *found]

    return _shadow(retriever, {"_get_relevant_documents": planted, "_aget_relevant_documents": aplanted})


def _plant_store(store: Any, documents: list[Document]) -> Callable[[], None]:
    methods: dict[str, Any] = {}
    for name in (*_SEARCHES, *_SCORED):
        planted = [(document, 1.0) for document in documents] if name in _SCORED else list(documents)
        methods[name] = _planted(getattr(store, name), planted)
        methods[f"a{name}"] = _aplanted(getattr(store, f"a{name}"), planted)
    return _shadow(store, methods)


def _planted(search: Any, planted: list[Any]) -> Any:
    def found(*args: Any, **kwargs: Any) -> Any:
        rest = search(*args, **kwargs)
        # One search may call another, where they are planted already.
        return rest if any(one in rest for one in planted) else [*planted, *rest]

    # The gate reads it to see whether, and how, k can be asked for.
    found.__signature__ = inspect.signature(search)  # type: ignore[attr-defined]
    return found


def _aplanted(search: Any, planted: list[Any]) -> Any:
    async def found(*args: Any, **kwargs: Any) -> Any:
        rest = await search(*args, **kwargs)
        return rest if any(one in rest for one in planted) else [*planted, *rest]

    found.__signature__ = inspect.signature(search)  # type: ignore[attr-defined]
    return found


def _shadow(item: Any, methods: dict[str, Any]) -> Callable[[], None]:
    """Put methods into an object's own namespace, before those of its class, and return what takes them out."""
    before = {name: item.__dict__[name] for name in methods if name in item.__dict__}
    # Past `__setattr__`, by which pydantic refuses what is not a field.
    item.__dict__.update(methods)

    def undo() -> None:
        for name in methods:
            item.__dict__.pop(name, None)
        item.__dict__.update(before)

    return undo


def _text_of(result: Any) -> str:
    if isinstance(result, Document):
        return result.page_content
    if isinstance(result, BaseMessage):
        return str(result.content)
    if isinstance(result, dict):
        return "\n".join(_text_of(value) for value in result.values())
    if isinstance(result, (list, tuple)):
        return "\n".join(_text_of(value) for value in result)
    return str(result)
