"""The plain form of a large glossary in YAML, line by line: a tenth of the time that a parser of all of YAML takes.

Whatever is not certainly read alike is left to that parser, with its errors and their lines.
"""

from __future__ import annotations

import re

from headgate.errors import PolicyError
from headgate.policy.documents import OLD_TRUTHS, Steps, YamlDocument, is_text, parse_yaml

__all__ = ["read_plain"]

# Shorter ones are read in no time by the parser of all of YAML.
_LARGE = 100_000
_TERMS = re.compile(r"^terms:\n", re.MULTILINE)
# In quotes whatever needs no escape and every reader of YAML accepts; without them words of letters, digits, few signs.
_QUOTED = r'"[ !#-\[\]-~\u00a1-\u2027\u202a-\ud7ff]{1,200}"'
_BARE = r"[A-Za-z][A-Za-z0-9_./+]*(?:[ -][A-Za-z0-9_./+]+)*"
_ITEM = rf"(?:{_QUOTED}|{_BARE})"
_ENTRY = re.compile(rf"  ({_QUOTED}|{_BARE}):(?: \[({_ITEM}(?:, {_ITEM})*)\]| ({_ITEM})|((?:\n    - {_ITEM})+))\n")
_ITEMS = re.compile(rf"{_QUOTED}|{_BARE}")
_MOST_CHARS = 200


def read_plain(text: str) -> YamlDocument | None:
    """Return a large document whose last key is `terms:`, with entries in the plain form; None for all others.

    Args:
        text: the document.
    """
    head = _TERMS.search(text) if len(text) >= _LARGE else None
    if head is None or not text.endswith("\n"):
        return None
    try:
        above = parse_yaml(text[: head.start()])
    except PolicyError:
        return None
    settings = {} if above.value is None else above.value
    if not isinstance(settings, dict) or "terms" in settings:
        return None
    line = text.count("\n", 0, head.end()) + 1
    lines: dict[Steps, int] = {**above.lines, ("terms",): line - 1}
    lines.setdefault((), line - 1)
    terms = _terms(text, head.end(), line, lines)
    return None if not terms else YamlDocument({**settings, "terms": terms}, lines)


def _terms(text: str, position: int, line: int, lines: dict[Steps, int]) -> dict[str, object] | None:
    terms: dict[str, object] = {}
    while position < len(text):
        entry = _ENTRY.match(text, position)
        if entry is None:
            return None
        key, listed, single, below = entry.groups()
        key = _text(key)
        values = [_text(one) for one in ([single] if single else _ITEMS.findall(listed or below))]
        if key is None or key in terms or len(key) > _MOST_CHARS or None in values:
            return None
        terms[key] = values[0] if single else values
        lines["terms", key] = line
        line += 1 + (below.count("\n") if below else 0)
        position = entry.end()
    return terms


def _text(written: str) -> str | None:
    """Return the text that is written so; None where it is a number, a truth value or the like."""
    if written[0] == '"':
        return written[1:-1]
    return written if is_text(written) and written not in OLD_TRUTHS else None
