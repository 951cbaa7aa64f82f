"""The words of an object of LlamaIndex's own: its templates, messages and functions."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from llama_index.core.base.llms.base import BaseLLM
from llama_index.core.base.llms.types import ChatMessage, TextBlock
from llama_index.core.prompts import BasePromptTemplate, PromptTemplate
from llama_index.core.schema import BaseNode, MetadataMode, NodeWithScore
from llama_index.core.tools import BaseTool

from headgate.testing.doctor.beside import beside, told_by
from headgate.testing.doctor.texts import texts_of_function
from headgate.testing.doctor.wording import Whole
from llama_index.postprocessor.headgate.media import media

__all__ = ["beside_content", "schema_of", "texts_of"]


def texts_of(item: Any) -> Iterator[str]:
    """Yield the texts in one object that are its own words."""
    if isinstance(item, ChatMessage):
        yield Whole(item.content)
    elif isinstance(item, FunctionType):
        yield from texts_of_function(item)
    elif not isinstance(item, BaseNode) and type(item).__module__.startswith("llama_index"):
        for value in (
            *getattr(item, "__dict__", {}).values(),
            *(getattr(item, "__pydantic_private__", None) or {}).values(),
        ):
            if isinstance(value, str):
                yield Whole(value) if isinstance(item, PromptTemplate) else value
    if isinstance(item, (BaseTool, BaseLLM)):
        yield from beside(schema_of(item) if isinstance(item, BaseTool) else told_by(item)).texts
    if isinstance(item, BasePromptTemplate):
        template = str(getattr(item, "template", ""))
        yield Whole(template) if isinstance(item, PromptTemplate) else template


def schema_of(value: Any) -> Any:
    """Return the schema by which a model is told of a tool, and of a node what it holds; anything else as it is."""
    if isinstance(value, NodeWithScore):
        value = value.node
    if isinstance(value, BaseNode):
        return [value.get_content(metadata_mode=MetadataMode.LLM), value.metadata, *media(value)]
    if not isinstance(value, BaseTool):
        return value
    try:
        return value.metadata.to_openai_tool(skip_length_check=True)
    except Exception:  # noqa: BLE001 - a tool may have arguments that nothing describes
        return [value.metadata.name, value.metadata.description]


def beside_content(message: ChatMessage) -> Iterator[Any]:
    """Yield what a message holds beside its texts: other blocks, and arguments such as calls of tools."""
    yield message.additional_kwargs
    for block in message.blocks:
        if not isinstance(block, TextBlock):
            yield block
