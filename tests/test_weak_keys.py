"""RSA keys that anybody can break, or nearly, neither verify nor sign."""

from __future__ import annotations

import random
from math import gcd, prod
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from headgate import KeySet, PolicyError, Sealer
from headgate.encoding import b64url_encode
from headgate.provenance import SigningKey, generate_signing_key

PRIMES = [n for n in range(3, 168) if all(n % d for d in range(2, n))]
E = 65_537
CHANCE = random.Random(186)


def is_prime(number: int) -> bool:
    """Miller and Rabin's test with a few bases: enough for numbers that nobody has made up against it."""
    odd, twos = number - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in (2, 3, 5, 7, 11):
        power = pow(base, odd, number)
        if power in (1, number - 1):
            continue
        for _ in range(twos - 1):
            power = power * power % number
            if power == number - 1:
                break
        else:
            return False
    return True


def number(value: int) -> str:
    return b64url_encode(value.to_bytes((value.bit_length() + 7) // 8, "big"))


def public(modulus: int, exponent: int = E) -> dict[str, Any]:
    return {"kty": "RSA", "kid": "weak", "n": number(modulus), "e": number(exponent)}


def private(p: int, q: int) -> dict[str, Any]:
    d = pow(E, -1, (p - 1) * (q - 1))
    parts = {"d": d, "p": p, "q": q, "dp": d % (p - 1), "dq": d % (q - 1), "qi": pow(q, -1, p)}
    return {**public(p * q), **{name: number(value) for name, value in parts.items()}}


def found(start: int, step: int) -> int:
    while not (is_prime(start) and gcd(start - 1, E) == 1):
        start += step
    return start


@pytest.fixture(scope="module")
def roca() -> tuple[int, int]:
    """Two primes as Infineon's library made them: k * M + (65537^a mod M), with M a product of the first primes."""
    chance, product = random.Random(15361), prod(PRIMES) * 2
    primes = []
    for _ in range(2):
        power = pow(E, chance.randrange(product), product)
        start = (3 << 1022) // product + chance.getrandbits(700)
        primes.append(found(start * product + power, product))
    return primes[0], primes[1]


@pytest.fixture(scope="module")
def good() -> tuple[int, int]:
    numbers = rsa.generate_private_key(E, 2048).private_numbers()
    return numbers.p, numbers.q


def refused(jwk: dict[str, Any], match: str) -> None:
    with pytest.raises(PolicyError, match=match):
        KeySet.from_jwks(jwk)
    # Beside a key that can be used it is skipped, and named.
    beside = KeySet.from_jwks({"keys": [jwk, *generate_signing_key("good").public_jwks()["keys"]]})
    assert [key.kid for key in beside] == ["good"]
    assert len(beside.notices) == 1


def test_keys_of_a_flawed_library(roca: tuple[int, int]) -> None:
    assert (roca[0] * roca[1]).bit_length() >= 2048
    refused(public(roca[0] * roca[1]), "ROCA")
    with pytest.raises(PolicyError, match="ROCA"):
        SigningKey.load(private(*roca))
    with pytest.raises(PolicyError, match="ROCA"):
        Sealer(private(*roca), "docs")


def test_keys_whose_primes_are_close() -> None:
    p = found((3 << 1022) + CHANCE.getrandbits(1000) * 2 + 1, 2)
    q = found(p + 2, 2)
    refused(public(p * q), "so close")
    with pytest.raises(PolicyError, match="so close"):
        SigningKey.load(private(p, q))


@pytest.mark.parametrize("exponent", [3, 17, 257, 65_535, 65_538, 2**256 + 1])
def test_exponents_that_are_small_or_odd_in_another_way(exponent: int, good: tuple[int, int]) -> None:
    refused(public(good[0] * good[1], exponent), "exponent|cannot be used")


@pytest.mark.parametrize("bits", [1024, 2047])
def test_short_keys(bits: int) -> None:
    modulus = (1 << (bits - 1)) + 1 + 2 * CHANCE.getrandbits(bits - 3)
    refused(public(modulus), "bits is not accepted|cannot be used")


def test_a_key_as_it_should_be(good: tuple[int, int]) -> None:
    key = SigningKey.load(private(*good))
    assert key.public.get("weak") is not None
    (verifying,) = key.public
    assert verifying.verify("PS256", b"text", key.sign(b"text"))


def test_keys_of_others_are_never_taken_for_flawed() -> None:
    from headgate.provenance.weak import weakness_of

    chance = random.Random(1)
    for _ in range(200):
        modulus = chance.getrandbits(2048) | (1 << 2047) | 1
        assert weakness_of(modulus, E) is None
