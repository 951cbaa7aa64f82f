"""Retrieving without a trace: what an inner retriever finds, dropped documents included, is shown to no handler.

LangChain has no way to say so: environment variables, hooks and instrumentations add handlers to every callback
manager, also to one that was made without any. All are called by two functions of one module, so it is these that ask.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any, TypeVar

from langchain_core.callbacks import AsyncCallbackManager, BaseCallbackManager, CallbackManager, manager

__all__ = ["untraced", "visible", "visible_callbacks"]

C = TypeVar("C", CallbackManager, AsyncCallbackManager)

# Whether handlers are left out, and the callbacks of the nearest run that they were shown.
_is_untraced: ContextVar[bool] = ContextVar("headgate_untraced", default=False)
_nearest: ContextVar[BaseCallbackManager | None] = ContextVar("headgate_nearest_run", default=None)

_lock = Lock()


@contextmanager
def untraced(callbacks: BaseCallbackManager, spans: list[Any]) -> Iterator[None]:
    """Show handlers nothing of what happens within this context.

    Args:
        callbacks: the children of the run that is shown last; gates further in show their admissions under it.
        spans: the OpenTelemetry spans of that run; other spans made within are their children.
    """
    _ask_before_handlers()
    tokens = _is_untraced.set(True), _nearest.set(callbacks)
    try:
        with ExitStack() as stack:
            # One that is not recorded would take along whatever is made below it.
            for span in [one for one in spans if one.is_recording()][:1]:
                stack.enter_context(_current(span))
            yield
    finally:
        _is_untraced.reset(tokens[0])
        _nearest.reset(tokens[1])


@contextmanager
def visible() -> Iterator[None]:
    """Show handlers what happens within this context: an admission, which holds no text."""
    token = _is_untraced.set(False)
    try:
        yield
    finally:
        _is_untraced.reset(token)


def visible_callbacks(callbacks: C | None) -> C | None:
    """Return the callbacks under which an admission is shown: where nothing else is shown, those of the nearest run."""
    nearest = _nearest.get()
    if callbacks is None or nearest is None or not _is_untraced.get():
        return callbacks
    return type(callbacks)(
        handlers=list(nearest.handlers),
        inheritable_handlers=list(nearest.inheritable_handlers),
        parent_run_id=nearest.parent_run_id,
        tags=list(nearest.tags),
        inheritable_tags=list(nearest.inheritable_tags),
        metadata=dict(nearest.metadata),
        inheritable_metadata=dict(nearest.inheritable_metadata),
    )


@contextmanager
def _current(span: Any) -> Iterator[None]:
    from opentelemetry.trace import use_span

    with use_span(span, end_on_exit=False, record_exception=False, set_status_on_exception=False):
        yield


def _ask_before_handlers() -> None:
    """Have the two functions that call handlers ask first; once per process, and again if somebody replaced them."""
    with _lock:
        for name in ("handle_event", "ahandle_event"):
            original = getattr(manager, name)
            if not hasattr(original, "asks_headgate"):
                setattr(manager, name, (_asking_async if name.startswith("a") else _asking)(original))


def _asking(original: Any) -> Any:
    @functools.wraps(original)
    def asking(*args: Any, **kwargs: Any) -> Any:
        return None if _is_untraced.get() else original(*args, **kwargs)

    asking.asks_headgate = True  # type: ignore[attr-defined]  # a mark for ourselves
    return asking


def _asking_async(original: Any) -> Any:
    @functools.wraps(original)
    async def asking(*args: Any, **kwargs: Any) -> Any:
        return None if _is_untraced.get() else await original(*args, **kwargs)

    asking.asks_headgate = True  # type: ignore[attr-defined]  # a mark for ourselves
    return asking
