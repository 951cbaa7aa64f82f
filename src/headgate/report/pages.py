"""Fragments for notebooks and whole pages that say in their footer what they rest on."""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from headgate.report.escaping import clip, escape, escape_uri
from headgate.report.html import code_notes
from headgate.report.style import PAGE_STYLE, STYLE
from headgate.version import __version__

__all__ = ["Origin", "document_page", "fragment"]

_ENTRY_CHARS = 600


@dataclass(frozen=True, slots=True)
class Origin:
    """What a page rests on, so that anybody can make it again.

    Attributes:
        inputs: what was read, each with what it is: `("log", "decisions.jsonl")`, `("policy", "headgate.yaml")`.
        command: the command that made the page; empty where no command did.
        made: when.
    """

    inputs: Sequence[tuple[str, str]] = field(default=())
    command: str = ""
    made: datetime | None = None

    def entries(self) -> list[tuple[str, str]]:
        """Return what the footer says, as name and value."""
        entries = [(name, value) for name, value in self.inputs if value]
        entries.append(("headgate", __version__))
        if self.command:
            entries.append(("command", self.command))
        if self.made is not None:
            entries.append(("made", f"{self.made:%Y-%m-%d %H:%M} UTC"))
        return entries


def document_page(title: str, body: str, origin: Origin | None = None) -> str:
    """Return a whole page.

    Args:
        title: plain text.
        body: HTML in which everything from outside has been escaped.
        origin: what the page rests on.
    """
    # The policy of the page itself: no script, no frame, no request, whatever slipped into it.
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
    entries = "".join(
        f'<dt>{escape(name)}</dt><dd><bdi dir="auto">{escape_uri(clip(value, _ENTRY_CHARS))}</bdi></dd>'
        for name, value in (origin or Origin()).entries()
    )
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{html.escape(policy)}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{PAGE_STYLE}{STYLE}</style></head>\n"
        f'<body><main class="headgate">\n{body}{code_notes(body)}\n</main>\n'
        f'<footer class="headgate"><dl>{entries}</dl></footer></body></html>\n'
    )


def fragment(*parts: str) -> str:
    """Return parts of HTML as one element with its own style, for a notebook's output."""
    body = "".join(parts)
    return f'<div class="headgate"><style>{STYLE}</style>{body}{code_notes(body)}</div>'
