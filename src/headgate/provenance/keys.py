"""Keys: public key sets that verify, and private keys that sign. JWK, JWKS (RFC 7517) and PEM."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import ECKey, JWKRegistry, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from headgate.encoding import canonical_json, digest_label, loads_strict
from headgate.errors import PolicyError
from headgate.files import read_config_bytes
from headgate.limits import DEFAULT_LIMITS

__all__ = ["ACCEPTED_ALGORITHMS", "KeySet", "SigningKey", "VerificationKey", "generate_signing_key"]

ACCEPTED_ALGORITHMS = ("Ed25519", "ES256", "RS256", "PS256")
"""JWS algorithm names (RFC 7518, RFC 9864). Never `none`, never a MAC."""

_FITTING = {("OKP", "Ed25519"): ("Ed25519",), ("EC", "P-256"): ("ES256",), ("RSA", None): ("PS256", "RS256")}
_RSA_BITS = range(2_048, 8_193)

AsymmetricKey = OKPKey | ECKey | RSAKey


@dataclass(frozen=True)
class VerificationKey:
    """A public key and what it may be used for.

    Attributes:
        kid: its name within the set.
        algorithms: the JWS algorithms it verifies.
        thumbprint: the JWK thumbprint (RFC 7638).
        key: the key itself, with its public half only.
    """

    kid: str
    algorithms: tuple[str, ...]
    thumbprint: str
    key: AsymmetricKey

    def verify(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        """Return whether `signature` is this key's signature over `signed`; False for a foreign algorithm."""
        if algorithm not in self.algorithms:
            return False
        return bool(_algorithm(algorithm).verify(signed, signature, self.key))

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return (_rebuild, (self.kid, self.algorithms, self.key.as_dict(private=False)))


class KeySet:
    """Public keys by name: the only keys that a verification considers.

    Args:
        keys: keys with distinct names.

    Raises:
        PolicyError: two keys have the same name.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[VerificationKey] = ()) -> None:
        self._keys: dict[str, VerificationKey] = {}
        for key in keys:
            known = self._keys.setdefault(key.kid, key)
            if known.thumbprint != key.thumbprint:
                raise PolicyError(f"two keys have the kid {key.kid!r}.", "Give each key its own kid.")

    @classmethod
    def load(cls, path: str | Path) -> KeySet:
        """Return the public keys in a file: a JWK, a JWKS, or one or more PEM blocks.

        Raises:
            PolicyError: the file is missing, holds a private or symmetric key, or no key that can be used.
        """
        file = Path(path)
        data = read_config_bytes(file, DEFAULT_LIMITS.policy_bytes)
        try:
            if b"-----BEGIN" in data:
                return cls(_from_pem(data))
            return cls.from_jwks(_loads_mapping(data))
        except PolicyError as error:
            raise error.at(str(file)) from None

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, object]) -> KeySet:
        """Return the public keys of a JWKS (`{"keys": [...]}`) or of a single JWK.

        Raises:
            PolicyError: it holds a private or symmetric key, or one that cannot be used.
        """
        entries = jwks.get("keys", [jwks]) if isinstance(jwks, Mapping) else None
        if not isinstance(entries, (list, tuple)) or not entries:
            raise PolicyError("no keys are listed here.", 'Write {"keys": [...]} with at least one JWK.')
        keys = []
        for number, entry in enumerate(entries):
            try:
                keys.append(_from_jwk(entry))
            except PolicyError as error:
                raise error.under("keys", number) from None
        return cls(keys)

    def get(self, kid: str) -> VerificationKey | None:
        """Return the key of that name, or None."""
        return self._keys.get(kid)

    def __iter__(self) -> Iterator[VerificationKey]:
        return iter(self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)

    def __or__(self, other: KeySet) -> KeySet:
        return KeySet((*self, *other))

    @property
    def digest(self) -> str:
        """A digest over the names and thumbprints, for policy revisions."""
        return digest_label(canonical_json(sorted([key.kid, key.thumbprint] for key in self)))

    def __repr__(self) -> str:
        return f"KeySet({', '.join(repr(kid) for kid in self._keys)})"


@dataclass(frozen=True)
class SigningKey:
    """A private key and the algorithm it signs with."""

    kid: str
    algorithm: str
    key: AsymmetricKey

    @classmethod
    def load(cls, source: object, kid: str | None = None) -> SigningKey:
        """Return a private key from a path to a JWK or PEM file, a JWK mapping, or a key object.

        Args:
            source: a path, a mapping, a joserfc key, a key of `cryptography`, or a SigningKey.
            kid: its name; by default the JWK's own, else its thumbprint.

        Raises:
            PolicyError: it is no private key of an accepted kind.
        """
        if isinstance(source, SigningKey):
            return source if kid is None else SigningKey(kid, source.algorithm, source.key)
        if isinstance(source, (str, Path)):
            file = Path(source)
            try:
                return cls._from_bytes(read_config_bytes(file, DEFAULT_LIMITS.policy_bytes), kid)
            except PolicyError as error:
                raise error.at(str(file)) from None
        return cls._from_object(source, kid)

    @classmethod
    def _from_bytes(cls, data: bytes, kid: str | None) -> SigningKey:
        if b"-----BEGIN" in data:
            return cls._from_object(_import(data), kid)
        return cls._from_object(_loads_mapping(data), kid)

    @classmethod
    def _from_object(cls, source: object, kid: str | None) -> SigningKey:
        if isinstance(source, (OKPKey, ECKey, RSAKey)):
            key: AsymmetricKey = source
        elif isinstance(source, Mapping):
            key = _import(dict(source))
        elif hasattr(source, "private_bytes"):
            key = _import(_to_pem(source))
        else:
            raise PolicyError(f"{type(source).__name__} is no private key.", "Give a path to a JWK or PEM file.")
        if not key.is_private:
            raise PolicyError("this key is public; only a private key signs.", "Use the .private.jwk.json file.")
        algorithms = _algorithms_of(key)
        return cls(kid or str(key.get("kid") or key.thumbprint()), algorithms[0], key)

    @property
    def public(self) -> KeySet:
        """The key set that verifies this key's signatures."""
        return KeySet.from_jwks(self.public_jwks())

    def public_jwks(self) -> dict[str, Any]:
        """Return the public half as a JWKS."""
        return {"keys": [{**self._bare(private=False), "kid": self.kid, "alg": self.algorithm, "use": "sig"}]}

    def private_jwk(self) -> dict[str, Any]:
        """Return the private key as a JWK; keep it secret."""
        return {**self._bare(private=True), "kid": self.kid, "alg": self.algorithm, "use": "sig"}

    def sign(self, data: bytes) -> bytes:
        """Return the signature over `data`."""
        return bytes(_algorithm(self.algorithm).sign(data, self.key))

    def save(self, prefix: str | Path) -> tuple[Path, Path]:
        """Write `PREFIX.private.jwk.json` (mode 0600) and `PREFIX.jwks.json`, and return both paths.

        Raises:
            PolicyError: one of the files exists already; keys are never overwritten.
        """
        prefix = Path(prefix)
        private, public = (Path(f"{prefix}{ending}") for ending in (".private.jwk.json", ".jwks.json"))
        for path in (private, public):
            if path.exists():
                raise PolicyError(
                    "the file exists already.",
                    "Choose another name; keys are never overwritten.",
                    file=str(path),
                )
        prefix.parent.mkdir(parents=True, exist_ok=True)
        # Created with its final permissions, so that the key is never readable by others, not even briefly.
        descriptor = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(self.private_jwk(), file, indent=2)
        public.write_text(json.dumps(self.public_jwks(), indent=2) + "\n", encoding="utf-8")
        return private, public

    def _bare(self, *, private: bool) -> dict[str, Any]:
        jwk = self.key.as_dict(private=private)
        return {name: value for name, value in jwk.items() if name not in ("kid", "alg", "use", "key_ops")}


def generate_signing_key(kid: str | None = None, algorithm: str = "Ed25519") -> SigningKey:
    """Return a new private key.

    Args:
        kid: its name; by default its thumbprint (RFC 7638).
        algorithm: one of `ACCEPTED_ALGORITHMS`.

    Raises:
        ValueError: another algorithm.
    """
    if algorithm == "Ed25519":
        key: AsymmetricKey = OKPKey.generate_key("Ed25519", private=True)
    elif algorithm == "ES256":
        key = ECKey.generate_key("P-256", private=True)
    elif algorithm in ("RS256", "PS256"):
        key = RSAKey.generate_key(3_072, private=True)
    else:
        raise ValueError(f"{algorithm!r} is not accepted; use one of {', '.join(ACCEPTED_ALGORITHMS)}")
    return SigningKey(kid or key.thumbprint(), algorithm, key)


def _algorithm(name: str) -> Any:
    return JWSRegistry.algorithms[name]


def _loads_mapping(data: bytes) -> dict[str, object]:
    try:
        value = loads_strict(data)
    except ValueError as error:
        raise PolicyError(f"this is neither PEM nor JSON ({error}).", "Give a JWK, a JWKS or a PEM file.") from None
    if not isinstance(value, dict):
        raise PolicyError("a key file holds a JSON object.", "Give a JWK, a JWKS or a PEM file.")
    return value


def _import(data: dict[str, Any] | bytes) -> AsymmetricKey:
    try:
        with warnings.catch_warnings():
            # joserfc warns of short RSA keys; they are refused here.
            warnings.simplefilter("ignore", SecurityWarning)
            key = JWKRegistry.import_key(data) if isinstance(data, dict) else _import_pem(data)
    except PolicyError:
        raise
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise PolicyError(
            f"this is no usable key ({type(error).__name__}).", "Make one with `headgate keygen`."
        ) from None
    if not isinstance(key, (OKPKey, ECKey, RSAKey)):
        raise PolicyError("symmetric keys are not accepted.", "Whoever could verify could also sign. Use Ed25519.")
    return key


def _import_pem(data: bytes) -> Any:
    for kind in ("OKP", "EC", "RSA"):
        try:
            return JWKRegistry.import_key(data, key_type=kind)
        except (JoseError, ValueError, TypeError, AttributeError):
            continue
    raise PolicyError("this PEM block holds no Ed25519, P-256 or RSA key.", "Make one with `headgate keygen`.")


def _from_jwk(entry: object) -> VerificationKey:
    if not isinstance(entry, Mapping):
        raise PolicyError("a key is a JSON object.", "Give a JWK.")
    if entry.get("kty") == "oct":
        raise PolicyError("symmetric keys are not accepted.", "Whoever could verify could also sign. Use Ed25519.")
    if "d" in entry:
        raise PolicyError(
            "this is a private key.",
            "Name the .jwks.json file with the public key, and keep this one secret.",
        )
    return _verification_key(_import(dict(entry)))


def _from_pem(data: bytes) -> list[VerificationKey]:
    if b"PRIVATE" in data:
        raise PolicyError("this is a private key.", "Name the file with the public key, and keep this one secret.")
    blocks = [b"-----BEGIN" + part for part in data.split(b"-----BEGIN")[1:]]
    return [_verification_key(_import(block)) for block in blocks]


def _verification_key(key: AsymmetricKey) -> VerificationKey:
    use, operations, kid = key.get("use"), key.get("key_ops"), key.get("kid")
    if use not in (None, "sig"):
        raise PolicyError(f"the key's use is {use!r}.", "A key that verifies has the use 'sig'.")
    if operations is not None and "verify" not in cast("list[str]", operations):
        raise PolicyError(f"the key's key_ops are {operations!r}.", "A key that verifies has the operation 'verify'.")
    if kid is not None and (not isinstance(kid, str) or not kid):
        raise PolicyError(f"the kid {kid!r} is no text.", "Name the key with a text.")
    thumbprint = key.thumbprint()
    return VerificationKey(kid or thumbprint, _algorithms_of(key), thumbprint, key)


def _algorithms_of(key: AsymmetricKey) -> tuple[str, ...]:
    """Return the algorithms a key may be used with: the one it declares, else those its type allows."""
    kind = key.key_type
    curve = None if kind == "RSA" else str(getattr(key, "curve_name", ""))
    fitting = _FITTING.get((kind, curve))
    if fitting is None:
        raise PolicyError(f"keys of type {kind} {curve} are not accepted.", "Use Ed25519, P-256 or RSA.")
    if isinstance(key, RSAKey) and key.public_key.key_size not in _RSA_BITS:
        raise PolicyError(f"an RSA key of {key.public_key.key_size} bits is not accepted.", "Use 2048 to 8192 bits.")
    declared = key.get("alg")
    # RFC 9864 replaced EdDSA by Ed25519; key files written before it still say EdDSA.
    if declared == "EdDSA":
        declared = "Ed25519"
    if declared is None:
        return fitting
    if declared not in fitting:
        raise PolicyError(f"the key's alg is {declared!r}.", f"A key of this type signs with {' or '.join(fitting)}.")
    return (str(declared),)


def _to_pem(key: Any) -> bytes:
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    try:
        return cast("bytes", key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    except (TypeError, ValueError) as error:
        raise PolicyError(f"{type(key).__name__} is no private key that can be used.", "Use Ed25519.") from error


def _rebuild(kid: str, algorithms: tuple[str, ...], jwk: dict[str, Any]) -> VerificationKey:
    key = _import(jwk)
    return VerificationKey(kid, algorithms, key.thumbprint(), key)
