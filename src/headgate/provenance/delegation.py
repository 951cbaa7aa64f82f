"""Delegations: a key of a source signs the keys of narrower namespaces, which then seal there, and only there.

A delegation is a compact JWS of the type `headgate-delegation+jwt`; its payload has `keys` (JWKs), `namespace` (URI
patterns), `iat` and `exp`. What a delegated key signs counts within all namespaces and dates on the way to it. It
seals; manifests, timestamps and revocations are signed by the source's own keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from headgate.encoding import canonical_json, loads_strict, shown
from headgate.errors import PolicyError, SealError
from headgate.policy.matching import UriPattern
from headgate.provenance.jws import parse_jws, sign_jws, verify_parsed
from headgate.provenance.keys import KeySet, VerificationKey
from headgate.provenance.signers import Signer
from headgate.provenance.values import EPOCH, SECONDS, in_seconds

__all__ = ["DELEGATION_TYPE", "MAX_DEPTH", "delegate", "with_delegations"]

DELEGATION_TYPE: Final = "headgate-delegation+jwt"
MAX_DEPTH: Final = 4
_MOST = 64


def delegate(key: Signer, to: KeySet, namespace: Sequence[str], *, issued: datetime, expires: datetime) -> str:
    """Return a delegation.

    Args:
        key: signs it.
        to: the public keys that may seal.
        namespace: the URI patterns within which, as under `match` in a policy.
        issued: from when on.
        expires: until before when.

    Raises:
        PolicyError: a pattern is none, or there is nothing to delegate.
        ValueError: it ends before it begins.
    """
    if issued >= expires:
        raise ValueError("a delegation has to end after it begins")
    jwks = [{**one.key.as_dict(private=False), "kid": one.kid, "alg": one.algorithms[0]} for one in to]
    payload = {
        "keys": jwks,
        "namespace": list(namespace),
        "iat": in_seconds(issued),
        "exp": in_seconds(expires),
    }
    token = sign_jws(canonical_json(payload), key, typ=DELEGATION_TYPE)
    with_delegations(key.public, [token])  # what it writes it can read
    return token


def with_delegations(keys: KeySet, tokens: Iterable[str]) -> KeySet:
    """Return a key set with the keys that its keys, and those that they delegate to in turn, have delegated to.

    Args:
        keys: the source's own.
        tokens: the delegations; one by a delegated key comes after the one that names this key.

    Raises:
        PolicyError: a delegation is signed by none of the keys so far, or cannot be read.
    """
    for token in tokens:
        try:
            parsed = parse_jws(token.strip(), typ=DELEGATION_TYPE)
            signer = verify_parsed(parsed, keys)
        except SealError as error:
            raise PolicyError(
                f"the delegation does not hold: {error.problem}.", "Sign it with a key of the source."
            ) from None
        keys = keys | KeySet(_delegated(parsed.payload, signer))
    return keys


def _delegated(payload: bytes, signer: VerificationKey) -> list[VerificationKey]:
    patterns, listed, begin, end = _read(payload)
    if len(signer.delegated_by) >= MAX_DEPTH:
        raise PolicyError(f"the delegation is deeper than {MAX_DEPTH}.", "Let a key further up sign it.")
    return [
        replace(
            key,
            valid_from=max(one for one in (begin, signer.valid_from, key.valid_from) if one is not None),
            valid_until=min(one for one in (end, signer.valid_until, key.valid_until) if one is not None),
            namespaces=(*signer.namespaces, patterns),
            delegated_by=(*signer.delegated_by, signer.thumbprint),
        )
        for key in listed
    ]


def _read(payload: bytes) -> tuple[tuple[str, ...], KeySet, datetime, datetime]:
    try:
        value = loads_strict(payload)
    except ValueError as error:
        raise PolicyError(f"the delegation cannot be read: {error}.", "Make it again.") from None
    given = value if isinstance(value, dict) else {}
    patterns, jwks = given.get("namespace"), given.get("keys")
    begin, end = given.get("iat"), given.get("exp")
    if not isinstance(patterns, list) or not 1 <= len(patterns) <= _MOST:
        raise PolicyError(f"a delegation has 1 to {_MOST} patterns.", "Say for which URIs the keys speak.")
    for pattern in patterns:
        try:
            UriPattern.parse(pattern)
        except (ValueError, TypeError, AttributeError) as error:
            raise PolicyError(
                f"{shown(pattern, 80)} is not a pattern: {error}", "Write https://host/folder/**."
            ) from None
    if not isinstance(jwks, list) or not 1 <= len(jwks) <= _MOST:
        raise PolicyError(f"a delegation has 1 to {_MOST} keys.", "Name the public key set.")
    if type(begin) is not int or type(end) is not int or not (begin in SECONDS and end in SECONDS and begin < end):
        raise PolicyError("a delegation has a beginning and an end.", "Make it again.")
    keys = KeySet.from_jwks({"keys": jwks})
    return tuple(patterns), keys, EPOCH + timedelta(seconds=begin), EPOCH + timedelta(seconds=end)
