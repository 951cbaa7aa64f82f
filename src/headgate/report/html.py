"""HTML without scripts: the pieces of which fragments and pages are made, readable without their styles too."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from headgate.codes import CODES
from headgate.report.escaping import clip, escape, escape_uri, escape_words
from headgate.terminology.edits import Edit

__all__ = [
    "MAX_BYTES",
    "Room",
    "badge",
    "code_badge",
    "code_notes",
    "copied",
    "details",
    "diff_html",
    "figures",
    "linked_html",
    "rest_of",
    "table",
    "titled_html",
    "uri_html",
    "within",
]

MAX_BYTES = 256_000
"""The most that a fragment may weigh."""

_CONTEXT_CHARS = 60
# What a fragment has besides its rows: style, verdict, a chart in two forms, what the codes mean.
_RESERVED_BYTES = 80_000
# Only our own attributes have real quotation marks; in outside text they are escaped.
_LINKED_CODE = re.compile(r'href="#code-([A-Z]\d{3})"')
_CODE = re.compile(r"\b[A-Z]\d{3}\b")
_SAID_CODE = re.compile(r'<dt id="code-([A-Z]\d{3})"')
_SHOW_ALL = "<code>to_dict()</code>, or <code>--json</code>, has all."


class Room:
    """How much a fragment may still hold, shared by all of its tables."""

    def __init__(self) -> None:
        self._left = MAX_BYTES - _RESERVED_BYTES

    def take(self, rows: Iterable[Sequence[str]], most: int) -> list[Sequence[str]]:
        """Return as many rows, at most `most`, as there is room for.

        Args:
            rows: cells as HTML.
            most: how many rows to show at most.
        """
        kept: list[Sequence[str]] = []
        for row in rows:
            # The additions are about what the tags around a cell and a row weigh.
            size = sum(len(cell.encode("utf-8", "replace")) + 60 for cell in row) + 10
            if len(kept) >= most or size > self._left:
                break
            self._left -= size
            kept.append(row)
        return kept


def badge(text: str, kind: str) -> str:
    """Return a short label; `kind` is `good`, `bad`, `warn` or `before`; the text says the same without colour."""
    return f'<span class="badge {kind}">{escape(text)}</span>'


def code_badge(code: str, kind: str) -> str:
    """Return a reason code as a label that leads to its meaning; one that is not in the catalogue leads nowhere."""
    if code not in CODES:
        return badge(code[:8], kind)
    return f'<a class="badge {kind}" href="#code-{code}">{code}</a>'


def titled_html(code: str) -> str:
    """Return a reason code with its title, which leads to its meaning."""
    return f'<a href="#code-{code}">{code}</a> {escape(CODES[code].title)}' if code in CODES else escape(code[:40])


def linked_html(text: str) -> str:
    """Return a sentence as HTML in which reason codes lead to their meaning."""
    return _CODE.sub(
        lambda found: f'<a href="#code-{found[0]}">{found[0]}</a>' if found[0] in CODES else found[0], escape(text)
    )


def code_notes(body: str) -> str:
    """Return what the codes mean that a body links to and does not say itself; nothing if there are none."""
    said = set(_SAID_CODE.findall(body))
    codes = sorted({code for code in _LINKED_CODE.findall(body) if code in CODES} - said)
    if not codes:
        return ""
    notes = "".join(
        f'<dt id="code-{code}">{code} {escape(CODES[code].title)}</dt><dd>{escape_words(CODES[code].meaning)} '
        f"{escape_words(CODES[code].matters)}<br>How to fix it: {escape_words(CODES[code].fix)}</dd>"
        for code in codes
    )
    body = f'<dl class="codes">{notes}</dl>'
    return f'<details class="notes"><summary>What the codes mean</summary>{body}</details>'


def details(summary: str, body: str) -> str:
    """Return HTML that is folded away below a line of plain text."""
    return f"<details><summary>{escape(summary)}</summary>{body}</details>"


def copied(text: str) -> str:
    """Return a command, or a part of a file, that is there to be copied; plain text."""
    return f'<pre class="copy"><code>{escape(text)}</code></pre>'


def uri_html(uri: str, chars: int = 120) -> str:
    """Return a URI, an id or a path as HTML that can be broken where its parts end."""
    return f'<code><bdi dir="ltr">{escape_uri(clip(uri, chars))}</bdi></code>'


def figures(pairs: Iterable[tuple[str, str]]) -> str:
    """Return large figures, each with the words that say what it counts."""
    cards = (
        f'<div class="card figure"><b>{escape(figure)}</b> <span class="soft">{escape(words)}</span></div>'
        for figure, words in pairs
    )
    return f'<div class="figures">{"".join(cards)}</div>'


def table(
    columns: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
    caption: str | None = None,
    row_head: int | None = 0,
) -> str:
    """Return a table, whose rows are cards on a narrow screen; a column in which nothing is written is left out.

    Args:
        columns: the names of the columns, plain text.
        rows: cells as HTML in which everything from outside has been escaped.
        numbers: which columns hold numbers.
        caption: plain text above the table.
        row_head: which column names what its row is about, if one does.
    """
    rows = list(rows)
    shown = [number for number in range(len(columns)) if not rows or any(row[number] for row in rows)]
    kinds = [' class="number"' if number in numbers else "" for number in range(len(columns))]
    heads = "".join(f'<th scope="col"{kinds[number]}>{escape(columns[number])}</th>' for number in shown)

    def cell(number: int, content: str) -> str:
        named = f' data-label="{escape(columns[number])}"' if content else ""
        if number == row_head and content:
            return f'<th scope="row"{kinds[number]}{named}>{content}</th>'
        return f"<td{kinds[number]}{named}>{content}</td>"

    body = "".join(f"<tr>{''.join(cell(n, row[n]) for n in shown)}</tr>" for row in rows)
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<div class="scroll"><table>{above}<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>'


def within(
    rows: Iterable[Sequence[str]], total: int, what: str, most: int = 50, room: Room | None = None
) -> tuple[list[Sequence[str]], str]:
    """Return as many rows as a fragment can hold, and a sentence about the rest.

    Args:
        rows: cells as HTML.
        total: how many rows there are.
        what: what a row is, in the plural.
        most: how many rows to show at most.
        room: what is left of the fragment; by default all of it.
    """
    kept = (room or Room()).take(rows, most)
    return kept, rest_of(total - len(kept), what)


def rest_of(count: int, what: str) -> str:
    """Return a sentence about rows that are not shown, and how to see them; nothing if all are."""
    if not count:
        return ""
    named = what.removesuffix("s") if count == 1 else what
    return f'<p class="soft">and {count:,} more {escape(named)}, not shown here; {_SHOW_ALL}</p>'


def diff_html(original: str, edits: Sequence[Edit], *, shown: int = 20, context: int | None = _CONTEXT_CHARS) -> str:
    """Return the original text with its recorded edits drawn in; nothing is compared.

    Args:
        original: the text before rewriting.
        edits: what was done to it, in order.
        shown: how many edits to draw.
        context: how many characters to keep around an edit; None for the whole text.
    """
    parts: list[str] = []
    position = 0
    drawn = [edit for edit in edits if edit.changes_text]
    for edit in drawn[:shown]:
        parts.append(_between(original[position : edit.start], context, at_start=position == 0))
        parts.append(f"<del>{_term(edit.alias, context)}</del> <ins>{_term(edit.replacement, context)}</ins>")
        position = edit.end
    rest = original[position:]
    parts.append(escape(rest if context is None else clip(rest, context)))
    if len(drawn) > shown:
        parts.append(f' <span class="soft">and {len(drawn) - shown:,} more</span>')
    return "".join(parts)


def _term(text: str, context: int | None) -> str:
    return escape(text if context is None else clip(text, context))


def _between(text: str, context: int | None, *, at_start: bool) -> str:
    if context is None or len(text) <= 2 * context:
        return escape(text)
    head = "" if at_start else escape(text[:context])
    return f'{head}<span class="soft"> \u2026 </span>{escape(text[-context:])}'
