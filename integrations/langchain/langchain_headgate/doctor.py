"""What `headgate doctor` needs of LangChain: watch what retrieves and what speaks, ask a chain, read its templates."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Sequence
from types import CodeType, FunctionType
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler, BaseCallbackManager
from langchain_core.documents import BaseDocumentCompressor, Document
from langchain_core.embeddings import Embeddings
from langchain_core.language_models import BaseChatModel, BaseLanguageModel
from langchain_core.messages import BaseMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.vectorstores import VectorStore

from headgate import Gate
from headgate.integration.loops import wait_for
from headgate.integration.surface import is_gated
from headgate.integration.walking import Unfinished, walk
from headgate.testing.doctor import Run
from headgate.testing.doctor.texts import texts_of_modules, texts_of_program
from langchain_headgate.asking import config_for, forget, inputs_for
from langchain_headgate.outside import keeps_texts
from langchain_headgate.retriever import GatedRetriever
from langchain_headgate.watching import SEARCHES, watching_langchain
from langchain_headgate.wording import content_of, texts_of

__all__ = ["LangChainProbe"]

_SEARCHED_BY = frozenset((*SEARCHES, *(f"a{name}" for name in SEARCHES), "search", "asearch", "get_by_ids"))
_KNOWN = (
    BaseCallbackHandler,
    BaseCallbackManager,
    BaseDocumentCompressor,
    BaseLanguageModel,
    BaseRetriever,
    Embeddings,
    VectorStore,
)
_DEEPEST = 6


class LangChainProbe:
    """A LangChain object under proof.

    Args:
        target: a retriever, vector store, tool, chain, agent or graph.

    Attributes:
        gates: the gates that can be found in it without asking it.
        around: places from which documents may come that no gate has judged.
        open: retrievers and stores that have no gate before them, each with the way to it.
        unfinished: what could not be looked through.
    """

    def __init__(self, target: Any) -> None:
        self._target = target
        self._run: Run | None = None
        found = list(walk(target, is_end=_is_end))
        self._items = [item for _, item in found]
        self.gates: Sequence[Gate] = list({id(item): item for item in self._items if isinstance(item, Gate)}.values())
        # What is returned instead of what was searched comes from elsewhere.
        outside = walk(target, is_end=lambda item: _is_end(item) or isinstance(item, GatedRetriever))
        self.around: Sequence[str] = [path or type(item).__name__ for path, item in outside if keeps_texts(item)]
        self.open: Sequence[tuple[str, object]] = [
            (path, item)
            for path, item in walk(target, is_end=_is_closed)
            if isinstance(item, (BaseRetriever, VectorStore)) and not is_gated(item)
            # A store that no code searches may be there to be filled.
            if not isinstance(item, VectorStore) or self.is_searched(item)
        ]
        self.unfinished: Sequence[str] = [str(item) for item in self._items if isinstance(item, Unfinished)]

    @classmethod
    def accepts(cls, target: object) -> bool:
        """Return whether `target` is an object of LangChain."""
        return isinstance(target, (Runnable, VectorStore, BaseTool))

    def is_searched(self, item: object) -> bool:
        """Return whether an open store is searched by code of the chain itself, past retrievers made of it."""
        codes = (one.__code__ for one in self._items if isinstance(one, FunctionType))
        return isinstance(item, VectorStore) and any(_names_search(code) for code in codes)

    def is_known(self, item: object) -> bool:
        """Return whether an object is watched itself, speaks, embeds, sorts or traces."""
        return _is_end(item) or isinstance(item, _KNOWN)

    def retrieves(self) -> bool:
        """Return whether there is something that retrieves, or a function that may make it."""
        return any(isinstance(item, (BaseRetriever, VectorStore, FunctionType)) for item in self._items)

    def watching(self, run: Run) -> Any:
        """Watch everything of LangChain that retrieves, speaks or runs a tool."""
        self._run = run
        return watching_langchain(run)

    def ask(self, question: str, given: Any) -> str:
        """Ask the object once, to its end, and return the texts in what it returns."""
        target = self._target
        if isinstance(target, VectorStore):
            return _text_of(
                _either(lambda: target.similarity_search(question), lambda: target.asimilarity_search(question))
            )
        failed: list[tuple[int, Exception]] = []
        # Which form a chain takes cannot be known for sure, so a wrong one is answered with the next.
        for one in [given] if given is not None else inputs_for(target, question):
            before = self._progress
            try:
                return _text_of(self._invoke(one))
            except Exception as error:  # noqa: BLE001 - whatever the chain raises
                failed.append((self._progress - before, error))
        # What came farthest had the right form, most likely, and says what is wrong.
        raise max(failed, key=lambda one: one[0])[1]

    @property
    def _progress(self) -> int:
        """How much has been found and read in the run that is under way."""
        return len(self._run.found) + len(self._run.prompts) if self._run is not None else 0

    def _invoke(self, given: Any) -> Any:
        target = self._target
        thread = f"headgate-{uuid.uuid4().hex}"
        config = config_for(target, thread)
        try:
            return _either(lambda: target.invoke(given, config=config), lambda: target.ainvoke(given, config=config))
        finally:
            forget(target, thread)

    def written(self) -> Iterable[str]:
        """Return the texts that the chain itself has."""
        for item in self._items:
            yield from texts_of(item)
        yield from texts_of_program(self._items)
        for library in ("langchain_core", "langchain_classic", "langchain"):
            yield from texts_of_modules(self._items, library)


def _is_end(item: object) -> bool:
    # Behind a gate there is nothing to find; a document or a message leads nowhere.
    return isinstance(item, (Gate, Document, BaseMessage))


def _is_closed(item: object) -> bool:
    # What a retriever asks is seen when it is asked.
    return _is_end(item) or is_gated(item) or isinstance(item, (BaseRetriever, VectorStore, BaseChatModel))


def _names_search(code: CodeType) -> bool:
    inner = (one for one in code.co_consts if isinstance(one, CodeType))
    return not _SEARCHED_BY.isdisjoint(code.co_names) or any(map(_names_search, inner))


def _either(ask: Callable[[], Any], ask_later: Callable[[], Any]) -> Any:
    """Return what a synchronous call returns, or the asynchronous one where there is no synchronous way."""
    try:
        return ask()
    except (NotImplementedError, TypeError, RuntimeError) as error:
        failed = error
    try:
        return wait_for(ask_later())
    except NotImplementedError:
        raise failed from None


def _text_of(result: Any) -> str:
    if isinstance(result, Document):
        return result.page_content
    if isinstance(result, BaseMessage):
        return content_of(result)
    if isinstance(result, dict):
        return "\n".join(_text_of(value) for value in result.values())
    if isinstance(result, (list, tuple)):
        return "\n".join(_text_of(value) for value in result)
    return str(result)
