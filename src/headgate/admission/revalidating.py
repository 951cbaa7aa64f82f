"""Live revalidation: what is asked of documents' own servers, and how their answers are put. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from headgate.admission.editions import is_of_another_edition
from headgate.admission.judging import Judgement
from headgate.admission.planning import Plan
from headgate.decision import Finding, Severity
from headgate.encoding import safe_uri, to_json
from headgate.freshness import identify_document, judge_freshness
from headgate.origins.filesystems import is_file, is_stored
from headgate.origins.questions import Asked, Question
from headgate.policy import format_duration
from headgate.registry import NEVER_TOLD, Answer, FeedState, Said

__all__ = ["answered", "judge_unanswered", "origin_id", "questions_of", "timeout_of"]


# A hash route is a page that the server does not know: what it says is said of what shows all of them.
_ROUTE = "#!"


def origin_id(source: str) -> str:
    """Return what the live answers about a source's documents are known by, beside its feeds."""
    return f"origin {source}"


def questions_of(plan: Plan) -> dict[int, Question]:
    """Return what is asked, by the place of the chunk: only about what nothing speaks against so far.

    A document's own address is one that its source matches, or it would be of another source. Nothing else is asked; a
    store only where the policy says how.
    """
    found: dict[int, Question] = {}
    for judgement in plan.judgements:
        facts = judgement.facts
        rule, uri = facts.source.revalidate, facts.uri
        if rule is None or uri is None or (facts.document is not None and _ROUTE in facts.document):
            continue
        if _is_out(judgement, plan):
            continue
        if uri.startswith("https://") or is_file(uri):
            found[judgement.index] = Question(uri, rule.after, source=facts.source.id, timeout=rule.timeout)
        elif rule.store is not None and is_stored(uri):
            found[judgement.index] = Question(uri, rule.after, to_json(rule.store), facts.source.id, rule.timeout)
    return found


def _is_out(judgement: Judgement, plan: Plan) -> bool:
    """Return whether something speaks against a chunk that needs no answer: its proof, its times, its edition."""
    if judgement.findings and any(finding.severity == "error" for finding in judgement.findings):
        return True
    if not plan.is_past and is_of_another_edition(judgement):
        return True
    facts = judgement.facts
    if facts.quiet is not None and facts.quiet[0] <= plan.at <= facts.quiet[1]:
        return False
    judged = judge_freshness(facts.times, facts.source.freshness, plan.at, is_past=plan.is_past)
    return any(finding.severity == "error" for finding in judged.findings)


def timeout_of(judged: Sequence[Judgement]) -> timedelta:
    """Return how long an admission waits for all its answers: the longest time that a source of its documents has."""
    rules = [one.facts.source.revalidate for one in judged]
    return max((rule.timeout for rule in rules if rule is not None), default=timedelta(0))


def answered(judgement: Judgement, answers: Mapping[int, Asked], now: datetime) -> tuple[tuple[FeedState, Said], ...]:
    """Return what the server at a chunk's own address says, as what a feed would say of the document."""
    asked = answers.get(judgement.index)
    if asked is None or asked.answer is None:
        return ()
    return (_as_heard(judgement, asked.question, asked.answer, now),)


def _as_heard(judgement: Judgement, question: Question, answer: Answer, now: datetime) -> tuple[FeedState, Said]:
    kept = judgement.facts.heard_before
    known = kept.get("answer") if kept is not None else None
    if known is not None and known[0] is answer:
        pair: tuple[FeedState, Said] = known[1]
        return pair
    document, host = judgement.facts.document or "", _server(question)
    # What was answered during this very admission is not from the future.
    at = min(answer.at, now)
    state = FeedState(origin_id(judgement.facts.source.id), host, at, kind="origin")
    said = Said(document, at, answer.is_gone, answer.moved_to, answer.modified, answer.untold_until)
    redirects = judgement.facts.source.redirects
    if answer.moved_to is not None and redirects.current(identify_document(answer.moved_to)) == document:
        # As is listed: that it is there under its new address says nothing of its text.
        said = replace(said, is_gone=False, moved_to=None, untold_until=NEVER_TOLD)
    pair = state, said
    if kept is not None:
        kept["answer"] = answer, pair
    return pair


def judge_unanswered(judgement: Judgement, answers: Mapping[int, Asked], now: datetime) -> None:
    """Add that a chunk's server did not answer in time (F208), where no answer is young enough to count."""
    rule, asked = judgement.facts.source.revalidate, answers.get(judgement.index)
    if rule is None or asked is None:
        return
    question, answer, problem = asked
    age = now - answer.at if answer is not None else None
    if age is not None and age < rule.after:
        return
    is_excused = rule.on_error == "warn" or (age is not None and age < rule.after + rule.grace)
    severity: Severity = "warning" if is_excused else "error"
    last = f"; its last answer was {format_duration(age)} ago" if age is not None else ""
    message = f"{_server(question)} did not answer in time{last}."
    if problem is not None:
        message = f"{_server(question)} gave no answer that counts ({problem.rstrip('.')}){last}."
    detail = {"uri": safe_uri(question.url), "answered": answer.at.isoformat() if answer is not None else None}
    judgement.add((Finding("F208", message, severity, detail),), judgement.facts.source.modes["freshness"])


def _server(question: Question) -> str:
    return urlsplit(question.url).netloc or "the file system"
