"""Seals: who vouches for which text, until when. Claims, and the Sealer that signs them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from headgate.chunk import SEAL_KEY, Chunk
from headgate.clock import Clock, require_aware, utc_now
from headgate.encoding import b64url_encode, canonical_json, is_digest_label, loads_strict
from headgate.errors import SealError
from headgate.policy.matching import normalise_uri
from headgate.provenance.covered import MEDIA_PREFIX, metadata_digest
from headgate.provenance.jws import sign_jws
from headgate.provenance.keys import KeySet, SigningKey

__all__ = ["SEAL_TYPE", "Seal", "Sealer", "digest_text", "parse_seal"]

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
        covered: the names under `met`: metadata entries, and `media:NAME` for content that is not text.
        covered_digest: the digest over these entries.
        hidden: the covered entries that the publisher keeps out of the prompt.
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
    hidden: tuple[str, ...] = ()
    parent: Mapping[str, object] = field(default_factory=dict)
    corpus: Mapping[str, object] = field(default_factory=dict)
    kid: str = ""


def digest_text(text: str) -> str:
    """Return the digest that a seal holds: SHA-256 over the UTF-8 text, exactly as stored.

    Raises:
        UnicodeEncodeError: the text holds a lone surrogate.
    """
    return "sha-256:" + b64url_encode(hashlib.sha256(text.encode("utf-8")).digest())


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
        raise SealError("P106", "the claims are not a JSON object")
    subject, digest = _text(claims, "sub"), claims.get("dig")
    uri = normalise_uri(subject)
    if uri is None:
        raise SealError("P106", "the subject is not a URI")
    if not is_digest_label(digest):
        raise SealError("P106", "the digest is not of the form sha-256:...")
    covered, covered_digest, hidden = _covered(claims.get("met"))
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
        hidden=hidden,
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
        hidden: Sequence[str] = (),
        parent: Mapping[str, object] | None = None,
        corpus: Mapping[str, object] | None = None,
    ) -> Chunk:
        """Return a copy of `chunk` that carries a seal over its text and over the media whose digests it has.

        Args:
            chunk: the text exactly as it will be stored: seal after splitting. Media of which it has only a reference
                are not covered, and where proof is required the gate keeps the chunk out (P116).
            subject: the document's URI; a file path is accepted and becomes a `file:` URI.
            modified: when the document was last modified; aware, kept to the second.
            expires: until when the publisher stands behind it; aware.
            not_before: from when; aware.
            version: a number that grows with every version of the document.
            cover: names of metadata entries to be covered too: whatever can reach a prompt.
            hidden: those of them that are kept out of the prompt; covered whether `cover` names them or not.
            parent: the digest and span of the text that this chunk was cut from.
            corpus: the corpus and its version.

        Raises:
            ValueError: a time without a zone, a subject that is not a URI, or a text that cannot be encoded.
            SealError: a covered metadata entry is not a plain value.
        """
        if normalise_uri(subject) is None:
            raise ValueError(f"the subject {subject[:100]!r} is not a URI: write https://host/path or file:folder/name")
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
        met = _cover(chunk, cover, hidden)
        if met is not None:
            claims["met"] = met
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
        raise SealError("P106", f"the claim {name!r} is missing or not a text")
    return value


def _time(claims: Mapping[str, object], name: str) -> datetime | None:
    """Return a NumericDate (RFC 7519, section 2), in whole seconds."""
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not -_LAST_SECOND // 4 <= value <= _LAST_SECOND:
        raise SealError("P106", f"the claim {name!r} is not a time in seconds")
    return _EPOCH + timedelta(seconds=value)


def _version(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MAX_VERSION:
        raise SealError("P106", "the version is not a whole number")
    return value


def _mapping(claims: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = claims.get(name, {})
    if not isinstance(value, dict):
        raise SealError("P106", f"the claim {name!r} is not an object")
    return value


def _cover(chunk: Chunk, cover: Sequence[str], hidden: Sequence[str]) -> dict[str, object] | None:
    """Return the claim `met`, or None where there is nothing to cover."""
    if any(name.startswith(MEDIA_PREFIX) for name in (*cover, *hidden)):
        # Media are covered without being named; a metadata entry of such a name would be taken for one.
        raise ValueError(f"a metadata entry whose name begins with {MEDIA_PREFIX!r} cannot be covered")
    media = (MEDIA_PREFIX + name for name, digest in chunk.media.items() if digest is not None)
    names = sorted({*cover, *hidden, *media})
    if not names:
        return None
    if len(names) > _MAX_COVERED:
        raise ValueError(f"a seal covers at most {_MAX_COVERED} entries, not {len(names)}")
    met: dict[str, object] = {"names": names, "dig": metadata_digest(chunk.metadata, names, chunk.media)}
    if hidden:
        met["hid"] = sorted(set(hidden))
    return met


def _covered(value: object) -> tuple[tuple[str, ...], str | None, tuple[str, ...]]:
    """Return the covered names, the digest over them, and which of them are hidden."""
    if value is None:
        return (), None, ()
    met = value if isinstance(value, dict) else {}
    names, digest, hidden = met.get("names"), met.get("dig"), met.get("hid", [])
    if (
        not isinstance(names, list)
        or not 0 < len(names) <= _MAX_COVERED
        or not all(isinstance(name, str) for name in names)
        or not is_digest_label(digest)
    ):
        raise SealError("P106", "the claim 'met' is not {names: [...], dig: sha-256:...}")
    if not isinstance(hidden, list) or not all(isinstance(name, str) and name in names for name in hidden):
        raise SealError("P106", "the claim 'met' hides what it does not cover")
    return tuple(names), str(digest), tuple(hidden)
