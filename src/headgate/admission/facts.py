"""What is settled about a chunk whatever the time: its source, what is proved about it, and its timestamps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from headgate.admission.hidden import Hidden
from headgate.admission.revision import ResolvedSource
from headgate.admission.settled import Settled
from headgate.assurance import NONE, Assurance
from headgate.decision import Finding
from headgate.freshness import Timestamps
from headgate.provenance import Attestation
from headgate.registry import Proved
from headgate.verification import Verification

__all__ = ["Facts", "Memory", "MetadataChoice", "Witness", "document_in"]

_NO_TIMES = Timestamps()


@dataclass(frozen=True, slots=True)
class Witness:
    """What was signed over a text that is refused for what else it holds: that this version of a document exists.

    Attributes:
        source: whose key signed it.
        document: what makes it a version of the same document as another chunk.
        uri: its URI in its normal form.
        version: its version, if any.
        modified: its last modification, if known.
        valid_from: from when it is in force, if not at once.
        key: the thumbprint of the key that signed, if it is known.
    """

    source: ResolvedSource
    document: str
    uri: str
    version: int | None
    modified: datetime | None
    valid_from: datetime | None
    key: str | None = None


class MetadataChoice(NamedTuple):
    """Which metadata of a chunk may be in the prompt, and what there is to say about it.

    Attributes:
        shown: the entries that will be in the prompt; None where that is not known.
        withheld: those that must not be.
        removed: those that leave the document as well, because a later step could show them.
        findings: what there is to say.
    """

    shown: tuple[str, ...] | None
    withheld: tuple[str, ...]
    removed: frozenset[str]
    findings: tuple[Finding, ...]


@dataclass(slots=True)
class Memory:
    """What follows from facts and need not be found again; as long-lived as they are.

    Attributes:
        choices: which metadata may be in the prompt, by what its index shows and hides.
        leaving: with which metadata it leaves, by what is taken out of it.
        settled: what was decided, by what its index shows and hides.
    """

    choices: dict[tuple[tuple[str, ...] | None, tuple[str, ...]], MetadataChoice] = field(default_factory=dict)
    leaving: dict[frozenset[str], dict[str, Any]] = field(default_factory=dict)
    settled: dict[tuple[tuple[str, ...] | None, tuple[str, ...]], Settled] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is settled about a chunk whatever the time.

    Attributes:
        source: what is required of it.
        digest: the digest of its text, as seals and records write it.
        uri: which document it belongs to.
        document: what makes it a version of the same document as another chunk; None if it belongs to none.
        assurance: how much is proved.
        attestation: what a verified proof says, if there is one.
        findings: what is wrong with it so far.
        times: what is known about its times.
        quiet: from when until when the freshness rules have nothing to say, if there is such a time.
        is_kept_out: whether a finding keeps it out already.
        evidence: what this rests on, as plain values for records.
        has_claim: whether the document carries something that claims to be a proof, verified or not.
        source_key: the metadata entry that named its source, if any.
        cited: what that entry, or `source` where there is none, says on release: the proved subject, to the letter.
        witness: what was signed over this text, where the document is refused for what else it holds.
        shown_uri: the document's URI as records may hold it, without credentials.
        proved: which version of which document somebody has signed, for the registry; None where nobody has.
        verified: who has vouched for it, and when, as far as its proof says.
        bounds: the instants at which the freshness rules may say something else, in order.
        hidden: what of its text, and of its metadata, nobody sees; None where there is nothing of the kind.
        scores: the entries that decide nothing, and that searches write again each time.
        memory: what follows from these facts; None where they are not remembered.
    """

    source: ResolvedSource
    digest: str = ""
    uri: str | None = None
    document: str | None = None
    assurance: Assurance = NONE
    attestation: Attestation | None = None
    findings: tuple[Finding, ...] = ()
    times: Timestamps = _NO_TIMES
    quiet: tuple[datetime, datetime] | None = None
    is_kept_out: bool = False
    evidence: Mapping[str, object] = field(default_factory=dict)
    has_claim: bool = False
    source_key: str | None = None
    cited: str | None = None
    witness: Witness | None = None
    shown_uri: str | None = None
    proved: Proved | None = None
    verified: tuple[Verification, ...] = ()
    bounds: tuple[datetime, ...] = ()
    hidden: Hidden | None = None
    scores: frozenset[str] = frozenset()
    memory: Memory | None = None

    def is_quiet_at(self, instant: datetime) -> bool:
        """Return whether the rules of freshness are known to find nothing at an instant."""
        return self.quiet is not None and self.quiet[0] <= instant <= self.quiet[1]


def document_in(source: ResolvedSource, document: str) -> str:
    """Return what makes two chunks versions of one document, beyond their source.

    A key speaks for the URIs of its source only, so spellings of one URI in two sources are two documents.
    """
    return f"{source.id} {document}"
