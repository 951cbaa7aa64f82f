"""The decision record as types: what the log, traces and receipts hold about one admission.

Plain values only, so that a record is the same in memory and on disk. docs/decision-log.md says what each entry means.
`writing` makes records, and `read_admission` is the way in for one that comes from anywhere else.
"""

from __future__ import annotations

from typing import Any, Literal, TypedDict

from typing_extensions import NotRequired

__all__ = [
    "SCHEMA",
    "AdmissionRecord",
    "ChainRecord",
    "DecisionRecord",
    "EvidenceRecord",
    "FindingRecord",
    "HeardRecord",
    "KnownRecord",
    "OtherRecord",
    "PulledRecord",
    "SealRecord",
    "ShortfallRecord",
    "TimeRecord",
]

SCHEMA = 1
"""The version of the format."""

TimeRecord = list[Any]
"""Earliest meaning, latest meaning, unit, whether the zone is known, kind of evidence, metadata key."""

EditRecord = list[Any]
"""Start, end, canonical term, mode; a fifth entry is what the text has there now, if it is not the canonical term."""


class FindingRecord(TypedDict):
    """One thing that a check had to say."""

    code: str
    severity: str
    mode: str
    message: str
    detail: dict[str, object]


class SealRecord(TypedDict):
    """The claims of a verified seal, or what a manifest says of a document."""

    iss: str
    sub: str
    kid: str
    key: str | None
    ver: int | None
    covered: list[str]
    fragment: NotRequired[str]
    cor: NotRequired[str]
    cor_ver: NotRequired[int]
    # Only where the record holds the text, for it is a part of what the document says.
    defs: NotRequired[dict[str, str]]


class WitnessRecord(TypedDict):
    """What was signed over a text that is refused for what else it holds: that this version of a document exists."""

    sub: str
    kid: str
    key: str | None
    ver: int | None
    mod: str | None
    nbf: str | None
    fragment: NotRequired[str]


class KnownRecord(TypedDict):
    """A version of a document that was proved before: by which key, since when, and whether it holds this text."""

    key: str
    ver: int | None
    mod: str | None
    nbf: str | None
    since: str
    same: bool


class HeardRecord(TypedDict):
    """What a feed said of a document: which feed, when it was pulled, and what it says."""

    feed: str
    name: str
    by: str
    pulled: str
    seen: str
    tells: bool
    covers: bool
    gone: bool
    moved: str | None
    mod: str | None
    untold: NotRequired[str | None]
    other: NotRequired[bool]


class EvidenceRecord(TypedDict, total=False):
    """What a decision rests on besides the policy. What a proof says is under the name of its mechanism."""

    seal: SealRecord
    manifest: SealRecord
    unproved_seal: bool
    claimed: str
    uncounted_proof: bool
    witness: WitnessRecord
    registry: list[KnownRecord]
    feeds: list[HeardRecord]
    declared: str | None
    undeclared: bool
    media: list[str]
    fragment: str
    row: list[Any]
    asked: bool
    asked_version: bool
    editions: list[str]
    invisible: dict[str, int]
    times: dict[str, TimeRecord]
    unreadable: dict[str, list[str]]
    version: int
    release: list[Any]
    version_from: str
    superseded_by: str
    signed_start: str
    verified: list[list[str]]
    status: list[list[str]]
    type: list[list[str]]
    time_like: list[str]


class DecisionRecord(TypedDict):
    """What was decided about one document."""

    index: int
    action: Literal["admit", "drop"]
    source: str
    uri: str | None
    id: str | None
    digest: str
    assurance: str
    issuer: str | None
    modified: str | None
    age_seconds: float | None
    findings: list[FindingRecord]
    edits: list[EditRecord]
    metadata_edits: dict[str, list[EditRecord]]
    withheld: list[str]
    # When, by what (manifest, feed, origin, seal), and its name; only where somebody has vouched for it.
    verified: NotRequired[list[str]]
    # Where the policy has a budget: how many tokens the text had, and how many entered the prompt.
    tokens: NotRequired[list[int]]
    # Only in the log:
    evidence: NotRequired[EvidenceRecord]
    prompt_digest: NotRequired[str]
    text: NotRequired[str | None]


class ShortfallRecord(TypedDict):
    """Why there are fewer admissible documents than were asked for."""

    wanted: int
    admitted: int
    asked: int
    found: int
    reason: str


class OtherRecord(TypedDict):
    """What the policy of other gates would decide: per document the action, its source, and the codes against it."""

    revision: str
    decisions: list[list[str]]


class PulledRecord(TypedDict):
    """Which version of a policy that many gates share was in force: the one of all, or the one on trial."""

    policy: str
    version: int
    part: str
    other: NotRequired[OtherRecord]


class ChainRecord(TypedDict):
    """Where a record is among those of its process: which chain, the place in it, the digest of the one before."""

    id: str
    n: int
    prev: str | None


class AdmissionRecord(TypedDict):
    """One admission."""

    admission: str
    policy_revision: str
    mode: str
    now: str
    as_of: str | None
    query_digest: str | None
    counts: dict[str, int]
    surplus: int
    seconds: float
    decisions: list[DecisionRecord]
    shortfall: NotRequired[ShortfallRecord]
    pulled: NotRequired[PulledRecord]
    # What there is to say about the retrieval as a whole; older logs have none.
    findings: NotRequired[list[FindingRecord]]
    valid_until: NotRequired[str | None]
    # Only in the log:
    schema: NotRequired[int]
    type: NotRequired[str]
    reading: NotRequired[str]
    masked: NotRequired[list[str]]
    query: NotRequired[str | None]
    pid: NotRequired[int]
    asker: NotRequired[dict[str, str]]
    chain: NotRequired[ChainRecord]
