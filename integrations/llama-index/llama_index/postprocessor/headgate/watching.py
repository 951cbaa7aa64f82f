"""LlamaIndex's classes under watch: what retrieves, what speaks, and which tools are run."""

from __future__ import annotations

import asyncio
import functools
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.indices.base import BaseIndex
from llama_index.core.multi_modal_llms import MultiModalLLM
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.schema import BaseNode, NodeWithScore, TextNode
from llama_index.core.storage.docstore import BaseDocumentStore
from llama_index.core.tools import BaseTool, QueryEngineTool, RetrieverTool, ToolOutput
from llama_index.core.vector_stores.types import BasePydanticVectorStore

from headgate import Chunk
from headgate.testing.doctor import Run
from headgate.testing.doctor.beside import beside, told_by
from headgate.testing.doctor.patching import by_name, replaced
from headgate.testing.doctor.reading import only_reads
from headgate.testing.doctor.texts import texts_of_modules
from llama_index.postprocessor.headgate.convert import to_chunk
from llama_index.postprocessor.headgate.retriever import GatedRetriever
from llama_index.postprocessor.headgate.wording import beside_content, schema_of, texts_of

__all__ = ["watching_llamaindex"]

_SPEAKS = ("chat", "complete", "stream_chat", "stream_complete")
_GIVEN = ("messages", "prompt")
_READ_ONLY = (QueryEngineTool, RetrieverTool)
_ASKED = (BaseRetriever, BaseIndex, BaseQueryEngine)
_OWN = ("llama_index.core.program", "llama_index.core.agent")
_NOT_RUN = "This tool was not run: it may do more than read."


@contextmanager
def watching_llamaindex(run: Run) -> Iterator[None]:
    """Watch everything of LlamaIndex that retrieves, speaks or runs a tool, and tell a run of a proof."""
    lookups = ("get_document", "aget_document", "get_nodes", "aget_nodes", "query", "aquery")
    speaks = (*_SPEAKS, *(f"a{name}" for name in _SPEAKS))
    with ExitStack() as stack:
        stack.enter_context(
            replaced((BaseRetriever,), ("_retrieve", "_aretrieve"), functools.partial(_retrieving, run))
        )
        stack.enter_context(
            replaced((BaseDocumentStore, BasePydanticVectorStore), lookups, functools.partial(_looking_up, run))
        )
        stack.enter_context(replaced((BaseLLM, MultiModalLLM), speaks, functools.partial(_speaking, run)))
        stack.enter_context(
            replaced((BasePromptTemplate,), ("format", "format_messages"), functools.partial(_writing, run))
        )
        stack.enter_context(replaced((BaseTool,), ("call", "acall"), functools.partial(_running, run)))
        yield


def _retrieving(run: Run, method: Any) -> Callable[..., Any]:
    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def aretrieve(self: Any, *args: Any, **kwargs: Any) -> Any:
            ask = method.__get__(self, type(self))
            if isinstance(self, GatedRetriever) or hasattr(type(self), "ungated"):
                with run.behind_a_gate():
                    return await ask(*args, **kwargs)
            with run.calling(self) as call:
                result = await ask(*args, **kwargs)
                return run.returned(call, _chunks(result), result, _add)

        return aretrieve

    @functools.wraps(method)
    def retrieve(self: Any, *args: Any, **kwargs: Any) -> Any:
        ask = method.__get__(self, type(self))
        if isinstance(self, GatedRetriever) or hasattr(type(self), "ungated"):
            with run.behind_a_gate():
                return ask(*args, **kwargs)
        with run.calling(self) as call:
            result = ask(*args, **kwargs)
            return run.returned(call, _chunks(result), result, _add)

    return retrieve


def _looking_up(run: Run, method: Any) -> Callable[..., Any]:
    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def alook_up(self: Any, *args: Any, **kwargs: Any) -> Any:
            result = await method.__get__(self, type(self))(*args, **kwargs)
            run.looked_up(self, _chunks(result))
            return result

        return alook_up

    @functools.wraps(method)
    def look_up(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = method.__get__(self, type(self))(*args, **kwargs)
        run.looked_up(self, _chunks(result))
        return result

    return look_up


def _speaking(run: Run, method: Any) -> Callable[..., Any]:
    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def aspeak(self: Any, *args: Any, **kwargs: Any) -> Any:
            _hand_over(run, self, by_name(method, self, args, kwargs))
            return _heard(run, await method.__get__(self, type(self))(*args, **kwargs))

        return aspeak

    @functools.wraps(method)
    def speak(self: Any, *args: Any, **kwargs: Any) -> Any:
        _hand_over(run, self, by_name(method, self, args, kwargs))
        return _heard(run, method.__get__(self, type(self))(*args, **kwargs))

    return speak


def _writing(run: Run, method: Any) -> Callable[..., Any]:
    """Return a method that also tells the texts of a template: one may be made for one question."""

    @functools.wraps(method)
    def form(self: Any, *args: Any, **kwargs: Any) -> Any:
        run.wrote([*texts_of(self), *texts_of_modules([self, getattr(self, "output_parser", None)], "llama_index")])
        return method.__get__(self, type(self))(*args, **kwargs)

    return form


def _running(run: Run, method: Any) -> Callable[..., Any]:
    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def acall(self: Any, *args: Any, **kwargs: Any) -> Any:
            with run.refusing():
                return (
                    await method.__get__(self, type(self))(*args, **kwargs) if _may_run(run, self) else _refusal(self)
                )

        return acall

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        with run.refusing():
            return method.__get__(self, type(self))(*args, **kwargs) if _may_run(run, self) else _refusal(self)

    return call


def _may_run(run: Run, tool: Any) -> bool:
    # A wrapper of a tool asks the tool itself.
    reads = isinstance(tool, _READ_ONLY) or isinstance(getattr(tool, "_tool", None), BaseTool)
    function = getattr(tool, "real_fn", None)
    # What makes an object of a model's answer, or hands over to another agent, does nothing else.
    reads = reads or getattr(function, "__module__", "").startswith(_OWN) or only_reads(function, _ASKED)
    return run.may_run(str(tool.metadata.get_name()), only_reads=reads)


def _refusal(tool: Any) -> ToolOutput:
    return ToolOutput(content=_NOT_RUN, tool_name=tool.metadata.get_name(), raw_input={}, raw_output=_NOT_RUN)


def _add(result: Any, chunks: Sequence[Chunk]) -> Any:
    """Return what a retriever found with other nodes before it."""
    nodes = [
        NodeWithScore(node=TextNode(text=c.text, id_=str(c.id), metadata=dict(c.metadata)), score=1.0) for c in chunks
    ]
    return [*nodes, *result] if isinstance(result, (list, tuple)) else result


def _chunks(result: Any) -> list[Chunk]:
    """Return the nodes in what a retriever, a store or a search returned, as chunks."""
    items = getattr(result, "nodes", result)
    found = items if isinstance(items, (list, tuple)) else (items,)
    nodes = (NodeWithScore(node=item) if isinstance(item, BaseNode) else item for item in found)
    return [to_chunk(item) for item in nodes if isinstance(item, NodeWithScore)]


def _hand_over(run: Run, model: object, arguments: Mapping[str, Any]) -> None:
    """Tell the run what a model is about to read; what it is said to have said itself too: anybody may write that."""
    others = dict(arguments)
    given = others.pop(next((name for name in (*_GIVEN, *others) if name in others), ""), "")
    messages = list(given) if isinstance(given, (list, tuple)) else [given]
    texts = [str(getattr(one, "content", one) or "") for one in messages]
    more = [part for one in messages if isinstance(one, ChatMessage) for part in beside_content(one)]
    run.read(texts, beside([*others.values(), told_by(model), *more], schema_of))


def _heard(run: Run, result: Any) -> Any:
    """Take note of what a model says, at once or in parts."""
    if inspect.isasyncgen(result) or isinstance(result, AsyncIterator):
        return _aheard_in_parts(run, result)
    if inspect.isgenerator(result):
        return _heard_in_parts(run, result)
    _spoke(run, result)
    return result


def _heard_in_parts(run: Run, parts: Iterator[Any]) -> Iterator[Any]:
    last = None
    for last in parts:
        yield last
    _spoke(run, last)


async def _aheard_in_parts(run: Run, parts: Any) -> AsyncIterator[Any]:
    last = None
    async for last in parts:
        yield last
    _spoke(run, last)


def _spoke(run: Run, response: Any) -> None:
    """Tell the run all that a model has said, its calls of tools too."""
    message = getattr(response, "message", None)
    if not isinstance(message, ChatMessage):
        run.spoke(str(getattr(response, "text", None) or ""))
        return
    for text in (str(message.content or ""), *beside(list(beside_content(message)), schema_of).texts):
        run.spoke(text)
