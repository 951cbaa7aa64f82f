"""The rules that look at a retrieval as a whole: supersession, the token budget, the number of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from headgate.admission.asked import names_version
from headgate.admission.currency import recall
from headgate.admission.facts import Facts, Witness, document_in
from headgate.admission.judging import Judgement
from headgate.admission.quarantine import Held
from headgate.admission.releases import RELEASES
from headgate.admission.revision import Revision
from headgate.chunk import Chunk
from headgate.decision import Finding, Mode
from headgate.freshness import Candidate, Interval, as_release, find_superseded
from headgate.freshness.supersession import is_in_force
from headgate.limits import Limits
from headgate.registry import Known
from headgate.terminology.edits import Rewrite

__all__ = ["apply_budget", "apply_quarantine", "apply_supersession", "candidate_of", "drop_notes", "refuse_surplus"]

# A document that is not in force yet, or that claims to be from the future, replaces nothing today.
_NOT_IN_FORCE = frozenset(("F204", "F206"))


def apply_supersession(
    judged: Sequence[Judgement],
    at: datetime,
    known: Mapping[str, tuple[Known, ...]] | None = None,
    query: object = None,
) -> None:
    """Add F205 to every judgement whose document is in the retrieval, or was proved before, in a newer version.

    Args:
        judged: the documents of one retrieval.
        at: the instant they are judged for; what is not in force then replaces nothing.
        known: what the registry knows of documents, by document.
        query: the question, if it is known. A version that it names is served, marked, where the policy says so.
    """
    # What was taken back pushes out nothing, and is kept out already.
    standing = [judgement for judgement in judged if not judgement.is_revoked]
    located = [judgement for judgement in standing if judgement.facts.document is not None]
    witnesses = [(one, one.facts.witness) for one in standing if one.facts.witness is not None]
    recalled = recall(standing, known, at) if known else []
    # The usual retrieval: no document twice, nothing to compare.
    if not (witnesses or recalled) and len({judgement.facts.document for judgement in located}) == len(located):
        return
    candidates = [_candidate(judgement, at) for judgement in located if judgement.facts.witness is None]
    candidates += [_witness(judgement, witness, at) for judgement, witness in witnesses]
    candidates += recalled
    for index, finding in find_superseded(candidates).items():
        judgement = judged[index]
        judgement.add([_as_asked(judgement, finding, query)], judgement.facts.source.modes["freshness"])


def _as_asked(judgement: Judgement, finding: Finding, query: object) -> Finding:
    release, freshness = judgement.facts.times.release, judgement.facts.source.freshness
    is_named = release is not None and names_version(query, str(release))
    judgement.is_version_asked = judgement.is_version_asked or is_named
    is_served = judgement.is_version_asked and freshness.asked == "warn"
    return replace(finding, severity="warning") if is_served else finding


def candidate_of(judgement: Judgement, at: datetime) -> Candidate | None:
    """Return a judged chunk as supersession looks at it; None for what takes no part in it.

    For whoever compares more documents than one admission can hold, by the same rule.
    """
    facts = judgement.facts
    if judgement.is_revoked:
        return None
    if facts.witness is not None:
        return _witness(judgement, facts.witness, at)
    return _candidate(judgement, at) if facts.document is not None else None


def apply_quarantine(judged: Sequence[Judgement], held: Mapping[str, Held]) -> None:
    """Add P113 to every document of a source that is held back."""
    for judgement in judged:
        source = judgement.facts.source
        why = held.get(source.id)
        if why is not None:
            message = (
                f"The source {source.id!r} has been in quarantine since {why.since:%Y-%m-%d %H:%M} UTC: {why.reason}."
            )
            detail = {"source": source.id, "since": why.since.isoformat()}
            judgement.add([Finding("P113", message, detail=detail)], source.modes["provenance"])


def drop_notes(judged: Sequence[Judgement], mode: Mode) -> None:
    """Drop the note of an earlier gate, that nothing is admissible, where something is."""
    notes = [judgement for judgement in judged if judgement.is_note]
    if notes and any(not judgement.is_kept_out and not judgement.is_note for judgement in judged):
        for note in notes:
            note.add([Finding("G908", "An earlier gate found nothing admissible; something else is.")], mode)


def apply_budget(judged: Sequence[Judgement], revision: Revision) -> None:
    """Add B402 to admitted texts that do not fit into the token budget, and B401 to one that was cut."""
    if revision.budget is None:
        return
    kept = [judgement for judgement in judged if not judgement.is_kept_out]
    mode = revision.budget_mode
    fits = revision.budget.fit([one.text for one in kept], [_terms_of(one) for one in kept])
    for judgement, fit in zip(kept, fits, strict=True):
        original = judgement.chunk.text
        before = fit.tokens if original == judgement.text else revision.budget.count(original)
        judgement.tokens = before, fit.left if mode != "audit" else fit.tokens
        if fit.text is None:
            message = f"Its {fit.tokens:,} tokens do not fit into what is left of the budget."
            judgement.add([Finding("B402", message, detail={"tokens": fit.tokens})], mode)
        elif fit.is_cut:
            message = f"Its {fit.tokens:,} tokens were cut to {fit.left:,} to fit the budget."
            judgement.add([Finding("B401", message, "warning", {"tokens": fit.tokens})], mode)
            if mode != "audit":
                judgement.text = fit.text


def _terms_of(judgement: Judgement) -> Sequence[tuple[int, int]]:
    """Return where terminology has written something, of this gate or of an earlier one: it is not cut in two."""
    reworded, released = judgement.reworded, judgement.chunk.released
    terms = _written(reworded) if reworded is not None else []
    known = RELEASES.find(released) if released is not None else None
    before = known.decision.rewrite if known is not None else None
    if released is not None and before is not None and before.text == released.text:
        earlier = _written(before)
        terms += [reworded.to_rewritten(*term) for term in earlier] if reworded is not None else earlier
    return terms


def _written(rewrite: Rewrite) -> list[tuple[int, int]]:
    return [(start, end) for _, _, start, end in rewrite.alignment.spans]


def refuse_surplus(chunks: Sequence[Chunk], limits: Limits, revision: Revision) -> list[Judgement]:
    """Return judgements that drop every chunk beyond the largest number that one admission judges."""
    refused = []
    # Surplus chunks are neither read nor hashed: their number is what is being bounded.
    for index in range(limits.chunks, len(chunks)):
        judgement = Judgement(index, chunks[index], Facts(revision.default))
        judgement.add([Finding("G904", f"One admission judges {limits.chunks:,} documents.")], revision.strictest)
        refused.append(judgement)
    return refused


def _candidate(judgement: Judgement, at: datetime) -> Candidate:
    facts = judgement.facts
    times, rule = facts.times, facts.source.freshness
    is_signed = facts.attestation is not None and (times.is_signed("version") or times.is_signed("modified"))
    if is_signed:
        version = times.release if times.is_signed("version") else None
        modified = times.intervals.get("modified") if times.is_signed("modified") else None
        # Only what is signed tells whether a signed version is in force: if an unsigned entry could keep the current
        # version from counting, it would bring back the one before it.
        earliest = modified.earliest if modified is not None else None
        counts = is_in_force(earliest, times.signed_start, at, rule.future_skew)
    else:
        evidence = rule.evidence_for(facts.source.requirement.require, is_proved=facts.attestation is not None)
        version = times.release if evidence == "any" else None
        modified = times.intervals.get("modified")
        errors = {finding.code for finding in judgement.findings if finding.severity == "error"}
        counts = not errors & _NOT_IN_FORCE and not any(code.startswith(("P", "G")) for code in errors)
    return Candidate(
        index=judgement.index,
        document=document_in(facts.source, facts.document or ""),
        # What nobody signed never pushes out what is proved, not even where policies let it fill what a seal lacks.
        evidence="signed" if is_signed else "unsigned" if facts.attestation is None else "filled",
        uri=facts.uri or "",
        digest=facts.digest,
        version=version,
        modified=modified,
        counts=counts,
        applies=is_signed if rule.supersede is None else rule.supersede,
        tolerance=rule.supersede_tolerance,
    )


def _witness(judgement: Judgement, witness: Witness, at: datetime) -> Candidate:
    """Return a refused document as what its text still proves, because it was signed: that its version exists.

    Otherwise an entry added to the current version, which has it refused, would bring back the one before.
    """
    rule, modified = witness.source.freshness, witness.modified
    return Candidate(
        index=judgement.index,
        document=document_in(witness.source, witness.document),
        evidence="signed",
        uri=witness.uri,
        digest=judgement.facts.digest,
        version=as_release(witness.version),
        modified=Interval(modified, modified) if modified is not None else None,
        counts=(witness.version is not None or modified is not None)
        and is_in_force(modified, witness.valid_from, at, rule.future_skew),
        applies=False,
        tolerance=rule.supersede_tolerance,
    )
