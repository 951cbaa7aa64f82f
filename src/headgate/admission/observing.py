"""Looking at a chain as it is: meanwhile every gate of the process keeps nothing out and records nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from headgate.admission.revision import ResolvedSource, Revision
from headgate.limits import Limits

__all__ = ["is_observing", "observing", "under_observation"]

_lock = threading.Lock()
_running: list[object] = []


@contextmanager
def observing() -> Iterator[None]:
    """Have every gate of this process keep nothing out and record nothing.

    For commands that look at a chain of the user's own in a process of their own; it holds for all threads and tasks,
    because a chain may use both. Nothing that serves traffic calls it.
    """
    token = object()
    with _lock:
        _running.append(token)
    try:
        yield
    finally:
        with _lock:
            _running.remove(token)


def is_observing() -> bool:
    """Return whether `observing` is in force."""
    return bool(_running)


def under_observation(revision: Revision, limits: Limits) -> Revision:
    """Return a revision with every check in audit mode, which remembers nothing and is remembered by nothing."""
    observed = revision.under(_observed).forgetting(limits)
    return replace(observed, mode="audit", budget_mode="audit", strictest="audit", keeps_out=False, on_empty="empty")


def _observed(source: ResolvedSource) -> ResolvedSource:
    return replace(
        source,
        requirement=replace(source.requirement, mode="audit"),
        modes=dict.fromkeys(source.modes, "audit"),
    )
