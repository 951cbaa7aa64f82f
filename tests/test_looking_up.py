"""Names whose look-up hangs: whoever asks waits for the time it has, and no longer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headgate import Gate
from headgate.origins.addresses import FetchError, UnreachableError, resolve_host
from headgate.origins.feeds import FeedError
from headgate.origins.feeds.feed import Reading
from headgate.origins.fetching import ask, fetch, probe
from headgate.origins.looking_up import LookUps
from headgate.testing import FixedClock, Publisher
from origin_fixtures import Origin, says

pytestmark = pytest.mark.enable_socket
SECONDS = 0.05
HOST = "names.example"


class Resolver:
    """The system's look-up of names, which hangs until it is told to go on, and then knows loopback alone."""

    def __init__(self) -> None:
        self.goes_on, self.begun = threading.Event(), threading.Event()
        self.asked = 0

    def __call__(self, host: str, port: int, *_: object, **__: object) -> list[Any]:
        self.asked += 1
        self.begun.set()
        self.goes_on.wait(30)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    made = Resolver()
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", made)
    yield made
    made.goes_on.set()
    for thread in threading.enumerate():
        if thread.name == "headgate-names":
            thread.join()


def test_whatever_is_fetched_waits_no_longer_than_it_may(resolver: Resolver) -> None:
    url = f"https://{HOST}/a"
    with pytest.raises(UnreachableError, match="look-up of names hangs"):
        probe(url, timeout=SECONDS)
    with pytest.raises(UnreachableError, match="look-up of names hangs"):
        ask(url, most=10, timeout=SECONDS, private=(), headers={})
    with pytest.raises(FetchError, match="look-up of names hangs"):
        fetch(url, most=10, timeout=SECONDS)
    with pytest.raises(FeedError, match="look-up of names hangs"):
        Reading(timedelta(seconds=SECONDS)).read(url)
    assert resolver.begun.wait(30)
    assert resolver.asked == 1  # by all of them together: it still hangs


def test_a_proxy_whose_name_is_not_found_is_waited_for_no_longer(
    resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    with pytest.raises(FetchError, match=r"proxy\.example was not found in time"):
        fetch(f"https://{HOST}/a", most=10, timeout=SECONDS)
    assert resolver.begun.wait(30)
    assert resolver.asked == 1


def test_a_look_up_that_hangs_is_one_thread_and_too_many_are_refused(resolver: Resolver) -> None:
    look_ups = LookUps(most=2)
    with ThreadPoolExecutor(8) as threads:

        def wait(_: int) -> type[Exception] | None:
            try:
                look_ups.places(HOST, 443, SECONDS)
            except OSError as error:
                return type(error)
            return None

        assert set(threads.map(wait, range(8))) == {TimeoutError}
    assert resolver.begun.wait(30)
    assert resolver.asked == 1
    with pytest.raises(TimeoutError):
        look_ups.places("second.example", 443, SECONDS)
    with pytest.raises(BlockingIOError):
        look_ups.places("third.example", 443, SECONDS)
    resolver.goes_on.set()
    assert look_ups.places(HOST, 443, 10) == [(socket.AF_INET, "127.0.0.1")]


def test_what_is_found_late_is_checked_as_ever(resolver: Resolver) -> None:
    with pytest.raises(UnreachableError):
        resolve_host(HOST, 443, (), seconds=SECONDS)
    resolver.goes_on.set()
    with pytest.raises(FetchError, match="private network"):
        resolve_host(HOST, 443, (), seconds=10)
    assert resolve_host(HOST, 443, (HOST,), seconds=10) == [(socket.AF_INET, "127.0.0.1")]


def test_a_name_is_looked_up_once_per_request_and_asked_at_what_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def rebinding(host: str, port: int, *_: object, **__: object) -> list[Any]:
        asked.append(host)
        place = "127.0.0.1" if len(asked) == 1 else "127.0.0.2"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (place, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.1", 0))
        second.bind(("127.0.0.2", first.getsockname()[1]))
        for one in (first, second):
            one.listen()

        def hang_up() -> None:
            first.accept()[0].close()

        accepting = threading.Thread(target=hang_up)
        accepting.start()
        url = f"https://{HOST}:{first.getsockname()[1]}/a"
        with pytest.raises(UnreachableError):  # it speaks no TLS
            probe(url, timeout=30, private=(HOST,))
        accepting.join()
        # What it is by now is looked up and checked anew.
        with pytest.raises(FetchError, match="private network"):
            probe(url, timeout=30)
        second.setblocking(False)
        with pytest.raises(BlockingIOError):
            second.accept()
    assert asked == [HOST] * 2


def test_a_name_that_nobody_finds_costs_an_admission_its_time_and_leaves_other_hosts_alone(
    resolver: Resolver, clock: FixedClock
) -> None:
    publisher = Publisher("docs", f"https://{HOST}/**", clock)
    source = publisher.source(freshness={"revalidate": {"timeout": "50ms"}})
    gate = Gate({"sources": [source]}, clock=clock)
    pages = [publisher.seal("text", f"https://{HOST}/{number}") for number in range(20)]
    assert [one.codes for one in gate.admit(pages).decisions] == [("F208",)] * 20
    assert resolver.begun.wait(30)
    assert resolver.asked == 1


def test_authorities_are_read_again_once_they_have_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: FixedClock, origin: Origin
) -> None:
    gate = origin.gate()
    assert says(gate, origin.page()) == ["admit"]
    trusted = (tmp_path / "server.pem").read_bytes()
    other = tmp_path / "other"
    other.mkdir()
    Origin(other, clock).close()  # has an authority of its own
    (tmp_path / "server.pem").write_bytes((other / "server.pem").read_bytes())
    origin.has(b=(200, {"Last-Modified": origin.date(20)}), c=(200, {"Last-Modified": origin.date(20)}))
    assert says(gate, origin.page("b")) == ["drop F208"]
    (tmp_path / "server.pem").write_bytes(trusted)
    assert says(gate, origin.page("c")) == ["admit"]
    monkeypatch.setenv("SSL_CERT_FILE", str(other / "server.pem"))
    origin.has(d=(200, {"Last-Modified": origin.date(20)}))
    assert says(gate, origin.page("d")) == ["drop F208"]
