"""DSSE envelopes: signatures over a payload and its type, as in-toto and other tools write and verify them.

Strict where the format leaves a choice: standard base64 in its one canonical form, a few signatures, DER with one
reading. docs/manifest-format.md has the format.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final

from headgate.encoding import canonical_json, loads_strict, shown
from headgate.errors import ManifestError
from headgate.provenance.ecdsa import der_of_numbers, numbers_of_der
from headgate.provenance.keys import KeySet, VerificationKey
from headgate.provenance.signers import Signer

__all__ = [
    "MAX_SIGNATURES",
    "PAYLOAD_TYPE",
    "add_signature",
    "open_envelope",
    "open_envelope_signers",
    "peek_envelope",
    "pre_authentication",
    "sign_envelope",
]

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
MAX_SIGNATURES: Final = 8
# What DSSE wants of eight signatures has fifty; the rest is for what others write beside.
_MOST_PARTS: Final = 1_000


def pre_authentication(payload: bytes, payload_type: str = PAYLOAD_TYPE) -> bytes:
    """Return the bytes that are signed (DSSE's PAE): no payload of one type passes for another."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def sign_envelope(payload: bytes, keys: Sequence[Signer]) -> bytes:
    """Return an envelope around an in-toto statement, signed by each key.

    Args:
        payload: the statement as JSON.
        keys: one to eight keys of different names.
    """
    signed = pre_authentication(payload)
    signatures = [{"keyid": key.kid, "sig": _to_base64(_to_dsse(key.algorithm, key.sign(signed)))} for key in keys]
    return canonical_json({"payloadType": PAYLOAD_TYPE, "payload": _to_base64(payload), "signatures": signatures})


def add_signature(data: bytes, key: Signer) -> bytes:
    """Return an envelope with one signature more; one by a key of that name is replaced.

    Raises:
        ManifestError: it is not such an envelope, or has as many signatures as it may have (P106).
    """
    payload, signatures = _read(data)
    made = _to_base64(_to_dsse(key.algorithm, key.sign(pre_authentication(payload))))
    held = {kid: _to_base64(signature) for kid, signature in signatures} | {key.kid: made}
    if len(held) > MAX_SIGNATURES:
        raise ManifestError("P106", f"an envelope has 1 to {MAX_SIGNATURES} signatures")
    listed = [{"keyid": kid, "sig": signature} for kid, signature in held.items()]
    return canonical_json({"payloadType": PAYLOAD_TYPE, "payload": _to_base64(payload), "signatures": listed})


def open_envelope(data: bytes, keys: KeySet) -> tuple[bytes, VerificationKey]:
    """Return the payload of an envelope, and a key of the set that signed it. Errors as `open_envelope_signers`."""
    payload, signers = open_envelope_signers(data, keys)
    return payload, signers[0]


def open_envelope_signers(data: bytes, keys: KeySet) -> tuple[bytes, tuple[VerificationKey, ...]]:
    """Return the payload of an envelope, and the keys of the set that signed it, at least one.

    Args:
        data: the envelope as JSON; the caller bounds its length.
        keys: the only keys that count. A signature under a name that is not among them is passed over.

    Raises:
        ManifestError: it is not such an envelope (P106), no key of the set signed it (P103), or a signature by one of
            them does not verify (P102).
    """
    payload, signatures = _read(data)
    signed = pre_authentication(payload)
    signers: list[VerificationKey] = []
    for kid, signature in signatures:
        key = keys.get(kid)
        if key is None:
            continue
        # A key that declares no algorithm verifies with the one that its kind signs with.
        algorithm = key.algorithms[0]
        if not key.verify(algorithm, signed, _from_dsse(algorithm, signature)):
            raise ManifestError("P102", f"the signature by the key {shown(kid)} does not verify")
        signers.append(key)
    if not signers:
        names = ", ".join(shown(kid) for kid, _ in signatures)
        raise ManifestError("P103", f"it is signed by {names}, and none of these keys may sign it")
    return payload, tuple(signers)


def peek_envelope(data: bytes) -> tuple[bytes, tuple[str, ...]]:
    """Return the payload of an envelope and the names of the keys that it says signed it; nothing is verified.

    Raises:
        ManifestError: it is not such an envelope (P106).
    """
    payload, signatures = _read(data)
    return payload, tuple(kid for kid, _ in signatures)


def _read(data: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    try:
        envelope = loads_strict(data, most_parts=_MOST_PARTS)
    except ValueError as error:
        raise ManifestError("P106", f"the envelope cannot be read: {error}") from None
    if not isinstance(envelope, dict):
        raise ManifestError("P106", "the envelope is not a JSON object")
    if envelope.get("payloadType") != PAYLOAD_TYPE:
        raise ManifestError("P106", f"the payload type is {shown(envelope.get('payloadType'), 60)}")
    given = envelope.get("signatures")
    if not isinstance(given, list) or not 1 <= len(given) <= MAX_SIGNATURES:
        raise ManifestError("P106", f"an envelope has 1 to {MAX_SIGNATURES} signatures")
    signatures: dict[str, bytes] = {}
    for entry in given:
        kid = entry.get("keyid") if isinstance(entry, dict) else None
        if not isinstance(kid, str) or not kid or kid in signatures:
            raise ManifestError("P106", "a signature names no key, or two name the same")
        signatures[kid] = _from_base64(entry.get("sig"))
    return _from_base64(envelope.get("payload")), list(signatures.items())


def _to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


def _from_base64(text: object) -> bytes:
    try:
        if isinstance(text, str):
            data = base64.b64decode(text, validate=True)
            # Spare bits that are not zero would be a second text for the same bytes.
            if _to_base64(data) == text:
                return data
    except (ValueError, binascii.Error):
        pass
    raise ManifestError("P106", "a part of the envelope is not canonical base64")


def _to_dsse(algorithm: str, signature: bytes) -> bytes:
    """Return a signature as DSSE users expect it: JOSE writes ECDSA as two numbers side by side, the others DER."""
    return der_of_numbers(signature) if algorithm == "ES256" else signature


def _from_dsse(algorithm: str, signature: bytes) -> bytes:
    return numbers_of_der(signature) if algorithm == "ES256" else signature
