"""Asking a workflow of LlamaIndex a question, by whatever name its start event has it."""

from __future__ import annotations

from typing import Any

from llama_index.core.workflow import StartEvent

__all__ = ["inputs_for"]

# The documentation's workflows take `query`, agents and templates `user_msg`, others the rest.
_NAMES = ("query", "user_msg", "question", "input", "message", "topic")


def inputs_for(workflow: Any, question: str) -> dict[str, Any]:
    """Return the arguments of a workflow's `run` that ask it a question."""
    if hasattr(workflow, "root_agent") or hasattr(workflow, "system_prompt"):
        return {"user_msg": question}
    kind = getattr(workflow, "start_event_class", StartEvent)
    fields = getattr(kind, "model_fields", {})
    if kind is StartEvent or not fields:
        # One that is not asked for is not read.
        return dict.fromkeys(_NAMES, question)
    wanted = [name for name, field in fields.items() if field.annotation is str and field.is_required()]
    return dict.fromkeys(wanted or [name for name in _NAMES if name in fields], question)
