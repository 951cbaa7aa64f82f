"""Keys under custody: in a security module (PKCS#11) or a cloud's key service, which sign and never give the key away.

They are reached through securesystemslib, an extra of its own for each kind. A URI names the key, and holds no secret.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from getpass import getpass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from headgate.encoding import shown
from headgate.errors import PolicyError
from headgate.provenance.ecdsa import numbers_of_der
from headgate.provenance.keys import KeySet, VerificationKey

__all__ = ["PIN", "CustodyKey", "is_key_uri", "is_securesystemslib"]

PIN = "HEADGATE_HSM_PIN"
"""The environment variable with the PIN of a security module; `HEADGATE_HSM_PIN_FILE` names a file with it."""

# The schemes of securesystemslib, what they stand for, and the extra that each needs.
_KINDS = {
    "hsm": ("HSMSigner", "hsm"),
    "awskms": ("AWSSigner", "awskms"),
    "gcpkms": ("GCPSigner", "gcpkms"),
    "azurekms": ("AzureSigner", "azurekms"),
    "hv": ("VaultSigner", "vault"),
}
_ALGORITHMS = {
    "ed25519": "Ed25519",
    "ecdsa-sha2-nistp256": "ES256",
    "rsassa-pss-sha256": "PS256",
    "rsa-pkcs1v15-sha256": "RS256",
}
_EXAMPLES = (
    "hsm:2?label=docs, awskms:alias/docs, gcpkms:projects/..., azurekms://VAULT.vault.azure.net/keys/NAME, hv:docs"
)


def is_key_uri(text: str) -> bool:
    """Return whether a text is the URI of a key in custody, and not the path of a file."""
    return text.partition(":")[0] in _KINDS and ":" in text


def is_securesystemslib(source: object) -> bool:
    """Return whether an object is a signer of securesystemslib, which need not be loaded to find out."""
    return any(base.__module__.startswith("securesystemslib.signer") for base in type(source).__mro__)


class CustodyKey:
    """A key that signs where it is kept. Made by `open` or `of`.

    Each signature is verified before it is used: a module that answers with another key's does no harm.

    Attributes:
        uri: where the key is; None for one that was given as an object.
        algorithm: the JWS algorithm it signs with.
    """

    def __init__(self, signer: Any, kid: str | None, uri: str | None) -> None:
        self.uri = uri
        self._signer = signer
        self.algorithm = _algorithm_of(signer.public_key)
        self._key = _public_of(signer.public_key, self.algorithm, kid)
        self.kid = self._key.kid

    @classmethod
    def open(cls, uri: str, kid: str | None = None) -> CustodyKey:
        """Return the key that a URI names; its public half is asked for where it is kept.

        Args:
            uri: such as `hsm:2?label=docs`: key 2 of the token `docs`, whose PKCS#11 library `PYKCS11LIB` names.
            kid: its name; by default its thumbprint.

        Raises:
            PolicyError: it cannot be reached, a package is missing, or it is not of an accepted kind.
        """
        try:
            from securesystemslib.signer import SIGNER_FOR_URI_SCHEME  # type: ignore[attr-defined]
        except ImportError:
            raise _missing(uri) from None
        scheme = uri.partition(":")[0]
        try:
            kind: Any = SIGNER_FOR_URI_SCHEME[scheme]
            found, public = _IMPORTS[scheme](kind, uri)
            signer = kind.from_priv_key_uri(found, public, _secret)
        except PolicyError:
            raise
        except Exception as error:
            # Each kind has errors of its own, down to those of its network.
            if type(error).__name__ == "UnsupportedLibraryError":
                raise _missing(uri) from error
            raise PolicyError(
                f"the key {shown(uri, 120)} cannot be used: {_told(error)}", f"Name it as one of: {_EXAMPLES}."
            ) from error
        return cls(signer, kid, uri)

    @classmethod
    def of(cls, signer: Any, kid: str | None = None) -> CustodyKey:
        """Return a signer of securesystemslib as a key.

        Raises:
            PolicyError: it signs with an algorithm that is not accepted.
        """
        return cls(signer, kid, None)

    def named(self, kid: str) -> CustodyKey:
        """Return the same key under another name."""
        return CustodyKey(self._signer, kid, self.uri)

    @property
    def public(self) -> KeySet:
        """The key set that verifies its signatures."""
        return KeySet([self._key])

    def public_jwks(self) -> dict[str, Any]:
        """Return the public half as a JWKS."""
        jwk = self._key.key.as_dict(private=False)
        return {"keys": [{**jwk, "kid": self.kid, "alg": self.algorithm, "use": "sig"}]}

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`.

        Raises:
            PolicyError: the key cannot be reached, or what came back is not its signature.
        """
        try:
            signature = bytes.fromhex(self._signer.sign(data).signature)
        except Exception as error:
            raise PolicyError(
                f"the key {self.kid!r} does not sign: {_told(error)}", "Is it still where it was?"
            ) from error
        if self.algorithm == "ES256":
            signature = numbers_of_der(signature)
        if not self._key.verify(self.algorithm, data, signature):
            problem = f"what came back from the key {self.kid!r} is not its signature."
            raise PolicyError(problem, "Does the public key belong to it?")
        return signature

    def __repr__(self) -> str:
        return f"CustodyKey(kid={self.kid!r}, algorithm={self.algorithm!r}, uri={self.uri!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        if self.uri is None:
            raise PolicyError(
                "a signer that was given as an object cannot be sent to another process.", "Name its URI."
            )
        return CustodyKey.open, (self.uri, self.kid)


def _hsm(kind: Any, uri: str) -> Any:
    parts = urlsplit(uri)
    number = int(parts.path) if parts.path else None
    return kind.import_(number, dict(parse_qsl(parts.query)).get("label"), _secret)


def _azure(kind: Any, uri: str) -> Any:
    parts = urlsplit(uri)
    vault, name = parts.netloc.partition(".")[0], parts.path.split("/")
    if len(name) < 3 or name[1] != "keys":
        raise ValueError("write azurekms://VAULT.vault.azure.net/keys/NAME")
    found, public = kind.import_(vault, name[2])
    return (uri if len(name) > 3 and name[3] else found), public


def _vault(kind: Any, uri: str) -> Any:
    return kind.import_(uri.partition(":")[2].partition("/")[0])


def _by_name(kind: Any, uri: str) -> Any:
    return kind.import_(uri.partition(":")[2])


_IMPORTS: dict[str, Callable[[Any, str], Any]] = {
    "hsm": _hsm,
    "awskms": _by_name,
    "gcpkms": _by_name,
    "azurekms": _azure,
    "hv": _vault,
}


def _algorithm_of(public: Any) -> str:
    algorithm = _ALGORITHMS.get(public.scheme)
    if algorithm is None:
        accepted = ", ".join(_ALGORITHMS)
        raise PolicyError(
            f"a key with the scheme {shown(public.scheme, 60)} is not accepted.", f"Accepted: {accepted}."
        )
    return algorithm


def _public_of(public: Any, algorithm: str, kid: str | None) -> VerificationKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
    from joserfc.jwk import JWKRegistry

    value = public.keyval["public"]
    if algorithm == "Ed25519":
        raw = Ed25519PublicKey.from_public_bytes(bytes.fromhex(value))
        value = raw.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    kind = {"Ed25519": "OKP", "ES256": "EC"}.get(algorithm, "RSA")
    jwk = JWKRegistry.import_key(value, kind).as_dict(private=False)
    (key,) = KeySet.from_jwks({**{k: v for k, v in jwk.items() if k != "kid"}, "alg": algorithm})
    if kid is None:
        return key
    return VerificationKey(kid, key.algorithms, key.thumbprint, key.key)


def _secret(name: str) -> str:
    """Return the PIN of a security module.

    Raises:
        PolicyError: nobody has said it, and nobody can be asked.
    """
    value, file = os.environ.get(PIN), os.environ.get(f"{PIN}_FILE")
    if value is not None:
        return value
    if file is not None:
        try:
            return Path(file).read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise PolicyError(f"the file that {PIN}_FILE names cannot be read ({type(error).__name__}).", "") from None
    if sys.stdin is not None and sys.stdin.isatty():
        return getpass(f"{name.upper()} of the security module: ")
    raise PolicyError("the security module wants a PIN.", f"Set {PIN}, or name a file with it in {PIN}_FILE.")


def _missing(uri: str) -> PolicyError:
    extra = _KINDS[uri.partition(":")[0]][1]
    return PolicyError(f"the key {shown(uri, 120)} needs a package.", f"pip install 'headgate[{extra}]'")


def _told(error: BaseException) -> str:
    """Return what an error says, in one line and without a PIN."""
    told = " ".join(str(error).split())[:300] or type(error).__name__
    pin = os.environ.get(PIN)
    return told.replace(pin, "***") if pin else told
