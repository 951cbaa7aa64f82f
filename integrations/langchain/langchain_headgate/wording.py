"""The words of a chain of LangChain's own: its templates, messages, tools and functions."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.prompts.base import BasePromptTemplate
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool

from headgate.testing.doctor.texts import texts_of_function

__all__ = ["content_of", "texts_of"]

_DEEPEST = 6


def texts_of(item: Any) -> Iterator[str]:
    """Yield the texts in one object of a chain that are the chain's own words."""
    if isinstance(item, BaseMessage):
        yield content_of(item)
    elif isinstance(item, BasePromptTemplate):
        yield from _strings(item.__dict__)
    elif isinstance(item, FunctionType):
        yield from texts_of_function(item)
    elif isinstance(item, (BaseTool, Runnable)):
        yield from (value for value in getattr(item, "__dict__", {}).values() if isinstance(value, str))
    elif type(item).__module__.startswith("langchain_core.prompts"):
        yield from _strings(getattr(item, "__dict__", {}))


def _strings(value: Any, depth: int = 0) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, BaseMessage):
        yield content_of(value)
    elif depth < _DEEPEST:
        if isinstance(value, dict):
            for one in value.values():
                yield from _strings(one, depth + 1)
        elif isinstance(value, (list, tuple)):
            for one in value:
                yield from _strings(one, depth + 1)
        elif type(value).__module__.startswith("langchain_core.prompts"):
            yield from _strings(getattr(value, "__dict__", {}), depth + 1)


def content_of(message: BaseMessage) -> str:
    """Return the text of a message."""
    content = message.content
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", block)) if isinstance(block, dict) else str(block) for block in content)
