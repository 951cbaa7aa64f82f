"""What must not be touched: code, markup, URLs, addresses, paths and identifiers.

Code and markup are zones of the text. The rest is decided at the place of a match: a word that is part of a longer
token such as `https://host/k8s`, `k8s@host`, `/etc/k8s` or `my_k8s` is no mention of the term.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache

__all__ = ["JOINERS", "Zones", "has_spaceless", "is_in_identifier", "is_whole_word", "protected_zones"]

_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})([^\n]*)$", re.MULTILINE)
_BACKTICKS = re.compile(r"`+")
_TAG = re.compile(r"</?[A-Za-z!][^<>]*>")
_CODE_OPEN = re.compile(r"<(pre|code|script|style|samp|kbd)\b[^<>]*>", re.IGNORECASE)
_LITERAL_INTRO = re.compile(
    r"^(?P<indent>[ \t]*)(?:\.\. (?:code|code-block|sourcecode|parsed-literal)::[^\n]*|[^\n]*::)[ \t]*$",
    re.MULTILINE,
)
_INDENTED = re.compile(r"(?:\A|\n[ \t]*\n)((?:(?: {4}|\t)[^\n]*(?:\n|\Z)(?:[ \t]*\n)*)+)")
_LIST_ITEM = re.compile(r"\s*(?:[-*+\u2022]|\d+[.)]|[A-Za-z][.)]) ")

# Thai, Lao; Burmese; Khmer; CJK radicals, Hiragana, Katakana, Bopomofo; CJK; half-width Katakana.
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff]"
)

JOINERS = frozenset("_-./\\@:#=&%~$")
_HARD_JOINERS = frozenset("_/\\@:#=&%~$")
_TOKEN_REACH = 64
_OTHER_ENDS = frozenset("\u200c\u200d_")


class Zones:
    """Spans of a text that are left alone."""

    __slots__ = ("_ends", "_starts")

    def __init__(self, spans: list[tuple[int, int]]) -> None:
        merged: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if merged and start <= merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        self._starts = [start for start, _ in merged]
        self._ends = [end for _, end in merged]

    def touches(self, start: int, end: int) -> bool:
        """Return whether a span shares a character with a zone."""
        index = bisect_right(self._starts, end - 1) - 1
        return index >= 0 and self._ends[index] > start

    def __bool__(self) -> bool:
        return bool(self._starts)


def protected_zones(text: str) -> Zones:
    """Return the code and markup of a text: Markdown, reStructuredText and HTML."""
    spans: list[tuple[int, int]] = []
    if "```" in text or "~~~" in text:
        spans += _fenced(text)
    if "`" in text:
        spans += _inline_code(text, Zones(spans))
    if "<" in text:
        spans += [match.span() for match in _TAG.finditer(text)]
        spans += _code_elements(text)
    if "::" in text:
        spans += _literal_blocks(text)
    if "    " in text or "\t" in text:
        spans += _indented_blocks(text)
    return Zones(spans)


def _fenced(text: str) -> Iterator[tuple[int, int]]:
    """Fenced code blocks (CommonMark 0.31, section 4.5); one that is not closed runs to the end."""
    opened: tuple[int, str] | None = None
    for match in _FENCE.finditer(text):
        fence, info = match.group(1), match.group(2)
        if opened is None:
            if fence[0] == "~" or "`" not in info:
                opened = (match.start(), fence)
        elif fence[0] == opened[1][0] and len(fence) >= len(opened[1]) and not info.strip():
            yield opened[0], match.end()
            opened = None
    if opened is not None:
        yield opened[0], len(text)


def _inline_code(text: str, fenced: Zones) -> Iterator[tuple[int, int]]:
    """Code spans (CommonMark 0.31, section 6.1): a run of backticks closes with the next run of the same length."""
    runs = [match.span() for match in _BACKTICKS.finditer(text) if not fenced.touches(*match.span())]
    by_length: dict[int, list[int]] = {}
    for start, end in runs:
        by_length.setdefault(end - start, []).append(start)
    position = 0
    for start, end in runs:
        if start < position:
            continue
        same = by_length[end - start]
        index = bisect_right(same, start)
        if index < len(same) and "\n\n" not in text[end : min(same[index], end + 2_000)]:
            position = same[index] + (end - start)
            yield start, position


def _code_elements(text: str) -> Iterator[tuple[int, int]]:
    lowered = text.lower() if text.isascii() else text
    position = 0
    missing: set[str] = set()
    for match in _CODE_OPEN.finditer(text):
        name = match.group(1).lower()
        if match.start() < position or name in missing:
            continue
        end = lowered.find(f"</{name}", match.end())
        if end < 0:  # not closed: a chunk may have been cut there, so the rest is code
            missing.add(name)
            end = len(text)
        position = end
        yield match.start(), end


def _literal_blocks(text: str) -> Iterator[tuple[int, int]]:
    """Literal blocks of reStructuredText: what is indented more deeply after a line that ends with `::`."""
    position = 0
    for match in _LITERAL_INTRO.finditer(text):
        if match.start() < position:
            continue
        position = _end_of_block(text, match.end(), len(match["indent"].expandtabs()))
        yield match.end(), position


def _end_of_block(text: str, start: int, indent: int) -> int:
    end = start
    position = text.find("\n", start) + 1
    while 0 < position <= len(text):
        line_end = text.find("\n", position)
        line = text[position : line_end if line_end >= 0 else len(text)]
        if line.strip():
            if len(line.expandtabs()) - len(line.expandtabs().lstrip()) <= indent:
                return end
            end = position + len(line)
        if line_end < 0:
            break
        position = line_end + 1
    return end


def _indented_blocks(text: str) -> Iterator[tuple[int, int]]:
    """Indented code (CommonMark 0.31, section 4.4), unless it continues a list or another indented paragraph."""
    for match in _INDENTED.finditer(text):
        before = text[max(0, match.start() - 2_000) : match.start()].rstrip()
        last = before.rpartition("\n")[2]
        if match.start() == 0 or not (_LIST_ITEM.match(last) or last.startswith((" ", "\t"))):
            yield match.span(1)


def is_whole_word(text: str, start: int, end: int) -> bool:
    """Return whether `text[start:end]` stands alone, in any script.

    A word does not go on in letters, digits, underscores or combining marks. In scripts that are written without
    spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) a word may begin and end between any two characters.
    """
    if start > 0:
        before, first = text[start - 1], text[start]
        if _is_attached(first):
            return False
        if _is_word(before) and not (_is_spaceless(before) or _is_spaceless(first)):
            return False
    if end < len(text):
        after, last = text[end], text[end - 1]
        if _is_attached(after):
            return False
        if after.isalnum() and not (_is_spaceless(after) or _is_spaceless(last)):
            return False
    return True


def is_in_identifier(text: str, start: int, end: int) -> bool:
    """Return whether `text[start:end]` is a part of a URL, address, path, option or identifier."""
    left = start > 0 and text[start - 1] in JOINERS
    right = end < len(text) and text[end] in JOINERS
    if not (left or right):
        return False
    begin, finish = start, end
    while begin > max(0, start - _TOKEN_REACH) and _is_token_character(text[begin - 1]):
        begin -= 1
    while finish < min(len(text), end + _TOKEN_REACH) and _is_token_character(text[finish]):
        finish += 1
    before, after = text[begin:start], text[end:finish].rstrip("-.:")
    rest = before + after
    if any(character in _HARD_JOINERS for character in rest):
        return True
    if "." in after or before.rstrip("-").endswith(".") or ("." in before and before[-1:] == "-"):
        return True
    if before.startswith("-"):
        return True
    return "-" in rest and (any(character.isdigit() for character in rest) or rest.count("-") > 1)


def _is_token_character(character: str) -> bool:
    return character in JOINERS or (character.isalnum() and not _is_spaceless(character))


def _is_word(character: str) -> bool:
    return character.isalnum() or _is_attached(character)


def _is_attached(character: str) -> bool:
    """Whether a character belongs to the word before it: a combining mark, a joiner, or an underscore."""
    if character.isascii():
        return character == "_"
    return character in _OTHER_ENDS or unicodedata.category(character)[0] == "M"


@lru_cache(maxsize=4_096)
def _is_spaceless(character: str) -> bool:
    return character >= "\u0e00" and _SPACELESS.match(character) is not None


def has_spaceless(text: str) -> bool:
    """Return whether a text has letters of a script that is written without spaces."""
    return _SPACELESS.search(text) is not None
