"""HTML without scripts: one page, readable without its styles too."""

from __future__ import annotations

import html
from collections.abc import Sequence

from headgate.report.escaping import clip, escape
from headgate.rewrite import Edit

__all__ = ["STYLE", "diff_html", "document_page"]

_CONTEXT_CHARS = 60

STYLE = """
:root{color-scheme:light dark;--paper:#fff;--ink:#1c2430;--soft:#5b6675;--line:#d9dfe7;--panel:#f5f7fa;
--good:#0b6b3a;--good-bg:#e5f4ea;--bad:#a3201d;--bad-bg:#fbe9e7;--warn:#8a5a00;--warn-bg:#fdf3dc;--accent:#1f4fa3}
@media (prefers-color-scheme:dark){:root{--paper:#12161c;--ink:#e4e9f0;--soft:#9aa6b5;--line:#2d3642;--panel:#1a2029;
--good:#7fd6a2;--good-bg:#12301f;--bad:#ff9c93;--bad-bg:#3a1917;--warn:#f0c674;--warn-bg:#352a10;--accent:#8fb4ff}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
main{max-width:76rem;margin:0 auto;padding:2rem 1.25rem 4rem}
h1{font-size:1.7rem;line-height:1.2;margin:0 0 .5rem}h2{font-size:1.15rem;margin:2.5rem 0 .5rem}
h3{font-size:.95rem;margin:0 0 .5rem}p{margin:.25rem 0 .75rem}a{color:var(--accent)}
.lead{font-size:1.05rem;max-width:52rem}.soft{color:var(--soft)}
table{border-collapse:collapse;width:100%;font-size:.9rem}
th,td{text-align:left;vertical-align:top;padding:.35rem .6rem;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600}td.number,th.number{text-align:right;font-variant-numeric:tabular-nums}
.scroll{overflow-x:auto}.pair{display:grid;grid-template-columns:1fr 1fr;gap:1rem}
@media (max-width:52rem){.pair{grid-template-columns:1fr}}
.card{background:var(--panel);border:1px solid var(--line);border-radius:.5rem;padding:.75rem .9rem;min-width:0}
.text{white-space:pre-wrap;overflow-wrap:anywhere;margin:.15rem 0 .8rem;padding-left:.7rem;
border-left:3px solid var(--line)}
.text.bad{border-color:var(--bad)}.text.good{border-color:var(--good)}
.badge{display:inline-block;border-radius:.3rem;padding:0 .4rem;font-size:.8rem;font-weight:600;white-space:nowrap}
.badge.good{color:var(--good);background:var(--good-bg)}.badge.bad{color:var(--bad);background:var(--bad-bg)}
.badge.warn{color:var(--warn);background:var(--warn-bg)}
code{font:.85em ui-monospace,monospace;overflow-wrap:anywhere}
del{color:var(--bad);background:var(--bad-bg)}ins{color:var(--good);background:var(--good-bg);text-decoration:none;font-weight:600}
.hidden{font:.75em ui-monospace,monospace;border:1px dashed var(--warn);color:var(--warn);padding:0 .15rem}
.figures{display:flex;flex-wrap:wrap;gap:1rem;margin:1.25rem 0}.figure{flex:1 1 11rem}
.figure b{display:block;font-size:1.6rem;line-height:1.2;font-variant-numeric:tabular-nums}
"""


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
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n<body><main>\n{body}\n</main></body></html>\n"
    )


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
        parts.append(f"<del>{escape(edit.alias)}</del> <ins>{escape(edit.replacement)}</ins>")
        position = edit.end
    rest = original[position:]
    parts.append(escape(rest if context is None else clip(rest, context)))
    if len(drawn) > shown:
        parts.append(f' <span class="soft">and {len(drawn) - shown:,} more</span>')
    return "".join(parts)


def _between(text: str, context: int | None, *, at_start: bool) -> str:
    if context is None or len(text) <= 2 * context:
        return escape(text)
    head = "" if at_start else escape(text[:context])
    return f'{head}<span class="soft"> \u2026 </span>{escape(text[-context:])}'
