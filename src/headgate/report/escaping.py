"""Text from documents, made safe to show: markup escaped, invisible characters made visible."""

from __future__ import annotations

import html
import json
import re
import unicodedata

__all__ = ["clip", "escape", "escape_uri", "escape_words", "visible", "visible_json"]

# A part of an address with the signs that end it.
_PARTS = re.compile(r"[^/?&=#._-]*[/?&=#._-]+|[^/?&=#._-]+\Z")
_SHOWN = frozenset("\n\t ")
_SUSPECT = re.compile(r"[^\x20-\x7e\n\t]")
# Letters and marks by category that no font draws.
_BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0\ufffc")
_HIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def visible(text: str) -> str:
    """Return `text` with every character that cannot be seen written as `<U+202E>`.

    Covers controls, format characters (zero width, bidirectional overrides, tags), lone surrogates, private use,
    variation selectors and blank letters. Spaces, tabs and line feeds stay.
    """
    return _SUSPECT.sub(lambda match: _name(match.group()) if _is_hidden(match.group()) else match.group(), text)


def visible_json(text: str) -> str:
    """Return JSON that says the same, with every character that cannot be seen escaped: a terminal may act on it."""
    # Outside of strings JSON has none of them.
    return _SUSPECT.sub(
        lambda match: json.dumps(match.group())[1:-1] if _is_hidden(match.group()) else match.group(), text
    )


def escape(text: str) -> str:
    """Return `text` as HTML: markup escaped, and every character that cannot be seen named in a `<span>`."""
    parts: list[str] = []
    position = 0
    for match in _SUSPECT.finditer(text):
        if _is_hidden(match.group()):
            parts.append(html.escape(text[position : match.start()]))
            parts.append(f'<span class="hidden">{_name(match.group())[1:-1]}</span>')
            position = match.end()
    parts.append(html.escape(text[position:]))
    return "".join(parts)


def escape_uri(text: str) -> str:
    """Return a URI, a path or a command as HTML in which a line may end where one of its parts does."""
    return "<wbr>".join(escape(part) for part in _PARTS.findall(text))


def escape_words(text: str) -> str:
    """Return a sentence as HTML in which words between backticks are code."""
    parts = text.split("`")
    if len(parts) % 2 == 0:  # one of them closes nothing
        return escape(text)
    return "".join(f"<code>{escape(part)}</code>" if number % 2 else escape(part) for number, part in enumerate(parts))


def clip(text: str, chars: int) -> str:
    """Return at most `chars` characters of a text, ended by an ellipsis where something is left out."""
    return text if len(text) <= chars else text[: max(0, chars - 1)].rstrip() + "\u2026"


def _is_hidden(character: str) -> bool:
    if character in _SHOWN:
        return False
    code = ord(character)
    # Variation selectors are marks by category, and a row of them carries a message that nobody sees.
    if character in _BLANK or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF:
        return True
    return unicodedata.category(character) in _HIDDEN_CATEGORIES


def _name(character: str) -> str:
    return f"<U+{ord(character):04X}>"
