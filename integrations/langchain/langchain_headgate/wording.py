"""The words of a chain of LangChain's own: its templates, messages, tools and functions."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from langchain_core.documents import Document
from langchain_core.language_models import BaseLanguageModel
from langchain_core.messages import BaseMessage
from langchain_core.prompts.base import BasePromptTemplate
from langchain_core.runnables import Runnable
from langchain_core.runnables.base import RunnableBindingBase
from langchain_core.tools import BaseTool
from langchain_core.utils.function_calling import convert_to_openai_tool

from headgate.testing.doctor.beside import beside, told_by
from headgate.testing.doctor.texts import texts_of_function
from headgate.testing.doctor.wording import Whole

__all__ = ["beside_content", "content_of", "schema_of", "texts_of"]

_DEEPEST = 6


def texts_of(item: Any) -> Iterator[str]:
    """Yield the texts in one object of a chain that are the chain's own words."""
    if isinstance(item, BaseMessage):
        yield Whole(content_of(item))
    elif isinstance(item, BasePromptTemplate):
        yield from _strings(item.__dict__, 0, _kind_of(item))
    elif isinstance(item, FunctionType):
        yield from texts_of_function(item)
    elif isinstance(item, (BaseTool, Runnable)):
        yield from (Whole(value) for value in getattr(item, "__dict__", {}).values() if isinstance(value, str))
        # What is bound before anything is asked is the chain's own.
        bound = item.kwargs if isinstance(item, RunnableBindingBase) else None
        told = told_by(item) if isinstance(item, BaseLanguageModel) else None
        yield from beside([schema_of(item) if isinstance(item, BaseTool) else None, bound, told], schema_of).texts
    elif type(item).__module__.startswith("langchain_core.prompts"):
        yield from _strings(getattr(item, "__dict__", {}), 0, _kind_of(item))


def _strings(value: Any, depth: int = 0, kind: type[str] = Whole) -> Iterator[str]:
    """Yield the texts in a template; one in a format with conditions may be used in parts."""
    if isinstance(value, str):
        yield kind(value)
    elif isinstance(value, BaseMessage):
        yield Whole(content_of(value))
    elif depth < _DEEPEST:
        if isinstance(value, dict):
            for one in value.values():
                yield from _strings(one, depth + 1, kind)
        elif isinstance(value, (list, tuple)):
            for one in value:
                yield from _strings(one, depth + 1, kind)
        elif type(value).__module__.startswith("langchain_core.prompts"):
            yield from _strings(getattr(value, "__dict__", {}), depth + 1, _kind_of(value))


def _kind_of(template: Any) -> type[str]:
    return Whole if getattr(template, "template_format", "f-string") == "f-string" else str


def schema_of(value: Any) -> Any:
    """Return the schema by which a model is told of a tool, and of a document what it holds; anything else as it is."""
    if isinstance(value, Document):
        return [value.page_content, value.metadata]
    if isinstance(value, BaseMessage):
        return [content_of(value), *beside_content(value)]
    if not isinstance(value, BaseTool):
        return value
    try:
        return convert_to_openai_tool(value)
    except Exception:  # noqa: BLE001 - a tool may have arguments that nothing describes
        return [value.name, value.description]


def beside_content(message: BaseMessage) -> Iterator[Any]:
    """Yield what a message holds beside its text: names, calls of tools, and all but the texts of its blocks."""
    yield from (message.name, message.additional_kwargs)
    yield from (getattr(message, name, None) for name in ("tool_calls", "invalid_tool_calls"))
    for block in message.content if isinstance(message.content, list) else ():
        if isinstance(block, dict):
            yield {name: value for name, value in block.items() if name not in ("text", "type")}


def content_of(message: BaseMessage) -> str:
    """Return the text of a message."""
    content = message.content
    if isinstance(content, str):
        return content
    return "\n".join(str(block.get("text", block)) if isinstance(block, dict) else str(block) for block in content)
