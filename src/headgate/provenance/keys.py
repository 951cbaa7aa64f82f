"""Keys: public key sets that verify, and private keys that sign. JWK, JWKS (RFC 7517) and PEM."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry

from headgate.caching import cached_property
from headgate.encoding import canonical_json, digest_label, shown
from headgate.errors import HeadgateError, PolicyError
from headgate.files import create, read_config_bytes
from headgate.limits import DEFAULT_LIMITS
from headgate.policy.matching import UriPattern
from headgate.provenance.ed25519 import verifier_of
from headgate.provenance.material import (
    AsymmetricKey,
    PublicMaterial,
    UnusableKeyError,
    algorithms_of,
    import_jwk,
    import_private_pem,
    loads_mapping,
    public_from_jwk,
    public_from_pem,
    thumbprint_of,
    to_pem,
    to_text,
)
from headgate.provenance.values import in_seconds

__all__ = ["ACCEPTED_ALGORITHMS", "KeySet", "SigningKey", "VerificationKey", "generate_signing_key"]

ACCEPTED_ALGORITHMS = ("Ed25519", "ES256", "RS256", "PS256")
"""JWS algorithm names (RFC 7518, RFC 9864). Never `none`, never a MAC."""

_ED25519 = "Ed25519"
_PRIVATE = "Give the .private.jwk.json file that `headgate keygen` wrote beside it."
_log = logging.getLogger("headgate")


@dataclass(frozen=True)
class VerificationKey:
    """A public key and what it may be used for.

    Attributes:
        kid: its name within the set.
        algorithms: the JWS algorithms it verifies.
        thumbprint: the JWK thumbprint (RFC 7638).
        key: the key itself, with its public half only.
        valid_from: from when what it signs is in force, if a certificate or its publisher (`nbf` in a JWK) says so.
        valid_until: until before when (`exp`). Whoever uses the key holds these dates against the time that it judges
            for; `verify` knows no time.
        namespaces: of a key that others have delegated to, the URI patterns that each of them gave it.
        delegated_by: the thumbprints of the keys that have delegated to it, the source's own first.
    """

    kid: str
    algorithms: tuple[str, ...]
    thumbprint: str
    key: AsymmetricKey
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    namespaces: tuple[tuple[str, ...], ...] = ()
    delegated_by: tuple[str, ...] = ()

    def speaks_for(self, uri: str) -> bool:
        """Return whether it may seal for a URI in normal form: within every namespace that was delegated to it."""
        return all(any(_pattern(one).matches(uri) for one in patterns) for patterns in self.namespaces)

    def verify(self, algorithm: str, signed: bytes, signature: bytes) -> bool:
        """Return whether `signature` is this key's signature over `signed`; False for a foreign algorithm."""
        if algorithm not in self.algorithms:
            return False
        if algorithm == _ED25519 and (verify := self._bare_verifier) is not None:
            return verify(signature, signed)
        return bool(_algorithm(algorithm).verify(signed, signature, self.key))

    @cached_property
    def _bare_verifier(self) -> Callable[[bytes, bytes], bool] | None:
        """What verifies with the key as its library has it, which joserfc would fetch and check for every signature."""
        bare = self.key.get_op_key("verify")
        return verifier_of(bare) if isinstance(bare, Ed25519PublicKey) else None

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        # The key objects of `cryptography` cannot be pickled.
        jwk = self.key.as_dict(private=False)
        limits = (self.valid_from, self.valid_until, self.namespaces, self.delegated_by)
        return (_rebuild, (self.kid, self.algorithms, jwk, *limits))


class KeySet:
    """Public keys by name: the only keys that a verification considers.

    Args:
        keys: keys with distinct names.
        notices: what was left out of the set, and why.

    Raises:
        PolicyError: two keys have the same name.
    """

    __slots__ = ("_keys", "_notices")

    def __init__(self, keys: Iterable[VerificationKey] = (), notices: Iterable[str] = ()) -> None:
        self._keys: dict[str, VerificationKey] = {}
        self._notices = tuple(notices)
        for key in keys:
            known = self._keys.setdefault(key.kid, key)
            # The same key under other conditions counts too: which dates bound it must not depend on an order.
            if _identity(known) != _identity(key):
                raise PolicyError(
                    f"two keys have the kid {shown(key.kid)} and differ, if only in algorithms or dates.",
                    "Give each key its own kid, and list each once.",
                )

    @classmethod
    def load(cls, path: str | Path) -> KeySet:
        """Return the public keys in a file: a JWK, a JWKS, or one or more PEM blocks.

        Of a certificate chain only the leaf's key counts, and what it signs is in force within the leaf's dates.

        Raises:
            PolicyError: the file is missing, holds a private or symmetric key, or no key that can be used.
        """
        _refuse_text(path)
        file = Path(path)
        data = read_config_bytes(file, DEFAULT_LIMITS.policy_bytes)
        try:
            data = to_text(data)
            # Anywhere in it, because explanatory text may come before a block (RFC 7468, section 5.2).
            if b"-----BEGIN" in data:
                return cls(map(_verification_key, public_from_pem(data)))
            return cls.from_jwks(loads_mapping(data))
        except PolicyError as error:
            raise error.at(str(file)) from None

    @classmethod
    def from_jwks(cls, jwks: Mapping[str, object]) -> KeySet:
        """Return the public keys of a JWKS (`{"keys": [...]}`) or of a single JWK.

        Keys of a set that are not for verifying seals (encryption keys, types that nobody knows yet) are skipped, as
        RFC 7517 (section 5) wants it; `notices` names them.

        Raises:
            PolicyError: it holds a private or symmetric key, or none that can be used.
        """
        entries = jwks.get("keys", [jwks]) if isinstance(jwks, Mapping) else None
        if not isinstance(entries, (list, tuple)) or not entries:
            raise PolicyError("no keys are listed here.", 'Write {"keys": [...]} with at least one JWK.')
        keys: list[VerificationKey] = []
        skipped: list[PolicyError] = []
        for number, entry in enumerate(entries):
            try:
                keys.append(_verification_key(public_from_jwk(entry)))
            except UnusableKeyError as error:
                skipped.append(error.under("keys", number))
            except PolicyError as error:
                raise error.under("keys", number) from None
        if not keys:
            # A set in which nothing can be used is a mistake; skipping is for keys beside a usable one.
            raise skipped[0]
        notices = [f"Skipped {error.describe()}" for error in skipped]
        for notice in notices:
            _log.warning("%s", notice)
        return cls(keys, notices)

    @property
    def notices(self) -> tuple[str, ...]:
        """Which keys of the source were left out, and why."""
        return self._notices

    def get(self, kid: str) -> VerificationKey | None:
        """Return the key of that name, or None."""
        return self._keys.get(kid)

    def __iter__(self) -> Iterator[VerificationKey]:
        return iter(self._keys.values())

    def __len__(self) -> int:
        return len(self._keys)

    def __or__(self, other: KeySet) -> KeySet:
        return KeySet((*self, *other), (*self.notices, *other.notices))

    def without(self, thumbprints: Collection[str]) -> KeySet:
        """Return the set without the keys of these thumbprints, and those that they have delegated to."""
        gone = frozenset(thumbprints)
        left = (key for key in self if gone.isdisjoint((key.thumbprint, *key.delegated_by)))
        return KeySet(left, self.notices)

    @property
    def digest(self) -> str:
        """A digest over the names, thumbprints, algorithms and dates, for policy revisions."""
        return digest_label(canonical_json(sorted(_identity(key) for key in self)))

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
            kid: its name; by default the JWK's own, otherwise its thumbprint.

        Raises:
            PolicyError: it is not a private key of an accepted kind.
        """
        if isinstance(source, SigningKey):
            return source if kid is None else SigningKey(kid, source.algorithm, source.key)
        if isinstance(source, (str, Path)):
            _refuse_text(source)
            file = Path(source)
            try:
                return cls._from_bytes(read_config_bytes(file, DEFAULT_LIMITS.policy_bytes), kid)
            except PolicyError as error:
                raise error.at(str(file)) from None
        return cls._from_object(source, kid)

    @classmethod
    def _from_bytes(cls, data: bytes, kid: str | None) -> SigningKey:
        data = to_text(data)
        if b"-----BEGIN" in data:
            return cls._from_object(import_private_pem(data), kid)
        return cls._from_object(loads_mapping(data), kid)

    @classmethod
    def _from_object(cls, source: object, kid: str | None) -> SigningKey:
        if isinstance(source, (OKPKey, ECKey, RSAKey)):
            key: AsymmetricKey = source
        elif isinstance(source, Mapping):
            if "keys" in source:
                raise PolicyError("this is a key set, which is public; only a private key signs.", _PRIVATE)
            key = import_jwk(source)
        elif hasattr(source, "private_bytes"):
            key = import_private_pem(to_pem(source))
        else:
            raise PolicyError(f"{type(source).__name__} is not a private key.", "Give a path to a JWK or PEM file.")
        if not key.is_private:
            raise PolicyError("this key is public; only a private key signs.", _PRIVATE)
        algorithms = algorithms_of(key)
        return cls(kid or str(key.get("kid") or thumbprint_of(key)), algorithms[0], key)

    # A key does not change, so that copies of what holds one may share it; which copying by way of a pickle could not.
    def __copy__(self) -> SigningKey:
        return self

    def __deepcopy__(self, memo: object) -> SigningKey:
        return self

    def __reduce__(self) -> NoReturn:
        raise HeadgateError(
            "A private key is not pickled: whoever reads that could sign. Build what signs in each process, from the "
            "path of the key."
        )

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
        if self.algorithm == _ED25519 and (bare := self._bare_key) is not None:
            return bare.sign(data)
        return bytes(_algorithm(self.algorithm).sign(data, self.key))

    @cached_property
    def _bare_key(self) -> Ed25519PrivateKey | None:
        """The key as its library has it, which joserfc would fetch and check again for every signature."""
        bare = self.key.get_op_key("sign")
        return bare if isinstance(bare, Ed25519PrivateKey) else None

    def save(self, prefix: str | Path, *, valid_until: datetime | None = None) -> tuple[Path, Path]:
        """Write `PREFIX.private.jwk.json` (mode 0600) and `PREFIX.jwks.json`, and return both paths.

        Args:
            prefix: how the names of the files begin.
            valid_until: until before when what the key signs is in force; `exp` of the public key.

        Raises:
            PolicyError: one of the files exists already; keys are never overwritten.
        """
        prefix = Path(prefix)
        private, public = (Path(f"{prefix}{ending}") for ending in (".private.jwk.json", ".jwks.json"))
        for path in (private, public):
            # A link too, wherever it leads.
            if os.path.lexists(path):
                raise PolicyError(
                    "the file exists already.",
                    "Choose another name; keys are never overwritten.",
                    file=str(path),
                )
        prefix.parent.mkdir(parents=True, exist_ok=True)
        create(private, json.dumps(self.private_jwk(), indent=2), mode=0o600)
        dates = {"exp": in_seconds(valid_until)} if valid_until is not None else {}
        listed = {"keys": [{**key, **dates} for key in self.public_jwks()["keys"]]}
        create(public, json.dumps(listed, indent=2) + "\n")
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
        # As strong as the other two (NIST SP 800-57, part 1: 128 bits).
        key = RSAKey.generate_key(3_072, private=True)
    else:
        raise ValueError(f"{algorithm!r} is not accepted; use one of {', '.join(ACCEPTED_ALGORITHMS)}")
    return SigningKey(kid or thumbprint_of(key), algorithm, key)


def _refuse_text(path: str | Path) -> None:
    # Errors name the file, and a key that was given in place of its name must not get into a message.
    if any(sign in str(path) for sign in ("{", "\n", "-----BEGIN")):
        raise PolicyError("this is a key as text, where the name of a file is expected.", "Save it and name the file.")


def _identity(key: VerificationKey) -> list[str]:
    dates = [date.isoformat() if date is not None else "" for date in (key.valid_from, key.valid_until)]
    delegated = [repr(key.namespaces), *key.delegated_by] if key.delegated_by else []
    return [key.kid, key.thumbprint, " ".join(key.algorithms), *dates, *delegated]


def _algorithm(name: str) -> Any:
    # joserfc's registry has `none` and MACs as well: callers ask only for what a key of theirs allows.
    return JWSRegistry.algorithms[name]


def _verification_key(material: PublicMaterial) -> VerificationKey:
    key = material.key
    use, operations, kid = key.get("use"), key.get("key_ops"), key.get("kid")
    if use not in (None, "sig"):
        raise UnusableKeyError(f"the key's use is {shown(use, 20)}.", "A key that verifies has the use 'sig'.")
    if operations is not None and (not isinstance(operations, (list, tuple)) or "verify" not in operations):
        problem = f"the key's key_ops are {shown(operations, 40)}."
        raise UnusableKeyError(problem, "A key that verifies has the operation 'verify'.")
    if kid is not None and (not isinstance(kid, str) or not kid):
        raise UnusableKeyError(f"the kid {shown(kid, 40)} is not a string.", "Give the key a name.")
    thumbprint = thumbprint_of(key)
    dates = (material.valid_from, material.valid_until)
    return VerificationKey(kid or thumbprint, algorithms_of(key), thumbprint, key, *dates)


def _rebuild(kid: str, algorithms: tuple[str, ...], jwk: dict[str, Any], *limits: Any) -> VerificationKey:
    key = import_jwk(jwk)
    return VerificationKey(kid, algorithms, thumbprint_of(key), key, *limits)


@lru_cache(maxsize=1_000)
def _pattern(text: str) -> UriPattern:
    return UriPattern.parse(text)
