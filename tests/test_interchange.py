"""Seals are plain JWS: another library makes some that the gate accepts, and verifies those that headgate makes."""

from __future__ import annotations

from typing import Any

import pytest

from headgate import Chunk, Gate, KeySet, Sealer
from headgate.chunk import SEAL_KEY
from headgate.provenance import SigningKey, generate_signing_key
from headgate.provenance.seals import SEAL_TYPE, digest_text
from headgate.testing import FixedClock

jwt = pytest.importorskip("jwt")

PAGE = "https://docs.example/leave"
ALGORITHMS = ["Ed25519", "ES256", "PS256", "RS256"]


def key_of(algorithm: str) -> SigningKey:
    key = generate_signing_key("docs", "PS256" if algorithm == "RS256" else algorithm)
    return key if algorithm != "RS256" else SigningKey.load({**key.private_jwk(), "alg": "RS256"})


def gate_of(keys: SigningKey, clock: FixedClock) -> Gate:
    source = {"id": "docs", "match": "https://docs.example/**"}
    return Gate({"sources": [{**source, "provenance": {"require": "sealed", "keys": keys.public_jwks()}}]}, clock=clock)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_what_another_library_signs_is_a_seal(algorithm: str, clock: FixedClock) -> None:
    key = key_of(algorithm)
    jwk = jwt.PyJWK(key.private_jwk(), algorithm="EdDSA" if algorithm == "Ed25519" else algorithm)
    claims = {"iss": "docs", "sub": PAGE, "dig": digest_text("30 days"), "iat": int(clock.now.timestamp()), "ver": 3}
    # It writes the name that Ed25519 had before RFC 9864.
    token = jwt.encode(claims, jwk, headers={"kid": "docs", "typ": SEAL_TYPE})
    gate = gate_of(key, clock)
    good, forged = (Chunk(text, {"source": PAGE, SEAL_KEY: token}) for text in ("30 days", "99 days"))
    first, second = gate.admit([good, forged]).decisions
    assert (first.assurance, first.codes, second.codes) == ("sealed", (), ("P105",))


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_another_library_verifies_a_seal(algorithm: str, clock: FixedClock) -> None:
    key = key_of(algorithm)
    chunk = Sealer(key, "docs", clock=clock).seal(Chunk("30 days"), subject=PAGE, version=3)
    token = str(chunk.metadata[SEAL_KEY])
    verifier: Any = jwt.PyJWS()
    if algorithm == "Ed25519" and algorithm not in verifier.get_algorithms():
        verifier.register_algorithm("Ed25519", jwt.algorithms.OKPAlgorithm())
    (public,) = key.public_jwks()["keys"]
    numbers = jwt.PyJWK(
        {name: value for name, value in public.items() if name != "alg"}, algorithm=_named(algorithm)
    ).key
    found = verifier.decode_complete(token, numbers, algorithms=[algorithm])
    assert found["header"] == {"alg": algorithm, "kid": "docs", "typ": SEAL_TYPE}
    assert b'"ver":3' in found["payload"]
    other = jwt.PyJWK(key_of(algorithm).private_jwk(), algorithm=_named(algorithm)).key
    with pytest.raises(jwt.InvalidSignatureError):
        verifier.decode_complete(token, other.public_key(), algorithms=[algorithm])
    assert KeySet.from_jwks(key.public_jwks()).get("docs") is not None


def _named(algorithm: str) -> str:
    return "EdDSA" if algorithm == "Ed25519" else algorithm
