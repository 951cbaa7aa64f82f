"""Seals: who vouches for which text, until when. Claims, and the Sealer that signs them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from headgate.chunk import SEAL_KEY, Chunk
from headgate.clock import Clock, require_aware, utc_now
from headgate.encoding import b64url_encode, canonical_json, digest_label, is_digest_label, loads_strict
from headgate.errors import SealError
from headgate.policy.matching import normalise_uri
from headgate.provenance.jws import sign_jws
from headgate.provenance.keys import KeySet, SigningKey

__all__ = ["SEAL_TYPE", "Seal", "Sealer", "digest_text", "metadata_digest", "parse_seal"]

SEAL_TYPE = "headgate-seal+jwt"
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
_LAST_SECOND = 253_402_300_799  # 9999-12-31T23:59:59Z
_MAX_COVERED = 64
_MAX_VERSION = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Seal:
    """The claims of a seal.

    Attributes:
        issuer: `iss`, who vouches.
        subject: `sub`, the document's URI as written by the issuer.
        uri: the subject in its normal form.
        digest: `dig`, the digest of the text.
        issued_at: `iat`, when it was sealed.
        version: `ver`, a number that grows with every version of the document.
        modified: `mod`, when the document was last modified.
        valid_from: `nbf`.
        valid_until: `exp`.
        covered: the names of the metadata entries under `met`, sorted.
        covered_digest: the digest over these entries.
        parent: `par`, the digest and span of the text this chunk was cut from.
        corpus: `cor`, the corpus and its version.
        kid: the name of the key that signed, as the header has it.
    """

    issuer: str
    subject: str
    uri: str
    digest: str
    issued_at: datetime
    version: int | None = None
    modified: datetime | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    covered: tuple[str, ...] = ()
    covered_digest: str | None = None
    parent: Mapping[str, object] = field(default_factory=dict)
    corpus: Mapping[str, object] = field(default_factory=dict)
    kid: str = ""


def digest_text(text: str) -> str:
    """Return the digest that a seal holds: SHA-256 over the UTF-8 text, exactly as stored.

    Raises:
        UnicodeEncodeError: the text holds a lone surrogate.
    """
    return "sha-256:" + b64url_encode(hashlib.sha256(text.encode("utf-8")).digest())


def metadata_digest(metadata: Mapping[str, object], names: Sequence[str]) -> str:
    """Return the digest over the metadata entries `names`.

    A missing entry counts as null, because some stores drop nulls; any other change changes the digest.

    Raises:
        SealError: an entry is nested or cannot be written as JSON (P106).
    """
    entries: dict[str, object] = {}
    for name in sorted(names):
        value = metadata.get(name)
        if value is not None and not isinstance(value, (str, int, float, bool)):
            raise SealError("P106", f"the metadata entry {name!r} is no plain value and cannot be covered")
        entries[name] = value
    try:
        return digest_label(canonical_json(entries))
    except ValueError as error:
        raise SealError("P106", f"the covered metadata cannot be written as JSON: {error}") from None


def parse_seal(payload: bytes, kid: str = "") -> Seal:
    """Return the claims of a seal.

    Claims that are not known are ignored, as in every JWT (RFC 7519, section 4).

    Args:
        payload: the JSON text that was signed.
        kid: the name of the key.

    Raises:
        SealError: a claim is missing or of another type (P106).
    """
    try:
        claims = loads_strict(payload)
    except ValueError as error:
        raise SealError("P106", f"the claims cannot be read: {error}") from None
    if not isinstance(claims, dict):
        raise SealError("P106", "the claims are no JSON object")
    subject, digest = _text(claims, "sub"), claims.get("dig")
    uri = normalise_uri(subject)
    if uri is None:
        raise SealError("P106", "the subject is no URI")
    if not is_digest_label(digest):
        raise SealError("P106", "the digest is not of the form sha-256:...")
    covered, covered_digest = _covered(claims.get("met"))
    issued_at = _time(claims, "iat")
    if issued_at is None:
        raise SealError("P106", "the claim 'iat' is missing")
    return Seal(
        issuer=_text(claims, "iss"),
        subject=subject,
        uri=uri,
        digest=str(digest),
        issued_at=issued_at,
        version=_version(claims.get("ver")),
        modified=_time(claims, "mod"),
        valid_from=_time(claims, "nbf"),
        valid_until=_time(claims, "exp"),
        covered=covered,
        covered_digest=covered_digest,
        parent=_mapping(claims, "par"),
        corpus=_mapping(claims, "cor"),
        kid=kid,
    )


class Sealer:
    """Signs chunks on behalf of a publisher.

    Args:
        signing_key: a path to a private JWK or PEM file, a JWK mapping, or a key object.
        issuer: who vouches, in the seal's `iss` claim.
        kid: the key's name, where it is not the one in the key file.
        clock: tells when a chunk is sealed.

    Raises:
        PolicyError: the key cannot be used.
    """

    def __init__(self, signing_key: object, issuer: str, *, kid: str | None = None, clock: Clock = utc_now) -> None:
        self._key = SigningKey.load(signing_key, kid)
        self._issuer = issuer
        self._clock = clock

    @property
    def public(self) -> KeySet:
        """The key set that verifies this sealer's seals."""
        return self._key.public

    @property
    def issuer(self) -> str:
        """Who vouches."""
        return self._issuer

    def seal(
        self,
        chunk: Chunk,
        *,
        subject: str,
        modified: datetime | None = None,
        expires: datetime | None = None,
        not_before: datetime | None = None,
        version: int | None = None,
        cover: Sequence[str] = (),
        parent: Mapping[str, object] | None = None,
        corpus: Mapping[str, object] | None = None,
    ) -> Chunk:
        """Return a copy of `chunk` that carries a seal over its text.

        Args:
            chunk: the text exactly as it will be stored: seal after splitting.
            subject: the document's URI; a file path is accepted and becomes a `file:` URI.
            modified: when the document was last modified; aware, kept to the second.
            expires: until when the publisher stands behind it; aware.
            not_before: from when; aware.
            version: a number that grows with every version of the document.
            cover: names of metadata entries to be covered too: whatever can reach a prompt.
            parent: the digest and span of the text that this chunk was cut from.
            corpus: the corpus and its version.

        Raises:
            ValueError: a time without a zone, a subject that is no URI, or a text that cannot be encoded.
            SealError: a covered metadata entry is no plain value.
        """
        if normalise_uri(subject) is None:
            raise ValueError(f"the subject {subject[:100]!r} is no URI: write https://host/path or file:folder/name")
        if len(cover) > _MAX_COVERED:
            raise ValueError(f"a seal covers at most {_MAX_COVERED} metadata entries")
        claims: dict[str, object] = {
            "iss": self._issuer,
            "sub": subject,
            "dig": digest_text(chunk.text),
            "iat": _seconds(self._clock(), "the clock"),
        }
        for name, value in (("mod", modified), ("exp", expires), ("nbf", not_before)):
            if value is not None:
                claims[name] = _seconds(value, name)
        if version is not None:
            claims["ver"] = _version(version)
        if cover:
            names = sorted(set(cover))
            claims["met"] = {"names": names, "dig": metadata_digest(chunk.metadata, names)}
        for name, mapping in (("par", parent), ("cor", corpus)):
            if mapping:
                claims[name] = dict(mapping)
        token = sign_jws(canonical_json(claims), self._key, typ=SEAL_TYPE)
        return chunk.with_metadata(**{SEAL_KEY: token})


def _seconds(value: datetime, name: str) -> int:
    return (require_aware(value, name) - _EPOCH) // timedelta(seconds=1)


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise SealError("P106", f"the claim {name!r} is missing or no text")
    return value


def _time(claims: Mapping[str, object], name: str) -> datetime | None:
    """Return a NumericDate (RFC 7519, section 2), in whole seconds."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not -_LAST_SECOND // 4 <= value <= _LAST_SECOND:
        raise SealError("P106", f"the claim {name!r} is no time in seconds")
    return _EPOCH + timedelta(seconds=value)


def _version(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_VERSION:
        raise SealError("P106", "the version is no whole number")
    return value


def _mapping(claims: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = claims.get(name, {})
    if not isinstance(value, dict):
        raise SealError("P106", f"the claim {name!r} is no object")
    return value


def _covered(value: object) -> tuple[tuple[str, ...], str | None]:
    if value is None:
        return (), None
    names = value.get("names") if isinstance(value, dict) else None
    digest = value.get("dig") if isinstance(value, dict) else None
    if (
        not isinstance(names, list)
        or not 0 < len(names) <= _MAX_COVERED
        or not all(isinstance(name, str) for name in names)
        or not is_digest_label(digest)
    ):
        raise SealError("P106", "the claim 'met' is not {names: [...], dig: sha-256:...}")
    return tuple(names), str(digest)
