"""What is known about one chunk while an admission goes on, and what it amounts to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from headgate.admission.emptiness import is_note
from headgate.admission.examining import check_failed, find_facts
from headgate.admission.facts import Facts
from headgate.admission.hidden import cleared
from headgate.admission.releases import RELEASES
from headgate.admission.revision import Revision
from headgate.chunk import SEAL_KEY, Chunk
from headgate.decision import Decision, Finding, Mode, under_mode
from headgate.encoding import safe_id
from headgate.freshness import judge_freshness
from headgate.limits import Limits
from headgate.record.evidence import with_recalled
from headgate.record.hearing import with_heard
from headgate.registry import FeedState, Known, Said
from headgate.terminology.edits import Definitions, Rewrite
from headgate.verification import Verification

__all__ = ["Judgement", "begin_judgement", "judge_times"]

_ZERO = timedelta(0)
_SEAL = frozenset((SEAL_KEY,))
# Under which name a document that names no source leaves with the proved one.
_SOURCE = "source"
_NO_REWRITES: Mapping[str, Rewrite] = {}
_NOTHING: Mapping[str, int] = {}
_PLAIN = (str, int, float, bool, type(None))
_MOST_LEAVING = 4  # of one chunk: by what its index shows and hides


class Judgement:
    """What is known about one chunk while an admission goes on.

    Attributes:
        index: its place in the input.
        chunk: the chunk as it came.
        facts: what is settled about it whatever the time.
        digest: the SHA-256 of its text; empty where it could not be read.
        findings: what the checks found so far.
        is_kept_out: whether a finding so far keeps the chunk out.
        text: its text as it would enter the prompt.
        modified: when it was last modified, at the earliest.
        age: how old it is, at most.
        rewrite: what terminology did with the text.
        metadata_rewrites: what it did with metadata entries in the prompt.
        shown: metadata entries that will be in the prompt; None where that is not known.
        withheld: metadata entries that must not be in the prompt.
        is_note: whether it is the note of an earlier gate, that nothing admissible is left.
        removed: metadata entries that leave the document as well, because a later step could show them.
        is_asked: whether the question names the edition that it is of.
        is_version_asked: whether it names the version, where that is superseded.
        listed_editions: the highest editions of its source that feeds list, where it is judged by them.
        is_revoked: whether it, or the key that signed it, was taken back.
        recalled: the versions of its document that were proved before, where it may be of another one.
        verified: who has vouched for it last, and when, as far as the policy counts that.
        heard: what the feeds of its source say of its document.
        invisible: how many signs it holds that nobody sees, by kind.
        tokens: how many its text had, and how many enter the prompt; None where nobody counts.
        definitions: what its text says that short forms stand for; None where nobody has looked.
        is_cleared: whether its metadata leaves without what nobody sees in it.
        reworded: what was made of the text as it came, or as an earlier gate released it; None where nothing was.
    """

    __slots__ = (
        "age",
        "chunk",
        "definitions",
        "digest",
        "facts",
        "findings",
        "heard",
        "index",
        "invisible",
        "is_asked",
        "is_cleared",
        "is_kept_out",
        "is_note",
        "is_revoked",
        "is_version_asked",
        "listed_editions",
        "metadata_rewrites",
        "modified",
        "recalled",
        "removed",
        "reworded",
        "rewrite",
        "shown",
        "text",
        "tokens",
        "verified",
        "withheld",
    )

    def __init__(self, index: int, chunk: Chunk, facts: Facts, digest: bytes = b"") -> None:
        self.index = index
        self.chunk = chunk
        self.digest = digest
        self.facts = facts
        self.findings = facts.findings
        self.is_kept_out = facts.is_kept_out
        self.is_note = is_note(chunk)
        self.text = (chunk.released or chunk).text
        self.modified: datetime | None = None
        self.age: timedelta | None = None
        self.rewrite: Rewrite | None = None
        self.definitions: Definitions | None = None
        self.metadata_rewrites: Mapping[str, Rewrite] = _NO_REWRITES
        self.shown = chunk.prompt_metadata
        self.withheld: tuple[str, ...] = ()
        self.removed: frozenset[str] = frozenset()
        self.is_revoked = False
        self.is_asked = False
        self.is_version_asked = False
        self.listed_editions: tuple[str, ...] = ()
        self.recalled: tuple[Known, ...] = ()
        self.verified: Verification | None = None
        self.heard: tuple[tuple[FeedState, Said], ...] = ()
        self.invisible: Mapping[str, int] = _NOTHING
        self.tokens: tuple[int, int] | None = None
        self.is_cleared = False
        self.reworded: Rewrite | None = None

    def add(self, findings: Sequence[Finding], mode: Mode) -> None:
        """Add the findings of a check that runs under `mode`."""
        marked = under_mode(tuple(findings), mode)
        self.findings = (*self.findings, *marked)
        for finding in marked:
            if finding.blocks:
                self.is_kept_out = True

    def decide(self) -> Decision:
        """Return the decision that the findings amount to."""
        facts = self.facts
        return Decision(
            index=self.index,
            action="drop" if self.is_kept_out else "admit",
            findings=self.findings,
            source=facts.source.id,
            uri=facts.shown_uri,
            digest=facts.digest,
            chunk_id=_identifier(self.chunk.id),
            assurance=facts.assurance,
            issuer=facts.attestation.issuer if facts.attestation is not None else None,
            modified=self.modified,
            age=self.age,
            rewrite=self.rewrite,
            metadata_rewrites=self.metadata_rewrites,
            withheld=self.withheld,
            evidence=self._evidence(),
            mode=facts.source.modes["provenance"],
            verified=self.verified,
            tokens=self.tokens,
        )

    def _evidence(self) -> Mapping[str, object]:
        evidence = self._lasting_evidence()
        if self.is_asked:
            evidence = {**evidence, "asked": True}
        if self.is_version_asked:
            evidence = {**evidence, "asked_version": True}
        if self.listed_editions:
            evidence = {**evidence, "editions": list(self.listed_editions)}
        return {**evidence, "invisible": dict(self.invisible)} if self.invisible else evidence

    def _lasting_evidence(self) -> Mapping[str, object]:
        evidence = self.facts.evidence
        if self.recalled:
            evidence = with_recalled(evidence, self.recalled, self.facts.digest)
        return with_heard(evidence, self.heard) if self.heard else evidence

    def outgoing(self) -> Chunk:
        """Return the chunk as it may enter the prompt: a new object with metadata of its own."""
        chunk, facts = self.chunk, self.facts
        if self.is_note:  # whatever a later step has added to it
            return Chunk(chunk.text, {}, chunk.id, chunk.score)
        if not facts.digest:  # admitted in audit mode although it could not be read: as it came
            return chunk.released or chunk
        return Chunk(RELEASES.own(self.text), self.leaving_metadata(), chunk.id, chunk.score, self.shown, chunk.media)

    def leaving_metadata(self) -> dict[str, Any]:
        """Return the metadata with which the chunk leaves: a copy where its facts, of equal metadata, are kept."""
        memory = self.facts.memory
        if memory is None or self.chunk.released is not None or self.metadata_rewrites or self.is_cleared:
            return self._left_of_metadata()
        known = memory.leaving
        left = known.get(self.removed)
        if left is None:
            left = self._left_of_metadata()
            if len(known) < _MOST_LEAVING:
                known[self.removed] = left
        left = dict(left)
        for name in self.facts.scores & left.keys():
            left[name] = self.chunk.metadata[name]
        return left

    def _left_of_metadata(self) -> dict[str, Any]:
        chunk, facts = self.chunk, self.facts
        # What an earlier gate has taken out or rewritten stays so.
        given = (chunk.released or chunk).metadata
        if type(given) is not dict:  # a mapping of somebody's own may say other things to each who asks
            given = dict(given)
        if self.metadata_rewrites:
            given = {**given, **{name: rewrite.text for name, rewrite in self.metadata_rewrites.items()}}
        # A template that nobody sees, or a step behind the gate, may print any entry, so what must not be printed
        # leaves the document. The seal has served its purpose: to a model it is noise.
        removed = self.removed | _SEAL if facts.source.requirement.takes_seal else self.removed
        metadata = {name: value for name, value in given.items() if name not in removed}
        if self.is_cleared:
            metadata = cleared(metadata)
        if facts.source.requirement.is_strict:
            # What was compared is what a template prints, whatever a subclass says of itself.
            for name, value in metadata.items():
                if type(value) not in _PLAIN:
                    metadata[name] = _plain_value(value)
            if any(type(name) is not str for name in metadata):
                metadata = {
                    str.__str__(name) if isinstance(name, str) else name: value for name, value in metadata.items()
                }
        if facts.cited is not None and (facts.source_key is None or facts.source_key in metadata):
            metadata[facts.source_key or _SOURCE] = facts.cited
        return metadata


def _plain_value(value: object) -> object:
    """Return a text or a number as what was compared; anything else as it is."""
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, int):
        return int.__index__(value)
    return float.__float__(value) if isinstance(value, float) else value


def _identifier(given: object) -> str | None:
    """Return the identifier of a chunk as records may hold it, whatever the store gave."""
    if given is None:
        return None
    if isinstance(given, str):
        return safe_id(given)
    return str(given) if isinstance(given, (int, UUID)) else None


def begin_judgement(index: int, chunk: Chunk, revision: Revision, limits: Limits) -> Judgement:
    """Return a chunk with the facts about it; never raises for anything that a chunk may hold."""
    if is_note(chunk):
        note = Judgement(index, chunk, Facts(revision.default))
        note.add((Finding("G908", "The note of an earlier gate, and no document.", "info"),), revision.strictest)
        return note
    chunk = _plain(chunk)
    data = _read_text(chunk, limits)
    if isinstance(data, Finding):
        return _unread(index, chunk, data, revision)
    try:
        return Judgement(index, chunk, *find_facts(chunk, data, revision, limits))
    except Exception as error:  # noqa: BLE001 - a value may raise wherever it is asked; the other documents go on
        return _unread(index, chunk, check_failed("provenance", error), revision)


def _unread(index: int, chunk: Chunk, finding: Finding, revision: Revision) -> Judgement:
    """Return the judgement of a chunk about which nothing could be found out, under the strictest mode there is."""
    judgement = Judgement(index, chunk, Facts(revision.default))
    judgement.add((finding,), revision.strictest)
    return judgement


def _plain(chunk: Chunk) -> Chunk:
    """Return a chunk whose text is a plain string: a subclass may say another text to a check than to a model."""
    text = chunk.text
    return replace(chunk, text=str.__str__(text)) if isinstance(text, str) and type(text) is not str else chunk


def _read_text(chunk: Chunk, limits: Limits) -> bytes | Finding:
    """Return the text as bytes, or a finding that says why it has none."""
    text = chunk.text
    if not isinstance(text, str):
        return Finding("G902", f"The text must be a string, not {type(text).__name__}.")
    # The type first: asking an abstract class costs more than all the rest of this function.
    if type(chunk.metadata) is not dict and not isinstance(chunk.metadata, Mapping):
        return Finding("G902", f"The metadata must be a mapping, not {type(chunk.metadata).__name__}.")
    # A character has at least one byte, so most oversized texts are refused before they are copied.
    if len(text) > limits.text_bytes:
        return Finding("G903", f"The text has {len(text):,} characters; the limit is {limits.text_bytes:,} bytes.")
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        return Finding("G902", f"The text holds a lone surrogate at position {error.start}.")
    if len(data) > limits.text_bytes:
        return Finding("G903", f"The text has {len(data):,} bytes; the limit is {limits.text_bytes:,}.")
    return data


def judge_times(judgement: Judgement, now: datetime, *, is_past: bool = False) -> None:
    """Add what the freshness rules of its source say about a chunk at an instant, which may be in the past."""
    facts = judgement.facts
    # The usual case: `quiet_window` has said once and for all between which instants the rules find nothing.
    if facts.is_quiet_at(now):
        basis = facts.times.age_basis()
        if basis is not None:
            judgement.modified = basis[1].earliest
            judgement.age = max(now - judgement.modified, _ZERO)
        return
    judged = judge_freshness(facts.times, facts.source.freshness, now, is_past=is_past)
    judgement.modified, judgement.age = judged.modified, judged.age
    findings = judged.findings
    is_out = facts.is_kept_out or facts.source.modes["freshness"] != "enforce"
    if findings and is_out and facts.attestation is None and facts.has_claim and _is_refuted(facts):
        # Its times may well be in the seal that was refused; that they are missing is not known. A restriction that is
        # there and cannot be read is known. Where it is the missing time that keeps it out, a seal that proves nothing
        # does not let it in.
        findings = tuple(finding for finding in findings if finding.code != "F203" or "role" in finding.detail)
    judgement.add(findings, facts.source.modes["freshness"])


def _is_refuted(facts: Facts) -> bool:
    return any(finding.check == "provenance" and finding.severity == "error" for finding in facts.findings)
