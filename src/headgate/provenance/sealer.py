"""Sealing: a publisher signs for a text, and for what else of it can reach a prompt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from headgate.chunk import SEAL_KEY, Chunk
from headgate.clock import Clock, require_aware, utc_now
from headgate.encoding import canonical_json
from headgate.policy.matching import normalise_uri
from headgate.provenance.batches import Batch
from headgate.provenance.covered import MEDIA_PREFIX, metadata_digest, names_of
from headgate.provenance.jws import sign_jws
from headgate.provenance.keys import KeySet
from headgate.provenance.seals import SEAL_TYPE, digest_text
from headgate.provenance.signers import Signer, load_signer
from headgate.provenance.spans import BLOCKS_KEY, DOCUMENT_TYPE, cut_blocks, document_claims
from headgate.provenance.validators import Validators
from headgate.provenance.values import EPOCH, MAX_COVERED, read_definitions, read_version

__all__ = ["Sealer"]

_DAY = 86_400  # in seconds


class Sealer:
    """Signs chunks on behalf of a publisher.

    Args:
        signing_key: a path to a private JWK or PEM file, a JWK mapping, a key object, or a `Signer`; the URI of a key
            in custody (`hsm:2?label=docs`, `awskms:alias/docs`), or a signer of securesystemslib.
        issuer: who vouches, in the seal's `iss` claim.
        kid: the key's name, where it is not the one in the key file.
        clock: tells when a chunk is sealed.

    Raises:
        PolicyError: the key cannot be used.
    """

    def __init__(self, signing_key: object, issuer: str, *, kid: str | None = None, clock: Clock = utc_now) -> None:
        self._key: Signer = load_signer(signing_key, kid)
        self._issuer = issuer
        self._clock = clock

    @property
    def public(self) -> KeySet:
        """The key set that verifies this sealer's seals."""
        return self._key.public

    @property
    def key(self) -> Signer:
        """What it signs with."""
        return self._key

    @property
    def issuer(self) -> str:
        """Who vouches."""
        return self._issuer

    @property
    def clock(self) -> Clock:
        """Tells when a chunk is sealed."""
        return self._clock

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
        definitions: Mapping[str, str] | None = None,
        validators: Validators | None = None,
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
            definitions: what short forms of the whole document stand for, where this chunk need not say so itself.
            validators: what the origin said with the content that the text was made from (ETag, Last-Modified).

        Raises:
            ValueError: a time without a zone, a subject that is not a URI, or a text that cannot be encoded.
            SealError: a covered metadata entry is not a plain value, the version is not a whole number, or the
                definitions are more than plain words.
        """
        claims = self.claims(
            chunk,
            subject=subject,
            modified=modified,
            expires=expires,
            not_before=not_before,
            version=version,
            cover=cover,
            hidden=hidden,
            parent=parent,
            corpus=corpus,
            definitions=definitions,
            validators=validators,
        )
        token = sign_jws(claims, self._key, typ=SEAL_TYPE)
        return chunk.with_metadata(**{SEAL_KEY: token})

    def seal_many(self, chunks: Sequence[tuple[Chunk, Mapping[str, Any]]]) -> list[Chunk]:
        """Return copies of chunks that carry seals of one batch: one signature for all of them.

        Args:
            chunks: each with the keyword arguments that `seal` takes.

        Raises:
            ValueError: as `seal`.
            SealError: as `seal`.
        """
        tokens = self.tokens([self.claims(chunk, **arguments) for chunk, arguments in chunks], batch=True)
        return [chunk.with_metadata(**{SEAL_KEY: token}) for (chunk, _), token in zip(chunks, tokens, strict=True)]

    def seal_document(self, chunk: Chunk, **arguments: Any) -> Chunk:
        """Return a copy of a whole document that carries a document seal, to be split afterwards. Experimental.

        `headgate.provenance.spans.SpanProver` gives each chunk its proof; the document as it is returned here is not
        admitted by itself.

        Args:
            chunk: the document, with its text as splitters will get it.
            arguments: as for `seal`.

        Raises:
            ValueError: as `seal`, or there is no text.
            SealError: as `seal`.
        """
        blocks = cut_blocks(chunk.text)
        claims = self.claims(chunk, over=document_claims(blocks), **arguments)
        token = sign_jws(claims, self._key, typ=DOCUMENT_TYPE)
        return chunk.with_metadata(**{SEAL_KEY: token, BLOCKS_KEY: "-".join(str(len(block)) for block in blocks)})

    def tokens(self, claims: Sequence[bytes], *, batch: bool = False) -> list[str]:
        """Return signed seals, as documents carry them.

        Args:
            claims: of each, as `claims` returns them.
            batch: whether one signature is over all of them, instead of one over each.
        """
        if not batch:
            return [sign_jws(one, self._key, typ=SEAL_TYPE) for one in claims]
        if not claims:
            return []
        made = Batch(claims)
        return made.tokens(made.sign(self._key))

    def claims(
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
        definitions: Mapping[str, str] | None = None,
        validators: Validators | None = None,
        over: Mapping[str, object] | None = None,
    ) -> bytes:
        """Return the claims of a seal over a chunk, as JSON, which nobody has signed yet.

        Args:
            chunk: as for `seal`, like all the others.
            subject: the document's URI.
            modified: when it was last modified.
            expires: until when the publisher stands behind it.
            not_before: from when.
            version: a number that grows.
            cover: names of metadata entries to be covered too.
            hidden: those of them that are kept out of the prompt.
            parent: what the chunk was cut from.
            corpus: the corpus and its version.
            definitions: what short forms of the whole document stand for.
            validators: what its origin said with its content.
            over: what is in place of the digest of the text.

        Raises:
            ValueError: as `seal`.
            SealError: as `seal`.
        """
        if normalise_uri(subject) is None:
            raise ValueError(f"the subject {subject[:100]!r} is not a URI: write https://host/path or file:folder/name")
        claims: dict[str, object] = {"iss": self._issuer, "sub": subject, "iat": _seconds(self._clock(), "the clock")}
        claims.update(over if over is not None else {"dig": digest_text(chunk.text)})
        for name, time in (("mod", modified), ("exp", expires), ("nbf", not_before)):
            if time is not None:
                claims[name] = _seconds(time, name)
        if version is not None:
            claims["ver"] = read_version(version)
        met = _cover(chunk, cover, hidden) if cover or hidden or chunk.media else None
        if met is not None:
            claims["met"] = met
        if parent:
            claims["par"] = dict(parent)
        if corpus:
            claims["cor"] = dict(corpus)
        if definitions:
            claims["defs"] = dict(read_definitions(dict(definitions)))
        if validators is not None:
            claims["val"] = validators.to_claim()
        return canonical_json(claims)


def _seconds(value: datetime, name: str) -> int:
    # In whole numbers: `timestamp()` is a float, and rounds.
    since = require_aware(value, name) - EPOCH
    return since.days * _DAY + since.seconds


def _cover(chunk: Chunk, cover: Sequence[str], hidden: Sequence[str]) -> dict[str, object] | None:
    """Return the claim `met`, or None where there is nothing to cover."""
    cover, hidden = names_of(cover), names_of(hidden)
    if any(name.startswith(MEDIA_PREFIX) for name in (*cover, *hidden)):
        # Media are covered without being named; a metadata entry of such a name would be taken for one.
        raise ValueError(f"a metadata entry whose name begins with {MEDIA_PREFIX!r} cannot be covered")
    media = (MEDIA_PREFIX + name for name, digest in chunk.media.items() if digest is not None)
    names = sorted({*cover, *hidden, *media})
    if not names:
        return None
    if len(names) > MAX_COVERED:
        raise ValueError(f"a seal covers at most {MAX_COVERED} entries, not {len(names)}")
    met: dict[str, object] = {"names": names, "dig": metadata_digest(chunk.metadata, names, chunk.media)}
    if hidden:
        met["hid"] = sorted(set(hidden))
    return met
