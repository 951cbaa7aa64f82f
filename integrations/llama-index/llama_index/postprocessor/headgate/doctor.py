"""What `headgate doctor` needs of LlamaIndex: find gates and retrievers, plant canaries, see the prompt."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from llama_index.core.base.base_query_engine import BaseQueryEngine
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.chat_engine.types import BaseChatEngine
from llama_index.core.instrumentation import get_dispatcher  # type: ignore[attr-defined]  # re-exported
from llama_index.core.instrumentation.event_handlers import BaseEventHandler
from llama_index.core.instrumentation.events import BaseEvent
from llama_index.core.instrumentation.events.llm import LLMChatStartEvent, LLMCompletionStartEvent
from llama_index.core.postprocessor.types import BaseNodePostprocessor
from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore, TextNode

from headgate import AdapterError, Gate
from headgate.testing.doctor import Canaries, Leaf
from headgate.testing.walking import Unfinished, walk
from llama_index.postprocessor.headgate.engines import is_end, is_source
from llama_index.postprocessor.headgate.postprocessor import HeadgatePostprocessor
from llama_index.postprocessor.headgate.retriever import GatedRetriever

__all__ = ["LlamaIndexProbe"]


class LlamaIndexProbe:
    """A LlamaIndex object under proof.

    Args:
        target: a retriever, query engine or chat engine.

    Attributes:
        gates: the gates in it.
        leaves: the retrievers in it that ask no other.
        around: stores and nodes that a step behind the gate can reach.
    """

    def __init__(self, target: Any) -> None:
        self._target = target
        found = list(walk(target, is_end=_leads_nowhere))
        self.gates: Sequence[Gate] = list({id(item): item for _, item in found if isinstance(item, Gate)}.values())
        self.leaves: Sequence[Leaf] = [
            Leaf(path, type(item).__name__, _planter(item)) for path, item in found if _is_leaf(item)
        ]
        self.around: Sequence[str] = [f"{type(item).__name__} at {path}" for path, item in _around(target)]

    @classmethod
    def accepts(cls, target: object) -> bool:
        """Return whether `target` is a retriever or an engine of LlamaIndex."""
        return isinstance(target, (BaseRetriever, BaseQueryEngine, BaseChatEngine))

    def observe(self, question: str, marks: Sequence[str], given: Any) -> str:  # noqa: ARG002 - the protocol's name
        """Return what the model reads. LlamaIndex cannot be stopped before the model, so it is asked."""
        try:
            return self._ask(given if given is not None else question)
        except AdapterError:
            if not self.around:
                raise
            return ""  # the gate refused, for what is said to be around it: no promise can be seen to hold

    def _ask(self, asked: Any) -> str:
        target = self._target
        if isinstance(target, BaseRetriever):
            return "\n".join(_text_of(item) for item in target.retrieve(asked))
        # The root, which the events of all other dispatchers reach.
        dispatcher, watcher = get_dispatcher(), _Watcher(prompts=[])
        dispatcher.add_event_handler(watcher)
        try:
            target.query(asked) if isinstance(target, BaseQueryEngine) else target.chat(asked)
        finally:
            dispatcher.event_handlers.remove(watcher)
        return "\n".join(watcher.prompts)


class _Watcher(BaseEventHandler):
    prompts: list[str]

    @classmethod
    def class_name(cls) -> str:
        """Return the handler's name."""
        return "HeadgateWatcher"

    def handle(self, event: BaseEvent, **kwargs: Any) -> None:  # noqa: ARG002 - the base's signature
        """Read the prompt of a model."""
        if isinstance(event, LLMChatStartEvent):
            self.prompts += [str(message.content) for message in event.messages]
        elif isinstance(event, LLMCompletionStartEvent):
            self.prompts.append(event.prompt)


def _leads_nowhere(item: object) -> bool:
    return isinstance(item, (Gate, BaseNode))


def _asks_another(item: object) -> bool:
    if isinstance(item, GatedRetriever):
        return True
    inner = walk(item, is_end=_leads_nowhere)
    return any(other is not item and isinstance(other, BaseRetriever) for _, other in inner)


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


def _is_leaf(item: object) -> bool:
    # What a leaf returns is proved by the canaries that are planted in it.
    return isinstance(item, BaseRetriever) and not _asks_another(item)


def _planter(retriever: Any) -> Callable[[Canaries], Callable[[], None]]:
    def plant(canaries: Canaries) -> Callable[[], None]:
        find, afind = retriever._retrieve, retriever._aretrieve
        items = [
            NodeWithScore(
                node=TextNode(
                    text=chunk.text,
                    id_=str(chunk.id),
                    metadata=dict(chunk.metadata),
                    excluded_llm_metadata_keys=list(chunk.metadata),
                ),
                score=1.0,
            )
            for chunk in canaries.chunks
        ]
        mine = {item.node.node_id for item in items}

        def planted(*args: Any, **kwargs: Any) -> Any:
            return [*items, *find(*args, **kwargs)]

        async def aplanted(*args: Any, **kwargs: Any) -> Any:
            found = await afind(*args, **kwargs)
            # By default the asynchronous way leads through the synchronous one, where they are planted already.
            return found if any(item.node.node_id in mine for item in found) else [*items, *found]

        retriever.__dict__.update(_retrieve=planted, _aretrieve=aplanted)

        def undo() -> None:
            retriever.__dict__.pop("_retrieve", None)
            retriever.__dict__.pop("_aretrieve", None)

        return undo

    return plant


def _text_of(item: NodeWithScore) -> str:
    return item.node.get_content(metadata_mode=MetadataMode.LLM)
