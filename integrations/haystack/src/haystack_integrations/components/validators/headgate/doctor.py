"""What `headgate doctor` needs of Haystack: watch what finds and what speaks, ask a pipeline, read its templates."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from types import FunctionType
from typing import Any

from haystack import Document, Pipeline
from haystack.dataclasses import ChatMessage

from haystack_integrations.components.validators.headgate.adapter import sockets
from haystack_integrations.components.validators.headgate.watching import finds, is_store, watching_haystack
from haystack_integrations.components.validators.headgate.wording import read_texts, texts_of
from headgate import AdapterError, Gate
from headgate.integration.loops import wait_for
from headgate.integration.surface import is_gated
from headgate.integration.walking import Unfinished, walk
from headgate.testing.doctor import Run
from headgate.testing.doctor.texts import texts_of_modules, texts_of_program

__all__ = ["HaystackProbe"]

_QUESTIONS = ("query", "question", "text", "user_query", "user_message", "input")
_MESSAGES = "messages"


class HaystackProbe:
    """A pipeline or component of Haystack under proof.

    Args:
        target: a pipeline, a component that finds documents, an agent, or anything that may lead to them.

    Attributes:
        gates: the gates that can be found in it without running it.
        around: nothing; what a component behind a gate fetches is seen when it does.
        open: components that find documents and have no gate around them, each with the way to it.
        unfinished: what could not be looked through.
    """

    around: Sequence[str] = ()

    def __init__(self, target: Any) -> None:
        self._target = target
        self._items = [item for _, item in walk(target, is_end=_leads_nowhere)]
        self.gates: Sequence[Gate] = list({id(item): item for item in self._items if isinstance(item, Gate)}.values())
        self.open: Sequence[tuple[str, object]] = [
            (path, item) for path, item in walk(target, is_end=_is_closed) if finds(item) and not is_gated(item)
        ]
        self.unfinished: Sequence[str] = [str(item) for item in self._items if isinstance(item, Unfinished)]

    def is_searched(self, item: object) -> bool:  # noqa: ARG002 - the protocol's name
        """Return whether an open store is searched past components; only components are listed."""
        return False

    def is_known(self, item: object) -> bool:
        """Return whether an object is a component, which is watched itself, or keeps documents for one."""
        return _leads_nowhere(item) or is_store(item) or (hasattr(item, "__haystack_input__") and not _asks(item))

    def retrieves(self) -> bool:
        """Return whether there is something that finds documents, or a function that may make it."""
        return any(isinstance(item, FunctionType) or finds(item) or is_store(item) for item in self._items)

    def watching(self, run: Run) -> Any:
        """Watch everything of Haystack that finds, speaks or runs a tool."""
        return watching_haystack(run, self._items)

    def ask(self, question: str, given: Any) -> str:
        """Run the pipeline or component once, and return the texts in what it returns."""
        target = self._target
        if given is None:
            data: Any = (
                _inputs_of_pipeline(target, question) if isinstance(target, Pipeline) else _inputs(target, question)
            )
        else:
            data = _with_messages(given)
        try:
            found = target.run(data) if isinstance(target, Pipeline) else target.run(**data)
        except RuntimeError:
            if not asyncio.iscoroutinefunction(getattr(target, "run_async", None)):
                raise
            found = wait_for(target.run_async(data) if isinstance(target, Pipeline) else target.run_async(**data))
        return "\n".join(_texts(found))

    def written(self) -> Iterable[str]:
        """Return the texts that the pipeline itself has."""
        for item in self._items:
            yield from texts_of(item)
        yield from texts_of_program(self._items)
        yield from texts_of_modules(self._items, "haystack")


def _leads_nowhere(item: object) -> bool:
    return isinstance(item, (Gate, Document, ChatMessage))


def _is_closed(item: object) -> bool:
    # What a component asks is seen when it is asked.
    return _leads_nowhere(item) or is_gated(item) or finds(item)


def _asks(item: object) -> bool:
    """Return whether a component may hold others: an agent with tools, a component made of a pipeline."""
    return "replies" not in sockets(item, "output") and (hasattr(item, "tools") or hasattr(item, "pipeline"))


def _inputs_of_pipeline(pipeline: Pipeline, question: str) -> dict[str, dict[str, Any]]:
    """Return the question for every input of a pipeline that nothing is connected to, and that may want it."""
    data = {}
    for name in pipeline.inputs():
        open_ones = pipeline.inputs()[name]
        found = _inputs(pipeline.get_component(name), question, open_ones)
        if found:
            data[name] = found
    return data


def _inputs(part: Any, question: str, names: Iterable[str] | None = None) -> dict[str, Any]:
    """Return the question for those inputs of a component that may want it.

    Raises:
        AdapterError: the component takes something else than a question.
    """
    found: dict[str, Any] = {}
    for name, socket in sockets(part, "input").items():
        if names is not None and name not in names:
            continue
        if name == _MESSAGES and socket.is_mandatory:
            found[name] = [ChatMessage.from_user(question)]
        elif (socket.type is str and socket.is_mandatory) or name in _QUESTIONS:
            found[name] = question
        elif socket.is_mandatory and names is None:
            raise AdapterError(f"{type(part).__name__} takes {name!r}. Give its inputs by name, as JSON.")
    return found


def _with_messages(given: Any) -> Any:
    """Return inputs that were given as JSON, with messages where they are described."""
    if isinstance(given, Mapping):
        if set(given) == {"role", "content"}:
            return ChatMessage.from_dict({"role": given["role"], "content": [{"text": given["content"]}]})
        return {name: _with_messages(value) for name, value in given.items()}
    return [_with_messages(one) for one in given] if isinstance(given, list) else given


def _texts(found: Any) -> Iterable[str]:
    if isinstance(found, Document):
        yield found.content or ""
    elif isinstance(found, ChatMessage):
        yield from read_texts(found)[0]
    elif isinstance(found, str):
        yield found
    elif isinstance(found, Mapping):
        for value in found.values():
            yield from _texts(value)
    elif isinstance(found, (list, tuple)):
        for value in found:
            yield from _texts(value)
