"""Revocation lists at HTTPS addresses: a real server on loopback, with a certificate of its own authority."""

from __future__ import annotations

import json
import logging
import socket
import warnings
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from headgate import Chunk, Gate, PolicyError
from headgate.origins import key_sets, lists
from headgate.provenance import generate_signing_key
from headgate.provenance.revocation import Revocation, RevocationList
from headgate.testing import FixedClock, Publisher
from servers import Server

pytestmark = pytest.mark.enable_socket
REFRESH = timedelta(minutes=5)


class Revoker:
    """Whoever publishes a revocation list at an address."""

    def __init__(self, server: Server, clock: FixedClock, tmp_path: Path) -> None:
        self.server, self.clock, self.cache = server, clock, tmp_path / "cache"
        self.key, self.version = generate_signing_key("security"), 0

    def publish(self, *revoked: str, version: int | None = None, lifetime: timedelta = timedelta(days=7)) -> None:
        self.version = version if version is not None else self.version + 1
        listed = RevocationList(
            issuer="security",
            version=self.version,
            issued=self.clock.now,
            expires=self.clock.now + lifetime,
            documents=dict.fromkeys(revoked, Revocation("wrong")),
        )
        self.server.status, self.server.headers, self.server.endless, self.server.short_by = 200, {}, 0, 0
        self.server.body = listed.sign(self.key)

    def policy(self, docs: Publisher, **more: Any) -> dict[str, Any]:
        rule = {"list": self.server.url, "keys": self.key.public_jwks(), **more.pop("rule", {})}
        return {
            "sources": [docs.source()],
            "revocations": [rule],
            "cache": str(self.cache),
            "key_sets": {"private": ["127.0.0.1"], "timeout": "2s"},
            **more,
        }

    def gate(self, docs: Publisher, **more: Any) -> Gate:
        return Gate(self.policy(docs, **more), clock=self.clock)

    def settle(self, gate: Gate, chunk: Chunk) -> None:
        """Let the time of a refresh pass, and wait for the answer."""
        self.clock.advance(REFRESH)
        gate.admit([chunk])
        settle()


def settle() -> None:
    assert all(one.wait(30) for one in lists._KNOWN.values())


def forget() -> None:
    """Begin as a process of its own does."""
    from headgate.provenance.remembering import _PROCESS

    lists._KNOWN.clear()
    _PROCESS.highest.clear()


@pytest.fixture
def docs(clock: FixedClock) -> Publisher:
    return Publisher("docs", "https://docs.example/**", clock)


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    made = Server(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "server.pem"))
    yield made
    made.close()


@pytest.fixture
def revoker(server: Server, clock: FixedClock, tmp_path: Path) -> Revoker:
    made = Revoker(server, clock, tmp_path)
    made.publish()
    return made


def codes(gate: Gate, *chunks: Chunk) -> list[tuple[str, ...]]:
    return [one.codes for one in gate.admit(chunks).decisions]


def test_a_list_is_followed_in_the_background_and_not_per_document(revoker: Revoker, docs: Publisher) -> None:
    gates = [revoker.gate(docs) for _ in range(3)]
    chunk, many = docs.seal("x", "https://docs.example/a"), [docs.seal(f"{n}", f"https://b.example/{n}") for n in "abc"]
    for gate in gates:
        assert codes(gate, chunk)[0] == ()
        gate.admit(many)
    assert revoker.server.asked == 1
    revoker.publish("https://docs.example/a")
    revoker.settle(gates[0], chunk)
    # One that was fetched is in force for every gate of the process.
    assert [codes(gate, chunk) for gate in gates] == [[("P107",)]] * 3
    revoker.publish()
    revoker.settle(gates[1], chunk)
    assert [codes(gate, chunk) for gate in gates] == [[()]] * 3
    assert revoker.server.asked == 3


def test_a_caller_who_names_an_instant_moves_no_clock(revoker: Revoker, docs: Publisher) -> None:
    gate, chunk = revoker.gate(docs), docs.seal("x", "https://docs.example/a")
    gate.admit([chunk], now=revoker.clock.now + timedelta(days=400))
    settle()
    revoker.publish("https://docs.example/a")
    revoker.settle(gate, chunk)
    assert codes(gate, chunk) == [("P107",)]


async def test_asynchronous_admissions_follow_too(revoker: Revoker, docs: Publisher) -> None:
    gate, chunk = revoker.gate(docs), docs.seal("x", "https://docs.example/a")
    revoker.publish("https://docs.example/a")
    revoker.clock.advance(REFRESH)
    await gate.aadmit([chunk])
    settle()
    assert (await gate.aadmit([chunk])).decisions[0].codes == ("P107",)


ANSWERS: dict[str, dict[str, Any]] = {
    "an error": {"status": 500},
    "nothing there": {"status": 404},
    "a redirection": {"status": 302, "headers": {"Location": "https://127.0.0.1:1/elsewhere"}},
    "HTML": {"body": b"<html>sign in</html>"},
    "nothing": {"body": b""},
    "too much": {"body": b" " * 5_000_000},
    "not text": {"body": b"\xff\xfe\x00"},
    "200 MB": {"endless": 200_000_000},
    "less than it says": {"short_by": 10},
}
LISTS = ("rolled back", "by another key", "another content of one version")


@pytest.mark.parametrize("name", [*ANSWERS, *LISTS])
def test_another_answer_leaves_the_list_in_force_until_its_end(
    name: str, revoker: Revoker, docs: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    gate, chunk = revoker.gate(docs), docs.seal("x", "https://docs.example/a", expires=None)
    other = docs.seal("y", "https://docs.example/b", expires=None)
    revoker.publish("https://docs.example/a")
    revoker.settle(gate, chunk)
    if name == "rolled back":
        revoker.publish(version=1)
    elif name == "another content of one version":
        revoker.publish(version=2)
    elif name == "by another key":
        key, revoker.key = revoker.key, generate_signing_key("security")
        revoker.publish(version=9)
        revoker.key = key
    else:
        for attribute, value in ANSWERS[name].items():
            setattr(revoker.server, attribute, value)
    with caplog.at_level(logging.WARNING, "headgate"):
        revoker.settle(gate, chunk)
    assert "stays in force" in caplog.text
    assert codes(gate, chunk, other) == [("P107",), ()]
    # A process that begins now begins with the last good one, whether it may ask or not.
    forget()
    begun = revoker.gate(docs)
    assert codes(begun, chunk, other) == [("P107",), ()]
    # Its own time ends it: a warning during the grace, then nothing.
    revoker.clock.advance(timedelta(days=7))
    (decision,) = begun.admit([other]).decisions
    assert (decision.admitted, decision.codes) == (True, ("P114",))
    revoker.clock.advance(timedelta(days=1))
    (decision,) = begun.admit([other]).decisions
    assert (decision.admitted, decision.codes) == (False, ("P114",))
    settle()
    # And what comes after it is followed again.
    revoker.publish(version=20)
    revoker.settle(begun, other)
    assert codes(begun, chunk, other) == [(), ()]


def test_a_process_that_begins_asks_where_what_was_kept_is_old(revoker: Revoker, docs: Publisher) -> None:
    """One that answers a single question would otherwise follow nothing."""
    chunk = docs.seal("x", "https://docs.example/a")
    revoker.gate(docs)
    forget()
    revoker.publish("https://docs.example/a")
    assert codes(revoker.gate(docs), chunk) == [()]
    assert revoker.server.asked == 1
    forget()
    revoker.clock.advance(REFRESH)
    assert codes(revoker.gate(docs), chunk) == [("P107",)]
    assert revoker.server.asked == 2


def test_an_address_that_hangs_holds_up_no_decision(revoker: Revoker, docs: Publisher) -> None:
    gate, chunk = revoker.gate(docs), docs.seal("x", "https://docs.example/a")
    revoker.server.hangs.clear()
    for _ in range(3):
        revoker.clock.advance(REFRESH)
        # The answer is awaited by one thread, and nobody asks a second time.
        assert codes(gate, chunk) == [()]
    revoker.server.hangs.set()
    settle()
    assert revoker.server.asked == 2


def test_a_list_that_was_never_read_is_an_error_at_its_place(revoker: Revoker, docs: Publisher, tmp_path: Path) -> None:
    revoker.server.status = 404
    file = tmp_path / "headgate.yaml"
    file.write_text(json.dumps(revoker.policy(docs)))
    with pytest.raises(PolicyError, match="404") as caught:
        Gate(file)
    assert (caught.value.path[:3], caught.value.line is not None) == (("revocations", 0, "list"), True)


@pytest.mark.parametrize("address", ["http://a.example/x", "ftp://a.example/x", "file:///x", "https://u:p@a.example/x"])
def test_other_addresses_are_refused_in_a_policy(address: str, revoker: Revoker) -> None:
    with pytest.raises(PolicyError, match=r"https://|user or password") as caught:
        Gate({"revocations": [{"list": address, "keys": revoker.key.public_jwks()}]})
    assert ":p@" not in str(caught.value)


def test_a_private_network_is_not_reached_unless_the_policy_opens_it(revoker: Revoker, docs: Publisher) -> None:
    with pytest.raises(PolicyError, match=r"key_sets\.private"):
        revoker.gate(docs, key_sets={"private": []})
    assert revoker.server.asked == 0


def test_keys_that_rotate_never_make_a_decision_wait_for_a_list(
    revoker: Revoker, docs: Publisher, clock: FixedClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The keys of a source come from an address too: where they change, the policy is loaded within an admission."""
    published = Server(tmp_path)
    try:
        published.serves(docs)
        gate = revoker.gate(docs, sources=[docs.source(provenance={"keys": published.url})])
        chunk = docs.seal("x", "https://docs.example/a")
        assert codes(gate, chunk) == [()]
        # As if nothing had been kept of the list.
        lists._KNOWN.clear()
        for file in (revoker.cache / "lists").iterdir():
            file.unlink()
        revoker.server.hangs.clear()
        fresh = Publisher("docs-2", "https://docs.example/**", clock)
        published.serves(docs, fresh)
        clock.advance(timedelta(hours=1))
        gate.admit([chunk])
        assert all(one.wait(30) for one in key_sets._KNOWN.values())
        # The list that is held stays; the new keys wait until the policy can be loaded.
        with caplog.at_level(logging.WARNING, "headgate"):
            assert codes(gate, chunk, fresh.seal("y", "https://docs.example/b")) == [(), ("P103",)]
        assert "the policy in force stays" in caplog.text
        revoker.server.hangs.set()
        settle()
        gate.reload()
        assert codes(gate, chunk, fresh.seal("y", "https://docs.example/b")) == [(), ()]
    finally:
        published.close()


def test_what_may_be_a_secret_in_an_address_is_in_no_message_and_no_file(
    revoker: Revoker, docs: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    url = f"{revoker.server.url}?token=SECRET-4711"
    gate, chunk = revoker.gate(docs, rule={"list": url}), docs.seal("x", "https://docs.example/a")
    revoker.server.status = 500
    revoker.settle(gate, chunk)
    assert "stays in force" in caplog.text
    with pytest.raises(PolicyError, match="500") as caught:
        revoker.gate(docs, rule={"list": url}, cache=str(revoker.cache / "other"))
    assert "SECRET" not in f"{caplog.text}{caught.value}"
    for file in revoker.cache.rglob("*.json"):
        assert "SECRET" not in file.read_text()


def test_connections_are_closed_whatever_the_answer(revoker: Revoker, docs: Publisher) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error", ResourceWarning)
        for number, answer in enumerate(ANSWERS.values()):
            revoker.publish()
            for attribute, value in answer.items():
                setattr(revoker.server, attribute, value)
            with pytest.raises(PolicyError):
                revoker.gate(docs, cache=str(revoker.cache / str(number)))
        with socket.create_server(("127.0.0.1", 0)) as silent:
            rule = {"list": f"https://127.0.0.1:{silent.getsockname()[1]}/"}
            with pytest.raises(PolicyError, match="no answer within"):
                revoker.gate(docs, rule=rule, key_sets={"private": ["127.0.0.1"], "timeout": "0.3s"})
