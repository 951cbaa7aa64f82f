"""Live revalidation: what is asked of documents' own servers, and how their answers are put. No I/O."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from headgate.admission.editions import is_of_another_edition
from headgate.admission.judging import Judgement
from headgate.admission.planning import Plan
from headgate.clock import FIRST_DATE
from headgate.decision import Finding, Severity, has_error
from headgate.encoding import safe_uri, to_json
from headgate.freshness import Interval, identify_document, judge_freshness
from headgate.origins.filesystems import is_file, is_stored
from headgate.origins.questions import Asked, Question
from headgate.policy import format_duration
from headgate.policy.freshness import Revalidation
from headgate.registry import NEVER_TOLD, Answer, FeedState, Said

__all__ = ["answered", "judge_unanswered", "origin_id", "questions_of", "timeout_of", "written_of"]


# A hash route is a page that the server does not know: what it says is said of what shows all of them.
_ROUTE = "#!"


def origin_id(source: str) -> str:
    """Return what the live answers about a source's documents are known by, beside its feeds."""
    return f"origin {source}"


def questions_of(plan: Plan) -> dict[int, Question]:
    """Return what is asked, by the place of the chunk: only about what has passed so far.

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
            found[judgement.index] = _question(judgement, rule, uri, plan.now)
        elif rule.store is not None and is_stored(uri):
            found[judgement.index] = _question(judgement, rule, uri, plan.now)._replace(store=to_json(rule.store))
    return found


def _question(judgement: Judgement, rule: Revalidation, uri: str, now: datetime) -> Question:
    facts = judgement.facts
    proof = facts.attestation
    written = written_of(judgement)
    return Question(
        uri,
        rule.after,
        source=facts.source.id,
        timeout=rule.timeout,
        # A clock that is ahead would have every answer come too early.
        written=written.earliest if written is not None and written.earliest <= now else None,
        sealed=proof.issued_at if proof is not None else None,
        validators=proof.validators if proof is not None else None,
        heeds_server=rule.cache_control == "follow",
    )


def _is_out(judgement: Judgement, plan: Plan) -> bool:
    """Return whether something is wrong with a chunk that needs no answer: its proof, its times, its edition."""
    if has_error(judgement.findings):
        return True
    if not plan.is_past and is_of_another_edition(judgement):
        return True
    facts = judgement.facts
    if facts.is_quiet_at(plan.at):
        return False
    return has_error(judge_freshness(facts.times, facts.source.freshness, plan.at, is_past=plan.is_past).findings)


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
    document, host = judgement.facts.document or "", _server(question)
    # What was answered during this very admission is not from the future.
    at = min(answer.at, now)
    state = FeedState(origin_id(judgement.facts.source.id), host, at, kind="origin")
    seen = at
    if answer.is_gone:  # to a question about the past it counts from then on; where that is not known, always
        seen = answer.gone_since if answer.gone_since is not None else FIRST_DATE
    said = Said(document, seen, answer.is_gone, answer.moved_to, answer.modified, answer.untold_until)
    said = _compared(said, question, answer)
    redirects = judgement.facts.source.redirects
    if answer.moved_to is not None and redirects.current(identify_document(answer.moved_to)) == document:
        # As is listed: that it is there under its new address says nothing of its text.
        said = replace(said, is_gone=False, moved_to=None, untold_until=NEVER_TOLD)
    return state, said


def _compared(said: Said, question: Question, answer: Answer) -> Said:
    """Return what an answer says of this very text, by the validators that were sealed with it."""
    sealed = question.validators
    is_later = question.sealed is None or answer.at >= question.sealed
    is_about = question.is_subject_of(answer)
    found = sealed.compare(answer.etag, answer.stated) if sealed is not None and not answer.is_gone else None
    if found == "same":  # whatever dates say: it is what was sealed
        return replace(said, modified=None, untold_until=FIRST_DATE)
    if found == "other" and is_later:
        return replace(said, is_other=True)
    # What was written after the answer, or is not what it speaks of, is not verified by it.
    return replace(said, untold_until=NEVER_TOLD) if found is not None or not is_about else said


def written_of(judgement: Judgement) -> Interval | None:
    """Return as of when the text is what it is: its last modification, or else the time at which it was vouched for."""
    facts = judgement.facts
    basis = facts.times.age_basis()
    if basis is not None:
        return basis[1]
    # Nothing that the policy does not count: a date that nobody signed must not outdo what a feed says.
    vouched = max((one.at for one in facts.verified if one.by == "seal"), default=None)
    return Interval(vouched, vouched) if vouched is not None else None


def judge_unanswered(judgement: Judgement, answers: Mapping[int, Asked], now: datetime) -> None:
    """Add that a chunk's server did not answer in time (F208), where no answer is young enough to count."""
    rule, asked = judgement.facts.source.revalidate, answers.get(judgement.index)
    if rule is None or asked is None:
        return
    question, answer, problem = asked.question, asked.answer, asked.problem
    if answer is not None and question.is_met_by(answer, now):
        return
    age = now - answer.at if answer is not None else None
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
