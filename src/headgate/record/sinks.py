"""Sinks: who else is told of admissions. A sink that fails or blocks costs a warning and a count, nothing more."""

from __future__ import annotations

import logging
import queue
import threading
from collections import Counter
from collections.abc import Callable

from headgate.decision import Admission

__all__ = ["Background", "Sink"]

Sink = Callable[[Admission], None]
_log = logging.getLogger("headgate")


class Background:
    """Hands admissions to a sink in a thread of its own.

    Args:
        sink: called with every admission; may be slow, may fail.
        capacity: how many admissions may wait; beyond that they are counted and left out.

    Attributes:
        failures: how often the sink `failed`, and how many admissions were `skipped`.
    """

    def __init__(self, sink: Sink, capacity: int = 1_000) -> None:
        self._sink = sink
        self._queue: queue.Queue[Admission] = queue.Queue(capacity)
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()
        self.failures: Counter[str] = Counter()

    def __call__(self, admission: Admission) -> None:
        """Put an admission into the queue, without waiting."""
        self._ensure_thread()
        try:
            self._queue.put_nowait(admission)
        except queue.Full:
            self._count("skipped")

    def flush(self) -> None:
        """Wait until everything in the queue has been handed over."""
        self._queue.join()

    def _ensure_thread(self) -> None:
        # After a fork the thread is not there any more.
        if self._thread is not None and self._thread.is_alive():
            return
        with self._starting:
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="headgate-sink", daemon=True)
                self._thread.start()

    def _run(self) -> None:
        while True:
            admission = self._queue.get()
            try:
                self._sink(admission)
            except Exception:  # noqa: BLE001 - whatever a sink does, the gate goes on
                self._count("failed")
            finally:
                self._queue.task_done()

    def _count(self, what: str) -> None:
        self.failures[what] += 1
        if self.failures[what] == 1:
            _log.warning("a trace sink %s; admissions go on, and this is counted", what, exc_info=what == "failed")
