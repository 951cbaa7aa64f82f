"""Asking an object of LangChain a question, whatever form of input it takes."""

from __future__ import annotations

from typing import Any

from langchain_core.retrievers import BaseRetriever

__all__ = ["inputs_for"]


def inputs_for(target: Any, question: str) -> list[Any]:
    """Return inputs of the forms that a target may take, with the question in them, the likeliest first."""
    if isinstance(target, BaseRetriever):
        return [question]
    try:
        schema = target.get_input_jsonschema()
    except Exception:  # noqa: BLE001 - a target that cannot say what it takes gets the question
        return [question]
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return [question]
    if "messages" in properties:
        return [{"messages": [("user", question)]}]
    named = {name: [] if entry.get("type") == "array" else question for name, entry in properties.items()}
    return [question, named]
