"""Looking up where hosts are, within a time: the system's own look-up has no end that a caller could set."""

from __future__ import annotations

import ipaddress
import socket
import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError

from headgate.forks import renew_after_fork

__all__ = ["LookUps", "look_up"]

# As many as several sources have under way whose hosts are anybody's choice, and hang for half a minute each.
_MOST = 256
Places = list[tuple[int, str]]


class LookUps:
    """Look-ups in threads, one under way per host, whatever the number of those that wait for it.

    One that hangs keeps its thread until the system gives it up. Nothing is remembered: what was found is for those who
    waited for it.

    Args:
        most: how many may be under way.
    """

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._after_fork()
        renew_after_fork(self)

    def _after_fork(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[tuple[str, int], Future[Places]] = {}

    def places(self, host: str, port: int, seconds: float) -> Places:
        """Return the network addresses of a host, each with its family.

        Args:
            host: its name.
            port: of the service.
            seconds: how long to wait.

        Raises:
            OSError: it is not known, is not found in that time, or too many others are being looked up.
            UnicodeError: no host has such a name.
        """
        if _is_address(host):
            return _found(host, port)
        try:
            return self._begin(host, port).result(max(0.0, seconds))
        except FutureTimeoutError:
            raise TimeoutError from None

    def _begin(self, host: str, port: int) -> Future[Places]:
        with self._lock:
            known = self._under_way.get((host, port))
            if known is not None:
                return known
            if len(self._under_way) >= self._most:
                raise BlockingIOError
            begun: Future[Places] = Future()
            # A daemon, because a look-up that hangs must not keep the process.
            thread = threading.Thread(target=self._find, args=(host, port, begun), name="headgate-names", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # there are no more threads
                raise BlockingIOError from None
            self._under_way[host, port] = begun
        return begun

    def _find(self, host: str, port: int, begun: Future[Places]) -> None:
        found: Places | Exception
        try:
            found = _found(host, port)
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait are told
            found = error
        with self._lock:
            self._under_way.pop((host, port), None)
        if isinstance(found, Exception):
            begun.set_exception(found)
        else:
            begun.set_result(found)


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False
    return True


def _found(host: str, port: int) -> Places:
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys((int(entry[0]), str(entry[4][0])) for entry in entries))


_LOOK_UPS = LookUps()


def look_up(host: str, port: int, seconds: float) -> Places:
    """Return the network addresses of a host within a time, as `LookUps.places` does."""
    return _LOOK_UPS.places(host, port, seconds)
