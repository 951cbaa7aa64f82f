"""Key material: JWK and PEM as key objects, with what each key may be used for. No key here has a name yet."""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, cast

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_ssh_private_key,
)
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey

from headgate.clock import read_instant
from headgate.encoding import b64url_encode, canonical_json, digest_label, loads_strict, shown
from headgate.errors import PolicyError
from headgate.provenance.values import EPOCH, SECONDS
from headgate.provenance.weak import weakness_of

__all__ = [
    "AsymmetricKey",
    "PublicMaterial",
    "UnusableKeyError",
    "algorithms_of",
    "import_jwk",
    "import_private_pem",
    "loads_mapping",
    "public_from_jwk",
    "public_from_pem",
    "thumbprint_of",
    "to_pem",
    "to_text",
]

AsymmetricKey = OKPKey | ECKey | RSAKey

# The first algorithm is the one that a key of this kind signs with.
# Of RSA's two, PSS is what RFC 8017 (section 8) requires of new applications.
_FITTING = {("OKP", "Ed25519"): ("Ed25519",), ("EC", "P-256"): ("ES256",), ("RSA", None): ("PS256", "RS256")}
_BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]+)-----.*?-----END \1-----", re.DOTALL)
_UNREADABLE = (JoseError, ValueError, TypeError, KeyError, AttributeError, UnsupportedAlgorithm)


class UnusableKeyError(PolicyError):
    """A key that is not for verifying seals. Alone it is an error; in a set it is skipped (RFC 7517, section 5)."""


@dataclass(frozen=True, slots=True)
class PublicMaterial:
    """A public key and when it may be used.

    Attributes:
        key: the key object, with its public half only.
        valid_from: from when, if a certificate or the key's publisher says so.
        valid_until: until before when.
    """

    key: AsymmetricKey
    valid_from: datetime | None = None
    valid_until: datetime | None = None


def to_text(data: bytes) -> bytes:
    """Return the content of a key file without a byte order mark.

    Raises:
        PolicyError: the file is UTF-16, which a shell's redirection may have made of it.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise PolicyError("the file is UTF-16 text, by its byte order mark.", "Save it as UTF-8.")
    return data.removeprefix(b"\xef\xbb\xbf")


def loads_mapping(data: bytes) -> dict[str, object]:
    """Return the JSON object in a key file.

    Raises:
        PolicyError: it is something else.
    """
    try:
        value = loads_strict(data)
    except ValueError as error:
        raise PolicyError(f"this is neither PEM nor JSON ({error}).", "Give a JWK, a JWKS or a PEM file.") from None
    if not isinstance(value, dict):
        raise PolicyError("a key file holds a JSON object.", "Give a JWK, a JWKS or a PEM file.")
    return value


def import_jwk(entry: Mapping[str, object]) -> AsymmetricKey:
    """Return the key in a JWK.

    Raises:
        PolicyError: it is symmetric.
        UnusableKeyError: it is of a kind that is not known, or incomplete.
    """
    if entry.get("kty") == "oct":
        raise PolicyError("symmetric keys are not accepted.", "Whoever could verify could also sign. Use Ed25519.")
    try:
        return _import(dict(entry))
    except _UNREADABLE as error:
        kind = f"of type {shown(entry.get('kty'), 20)}"
        problem = f"a key {kind} cannot be used ({type(error).__name__})."
        raise UnusableKeyError(problem, "Make one with `headgate keygen`.") from None


def import_private_pem(data: bytes) -> AsymmetricKey:
    """Return the private key in a PEM file.

    Raises:
        PolicyError: it is encrypted, or is not an Ed25519, P-256 or RSA key.
    """
    try:
        if b"BEGIN OPENSSH" in data:
            data = to_pem(load_ssh_private_key(data, None))
        load_pem_private_key(data, None)
    except TypeError:
        # What `cryptography` raises where a password is needed and none is given.
        raise PolicyError(
            "this private key is encrypted.",
            "Decrypt it into a file that only you can read (`openssl pkey -in KEY -out PLAIN`), or pass a key object.",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        pass  # A public key, or one that the import below refuses by name.
    return _import_pem(data)


def public_from_jwk(entry: object) -> PublicMaterial:
    """Return the public key in a JWK.

    Raises:
        PolicyError: it is private or symmetric, or not a JWK at all.
        UnusableKeyError: it is not for verifying seals.
    """
    if not isinstance(entry, Mapping):
        raise PolicyError("a key is a JSON object.", "Give a JWK.")
    # Not stripped to its public half: a private key that has come this far should be noticed.
    if "d" in entry:
        raise PolicyError(
            "this is a private key.",
            "Name the .jwks.json file with the public key, and keep this one secret.",
        )
    if entry.get("revoked") is not None:
        raise UnusableKeyError("its publisher has revoked the key.", "Take it out of the set.")
    begin, end = _date(entry, "nbf", math.ceil), _date(entry, "exp", math.floor)
    return PublicMaterial(import_jwk(entry), begin, end)


def _date(entry: Mapping[str, object], name: str, whole: Callable[[float], int]) -> datetime | None:
    """Return when a key begins or ends to be in force, if its publisher says so: in seconds since 1970, or ISO 8601.

    Raises:
        UnusableKeyError: it says so, and it is not clear when.
    """
    value = entry.get(name)
    try:
        if value is None:
            return None
        if isinstance(value, str):
            return read_instant(value.strip().upper().replace("Z", "+00:00")).astimezone(timezone.utc)
        if isinstance(value, (int, float)) and not isinstance(value, bool) and whole(value) in SECONDS:
            return EPOCH + timedelta(seconds=whole(value))
    except (ValueError, OverflowError):
        pass
    problem = f"the key's {name} is {shown(value, 40)}, which is not a time."
    raise UnusableKeyError(problem, "Write seconds since 1970, or ISO 8601 with a zone.")


def public_from_pem(data: bytes) -> list[PublicMaterial]:
    """Return the public keys in a PEM file; of a certificate chain only the leaf's, within its dates.

    Raises:
        PolicyError: it holds a private key, several certificates that are not one chain, or nothing that can be used.
    """
    if b"PRIVATE" in data:
        raise PolicyError("this is a private key.", "Name the file with the public key, and keep this one secret.")
    blocks = [(match[1], match[0]) for match in _BLOCK.finditer(data)]
    if not blocks:
        raise PolicyError("this PEM file has no complete block.", "Make one with `headgate keygen`.")
    chain = [block for label, block in blocks if label == b"CERTIFICATE"]
    keys = [PublicMaterial(_import_pem(block)) for label, block in blocks if label != b"CERTIFICATE"]
    return [*keys, _leaf_of(chain)] if chain else keys


def algorithms_of(key: AsymmetricKey) -> tuple[str, ...]:
    """Return the algorithms a key may be used with: the one it declares, otherwise those its type allows.

    Raises:
        UnusableKeyError: no accepted algorithm fits.
    """
    kind = key.key_type
    curve = None if kind == "RSA" else str(getattr(key, "curve_name", ""))
    fitting = _FITTING.get((kind, curve))
    if fitting is None:
        raise UnusableKeyError(f"keys of type {kind} {curve} are not accepted.", "Use Ed25519, P-256 or RSA.")
    if isinstance(key, RSAKey):
        numbers = key.public_key.public_numbers()
        weakness = weakness_of(numbers.n, numbers.e)
        if weakness is not None:
            raise UnusableKeyError(*weakness)
    declared = key.get("alg")
    # RFC 9864 replaced EdDSA by Ed25519; key files written before it still say EdDSA.
    if declared == "EdDSA":
        declared = "Ed25519"
    if declared is None:
        return fitting
    if declared not in fitting:
        problem = f"the key's alg is {shown(declared, 20)}."
        raise UnusableKeyError(problem, f"A key of this type signs with {' or '.join(fitting)}.")
    return (str(declared),)


def thumbprint_of(key: AsymmetricKey) -> str:
    """Return the JWK thumbprint (RFC 7638) over the key's numbers in their one form (RFC 7518, section 6).

    Some libraries drop the leading zeros of a coordinate; the thumbprint over what they wrote would be another one, and
    one key would have two names.
    """
    members: dict[str, object] = {"kty": key.key_type}
    if isinstance(key, RSAKey):
        rsa = key.public_key.public_numbers()
        members |= {"n": _number(rsa.n), "e": _number(rsa.e)}
    elif isinstance(key, ECKey):
        size = (key.public_key.curve.key_size + 7) // 8
        ec = key.public_key.public_numbers()
        members |= {"crv": key.curve_name, "x": _number(ec.x, size), "y": _number(ec.y, size)}
    else:
        members |= {"crv": key.curve_name, "x": b64url_encode(key.public_key.public_bytes_raw())}
    return digest_label(canonical_json(members)).partition(":")[2]


def _number(value: int, size: int = 0) -> str:
    return b64url_encode(value.to_bytes(size or (value.bit_length() + 7) // 8, "big"))


def _leaf_of(chain: list[bytes]) -> PublicMaterial:
    """Return the key of the one certificate that issued none of the others; the rest of a chain only vouches for it."""
    try:
        certificates = [x509.load_pem_x509_certificate(block) for block in chain]
        issuers = {certificate.issuer for certificate in certificates if certificate.issuer != certificate.subject}
        leaves = [certificate for certificate in certificates if certificate.subject not in issuers]
        if len(leaves) != 1:
            problem = f"the {len(chain)} certificates here are not one chain with one leaf."
            raise PolicyError(problem, "Give a file per key.")
        # The chain is not verified: the policy trusts this very file, whoever issued what is in it.
        leaf = leaves[0]
        spki = leaf.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        # RFC 5280 counts the last second in, `valid_until` does not: the difference is on the cautious side.
        return PublicMaterial(_import_pem(spki), leaf.not_valid_before_utc, leaf.not_valid_after_utc)
    except (ValueError, x509.InvalidVersion, TypeError, UnsupportedAlgorithm) as error:
        problem = f"the certificate cannot be read ({type(error).__name__})."
        raise PolicyError(problem, "Give the public key alone.") from None


def _import(data: dict[str, Any] | bytes, kind: str | None = None) -> AsymmetricKey:
    with warnings.catch_warnings():
        # joserfc warns of short RSA keys; they are refused here.
        warnings.simplefilter("ignore", SecurityWarning)
        key = JWKRegistry.import_key(data, key_type=kind) if kind else JWKRegistry.import_key(data)
    if not isinstance(key, (OKPKey, ECKey, RSAKey)):
        raise TypeError(type(key).__name__)
    return key


def _import_pem(data: bytes) -> AsymmetricKey:
    # The labels of PKCS#8 and SPKI blocks do not say of which type the key is.
    for kind in ("OKP", "EC", "RSA"):
        try:
            return _import(data, kind)
        except _UNREADABLE:
            continue
    raise PolicyError("this PEM block holds no Ed25519, P-256 or RSA key.", "Make one with `headgate keygen`.")


def to_pem(key: Any) -> bytes:
    """Return a private key object of `cryptography` as PEM.

    Raises:
        PolicyError: it is not a private key that can be written.
    """
    try:
        return cast("bytes", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    except (TypeError, ValueError) as error:
        raise PolicyError(f"{type(key).__name__} is not a private key that can be used.", "Use Ed25519.") from error
