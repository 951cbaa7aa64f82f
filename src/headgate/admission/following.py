"""What is fetched in the background comes into force: key sets at the next admission, a pulled policy beside it.

A policy may name large glossaries and key sets that are to be fetched: one that was pulled is loaded in a thread of its
own, and admissions go on under the one before.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from headgate.errors import PolicyError
from headgate.forks import renew_after_fork

if TYPE_CHECKING:
    from headgate.admission.deciding import InForce

__all__ = ["Follower"]

_log = logging.getLogger("headgate")


class Follower:
    """Brings what was fetched into force, each once.

    Args:
        reload: loads the policy again; whether it may wait for addresses.
        withdraw: takes keys out of force that were withdrawn by then, and returns whether they stay out.
    """

    def __init__(self, reload: Callable[[bool], object], withdraw: Callable[[datetime], bool]) -> None:
        self._reload, self._withdraw = reload, withdraw
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        """Follow with a thread of the child's own, also what a thread of the parent had begun with."""
        self._lock = threading.Lock()
        self._keys: object = ()
        self._tried: tuple[str, datetime | None] = ("", None)
        self._thread: threading.Thread | None = None

    def is_due(self, in_force: InForce, now: datetime) -> bool:
        """Return whether key sets were fetched that have to be loaded; a policy that was pulled is begun with.

        Nothing here waits for the network or reads a file.
        """
        pulled = in_force.pulled
        if pulled is not None and not in_force.proved and pulled.is_behind(now):
            self._begin((pulled.place.poll(now), pulled.place.answered))
        found = in_force.revision.newer_keys(now, in_force.policy.key_sets)
        return found is not None and found != self._keys and not in_force.proved

    def follow(self, in_force: InForce, now: datetime) -> None:
        """Load the policy with the key sets that were fetched meanwhile, if there are such."""
        if not self.is_due(in_force, now):
            return
        found = in_force.revision.newer_keys(now, in_force.policy.key_sets)
        try:
            self._reload(False)
        except PolicyError as error:
            _log.warning("the policy in force stays, without keys that were added or withdrawn: %s", error)
            if not self._withdraw(now):
                return
        # Once each, also if the policy cannot be loaded meanwhile.
        self._keys = found

    def settle(self, in_force: InForce, now: datetime, timeout: float) -> bool:
        """Wait for a place that is being asked and a policy that is being loaded; return whether none is any more."""
        if in_force.pulled is not None:
            if not in_force.pulled.place.wait(timeout):
                return False
            self.is_due(in_force, now)
        thread = self._thread
        if thread is not None:
            thread.join(timeout)
        return thread is None or not thread.is_alive()

    def _begin(self, found: tuple[str, datetime | None]) -> None:
        with self._lock:
            # Once per answer of the place: what kept it out may be gone by the next.
            if found == self._tried or (self._thread is not None and self._thread.is_alive()):
                return
            self._tried = found
            self._thread = threading.Thread(target=self._try, name="headgate-policy", daemon=True)
            self._thread.start()

    def _try(self) -> None:
        try:
            self._reload(True)
        except PolicyError as error:
            _log.warning("the policy before stays in force: %s", error)
