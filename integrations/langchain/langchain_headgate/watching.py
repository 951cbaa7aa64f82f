"""LangChain's classes under watch: what retrieves, what speaks, and which tools are run."""

from __future__ import annotations

import asyncio
import functools
import inspect
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from langchain_core.chat_history import BaseChatMessageHistory
from langchain_core.documents import Document
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.llms import BaseLLM
from langchain_core.messages import BaseMessage, BaseMessageChunk
from langchain_core.outputs import LLMResult
from langchain_core.prompts.base import BasePromptTemplate
from langchain_core.prompts.message import BaseMessagePromptTemplate
from langchain_core.retrievers import BaseRetriever
from langchain_core.stores import BaseStore
from langchain_core.tools import BaseTool
from langchain_core.vectorstores import VectorStore

from headgate import Chunk
from headgate.integration.surface import is_gated
from headgate.testing.doctor import Run
from headgate.testing.doctor.beside import beside, told_by
from headgate.testing.doctor.patching import by_name, replaced
from headgate.testing.doctor.reading import only_reads
from langchain_headgate.convert import to_chunk
from langchain_headgate.wording import beside_content, content_of, schema_of, texts_of

__all__ = ["SEARCHES", "watching_langchain"]

SEARCHES = (
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
    *SEARCHES,
    *(f"a{name}" for name in SEARCHES),
)
_GENERATES = ("generate", "agenerate", "stream", "astream", "_chat_model_stream_v3", "_achat_model_stream_v3")
# What a model is given under names, and what of its arguments it never reads.
_GIVEN = ("messages", "prompts", "input")
_UNREAD = frozenset(("callbacks", "config", "metadata", "run_id", "run_manager", "run_name", "tags"))
_FORMATS = ("format", "format_messages", "format_prompt", "aformat_prompt", "aformat_messages")
_REMEMBERS = ("add_message", "add_messages", "aadd_messages")
_NOT_RUN = "This tool was not run: it may do more than read."
_DEEPEST = 6


@contextmanager
def watching_langchain(run: Run) -> Iterator[None]:
    """Watch everything of LangChain that retrieves, speaks or runs a tool, and tell a run of a proof."""
    with ExitStack() as stack:
        stack.enter_context(replaced((BaseRetriever, VectorStore), _RETRIEVES, functools.partial(_retrieving, run)))
        stack.enter_context(replaced((BaseStore,), ("mget", "amget"), functools.partial(_looking_up, run)))
        stack.enter_context(replaced((BaseChatModel, BaseLLM), _GENERATES, functools.partial(_speaking, run)))
        stack.enter_context(
            replaced((BasePromptTemplate, BaseMessagePromptTemplate), _FORMATS, functools.partial(_writing, run))
        )
        stack.enter_context(replaced((BaseTool,), ("_run", "_arun"), functools.partial(_running, run)))
        stack.enter_context(replaced((BaseChatMessageHistory,), _REMEMBERS, _remembering))
        yield


def _retrieving(run: Run, method: Any) -> Callable[..., Any]:
    add = _add_scored if "_score" in method.__name__ else _add
    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def asearch(self: Any, *args: Any, **kwargs: Any) -> Any:
            if is_gated(self):
                with run.behind_a_gate():
                    return await method(self, *args, **kwargs)
            with run.calling(self) as call:
                result = await method(self, *args, **kwargs)
                return run.returned(call, _chunks(result), result, add)

        return asearch

    @functools.wraps(method)
    def search(self: Any, *args: Any, **kwargs: Any) -> Any:
        if is_gated(self):
            with run.behind_a_gate():
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
        async def agenerate(self: Any, *args: Any, **kwargs: Any) -> Any:
            _hand_over(run, self, by_name(method, self, args, kwargs))
            return _note(run, await method(self, *args, **kwargs))

        return agenerate
    if inspect.isasyncgenfunction(method):

        @functools.wraps(method)
        async def astream(self: Any, *args: Any, **kwargs: Any) -> Any:
            _hand_over(run, self, by_name(method, self, args, kwargs))
            said = []
            async for part in method(self, *args, **kwargs):
                said.append(part)
                yield part
            _note_parts(run, said)

        return astream
    if inspect.isgeneratorfunction(method):

        @functools.wraps(method)
        def stream(self: Any, *args: Any, **kwargs: Any) -> Any:
            _hand_over(run, self, by_name(method, self, args, kwargs))
            said = []
            for part in method(self, *args, **kwargs):
                said.append(part)
                yield part
            _note_parts(run, said)

        return stream

    @functools.wraps(method)
    def generate(self: Any, *args: Any, **kwargs: Any) -> Any:
        _hand_over(run, self, by_name(method, self, args, kwargs))
        return _note(run, method(self, *args, **kwargs))

    return generate


def _writing(run: Run, method: Any) -> Callable[..., Any]:
    """Return a method that also tells the texts of a template: one may be made, or fetched, for one question."""
    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def aformat(self: Any, *args: Any, **kwargs: Any) -> Any:
            run.wrote(texts_of(self))
            return await method(self, *args, **kwargs)

        return aformat

    @functools.wraps(method)
    def form(self: Any, *args: Any, **kwargs: Any) -> Any:
        run.wrote(texts_of(self))
        return method(self, *args, **kwargs)

    return form


def _remembering(method: Any) -> Callable[..., Any]:
    """Return a method that adds nothing to a conversation: nothing of a proof may stay behind."""

    def remember(*_: Any, **__: Any) -> None:
        return

    async def aremember(*_: Any, **__: Any) -> None:
        return

    return functools.wraps(method)(aremember if asyncio.iscoroutinefunction(method) else remember)


def _running(run: Run, method: Any) -> Callable[..., Any]:
    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def arun_tool(self: Any, *args: Any, **kwargs: Any) -> Any:
            with run.refusing():
                return await method(self, *args, **kwargs) if _may_run(run, self) else _refusal(self)

        return arun_tool

    @functools.wraps(method)
    def run_tool(self: Any, *args: Any, **kwargs: Any) -> Any:
        with run.refusing():
            return method(self, *args, **kwargs) if _may_run(run, self) else _refusal(self)

    return run_tool


def _may_run(run: Run, tool: BaseTool) -> bool:
    return run.may_run(tool.name, only_reads=_only_reads(tool))


def _only_reads(tool: BaseTool) -> bool:
    functions = [one for name in ("func", "coroutine") if (one := getattr(tool, name, None)) is not None]
    if not functions:
        own = inspect.unwrap(type(tool)._run)
        return type(tool)._run is not BaseTool._run and only_reads(own, (BaseRetriever, VectorStore))
    # What the framework makes of a retriever does nothing but ask it.
    plain = [getattr(one, "func", one) for one in functions]
    if all(getattr(one, "__module__", "") == "langchain_core.tools.retriever" for one in plain):
        return True
    return all(only_reads(one, (BaseRetriever, VectorStore)) for one in functions)


def _refusal(tool: BaseTool) -> Any:
    return (_NOT_RUN, None) if tool.response_format == "content_and_artifact" else _NOT_RUN


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


def _hand_over(run: Run, model: object, arguments: Mapping[str, Any]) -> None:
    """Tell the run what a model is about to read: its prompt, and everything that comes with it."""
    read = {name: value for name, value in arguments.items() if name not in _UNREAD and not name.startswith("ls_")}
    prompt = next((name for name in (*_GIVEN, *read) if name in read), "")
    given = read.pop(prompt, "")
    more = [*read.values(), told_by(model), *_beside(given)]
    run.read(_read(given), beside(more, schema_of))


def _read(given: Any) -> list[str]:
    """Return what a model is about to read, what it is said to have said itself among it: anybody may write that."""
    if isinstance(given, str):
        return [given]
    if isinstance(given, BaseMessage):
        return [content_of(given)]
    if isinstance(given, tuple) and len(given) == 2 and isinstance(given[0], str):
        return [str(given[1])]
    if isinstance(given, dict):
        return [str(given.get("content", given))]
    if isinstance(given, (list, tuple)):
        return [text for one in given for text in _read(one)]
    messages = getattr(given, "to_messages", None)
    return _read(messages()) if messages is not None else [str(given)]


def _beside(given: Any) -> Iterator[Any]:
    """Yield what messages hold beside their texts."""
    if isinstance(given, BaseMessage):
        yield from beside_content(given)
    elif isinstance(given, dict):
        yield {name: value for name, value in given.items() if name != "content"}
    elif isinstance(given, (list, tuple)):
        for one in given:
            yield from _beside(one)
    else:
        messages = getattr(given, "to_messages", None)
        yield from _beside(messages()) if messages is not None else ()


def _note(run: Run, result: Any) -> Any:
    if isinstance(result, LLMResult):
        for batch in result.generations:
            for generation in batch:
                run.spoke(generation.text)
                _spoke(run, getattr(generation, "message", None))
    elif hasattr(result, "output_message"):  # one that is heard while it speaks
        run.hear(lambda: _said(result.output_message))
    return result


def _note_parts(run: Run, parts: Sequence[Any]) -> None:
    run.spoke("".join(content_of(part) if isinstance(part, BaseMessage) else str(part) for part in parts))
    messages = [part for part in parts if isinstance(part, BaseMessageChunk)]
    if messages:
        _spoke(run, functools.reduce(operator.add, messages))


def _spoke(run: Run, message: Any) -> None:
    for text in _said(message) or ():
        run.spoke(text)


def _said(message: Any) -> list[str] | None:
    """Return all that a model has said in a message, its calls of tools too; None for none."""
    if not isinstance(message, BaseMessage):
        return None
    return [content_of(message), *beside(list(beside_content(message))).texts]
