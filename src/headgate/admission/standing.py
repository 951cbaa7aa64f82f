"""Whether somebody has vouched for a document lately: its manifest's timestamp, and `verified_within`. No I/O."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from headgate.admission.hearing import why_unverified
from headgate.admission.judging import Judgement
from headgate.freshness import judge_verification, latest_verification
from headgate.verification import Verification

__all__ = ["judge_manifest", "judge_standing", "judge_verified"]


def judge_standing(
    judgement: Judgement,
    now: datetime,
    verified: Sequence[Verification] = (),
    *,
    is_asking: bool = True,
    unpulled: Collection[str] = (),
) -> None:
    """Add what there is to say about who has vouched for a chunk lately.

    Judged for the present, whatever date is asked about: whether somebody looked since does not depend on the question.

    Args:
        judgement: the chunk.
        now: the present.
        verified: who has vouched for it, beside its proof.
        is_asking: whether documents' own servers are asked; otherwise what they would verify is not known.
        unpulled: feeds that were never pulled.
    """
    # What has no digest could not be read, or is not a document: the note of an earlier gate.
    if not judgement.facts.digest:
        return
    judge_manifest(judgement, now)
    judge_verified(judgement, now, verified, is_asking=is_asking, unpulled=unpulled)


def judge_verified(
    judgement: Judgement,
    now: datetime,
    verified: Sequence[Verification] = (),
    *,
    is_asking: bool = True,
    unpulled: Collection[str] = (),
) -> None:
    """Add what `verified_within` says (F210, F211)."""
    facts, source = judgement.facts, judgement.facts.source
    rule = source.freshness
    if rule.verified_within is None and source.requirement.manifest is None and not verified:
        return
    every = (*facts.verified, *verified)
    found = judgement.verified = latest_verification(every, source.verifiers, now, rule.future_skew)
    if "origin" in source.verifiers and not is_asking:
        return
    if found is not None and (rule.verified_within is None or now <= rule.end_of(found.at, rule.verified_within)):
        return
    why = why_unverified(judgement, unpulled) if found is None else ""
    finding = judge_verification(found, rule, source.verifiers, now, why)
    # A proof that was refused may well say when, and who says that it is gone has looked: that nobody has is not known.
    if finding is not None and not (finding.code == "F210" and _is_out_for_worse(judgement)):
        judgement.add((finding,), source.modes["freshness"])


def judge_manifest(judgement: Judgement, now: datetime) -> None:
    """Add what there is to say about the time of the manifest that a chunk's source has (P114)."""
    source = judgement.facts.source
    manifest = source.requirement.manifest
    if manifest is None or manifest.refusal is not None:
        return
    finding = manifest.standing(now, source.requirement.grace, source.freshness.future_skew)
    if finding is not None:
        judgement.add((finding,), source.modes["provenance"])


def _is_out_for_worse(judgement: Judgement) -> bool:
    is_enforced = judgement.facts.source.modes["freshness"] == "enforce"
    return any(
        finding.severity == "error" and (finding.blocks or not is_enforced)
        for finding in judgement.findings
        if finding.check == "provenance" or finding.code in ("F207", "F212")
    )
