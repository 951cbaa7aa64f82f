"""The words of an object of LlamaIndex's own: its templates, messages and functions."""

from __future__ import annotations

from collections.abc import Iterator
from types import FunctionType
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import BasePromptTemplate
from llama_index.core.schema import BaseNode

from headgate.testing.doctor.texts import texts_of_function

__all__ = ["texts_of"]


def texts_of(item: Any) -> Iterator[str]:
    """Yield the texts in one object that are its own words."""
    if isinstance(item, ChatMessage):
        yield str(item.content)
    elif isinstance(item, FunctionType):
        yield from texts_of_function(item)
    elif not isinstance(item, BaseNode) and type(item).__module__.startswith("llama_index"):
        for value in (
            *getattr(item, "__dict__", {}).values(),
            *(getattr(item, "__pydantic_private__", None) or {}).values(),
        ):
            if isinstance(value, str):
                yield value
    if isinstance(item, BasePromptTemplate):
        yield str(getattr(item, "template", ""))
