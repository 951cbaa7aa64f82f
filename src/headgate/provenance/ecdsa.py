"""Signatures on P-256 in their two forms: two numbers side by side (JOSE), and DER (DSSE, key services)."""

from __future__ import annotations

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

__all__ = ["der_of_numbers", "numbers_of_der"]

_COORDINATE = 32  # bytes of a number on P-256


def der_of_numbers(signature: bytes) -> bytes:
    """Return a signature in DER (`Ecdsa-Sig-Value`)."""
    numbers = signature[:_COORDINATE], signature[_COORDINATE:]
    return encode_dss_signature(*(int.from_bytes(number, "big") for number in numbers))


def numbers_of_der(signature: bytes) -> bytes:
    """Return a signature as two numbers side by side; empty, which no key verifies, where its DER is not canonical."""
    try:
        numbers = decode_dss_signature(signature)
        if encode_dss_signature(*numbers) != signature:
            return b""
        return b"".join(number.to_bytes(_COORDINATE, "big") for number in numbers)
    except (ValueError, OverflowError):
        return b""
