"""What the record of a decision says beside its findings, and what it leaves open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from headgate.admission.judging import Judgement
from headgate.admission.revision import ResolvedSource
from headgate.admission.vouching import verifications
from headgate.decision import Finding, Severity
from headgate.provenance import Attestation
from headgate.record import DecisionRecord, error_codes
from headgate.record.evidence import read_recalled, read_verified
from headgate.record.hearing import read_heard
from headgate.record.schema import EvidenceRecord
from headgate.registry import FeedState, Known, Said
from headgate.replay.listings import NotRecorded
from headgate.terminology.invisible import find_invisible
from headgate.verification import Verification

__all__ = [
    "INTRINSIC",
    "add_known",
    "add_standing",
    "codes_key",
    "error_codes_of",
    "evidence_of",
    "heard_then",
    "invisible_then",
    "verified_by",
    "what_is_unknown",
]

# What no other policy would see differently: the text itself could not be judged.
INTRINSIC = frozenset(("G902", "G903", "G904"))
# What was said about the time of the admission.
_STANDING = frozenset(("F208", "F210", "F211", "P107", "P114", "G909"))
_NOT_REPLAYED = frozenset(("P107", "P112", "P113", "P114", "G905"))


def add_known(known: dict[str, tuple[Known, ...]], judgement: Judgement, entry: DecisionRecord) -> None:
    """Add what the registry said about a document then; each of its chunks was told of its own text only."""
    proved = judgement.facts.proved
    if proved is None:
        return
    said = read_recalled(evidence_of(entry), proved.document, proved.digest)
    others = known.get(proved.document, ())
    merged = {one.key: one for one in others}
    for one in said:
        before = merged.get(one.key)
        merged[one.key] = one if before is None else replace(one, texts={**before.texts, **one.texts})
    if merged:
        known[proved.document] = tuple(merged.values())


def add_standing(judgement: Judgement, entry: DecisionRecord) -> None:
    """Add what was said about timestamps and revocations then; those of now are of another time."""
    for finding in entry["findings"]:
        if finding["code"] in _STANDING and finding["severity"] in ("error", "warning"):
            severity = cast("Severity", finding["severity"])
            found = Finding(finding["code"], "As recorded.", severity)
            check = "freshness" if found.check == "freshness" else "provenance"
            judgement.add((found,), judgement.facts.source.modes[check])
            judgement.is_revoked = judgement.is_revoked or found.code == "P107"


def invisible_then(entry: DecisionRecord) -> Mapping[str, int]:
    """Return how many characters of a document nobody sees, by kind, as far as the record says."""
    counts, text = evidence_of(entry).get("invisible"), entry.get("text")
    found = find_invisible(text) if counts is None and text is not None else None
    return counts or (found.counts if found is not None else {})


def what_is_unknown(entry: DecisionRecord, has_text: bool, invisible: str) -> str | None:
    """Return why a document that was dropped may still be dropped, though nothing in the record says so.

    Args:
        entry: the record.
        has_text: whether it has the text.
        invisible: what the policy does with characters that nobody sees.
    """
    codes = error_codes(entry)
    if "F208" in codes:
        return "its server did not answer, which depends on the time"
    if "P114" in codes:
        return "its manifest's timestamp was out of date, which depends on the time"
    if "P107" in codes:
        return "it was revoked, by a list of the time"
    if "P113" in codes:
        return "its source was in quarantine, which depends on the traffic of the time"
    # What stayed out was not looked through.
    if codes and invisible == "drop" and not has_text and "G906" not in codes:
        return "whether it holds characters that nobody sees is not recorded"
    if "B402" in codes and not has_text:
        return "it did not fit into the token budget, and the log keeps no texts to count again"
    return None


def evidence_of(entry: DecisionRecord) -> EvidenceRecord:
    """Return what a decision rested on.

    Raises:
        NotRecorded: the record does not say.
    """
    if "evidence" not in entry:
        raise NotRecorded("its evidence cannot be read")
    return entry["evidence"]


def verified_by(
    evidence: EvidenceRecord, attestation: Attestation | None, source: ResolvedSource, *, is_present: bool
) -> tuple[Verification, ...]:
    """Return who has vouched for a document: by now where the present is judged, otherwise by the time of the record.

    Raises:
        NotRecorded: the record does not say.
    """
    if attestation is None:
        return ()
    if "verified" not in evidence and source.freshness.verified_within is not None:
        raise NotRecorded("when somebody vouched for it is not recorded")
    return verifications(attestation, source) if is_present else read_verified(evidence)


def heard_then(judgement: Judgement, evidence: EvidenceRecord) -> Mapping[str, tuple[tuple[FeedState, Said], ...]]:
    """Return what feeds said of a document when it was recorded, by document."""
    document = judgement.facts.document
    return {document: read_heard(evidence, document)} if document is not None else {}


def codes_key(entry: DecisionRecord) -> str:
    """Return what of the recorded findings decides again, as a key for a memory."""
    # A seal that failed is the only case in which the recorded findings decide; others need no longer key.
    if evidence_of(entry).get("unproved_seal"):
        return repr(entry["findings"])
    return " ".join(sorted(error_codes_of(entry) & {*INTRINSIC, "G901"}))


def error_codes_of(entry: DecisionRecord) -> frozenset[str]:
    """Return the codes that spoke against a document, without those that depend on the time or are found again."""
    return frozenset(error_codes(entry)) - _NOT_REPLAYED
