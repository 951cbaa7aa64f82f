"""What was proved before about the documents of an admission, and what the registry has to learn of it. No I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from headgate.admission.facts import document_in
from headgate.admission.judging import Judgement
from headgate.decision import has_error
from headgate.freshness import Candidate, Interval, as_release
from headgate.freshness.supersession import is_in_force
from headgate.registry import Known, Proved

__all__ = ["documents_asked", "newly_proved", "recall"]


def documents_asked(judged: Sequence[Judgement]) -> set[str]:
    """Return the documents of which the registry is asked: those of a signed version."""
    return {one.facts.proved.document for one in judged if one.facts.proved is not None}


def recall(judged: Sequence[Judgement], known: Mapping[str, tuple[Known, ...]], at: datetime) -> list[Candidate]:
    """Return the versions that were proved before, for documents that may be of another one.

    Only what the keys of a document's own source have signed counts, and only what is in force at the instant.
    """
    recalled: dict[tuple[str, str], Candidate] = {}
    for judgement in judged:
        proved = judgement.facts.proved
        facts = known.get(proved.document, ()) if proved is not None else ()
        if proved is None or all(one.key == proved.key and one.holds(proved) for one in facts):
            continue
        for one in facts:
            if _counts(one, judgement, at):
                judgement.recalled = (*judgement.recalled, one)
                name = document_in(judgement.facts.source, one.document)
                recalled[name, one.key] = _candidate(name, one, judgement)
    return list(recalled.values())


def newly_proved(judged: Sequence[Judgement], known: Mapping[str, tuple[Known, ...]]) -> Iterator[Proved]:
    """Yield what was admitted without a word against it and is not known yet."""
    for judgement in judged:
        proved = judgement.facts.proved
        if proved is None:
            continue
        if has_error(judgement.findings):
            continue
        if not any(one.key == proved.key and one.holds(proved) for one in known.get(proved.document, ())):
            yield proved


def _counts(known: Known, judgement: Judgement, at: datetime) -> bool:
    source = judgement.facts.source
    key = next((one for one in source.requirement.keys if one.thumbprint == known.key), None)
    if key is None or source.requirement.is_revoked(key):
        return False
    return is_in_force(known.modified, known.valid_from, at, source.freshness.future_skew)


def _candidate(document: str, known: Known, judgement: Judgement) -> Candidate:
    facts = judgement.facts
    texts = known.texts.items()
    if known.version is None and known.modified is not None:
        # Without versions the texts of one version are those of about its time.
        tolerance = facts.source.freshness.supersede_tolerance
        texts = {text: time for text, time in texts if time is None or known.modified - time <= tolerance}.items()
    return Candidate(
        index=-1,
        document=document,
        evidence="signed",
        uri=facts.uri or "",
        texts=frozenset(text for text, _ in texts),
        known_since=known.verified,
        version=as_release(known.version),
        modified=Interval(known.modified, known.modified) if known.modified is not None else None,
        applies=False,
        tolerance=facts.source.freshness.supersede_tolerance,
    )
