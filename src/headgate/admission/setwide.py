"""The rules that look at a retrieval as a whole: supersession, the token budget, the number of documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from headgate.admission.facts import Facts
from headgate.admission.judging import Judgement
from headgate.admission.quarantine import Held
from headgate.admission.revision import Revision
from headgate.chunk import Chunk
from headgate.decision import Finding
from headgate.freshness import Candidate, find_superseded
from headgate.limits import Limits

__all__ = ["apply_budget", "apply_quarantine", "apply_supersession", "refuse_surplus"]

# A document that is not in force yet, or that claims to be from the future, replaces nothing today.
_NOT_IN_FORCE = frozenset(("F204", "F206"))


def apply_supersession(judged: Sequence[Judgement]) -> None:
    """Add F205 to every judgement whose document is in the retrieval in a newer version."""
    located = [judgement for judgement in judged if judgement.facts.uri is not None]
    if len({judgement.facts.uri for judgement in located}) == len(located):
        return
    for index, finding in find_superseded([_candidate(judgement) for judgement in located]).items():
        judged[index].add([finding], judged[index].facts.source.modes["freshness"])


def apply_quarantine(judged: Sequence[Judgement], held: Mapping[str, Held]) -> None:
    """Add P113 to every document of a source that is held back."""
    for judgement in judged:
        source = judgement.facts.source
        why = held.get(source.id)
        if why is not None:
            message = f"The source {source.id!r} is in quarantine since {why.since:%Y-%m-%d %H:%M} UTC: {why.reason}."
            detail = {"source": source.id, "since": why.since.isoformat()}
            judgement.add([Finding("P113", message, detail=detail)], source.modes["provenance"])


def apply_budget(judged: Sequence[Judgement], revision: Revision) -> None:
    """Add B402 to admitted texts that do not fit into the token budget, and B401 to one that was cut."""
    if revision.budget is None:
        return
    kept = [judgement for judgement in judged if not judgement.is_kept_out]
    mode = revision.budget_mode
    for judgement, fit in zip(kept, revision.budget.fit([judgement.text for judgement in kept]), strict=True):
        if fit.text is None:
            message = f"Its {fit.tokens:,} tokens do not fit into what is left of the budget."
            judgement.add([Finding("B402", message, detail={"tokens": fit.tokens})], mode)
        elif fit.is_cut:
            message = f"Its {fit.tokens:,} tokens were cut to fit the budget."
            judgement.add([Finding("B401", message, "warning", {"tokens": fit.tokens})], mode)
            if mode != "audit":
                judgement.text = fit.text


def refuse_surplus(chunks: Sequence[Chunk], limits: Limits, revision: Revision) -> list[Judgement]:
    """Return judgements that drop every chunk beyond the largest number that one admission judges."""
    refused = []
    for index in range(limits.chunks, len(chunks)):
        judgement = Judgement(index, chunks[index], Facts(revision.default))
        judgement.add([Finding("G904", f"One admission judges {limits.chunks:,} documents.")], revision.mode)
        refused.append(judgement)
    return refused


def _candidate(judgement: Judgement) -> Candidate:
    errors = {finding.code for finding in judgement.findings if finding.severity == "error"}
    proved = not any(code.startswith(("P", "G")) for code in errors)
    facts = judgement.facts
    seal = facts.seal
    # Versions and times are signed both or not at all, as far as they decide here.
    is_sealed = seal is not None and (seal.version is not None or seal.modified is not None)
    supersede = facts.source.freshness.supersede
    return Candidate(
        index=judgement.index,
        uri=facts.uri or "",
        version=facts.times.version,
        modified=facts.times.modified,
        is_sealed=is_sealed,
        counts=proved and not errors & _NOT_IN_FORCE,
        applies=is_sealed if supersede is None else supersede,
    )
