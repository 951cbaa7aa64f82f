"""The adoption report and the stale list for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, Literal

from rich.console import Group
from rich.text import Text

from headgate.encoding import in_number
from headgate.history.adoption import Adoption
from headgate.history.causes import NO_REASON, reason_in_words
from headgate.history.counting import modes_in_words
from headgate.history.remedies import Remedy
from headgate.history.stale import StaleDocument, StaleList
from headgate.report import (
    TERMINAL,
    Step,
    Verdict,
    add_view,
    age_in_words,
    badge,
    clip,
    copied,
    escape,
    escape_words,
    funnel_chart,
    linked_html,
    new_table,
    plain,
    prose,
    ranked,
    signed,
    steps_rich,
    table,
    uri_html,
    verdict_html,
    verdict_rich,
    within,
)

__all__ = ["adoption_html", "adoption_rich", "adoption_verdict", "stale_html", "stale_rich", "stale_verdict"]

_ROWS = 50
_STEPS = 3
# A document that has used up so much of its time is worth a look.
_SOON = 0.8
_KINDS = {"to fix": "warn", "to decide": "warn", "rightly out": "good"}
_STALE_HEAD = ("document", "source", "state", "score", "prompts", "age", "time left")
_SCORE = "The score is the number of prompts times the share of its time that a document has used up."


def adoption_verdict(found: Adoption) -> Verdict:
    """Return how far a team is from enforcement."""
    sentence = _adoption_sentence(found)
    if not found.admissions:
        return Verdict("warn", sentence)
    if not found.blocked:
        rest = " of enforcing the rest" if "enforce" in found.modes else ""
        if found.is_enforced:
            return Verdict("good", sentence)
        if found.under_others or found.is_of_few:
            words = f"Nothing that was seen stands in the way{rest}. Go on in this mode, and look again later."
            return Verdict("warn", sentence, steps=(Step(words),))
        return Verdict(
            "good", sentence, steps=(Step(f"Nothing stands in the way{rest}. In the policy:", "mode: enforce"),)
        )
    before = f"{in_number(found.documents, 'document')} retrieved for {in_number(found.admissions, 'prompt')}"
    verb = "are" if found.is_enforced else "would be"
    after = f"{found.documents - found.blocked:,} of them {verb} in prompts; "
    after += f"{in_number(found.empty_prompts, 'prompt')} {'have' if found.is_enforced else 'would have'} none"
    steps: list[Step] = []
    for remedy in found.remedies():
        if remedy.verdict != "rightly out" and len(steps) < _STEPS:
            lets_in = f"{_problem(remedy)} ({in_number(remedy.documents, 'document')}): {remedy.todo}"
            steps.append(Step(lets_in, remedy.policy or ""))
    if not steps and not found.is_enforced:
        steps.append(Step("What is blocked is rightly out. In the policy:", "mode: enforce"))
    # What is only rightly out is what the gate is for.
    is_due = any(remedy.verdict != "rightly out" for remedy in found.remedies())
    kind: Literal["good", "bad", "warn"] = "good" if not is_due else "bad" if found.empty_prompts else "warn"
    return Verdict(kind, sentence, before, after, steps)


def adoption_html(found: Adoption) -> str:
    """Return an adoption report as HTML."""
    parts = [verdict_html(adoption_verdict(found))]
    parts += [f"<p>{escape(note)}</p>" for note in _adoption_notes(found)]
    reasons = ranked(found.reasons)
    if reasons:
        lost = [(reason_in_words(code), count) for code, count in reasons]
        parts.append(funnel_chart(found.documents, lost, "admitted" if found.is_enforced else "admissible"))
        remedies = found.remedies()
        kept, rest = within(map(_remedy_cells, remedies), len(remedies), "causes", len(remedies))
        head = ("what keeps them out", "documents", "only that", "verdict", "what to do")
        parts += ["<h2>What to do</h2>", table(head, kept, numbers=(1, 2)) + rest]
    if found.sources:
        sources = ((f"<bdi>{escape(clip(name, 80))}</bdi>", f"{n:,}") for name, n in found.sources.most_common())
        kept, rest = within(sources, len(found.sources), "sources")
        parts += ["<h2>Blocked by source</h2>", table(("source", "documents"), kept, numbers=(1,)) + rest]
    return "".join(parts)


def adoption_rich(found: Adoption) -> Group:
    """Return an adoption report for a terminal."""
    parts: list[Any] = [verdict_rich(adoption_verdict(found))]
    parts += [prose(note) for note in _adoption_notes(found)]
    columns = [("what keeps them out", False), ("documents", True), ("only that", True), ("verdict", False)]
    listed = new_table("What keeps documents out, and what to do", [*columns, ("what to do", False)])
    for remedy in found.remedies():
        todo = remedy.todo + (f"\n{remedy.policy}" if remedy.policy else "")
        listed.add_row(
            plain(_problem(remedy)),
            f"{remedy.documents:,}",
            f"{remedy.alone:,}",
            signed(remedy.verdict, _KINDS[remedy.verdict]),
            prose(todo),
        )
    if listed.row_count:
        parts += [Text(), listed]
    if not any(remedy.verdict != "rightly out" for remedy in found.remedies()):
        # Otherwise the table says what to do.
        parts.append(steps_rich(adoption_verdict(found)))
    return Group(*parts)


def _remedy_cells(remedy: Remedy) -> tuple[str, ...]:
    policy = copied(clip(remedy.policy, 600)) if remedy.policy else ""
    return (
        f"{linked_html(remedy.code)} {escape(remedy.problem)}" if remedy.code != NO_REASON else escape(remedy.problem),
        f"{remedy.documents:,}",
        f"{remedy.alone:,}",
        badge(remedy.verdict, _KINDS[remedy.verdict]),
        escape_words(remedy.todo) + policy,
    )


def _problem(remedy: Remedy) -> str:
    return f"{remedy.code} {remedy.problem}" if remedy.code != NO_REASON else remedy.problem


def stale_verdict(found: StaleList) -> Verdict:
    """Return how many documents that prompts rest on are out of date."""
    sentence = _stale_sentence(found)
    if not found.documents:
        return Verdict("warn", sentence)
    if not found.past:
        return Verdict("good", sentence)
    worst = next((one for one in found.documents if one.left <= timedelta(0)), found.documents[0])
    words = f"Update or re-verify {clip(worst.document, 120)}: {in_number(worst.prompts, 'prompt')} rested on it."
    return Verdict("bad", sentence, steps=(Step(words, "headgate explain F202"),))


def stale_html(found: StaleList) -> str:
    """Return a stale list as HTML."""
    parts = [verdict_html(stale_verdict(found))]
    rows = (
        (
            uri_html(document.document, 160),
            f"<bdi>{escape(clip(document.source, 60))}</bdi>",
            badge(*_stale_badge(document)),
            f"{document.damage:,.1f}",
            f"{document.prompts:,}",
            escape(_age(document)),
            escape(_left(document)),
        )
        for document in found.documents
    )
    kept, rest = within(rows, len(found.documents), "documents")
    if kept:
        parts += [table(_STALE_HEAD, kept, numbers=(3, 4)) + rest, f'<p class="soft">{_SCORE}</p>']
    return "".join(parts)


def stale_rich(found: StaleList) -> Group:
    """Return a stale list for a terminal."""
    columns = [(name, name in ("score", "prompts")) for name in _STALE_HEAD if name != "state"]
    listed = new_table(None, columns)
    for document in found.documents[:_ROWS]:
        is_past = document.left <= timedelta(0)
        listed.add_row(
            plain(document.document, 80),
            plain(document.source, 30),
            f"{document.damage:,.1f}",
            f"{document.prompts:,}",
            _age(document),
            signed(_left(document), "warn") if is_past else Text(_left(document)),
        )
    parts: list[Any] = [verdict_rich(stale_verdict(found))]
    if listed.row_count:
        parts += [Text(), listed, Text(_SCORE, style=TERMINAL["before"])]
    if len(found.documents) > _ROWS:
        more = f"and {len(found.documents) - _ROWS:,} more documents; --json lists all"
        parts.append(Text(more, style=TERMINAL["before"]))
    return Group(*parts, steps_rich(stale_verdict(found)))


def _stale_badge(document: StaleDocument) -> tuple[str, str]:
    if document.left <= timedelta(0):
        return "past its date", "warn"
    return ("ends soon", "warn") if document.used >= _SOON else ("in date", "before")


def _adoption_sentence(found: Adoption) -> str:
    if not found.admissions:
        return "The log holds no admission."
    modes = found.modes
    verb = (
        "blocked"
        if found.is_enforced
        else "would have blocked"
        if "enforce" not in modes
        else "blocked, or would have,"
    )
    share = found.blocked / found.documents if found.documents else 0
    return (
        f"Between {_when(found.since)} and {_when(found.until)}, headgate {verb} "
        f"{found.blocked:,} of {found.documents:,} "
        f"{'document' if found.documents == 1 else 'documents'} ({share:.0%}), "
        f"in {found.touched_prompts:,} of {in_number(found.admissions, 'prompt')} "
        f"({modes_in_words(modes)})."
    )


def _adoption_notes(found: Adoption) -> Iterator[str]:
    if found.admissions and found.is_of_few and not found.is_enforced:
        seen = f"{in_number(found.admissions, 'prompt')} with {in_number(found.documents, 'document')}"
        yield f"Seen so far: {seen}, which says little about the next ones."
    if found.under_others:
        others = f"{found.under_others:,} of {in_number(found.admissions, 'prompt')}"
        yield f"Decided under a different revision of the policy: {others}. `headgate replay` decides them again."
    for code, want in (("F203", "no date can be used"), ("P101", "a seal is missing"), ("P109", "no source matches")):
        count = found.only(code)
        if count:
            were = ("was" if count == 1 else "were") if found.is_enforced else "would be"
            yield f"{in_number(count, 'document')} {were} kept out only because {want}."
    if found.empty_prompts:
        verb = "had" if found.is_enforced else "would have"
        note = f"{in_number(found.empty_prompts, 'prompt')} {verb} no document left."
        if found.empty_prompts == found.admissions:
            code, count = ranked(found.reasons)[0]
            note += f" The most frequent reason is {reason_in_words(code)} ({count:,})."
        yield note
    if found.skipped:
        yield f"{in_number(found.skipped, 'line')} of the log skipped."


def _stale_sentence(found: StaleList) -> str:
    if not found.documents and not found.undated:
        return "No document entered a prompt."
    dated = in_number(len(found.documents), "dated document")
    verb = "is past its date" if 1 in (found.past, len(found.documents)) else "are past their date"
    said = [
        f"{found.past:,} of {dated} that entered prompts {verb} on {found.now:%Y-%m-%d}."
        if found.documents
        else f"Of {in_number(found.undated, 'document')} that entered prompts, nothing says when they go out of date."
    ]
    bare = found.undated - found.unruled
    if bare:
        said.append(
            f"{bare:,} {_have(bare)} no date that counts: `DateDocuments` and `DateNodes` find one at ingestion, and "
            "`metadata.modified` in the policy names the key of one that is there."
        )
    if found.unruled:
        lack = (
            "no max_age of the policy is for it" if found.has_policy else "no policy says how old it may be (--policy)"
        )
        said.append(f"{found.unruled:,} {_have(found.unruled)} a date of change, and {lack}.")
    return " ".join((*said, *(["There were so many that the rarest were forgotten."] if found.is_pruned else [])))


def _have(count: int) -> str:
    return "has" if count == 1 else "have"


def _when(instant: str | None) -> str:
    return (instant or "?")[:16].replace("T", " ")


def _age(document: StaleDocument) -> str:
    return age_in_words(document.age.total_seconds()) if document.age is not None else "unknown"


def _left(document: StaleDocument) -> str:
    seconds = document.left.total_seconds()
    return f"{age_in_words(-seconds)} over" if seconds < 0 else age_in_words(seconds)


add_view(Adoption, adoption_html, adoption_rich)
add_view(StaleList, stale_html, stale_rich)
