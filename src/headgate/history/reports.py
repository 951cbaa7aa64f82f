"""The adoption report and the stale list for people."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from rich.console import Group
from rich.text import Text

from headgate.codes import titled
from headgate.history.adoption import Adoption
from headgate.history.stale import StaleDocument, StaleList
from headgate.report import (
    Bar,
    add_view,
    age_in_words,
    badge,
    bar_chart,
    clip,
    escape,
    new_table,
    plain,
    prose,
    table,
    within,
)

__all__ = ["adoption_html", "adoption_rich", "stale_html", "stale_rich"]

_ROWS = 50


def adoption_html(found: Adoption) -> str:
    """Return an adoption report as HTML."""
    parts = [f"<p><strong>{escape(_adoption_sentence(found))}</strong></p>"]
    parts += [f"<p>{escape(note)}</p>" for note in _adoption_notes(found)]
    causes = [(_titles(codes), count) for codes, count in found.causes.most_common(12)]
    if causes:
        bars = [Bar(titles, count, note=f"{count:,}", kind="bad") for titles, count in causes]
        parts += ["<h3>What keeps documents out</h3>", bar_chart(bars, alt="Blocked documents by cause")]
    rows = [
        (
            escape(remedy.problem),
            f"{remedy.documents:,}",
            escape(remedy.todo) + (f"<br><code>{escape(clip(remedy.policy, 300))}</code>" if remedy.policy else ""),
        )
        for remedy in found.remedies()
    ]
    if rows:
        parts += ["<h3>What would let them in</h3>", table(("problem", "documents", "what to do"), rows, numbers=(1,))]
    if found.sources:
        sources = [(escape(clip(name, 80)), f"{count:,}") for name, count in found.sources.most_common(_ROWS)]
        parts += ["<h3>Blocked by source</h3>", table(("source", "documents"), sources, numbers=(1,))]
    return "".join(parts)


def adoption_rich(found: Adoption) -> Group:
    """Return an adoption report for a terminal."""
    parts: list[Any] = [prose(_adoption_sentence(found), "bold")]
    parts += [prose(note) for note in _adoption_notes(found)]
    causes = new_table("What keeps documents out", [("reasons", False), ("documents", True)])
    for codes, count in found.causes.most_common(12):
        causes.add_row(plain(_titles(codes)), f"{count:,}")
    remedies = new_table("What would let them in", [("problem", False), ("documents", True), ("what to do", False)])
    for remedy in found.remedies():
        todo = remedy.todo + (f"\n{remedy.policy}" if remedy.policy else "")
        remedies.add_row(plain(remedy.problem), f"{remedy.documents:,}", prose(todo))
    for listed in (causes, remedies):
        if listed.row_count:
            parts += [Text(), listed]
    return Group(*parts)


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
    return Group(prose(_stale_sentence(found), "bold"), Text(), listed)


def _adoption_sentence(found: Adoption) -> str:
    if not found.admissions:
        return "The log holds no admission."
    verb = "would have blocked" if set(found.modes) - {"enforce"} else "blocked"
    share = found.blocked / found.documents if found.documents else 0
    return (
        f"Between {found.since} and {found.until}, headgate {verb} {found.blocked:,} of {found.documents:,} "
        f"documents ({share:.0%}), in {found.touched_prompts:,} of {found.admissions:,} prompts."
    )


def _adoption_notes(found: Adoption) -> Iterator[str]:
    for codes, want in (
        (("F203",), "no date can be used"),
        (("P101",), "a seal is missing"),
        (("P109",), "no source matches"),
    ):
        count = found.only(frozenset(codes))
        if count:
            yield f"{count:,} of them only because {want}."
    if found.empty_prompts:
        note = f"{found.empty_prompts:,} prompts would have no document left."
        if found.empty_prompts == found.admissions and found.causes:
            note += f" What keeps out most is {_titles(found.causes.most_common(1)[0][0])}."
        yield note
    if found.skipped:
        yield f"{found.skipped:,} lines of the log were skipped."


def _titles(codes: frozenset[str]) -> str:
    if len(codes) > 1:
        return " + ".join(sorted(codes))
    return " ".join(map(titled, codes))


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
