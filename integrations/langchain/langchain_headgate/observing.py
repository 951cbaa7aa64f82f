"""What a LangChain object of the user's own retrieves: observed where it is retrieved, before any gate."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.documents import Document
from langchain_core.messages import ToolMessage
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool
from langchain_core.vectorstores import VectorStore

from headgate import Chunk
from headgate.integration.loops import wait_for
from headgate.integration.watching import Watched, watching
from langchain_headgate.asking import config_for, forget, inputs_for
from langchain_headgate.convert import to_chunk

__all__ = ["observe", "retrieves", "watched"]

_SEARCHES = (
    "similarity_search",
    "similarity_search_with_score",
    "similarity_search_with_relevance_scores",
    "similarity_search_by_vector",
    "max_marginal_relevance_search",
    "max_marginal_relevance_search_by_vector",
)
_METHODS = (
    *("invoke", "ainvoke", "_get_relevant_documents", "_aget_relevant_documents"),
    *_SEARCHES,
    *(f"a{name}" for name in _SEARCHES),
)
# A store has no k of its own; what is said of it should not rest on four documents.
_STORE_K = 20
_DEEPEST = 6


def retrieves(target: object) -> bool:
    """Return whether `target` is something of LangChain that can be asked a question."""
    return isinstance(target, (Runnable, VectorStore, BaseTool))


def observe(target: Any, question: str) -> list[Chunk]:
    """Return what a retriever, store, tool, chain, agent or graph retrieves for a question, as chunks.

    No gate in it keeps anything out meanwhile. A chain is asked until something was retrieved and a model is about to
    read it: the model is not asked then, unless it has to be asked in order to retrieve.

    Raises:
        Exception: whatever the target raises, where nothing was retrieved until then.
    """
    with watching((BaseRetriever, VectorStore), _METHODS) as watched, _quiet():
        answer = _ask(target, question, watched)
    found = [document for result in watched.found for document in _documents(result)]
    # A step of the user's own may fetch documents in its own way.
    return [to_chunk(document) for document in found or _documents(answer)]


@contextmanager
def watched() -> Iterator[Callable[[], list[Chunk]]]:
    """Watch what LangChain retrieves, with every gate in observation; the function returns what has been retrieved."""
    with watching((BaseRetriever, VectorStore), _METHODS) as seen:
        yield lambda: [to_chunk(document) for result in seen.found for document in _documents(result)]


def _ask(target: Any, question: str, watched: Watched) -> Any:
    if isinstance(target, VectorStore):
        return _either(
            lambda: target.similarity_search(question, k=_STORE_K),
            lambda: target.asimilarity_search(question, k=_STORE_K),
            watched,
        )
    inputs = inputs_for(target, question)
    for number, given in enumerate(inputs, start=1):
        thread = f"headgate-{uuid.uuid4().hex}"
        config: Any = {**config_for(target, thread), "callbacks": [_Stop(watched)]}
        try:
            return _either(
                lambda given=given, config=config: target.invoke(given, config=config),
                lambda given=given, config=config: target.ainvoke(given, config=config),
                watched,
            )
        except Exception:
            if watched.found:
                return None
            # Which form a chain takes cannot be known for sure, so a wrong one is answered with the next.
            if number == len(inputs):
                raise
        finally:
            forget(target, thread)
    return None


def _either(ask: Any, ask_later: Any, watched: Watched) -> Any:
    """Return what a synchronous call returns, or the asynchronous one where there is no synchronous way."""
    try:
        return ask()
    except (NotImplementedError, TypeError, RuntimeError):
        if watched.found:
            return None
        try:
            return wait_for(ask_later())
        except NotImplementedError:
            pass
        raise


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep out of the log that the handler raised: that is how the look ends, and not an error."""
    logger = logging.getLogger("langchain_core.callbacks.manager")

    def is_foreign(record: logging.LogRecord) -> bool:
        return not isinstance(record.args, tuple) or _Stop.__name__ not in record.args

    logger.addFilter(is_foreign)
    try:
        yield
    finally:
        logger.removeFilter(is_foreign)


class _Enough(Exception):
    """Something was retrieved, and a model is about to read it; nobody needs its answer."""


class _Stop(BaseCallbackHandler):
    # Without this, LangChain swallows what a handler raises, and asks the model.
    raise_error = True
    run_inline = True

    def __init__(self, watched: Watched) -> None:
        self._watched = watched

    def on_chat_model_start(self, serialized: Any, messages: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the base's signature
        """Stop before a chat model is asked."""
        self._stop()

    def on_llm_start(self, serialized: Any, prompts: Any, **kwargs: Any) -> None:  # noqa: ARG002 - the base's signature
        """Stop before a completion model is asked."""
        self._stop()

    def _stop(self) -> None:
        if self._watched.is_complete:
            raise _Enough


def _documents(value: Any, depth: int = 0) -> Iterator[Document]:
    """Yield the documents in what a search, a tool or a chain returned: lists, pairs with scores, and answers."""
    if isinstance(value, Document):
        yield value
    elif isinstance(value, ToolMessage):
        yield from _documents(value.artifact, depth + 1)
    elif isinstance(value, (dict, list, tuple)) and depth < _DEEPEST:
        for one in value.values() if isinstance(value, dict) else value:
            yield from _documents(one, depth + 1)
