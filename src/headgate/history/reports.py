"""The adoption report and the stale list for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from rich.console import Group
from rich.text import Text

from headgate.history.adoption import Adoption
from headgate.history.causes import NO_REASON, reason_in_words
from headgate.history.counting import modes_in_words
from headgate.history.remedies import Remedy
from headgate.history.stale import StaleDocument, StaleList
from headgate.report import (
    add_view,
    age_in_words,
    badge,
    clip,
    escape,
    funnel_chart,
    new_table,
    plain,
    prose,
    ranked,
    table,
    within,
)

__all__ = ["adoption_html", "adoption_rich", "stale_html", "stale_rich"]

_ROWS = 50


def adoption_html(found: Adoption) -> str:
    """Return an adoption report as HTML."""
    parts = [f"<p><strong>{escape(_adoption_sentence(found))}</strong></p>"]
    parts += [f"<p>{escape(note)}</p>" for note in _adoption_notes(found)]
    reasons = ranked(found.reasons)
    if reasons:
        lost = [(reason_in_words(code), count) for code, count in reasons]
        parts.append(funnel_chart(found.documents, lost, "admitted" if found.is_enforced else "admissible"))
        kept, rest = within(
            map(_remedy_cells, found.remedies()), len(found.remedies()), "causes", len(found.remedies())
        )
        head = ("what keeps them out", "documents", "only that", "verdict", "what to do")
        parts += ["<h3>What to do</h3>", table(head, kept, numbers=(1, 2)) + rest]
    if found.sources:
        sources = ((escape(clip(name, 80)), f"{count:,}") for name, count in found.sources.most_common())
        kept, rest = within(sources, len(found.sources), "sources")
        parts += ["<h3>Blocked by source</h3>", table(("source", "documents"), kept, numbers=(1,)) + rest]
    return "".join(parts)


def adoption_rich(found: Adoption) -> Group:
    """Return an adoption report for a terminal."""
    parts: list[Any] = [prose(_adoption_sentence(found), "bold")]
    parts += [prose(note) for note in _adoption_notes(found)]
    columns = [("what keeps them out", False), ("documents", True), ("only that", True), ("verdict", False)]
    listed = new_table("What keeps documents out, and what to do", [*columns, ("what to do", False)])
    for remedy in found.remedies():
        todo = remedy.todo + (f"\n{remedy.policy}" if remedy.policy else "")
        style = {"to mend": "yellow", "to decide": "", "rightly out": "green"}[remedy.verdict]
        listed.add_row(
            plain(_problem(remedy)),
            f"{remedy.documents:,}",
            f"{remedy.alone:,}",
            Text(remedy.verdict, style=style),
            prose(todo),
        )
    if listed.row_count:
        parts += [Text(), listed]
    return Group(*parts)


def _remedy_cells(remedy: Remedy) -> tuple[str, ...]:
    kind = {"to mend": "warn", "to decide": "warn", "rightly out": "good"}[remedy.verdict]
    policy = f"<br><code>{escape(clip(remedy.policy, 300))}</code>" if remedy.policy else ""
    return (
        escape(_problem(remedy)),
        f"{remedy.documents:,}",
        f"{remedy.alone:,}",
        badge(remedy.verdict, kind),
        escape(remedy.todo) + policy,
    )


def _problem(remedy: Remedy) -> str:
    return f"{remedy.code} {remedy.problem}" if remedy.code != NO_REASON else remedy.problem


def stale_html(found: StaleList) -> str:
    """Return a stale list as HTML."""
    parts = [f"<p><strong>{escape(_stale_sentence(found))}</strong></p>"]
    rows = (
        (
            badge("past its date", "bad") if document.left <= timedelta(0) else badge("ages", "warn"),
            f"<code>{escape(clip(document.document, 160))}</code>",
            escape(clip(document.source, 60)),
            f"{document.prompts:,}",
            f'<span class="nowrap">{escape(_age(document))}</span>',
            f'<span class="nowrap">{escape(_left(document))}</span>',
        )
        for document in found.documents
    )
    kept, rest = within(rows, len(found.documents), "documents")
    if kept:
        parts.append(table(("", "document", "source", "prompts", "age", "time left"), kept, numbers=(3,)) + rest)
    return "".join(parts)


def stale_rich(found: StaleList) -> Group:
    """Return a stale list for a terminal."""
    columns = [("document", False), ("source", False), ("prompts", True), ("age", True), ("time left", True)]
    listed = new_table(None, columns)
    for document in found.documents[:_ROWS]:
        style = "red" if document.left <= timedelta(0) else ""
        listed.add_row(
            plain(document.document, 80),
            plain(document.source, 30),
            f"{document.prompts:,}",
            _age(document),
            Text(_left(document), style=style),
        )
    parts: list[Any] = [prose(_stale_sentence(found), "bold"), Text(), listed]
    if len(found.documents) > _ROWS:
        parts.append(Text(f"and {len(found.documents) - _ROWS:,} more documents; --json lists all", style="dim"))
    return Group(*parts)


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
        f"Between {found.since} and {found.until}, headgate {verb} {found.blocked:,} of {found.documents:,} "
        f"documents ({share:.0%}), in {found.touched_prompts:,} of {found.admissions:,} prompts "
        f"({modes_in_words(modes)})."
    )


def _adoption_notes(found: Adoption) -> Iterator[str]:
    for code, want in (("F203", "no date can be used"), ("P101", "a seal is missing"), ("P109", "no source matches")):
        count = found.only(code)
        if count:
            yield f"{count:,} of them only because {want}."
    if found.empty_prompts:
        verb = "had" if found.is_enforced else "would have"
        note = f"{found.empty_prompts:,} prompts {verb} no document left."
        if found.empty_prompts == found.admissions:
            code, count = ranked(found.reasons)[0]
            note += f" What keeps out most is {reason_in_words(code)} ({count:,})."
        yield note
    if found.skipped:
        yield f"{found.skipped:,} lines of the log were skipped."


def _stale_sentence(found: StaleList) -> str:
    if not found.documents and not found.undated:
        return "No document entered a prompt."
    said = f"{found.past:,} of {len(found.documents):,} dated documents that entered prompts are past their date"
    said += f" on {found.now:%Y-%m-%d}." if found.documents else "."
    if found.undated:
        said += f" {found.undated:,} have no date that counts (name a policy whose max_age does)."
    return said + (" There were so many that the rarest were forgotten." if found.is_pruned else "")


def _age(document: StaleDocument) -> str:
    return age_in_words(document.age.total_seconds()) if document.age is not None else "unknown"


def _left(document: StaleDocument) -> str:
    seconds = document.left.total_seconds()
    return f"{age_in_words(-seconds)} over" if seconds < 0 else age_in_words(seconds)


add_view(Adoption, adoption_html, adoption_rich)
add_view(StaleList, stale_html, stale_rich)
