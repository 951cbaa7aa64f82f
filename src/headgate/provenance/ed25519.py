"""Ed25519 (RFC 8032) by the faster of two libraries: libsodium where PyNaCl is installed, otherwise OpenSSL.

Both compute the same equation. libsodium also refuses keys and signatures of small order, so what it accepts OpenSSL
accepts as well, and honest keys are never of that kind.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from headgate.forks import importing

__all__ = ["verifier_of"]

_SIGNATURE_BYTES = 64


def verifier_of(key: Ed25519PublicKey) -> Callable[[bytes, bytes], bool]:
    """Return what tells whether a signature is a key's over some bytes: `verify(signature, signed)`."""
    opener = _libsodium()
    if opener is None:
        return lambda signature, signed: _is_signed(key, signature, signed)
    open_signed, bad_signature = opener
    raw = key.public_bytes_raw()

    def verify(signature: bytes, signed: bytes) -> bool:
        if len(signature) != _SIGNATURE_BYTES:
            return False
        try:
            open_signed(signature + signed, raw)
        except bad_signature:
            return False
        return True

    return verify


@lru_cache(maxsize=1)
def _libsodium() -> tuple[Callable[[bytes, bytes], bytes], Any] | None:
    try:
        with importing():
            from nacl.bindings import crypto_sign_open
            from nacl.exceptions import BadSignatureError
    except ImportError:
        return None
    return crypto_sign_open, BadSignatureError


def _is_signed(key: Ed25519PublicKey, signature: bytes, signed: bytes) -> bool:
    try:
        key.verify(signature, signed)
    except InvalidSignature:
        return False
    return True
