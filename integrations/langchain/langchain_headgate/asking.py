"""Asking an object of LangChain a question, whatever form of input it takes."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, get_origin, get_type_hints

from langchain_core.retrievers import BaseRetriever

__all__ = ["config_for", "forget", "inputs_for"]

# A graph that starts over as long as nothing is good enough does so ten thousand times, by the framework's default.
_MOST_STEPS = 100


def inputs_for(target: Any, question: str) -> list[Any]:
    """Return inputs of the forms that a target may take, with the question in them, the likeliest first."""
    if isinstance(target, BaseRetriever):
        return [question]
    lists = _names(target)
    if lists is None:
        return [question]
    if "messages" in lists:
        return [{"messages": [("user", question)]}]
    named = {name: [] if is_list else question for name, is_list in lists.items()}
    return [question, named]


def _names(target: Any) -> dict[str, bool] | None:
    """Return which named inputs a target takes, and whether each is a list; None for one that does not say."""
    try:
        properties = target.get_input_jsonschema().get("properties")
    except Exception:  # noqa: BLE001 - not every state of a graph can be described
        return _names_of_state(target)
    if not isinstance(properties, dict):
        return None
    return {name: isinstance(entry, dict) and entry.get("type") == "array" for name, entry in properties.items()}


def _names_of_state(graph: Any) -> dict[str, bool] | None:
    """Return the names in a graph's state, such as a `typing.TypedDict` before Python 3.12."""
    state = getattr(getattr(graph, "builder", None), "input_schema", None)
    try:
        hints = get_type_hints(state) if state is not None else {}
    except Exception:  # noqa: BLE001 - annotations may name what is not there
        return None
    return {name: get_origin(hint) is list or hint is list for name, hint in hints.items()} or None


def config_for(target: Any, thread: str) -> Any:
    """Return a configuration with a conversation of its own for what remembers, and an end for what goes round.

    Args:
        target: what is to be asked.
        thread: the name of the conversation.
    """
    named = {"thread_id": thread, "session_id": thread}
    try:
        wanted = {one.id: thread for one in target.config_specs if one.annotation is str and one.default in (None, "")}
    except Exception:  # noqa: BLE001 - not everything can say what it is configured with
        wanted = {}
    own = (getattr(target, "config", None) or {}).get("recursion_limit", _MOST_STEPS)
    return {"configurable": {**named, **wanted}, "recursion_limit": min(own, _MOST_STEPS)}


def forget(target: Any, thread: str) -> None:
    """Delete the conversation from what a graph remembers."""
    delete = getattr(getattr(target, "checkpointer", None), "delete_thread", None)
    if delete is not None:
        # Not every checkpointer can.
        with suppress(Exception):
            delete(thread)
