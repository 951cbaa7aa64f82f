"""Where a word begins and ends, and whether it is a part of a URL, address, path, option or identifier."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from dataclasses import dataclass
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
_MARKS, _MOST_MARKS, _EMPHASIS_CHARS = frozenset("_~="), 3, 200
_CLOSING = re.compile(r"(?<=[^\s_~=])(?:_{1,3}|~~|==)(?![\w~=])")
_OPENING = re.compile(r"(?<![\w~=/.])(?:_{1,3}|~~|==)(?=[^\s_~=])")
_JOINING = frozenset("/.\\@=$%&#")
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
    left = _marks(text[max(0, start - _MOST_MARKS - 1) : start][::-1])
    right = _marks(text[end : end + _MOST_MARKS + 1])
    if not (left or right):
        return False
    before, behind = start - left, end + right
    if (left and _is_joined_to(text[max(0, before - 1) : before])) or (right and _goes_on(text, behind)):
        return False
    if left and right:
        return True
    if left:
        return _CLOSING.search(text, end, end + _EMPHASIS_CHARS) is not None
    return _OPENING.search(text, max(0, start - _EMPHASIS_CHARS), start) is not None


def _marks(run: str) -> int:
    """Return how many marks of emphasis a run of characters begins with, read away from the word; 0 for too many."""
    sign = run[:1]
    count = len(run) - len(run.lstrip(sign)) if sign in _MARKS else 0
    return count if count <= _MOST_MARKS and (sign == "_" or count == 2) else 0


def _is_joined_to(character: str) -> bool:
    return character.isalnum() or character in _JOINING


def _goes_on(text: str, position: int) -> bool:
    """Return whether a token goes on at a position; a full stop ends one where no word follows it."""
    character = text[position : position + 1]
    return _is_joined_to(character) and (character != "." or text[position + 1 : position + 2].isalnum())


def occurs_as_word(word: str, text: str, first: int, last: int) -> bool:
    """Return whether `word` is somewhere in `text[first:last]` as a whole word; what is around it counts."""
    start = text.find(word, first, last)
    while start >= 0:
        if is_whole_word(text, start, start + len(word)):
            return True
        start = text.find(word, start + 1, last)
    return False


@dataclass(frozen=True, slots=True)
class _Token:
    """A token, and the signs in it.

    Attributes:
        begin: where it begins.
        finish: where it ends, without the signs that end a sentence.
        hard: its first and last sign that only an identifier has within; None where it has none.
        dots: its first and last full stop.
        hyphens: how many it has.
        digits: how many it has.
        is_several: whether it is names with strokes between them.
        is_compound: whether its hyphens join words to a compound.
    """

    begin: int
    finish: int
    hard: Span | None
    dots: Span | None
    hyphens: int
    digits: int
    is_several: bool
    is_compound: bool


class Tokens:
    """The tokens of a text: runs of letters, digits and the signs that join them, such as `https://host/a-b`.

    A token is looked at once, however many words in it are asked for, and asking for words from left to right costs
    no more than reading the text: a megabyte of `k8s-k8s-k8s` is a single token with a quarter of a million words.

    Args:
        text: the text.
    """

    __slots__ = ("_cuts", "_outer", "_text", "_token")

    def __init__(self, text: str) -> None:
        self._text = text
        self._token: _Token | None = None
        self._outer: Span | None = None
        self._cuts: list[Span] = []

    def is_identifier(self, start: int, end: int) -> bool:
        """Return whether `text[start:end]` is a part of a URL, address, path, option or identifier."""
        text = self._text
        is_beside = text[start - 1 : start] in JOINERS or text[end : end + 1] in JOINERS or text.startswith("()", end)
        if not is_beside and text[end : end + 1] not in _BEFORE_VERSION:
            return False
        if _VERSION.match(text, end) is not None:
            return True
        if not is_beside or is_emphasised(text, start, end):
            return False
        token = self._token
        if token is None or not (token.begin <= start and end <= token.finish):
            token = self._token = self._read_token(start, end)
        if text.startswith("()", end) or (text.startswith("->", end) and text[end + 2 : end + 3].isalnum()):
            return True  # what is called, or has members
        is_longer = text.startswith(("++", "#"), end) and not text[end + 1 : end + 3].strip("+").isalnum()  # C++, C#
        answer = is_longer or _is_joined(text, token, start, end) or _is_hyphenated(text, token, start, end)
        if _run(text[start:end]) < end - start:
            # A term of several words ties two tokens together, and others must not see them as one.
            self._token = self._outer = None
        return answer

    def _read_token(self, start: int, end: int) -> _Token:
        text = self._text
        begin, finish = self._between_dashes(start, end)
        dots = _DOTS.match(text, begin, start + 1)
        begin = dots.end() if dots is not None else begin
        # An entity of HTML is a sign, and its name no part of a word.
        entity = _ENTITY.search(text, end, finish + 1)
        finish = entity.start() if entity is not None else finish
        token = text[begin:finish].rstrip(_SENTENCE_END)
        hard, dot = _HARD_JOINER.search(token), token.find(".")
        last_hard = max(token.rfind(sign) for sign in _HARD_JOINERS)
        return _Token(
            begin,
            begin + len(token) if begin + len(token) >= end else finish,
            (begin + hard.start(), begin + last_hard) if hard is not None else None,
            (begin + dot, begin + token.rfind(".")) if dot >= 0 else None,
            token.count("-"),
            len(_DIGIT.findall(token)),
            _ALTERNATIVES.fullmatch(token) is not None and _FOLDERS.isdisjoint(token.lower().split("/")),
            token.count("-") > 1 and not _BETWEEN_WORDS.isdisjoint(token.split("-")[1:-1]),
        )

    def _between_dashes(self, start: int, end: int) -> Span:
        """Return the span of the token, as far as it is one: `the depot--which is open` has two words there."""
        text, outer = self._text, self._outer
        if outer is None or not (outer[0] <= start and end <= outer[1]):
            begin, finish = outer = self._outer = start - self._reach_left(start), end + self._reach_right(end)
            self._cuts = []
            token = text[begin:finish].rstrip(_SENTENCE_END)
            if "--" in token and token[0] != "-" and _HARD_JOINER.search(token) is None:
                self._cuts = [match.span() for match in _DASH.finditer(text, begin, finish)]
        before = bisect_right(self._cuts, (start, start)) - 1
        begin = self._cuts[before][1] if before >= 0 else outer[0]
        behind = bisect_left(self._cuts, (end, end))
        finish = self._cuts[behind][0] if behind < len(self._cuts) else outer[1]
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


def _is_joined(text: str, token: _Token, start: int, end: int) -> bool:
    if token.is_several or _is_inflected(text, token, start, end) or _is_between_sentences(text, token, start, end):
        return False
    hard, dots = token.hard, token.dots
    if hard is not None and (hard[0] < start or hard[1] >= end):
        return True
    # A file's ending or an attribute; a full stop at the end of the sentence is not part of the token.
    if dots is not None and (dots[1] >= end or (dots[0] < start and text[start - 1] in ".-")):
        return True
    return token.begin < start and text[token.begin] == "-"  # an option


def _is_inflected(text: str, token: _Token, start: int, end: int) -> bool:
    return text[end : end + 1] == ":" and start == token.begin and text[end + 1 : token.finish] in _ENDINGS


def _is_between_sentences(text: str, token: _Token, start: int, end: int) -> bool:
    begin, finish, dots = token.begin, token.finish, token.dots
    if dots is None or dots[0] != dots[1] or text[finish : finish + 1] == "(":
        return False
    if start > begin:
        return text[start - 1] == "." and _NEXT_SENTENCE.fullmatch(text, begin, finish) is not None
    return text[end : end + 1] == "." and _LAST_SENTENCE.fullmatch(text, begin, finish) is not None


def _is_hyphenated(text: str, token: _Token, start: int, end: int) -> bool:
    """Whether hyphens make a name of it (`node-3-k8s`) rather than a compound (`K8s-based`)."""
    if token.is_compound:
        return False
    inside = text[start:end]
    hyphens = token.hyphens - inside.count("-")
    return hyphens > 1 or (hyphens == 1 and token.digits > len(_DIGIT.findall(inside)))


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
