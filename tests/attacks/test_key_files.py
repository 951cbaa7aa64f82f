"""Key files as people have them: one odd key loses nothing, and no key counts that should not."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID

from headgate import Chunk, Gate, KeySet, PolicyError, Sealer, SealError
from headgate.encoding import b64url_decode, b64url_encode
from headgate.provenance import SigningKey, generate_signing_key, sign_jws, verify_jws
from headgate.testing import FixedClock

SIGNING = {name: generate_signing_key(name.lower(), name) for name in ("Ed25519", "ES256", "RS256")}
PUBLIC: dict[str, dict[str, Any]] = {name: key.public_jwks()["keys"][0] for name, key in SIGNING.items()}
ED, EC, RSA = PUBLIC["Ed25519"], PUBLIC["ES256"], PUBLIC["RS256"]
START, END = datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 12, 1, tzinfo=timezone.utc)
PAGE = "https://docs.example/a"

ODD = [
    {**RSA, "use": "enc", "alg": "RSA-OAEP"},
    {**RSA, "use": "enc"},
    {**EC, "key_ops": ["deriveKey"], "use": None},
    {**RSA, "alg": "RS512"},
    {**EC, "alg": "ES384"},
    {"kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA", "kid": "pq"},
    {"kty": "OKP", "crv": "X25519", "x": ED["x"], "kid": "dh"},
    {"kty": "OKP", "crv": "Ed448", "x": b64url_encode(bytes(57)), "kid": "448"},
    {"kty": "EC", "crv": "secp256k1", "x": EC["x"], "y": EC["y"]},
    {"kty": "RSA", "n": b64url_encode(b"\xff" * 128), "e": "AQAB", "kid": "short"},
    {"kty": "EC", "crv": "P-256", "x": EC["x"]},
    {"kty": "OKP", "crv": "Ed25519", "x": "AAAA"},
    {"kty": 7},
    {"kid": "no type"},
    {**EC, "kid": 7},
]


@pytest.mark.parametrize(
    "odd", ODD, ids=lambda odd: str(odd.get("alg") or odd.get("crv") or odd.get("use") or odd)[:20]
)
def test_a_key_that_is_not_for_seals_is_skipped_and_named(
    odd: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    entry = {name: value for name, value in odd.items() if value is not None}
    with caplog.at_level(logging.WARNING, "headgate"):
        keys = KeySet.from_jwks({"keys": [entry, ED]})
    assert [key.kid for key in keys] == ["ed25519"]
    (notice,) = keys.notices
    assert notice.startswith("Skipped keys[0]: ")
    assert notice in caplog.text
    with pytest.raises(PolicyError):
        KeySet.from_jwks({"keys": [entry]})
    with pytest.raises(PolicyError):
        KeySet.from_jwks(entry)


@pytest.mark.parametrize(
    "entry", [{"kty": "oct", "k": "AAAA"}, SIGNING["ES256"].private_jwk(), "text", None, 3], ids=lambda e: str(e)[:12]
)
def test_a_secret_in_a_public_set_is_an_error(entry: object) -> None:
    with pytest.raises(PolicyError, match=r"keys\[1\]"):
        KeySet.from_jwks({"keys": [ED, entry]})


def test_notices_travel_with_the_set() -> None:
    keys = KeySet.from_jwks({"keys": [ODD[0], ED]}) | KeySet.from_jwks({"keys": [EC, ODD[5]]})
    assert len(keys.notices) == 2
    assert pickle.loads(pickle.dumps(keys)).notices == copy.copy(keys).notices == keys.notices


def test_one_key_has_one_thumbprint_whatever_its_zeros(tmp_path: Path) -> None:
    found = None
    while found is None:
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        numbers = key.public_numbers()
        found = numbers if min(numbers.x, numbers.y) < 2**248 else None
    full = {"kty": "EC", "crv": "P-256", "x": _number(found.x, 32), "y": _number(found.y, 32)}
    short = {"kty": "EC", "crv": "P-256", "x": _number(found.x), "y": _number(found.y)}
    assert full != short
    (tmp_path / "k.pem").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    prints = {one.thumbprint for keys in (full, short) for one in KeySet.from_jwks(keys)}
    assert prints == {one.thumbprint for one in KeySet.load(tmp_path / "k.pem")}
    # One key twice in a set is one key.
    assert len(KeySet.from_jwks({"keys": [{**full, "kid": "k"}, {**short, "kid": "k"}]})) == 1


def test_an_rsa_key_has_one_thumbprint_whatever_its_zeros() -> None:
    padded = {**RSA, "n": b64url_encode(b"\0" + b64url_decode(RSA["n"])), "e": b64url_encode(b"\0\x01\0\x01")}
    (one,), (other,) = KeySet.from_jwks(RSA), KeySet.from_jwks(padded)
    assert one.thumbprint == other.thumbprint


@pytest.mark.parametrize("name", sorted(SIGNING))
def test_thumbprints_are_those_of_the_rfc(name: str) -> None:
    from joserfc.jwk import JWKRegistry

    (key,) = KeySet.from_jwks(PUBLIC[name])
    assert key.thumbprint == JWKRegistry.import_key(dict(PUBLIC[name])).thumbprint()


def _number(value: int, size: int = 0) -> str:
    return b64url_encode(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def certificate(subject: str, issuer: str, key: Any, by: Any, *, is_ca: bool = False) -> bytes:
    def name(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    builder = x509.CertificateBuilder().subject_name(name(subject)).issuer_name(name(issuer))
    builder = builder.public_key(key.public_key()).serial_number(1).not_valid_before(START).not_valid_after(END)
    builder = builder.add_extension(x509.BasicConstraints(is_ca, None), critical=True)
    return builder.sign(by, hashes.SHA256()).public_bytes(Encoding.PEM)


LEAF, CA = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
LEAF_PEM = certificate("leaf", "ca", LEAF, CA)
CA_PEM = certificate("ca", "ca", CA, CA, is_ca=True)
# A chain of three: the leaf by an authority that another one vouches for.
MIDDLE = ec.generate_private_key(ec.SECP256R1())
LONG_CHAIN = (certificate("leaf", "middle", LEAF, MIDDLE), certificate("middle", "ca", MIDDLE, CA, is_ca=True), CA_PEM)
SELF_SIGNED = certificate("leaf", "leaf", LEAF, LEAF)


def sealed_with(key: Any, clock: FixedClock, **claims: Any) -> Chunk:
    return Sealer(key, "docs", clock=clock).seal(Chunk("text", {"source": PAGE}), subject=PAGE, **claims)


@pytest.mark.parametrize(
    "chain",
    [LEAF_PEM + CA_PEM, CA_PEM + LEAF_PEM, LEAF_PEM, b"".join(LONG_CHAIN), b"".join(LONG_CHAIN[:2]), SELF_SIGNED],
    ids=["leaf first", "last", "alone", "three", "without the root", "self-signed"],
)
def test_only_the_leaf_of_a_chain_may_sign(chain: bytes, tmp_path: Path) -> None:
    (tmp_path / "chain.pem").write_bytes(chain)
    keys, clock = KeySet.load(tmp_path / "chain.pem"), FixedClock()
    assert len(keys) == 1
    source = {"id": "docs", "match": [PAGE], "provenance": {"keys": [str(tmp_path / "chain.pem")]}}
    gate = Gate({"sources": [source]}, clock=clock)
    assert gate.admit([sealed_with(LEAF, clock)]).decisions[0].admitted
    assert gate.admit([sealed_with(CA, clock)]).decisions[0].codes == ("P103",)


@pytest.mark.parametrize("is_bounded", [True, False])
def test_a_certificate_counts_within_its_dates(is_bounded: bool, tmp_path: Path) -> None:
    (tmp_path / "chain.pem").write_bytes(LEAF_PEM + CA_PEM)
    clock = FixedClock()
    source = {"id": "docs", "match": [PAGE], "provenance": {"keys": [str(tmp_path / "chain.pem")]}}
    gate = Gate({"sources": [source]}, clock=clock)
    claims = {"not_before": START - timedelta(9), "expires": END + timedelta(9)} if is_bounded else {}
    chunk = sealed_with(LEAF, clock, **claims)
    second = timedelta(seconds=1)
    for now, is_in_force in ((START - second, False), (START, True), (END - second, True), (END, False)):
        assert gate.admit([chunk], now=now).decisions[0].admitted is is_in_force, now


def test_a_certificate_renewed_for_the_same_key_is_another_revision(tmp_path: Path) -> None:
    (tmp_path / "a.pem").write_bytes(LEAF_PEM)
    spki = LEAF.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    (tmp_path / "b.pem").write_bytes(spki)
    dated, plain = KeySet.load(tmp_path / "a.pem"), KeySet.load(tmp_path / "b.pem")
    assert [key.thumbprint for key in dated] == [key.thumbprint for key in plain]
    assert dated.digest != plain.digest
    assert pickle.loads(pickle.dumps(dated)).digest == dated.digest


@pytest.mark.parametrize(
    "data",
    [
        LEAF_PEM + certificate("other", "ca", CA, CA),
        b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        b"-----BEGIN CERTIFICATE-----\nAAAA\n",
        certificate("p384", "ca", ec.generate_private_key(ec.SECP384R1()), CA),
    ],
    ids=["two leaves", "broken", "cut", "p384"],
)
def test_certificates_that_are_no_chain_are_refused(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "c.pem").write_bytes(data)
    with pytest.raises(PolicyError, match=r"c\.pem"):
        KeySet.load(tmp_path / "c.pem")


@pytest.mark.parametrize("layout", [PrivateFormat.PKCS8, PrivateFormat.TraditionalOpenSSL, PrivateFormat.OpenSSH])
@pytest.mark.parametrize("kind", ["EC", "RSA"])
def test_an_encrypted_key_is_said_to_be_encrypted(layout: PrivateFormat, kind: str, tmp_path: Path) -> None:
    path = tmp_path / "k.pem"
    key = LEAF if kind == "EC" else rsa.generate_private_key(65_537, 2_048)
    path.write_bytes(key.private_bytes(Encoding.PEM, layout, BestAvailableEncryption(b"x")))
    with pytest.raises(PolicyError, match="is encrypted"):
        Sealer(path, "me")
    with pytest.raises(PolicyError, match="private key"):
        KeySet.load(path)


def test_a_key_of_openssh_signs(tmp_path: Path) -> None:
    key = ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "id_ed25519").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()))
    sealer = Sealer(tmp_path / "id_ed25519", "me", clock=FixedClock())
    assert [one.algorithms for one in sealer.public] == [("Ed25519",)]


def test_a_byte_order_mark_is_no_part_of_a_key(tmp_path: Path) -> None:
    path = tmp_path / "k"
    mark = "\ufeff".encode()
    path.write_bytes(mark + json.dumps({"keys": [ED]}).encode())
    assert len(KeySet.load(path)) == 1
    path.write_bytes(mark + json.dumps(SIGNING["Ed25519"].private_jwk()).encode())
    assert Sealer(path, "me").public.get("ed25519")
    key = ed25519.Ed25519PrivateKey.generate()
    path.write_bytes(mark + key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    assert Sealer(path, "me")
    for codec in ("utf-16", "utf-16-be"):
        path.write_bytes(("\ufeff" if codec.endswith("be") else "").encode(codec) + json.dumps(ED).encode(codec))
        with pytest.raises(PolicyError, match="UTF-16"):
            KeySet.load(path)
        with pytest.raises(PolicyError, match="UTF-16"):
            Sealer(path, "me")


def test_the_name_eddsa_means_ed25519_and_nothing_else() -> None:
    for name, is_right in (("Ed25519", True), ("ES256", False)):
        key = SIGNING[name]
        header = json.dumps({"alg": "EdDSA", "kid": key.kid}).encode()
        signed = f"{b64url_encode(header)}.{b64url_encode(b'{}')}"
        token = f"{signed}.{b64url_encode(key.sign(signed.encode()))}"
        if is_right:
            assert verify_jws(token, key.public) == b"{}"
        else:
            with pytest.raises(SealError, match="P102"):
                verify_jws(token, key.public)


def test_names_of_others_are_shown_short_and_escaped() -> None:
    key = generate_signing_key("\u202eevil\n" + "x" * 500)
    with pytest.raises(SealError) as caught:
        verify_jws(sign_jws(b"{}", key), SIGNING["Ed25519"].public)
    assert len(str(caught.value)) < 200
    assert str(caught.value).isascii()
    assert "\n" not in str(caught.value)


SECRET = generate_signing_key("k").private_jwk()


@pytest.mark.parametrize(
    "keys",
    [
        [[SECRET]],
        [json.dumps(SECRET)],
        json.dumps(SECRET),
        json.dumps({"keys": [SECRET]}, indent=1),
        [json.dumps(SECRET).encode()],
        [bytearray(json.dumps(SECRET).encode())],
        [{SECRET["d"]}],
        [SECRET],
        {"keys": [[SECRET]]},
        [f"https://user:{SECRET['d']}@keys.example/jwks"],
        [f"http://keys.example/jwks?token={SECRET['d']}"],
    ],
    ids=lambda keys: type(keys).__name__,
)
def test_no_message_repeats_a_key_or_a_password(keys: object) -> None:
    match = f"https://user:{SECRET['d']}@a.example/**"
    for source in (
        {"provenance": {"keys": keys}},
        {"provenance": keys},
        {"freshness": keys},
        {"match": [match]},
        {"match": [match.replace("https://", "//")]},
        {"match": [match.replace("https://", "")]},
    ):
        with pytest.raises(PolicyError) as caught:
            Gate({"sources": [{"id": "a", "match": "https://a.example/**", **source}]})
        assert SECRET["d"] not in str(caught.value)
    for load in (KeySet.load, SigningKey.load):
        with pytest.raises(PolicyError) as caught:
            load(json.dumps(SECRET))
        assert SECRET["d"] not in str(caught.value)
