"""What `headgate doctor` needs of LangChain: watch what retrieves and what speaks, ask a chain, read its templates."""

from __future__ import annotations

import asyncio
import functools
import inspect
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import CodeType, FunctionType
from typing import Any

from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.llms import BaseLLM
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.prompts.base import BasePromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import Runnable
from langchain_core.stores import BaseStore
from langchain_core.tools import BaseTool
from langchain_core.vectorstores import VectorStore

from headgate import Chunk, Gate
from headgate.integration.loops import wait_for
from headgate.testing.doctor import Run
from headgate.testing.doctor.patching import replaced
from headgate.testing.walking import Unfinished, walk
from langchain_headgate.asking import inputs_for
from langchain_headgate.convert import to_chunk
from langchain_headgate.outside import keeps_texts
from langchain_headgate.retriever import GatedRetriever

__all__ = ["LangChainProbe", "watching_langchain"]

_SEARCHES = (
    "similarity_search",
    "similarity_search_with_score",
    "similarity_search_with_relevance_scores",
    "similarity_search_by_vector",
    "max_marginal_relevance_search",
    "max_marginal_relevance_search_by_vector",
)
_RETRIEVES = (
    "_get_relevant_documents",
    "_aget_relevant_documents",
    *_SEARCHES,
    *(f"a{name}" for name in _SEARCHES),
)
_GENERATES = ("generate", "agenerate", "stream", "astream")
_NOT_RUN = "This tool was not run: it may do more than read."
_DEEPEST = 6


class LangChainProbe:
    """A LangChain object under proof.

    Args:
        target: a retriever, vector store, tool, chain, agent or graph.

    Attributes:
        gates: the gates that can be found in it without asking it.
        around: places from which documents may come that no gate has judged.
        unfinished: what could not be looked through.
    """

    def __init__(self, target: Any) -> None:
        self._target = target
        found = list(walk(target, is_end=_is_end))
        self._items = [item for _, item in found]
        self.gates: Sequence[Gate] = list({id(item): item for item in self._items if isinstance(item, Gate)}.values())
        # What is returned instead of what was searched comes from elsewhere.
        outside = walk(target, is_end=lambda item: _is_end(item) or isinstance(item, GatedRetriever))
        self.around: Sequence[str] = [path or type(item).__name__ for path, item in outside if keeps_texts(item)]
        self.unfinished: Sequence[str] = [str(item) for item in self._items if isinstance(item, Unfinished)]

    @classmethod
    def accepts(cls, target: object) -> bool:
        """Return whether `target` is an object of LangChain."""
        return isinstance(target, (Runnable, VectorStore, BaseTool))

    def retrieves(self) -> bool:
        """Return whether there is something that retrieves, or a function that may make it."""
        return any(isinstance(item, (BaseRetriever, VectorStore, FunctionType)) for item in self._items)

    def watching(self, run: Run) -> Any:
        """Watch everything of LangChain that retrieves, speaks or runs a tool."""
        return watching_langchain(run)

    def ask(self, question: str, given: Any) -> str:
        """Ask the object once, to its end, and return the texts in what it returns."""
        target = self._target
        if isinstance(target, VectorStore):
            return _text_of(
                _either(lambda: target.similarity_search(question), lambda: target.asimilarity_search(question))
            )
        inputs = [given] if given is not None else inputs_for(target, question)
        # Which form a chain takes cannot be known for sure, so a wrong one is answered with the next.
        for number, one in enumerate(inputs, start=1):
            try:
                return _text_of(self._invoke(one))
            except Exception:
                if number == len(inputs):
                    raise
        raise AssertionError("there is always an input")

    def _invoke(self, given: Any) -> Any:
        target = self._target
        return _either(lambda: target.invoke(given, config=_config()), lambda: target.ainvoke(given, config=_config()))

    def written(self) -> Iterable[str]:
        """Return the texts that the chain itself has."""
        for item in self._items:
            yield from _texts_of(item)


@contextmanager
def watching_langchain(run: Run) -> Iterator[None]:
    """Watch everything of LangChain that retrieves, speaks or runs a tool, and tell a run of a proof."""
    with ExitStack() as stack:
        stack.enter_context(replaced((BaseRetriever, VectorStore), _RETRIEVES, functools.partial(_retrieving, run)))
        stack.enter_context(replaced((BaseStore,), ("mget", "amget"), functools.partial(_looking_up, run)))
        stack.enter_context(replaced((BaseChatModel, BaseLLM), _GENERATES, functools.partial(_speaking, run)))
        stack.enter_context(replaced((BaseTool,), ("_run", "_arun"), functools.partial(_running, run)))
        yield


def _retrieving(run: Run, method: Any) -> Callable[..., Any]:
    add = _add_scored if "_score" in method.__name__ else _add
    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def asearch(self: Any, *args: Any, **kwargs: Any) -> Any:
            if _is_gated(self):
                return await method(self, *args, **kwargs)
            with run.calling(self) as call:
                result = await method(self, *args, **kwargs)
                return run.returned(call, _chunks(result), result, add)

        return asearch

    @functools.wraps(method)
    def search(self: Any, *args: Any, **kwargs: Any) -> Any:
        if _is_gated(self):
            return method(self, *args, **kwargs)
        with run.calling(self) as call:
            result = method(self, *args, **kwargs)
            return run.returned(call, _chunks(result), result, add)

    return search


def _looking_up(run: Run, method: Any) -> Callable[..., Any]:
    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def alook_up(self: Any, *args: Any, **kwargs: Any) -> Any:
            result = await method(self, *args, **kwargs)
            run.looked_up(self, _chunks(result))
            return result

        return alook_up

    @functools.wraps(method)
    def look_up(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = method(self, *args, **kwargs)
        run.looked_up(self, _chunks(result))
        return result

    return look_up


def _speaking(run: Run, method: Any) -> Callable[..., Any]:
    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def agenerate(self: Any, given: Any, *args: Any, **kwargs: Any) -> Any:
            run.read(_read(given))
            result = await method(self, given, *args, **kwargs)
            _note(run, result)
            return result

        return agenerate
    if inspect.isasyncgenfunction(method):

        @functools.wraps(method)
        async def astream(self: Any, given: Any, *args: Any, **kwargs: Any) -> Any:
            run.read(_read(given))
            said = []
            async for part in method(self, given, *args, **kwargs):
                said.append(_text_of(part))
                yield part
            run.spoke("".join(said))

        return astream
    if inspect.isgeneratorfunction(method):

        @functools.wraps(method)
        def stream(self: Any, given: Any, *args: Any, **kwargs: Any) -> Any:
            run.read(_read(given))
            said = []
            for part in method(self, given, *args, **kwargs):
                said.append(_text_of(part))
                yield part
            run.spoke("".join(said))

        return stream

    @functools.wraps(method)
    def generate(self: Any, given: Any, *args: Any, **kwargs: Any) -> Any:
        run.read(_read(given))
        result = method(self, given, *args, **kwargs)
        _note(run, result)
        return result

    return generate


def _running(run: Run, method: Any) -> Callable[..., Any]:
    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def arun_tool(self: Any, *args: Any, **kwargs: Any) -> Any:
            return await method(self, *args, **kwargs) if _may_run(run, self) else _refusal(self)

        return arun_tool

    @functools.wraps(method)
    def run_tool(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method(self, *args, **kwargs) if _may_run(run, self) else _refusal(self)

    return run_tool


def _may_run(run: Run, tool: BaseTool) -> bool:
    functions = (getattr(tool, "func", None), getattr(tool, "coroutine", None))
    plain = [getattr(one, "func", one) for one in functions if one is not None]
    # What the framework makes of a retriever does nothing but ask it.
    reads = bool(plain) and all(getattr(one, "__module__", "") == "langchain_core.tools.retriever" for one in plain)
    return run.may_run(tool.name, only_reads=reads)


def _refusal(tool: BaseTool) -> Any:
    return (_NOT_RUN, None) if tool.response_format == "content_and_artifact" else _NOT_RUN


def _is_gated(item: object) -> bool:
    return hasattr(type(item), "ungated")


def _add(result: Any, chunks: Sequence[Chunk]) -> Any:
    """Return what a search found with other documents before it, in the same form."""
    documents = [Document(page_content=c.text, metadata=dict(c.metadata), id=c.id) for c in chunks]
    return [*documents, *result] if isinstance(result, (list, tuple)) else result


def _add_scored(result: Any, chunks: Sequence[Chunk]) -> Any:
    """As `_add`, for pairs with scores: no worse than the best that was found."""
    scores = result[0][1:] if isinstance(result, (list, tuple)) and result else (1.0,)
    return [*((document, *scores) for document in _add([], chunks)), *result]


def _chunks(result: Any) -> list[Chunk]:
    return [to_chunk(document) for document in _documents(result)]


def _documents(value: Any, depth: int = 0) -> Iterator[Document]:
    if isinstance(value, Document):
        yield value
    elif isinstance(value, (dict, list, tuple)) and depth < _DEEPEST:
        for one in value.values() if isinstance(value, dict) else value:
            yield from _documents(one, depth + 1)


def _read(given: Any) -> list[str]:
    """Return what a model is about to read, without what it has said itself."""
    if isinstance(given, str):
        return [given]
    if isinstance(given, AIMessage):
        return []
    if isinstance(given, BaseMessage):
        return [_content(given)]
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], str):
        return [] if given[0] in ("ai", "assistant") else [str(given[1])]
    if isinstance(given, dict):
        return [] if given.get("role") in ("ai", "assistant") else [str(given.get("content", given))]
    if isinstance(given, (list, tuple)):
        return [text for one in given for text in _read(one)]
    messages = getattr(given, "to_messages", None)
    return _read(messages()) if messages is not None else [str(given)]


def _content(message: BaseMessage) -> str:
    content = message.content
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", block)) if isinstance(block, dict) else str(block) for block in content)


def _note(run: Run, result: Any) -> None:
    for batch in getattr(result, "generations", ()):
        for generation in batch:
            run.spoke(str(getattr(generation, "text", "")))


def _is_end(item: object) -> bool:
    # Behind a gate there is nothing to find; a document or a message leads nowhere.
    return isinstance(item, (Gate, Document, BaseMessage))


def _texts_of(item: Any) -> Iterator[str]:
    """Yield the texts in one object of a chain that are the chain's own words."""
    if isinstance(item, BaseMessage):
        yield _content(item)
    elif isinstance(item, BasePromptTemplate):
        yield from _strings(item.__dict__)
    elif isinstance(item, FunctionType):
        yield from _constants(item.__code__)
    elif isinstance(item, (BaseTool, Runnable)):
        yield from (value for value in getattr(item, "__dict__", {}).values() if isinstance(value, str))
    elif type(item).__module__.startswith("langchain_core.prompts"):
        yield from _strings(getattr(item, "__dict__", {}))


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, BaseMessage):
        yield _content(value)
    elif depth < _DEEPEST:
        if isinstance(value, dict):
            for one in value.values():
                yield from _strings(one, depth + 1)
        elif isinstance(value, (list, tuple)):
            for one in value:
                yield from _strings(one, depth + 1)
        elif type(value).__module__.startswith("langchain_core.prompts"):
            yield from _strings(getattr(value, "__dict__", {}), depth + 1)


def _constants(code: CodeType) -> Iterator[str]:
    for value in code.co_consts:
        if isinstance(value, str):
            yield value
        elif isinstance(value, CodeType):
            yield from _constants(value)


def _either(ask: Callable[[], Any], ask_later: Callable[[], Any]) -> Any:
    """Return what a synchronous call returns, or the asynchronous one where there is no synchronous way."""
    try:
        return ask()
    except (NotImplementedError, TypeError, RuntimeError) as error:
        failed = error
    try:
        return wait_for(ask_later())
    except Exception:  # noqa: BLE001 - what the first way said is what a user of that way would see
        raise failed from None


def _config() -> Any:
    """Return a configuration under which a graph with a memory begins a conversation of its own."""
    return {"configurable": {"thread_id": f"headgate-{uuid.uuid4().hex}"}}


def _text_of(result: Any) -> str:
    if isinstance(result, Document):
        return result.page_content
    if isinstance(result, BaseMessage):
        return _content(result)
    if isinstance(result, dict):
        return "\n".join(_text_of(value) for value in result.values())
    if isinstance(result, (list, tuple)):
        return "\n".join(_text_of(value) for value in result)
    return str(result)
