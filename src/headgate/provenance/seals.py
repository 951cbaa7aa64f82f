"""Seals: who vouches for which text, until when. What a seal claims, and how the claim is verified."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final

from headgate.assurance import SEALED
from headgate.chunk import SEAL_KEY
from headgate.decision import Finding
from headgate.encoding import b64url_encode, is_digest_label, loads_strict, shown
from headgate.errors import SealError
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy.matching import normalise_uri
from headgate.provenance.attestation import Attestation
from headgate.provenance.batches import is_batch, read_batch
from headgate.provenance.covered import MEDIA_PREFIX
from headgate.provenance.jws import ParsedJws, parse_jws, verify_parsed
from headgate.provenance.keys import KeySet, VerificationKey
from headgate.provenance.mechanism import Claim, Owners, Presented, Requirement, Verdict
from headgate.provenance.spans import is_span, read_span
from headgate.provenance.validators import Validators, read_validators
from headgate.provenance.values import EPOCH, MAX_COVERED, SECONDS, read_definitions, read_version

__all__ = [
    "SEAL_TYPE",
    "Seal",
    "SealMechanism",
    "digest_text",
    "issuer_finding",
    "parse_seal",
    "read_seal",
    "verify_seal",
]

SEAL_TYPE = "headgate-seal+jwt"
_DETAIL_CHARS = 200


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
        definitions: `defs`, what the document's short forms stand for.
        validators: `val`, what the origin said with the content that was sealed.
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
    definitions: Mapping[str, str] = field(default_factory=dict)
    validators: Validators | None = None
    kid: str = ""


def digest_text(text: str) -> str:
    """Return the digest that a seal holds: SHA-256 over the UTF-8 text, exactly as stored.

    Raises:
        UnicodeEncodeError: the text holds a lone surrogate.
    """
    return "sha-256:" + b64url_encode(hashlib.sha256(text.encode("utf-8")).digest())


class SealMechanism:
    """The mechanism of seals: the claim is in the document's metadata, signed by a key of the claimed source."""

    name: Final = "seal"
    assurance: Final = SEALED

    def claim(self, presented: Presented, declared: Requirement, limits: Limits) -> Claim | None:  # noqa: ARG002 - any source
        """Return what the document's seal claims, or None if it carries none."""
        token = presented.metadata.get(SEAL_KEY)
        # Stores that want every entry in every document fill it up with null.
        if token is None:
            return None
        try:
            signed = _read(token, limits, presented.text, presented.digest)
        except SealError as error:
            return Claim(self.name, problem=Finding(error.code, f"Malformed seal: {error.problem}."))
        # Tokens are canonical once they are parsed, so the same token is the same signature over the same claims.
        return Claim(self.name, signed.seal.uri, signed, str(token))

    def verify(self, claim: Claim, digest: str, requirement: Requirement, owners: Owners) -> Verdict:
        """Return what a seal proves about a text of this digest."""
        if not isinstance(claim.content, _Signed):
            return Verdict()
        seal = claim.content.seal
        try:
            key = claim.content.verify(requirement.keys)
        except SealError as error:
            return Verdict((_signature_finding(error, claim.content.parsed, requirement, owners),))
        undelegated = _undelegated(seal, key, requirement)
        if undelegated is not None:
            return Verdict((undelegated,))  # a key that may not says nothing, not even about what is current
        findings = []
        if not requirement.accepts(seal.issuer, key.thumbprint):
            findings.append(issuer_finding(seal.issuer, key.kid, requirement))
        # The attestation is returned even so, so that what else was changed is found too.
        if digest != seal.digest:
            detail = {"sealed": seal.digest, "found": digest, "issuer": seal.issuer[:_DETAIL_CHARS]}
            findings.append(Finding("P105", "The text is not the one that was sealed.", detail=detail))
        covered = (seal.covered_digest,) if seal.covered_digest is not None else ()
        return Verdict(tuple(findings), _attest(seal, key, claim.content.root), covered)


def _undelegated(seal: Seal, key: VerificationKey, requirement: Requirement) -> Finding | None:
    """Return the finding about a key that others have delegated to, if it may not seal for this document."""
    for thumbprint in key.delegated_by:
        if requirement.revocations.of_key(thumbprint) is not None:
            message = f"A key that has delegated to {key.kid!r} has been revoked."
            return Finding("P107", message, detail={"kid": key.kid[:_DETAIL_CHARS], "delegated_by": thumbprint})
    if seal.uri is not None and key.speaks_for(seal.uri):
        return None
    message = f"The key {key.kid!r} was not delegated for this document."
    return Finding("P104", message, detail={"kid": key.kid[:_DETAIL_CHARS], "source": requirement.source})


@dataclass(frozen=True, slots=True)
class _Signed:
    """A seal that was read: alone, of a batch, or of a document as a whole.

    Attributes:
        parsed: what was signed: the claims, the root of a batch, or of a document.
        seal: the claims.
        is_shared: whether one signature is over many chunks.
        lack: why the chunk is not in what was signed, if it is not.
        root: over the blocks of the document, where that is what was signed.
    """

    parsed: ParsedJws
    seal: Seal
    is_shared: bool = False
    lack: tuple[str, str] | None = None
    root: bytes = b""

    def verify(self, keys: KeySet) -> VerificationKey:
        """Return the key that signed.

        Raises:
            SealError: none of these did (P103, P102), or the chunk is not in what was signed (P102, P115).
        """
        key = _verify_root(self.parsed, keys) if self.is_shared else verify_parsed(self.parsed, keys)
        if self.lack is not None:
            raise SealError(*self.lack)
        return key


# One signature is over many seals; which key signed which root never changes.
_verify_root = lru_cache(maxsize=1_024)(verify_parsed)


_NOT_IN_BATCH = ("P102", "the claims are not in the batch that was signed")
_NOT_A_RUN = ("P115", "the text is not a run of whole blocks of the document that was signed")


def _read(token: object, limits: Limits, text: str = "", digest: str = "") -> _Signed:
    """Return a seal, of which nothing is verified.

    Args:
        token: the seal.
        limits: bounds on what is read.
        text: the text that carries it, for seals of whole documents.
        digest: the digest of that text.

    Raises:
        SealError: it is not a seal (P106).
    """
    if is_span(token):
        span = read_span(str(token), text, limits)
        seal = parse_seal(span.parsed.payload, span.parsed.kid or "", digest or digest_text(text))
        return _Signed(span.parsed, seal, True, None if span.is_included else _NOT_A_RUN, span.root)
    if is_batch(token):
        batch = read_batch(str(token), limits)
        seal = parse_seal(batch.claims, batch.parsed.kid or "")
        return _Signed(batch.parsed, seal, is_shared=True, lack=None if batch.is_included else _NOT_IN_BATCH)
    parsed = parse_jws(token, typ=SEAL_TYPE, limits=limits)
    return _Signed(parsed, parse_seal(parsed.payload, parsed.kid or ""))


def read_seal(token: object, limits: Limits = DEFAULT_LIMITS) -> tuple[ParsedJws, Seal]:
    """Return what was signed, and the claims, of which nothing is verified.

    Raises:
        SealError: it is not a seal (P106).
    """
    signed = _read(token, limits)
    return signed.parsed, signed.seal


def verify_seal(token: object, keys: KeySet, limits: Limits = DEFAULT_LIMITS) -> Seal:
    """Return the claims of a seal after checking its signature; which text it is over, the caller compares.

    Raises:
        SealError: it is not a seal (P106), or not by one of these keys (P102, P103).
    """
    signed = _read(token, limits)
    signed.verify(keys)
    return signed.seal


def issuer_finding(issuer: str, kid: str, requirement: Requirement) -> Finding:
    """Return the finding about an issuer that the source does not accept, or not with this key."""
    by_whom = f" with the key {shown(kid)}" if issuer in requirement.issuers else ""
    message = f"The issuer {shown(issuer)} may not speak for {requirement.source!r}{by_whom}."
    detail = {"issuer": issuer[:_DETAIL_CHARS], "source": requirement.source}
    return Finding("P104", message, detail={**detail, "kid": kid[:_DETAIL_CHARS]} if by_whom else detail)


def _attest(seal: Seal, key: VerificationKey, root: bytes) -> Attestation:
    media: tuple[str, ...] = ()
    covered, valid_from, valid_until = seal.covered, seal.valid_from, seal.valid_until
    if covered:
        media = tuple(name[len(MEDIA_PREFIX) :] for name in covered if name.startswith(MEDIA_PREFIX))
        covered = tuple(name for name in covered if not name.startswith(MEDIA_PREFIX))
    # A certificate bounds what its key may say: the narrower of two windows counts.
    if key.valid_from is not None:
        valid_from = max(valid_from or key.valid_from, key.valid_from)
    if key.valid_until is not None:
        valid_until = min(valid_until or key.valid_until, key.valid_until)
    return Attestation(
        mechanism=SealMechanism.name,
        assurance=SealMechanism.assurance,
        issuer=seal.issuer,
        subject=seal.subject,
        uri=seal.uri,
        kid=key.kid,
        thumbprint=key.thumbprint,
        issued_at=seal.issued_at,
        version=seal.version,
        modified=seal.modified,
        valid_from=valid_from,
        valid_until=valid_until,
        covered=covered,
        media=media,
        hidden=seal.hidden,
        definitions=seal.definitions,
        validators=seal.validators,
        root=root,
    )


def _signature_finding(error: SealError, parsed: ParsedJws, requirement: Requirement, owners: Owners) -> Finding:
    kid = parsed.kid or ""
    others = owners.get(kid, ())
    # Known to the policy, only not for this source: somebody signs, or claims to, for what is not theirs.
    if error.code == "P103" and others:
        message = f"The key {shown(kid)} belongs to {', '.join(others[:10])}, not to {requirement.source!r}."
        return Finding("P104", message, detail={"kid": kid, "key_of": list(others), "source": requirement.source})
    message = f"{error.problem[:1].upper()}{error.problem[1:]}."
    return Finding(error.code, message, detail={"kid": parsed.kid[:_DETAIL_CHARS] if parsed.kid is not None else None})


def parse_seal(payload: bytes, kid: str = "", digest: str | None = None) -> Seal:
    """Return the claims of a seal.

    Claims that are not known are ignored, as in every JWT (RFC 7519, section 4).

    Args:
        payload: the JSON text that was signed.
        kid: the name of the key.
        digest: the digest of the text, where something else was signed in its place.

    Raises:
        SealError: a claim is missing or of another type (P106).
    """
    try:
        claims = loads_strict(payload)
    except ValueError as error:
        raise SealError("P106", f"the claims cannot be read: {error}") from None
    if not isinstance(claims, dict):
        raise SealError("P106", "the claims are not a JSON object")
    subject, said = _text(claims, "sub"), claims.get("dig") if digest is None else digest
    uri = normalise_uri(subject)
    if uri is None:
        raise SealError("P106", "the subject is not a URI")
    if not is_digest_label(said):
        raise SealError("P106", "the digest is not of the form sha-256:...")
    covered, covered_digest, hidden = _covered(claims.get("met"))
    issued_at = _time(claims, "iat")
    if issued_at is None:
        raise SealError("P106", "the claim 'iat' is missing")
    return Seal(
        issuer=_text(claims, "iss"),
        subject=subject,
        uri=uri,
        digest=str(said),
        issued_at=issued_at,
        version=read_version(claims.get("ver")),
        modified=_time(claims, "mod"),
        valid_from=_time(claims, "nbf"),
        valid_until=_time(claims, "exp"),
        covered=covered,
        covered_digest=covered_digest,
        hidden=hidden,
        parent=_mapping(claims, "par"),
        corpus=_mapping(claims, "cor"),
        definitions=read_definitions(claims.get("defs")),
        validators=read_validators(claims.get("val")),
        kid=kid,
    )


def _text(claims: Mapping[str, object], name: str) -> str:
    value = claims.get(name)
    if not isinstance(value, str) or not value:
        raise SealError("P106", f"the claim {name!r} is missing or is not a string")
    return value


def _time(claims: Mapping[str, object], name: str) -> datetime | None:
    """Return a NumericDate (RFC 7519, section 2), in whole seconds."""
    value = claims.get(name)
    if value is None:
        return None
    # RFC 7519 allows fractions; seals have none, so that a time has one spelling.
    if isinstance(value, bool) or not isinstance(value, int) or value not in SECONDS:
        raise SealError("P106", f"the claim {name!r} is not a time in seconds")
    return EPOCH + timedelta(seconds=value)


def _mapping(claims: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = claims.get(name, {})
    if not isinstance(value, dict):
        raise SealError("P106", f"the claim {name!r} is not an object")
    return value


def _covered(value: object) -> tuple[tuple[str, ...], str | None, tuple[str, ...]]:
    """Return the covered names, the digest over them, and which of them are hidden."""
    if value is None:
        return (), None, ()
    met = value if isinstance(value, dict) else {}
    names, digest, hidden = met.get("names"), met.get("dig"), met.get("hid", [])
    if (
        not isinstance(names, list)
        or not 0 < len(names) <= MAX_COVERED
        or not all(isinstance(name, str) for name in names)
        or not is_digest_label(digest)
    ):
        raise SealError("P106", "the claim 'met' is not {names: [...], dig: sha-256:...}")
    if not isinstance(hidden, list) or not all(isinstance(name, str) and name in names for name in hidden):
        raise SealError("P106", "the claim 'met' hides what it does not cover")
    return tuple(names), str(digest), tuple(hidden)
