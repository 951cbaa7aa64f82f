"""Where a word begins and ends, and whether it is a part of a URL, address, path, option or identifier."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

__all__ = ["JOINERS", "Tokens", "has_spaceless", "is_whole_word", "occurs_as_word"]

# Thai, Lao; Burmese; Khmer; CJK radicals, Hiragana, Katakana, Bopomofo; CJK; half-width Katakana.
SPACELESS_RANGES = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u312f\u31a0-\u9fff\uf900-\ufaff\uff66-\uff9f"
    "\U0001b000-\U0001b16f\U00020000-\U0003ffff"
)
_SPACELESS = re.compile(f"[{SPACELESS_RANGES}]")

JOINERS = frozenset("_-./\\@:#=&%~$?+")
_HARD_JOINERS = "_/\\@:#=&%~$"
_HARD_JOINER = re.compile(f"[{re.escape(_HARD_JOINERS)}]")
_DIGIT = re.compile(r"\d")
_END_OF_TOKEN = re.compile(r"[^\w\-./\\@:#=&%~$?+]")
# A backslash at the end breaks the line (CommonMark 0.31, section 6.7).
_SENTENCE_END = "-.:?+\\"
_STEP = 64
# Zero-width joiners: what follows them belongs to the same word.
_OTHER_ENDS = frozenset("\u200c\u200d_")


def is_whole_word(text: str, start: int, end: int) -> bool:
    """Return whether `text[start:end]` stands alone, in any script.

    A word does not go on in letters, digits, underscores or combining marks. In scripts that are written without
    spaces (Chinese, Japanese, Thai, Lao, Khmer, Burmese) a word may begin and end between any two characters.
    """
    if start > 0:
        before, first = text[start - 1], text[start]
        if first != "_" and _is_attached(first):
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


def occurs_as_word(word: str, text: str, first: int, last: int) -> bool:
    """Return whether `word` is somewhere in `text[first:last]` as a whole word; what is around it counts."""
    start = text.find(word, first, last)
    while start >= 0:
        if is_whole_word(text, start, start + len(word)):
            return True
        start = text.find(word, start + 1, last)
    return False


class Tokens:
    """The tokens of a text: runs of letters, digits and the signs that join them, such as `https://host/a-b`.

    A token is looked at once, however many words in it are asked for, and asking for words from left to right costs
    no more than reading the text: a megabyte of `k8s-k8s-k8s` is a single token with a quarter of a million words.

    Args:
        text: the text.
    """

    __slots__ = ("_begin", "_digits", "_dots", "_finish", "_hard", "_hyphens", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._begin = self._finish = -1

    def is_identifier(self, start: int, end: int) -> bool:
        """Return whether `text[start:end]` is a part of a URL, address, path, option or identifier."""
        text = self._text
        left = start > 0 and text[start - 1] in JOINERS
        right = end < len(text) and text[end] in JOINERS
        if not (left or right):
            return False
        if not (self._begin <= start and end <= self._finish):
            self._read_token(start, end)
        answer = self._is_joined(start, end) or self._is_hyphenated(start, end)
        if _run(text[start:end]) < end - start:
            self._finish = -1  # a term of several words ties two tokens together, and others must not see them as one
        return answer

    def _is_joined(self, start: int, end: int) -> bool:
        text = self._text
        if self._hard[0] < start or self._hard[1] >= end:
            return True
        # A file's ending or an attribute; a full stop at the end of the sentence is not part of the token.
        if self._dots[1] >= end:
            return True
        if self._dots[0] < start and text[start - 1] in ".-":
            return True
        return self._begin < start and text[self._begin] == "-"  # an option

    def _is_hyphenated(self, start: int, end: int) -> bool:
        """Whether hyphens make a name of it (`node-3-k8s`) rather than a compound (`K8s-based`)."""
        inside = self._text[start:end]
        hyphens = self._hyphens - inside.count("-")
        return hyphens > 1 or (hyphens == 1 and self._digits > len(_DIGIT.findall(inside)))

    def _read_token(self, start: int, end: int) -> None:
        begin = self._begin = start - self._reach_left(start)
        self._finish = end + self._reach_right(end)
        token = self._text[begin : self._finish].rstrip(_SENTENCE_END)
        outside = len(self._text)
        hard = _HARD_JOINER.search(token)
        last_hard = max(token.rfind(sign) for sign in _HARD_JOINERS)
        self._hard = (begin + hard.start(), begin + last_hard) if hard is not None else (outside, -1)
        dot = token.find(".")
        self._dots = (begin + dot, begin + token.rfind(".")) if dot >= 0 else (outside, -1)
        self._hyphens = token.count("-")
        self._digits = len(_DIGIT.findall(token))

    def _reach_left(self, start: int) -> int:
        # In steps that double: most tokens are short, and few characters are looked at that are not part of them.
        step = _STEP
        while True:
            run = _run(self._text[max(0, start - step) : start][::-1])
            if run < step:
                return run
            step *= 2

    def _reach_right(self, end: int) -> int:
        step = _STEP
        while True:
            run = _run(self._text[end : end + step])
            if run < step:
                return run
            step *= 2


def _run(text: str) -> int:
    """Return how many characters at the beginning of `text` can be part of a token."""
    sign = _END_OF_TOKEN.search(text)
    length = len(text) if sign is None else sign.start()
    if text.isascii():
        return length
    spaceless = _SPACELESS.search(text, 0, length)
    return length if spaceless is None else spaceless.start()


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
