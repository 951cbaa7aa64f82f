"""What `headgate doctor` needs of LlamaIndex: watch what retrieves and speaks, ask an object, read its templates."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from types import FunctionType
from typing import Any

from llama_index.core.agent.react.formatter import get_react_tool_descriptions
from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.base.embeddings.base import BaseEmbedding
from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.callbacks.base_handler import BaseCallbackHandler
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.indices.base import BaseIndex
from llama_index.core.memory import BaseMemory, SimpleComposableMemory
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore
from llama_index.core.storage.docstore import BaseDocumentStore
from llama_index.core.tools import BaseTool
from llama_index.core.vector_stores.types import BasePydanticVectorStore
from llama_index.core.workflow import Workflow

from headgate import AdapterError, Gate
from headgate.integration.loops import wait_for
from headgate.integration.surface import is_gated
from headgate.integration.walking import Unfinished, walk
from headgate.testing.doctor import Run
from headgate.testing.doctor.keeping import as_before
from headgate.testing.doctor.texts import texts_of_modules, texts_of_program
from llama_index.postprocessor.headgate.asking import inputs_for
from llama_index.postprocessor.headgate.engines import is_end, is_source
from llama_index.postprocessor.headgate.postprocessor import HeadgatePostprocessor
from llama_index.postprocessor.headgate.retriever import GatedRetriever
from llama_index.postprocessor.headgate.watching import watching_llamaindex
from llama_index.postprocessor.headgate.wording import texts_of

__all__ = ["LlamaIndexProbe"]

_KINDS = (BaseRetriever, BaseIndex, BaseQueryEngine, BaseChatEngine, BasePydanticVectorStore, Workflow)

_KNOWN = (
    BaseCallbackHandler,
    BaseDocumentStore,
    BaseEmbedding,
    BaseIndex,
    BaseLLM,
    BaseNodePostprocessor,
    BasePydanticVectorStore,
    BaseRetriever,
)


class LlamaIndexProbe:
    """A LlamaIndex object under proof.

    Args:
        target: a retriever, index, store, query engine, chat engine, agent or workflow.

    Attributes:
        gates: the gates that can be found in it without asking it.
        around: stores and nodes that a step behind the gate can reach.
        open: retrievers that have no gate before them, each with the way to it.
        unfinished: what could not be looked through.
    """

    def __init__(self, target: Any) -> None:
        self._target = target
        self._items = [item for _, item in walk(target, is_end=_leads_nowhere)]
        self.gates: Sequence[Gate] = list({id(item): item for item in self._items if isinstance(item, Gate)}.values())
        self.open: Sequence[tuple[str, object]] = [
            (path, item)
            for path, item in walk(target, is_end=_is_closed)
            if isinstance(item, BaseRetriever) and not _is_gated(item)
        ]
        # What agents and workflows ask is found when they ask it.
        around = _around(target) if not isinstance(target, Workflow) else ()
        self.around: Sequence[str] = [f"{type(item).__name__} at {path}" for path, item in around]
        self.unfinished: Sequence[str] = [str(item) for item in self._items if isinstance(item, Unfinished)]

    @classmethod
    def accepts(cls, target: object) -> bool:
        """Return whether `target` is something of LlamaIndex that can be asked."""
        return isinstance(target, _KINDS)

    def is_searched(self, item: object) -> bool:  # noqa: ARG002 - the protocol's name
        """Return whether an open store is searched past retrievers; only retrievers are listed."""
        return False

    def is_known(self, item: object) -> bool:
        """Return whether an object is watched itself, speaks, embeds, sorts or traces."""
        return _leads_nowhere(item) or isinstance(item, _KNOWN)

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
            yield from texts_of(item)
        yield from texts_of_program(self._items)
        yield from texts_of_modules(self._items, "llama_index")

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
        remembering = (one for one in self._items if isinstance(one, (Workflow, BaseMemory, SimpleComposableMemory)))
        with as_before(remembering, _keeps_texts):
            return wait_for(_run(target, asked))


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


async def _run(workflow: Any, asked: Any) -> Any:
    return await workflow.run(**(asked if isinstance(asked, dict) else inputs_for(workflow, asked)))


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


def _leads_nowhere(item: object) -> bool:
    return isinstance(item, (Gate, BaseNode))


def _keeps_texts(item: object) -> bool:
    return isinstance(
        item, (Gate, BaseNode, BaseIndex, BaseRetriever, BaseQueryEngine, BaseLLM, BasePydanticVectorStore)
    )


def _is_gated(item: object) -> bool:
    return is_gated(item) or bool(_steps_behind(item))


def _is_closed(item: object) -> bool:
    # What a retriever asks is seen when it is asked.
    return _leads_nowhere(item) or _is_gated(item) or isinstance(item, (BaseRetriever, BaseLLM))


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
