"""Keys of JSON, YAML and front matter, and the values there that name pages."""

from __future__ import annotations

import re
from collections.abc import Iterator

__all__ = ["front_matter", "is_yaml", "keys_in_line", "yaml_key"]

Span = tuple[int, int]

# Also those of Python's dictionaries, and of YAML in quotes.
_JSON_KEY = re.compile(
    r"(?:[{,\[][ \t\n]*|^[ \t]*(?:- )?)(\"(?:[^\"\\\n]|\\[^\n]){1,200}\"|'[^'\\\n]{1,200}')[ \t]*:",
    re.MULTILINE,
)
_YAML_KEY = re.compile(r"^[ \t]*(?:- )?([\w][\w .\-/]{0,80}?)[ \t]*:(?=[ \t\n]|$)", re.MULTILINE)
_TOML_KEY = re.compile(r"^[ \t]*([\w][\w .\-\"']{0,80}?)[ \t]*=", re.MULTILINE)
_FRONT_MATTER = re.compile(r"\A\ufeff?(---|\+\+\+)[ \t]*\n")
_YAML_SHARE, _FEWEST_KEYS = 0.6, 3
_MOST_HEAD = 20_000

# What is in an address, or chosen by a program.
_NAMED = re.compile(
    r"^[ \t]*(?:slug|id|uid|permalink|url|path|layout|template|redirect_from|redirects?|image|icon|cover|thumbnail)"
    r"[ \t]*[:=][ \t]*(?:\n[ \t]{1,20})?([^\s][^\n]{0,300})$",
    re.MULTILINE,
)


def keys_in_line(text: str, start: int, end: int, line: str) -> Iterator[Span]:
    """Yield keys of JSON in one line of a text, and those that are written like them."""
    if any(mark in line for mark in ('":', '" :', "':", "' :")):
        yield from (match.span(1) for match in _JSON_KEY.finditer(text, start, end))


def yaml_key(text: str, start: int, end: int) -> Span | None:
    """Return what is the key of a line, if its text is YAML."""
    match = _YAML_KEY.match(text, start, end)
    return None if match is None else match.span(1)


def front_matter(text: str) -> Iterator[Span]:
    """Yield the keys of front matter, and what names its page."""
    head = _FRONT_MATTER.match(text)
    if head is None:
        return
    end = text.find(f"\n{head[1]}", head.end() - 1, _MOST_HEAD)
    key = _YAML_KEY if head[1] == "---" else _TOML_KEY
    if end != -1:
        yield from (match.span(1) for match in key.finditer(text, head.end(), end))
        yield from (match.span(1) for match in _NAMED.finditer(text, head.end(), end))


def is_yaml(text: str) -> bool:
    """Return whether most lines have a key, as no prose does; what begins with front matter is a page."""
    if _FRONT_MATTER.match(text) is not None:
        return False
    if text.count(":", 0, _MOST_HEAD) * 2 < text.count("\n", 0, _MOST_HEAD):
        return False
    lines = [line for line in text[:_MOST_HEAD].splitlines() if line.strip()]
    keys = sum(_YAML_KEY.match(line) is not None or line.lstrip().startswith("- ") for line in lines)
    with_key = sum(_YAML_KEY.match(line) is not None for line in lines)
    return with_key >= _FEWEST_KEYS and keys >= _YAML_SHARE * len(lines)
