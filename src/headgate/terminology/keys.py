"""Keys of JSON, YAML and front matter, and the values there that name pages."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

__all__ = ["front_matter", "is_yaml", "keys_in_line", "names_in", "yaml_keys", "yaml_references"]

Span = tuple[int, int]

# Also those of Python's dictionaries, and of YAML in quotes.
_JSON_KEY = re.compile(
    r"(?:[{,\[][ \t\n]*|^[ \t]*(?:- )?)(\"(?:[^\"\\\n]|\\[^\n]){1,200}\"|'[^'\\\n]{1,200}')[ \t]*:",
    re.MULTILINE,
)
_YAML_KEY = re.compile(r"^[ \t]*(?:- )?([\w][\w .\-/]{0,80}?)[ \t]*:(?=[ \t\n]|$)", re.MULTILINE)
_EXPLICIT_KEY = re.compile(r"[ \t]*\?[ \t]+([\w][\w .\-/]{0,80}?)[ \t]*$")
_FLOW_KEY = re.compile(r"[{,][ \t]*([A-Za-z_][\w .\-/]{0,80}?)[ \t]*:(?=[ \t])")
_LIST_ITEM = re.compile(r"[ \t]*-[ \t]+([\w.-]{1,80})[ \t]*$")
_REFERENCE = re.compile(r"[ \t]*(?:- )?(?:depends_on|needs|extends|requires|after):[ \t]*")
_NAME = re.compile(r"[\w.-]{1,80}")
_MOST_ITEMS = 100
_BRACKET = re.compile(r"[{\[]")
_FIRST_OF_JSON = frozenset("\"'{[-")
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
    if not any(mark in line for mark in ('":', '" :', "':", "' :")):
        return
    opened = _BRACKET.search(text, start, end)
    first = start if line.lstrip()[:1] in _FIRST_OF_JSON else end if opened is None else opened.start()
    for match in _JSON_KEY.finditer(text, start, end):
        # In prose, what follows a comma is not a key: "Note, 'K8s': yes".
        if text[match.start()] != "," or match.start() > first:
            yield match.span(1)


def yaml_keys(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield what are keys in a line of YAML."""
    match = _YAML_KEY.match(text, start, end) or _EXPLICIT_KEY.match(text, start, end)
    if match is not None:
        yield match.span(1)
    if "{" in text[start:end]:
        yield from (match.span(1) for match in _FLOW_KEY.finditer(text, start, end))


def yaml_references(text: str, start: int, end: int, names: Collection[str]) -> Iterator[Span]:
    """Yield what names other keys in a line of YAML: the values of `depends_on`, `needs` and `extends`.

    Args:
        text: the text.
        start: where the line begins.
        end: where it ends.
        names: the keys of the text.
    """
    found = _REFERENCE.match(text, start, end)
    if found is not None:
        yield from (match.span() for match in _NAME.finditer(text, found.end(), end) if match[0] in names)
        return
    item = _LIST_ITEM.match(text, start, end)
    if item is None or item[1] not in names:
        return
    for _ in range(_MOST_ITEMS):
        end = start - 1
        start = text.rfind("\n", 0, max(0, end)) + 1
        if end < 0 or _LIST_ITEM.match(text, start, end) is None:
            break
    if end > 0 and _REFERENCE.fullmatch(text, start, end) is not None:
        yield item.span(1)


def names_in(text: str) -> frozenset[str]:
    """Return the keys of a text that is YAML."""
    return frozenset(match[1] for match in _YAML_KEY.finditer(text))


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
