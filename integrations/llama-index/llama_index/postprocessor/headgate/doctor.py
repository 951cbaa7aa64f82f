"""What `headgate doctor` needs of LlamaIndex: watch what retrieves and speaks, ask an object, read its templates."""

from __future__ import annotations

import asyncio
import functools
import inspect
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import CodeType, FunctionType
from typing import Any

from llama_index.core.agent.react.formatter import get_react_tool_descriptions
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.indices.base import BaseIndex
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore, TextNode
from llama_index.core.storage.docstore import BaseDocumentStore
from llama_index.core.tools import BaseTool, QueryEngineTool, RetrieverTool, ToolOutput
from llama_index.core.vector_stores.types import BasePydanticVectorStore
from llama_index.core.workflow import Workflow

from headgate import AdapterError, Chunk, Gate
from headgate.integration.loops import wait_for
from headgate.testing.doctor import Run
from headgate.testing.doctor.patching import replaced
from headgate.testing.walking import Unfinished, walk
from llama_index.postprocessor.headgate.convert import to_chunk
from llama_index.postprocessor.headgate.engines import is_end, is_source
from llama_index.postprocessor.headgate.postprocessor import HeadgatePostprocessor
from llama_index.postprocessor.headgate.retriever import GatedRetriever

__all__ = ["LlamaIndexProbe", "watching_llamaindex"]

_KINDS = (BaseRetriever, BaseIndex, BaseQueryEngine, BaseChatEngine, BasePydanticVectorStore, Workflow)
_SPEAKS = ("chat", "complete", "stream_chat", "stream_complete")
_READ_ONLY = (QueryEngineTool, RetrieverTool)
_NOT_RUN = "This tool was not run: it may do more than read."


class LlamaIndexProbe:
    """A LlamaIndex object under proof.

    Args:
        target: a retriever, index, store, query engine, chat engine, agent or workflow.

    Attributes:
        gates: the gates that can be found in it without asking it.
        around: stores and nodes that a step behind the gate can reach.
        unfinished: what could not be looked through.
    """

    def __init__(self, target: Any) -> None:
        self._target = target
        self._items = [item for _, item in walk(target, is_end=_leads_nowhere)]
        self.gates: Sequence[Gate] = list({id(item): item for item in self._items if isinstance(item, Gate)}.values())
        # What agents and workflows ask is found when they ask it.
        around = _around(target) if not isinstance(target, Workflow) else ()
        self.around: Sequence[str] = [f"{type(item).__name__} at {path}" for path, item in around]
        self.unfinished: Sequence[str] = [str(item) for item in self._items if isinstance(item, Unfinished)]

    @classmethod
    def accepts(cls, target: object) -> bool:
        """Return whether `target` is something of LlamaIndex that can be asked."""
        return isinstance(target, _KINDS)

    def retrieves(self) -> bool:
        """Return whether there is something that retrieves, or a function that may make it."""
        return any(isinstance(item, (*_KINDS, FunctionType)) for item in self._items)

    def watching(self, run: Run) -> Any:
        """Watch everything of LlamaIndex that retrieves, speaks or runs a tool."""
        return watching_llamaindex(run)

    def ask(self, question: str, given: Any) -> str:
        """Ask the object once, to its end, and return the texts in what it returns."""
        try:
            return _text_of(self._ask(given if given is not None else question))
        except AdapterError:
            if not self.around:
                raise
            return ""  # the gate refused, for what is said to be around it

    def written(self) -> Iterable[str]:
        """Return the texts that the object itself has."""
        tools = [item for item in self._items if isinstance(item, BaseTool)]
        try:
            yield from get_react_tool_descriptions(tools)
        except Exception:  # noqa: BLE001 - a tool without a description is described by nobody
            yield ""
        for item in self._items:
            yield from _texts_of(item)

    def _ask(self, asked: Any) -> Any:
        target = self._target
        if isinstance(target, BasePydanticVectorStore):
            from llama_index.core import VectorStoreIndex

            target = VectorStoreIndex.from_vector_store(target)
        if isinstance(target, BaseIndex):
            target = target.as_retriever()
        if isinstance(target, BaseRetriever):
            return _either(lambda: target.retrieve(asked), lambda: target.aretrieve(asked))
        if isinstance(target, BaseQueryEngine):
            return _either(lambda: target.query(asked), lambda: target.aquery(asked))
        if isinstance(target, BaseChatEngine):
            with _forgetting(target):
                return _either(lambda: target.chat(asked), lambda: target.achat(asked))
        return wait_for(_run(target, asked))


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
        stack.enter_context(replaced((BaseLLM,), speaks, functools.partial(_speaking, run)))
        stack.enter_context(replaced((BaseTool,), ("call", "acall"), functools.partial(_running, run)))
        yield


def _retrieving(run: Run, method: Any) -> Callable[..., Any]:
    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def aretrieve(self: Any, *args: Any, **kwargs: Any) -> Any:
            ask = method.__get__(self, type(self))
            if isinstance(self, GatedRetriever) or hasattr(type(self), "ungated"):
                return await ask(*args, **kwargs)
            with run.calling(self) as call:
                result = await ask(*args, **kwargs)
                return run.returned(call, _chunks(result), result, _add)

        return aretrieve

    @functools.wraps(method)
    def retrieve(self: Any, *args: Any, **kwargs: Any) -> Any:
        ask = method.__get__(self, type(self))
        if isinstance(self, GatedRetriever) or hasattr(type(self), "ungated"):
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
            run.read(_read(args, kwargs))
            return _heard(run, await method.__get__(self, type(self))(*args, **kwargs))

        return aspeak

    @functools.wraps(method)
    def speak(self: Any, *args: Any, **kwargs: Any) -> Any:
        run.read(_read(args, kwargs))
        return _heard(run, method.__get__(self, type(self))(*args, **kwargs))

    return speak


def _running(run: Run, method: Any) -> Callable[..., Any]:
    if asyncio.iscoroutinefunction(method):

        @functools.wraps(method)
        async def acall(self: Any, *args: Any, **kwargs: Any) -> Any:
            return await method.__get__(self, type(self))(*args, **kwargs) if _may_run(run, self) else _refusal(self)

        return acall

    @functools.wraps(method)
    def call(self: Any, *args: Any, **kwargs: Any) -> Any:
        return method.__get__(self, type(self))(*args, **kwargs) if _may_run(run, self) else _refusal(self)

    return call


def _may_run(run: Run, tool: Any) -> bool:
    # A wrapper of a tool asks the tool itself.
    reads = isinstance(tool, _READ_ONLY) or isinstance(getattr(tool, "_tool", None), BaseTool)
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


def _read(args: Sequence[Any], kwargs: dict[str, Any]) -> list[str]:
    """Return what a model is about to read, without what it has said itself."""
    given = args[0] if args else kwargs.get("messages", kwargs.get("prompt", ""))
    if not isinstance(given, (list, tuple)):
        return [str(given)]
    return [str(one.content) for one in given if getattr(one, "role", None) != MessageRole.ASSISTANT]


def _heard(run: Run, result: Any) -> Any:
    """Take note of what a model says, at once or in parts."""
    if inspect.isasyncgen(result) or isinstance(result, AsyncIterator):
        return _aheard_in_parts(run, result)
    if inspect.isgenerator(result):
        return _heard_in_parts(run, result)
    run.spoke(_said(result))
    return result


def _heard_in_parts(run: Run, parts: Iterator[Any]) -> Iterator[Any]:
    last = None
    for last in parts:
        yield last
    run.spoke(_said(last))


async def _aheard_in_parts(run: Run, parts: Any) -> AsyncIterator[Any]:
    last = None
    async for last in parts:
        yield last
    run.spoke(_said(last))


def _said(response: Any) -> str:
    message = getattr(response, "message", None)
    return str(message.content) if message is not None else str(getattr(response, "text", None) or "")


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


async def _run(workflow: Any, asked: Any) -> Any:
    if isinstance(asked, dict):
        return await workflow.run(**asked)
    # Agents take `user_msg`; the workflows of the documentation take `query`.
    name = "user_msg" if hasattr(workflow, "root_agent") or hasattr(workflow, "system_prompt") else "query"
    return await workflow.run(**{name: asked})


@contextmanager
def _forgetting(engine: Any) -> Iterator[None]:
    """Let a chat engine remember afterwards what it remembered before."""
    memory = getattr(engine, "_memory", None)
    before = memory.get_all() if memory is not None else []
    try:
        yield
    finally:
        if memory is not None:
            memory.set(before)


def _texts_of(item: Any) -> Iterator[str]:
    """Yield the texts in one object that are its own words."""
    if isinstance(item, ChatMessage):
        yield str(item.content)
    elif isinstance(item, FunctionType):
        yield from _constants(item.__code__)
    elif not isinstance(item, BaseNode) and type(item).__module__.startswith("llama_index"):
        for value in (
            *getattr(item, "__dict__", {}).values(),
            *(getattr(item, "__pydantic_private__", None) or {}).values(),
        ):
            if isinstance(value, str):
                yield value
    if isinstance(item, BasePromptTemplate):
        yield str(getattr(item, "template", ""))


def _constants(code: CodeType) -> Iterator[str]:
    for value in code.co_consts:
        if isinstance(value, str):
            yield value
        elif isinstance(value, CodeType):
            yield from _constants(value)


def _leads_nowhere(item: object) -> bool:
    return isinstance(item, (Gate, BaseNode))


def _asks_another(item: object) -> bool:
    if isinstance(item, GatedRetriever):
        return True
    inner = walk(item, is_end=_leads_nowhere)
    return any(other is not item and isinstance(other, BaseRetriever) for _, other in inner)


def _is_leaf(item: object) -> bool:
    # What a leaf returns is proved by the canaries that are planted in it.
    return isinstance(item, BaseRetriever) and not _asks_another(item)


def _around(root: object, prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield what a step behind the gate can reach, with the way to it.

    Whether a step adds documents cannot be seen from outside; whether it could, can: it needs something to take them
    from.
    """
    for way, item in walk(root, is_end=lambda one: is_end(one) or _is_leaf(one) or bool(_steps_behind(one))):
        path = f"{prefix}.{way}".strip(".")
        for step in _steps_behind(item)[1:]:
            yield from _around(step, f"{path}.{type(step).__name__}".lstrip("."))
        if isinstance(item, (BaseNode, Unfinished)) or (
            is_source(item) and not isinstance(item, (BaseRetriever, BaseNodePostprocessor))
        ):
            yield path, item


def _steps_behind(item: object) -> list[Any]:
    """Return the first gate among the postprocessors of an engine or tool, and the steps behind it."""
    steps = getattr(item, "__dict__", {}).get("_node_postprocessors")
    if not isinstance(steps, (list, tuple)):
        return []
    return list(itertools.dropwhile(lambda step: not isinstance(step, HeadgatePostprocessor), steps))


def _text_of(result: Any) -> str:
    if isinstance(result, NodeWithScore):
        return result.node.get_content(metadata_mode=MetadataMode.LLM)
    if isinstance(result, (list, tuple)):
        return "\n".join(map(_text_of, result))
    return str(result)
