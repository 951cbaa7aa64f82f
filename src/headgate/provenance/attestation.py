"""Attestation: what a verified proof says. It is all that the rest of headgate sees of a proof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from headgate.assurance import Assurance
from headgate.provenance.validators import Validators

__all__ = ["Attestation"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attestation:
    """What somebody who may vouches for about one document, whatever the mechanism of the proof.

    Attributes:
        mechanism: the name of the mechanism, such as `seal`.
        assurance: how much it proves.
        issuer: who vouches.
        subject: the document's URI as the issuer wrote it.
        uri: the subject in its normal form.
        kid: the name of the key that signed, within the key set of the source.
        thumbprint: of that key (RFC 7638), if it is known.
        issued_at: when it was signed, if that is known.
        version: a number that grows with every version of the document.
        modified: when the document was last modified.
        valid_from: from when the issuer stands behind it.
        valid_until: until before when.
        covered: the metadata entries that are vouched for too.
        media: the content that is not text and is vouched for too, by name.
        hidden: the covered entries that the issuer keeps out of the prompt.
        validators: what the origin said with the very content that was vouched for, if that is known.
        corpus: the corpus in whose manifest the text is listed, if it was looked for there.
        corpus_version: the version of that manifest.
        root: of the Merkle tree over the document's blocks, where its publisher signed it as a whole; otherwise empty.
        definitions: what short forms of the document stand for, as its publisher knows them.
    """

    mechanism: str
    assurance: Assurance
    issuer: str
    subject: str
    uri: str
    kid: str
    thumbprint: str | None = None
    issued_at: datetime | None = None
    version: int | None = None
    modified: datetime | None = None
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    covered: tuple[str, ...] = ()
    media: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    validators: Validators | None = None
    corpus: str | None = None
    corpus_version: int | None = None
    root: bytes = b""
    definitions: Mapping[str, str] = field(default_factory=dict)

    def times(self) -> Mapping[str, datetime]:
        """Return the times that are vouched for, by their role in the freshness rules."""
        times = {"modified": self.modified, "valid_from": self.valid_from, "valid_until": self.valid_until}
        return {role: time for role, time in times.items() if time is not None}
