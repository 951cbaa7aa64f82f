"""Where the words of a prompt come from: what the chain itself says, what its documents say, and the rest. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Whole", "is_made_of", "is_within", "strange_words", "unescaped", "unexplained", "used"]

_PLACEHOLDER = re.compile(r"\{[^{}\n]{0,60}\}|%[sdr]")
_OPEN, _CLOSE = "\1", "\2"
_SHORTEST_PIECE = 3
_MOST_PIECES = 5_000
_MOST_CHARS = 1_000_000
_LETTERS = re.compile(r"[^\W\d_]")
# A number and its unit are fewer letters than a sentence of a document has.
_FEW_LETTERS = 8
# Ideographs, kana and hangul: each says as much as several letters of an alphabet do.
_DENSE = "\u3005-\u3007\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_DENSE_RUN = re.compile(f"[{_DENSE}]+")
_LETTERS_OF_ONE = 3
_WORD = re.compile(r"[^\W_]{4,}")
# Parts of identifiers, which are printed with documents.
_HEXADECIMAL = re.compile(r"[0-9a-f]+")
# What clocks write.
_DATE = re.compile(
    r"\b(mon|tues|wednes|thurs|fri|satur|sun)day\b|\b(january|february|march|april|may|june|july|august|september"
    r"|october|november|december)\b|\d+\s?[年月日時时分秒년월일시분초]|星期[一二三四五六日天]|[月火水木金土日월화수목금토일](?:曜日|요일)",
    re.IGNORECASE,
)
# What documents, messages and missing values look like where they are printed whole.
_PRINTED_AS = """
    document documents page content metadata source node text score system human user assistant tool none true false
    null function message meta blob embedding sparse
"""
_ROLES = re.compile(rf"\b(?:{'|'.join(_PRINTED_AS.split())})\b", re.IGNORECASE)
_LONGEST_SHORT = 200
_FEW_WORDS = 2
_CUT = "\0"
_LINE_CHARS = 24
# As `repr` and JSON write what cannot stand in a string; each time a text is printed within another, a backslash more.
_ESCAPE = re.compile(r"""\\+(?:u([0-9a-fA-F]{4})|x([0-9a-fA-F]{2})|([nrt"'/]))""")
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t"}


class Whole(str):
    """A text of the program's that explains a prompt only where it is in it as a whole.

    A template is used as a whole; of a text in a variable that is searched, a part is.
    """

    __slots__ = ()


def unescaped(text: str) -> str:
    """Return a text as it was before it was printed within another, as documents are whose `repr` is in a prompt.

    Coarse: both sides of a comparison are read in this way, so it does not matter that a backslash may be meant.
    """
    return _ESCAPE.sub(_meant, text) if "\\" in text else text


def _meant(found: re.Match[str]) -> str:
    code = found[1] or found[2]
    return chr(int(code, 16)) if code else _CONTROLS.get(found[3], found[3])


def used(known: Iterable[str], prompt: str) -> list[str]:
    """Return the known texts that may explain a prompt: all but those of the program's of which it has only parts.

    Args:
        known: texts that may be in it.
        prompt: what a model read.
    """
    prompt = unescaped(prompt)
    lines = {line.strip() for line in prompt.splitlines()}
    return [text for text in known if not isinstance(text, Whole) or _is_used_whole(text[:_MOST_CHARS], prompt, lines)]


def _is_used_whole(text: str, prompt: str, lines: set[str]) -> bool:
    text = unescaped(text)
    if "\n" not in text.strip():
        return True  # there are no lines of it to be taken alone
    # Indented, or without its indentation; around placeholders piece by piece.
    parts = (part.strip() for piece in _around_placeholders(text) for part in piece.splitlines())
    return all(part in lines or part in prompt for part in parts if _letters(part) >= _SHORTEST_PIECE)


def unexplained(prompt: str, known: Iterable[str], said: Iterable[str] = ()) -> str | None:
    """Return the longest stretch of a prompt that nobody is known to have written, or None if nothing is left.

    Args:
        prompt: what a model read.
        known: texts that may be in it: templates (with their `{placeholders}`), questions, answers of models.
        said: answers of models, of which a part may be in it: an item of a list, a field of what it wrote as JSON.
    """
    pieces: set[str] = set()
    for text in map(unescaped, known):
        pieces.update(_pieces(text[:_MOST_CHARS]))
        pieces.add(text.strip())
    left = unescaped(prompt[:_MOST_CHARS])
    for piece in sorted(pieces, key=len, reverse=True)[:_MOST_PIECES]:
        if len(piece) >= _SHORTEST_PIECE:
            left = left.replace(piece, _CUT)
    left = _DATE.sub("", left)
    parts = sorted((part.strip() for part in left.split(_CUT)), key=_letters, reverse=True)
    answers = [unescaped(text) for text in said]
    for rest in parts:
        if _letters(rest) < _FEW_LETTERS:
            break
        if not any(rest in answer for answer in answers):
            return rest
    return None


def is_made_of(document: str, known: Iterable[str]) -> bool:
    """Return whether a document is nothing but other texts, put together."""
    left = unescaped(document[:_MOST_CHARS])
    for text in sorted({unescaped(text).strip() for text in known}, key=len, reverse=True)[:_MOST_PIECES]:
        if len(text) >= _SHORTEST_PIECE:
            left = left.replace(text, _CUT)
    return not _letters(left)


def strange_words(prompt: str, known: Iterable[str]) -> str | None:
    """Return words of a prompt that nobody is known to have written, or None if there are next to none.

    Coarser than `unexplained`: where documents are in a prompt, the chain's own steps may have cut them and put them
    together again.

    Args:
        prompt: what a model read.
        known: texts that may be in it, those of released documents among them.
    """
    vocabulary = {word for text in known for word in _words(text)} | set(_words(_PRINTED_AS))
    ordered = sorted(vocabulary)
    strange = [word for word in dict.fromkeys(_words(_DATE.sub("", prompt))) if not _begins(word, ordered)]
    return " ".join(strange) if len(strange) >= _FEW_WORDS else None


def _begins(word: str, ordered: Sequence[str]) -> bool:
    """Return whether a word is one of these, or begins one: where a document was cut, so was its last word."""
    place = bisect_left(ordered, word)
    return place < len(ordered) and ordered[place].startswith(word)


def _words(text: str) -> list[str]:
    """Return the words of a text that could be a sentence's: no number, and no part of an identifier."""
    text = unescaped(text[:_MOST_CHARS]).casefold()
    found = _WORD.findall(_DENSE_RUN.sub(" ", text))
    words = [word for word in found if word.isalpha() and not _HEXADECIMAL.fullmatch(word)]
    # No spaces tell these words apart: two neighbours are one.
    return words + [run[at : at + 2] for run in _DENSE_RUN.findall(text) for at in range(len(run) - 1)]


def _around_placeholders(template: str) -> Iterator[str]:
    """Yield what a template has around its placeholders; braces that it writes twice come out once."""
    marked = template.replace("{{", _OPEN).replace("}}", _CLOSE)
    for piece in _PLACEHOLDER.split(marked):
        yield piece.replace(_OPEN, "{").replace(_CLOSE, "}").strip()


def _pieces(template: str) -> Iterator[str]:
    for plain in _around_placeholders(template):
        yield plain
        # Line by line too: what formats a template may escape its braces once more, or indent it.
        yield from (line.strip() for line in plain.splitlines())


def is_within(document: str, prompt: str, but_for: Sequence[str] = ()) -> bool:
    """Return whether a prompt holds a document, or a line of it that is long enough to be nobody else's.

    Args:
        document: the document's text.
        prompt: what a model read.
        but_for: texts that may be in the prompt: what is a part of them does not count.
    """
    document, prompt = unescaped(document), unescaped(prompt)
    whole = document.strip()
    parts = [whole] if _letters(whole) >= _FEW_LETTERS // 2 else []
    parts += [line for line in map(str.strip, document.splitlines()) if len(line) >= _LINE_CHARS]
    return any(part in prompt and not any(part in unescaped(allowed) for allowed in but_for) for part in parts)


def _letters(text: str) -> int:
    """Return how many letters a text has, as an alphabet would have them; those of roles and types do not count."""
    if len(text) < _LONGEST_SHORT:
        text = _ROLES.sub("", text)
    dense = sum(map(len, _DENSE_RUN.findall(text)))
    return len(_LETTERS.findall(text)) + (_LETTERS_OF_ONE - 1) * dense
