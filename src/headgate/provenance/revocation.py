"""Revocation lists: what somebody who may has taken back, signed, with a version and an end.

A list is a compact JWS (RFC 7515) of a type of its own; docs/revocation-format.md has the format.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from headgate.decision import Finding
from headgate.display import Displayed
from headgate.encoding import b64url_decode, canonical_json, is_digest_label, loads_strict, shown
from headgate.errors import SealError
from headgate.limits import DEFAULT_LIMITS, Limits
from headgate.policy.matching import normalise_uri
from headgate.provenance.jws import parse_jws, sign_jws, verify_parsed
from headgate.provenance.keys import KeySet
from headgate.provenance.signers import Signer
from headgate.provenance.statements import in_seconds
from headgate.provenance.values import EPOCH, SECONDS, read_version

__all__ = ["REVOCATIONS_TYPE", "Revocation", "RevocationList", "Revocations"]

REVOCATIONS_TYPE = "headgate-revocations+jwt"
_MOST_REASON = 200
_THUMBPRINT_BYTES = 32


@dataclass(frozen=True, slots=True)
class Revocation:
    """One thing that was taken back.

    Attributes:
        reason: why, in the words of whoever signed the list.
        version: of a document, the highest version that was taken back; None for all.
        since: of a key, from when on others may have had it; None where nobody knows.
    """

    reason: str = ""
    version: int | None = None
    since: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RevocationList(Displayed):
    """What a list says.

    Attributes:
        issuer: who takes back.
        version: grows with every list of this issuer.
        issued: when it was signed, or from when its key is in force.
        expires: until before when it can be relied on to be complete, and its key is in force.
        keys: by thumbprint (RFC 7638).
        documents: by URI in normal form.
        digests: by digest label of the text.
        digest: the SHA-256 of its claims, in hexadecimal.
        signer: the thumbprint of the key that signed it, of a list that was read.
    """

    issuer: str
    version: int
    issued: datetime
    expires: datetime
    keys: Mapping[str, Revocation] = field(default_factory=dict)
    documents: Mapping[str, Revocation] = field(default_factory=dict)
    digests: Mapping[str, Revocation] = field(default_factory=dict)
    digest: str = ""
    signer: str = field(default="", compare=False)

    @classmethod
    def read(cls, data: bytes, keys: KeySet, limits: Limits = DEFAULT_LIMITS) -> RevocationList:
        """Return what a list says, verified.

        Args:
            data: the content of its file.
            keys: who may sign it.
            limits: `revocation_bytes` bounds it.

        Raises:
            SealError: it does not verify (P102, P103), or is of another form (P106).
        """
        try:
            token = data.decode("ascii").strip()
        except UnicodeDecodeError:
            raise SealError("P106", "it is not a compact JWS") from None
        bounds = replace(limits, seal_bytes=limits.revocation_bytes)
        parsed = parse_jws(token, typ=REVOCATIONS_TYPE, limits=bounds)
        key = verify_parsed(parsed, keys)
        found = cls._of_claims(parsed.payload)
        # What it takes back stays taken back; that it is complete can be relied on only while the key is in force.
        begin, end = key.valid_from or found.issued, key.valid_until or found.expires
        issued, expires = max(found.issued, begin), min(found.expires, end)
        return replace(found, issued=issued, expires=expires, signer=key.thumbprint)

    @classmethod
    def _of_claims(cls, payload: bytes) -> RevocationList:
        try:
            claims = loads_strict(payload)
        except ValueError as error:
            raise SealError("P106", f"the claims cannot be read: {error}") from None
        if not isinstance(claims, dict):
            raise SealError("P106", "the claims are not a JSON object")
        issuer, version = claims.get("iss"), read_version(claims.get("ver"))
        if not isinstance(issuer, str) or not issuer:
            raise SealError("P106", "the claim 'iss' is missing or is not a string")
        if version is None:
            raise SealError("P106", "the claim 'ver' is missing")
        issued, expires = _time(claims, "iat"), _time(claims, "exp")
        if issued >= expires:
            raise SealError("P106", "it ends before it begins")
        return cls(
            issuer=issuer,
            version=version,
            issued=issued,
            expires=expires,
            keys=_entries(claims, "keys", "key", _thumbprint),
            documents=_entries(claims, "documents", "sub", _uri),
            digests=_entries(claims, "digests", "dig", _label),
            digest=hashlib.sha256(payload).hexdigest(),
        )

    def sign(self, key: Signer) -> bytes:
        """Return the list as a file, signed.

        Raises:
            SealError: it is not of the form that a reader wants.
        """
        claims: dict[str, object] = {
            "iss": self.issuer,
            "ver": self.version,
            "iat": in_seconds(self.issued),
            "exp": in_seconds(self.expires),
            "keys": _written(self.keys, "key"),
            "documents": _written(self.documents, "sub"),
            "digests": _written(self.digests, "dig"),
        }
        payload = canonical_json(claims)
        self._of_claims(payload)
        return sign_jws(payload, key, typ=REVOCATIONS_TYPE).encode("ascii") + b"\n"


@dataclass(frozen=True, slots=True)
class Revocations:
    """All lists of a policy that are in force.

    Attributes:
        lists: each with the time that it is still relied on after its end.
    """

    lists: Sequence[tuple[RevocationList, timedelta]] = ()

    def __bool__(self) -> bool:
        return bool(self.lists)

    @property
    def revokes_keys(self) -> bool:
        """Whether any key was taken back."""
        return any(one.keys for one, _ in self.lists)

    def listed_in_time(self, thumbprint: str, issued: datetime) -> bool:
        """Return whether what was signed at a time, by somebody else, says something about a key that was taken back.

        Args:
            thumbprint: of the key.
            issued: when the other signed.
        """
        found = [one.keys[thumbprint].since for one, _ in self.lists if thumbprint in one.keys]
        return all(since is not None and issued < since for since in found)

    def of_key(self, thumbprint: str | None) -> Revocation | None:
        """Return why a key was taken back, if it was."""
        if thumbprint is None:
            return None
        return next((one.keys[thumbprint] for one, _ in self.lists if thumbprint in one.keys), None)

    def left_of(self, keys: KeySet) -> KeySet:
        """Return the keys of a set that were not taken back; the set itself where none was."""
        gone = {key.thumbprint for key in keys if self.of_key(key.thumbprint) is not None}
        return KeySet([key for key in keys if key.thumbprint not in gone], keys.notices) if gone else keys

    def of_document(self, uri: str | None, version: int | None) -> Revocation | None:
        """Return why a document was taken back, if it was.

        Args:
            uri: its URI in normal form.
            version: its proved version; where there is none, a list that names a version means this one too.
        """
        for one, _ in self.lists:
            found = one.documents.get(uri) if uri is not None else None
            if found is not None and (found.version is None or version is None or version <= found.version):
                return found
        return None

    def of_digest(self, label: str) -> Revocation | None:
        """Return why a text was taken back, if it was."""
        return next((one.digests[label] for one, _ in self.lists if label in one.digests), None)

    def standing(self, now: datetime, skew: timedelta) -> Finding | None:
        """Return what there is to say about the time of the lists (P114), the worst first.

        Args:
            now: the present.
            skew: how far a publisher's clock may be ahead.
        """
        worst: Finding | None = None
        for one, grace in self.lists:
            if one.issued > now + skew:
                message = f"The revocation list of {shown(one.issuer)} is from the future, {one.issued:%Y-%m-%d %H:%M}."
                return Finding("P114", message, detail={"list": one.issuer[:_MOST_REASON]})
            if now < one.expires:
                continue
            is_over = now >= one.expires + grace
            message = f"The revocation list of {shown(one.issuer)} ended at {one.expires:%Y-%m-%d %H:%M} UTC."
            detail = {"list": one.issuer[:_MOST_REASON], "expired": one.expires.isoformat()}
            found = Finding("P114", message, "error" if is_over else "warning", detail)
            if worst is None or is_over:
                worst = found
        return worst

    def bounds(self, skew: timedelta) -> Iterator[datetime]:
        """Yield the instants at which `standing` changes its mind about what to keep out."""
        for one, grace in self.lists:
            yield one.issued - skew
            yield one.expires + grace


def _entries(claims: Mapping[str, object], name: str, key: str, read: Callable[[object], str]) -> dict[str, Revocation]:
    given = claims.get(name, [])
    if not isinstance(given, list):
        raise SealError("P106", f"the claim {name!r} is not a list")
    found: dict[str, Revocation] = {}
    for entry in given:
        if not isinstance(entry, dict):
            raise SealError("P106", f"an entry of {name!r} is not an object")
        value, reason = read(entry.get(key)), entry.get("rea", "")
        if not isinstance(reason, str) or len(reason) > _MOST_REASON:
            raise SealError("P106", f"the reason in {name!r} is not a short text")
        if value in found:
            raise SealError("P106", f"an entry of {name!r} is there twice")
        since = _time(entry, "since") if entry.get("since") is not None else None
        found[value] = Revocation(reason, read_version(entry.get("ver")), since)
    return found


def _written(entries: Mapping[str, Revocation], key: str) -> list[dict[str, object]]:
    return [
        {
            key: value,
            **({"ver": entry.version} if entry.version is not None else {}),
            **({"rea": entry.reason} if entry.reason else {}),
            **({"since": in_seconds(entry.since)} if entry.since is not None else {}),
        }
        for value, entry in sorted(entries.items())
    ]


def _thumbprint(value: object) -> str:
    if isinstance(value, str):
        try:
            if len(b64url_decode(value)) == _THUMBPRINT_BYTES:
                return value
        except ValueError:
            pass
    raise SealError("P106", "a key is not named by its thumbprint (RFC 7638, SHA-256)")


def _uri(value: object) -> str:
    uri = normalise_uri(value)
    if uri is None:
        raise SealError("P106", "a document is not named by a URI")
    return uri


def _label(value: object) -> str:
    if not is_digest_label(value):
        raise SealError("P106", "a digest is not of the form sha-256:...")
    return str(value)


def _time(claims: Mapping[str, object], name: str) -> datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or value not in SECONDS:
        raise SealError("P106", f"the claim {name!r} is missing or is not a time in seconds")
    return EPOCH + timedelta(seconds=value)
