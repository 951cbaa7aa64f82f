"""Key sets at HTTPS addresses: a real server on loopback, with a certificate of its own authority."""

from __future__ import annotations

import http.server
import ipaddress
import json
import logging
import ssl
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from headgate import Chunk, Gate, PolicyError
from headgate.origins import FetchError, fetch, remote_keys
from headgate.provenance import generate_signing_key
from headgate.testing import FixedClock, Publisher

pytestmark = pytest.mark.enable_socket
HOUR = timedelta(hours=1)


class Server:
    """Answers with what it is told, and counts who asks."""

    def __init__(self, folder: Path) -> None:
        self.status, self.body, self.asked = 200, b"", 0
        self.headers: dict[str, str] = {}
        self.hangs = threading.Event()
        self.hangs.set()
        server = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.asked += 1
                server.hangs.wait(30)
                self.send_response(server.status)
                for name, value in server.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(server.body)))
                self.end_headers()
                self.wfile.write(server.body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(_certificate(folder))
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}/jwks.json"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def serves(self, *publishers: Publisher) -> None:
        self.status, self.headers = 200, {}
        self.body = json.dumps({"keys": [key for one in publishers for key in one.key.public_jwks()["keys"]]}).encode()

    def close(self) -> None:
        self.hangs.set()
        self._server.shutdown()
        self._server.server_close()


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    begins = datetime(2020, 1, 1, tzinfo=timezone.utc)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begins)
        .not_valid_after(begins + timedelta(days=36_500))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


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
    return {"sources": [source], "cache": str(tmp_path / "cache"), "key_sets": key_sets}


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
    key_sets._KNOWN.clear()
    kept.write_text("garbage")
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
