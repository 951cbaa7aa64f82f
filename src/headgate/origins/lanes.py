"""Threads for work that may take long: what waits for one host, or is done for one source, delays no other.

Each source has threads of its own, and each host has some of them. A thread ends when nothing is left to do for its
source.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import dataclass, field

__all__ = ["Lanes"]

_PER_HOST, _PER_SOURCE = 8, 16
_WAITING_PER_HOST, _WAITING_PER_SOURCE = 512, 2_048
Work = Callable[[], None]
_log = logging.getLogger("headgate")


@dataclass(slots=True)
class _Lane:
    """What is done for one source.

    Attributes:
        waiting: work that nobody does yet, by host, in the order in which the hosts have their turn.
        running: the host and the time of beginning of what is done, by a number.
        threads: how many there are.
    """

    waiting: dict[str, deque[Work]] = field(default_factory=dict)
    running: dict[int, tuple[str, float]] = field(default_factory=dict)
    threads: int = 0

    def add(self, host: str, work: Work) -> bool:
        """Let work wait, and return whether there was room for it."""
        queued = self.waiting.get(host, ())
        if len(queued) >= _WAITING_PER_HOST or sum(map(len, self.waiting.values())) >= _WAITING_PER_SOURCE:
            return False
        self.waiting.setdefault(host, deque()).append(work)
        return True

    def next_host(self, hung_before: float) -> str | None:
        """Return whose turn it is; None where each host that has work waiting has as much under way as it may."""
        active = Counter(host for host, began in self.running.values() if began >= hung_before)
        hung = Counter(host for host, began in self.running.values() if began < hung_before)
        return next((host for host in self.waiting if active[host] < _PER_HOST and hung[host] < _PER_HOST), None)

    def take(self, host: str) -> Work:
        """Return the work of a host that waits longest; its next has its turn after those of others."""
        waiting = self.waiting.pop(host)
        work = waiting.popleft()
        if waiting:
            self.waiting[host] = waiting
        return work

    def has_room(self, hung_before: float) -> bool:
        """Return whether it may have another thread; one that hangs has left its place to it."""
        hung = sum(began < hung_before for _, began in self.running.values())
        return self.threads - min(hung, _PER_SOURCE) < _PER_SOURCE


class Lanes:
    """Does work in threads: little at once for one host, and for one source.

    Args:
        patience: after how many seconds something that is under way is taken for hung: others do not wait for it then.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._lock = threading.Lock()
        self._lanes: dict[str, _Lane] = {}
        self._number = 0

    def submit(self, source: str, host: str, work: Work) -> bool:
        """Do work as soon as there is room for it; return False where too much is waiting already.

        Args:
            source: for whom it is.
            host: whom it is about.
            work: what is done; it raises nothing.
        """
        with self._lock:
            lane = self._lanes.setdefault(source, _Lane())
            is_taken = lane.add(host, work)
            hung_before = time.monotonic() - self._patience
            if lane.next_host(hung_before) is not None and lane.has_room(hung_before):
                self._begin(lane)
            if not lane.threads:  # there are none to be had, and nobody would do it later
                lane.waiting.clear()
                return False
        return is_taken

    def _begin(self, lane: _Lane) -> None:
        # A daemon, because a server that hangs must not keep the process.
        thread = threading.Thread(target=self._work, args=(lane,), name="headgate-origin", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # there are no more threads; those that there are go on
            return
        lane.threads += 1

    def _work(self, lane: _Lane) -> None:
        while True:
            with self._lock:
                host = lane.next_host(time.monotonic() - self._patience)
                if host is None:
                    lane.threads -= 1
                    return
                work = lane.take(host)
                self._number += 1
                number = self._number
                lane.running[number] = host, time.monotonic()
            try:
                work()
            except Exception as error:  # noqa: BLE001 - the thread goes on with what others wait for
                # Its type alone: a message may hold an address with a credential.
                _log.error("a question to an origin failed: %s", type(error).__name__)
            finally:
                with self._lock:
                    del lane.running[number]
