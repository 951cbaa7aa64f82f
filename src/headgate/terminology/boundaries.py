"""Where a word begins and ends, and whether it is a part of a URL, address, path, option or identifier."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from functools import lru_cache

from headgate.terminology.scripts import SCRIPTED, changes_script, goes_on_behind, is_part_of_longer

__all__ = ["JOINERS", "Tokens", "has_spaceless", "is_emphasised", "is_whole_word", "occurs_as_word"]

Span = tuple[int, int]

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
_RAISED, _RAISED_BEHIND = "\u00b2\u00b3\u00b9\u2070\u2074\u2075\u2076\u2077\u2078\u2079", 3
_MOST_MARKS, _EMPHASIS_CHARS = 3, 200
_CLOSING = re.compile(r"(?<=[^\s_~=])(?:_{1,3}|~~|==)(?![\w~=])")
_OPENING = re.compile(r"(?<![\w~=/.])(?:_{1,3}|~~|==)(?=[^\s_~=])")
_JOINING = "/.\\@=$%&#"
_ENTITY = re.compile(r"&(?:[A-Za-z]{2,8}|#[0-9]{1,6}|#x[0-9A-Fa-f]{1,6});")
# Between words two or three hyphens are a dash, save in a name of punycode.
_DASH = re.compile(r"(?<=[\w.?!])(?<!\bxn)(-{2,3})(?=\w)")
_DOTS = re.compile(r"\.{2,}(?=\w)")
_BEFORE_VERSION = frozenset("<>!~^")
_VERSION = re.compile(r"(?:[<>!~^]=|[<>^~])\d")  # of a package: `langchain>=0.2`
# Two names with a stroke between them, and not a path: `K8s/Docker`.
_ALTERNATIVES = re.compile(r"[^\W_]{2,40}(?:-[^\W_]{1,40}){0,3}/[^\W_]{2,40}(?:-[^\W_]{1,40}){0,3}")
_FOLDER_WORDS = """
    api app apps assets bin build cmd conf config data dist doc docs etc examples home http https include
    internal lib libs modules node opt packages pkg proc public scripts src static sys templates test tests tmp
    usr var vendor www
"""
_FOLDERS = frozenset(_FOLDER_WORDS.split())
_BETWEEN_WORDS = frozenset(("to", "of", "and", "in", "by", "for", "on", "or", "the", "at", "from", "with", "per", "as"))
# How Finnish and Swedish inflect abbreviations and names that end in a digit: `K8s:n`, `EU:s`.
_ENDING_WORDS = """
    n t s a ä an än en in na nä ta tä ssa ssä sta stä lla llä lta ltä lle ksi een hin iin tta ttä
"""
_ENDINGS = frozenset(_ENDING_WORDS.split())
# A sentence that ends, and one that begins, as texts have them that were taken out of PDF files.
_NEXT_SENTENCE = re.compile(r"[^\W\d_A-Z]{2,40}\.[A-Z][^\W\d_]{1,40}")
_LAST_SENTENCE = re.compile(r"[^\W_]{2,40}\.[A-Z][a-z]{2,40}")
# Zero-width joiners: what follows them belongs to the same word.
_OTHER_ENDS = frozenset("\u200c\u200d_")


def is_whole_word(text: str, start: int, end: int) -> bool:
    """Return whether `text[start:end]` stands alone, in any script.

    A word does not go on in letters, digits, underscores or combining marks; marks of emphasis and raised digits, such
    as those of footnotes, are not part of it. What holds for scripts without spaces, and between scripts, is in
    `headgate.terminology.scripts`.
    """
    if start > 0 and not _may_begin(text, start, end):
        return False
    if end < len(text) and not _may_end(text, start, end):
        return False
    return (
        text.isascii()
        or not (_is_spaceless(text[start]) or _is_spaceless(text[end - 1]))
        or not is_part_of_longer(text, start, end)
    )


def _may_begin(text: str, start: int, end: int) -> bool:
    before, first = text[start - 1], text[start]
    if first != "_" and _is_attached(first):
        return False
    if before == "_":
        return first == "_" or is_emphasised(text, start, end)
    if not _is_word(before) or _is_spaceless(before) or _is_spaceless(first):
        return True
    return changes_script(before, first)


def _may_end(text: str, start: int, end: int) -> bool:
    after, last = text[end], text[end - 1]
    if after == "_":
        return last == "_" or is_emphasised(text, start, end)
    if _is_attached(after):
        return False
    if not after.isalnum() or _is_spaceless(after) or _is_spaceless(last):
        return True
    if after in _RAISED:
        return end - start >= _RAISED_BEHIND
    if changes_script(last, after):
        return True
    return SCRIPTED.match(last) is not None and SCRIPTED.match(after) is not None and not goes_on_behind(text, end)


def is_emphasised(text: str, start: int, end: int) -> bool:
    """Return whether a span begins or ends what Markdown emphasises or strikes out: `_a b_`, `~~a~~`, `==a==`."""
    left, right = _marks(text, start, -1), _marks(text, end, 1)
    if not (left or right):
        return False
    outer_left, outer_right = (
        text[start - left - 1 : start - left] if start > left else "",
        text[end + right : end + right + 1],
    )
    if (left and _is_joined_to(outer_left)) or (right and _is_joined_to(outer_right)):
        return False
    if left and right:
        return True
    if left:
        return _CLOSING.search(text, end, end + _EMPHASIS_CHARS) is not None
    return _OPENING.search(text, max(0, start - _EMPHASIS_CHARS), start) is not None


def _marks(text: str, position: int, step: int) -> int:
    """Return how many marks of emphasis are directly before or behind a position."""
    index = position - 1 if step < 0 else position
    sign = text[index] if 0 <= index < len(text) else ""
    if sign not in ("_", "~", "="):
        return 0
    count = 0
    while 0 <= index < len(text) and text[index] == sign and count <= _MOST_MARKS:
        count, index = count + 1, index + step
    return count if count <= _MOST_MARKS and (sign == "_" or count == 2) else 0


def _is_joined_to(character: str) -> bool:
    return bool(character) and (character.isalnum() or character in _JOINING)


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

    __slots__ = (
        "_begin",
        "_cuts",
        "_digits",
        "_dots",
        "_finish",
        "_hard",
        "_hyphens",
        "_is_compound",
        "_is_several",
        "_outer",
        "_text",
    )

    def __init__(self, text: str) -> None:
        self._text = text
        self._begin = self._finish = -1
        self._outer, self._cuts = (-1, -1), list[Span]()

    def is_identifier(self, start: int, end: int) -> bool:
        """Return whether `text[start:end]` is a part of a URL, address, path, option or identifier."""
        text = self._text
        left = start > 0 and text[start - 1] in JOINERS
        right = end < len(text) and text[end] in JOINERS
        right = right or text.startswith("()", end)
        if not (left or right) and text[end : end + 1] not in _BEFORE_VERSION:
            return False
        if _VERSION.match(text, end) is not None:
            return True
        if not (left or right) or is_emphasised(text, start, end):
            return False
        if not (self._begin <= start and end <= self._finish):
            self._read_token(start, end)
        if text.startswith("()", end) or (text.startswith("->", end) and text[end + 2 : end + 3].isalnum()):
            return True  # what is called, or has members
        is_longer = text.startswith(("++", "#"), end) and not text[end + 1 : end + 3].strip("+").isalnum()  # C++, C#
        answer = is_longer or self._is_joined(start, end) or self._is_hyphenated(start, end)
        if _run(text[start:end]) < end - start:
            # A term of several words ties two tokens together, and others must not see them as one.
            self._finish, self._outer = -1, (-1, -1)
        return answer

    def _is_joined(self, start: int, end: int) -> bool:
        text = self._text
        if self._is_several or self._is_inflected(start, end) or self._is_between_sentences(start, end):
            return False
        if self._hard[0] < start or self._hard[1] >= end:
            return True
        # A file's ending or an attribute; a full stop at the end of the sentence is not part of the token.
        if self._dots[1] >= end:
            return True
        if self._dots[0] < start and text[start - 1] in ".-":
            return True
        return self._begin < start and text[self._begin] == "-"  # an option

    def _is_inflected(self, start: int, end: int) -> bool:
        text = self._text
        return text[end : end + 1] == ":" and start == self._begin and text[end + 1 : self._finish] in _ENDINGS

    def _is_between_sentences(self, start: int, end: int) -> bool:
        text, begin, finish = self._text, self._begin, self._finish
        if self._dots[0] != self._dots[1] or text[finish : finish + 1] == "(":
            return False
        if start > begin and text[start - 1] == ".":
            return _NEXT_SENTENCE.fullmatch(text, begin, finish) is not None
        return (
            text[end : end + 1] == "." and start == begin and _LAST_SENTENCE.fullmatch(text, begin, finish) is not None
        )

    def _is_hyphenated(self, start: int, end: int) -> bool:
        """Whether hyphens make a name of it (`node-3-k8s`) rather than a compound (`K8s-based`)."""
        if self._is_compound:
            return False
        inside = self._text[start:end]
        hyphens = self._hyphens - inside.count("-")
        return hyphens > 1 or (hyphens == 1 and self._digits > len(_DIGIT.findall(inside)))

    def _read_token(self, start: int, end: int) -> None:
        text = self._text
        begin, finish = self._between_dashes(start, end)
        dots = _DOTS.match(text, begin, start + 1) if text[begin] == "." else None
        begin = self._begin = dots.end() if dots is not None else begin
        # An entity of HTML is a sign, and its name no part of a word.
        entity = _ENTITY.search(text, end, finish + 1) if "&" in text[end:finish] else None
        self._finish = entity.start() if entity is not None else finish
        token = text[begin : self._finish].rstrip(_SENTENCE_END)
        self._finish = begin + len(token) if begin + len(token) >= end else self._finish
        self._is_several = _ALTERNATIVES.fullmatch(token) is not None and _FOLDERS.isdisjoint(token.lower().split("/"))
        self._is_compound = token.count("-") > 1 and not _BETWEEN_WORDS.isdisjoint(token.split("-")[1:-1])
        outside = len(text)
        hard = _HARD_JOINER.search(token)
        last_hard = max(token.rfind(sign) for sign in _HARD_JOINERS)
        self._hard = (begin + hard.start(), begin + last_hard) if hard is not None else (outside, -1)
        dot = token.find(".")
        self._dots = (begin + dot, begin + token.rfind(".")) if dot >= 0 else (outside, -1)
        self._hyphens = token.count("-")
        self._digits = len(_DIGIT.findall(token))

    def _between_dashes(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the token, as far as it is one: `the depot--which is open` has two words there."""
        text = self._text
        if not (self._outer[0] <= start and end <= self._outer[1]):
            begin, finish = start - self._reach_left(start), end + self._reach_right(end)
            self._outer, self._cuts = (begin, finish), []
            token = text[begin:finish].rstrip(_SENTENCE_END)
            if "--" in token and token[0] != "-" and _HARD_JOINER.search(token) is None:
                self._cuts = [match.span() for match in _DASH.finditer(text, begin, finish)]
        before = bisect_right(self._cuts, (start, start)) - 1
        begin = self._cuts[before][1] if before >= 0 else self._outer[0]
        behind = bisect_left(self._cuts, (end, end))
        finish = self._cuts[behind][0] if behind < len(self._cuts) else self._outer[1]
        return begin, finish

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
