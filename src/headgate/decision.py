"""Finding, Decision, Admission: what was decided about every document, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, NamedTuple

from headgate.assurance import NONE, Assurance, is_proof
from headgate.chunk import Chunk
from headgate.codes import CHECKS
from headgate.display import Displayed
from headgate.surrogates import encodable, replace_surrogates
from headgate.verification import Verification

if TYPE_CHECKING:
    from headgate.record.schema import AdmissionRecord, DecisionRecord, FindingRecord, PulledRecord
    from headgate.terminology.edits import Edit, Rewrite

__all__ = [
    "Action",
    "Admission",
    "Assurance",
    "Decision",
    "Dropped",
    "Finding",
    "Mode",
    "OnEmpty",
    "Severity",
    "Shortfall",
    "ShortfallReason",
    "has_error",
    "stricter",
    "under_mode",
]

Severity = Literal["error", "warning", "info"]
Mode = Literal["enforce", "warn", "audit"]
Action = Literal["admit", "drop"]
OnEmpty = Literal["empty", "note", "raise"]
_ACTIONS = ("admit", "drop")
_MODES: tuple[Mode, ...] = ("audit", "warn", "enforce")


def stricter(first: Mode, second: Mode) -> Mode:
    """Return the mode that lets less through."""
    return max(first, second, key=_MODES.index)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that a check has to say about a document.

    Attributes:
        code: a reason code of `headgate.codes`.
        message: one sentence for people, with the values that led to it.
        severity: `error` keeps a document out where the check is enforced.
        detail: the facts behind the message, as plain values.
        mode: the mode under which the check ran for this document.
    """

    code: str
    message: str
    severity: Severity = "error"
    detail: Mapping[str, object] = field(default_factory=dict)
    mode: Mode = "enforce"

    def __post_init__(self) -> None:
        # What a document says ends in both, and both are shown, logged and exported wherever findings go.
        if not self.message.isascii():
            object.__setattr__(self, "message", replace_surrogates(self.message))
        if self.detail:
            object.__setattr__(self, "detail", encodable(self.detail))

    @property
    def check(self) -> str:
        """The check that found it: provenance, freshness, terminology, budget or gate."""
        return CHECKS.get(self.code[:1], "gate")

    @property
    def blocks(self) -> bool:
        """Whether this finding alone keeps the document out."""
        return self.severity == "error" and self.mode == "enforce"

    def to_dict(self) -> FindingRecord:
        """Return the finding as plain JSON values."""
        return {
            "code": self.code,
            "severity": self.severity,
            "mode": self.mode,
            "message": self.message,
            "detail": dict(self.detail),
        }


def has_error(findings: Sequence[Finding]) -> bool:
    """Return whether any finding would keep a document out where its check is enforced."""
    return any(finding.severity == "error" for finding in findings)


def under_mode(findings: Sequence[Finding], mode: Mode) -> tuple[Finding, ...]:
    """Return findings marked with the mode of the check that made them."""
    # Findings are made as enforced ones, so there is nothing to mark.
    if mode == "enforce" or not findings:
        return tuple(findings)
    return tuple(replace(finding, mode=mode) for finding in findings)


@dataclass(frozen=True, slots=True)
class Decision(Displayed):
    """What was decided about one document.

    Attributes:
        index: the document's place in the input.
        action: `admit` or `drop`.
        findings: all findings, not only the first.
        source: the id of the policy's source that applied; `default` where none matched.
        uri: the document's URI: the sealed subject where there is a verified seal, otherwise what metadata says. What
            may be a secret in it (query, fragment, user information) is replaced by a short digest.
        digest: `sha-256:` and base64url of the original text; empty where the text cannot be digested.
        chunk_id: the identifier the store gave it, if any; its digest where it is long enough to hold a text.
        assurance: how much the document's provenance was proved.
        issuer: who vouches for it, if a seal was verified.
        modified: the earliest instant its last modification can mean, if known.
        age: how long before the admission that was.
        rewrite: what terminology did with the text, if anything.
        metadata_rewrites: the same for metadata entries in the prompt.
        withheld: metadata entries that must not be in the prompt, because no seal covers them.
        evidence: what the decision rests on, as plain values: the claims of the seal, and the times with their origin.
        mode: the mode of provenance under which it was made: in audit mode what leaves is what came in.
        verified: who has vouched for it last, and when, where its source has a manifest or says `verified_within`.
        tokens: how many its text had as it came, and how many enter the prompt; None where the policy has no budget.
    """

    index: int
    action: Action
    findings: tuple[Finding, ...]
    source: str
    uri: str | None = None
    digest: str = ""
    chunk_id: str | None = None
    assurance: Assurance = NONE
    issuer: str | None = None
    modified: datetime | None = None
    age: timedelta | None = None
    rewrite: Rewrite | None = field(default=None, repr=False)
    metadata_rewrites: Mapping[str, Rewrite] = field(default_factory=dict, repr=False)
    withheld: tuple[str, ...] = ()
    evidence: Mapping[str, object] = field(default_factory=dict)
    mode: Mode = "enforce"
    verified: Verification | None = None
    tokens: tuple[int, int] | None = None

    @property
    def admitted(self) -> bool:
        """Whether the document may enter the prompt."""
        return self.action == "admit"

    @property
    def is_proved(self) -> bool:
        """Whether somebody who may vouches for the document, and the proof was verified."""
        return is_proof(self.assurance)

    @property
    def codes(self) -> tuple[str, ...]:
        """The reason codes, in the order found."""
        return tuple(finding.code for finding in self.findings)

    @property
    def would_drop(self) -> bool:
        """Whether the document would be dropped if every check were enforced."""
        return has_error(self.findings)

    @property
    def reasons(self) -> tuple[Finding, ...]:
        """The findings of severity error: what kept, or would have kept, the document out."""
        return tuple(finding for finding in self.findings if finding.severity == "error")

    def to_dict(self) -> DecisionRecord:
        """Return the decision as plain JSON values; the text is represented by its digest only."""
        record: DecisionRecord = {
            "index": self.index,
            "action": self.action,
            "source": self.source,
            "uri": self.uri,
            "id": self.chunk_id,
            "digest": self.digest,
            "assurance": self.assurance,
            "issuer": self.issuer,
            "modified": self.modified.isoformat() if self.modified else None,
            "age_seconds": round(self.age.total_seconds()) if self.age is not None else None,
            "findings": [finding.to_dict() for finding in self.findings],
            "edits": _edits(self.rewrite),
            "metadata_edits": {encodable(name): _edits(rewrite) for name, rewrite in self.metadata_rewrites.items()},
            "withheld": [encodable(name) for name in self.withheld],
        }
        if self.verified is not None:
            at, by, name = self.verified
            record["verified"] = [at.isoformat(), by, name]
        if self.tokens is not None:
            record["tokens"] = list(self.tokens)
        return record


def _edits(rewrite: Rewrite | None) -> list[list[object]]:
    edits = rewrite.edits if rewrite is not None else ()
    return [_edit(edit) for edit in edits]


def _edit(edit: Edit) -> list[object]:
    """Return an edit as plain values; what is there now is added where it is not the canonical term itself."""
    entry: list[object] = [edit.start, edit.end, edit.canonical, edit.mode]
    is_said = edit.replacement == (edit.canonical if edit.mode == "replace" else edit.alias)
    return entry if is_said else [*entry, replace_surrogates(edit.replacement)]


ShortfallReason = Literal["no_more", "pool", "limit", "not_adjustable", "error"]


class Shortfall(NamedTuple):
    """Why a retrieval has given fewer admissible documents than were asked for.

    Attributes:
        wanted: how many were asked for.
        asked: how many the retriever was asked for in the end; 0 if it cannot be told a number.
        found: how many it returned then.
        reason: `no_more`: it has no more. `pool`: it has returned fewer than it was asked for, but it chooses from a
            pool of candidates or filters, so there may be more. `limit`: it was not asked for more than `max_fetch`.
            `not_adjustable`: it cannot be asked for more. `error`: it failed when it was asked for more.
    """

    wanted: int
    asked: int
    found: int
    reason: ShortfallReason


class Dropped(NamedTuple):
    """An original chunk that was not admitted, with its decision."""

    chunk: Chunk
    decision: Decision


@dataclass(frozen=True, slots=True)
class Admission(Displayed):
    """One decision per document of one retrieval.

    Attributes:
        id: a unique identifier.
        policy_revision: the digest of policy, keys and glossaries that all decisions were made under.
        mode: the policy's mode.
        now: when it was decided, in UTC.
        as_of: the past or future date the question was about, if any.
        chunks: what may enter the prompt, in the order given; new objects.
        decisions: one per input chunk, in input order.
        dropped: the original chunks that were not admitted, each with its decision.
        query_digest: the digest of the query, if one was given.
        surplus: how many more chunks were judged than were asked for, and left out of this record.
        shortfall: why there are fewer admissible documents than were asked for; None if there are not, or nobody says.
        inputs: the chunks as they came, one per decision.
        query: what was asked; in no record unless the policy's log keeps content.
        reading: the digest of the policy's `metadata` section, which says what evidence was read.
        seconds: how long the decisions took.
        on_empty: what a chain gets where nothing admissible is left; always `empty` where nothing can be kept out.
        valid_until: the earliest instant at which, as far as is known now, one of the decisions would change: for
            whoever keeps an answer that rests on them. None if no such instant is known. It knows no reload, no new
            version and no quarantine: those are news.
        pulled: which version of a policy that many gates share was in force, if one was.
    """

    id: str
    policy_revision: str
    mode: Mode
    now: datetime
    as_of: datetime | None
    chunks: tuple[Chunk, ...] = field(repr=False)
    decisions: tuple[Decision, ...]
    dropped: tuple[Dropped, ...] = field(repr=False)
    query_digest: str | None = None
    surplus: int = 0
    shortfall: Shortfall | None = None
    inputs: tuple[Chunk, ...] = field(default=(), repr=False)
    query: str | None = field(default=None, repr=False)
    reading: str = ""
    seconds: float = 0.0
    on_empty: OnEmpty = "empty"
    valid_until: datetime | None = None
    pulled: PulledRecord | None = field(default=None, repr=False)
    # Not an argument, so `replace` leaves it out and a changed admission is made into a record again.
    _made: tuple[DecisionRecord, ...] | None = field(default=None, init=False, repr=False, compare=False)

    def __repr__(self) -> str:
        # Short, and without anything that a document holds: what is printed ends in logs.
        counts = self.counts()
        codes = ", ".join(f"{code}: {count}" for code, count in sorted(counts.items()) if code not in _ACTIONS)
        return (
            f"Admission(id={self.id!r}, mode={self.mode!r}, now={self.now.isoformat()!r}, "
            f"admitted={counts['admit']}, dropped={counts['drop']}, codes={{{codes}}})"
        )

    @property
    def is_empty(self) -> bool:
        """Whether documents were found and none of them is admissible; not if none were found."""
        return bool(self.decisions) and not self.chunks

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What there is to say about the retrieval as a whole: that nothing admissible is left (G908)."""
        if not self.is_empty:
            return ()
        count = len(self.decisions)
        found = "the 1 document that was" if count == 1 else f"the {count:,} documents that were"
        message = f"None of {found} found may enter the prompt."
        return (Finding("G908", message, "warning", {"documents": count, "on_empty": self.on_empty}, self.mode),)

    @property
    def tokens(self) -> tuple[int, int] | None:
        """How many tokens the admissible documents had as they came, and how many of them enter the prompt.

        Documents that did not fit count for the first. None where the policy has no budget.
        """
        counted = [decision.tokens for decision in self.decisions if decision.tokens is not None]
        return (sum(one for one, _ in counted), sum(other for _, other in counted)) if counted else None

    def counts(self) -> dict[str, int]:
        """Return how many documents were admitted and dropped, and how many carry each code."""
        counts: Counter[str] = Counter(admit=0, drop=0)
        for decision in self.decisions:
            counts[decision.action] += 1
            counts.update(set(decision.codes))
        return dict(counts)

    def admitted(self) -> tuple[tuple[Chunk, Decision], ...]:
        """Return the admitted chunks, each with its decision."""
        return tuple(zip(self.chunks, (decision for decision in self.decisions if decision.admitted), strict=True))

    def limited_to(self, k: int) -> Admission:
        """Return the admission of the first `k` admissible chunks and of everything dropped before them."""
        if len(self.chunks) <= k:
            return self
        end, admitted = 0, 0
        while admitted < k:
            admitted += self.decisions[end].admitted
            end += 1
        return replace(
            self,
            chunks=self.chunks[:k],
            decisions=self.decisions[:end],
            dropped=tuple(dropped for dropped in self.dropped if dropped.decision.index < end),
            inputs=self.inputs[:end],
            surplus=len(self.decisions) - end,
        )

    def refused(self, finding: Finding) -> Admission:
        """Return the admission with every document dropped for one more reason."""
        decisions = tuple(
            replace(decision, action="drop", findings=(*decision.findings, finding)) for decision in self.decisions
        )
        dropped = tuple(Dropped(chunk, decision) for chunk, decision in zip(self.inputs, decisions, strict=True))
        return replace(self, chunks=(), decisions=decisions, dropped=dropped)

    def made(self) -> tuple[DecisionRecord, ...]:
        """Return the decisions as plain JSON values: made once, and shared by everybody who records this admission."""
        if self._made is None:
            object.__setattr__(self, "_made", tuple(decision.to_dict() for decision in self.decisions))
        return self._made or ()

    def to_dict(self) -> AdmissionRecord:
        """Return the admission as plain JSON values, without any text of the documents or the query."""
        record: AdmissionRecord = {
            "admission": self.id,
            "policy_revision": self.policy_revision,
            "mode": self.mode,
            "now": self.now.isoformat(),
            "as_of": self.as_of.isoformat() if self.as_of else None,
            "query_digest": self.query_digest,
            "counts": self.counts(),
            "surplus": self.surplus,
            "seconds": round(self.seconds, 6),
            "findings": [finding.to_dict() for finding in self.findings],
            "valid_until": self.valid_until.isoformat() if self.valid_until else None,
            # Copies, so that a handler that changes an entry changes it for nobody else.
            "decisions": [{**decision} for decision in self.made()],
        }
        if self.shortfall is not None:
            wanted, asked, found, reason = self.shortfall
            record["shortfall"] = {
                "wanted": wanted,
                "admitted": len(self.chunks),
                "asked": asked,
                "found": found,
                "reason": reason,
            }
        if self.pulled is not None:
            record["pulled"] = self.pulled
        return record
