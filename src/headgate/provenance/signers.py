"""What signs: a private key in a file, or one that never leaves its custody, named by a URI."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from headgate.provenance.custody import CustodyKey, is_key_uri, is_securesystemslib
from headgate.provenance.keys import KeySet, SigningKey

__all__ = ["Signer", "load_signer"]


@runtime_checkable
class Signer(Protocol):
    """What seals, manifests, revocations and receipts are signed with."""

    @property
    def kid(self) -> str:
        """The key's name."""

    @property
    def algorithm(self) -> str:
        """The JWS algorithm it signs with, one of `ACCEPTED_ALGORITHMS`."""

    @property
    def public(self) -> KeySet:
        """The key set that verifies its signatures."""

    def public_jwks(self) -> dict[str, Any]:
        """Return the public half as a JWKS, for policies."""

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`, in the form that JWS has (RFC 7518, section 3)."""


def load_signer(source: object, kid: str | None = None) -> Signer:
    """Return what signs.

    Args:
        source: a `Signer`; the path of a private JWK or PEM file, a JWK mapping, or a key object; the URI of a key in
            custody, such as `hsm:2?label=docs` or `awskms:alias/docs`; or a signer of securesystemslib.
        kid: the key's name; by default the JWK's own, otherwise its thumbprint.

    Raises:
        PolicyError: it is none of these, cannot be reached, or is not of an accepted kind.
    """
    if isinstance(source, SigningKey):
        return SigningKey.load(source, kid)
    if isinstance(source, str) and is_key_uri(source):
        return CustodyKey.open(source, kid)
    if isinstance(source, CustodyKey):
        return source if kid is None else source.named(kid)
    if is_securesystemslib(source):
        return CustodyKey.of(source, kid)
    if isinstance(source, Signer) and kid is None:
        return source
    return SigningKey.load(source, kid)
