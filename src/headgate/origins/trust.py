"""Whose certificates are believed: the system's authorities, read once and again when they have changed."""

from __future__ import annotations

import os
import ssl
import threading
import time

from headgate.forks import renew_after_fork

__all__ = ["trusting"]

# Some systems keep authorities where no file tells that they have changed.
_SECONDS = 3_600.0
_State = tuple[object, ...]


class _Trust:
    """The context of TLS that is in use: to make one takes as long as a whole exchange, or longer."""

    def __init__(self) -> None:
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._known: tuple[_State, ssl.SSLContext] | None = None

    def context(self) -> ssl.SSLContext:
        """Return what `trusting` does."""
        state = _state()
        with self._lock:
            if self._known is None or self._known[0] != state:
                self._known = state, ssl.create_default_context()
            return self._known[1]


def _state() -> _State:
    """Return what the authorities depend on: which files the environment names, and what these are now."""
    places = ssl.get_default_verify_paths()
    return int(time.monotonic() // _SECONDS), *(map(_seen, (places.cafile, places.capath)))


def _seen(place: str | None) -> object:
    if place is None:
        return None
    try:
        found = os.stat(place)
    except OSError:
        return place
    return place, found.st_ino, found.st_size, found.st_mtime_ns


_TRUST = _Trust()


def trusting() -> ssl.SSLContext:
    """Return a context that verifies servers by the system's authorities, or those that `SSL_CERT_FILE` names."""
    return _TRUST.context()
