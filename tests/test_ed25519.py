"""Ed25519 by whichever library is there: both say the same of what an honest key signed, and of all that is near it."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from hypothesis import given
from hypothesis import strategies as st

from headgate.provenance import ed25519

ORDER = 2**252 + 27742317777372353535851937790883648493
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key()


@pytest.fixture(params=["libsodium", "OpenSSL"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    ed25519._libsodium.cache_clear()
    if request.param == "libsodium":
        pytest.importorskip("nacl")
    else:
        monkeypatch.setitem(sys.modules, "nacl.bindings", None)
    assert (ed25519._libsodium() is not None) == (request.param == "libsodium")
    yield str(request.param)
    ed25519._libsodium.cache_clear()


def test_what_was_signed_is_accepted_and_nothing_else(library: str) -> None:
    verify = ed25519.verifier_of(PUBLIC)
    signature = PRIVATE.sign(b"text")
    assert verify(signature, b"text")
    assert not verify(signature, b"texT")
    assert not verify(signature, b"")
    for place in range(64):
        changed = bytearray(signature)
        changed[place] ^= 1
        assert not verify(bytes(changed), b"text")
    for length in (0, 1, 63, 65, 128):
        assert not verify((signature * 2)[:length], b"text")


def test_a_second_form_of_a_signature_is_none(library: str) -> None:
    signature = PRIVATE.sign(b"text")
    scalar = int.from_bytes(signature[32:], "little") + ORDER
    assert not ed25519.verifier_of(PUBLIC)(signature[:32] + scalar.to_bytes(32, "little"), b"text")


def test_what_libsodium_refuses_more_is_no_honest_key() -> None:
    pytest.importorskip("nacl")
    small = Ed25519PublicKey.from_public_bytes(bytes([1]) + bytes(31))
    assert not ed25519.verifier_of(small)(bytes([1]) + bytes(63), b"any text at all")


@given(st.binary(max_size=200), st.binary(min_size=60, max_size=70))
def test_both_say_the_same(signed: bytes, other: bytes) -> None:
    pytest.importorskip("nacl")
    signature = PRIVATE.sign(signed)
    fast = ed25519.verifier_of(PUBLIC)
    assert fast(signature, signed)
    assert fast(other, signed) == ed25519._is_signed(PUBLIC, other, signed)
