"""Key sets at HTTPS addresses: a real server on loopback, with a certificate of its own authority."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headgate import Chunk, Gate, PolicyError
from headgate.origins import FetchError, fetch, remote_keys
from headgate.origins.addresses import resolve_host
from headgate.provenance import generate_signing_key
from headgate.testing import FixedClock, Publisher
from servers import Server

pytestmark = pytest.mark.enable_socket
HOUR = timedelta(hours=1)


@pytest.fixture
def docs(clock: FixedClock) -> Publisher:
    return Publisher("docs", "https://docs.example/**", clock)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, docs: Publisher) -> Iterator[Server]:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    made = Server(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    made.serves(docs)
    yield made
    made.close()


def policy_of(server: Server, docs: Publisher, tmp_path: Path, **key_sets: Any) -> dict[str, Any]:
    source = docs.source(provenance={"keys": server.url})
    return {"sources": [source], "cache": str(tmp_path / "cache"), "key_sets": {"private": ["127.0.0.1"], **key_sets}}


def settle(server: Server, tmp_path: Path) -> None:
    assert remote_keys(server.url, tmp_path / "cache").wait(30)


def codes(gate: Gate, *chunks: Chunk) -> list[tuple[str, ...]]:
    return [one.codes for one in gate.admit(chunks).decisions]


def test_keys_are_fetched_once_and_not_per_document(
    server: Server, docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    policy = policy_of(server, docs, tmp_path)
    gates = [Gate(policy, clock=clock) for _ in range(3)]
    for gate in gates:
        assert codes(gate, *(docs.seal(f"{n}", f"https://docs.example/{n}") for n in range(20))) == [()] * 20
    assert server.asked == 1


def test_a_rotation_arrives_in_the_background(
    server: Server, docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    gate = Gate(policy_of(server, docs, tmp_path), clock=clock)
    fresh = Publisher("docs-2", "https://docs.example/**", clock)
    chunk, other = docs.seal("x", "https://docs.example/a"), fresh.seal("y", "https://docs.example/b")
    assert codes(gate, chunk, other) == [(), ("P103",)]
    server.serves(docs, fresh)
    before = gate.policy_revision
    clock.advance(HOUR)
    gate.admit([chunk])  # which begins the refresh, and does not wait for it
    settle(server, tmp_path)
    assert codes(gate, chunk, other) == [(), ()]
    assert gate.policy_revision != before
    server.serves(fresh)
    clock.advance(HOUR)
    gate.admit([chunk])
    settle(server, tmp_path)
    assert codes(gate, chunk, other) == [("P103",), ()]
    assert server.asked == 3


def test_a_caller_who_names_an_instant_moves_no_clock(
    server: Server, docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    gate, chunk = Gate(policy_of(server, docs, tmp_path), clock=clock), docs.seal("x", "https://docs.example/a")
    for later in (HOUR, timedelta(days=400)):
        gate.admit([chunk], now=clock.now + later)
        settle(server, tmp_path)
    server.serves(Publisher("docs-2", "https://docs.example/**", clock))
    clock.advance(HOUR)
    gate.admit([chunk])
    settle(server, tmp_path)
    assert codes(gate, chunk) == [("P103",)]


def test_a_key_that_was_withdrawn_during_a_proof_does_not_come_back_after_it(
    server: Server, docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    gate, probe = Gate(policy_of(server, docs, tmp_path), clock=clock), Publisher("p", "https://p.example/**", clock)
    chunk, fresh = docs.seal("x", "https://docs.example/a"), Publisher("docs-2", "https://docs.example/**", clock)
    server.serves(fresh)
    clock.advance(HOUR)
    gate.admit([chunk])
    settle(server, tmp_path)
    # An admission that has seen that it is time, just before the proof begins.
    before = gate._in_force
    with gate.knowing(probe.source()):
        gate._follower.follow(before, clock.now)
        assert codes(gate, chunk) == [("P103",)]
    assert codes(gate, chunk, fresh.seal("y", "https://docs.example/b")) == [("P103",), ()]


async def test_asynchronous_admissions_follow_too(
    server: Server, docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    gate = Gate(policy_of(server, docs, tmp_path), clock=clock)
    fresh = Publisher("docs-2", "https://docs.example/**", clock)
    server.serves(fresh)
    clock.advance(HOUR)
    await gate.aadmit([docs.seal("x", "https://docs.example/a")])
    settle(server, tmp_path)
    admission = await gate.aadmit([fresh.seal("y", "https://docs.example/b")])
    assert admission.decisions[0].admitted


ANSWERS: dict[str, dict[str, Any]] = {
    "an error": {"status": 500},
    "nothing there": {"status": 404},
    "a redirection": {"status": 302, "headers": {"Location": "https://127.0.0.1:1/elsewhere"}},
    "HTML": {"body": b"<html>sign in</html>"},
    "nothing": {"body": b""},
    "an empty set": {"body": b'{"keys": []}'},
    "a list": {"body": b"[]"},
    "a private key": {"body": json.dumps(generate_signing_key("k").private_jwk()).encode()},
    "too much": {"body": b" " * 2_000_000},
    "not text": {"body": b"\xff\xfe\x00"},
    "compressed": {"body": b"\x1f\x8b", "headers": {"Content-Encoding": "gzip"}},
    "200 MB": {"endless": 200_000_000},
    "less than it says": {"short_by": 10},
}


@pytest.mark.parametrize("name", ANSWERS)
def test_another_answer_leaves_the_old_set_in_force_for_a_time(
    name: str, server: Server, docs: Publisher, clock: FixedClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate(policy_of(server, docs, tmp_path, keep="5h"), clock=clock)
    chunk = docs.seal("x", "https://docs.example/a", expires=clock.now + timedelta(days=9))
    for attribute, value in ANSWERS[name].items():
        setattr(server, attribute, value)
    for _ in range(5):
        clock.advance(HOUR)
        with caplog.at_level(logging.WARNING, "headgate"):
            assert codes(gate, chunk) == [()]
            settle(server, tmp_path)
    assert "stays in force" in caplog.text
    clock.advance(HOUR)
    assert codes(gate, chunk) == [("P103",)]
    settle(server, tmp_path)
    server.serves(docs)
    clock.advance(HOUR)
    gate.admit([chunk])
    settle(server, tmp_path)
    assert codes(gate, chunk) == [()]
    with pytest.raises(FetchError):
        fetch(server.url.replace("https", "http"), most=1, timeout=1)


@pytest.mark.parametrize("name", ANSWERS)
def test_another_answer_at_the_beginning_is_an_error_at_its_place(
    name: str, server: Server, docs: Publisher, tmp_path: Path
) -> None:
    for attribute, value in ANSWERS[name].items():
        setattr(server, attribute, value)
    file = tmp_path / "headgate.yaml"
    file.write_text(json.dumps(policy_of(server, docs, tmp_path)))
    with pytest.raises(PolicyError, match="key set cannot be used") as caught:
        Gate(file)
    assert caught.value.path == ("sources", 0, "provenance", "keys", 0)
    assert caught.value.line is not None


def test_an_address_that_hangs_holds_up_no_decision(
    server: Server, docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    gate = Gate(policy_of(server, docs, tmp_path, timeout="1s"), clock=clock)
    chunk = docs.seal("x", "https://docs.example/a")
    server.hangs.clear()
    clock.advance(HOUR)
    assert codes(gate, chunk) == [()]
    # The answer is still awaited, and nobody asks a second time.
    clock.advance(HOUR)
    assert codes(gate, chunk) == [()]
    server.hangs.set()
    settle(server, tmp_path)
    assert server.asked == 2


def test_another_process_begins_with_what_was_kept(
    server: Server, docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    policy = policy_of(server, docs, tmp_path)
    Gate(policy, clock=clock)
    from headgate.origins import key_sets

    key_sets._KNOWN.clear()  # as in a process of its own
    server.status = 500
    assert codes(Gate(policy, clock=clock), docs.seal("x", "https://docs.example/a")) == [()]
    (kept,) = (tmp_path / "cache" / "keys").iterdir()
    content = json.loads(kept.read_text())
    later = {**content, "fetched": (clock.now + timedelta(days=900)).isoformat()}
    for written in ("garbage", "[]", json.dumps(later)):
        key_sets._KNOWN.clear()
        kept.write_text(written)
        with pytest.raises(PolicyError, match="500"):
            Gate(policy, clock=clock)
    # Whoever else can write there could give the source keys.
    kept.write_text(json.dumps(content))
    kept.parent.chmod(0o777)
    key_sets._KNOWN.clear()
    with pytest.raises(PolicyError, match="500"):
        Gate(policy, clock=clock)


@pytest.mark.parametrize(
    "address",
    ["http://docs.example/jwks.json", "ftp://docs.example/x", "file:///etc/passwd", "https://u:p@docs.example/x"],
)
def test_other_addresses_are_refused_in_a_policy(address: str) -> None:
    with pytest.raises(PolicyError) as caught:
        Gate({"sources": [{"id": "a", "match": "https://a.example/**", "provenance": {"keys": address}}]})
    assert ":p@" not in str(caught.value)


@pytest.mark.parametrize("address", ["https://", "https:///x", "https://[::1", "https://exa mple/x", "https://a:b/x"])
def test_an_address_of_nothing_is_an_error_at_its_place(address: str) -> None:
    with pytest.raises(PolicyError, match=r"key set cannot be used|no user") as caught:
        Gate({"sources": [{"id": "a", "match": "https://a.example/**", "provenance": {"keys": address}}]})
    assert caught.value.path[:4] == ("sources", 0, "provenance", "keys")


def test_a_certificate_that_nobody_vouches_for_is_refused(
    server: Server, docs: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(PolicyError, match=r"(?i)certificate"):
        Gate(policy_of(server, docs, tmp_path))


def test_an_answer_that_drips_ends_in_time(server: Server, tmp_path: Path) -> None:
    """A timeout of a socket starts again with every byte; a deadline does not."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem")
    for begin, drip in (
        (b"HTTP/1.1 200 OK\r\n", b"X-More: more\r\n"),
        (b"HTTP/1.1 200 OK\r\n\r\n", b" "),
        (b"HTTP/1.1 ", b"2"),
    ):
        over = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as listening:

            def drips(
                listening: socket.socket = listening,
                over: threading.Event = over,
                begin: bytes = begin,
                drip: bytes = drip,
            ) -> None:
                bare, _ = listening.accept()
                with contextlib.suppress(OSError), context.wrap_socket(bare, server_side=True) as secured:
                    secured.sendall(begin)
                    while not over.wait(0.02):
                        secured.sendall(drip)

            thread = threading.Thread(target=drips)
            thread.start()
            with pytest.raises(FetchError, match=r"no answer within 0\.3 s"):
                fetch(
                    f"https://127.0.0.1:{listening.getsockname()[1]}/", most=10**9, timeout=0.3, private=["127.0.0.1"]
                )
            over.set()
            thread.join()


def test_a_server_that_says_nothing_ends_in_time() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent, pytest.raises(FetchError, match="no answer within"):
        fetch(f"https://127.0.0.1:{silent.getsockname()[1]}/", most=1, timeout=0.3, private=["127.0.0.1"])


def test_a_private_network_is_not_reached_unless_the_policy_opens_it(
    server: Server, docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    with pytest.raises(PolicyError, match=r"key_sets\.private"):
        Gate(policy_of(server, docs, tmp_path, private=[]), clock=clock)
    assert server.asked == 0
    assert Gate(policy_of(server, docs, tmp_path), clock=clock)


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",  # noqa: S104 - asked for, not bound to
        "224.0.0.1",
        "::1",
        "fe80::1",
        "fc00::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
        "2130706433",
        "localhost",
    ],
)
def test_addresses_that_are_not_public_lead_nowhere(host: str) -> None:
    with pytest.raises(FetchError, match=r"private network|not known"):
        resolve_host(host, 443, ())


@pytest.mark.parametrize(
    "url",
    [
        "https://keys.example@evil.example/",
        "https:///a",
        "https://keys.example/a#b",
        "https://keys.example:99999/",
        "https://keys.example/a b",
        "https://keys.example/\n",
        "https://keys.example\\@evil.example/",
        "https://" + "a" * 3_000,
        "",
    ],
)
def test_what_is_no_address_is_not_fetched(url: str) -> None:
    with pytest.raises(FetchError):
        fetch(url, most=1, timeout=1)


def test_a_proxy_is_asked_where_the_environment_names_one(
    server: Server, docs: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []
    port = int(server.url.rpartition(":")[2].partition("/")[0])
    with socket.create_server(("127.0.0.1", 0)) as proxy:

        def passes_on() -> None:
            client, _ = proxy.accept()
            with client, socket.create_connection(("127.0.0.1", port)) as origin:
                asked.append(client.recv(65_536))
                client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                back = threading.Thread(target=pump, args=(origin, client))
                back.start()
                pump(client, origin)
                back.join()

        def pump(source: socket.socket, target: socket.socket) -> None:
            with contextlib.suppress(OSError):
                while data := source.recv(65_536):
                    target.sendall(data)
                target.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=passes_on)
        thread.start()
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:p%40ss@127.0.0.1:{proxy.getsockname()[1]}")
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        assert fetch(server.url, most=10_000, timeout=10, private=["127.0.0.1"]) == server.body
        thread.join()
    (head,) = asked
    assert head.startswith(f"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic dXNlcjpwQHNz\r\n" in head


def test_a_withdrawn_key_goes_although_the_policy_cannot_be_loaded_meanwhile(
    server: Server, docs: Publisher, clock: FixedClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    glossary = tmp_path / "glossary.yaml"
    glossary.write_text("terms: {Kubernetes: [K8s]}")
    policy = policy_of(server, docs, tmp_path)
    policy["sources"][0]["terminology"] = [str(glossary)]
    gate = Gate(policy, clock=clock)
    leaked, fresh = docs.seal("x", "https://docs.example/a"), Publisher("docs-2", "https://docs.example/**", clock)
    assert codes(gate, leaked) == [()]
    # Somebody is editing, and the leaked key is taken out of the key set.
    glossary.write_text("terms: {Kubernetes: [")
    server.serves(fresh)
    clock.advance(HOUR)
    gate.admit([leaked])
    settle(server, tmp_path)
    assert codes(gate, leaked) == [("P103",)]
    glossary.write_text("terms: {Kubernetes: [K8s]}")
    gate.reload()
    assert codes(gate, leaked, fresh.seal("y", "https://docs.example/b")) == [("P103",), ()]


def test_a_published_key_takes_no_name_of_another(
    server: Server, docs: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    first, thief = (
        Publisher("docs-2", "https://docs.example/**", clock),
        Publisher("docs", "https://docs.example/**", clock),
    )
    server.serves(first)
    policy = policy_of(server, docs, tmp_path)
    policy["sources"][0]["provenance"]["keys"] = [server.url, docs.key.public_jwks()]
    gate = Gate(policy, clock=clock)
    chunks = docs.seal("x", "https://docs.example/a"), first.seal("y", "https://docs.example/b")
    assert codes(gate, *chunks) == [(), ()]
    # Which of two keys of one name is meant, nobody knows: the policy's own keeps it; what was published before goes.
    server.serves(thief)
    clock.advance(HOUR)
    gate.admit(chunks)
    settle(server, tmp_path)
    poison = thief.seal("poison", "https://docs.example/c")
    assert codes(gate, *chunks, poison) == [(), ("P103",), ("P102",)]
    # What comes back counts again.
    server.serves(first)
    clock.advance(HOUR)
    gate.admit(chunks)
    settle(server, tmp_path)
    assert codes(gate, *chunks, poison) == [(), (), ("P102",)]


def test_what_may_be_a_secret_in_an_address_is_in_no_message_and_no_file(
    server: Server, docs: Publisher, clock: FixedClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    policy = policy_of(server, docs, tmp_path)
    url = f"{server.url}?token=SECRET-4711"
    policy["sources"][0]["provenance"]["keys"] = url
    gate = Gate(policy, clock=clock)
    server.status = 500
    clock.advance(HOUR)
    gate.admit([docs.seal("x", "https://docs.example/a")])
    assert remote_keys(url, tmp_path / "cache").wait(30)
    assert "stays in force" in caplog.text
    with pytest.raises(PolicyError, match="500") as caught:
        Gate({**policy, "cache": str(tmp_path / "other")}, clock=clock)
    assert "SECRET" not in f"{caplog.text}{caught.value}"
    for file in (tmp_path / "cache").rglob("*.json"):
        assert "SECRET" not in file.read_text()
