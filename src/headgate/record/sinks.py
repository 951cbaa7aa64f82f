"""Sinks: who else is told of admissions. A sink that fails or blocks costs a warning and a count, nothing more."""

from __future__ import annotations

import atexit
import logging
import sys
import threading
import time
import weakref
from collections import Counter, deque
from collections.abc import Callable

from headgate.decision import Admission
from headgate.forks import renew_after_fork

__all__ = ["EXIT_SECONDS", "Background", "Sink"]

Sink = Callable[[Admission], None]

EXIT_SECONDS = 5.0
"""How long a process that ends waits for its sinks, all of them together."""

_log = logging.getLogger("headgate")


class Background:
    """Hands admissions to a sink in a thread of its own, in order.

    What waits is handed over before a process ends normally, unless that takes longer than `EXIT_SECONDS`. The child
    of a fork begins with an empty queue: what waited is the parent's to hand over, so that nothing arrives twice.

    Args:
        sink: called with every admission; may be slow, may fail.
        capacity: how many admissions may wait; beyond that they are counted and left out.

    Attributes:
        failures: how often the sink `failed`, and how many admissions were `skipped`.
    """

    def __init__(self, sink: Sink, capacity: int = 1_000) -> None:
        self._sink = sink
        self._capacity = capacity
        self.failures: Counter[str] = Counter()
        self._begin()
        _ALIVE.add(self)
        renew_after_fork(self)

    def __call__(self, admission: Admission) -> None:
        """Put an admission into the queue, without waiting."""
        try:
            is_put = self._put(admission)
        except RuntimeError:  # no thread can be started: too many of them, or the interpreter is ending
            is_put = False
        if not is_put:
            self._count("skipped")

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything in the queue has been handed over.

        Args:
            timeout: how long to wait, in seconds; by default as long as it takes.

        Returns:
            Whether everything was handed over in time.
        """
        with self._changed:
            return self._changed.wait_for(lambda: not self._waiting and not self._is_handing_over, timeout)

    def close(self, timeout: float | None = EXIT_SECONDS) -> bool:
        """Hand over what waits, and end the thread; an admission that comes later starts a new one.

        Args:
            timeout: how long to wait, in seconds; None for as long as it takes.

        Returns:
            Whether everything was handed over in time.
        """
        is_done = self.flush(timeout)
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
        return is_done

    def _begin(self) -> None:
        # One lock for all of it, so that there is one thread at a time, whoever closes and whoever hands over.
        self._changed = threading.Condition()
        self._waiting: deque[Admission] = deque()
        self._is_handing_over = self._is_closed = False
        self._thread: threading.Thread | None = None

    _after_fork = _begin

    def _put(self, admission: Admission) -> bool:
        with self._changed:
            if len(self._waiting) >= self._capacity:
                return False
            self._ensure_thread()
            self._waiting.append(admission)
            self._changed.notify_all()
        return True

    def _ensure_thread(self) -> None:
        self._is_closed = False
        if self._thread is None or not self._thread.is_alive():
            _flush_at_exit()
            # A daemon, because the interpreter would wait for a stuck sink for ever.
            thread = threading.Thread(target=self._run, name="headgate-sink", daemon=True)
            thread.start()
            self._thread = thread

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._is_closed)
                if not self._waiting:
                    self._thread = None
                    return
                admission = self._waiting.popleft()
                self._is_handing_over = True
            try:
                self._sink(admission)
            except BaseException:  # noqa: BLE001 - whatever a sink does, also where it is cancelled, the gate goes on
                self._count("failed")
            finally:
                with self._changed:
                    self._is_handing_over = False
                    self._changed.notify_all()

    def _count(self, what: str) -> None:
        self.failures[what] += 1
        if self.failures[what] == 1:
            _log.warning("a trace sink %s; admissions go on, and this is counted", what, exc_info=what == "failed")


_ALIVE: weakref.WeakSet[Background] = weakref.WeakSet()


def _flush_all() -> None:
    end = time.monotonic() + EXIT_SECONDS
    for background in list(_ALIVE):
        if not background.flush(max(0.0, end - time.monotonic())):
            _log.warning("the process ends before a trace sink was told of every admission")


def _flush_at_exit() -> None:
    """Have the sinks of this process flushed when it ends normally.

    The children that `multiprocessing` forks leave without calling `atexit`, but not without its own finalizers.
    """
    # Taken out first, so that it runs once however many threads were started.
    atexit.unregister(_flush_all)
    atexit.register(_flush_all)
    multiprocessing = sys.modules.get("multiprocessing.util")
    if multiprocessing is not None:
        multiprocessing.Finalize(None, _flush_all, exitpriority=0)
