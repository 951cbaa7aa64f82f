"""Keys, tokens and seals as files and as objects."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa, x25519
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from joserfc.jwk import RSAKey

from headgate import Chunk, KeySet, PolicyError, Sealer, SealError
from headgate.chunk import SEAL_KEY
from headgate.encoding import b64url_decode, b64url_encode, loads_strict
from headgate.provenance import SigningKey, generate_signing_key, read_seal, verify_jws
from headgate.provenance.jws import sign_jws
from headgate.testing import FixedClock

ALGORITHMS = ("Ed25519", "ES256", "PS256", "RS256")
RSA = rsa.generate_private_key(65_537, 2_048)
KEYS = {
    "Ed25519": generate_signing_key("k"),
    "ES256": generate_signing_key("k", "ES256"),
    "PS256": SigningKey.load(RSA, "k"),
    "RS256": SigningKey("k", "RS256", SigningKey.load(RSA).key),
}


def pem(key: object) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_generated_pair_seals_and_verifies_through_its_files(algorithm: str, tmp_path: Path) -> None:
    private, public = generate_signing_key("team", algorithm).save(tmp_path / "our" / "keys" / "team")
    assert stat.S_IMODE(private.stat().st_mode) == 0o600
    (key,) = KeySet.load(public)
    assert not isinstance(key.key, RSAKey) or key.key.public_key.key_size == 3_072
    assert "d" not in json.loads(public.read_text())["keys"][0]
    sealed = Sealer(private, "team", clock=FixedClock()).seal(Chunk("text"), subject="https://a.example/x")
    claims = loads_strict(verify_jws(str(sealed.metadata[SEAL_KEY]), KeySet.load(public), typ="headgate-seal+jwt"))
    assert isinstance(claims, dict)
    assert claims["iss"] == "team"
    assert claims["sub"] == "https://a.example/x"
    header = loads_strict(b64url_decode(str(sealed.metadata[SEAL_KEY]).partition(".")[0]))
    assert header == {"alg": algorithm, "kid": "team", "typ": "headgate-seal+jwt"}


def test_keys_are_never_overwritten(tmp_path: Path) -> None:
    key = generate_signing_key("k")
    key.save(tmp_path / "k")
    with pytest.raises(PolicyError, match="exists already"):
        key.save(tmp_path / "k")


@pytest.mark.parametrize(
    "key",
    [
        ed25519.Ed25519PrivateKey.generate(),
        ec.generate_private_key(ec.SECP256R1()),
        RSA,
    ],
    ids=["ed25519", "p256", "rsa"],
)
def test_pem_files_and_key_objects_work(key: object, tmp_path: Path) -> None:
    private, public = tmp_path / "k.pem", tmp_path / "k.pub.pem"
    private.write_bytes(pem(key))
    public.write_bytes(key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))  # type: ignore[attr-defined]
    for source in (private, key):
        token = Sealer(source, "x", clock=FixedClock()).seal(Chunk("t"), subject="file:a").metadata[SEAL_KEY]
        assert verify_jws(str(token), KeySet.load(public))


@pytest.mark.parametrize(
    "key",
    [
        ec.generate_private_key(ec.SECP384R1()),
        rsa.generate_private_key(65_537, 1_024),
        x25519.X25519PrivateKey.generate(),
    ],
    ids=["p384", "rsa1024", "x25519"],
)
def test_other_keys_are_refused(key: object, tmp_path: Path) -> None:
    (tmp_path / "k.pem").write_bytes(pem(key))
    with pytest.raises(PolicyError):
        Sealer(tmp_path / "k.pem", "x")


@pytest.mark.parametrize("label", [b"PUBLIC KEY", b"PRIVATE KEY", b"CERTIFICATE", b"OPENSSH PRIVATE KEY"])
def test_a_kind_of_key_that_nobody_knows_is_a_policy_error(label: bytes, tmp_path: Path) -> None:
    # An Ed25519 key whose object identifier is 1.3.108.21 instead of 1.3.101.112.
    content = b"MCowBQYDK2wVAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="
    file = tmp_path / "k.pem"
    file.write_bytes(b"-----BEGIN " + label + b"-----\n" + content + b"\n-----END " + label + b"-----\n")
    for load in (KeySet.load, SigningKey.load):
        with pytest.raises(PolicyError, match=r"k\.pem"):
            load(file)


def test_a_key_signs_only_with_the_algorithm_it_declares() -> None:
    key = generate_signing_key("k", "PS256")
    jwk = {**key.public_jwks()["keys"][0], "alg": "RS256"}
    with pytest.raises(SealError, match="P102"):
        verify_jws(sign_jws(b"{}", key), KeySet.from_jwks({"keys": [jwk]}))


def test_rfc_8037_example_verifies() -> None:
    # RFC 8037, appendix A.4 and A.5: the header says EdDSA, the name before RFC 9864.
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}
    token = (
        "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4"
        "ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    )
    keys = KeySet.from_jwks(jwk)
    assert verify_jws(token, keys) == b"Example of Ed25519 signing"
    (key,) = keys
    signed, _, signature = token.rpartition(".")
    assert key.verify("Ed25519", signed.encode(), b64url_decode(signature))


def test_a_rotated_set_knows_both_keys_by_kid() -> None:
    old, new = generate_signing_key("2025"), generate_signing_key("2026")
    keys = old.public | new.public
    assert verify_jws(sign_jws(b"a", old), keys) == b"a"
    assert verify_jws(sign_jws(b"b", new), keys) == b"b"
    with pytest.raises(SealError, match="P103: the token names the key '2027'"):
        verify_jws(sign_jws(b"c", generate_signing_key("2027")), keys)


def test_a_token_without_a_kid_needs_a_set_of_one() -> None:
    key = generate_signing_key("k")
    head = b64url_encode(b'{"alg":"Ed25519"}')
    signed = f"{head}.{b64url_encode(b'{}')}"
    token = f"{signed}.{b64url_encode(key.sign(signed.encode()))}"
    assert verify_jws(token, key.public) == b"{}"
    with pytest.raises(SealError, match="P103"):
        verify_jws(token, key.public | generate_signing_key("other").public)


@pytest.mark.parametrize("subject", ["", "//host/x", "https://", "https://user@host/x"])
def test_a_subject_that_is_no_uri_is_refused_when_sealing(subject: str) -> None:
    sealer = Sealer(generate_signing_key("k"), "x", clock=FixedClock())
    with pytest.raises(ValueError, match="subject"):
        sealer.seal(Chunk("t"), subject=subject)


def test_a_key_without_a_name_is_called_by_its_thumbprint() -> None:
    for algorithm in ("Ed25519", "ES256"):
        key = generate_signing_key(algorithm=algorithm)
        (public,) = key.public
        assert key.kid == public.kid == public.thumbprint
        assert SigningKey.load(key.key).kid == key.kid


def test_a_signing_key_stays_itself_and_may_get_another_name() -> None:
    key = KEYS["RS256"]
    assert SigningKey.load(key) is key
    assert (SigningKey.load(key, "other").kid, SigningKey.load(key, "other").algorithm) == ("other", "RS256")
    assert SigningKey.load(key.private_jwk()).kid == "k"
    assert SigningKey.load(key.private_jwk(), "other").kid == "other"


def test_an_rsa_key_signs_with_pss_and_verifies_both_unless_it_says_otherwise() -> None:
    assert SigningKey.load(RSA).algorithm == "PS256"
    jwk = KEYS["PS256"].public_jwks()["keys"][0]
    (either,) = KeySet.from_jwks({name: value for name, value in jwk.items() if name != "alg"})
    (one,) = KeySet.from_jwks(jwk)
    assert (either.algorithms, one.algorithms) == (("PS256", "RS256"), ("PS256",))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_key_verifies_nothing_under_a_foreign_algorithm(algorithm: str) -> None:
    (public,) = KEYS[algorithm].public
    signature = KEYS[algorithm].sign(b"x")
    assert [name for name in (*ALGORITHMS, "none", "HS256") if public.verify(name, b"x", signature)] == [algorithm]
    assert not public.verify(algorithm, b"y", signature)


def test_times_are_kept_to_the_second(tmp_path: Path) -> None:
    clock = FixedClock()
    now = clock.now
    exact = now.replace(microsecond=999_999)
    sealer = Sealer(generate_signing_key("k"), "x", clock=lambda: exact)
    sealed = sealer.seal(Chunk("t"), subject="file:a", modified=exact, not_before=exact, expires=exact)
    _, seal = read_seal(sealed.metadata[SEAL_KEY])
    assert (seal.issued_at, seal.modified, seal.valid_from, seal.valid_until) == (now, now, now, now)


@pytest.mark.parametrize(
    "value", [None, 7, "x", [], [{}], {}, {"keys": []}, {"keys": {}}, {"keys": None}, {"keys": "x"}]
)
def test_what_is_no_key_set_is_refused(value: Any) -> None:
    with pytest.raises(PolicyError):
        KeySet.from_jwks(value)


@pytest.mark.parametrize(
    ("operations", "is_usable"),
    [(["verify"], True), (["sign", "verify"], True), ([], False), (["sign"], False), ("verify", False), (7, False)],
    ids=str,
)
def test_a_key_that_names_its_operations_must_verify(operations: object, is_usable: bool) -> None:
    jwk = {**KEYS["Ed25519"].public_jwks()["keys"][0], "key_ops": operations}
    del jwk["use"]
    if is_usable:
        assert len(KeySet.from_jwks(jwk)) == 1
    else:
        with pytest.raises(PolicyError):
            KeySet.from_jwks(jwk)
