"""The words of a pipeline of Haystack's own: its templates, messages, tools and functions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from types import FunctionType
from typing import Any

from haystack import Document
from haystack.components.agents import Agent
from haystack.components.builders import ChatPromptBuilder, PromptBuilder
from haystack.dataclasses import ChatMessage
from haystack.tools.tool import Tool

from headgate.testing.doctor.beside import beside, told_by
from headgate.testing.doctor.texts import texts_of_function
from headgate.testing.doctor.wording import Whole

__all__ = ["read_texts", "schema_of", "template_texts", "texts_of"]

# What Jinja puts something else in the place of, or leaves out.
_JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_PROMPTS = ("template", "_template_string", "system_prompt", "user_prompt")
_WRITTEN_BY = (PromptBuilder, ChatPromptBuilder, Agent)


def texts_of(item: Any) -> Iterator[str]:
    """Yield the texts in one object of a pipeline that are the pipeline's own words."""
    if isinstance(item, ChatMessage):
        yield from map(Whole, read_texts(item)[0])
    elif isinstance(item, FunctionType):
        yield from texts_of_function(item)
    elif isinstance(item, Tool):
        yield from beside(schema_of(item)).texts
    elif hasattr(type(item), "run") and hasattr(item, "__haystack_input__"):
        yield from template_texts([item])
        yield from beside(told_by(item), schema_of).texts


def template_texts(items: Iterable[Any]) -> Iterator[str]:
    """Yield what the templates of components, and templates themselves, have around what they put in; by the line.

    A template has loops and conditions, so only parts of it may be used.
    """
    for item in items:
        if isinstance(item, _WRITTEN_BY):
            yield from template_texts(item.__dict__.get(name) for name in _PROMPTS)
        elif isinstance(item, (list, tuple)):
            yield from template_texts(item)
        elif isinstance(item, ChatMessage):
            yield from template_texts(read_texts(item)[0])
        elif isinstance(item, str):
            yield from (line.strip() for piece in _JINJA.split(item) for line in piece.splitlines())


def read_texts(given: Any) -> tuple[list[str], list[Any]]:
    """Return the texts of a prompt, or of messages, and what comes beside them."""
    if isinstance(given, str):
        return [given], []
    if isinstance(given, ChatMessage):
        # What a tool has returned is read as text.
        results = [str(one.result) for one in given.tool_call_results]
        calls = [[call.tool_name, call.arguments] for call in given.tool_calls]
        kept = (one for name, one in vars(given).items() if name in ("_name", "_meta"))
        return [*given.texts, *results], [*calls, *kept, *_other_blocks(given)]
    texts: list[str] = []
    others: list[Any] = []
    for one in given if isinstance(given, (list, tuple)) else ():
        more, rest = read_texts(one)
        texts += more
        others += rest
    return texts, others


def _other_blocks(message: ChatMessage) -> Iterator[Any]:
    """Yield what of a message is neither text nor a call of a tool nor its result: pictures, files."""
    yield from (*message.images, *message.files)


def schema_of(value: Any) -> Any:
    """Return by what a model is told of a tool, and of a document what it holds; anything else as it is."""
    if isinstance(value, Tool):
        return value.tool_spec
    if isinstance(value, Document):
        return [value.content, value.meta]
    if isinstance(value, ChatMessage):
        texts, others = read_texts(value)
        return [*texts, *others]
    return value
