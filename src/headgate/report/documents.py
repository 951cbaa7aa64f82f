"""Documents for people: what is kept out first, grouped by its reason, with the way to fix it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Group
from rich.text import Text

from headgate.codes import CODES, titled
from headgate.encoding import in_number
from headgate.report.escaping import clip, escape, escape_words
from headgate.report.html import Room, badge, code_badge, details, diff_html, rest_of, table, titled_html, uri_html
from headgate.report.palette import TERMINAL
from headgate.report.rows import DocumentRow
from headgate.report.tables import Listing, new_table, plain, prose, signed

__all__ = ["document_groups", "document_groups_rich", "document_table", "documents_rich"]

# What one document may take of a page, whatever it holds.
_NAME_CHARS = 160
_MESSAGE_CHARS = 240
_TEXT_CHARS = 240
_FINDINGS = 6
_EDITS = 4
_EXAMPLES = 3
_MOST = 100
# Up to so many documents are one table: groups would be longer than what they order.
_FEW = 12
# A number and its unit stay on one line.
_UNIT = re.compile(r"[\d,.]+ [a-z]+")
_COLUMNS = ("rank", "decision", "document", "source", "age", "why, and what was changed")


def document_table(rows: Sequence[DocumentRow], *, room: Room | None = None, most: int = _MOST) -> str:
    """Return documents as an HTML table, those that are kept out first, as many as fit."""
    if not rows:
        return '<p class="soft">No document was retrieved.</p>'
    ordered = sorted(rows, key=lambda row: (row.reason is None, row.rank))
    is_ranked = any(row.rank for row in rows)
    kept = (room or Room()).take((_cells(row, is_ranked=is_ranked) for row in ordered), most)
    columns, head = (_COLUMNS, 2) if is_ranked else (_COLUMNS[1:], 1)
    numbers = (0,) if is_ranked else ()
    return table(columns, kept, numbers=numbers, row_head=head) + rest_of(len(rows) - len(kept), "documents")


def document_groups(rows: Sequence[DocumentRow], room: Room | None = None, *, level: int = 3) -> str:
    """Return many documents as HTML: a group for each reason, with three examples, then what is admitted.

    Args:
        rows: the documents.
        room: what is left of the fragment; by default all of it.
        level: of the headings.
    """
    if len(rows) <= _FEW:
        return document_table(rows, room=room)
    room = room or Room()
    parts = []
    groups = _groups(rows)
    # Examples of every reason come before the rest of any, so that one frequent reason does not fill the page.
    examples = [
        room.take((_cells(row, is_ranked=False) for row in members[:_EXAMPLES]), _EXAMPLES) for _, members in groups
    ]
    for (reason, members), shown in zip(groups, examples, strict=True):
        said = f"{titled_html(reason)}: " if reason else "unreadable: " if reason == "" else ""
        said += in_number(len(members), "document") + (" admitted" if reason is None else "")
        parts.append(f"<h{level}>{said}</h{level}>")
        if reason in CODES:
            parts.append(f"<p>How to fix it: {escape_words(CODES[reason].fix)}</p>")
        rest = room.take((_cells(row, is_ranked=False) for row in members[len(shown) :]), _MOST)
        if reason is None:
            parts.append(details(f"{in_number(len(members), 'document')} admitted", _listed([*shown, *rest])))
        else:
            parts.append(_listed(shown) if shown else "")
            parts.append(details(f"{len(rest):,} more of {len(members):,}", _listed(rest)) if rest else "")
        parts.append(rest_of(len(members) - len(shown) - len(rest), "documents"))
    return "".join(parts)


def documents_rich(rows: Sequence[DocumentRow], *, most: int = 50) -> Group:
    """Return documents for a terminal, one row per document, those that are kept out first."""
    ordered = sorted(rows, key=lambda row: (row.reason is None, row.rank))
    columns = [("decision", False), ("document", False), ("source", False), ("age", True), ("why", False)]
    listed = new_table(None, columns)
    for row in ordered[:most]:
        listed.add_row(
            signed(*row.verdict),
            plain(row.name, 70),
            plain(row.source, 30),
            plain("; ".join(filter(None, (row.age, row.verified))), 120),
            _reasons_text(row),
        )
    parts: list[Any] = [listed] if rows else []
    if len(rows) > most:
        parts.append(Text(f"and {len(rows) - most:,} more; `to_dict()`, or --json, has all", style=TERMINAL["before"]))
    return Group(*parts)


def document_groups_rich(rows: Sequence[DocumentRow], most: int) -> Iterator[Any]:
    """Yield the documents that are kept out for a terminal, by reason: what to do, then examples.

    Args:
        rows: the documents.
        most: how many to list at most.
    """
    groups = [(reason, members) for reason, members in _groups(rows) if reason is not None]
    each = max(min(_EXAMPLES, most), most // max(1, len(groups)))
    for reason, members in groups:
        yield Text()
        yield Text.assemble((f"{titled(reason) or 'unreadable'}: ", "bold"), in_number(len(members), "document"))
        if reason in CODES:
            yield prose(f"  How to fix it: {CODES[reason].fix}")
        shown = members[: min(each, most)]
        most -= len(shown)
        if shown:
            yield _grouped(shown)
        if len(members) > len(shown):
            yield Text(f"  and {len(members) - len(shown):,} more (--json lists all)", style=TERMINAL["before"])


def _groups(rows: Sequence[DocumentRow]) -> list[tuple[str | None, list[DocumentRow]]]:
    """Return documents by their first reason, the most frequent first; what is admitted comes last."""
    found: dict[str | None, list[DocumentRow]] = {}
    for row in rows:
        found.setdefault(row.reason, []).append(row)
    return sorted(found.items(), key=lambda pair: (pair[0] is None, -len(pair[1]), pair[0] or ""))


def _grouped(rows: Sequence[DocumentRow]) -> Listing:
    listed = new_table(None, [("document", False), ("source", False), ("why", False)])
    for row in rows:
        listed.add_row(plain(row.name, 80), plain(row.source, 30), _reasons_text(row))
    return listed


def _listed(cells: Sequence[Sequence[str]]) -> str:
    return table(_COLUMNS[1:], cells, row_head=1)


def _reasons_text(row: DocumentRow) -> Text:
    lines = [f"{code} {message}".strip() for code, _, message in row.findings[:_FINDINGS]]
    if len(row.findings) > _FINDINGS:
        lines.append(f"and {len(row.findings) - _FINDINGS} more")
    return plain("  ".join(lines), _MESSAGE_CHARS)


def _cells(row: DocumentRow, *, is_ranked: bool) -> tuple[str, ...]:
    # Clipped before it is escaped: half an entity would be shown as letters.
    text = f'<div class="text {row.verdict[1]}" dir="auto">{_shown_text(row)}</div>' if row.text else ""
    source = f"<bdi>{escape(clip(row.source, 60))}</bdi>" if row.source else ""
    source += f'<br><span class="soft">{escape(row.assurance[:20])}</span>' if row.assurance else ""
    age = _UNIT.sub(r'<span class="nowrap">\g<0></span>', escape(row.age))
    age += f'{"<br>" if age else ""}<span class="soft">{escape(clip(row.verified, 120))}</span>' if row.verified else ""
    rank = (f"{row.rank:,}",) if is_ranked else ()
    return (*rank, badge(*row.verdict), uri_html(row.name, _NAME_CHARS) + text, source, age, _reasons(row))


def _shown_text(row: DocumentRow) -> str:
    text = row.text or ""
    # What did not enter the prompt is shown as it came, whatever words would have been put in.
    if row.action == "admit" and any(edit.changes_text for edit in row.edits):
        return diff_html(text, row.edits, shown=_EDITS)
    return escape(clip(text, _TEXT_CHARS))


def _reasons(row: DocumentRow) -> str:
    kinds = {"error": "bad", "warning": "warn"}
    lines = [
        f'<div class="why">{code_badge(code, kinds.get(severity, "good")) if code else ""} '
        f"<bdi>{escape(clip(message, _MESSAGE_CHARS))}</bdi></div>"
        for code, severity, message in row.findings[:_FINDINGS]
    ]
    if len(row.findings) > _FINDINGS:
        lines.append(f'<div class="soft">and {len(row.findings) - _FINDINGS} more</div>')
    return "".join(lines) or '<span class="soft">nothing to say</span>'
