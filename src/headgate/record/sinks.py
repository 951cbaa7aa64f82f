"""Sinks: who else is told of admissions. A sink that fails or blocks costs a warning and a count, nothing more."""

from __future__ import annotations

import atexit
import logging
import queue
import sys
import threading
import time
import weakref
from collections import Counter
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
        self._queue: queue.Queue[Admission | None] = queue.Queue(capacity)
        self._thread: threading.Thread | None = None
        self._ending: threading.Thread | None = None
        self._starting = threading.Lock()
        _ALIVE.add(self)
        renew_after_fork(self)

    def __call__(self, admission: Admission) -> None:
        """Put an admission into the queue, without waiting."""
        try:
            with self._starting:
                self._ensure_thread()
                self._queue.put_nowait(admission)
        except queue.Full:
            self._count("skipped")
        except RuntimeError:  # no thread can be started: too many of them, or the interpreter is ending
            self._count("skipped")

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until everything in the queue has been handed over.

        Args:
            timeout: how long to wait, in seconds; by default as long as it takes.

        Returns:
            Whether everything was handed over in time.
        """
        waiting = self._queue
        # What `Queue.join` does, which has no timeout.
        with waiting.all_tasks_done:
            return waiting.all_tasks_done.wait_for(lambda: not waiting.unfinished_tasks, timeout)

    def close(self, timeout: float | None = EXIT_SECONDS) -> bool:
        """Hand over what waits, and end the thread; an admission that comes later starts a new one.

        Args:
            timeout: how long to wait, in seconds; None for as long as it takes.

        Returns:
            Whether everything was handed over in time.
        """
        is_done = self.flush(timeout)
        with self._starting:
            if self._thread is not None and self._thread.is_alive():
                try:
                    self._queue.put_nowait(None)
                except queue.Full:  # the sink is stuck; its thread is a daemon and ends with the process
                    return is_done
            # The next thread has a queue of its own: this one hands over what waits in the old one, and then ends.
            self._ending, self._thread, self._queue = self._thread, None, queue.Queue(self._capacity)
        return is_done

    def _after_fork(self) -> None:
        self._queue = queue.Queue(self._capacity)
        self._thread = self._ending = None
        self._starting = threading.Lock()

    def _ensure_thread(self) -> None:
        if self._thread is None or not self._thread.is_alive():
            _flush_at_exit()
            # A daemon, because the interpreter would wait for a stuck sink for ever.
            work = (self._queue, self._ending)
            thread = threading.Thread(target=self._run, args=work, name="headgate-sink", daemon=True)
            thread.start()
            self._thread = thread

    def _run(self, waiting: queue.Queue[Admission | None], before: threading.Thread | None) -> None:
        if before is not None:
            before.join()
        while True:
            admission = waiting.get()
            try:
                if admission is None:
                    return
                self._sink(admission)
            except Exception:  # noqa: BLE001 - whatever a sink does, the gate goes on
                self._count("failed")
            finally:
                waiting.task_done()

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
