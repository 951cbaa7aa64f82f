"""Strict compact JWS: bytes in, payload or SealError out.

The rules, in the order in which they are checked:

1. The token is ASCII text within the size bound: three parts of canonical base64url without padding (RFC 7515,
   sections 2 and 7.1), so that one signature has one token.
2. The header is a JSON object without duplicate names (RFC 7515, section 4), of at most 8,192 characters.
3. `alg` is an accepted asymmetric algorithm; `none` and MACs do not exist here (RFC 8725, section 3.1).
4. `typ` is the expected one, if one is expected (RFC 8725, section 3.11).
5. There is no `crit`: no extension is understood (RFC 7515, section 4.1.11).
6. No key comes from inside the token: `jwk`, `jku`, `x5u` and `x5c` are refused, not ignored.
7. `kid` names a key of the given set; a token without one is accepted only where the set has a single key.
8. The key's type, and the algorithm it declares, fit `alg` (RFC 8725, section 3.1).
9. The signature verifies over the very characters that were received.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from headgate.encoding import b64url_decode, b64url_encode, canonical_json, loads_strict, shown
from headgate.errors import SealError
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.provenance.keys import ACCEPTED_ALGORITHMS, KeySet, VerificationKey
from headgate.provenance.signers import Signer

__all__ = ["ParsedJws", "parse_jws", "sign_jws", "verify_jws", "verify_parsed"]

# Whatever the length of the whole: headers are read before anything is verified, and remembered.
_HEADER_CHARS = 8_192
_KEYS_INSIDE = ("jwk", "jku", "x5u", "x5c")


@dataclass(frozen=True, slots=True)
class ParsedJws:
    """A token that has the right form; nothing is proved yet."""

    algorithm: str
    kid: str | None
    payload: bytes
    signed: bytes
    signature: bytes


def verify_jws(token: str, keys: KeySet, *, typ: str | None = None, limits: Limits = DEFAULT_LIMITS) -> bytes:
    """Return the payload of a compact JWS after checking its signature.

    Args:
        token: three base64url parts without padding (RFC 7515, section 7.1).
        keys: the only keys considered; a key inside the token is never read.
        typ: the header's `typ`, where one is required.
        limits: `seal_bytes` bounds the token, in characters.

    Raises:
        SealError: malformed token or algorithm not accepted (P106), unknown key (P103), bad signature (P102).
    """
    parsed = parse_jws(token, typ=typ, limits=limits)
    verify_parsed(parsed, keys)
    return parsed.payload


def parse_jws(token: object, *, typ: str | None = None, limits: Limits = DEFAULT_LIMITS) -> ParsedJws:
    """Return the parts of a token after rules 1 to 6.

    Raises:
        SealError: with code P106.
    """
    if not isinstance(token, str):
        raise SealError("P106", f"the token must be a string, not {type(token).__name__}")
    if len(token) > limits.seal_bytes:
        raise SealError("P106", f"the token has {len(token):,} characters; the limit is {limits.seal_bytes:,}")
    parts = token.split(".")
    if len(parts) != 3 or not token.isascii():
        raise SealError("P106", "the token is not a compact JWS of three parts")
    if len(parts[0]) > _HEADER_CHARS:
        raise SealError("P106", f"the header has more than {_HEADER_CHARS:,} characters")
    algorithm, kid = _read_header(parts[0], typ)
    try:
        payload, signature = b64url_decode(parts[1]), b64url_decode(parts[2])
    except ValueError as error:
        raise SealError("P106", f"the token cannot be decoded: {error}") from None
    return ParsedJws(algorithm, kid, payload, token.rpartition(".")[0].encode("ascii"), signature)


def verify_parsed(parsed: ParsedJws, keys: KeySet) -> VerificationKey:
    """Check rules 7 to 9 and return the key that signed.

    Raises:
        SealError: with code P103 or P102.
    """
    # Never tried one after the other: which key counts must not depend on which one happens to fit.
    key = keys.get(parsed.kid) if parsed.kid is not None else next(iter(keys)) if len(keys) == 1 else None
    if key is None:
        named = f"the key {shown(parsed.kid)}" if parsed.kid is not None else "no key"
        raise SealError("P103", f"the token names {named}, which is not in the key set")
    if parsed.algorithm not in key.algorithms:
        raise SealError("P102", f"the key {shown(key.kid)} does not sign with {parsed.algorithm}")
    if not key.verify(parsed.algorithm, parsed.signed, parsed.signature):
        raise SealError("P102", f"the signature does not verify with the key {shown(key.kid)}")
    return key


def sign_jws(payload: bytes, key: Signer, *, typ: str | None = None) -> str:
    """Return a compact JWS over `payload`."""
    signed = f"{_header_of(key.algorithm, key.kid, typ)}.{b64url_encode(payload)}"
    return f"{signed}.{b64url_encode(key.sign(signed.encode('ascii')))}"


@lru_cache(maxsize=256)  # all seals of a key have one header
def _header_of(algorithm: str, kid: str, typ: str | None) -> str:
    header = {"alg": algorithm, "kid": kid}
    if typ is not None:
        header["typ"] = typ
    return b64url_encode(canonical_json(header))


@lru_cache(maxsize=256)  # all seals of a key have one header
def _read_header(part: str, typ: str | None) -> tuple[str, str | None]:
    """Return algorithm and kid after rules 2 to 6."""
    try:
        header = loads_strict(b64url_decode(part))
    except ValueError as error:
        raise SealError("P106", f"the token cannot be decoded: {error}") from None
    if not isinstance(header, dict):
        raise SealError("P106", "the header is not a JSON object")
    return _check_header(header, typ)


def _check_header(header: Mapping[str, object], typ: str | None) -> tuple[str, str | None]:
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm == "EdDSA":
        # The name of RFC 8037, which many libraries still write; RFC 9864 calls it Ed25519.
        algorithm = "Ed25519"
    if not isinstance(algorithm, str) or algorithm not in ACCEPTED_ALGORITHMS:
        raise SealError("P106", f"the algorithm {shown(algorithm, 40)} is not accepted")
    if typ is not None and header.get("typ") != typ:
        raise SealError("P106", f"the type is {shown(header.get('typ'), 40)}, not {typ!r}")
    if "crit" in header:
        raise SealError("P106", "the token demands an extension (crit) that is not understood")
    # RFC 7797 demands `crit` beside it; a token that leaves it out must not be read as if it were encoded.
    if "b64" in header:
        raise SealError("P106", "unencoded payloads (b64) are not understood")
    if any(name in header for name in _KEYS_INSIDE):
        raise SealError("P106", "the token carries a key or an address of one")
    if kid is not None and (not isinstance(kid, str) or not kid):
        raise SealError("P106", "the kid is not a text")
    return algorithm, kid
