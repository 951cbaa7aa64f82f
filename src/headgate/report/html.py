"""HTML without scripts: fragments for notebooks and whole pages, readable without their styles too."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from headgate.report.escaping import clip, escape
from headgate.report.style import DARK, LIGHT, STYLE
from headgate.terminology.edits import Edit

__all__ = ["MAX_BYTES", "badge", "diff_html", "document_page", "figures", "fragment", "table", "within"]

MAX_BYTES = 256_000
"""The most that a fragment may weigh."""

_CONTEXT_CHARS = 60
# What a fragment has besides its rows: style, headline, a chart.
_RESERVED_BYTES = 40_000
_PAGE_STYLE = (
    f":root{{color-scheme:light dark;{LIGHT}}}@media (prefers-color-scheme:dark){{:root{{{DARK}}}}}"
    "body{margin:0;background:var(--paper);color:var(--ink)}"
    "main.headgate{max-width:76rem;margin:0 auto;padding:2rem 1.25rem 4rem;font-size:15px}"
    "h1{font-size:1.7rem;line-height:1.2;margin:0 0 .5rem}h2{font-size:1.15rem;margin:2.5rem 0 .5rem}"
)


def document_page(title: str, body: str) -> str:
    """Return a whole page.

    Args:
        title: plain text.
        body: HTML in which everything from outside has been escaped.
    """
    # The policy of the page itself: no script, no frame, no request, whatever slipped into it.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_PAGE_STYLE}{STYLE}</style></head>\n"
        f'<body><main class="headgate">\n{body}\n</main></body></html>\n'
    )


def fragment(*parts: str) -> str:
    """Return parts of HTML as one element with its own style, for a notebook's output."""
    return f'<div class="headgate"><style>{STYLE}</style>{"".join(parts)}</div>'


def badge(text: str, kind: str) -> str:
    """Return a short label; `kind` is `good`, `bad` or `warn`, and the text says the same without colour."""
    return f'<span class="badge {kind}">{escape(text)}</span>'


def figures(pairs: Iterable[tuple[str, str]]) -> str:
    """Return large figures, each with the words that say what it counts."""
    cards = (
        f'<div class="card figure"><b>{escape(figure)}</b> <span class="soft">{escape(words)}</span></div>'
        for figure, words in pairs
    )
    return f'<div class="figures">{"".join(cards)}</div>'


def table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: Sequence[int] = (), caption: str | None = None
) -> str:
    """Return a table.

    Args:
        columns: the names of the columns, plain text.
        rows: cells as HTML in which everything from outside has been escaped.
        numbers: which columns hold numbers.
        caption: plain text above the table.
    """

    def cell(tag: str, number: int, content: str, extra: str = "") -> str:
        kind = ' class="number"' if number in numbers else ""
        return f"<{tag}{extra}{kind}>{content}</{tag}>"

    head = "".join(cell("th", n, escape(name), ' scope="col"') for n, name in enumerate(columns))
    body = "".join(f"<tr>{''.join(cell('td', n, c) for n, c in enumerate(row))}</tr>" for row in rows)
    above = f"<caption>{escape(caption)}</caption>" if caption else ""
    return f'<div class="scroll"><table>{above}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'


def within(rows: Iterable[Sequence[str]], total: int, what: str, most: int = 50) -> tuple[list[Sequence[str]], str]:
    """Return as many rows as a fragment can hold, and a sentence about the rest.

    Args:
        rows: cells as HTML.
        total: how many rows there are.
        what: what a row is, in the plural.
        most: how many rows to show at most.
    """
    kept: list[Sequence[str]] = []
    size = _RESERVED_BYTES
    for row in rows:
        # The additions are about what the tags around a cell and a row weigh.
        size += sum(len(cell.encode("utf-8", "replace")) + 30 for cell in row) + 10
        if len(kept) >= most or size > MAX_BYTES:
            break
        kept.append(row)
    left = total - len(kept)
    where = "not shown here; <code>to_dict()</code>, or <code>--json</code>, has all."
    return kept, f'<p class="soft">and {left:,} more {escape(what)}, {where}</p>' if left else ""


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
