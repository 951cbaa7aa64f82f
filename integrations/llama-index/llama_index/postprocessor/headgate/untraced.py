"""Retrieving without a trace: what an inner retriever finds, dropped nodes included, is shown to no handler.

LlamaIndex has no way to say so: its events go from dispatchers of its modules to handlers of the whole process. All
pass through a few methods of two classes, so it is these that ask.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any, TypeVar

from llama_index.core.callbacks import CallbackManager
from llama_index.core.instrumentation import (  # type: ignore[attr-defined]  # re-exported
    DISPATCHER_SPAN_DECORATED_ATTR,
    Dispatcher,
)
from llama_index.core.instrumentation.span import active_span_id

__all__ = ["untraced", "visible", "without_span"]

M = TypeVar("M", bound=Callable[..., Any])

_METHODS = {
    Dispatcher: ("event", "aevent", "span_enter", "span_exit", "span_drop"),
    CallbackManager: ("on_event_start", "on_event_end"),
}
# The span that is shown last, and whether there is one below which nothing is shown.
_nearest: ContextVar[str | None] = ContextVar("headgate_llama_index_nearest_span", default=None)
_is_untraced: ContextVar[bool] = ContextVar("headgate_llama_index_untraced", default=False)

_lock = Lock()


def without_span(method: M) -> M:
    """Give a method of a component no span of its own: the span of its admission says more, and shows no text."""
    # As the framework marks a method that has one.
    setattr(method, DISPATCHER_SPAN_DECORATED_ATTR, True)
    return method


@contextmanager
def untraced() -> Iterator[None]:
    """Show handlers nothing of what happens within this context."""
    _ask_before_handlers()
    was_untraced = _is_untraced.get()
    nearest = _nearest.set(_nearest.get() if was_untraced else active_span_id.get())
    token = _is_untraced.set(True)
    try:
        yield
    finally:
        _is_untraced.reset(token)
        _nearest.reset(nearest)


@contextmanager
def visible() -> Iterator[None]:
    """Show handlers what happens within this context, an admission without any text, under a span that they know."""
    if not _is_untraced.get():
        yield
        return
    token, span = _is_untraced.set(False), active_span_id.set(_nearest.get())
    try:
        yield
    finally:
        active_span_id.reset(span)
        _is_untraced.reset(token)


def _ask_before_handlers() -> None:
    """Have the methods that call handlers ask first; once per process, and again if somebody replaced them."""
    with _lock:
        for kind, names in _METHODS.items():
            for name in names:
                original = getattr(kind, name)
                if not hasattr(original, "asks_headgate"):
                    setattr(kind, name, _asking_async(original) if name == "aevent" else _asking(original))


def _asking(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def asking(*args: Any, **kwargs: Any) -> Any:
        # An older event that is not shown still needs an id.
        return (kwargs.get("event_id") or "") if _is_untraced.get() else original(*args, **kwargs)

    asking.asks_headgate = True  # type: ignore[attr-defined]  # a mark for ourselves
    return asking


def _asking_async(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    async def asking(*args: Any, **kwargs: Any) -> Any:
        return None if _is_untraced.get() else await original(*args, **kwargs)

    asking.asks_headgate = True  # type: ignore[attr-defined]  # a mark for ourselves
    return asking
