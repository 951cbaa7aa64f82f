"""Tokens: which of the admitted texts fit into the prompt (tiktoken)."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Literal

from headgate.caching import Memo
from headgate.errors import BudgetError
from headgate.forks import importing
from headgate.provenance.spans import SPACE, cut_blocks

if TYPE_CHECKING:
    from tiktoken import Encoding

__all__ = ["Cut", "Fit", "TokenBudget"]

# Encoding time grows faster than the length of a text without spaces; pieces of this size keep it linear.
_PIECE_CHARS = 8_192
_MOST_REMEMBERED = 50_000
_SPARE = (0, 1, 2, 4, 8, 16, 64, 256)


# Beside combining marks, what belongs to the sign before it: joiners, tones of skin, tags.
_CONTINUES = re.compile("[\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]")
_JOINER, _VIRAMA = "\u200d", 9  # a class of combining marks that join the next letter (UAX #44)
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_SIGN_CHARS = 64

Cut = Literal["tokens", "sentences"]
Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Fit:
    """How a text fits.

    Attributes:
        tokens: how many it has.
        text: what is left of it; None if nothing.
        left: how many tokens that has.
    """

    tokens: int
    text: str | None
    left: int

    @property
    def is_cut(self) -> bool:
        """Whether something is left, and not all."""
        return self.text is not None and self.left < self.tokens


class TokenBudget:
    """A bound on the tokens of one prompt.

    Args:
        max_tokens: the bound.
        encoding: the name of a tiktoken encoding.
        cut: where the first text that does not fit is cut; None drops it.
        floor: the fewest tokens that a cut text has; with less room it is dropped.

    Raises:
        BudgetError: tiktoken is not installed, or cannot load the encoding.
    """

    def __init__(self, max_tokens: int, encoding: str, *, cut: Cut | None = None, floor: int = 1) -> None:
        self._max_tokens = max_tokens
        self._encoding = _load(encoding)
        self._cut, self._floor = cut, floor
        self._counts: Memo[int] = Memo(_MOST_REMEMBERED)

    def fit(self, texts: Sequence[str], terms: Sequence[Sequence[Span]] = ()) -> list[Fit]:
        """Return how each text fits, in order; a text that does not fit leaves its room to the following ones.

        Args:
            texts: the texts, the best one first.
            terms: where each text has what is not cut in two, such as a term with its annotation; in order.
        """
        left, fits = self._max_tokens, []
        for number, text in enumerate(texts):
            tokens = self.count(text)
            if tokens <= left:
                fits.append(Fit(tokens, text, tokens))
                left -= tokens
            elif self._cut is not None:
                # Rank decides: a text that is cut uses up all that is left, and the ones after it have no claim.
                kept = self._beginning(text, left, terms[number] if terms else ())
                fits.append(Fit(tokens, kept or None, self.count(kept)))
                left = 0 if kept else left
            else:
                fits.append(Fit(tokens, None, 0))
        return fits

    def count(self, text: str) -> int:
        """Return the number of tokens of a text, at most a few too many for very long ones."""
        digest = hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
        known = self._counts.get(digest)
        if known is None:
            known = self._counts.put(digest, sum(len(self._encode(piece)) for piece in _pieces(text)))
        return known

    def _beginning(self, text: str, tokens: int, terms: Sequence[Span]) -> str:
        """Return as much of a text as fits and makes sense alone; nothing if that is too little."""
        borders = _ends_of_sentences(text) if self._cut == "sentences" else None
        # What is cut may be read as other tokens than it was, and more of them.
        for spare in _SPARE:
            end = len(self._first_tokens(text, max(tokens - spare, 0)))
            kept = text[: self._last_border(text, end, borders, terms)]
            left = self.count(kept)
            if left <= tokens:
                return kept if left >= self._floor else ""
        return ""

    def _last_border(self, text: str, end: int, borders: Sequence[int] | None, terms: Sequence[Span]) -> int:
        """Return the last place up to an end at which a text may be cut."""
        before = -1
        while end != before:
            before = end
            if borders is not None:
                end = borders[bisect_right(borders, end) - 1]
            last = bisect_left(terms, (end, 0)) - 1  # the last one that begins before the end
            if last >= 0 and end < terms[last][1]:
                end = terms[last][0]
            end = _before_sign(text, end)
        return end

    def _first_tokens(self, text: str, tokens: int) -> str:
        kept: list[str] = []
        for piece in _pieces(text):
            ids = self._encode(piece)
            if len(ids) <= tokens:
                kept.append(piece)
                tokens -= len(ids)
                continue
            # A cut may fall inside a character; what is left of it is dropped.
            kept.append(self._encoding.decode_bytes(ids[:tokens]).decode("utf-8", errors="ignore"))
            break
        return "".join(kept)

    def _encode(self, text: str) -> list[int]:
        # `encode` raises on texts that contain a special token such as <|endoftext|>.
        return self._encoding.encode_ordinary(text)


def _pieces(text: str) -> list[str]:
    return [text[start : start + _PIECE_CHARS] for start in range(0, len(text), _PIECE_CHARS)]


def _before_sign(text: str, end: int) -> int:
    """Return the last place up to an end at which no sign as people see it is cut in two (UAX #29, section 3)."""
    first = max(0, end - _SIGN_CHARS)
    while first < end < len(text) and _belong_together(text[end - 1], text[end]):
        end -= 1
    before = text[first:end]
    flags = len(before) - len(before.rstrip(_FLAG_LETTERS))
    is_half_a_flag = flags % 2 == 1 and end < len(text) and text[end] in _FLAG_LETTERS
    return end - 1 if is_half_a_flag else end


def _belong_together(sign: str, following: str) -> bool:
    is_joined = sign == _JOINER or unicodedata.combining(sign) == _VIRAMA
    return is_joined or unicodedata.category(following).startswith("M") or _CONTINUES.match(following) is not None


def _ends_of_sentences(text: str) -> list[int]:
    """Return where a text may be cut, in order: before it, and behind each of its sentences and lines."""
    lead = len(text) - len(text.lstrip(SPACE))
    return [0, *accumulate(map(len, cut_blocks(text)), initial=lead)]


def _load(name: str) -> Encoding:
    try:
        with importing():
            import tiktoken
    except ImportError as error:
        raise BudgetError("A token budget needs tiktoken: pip install 'headgate[tokens]'.") from error
    try:
        return tiktoken.get_encoding(name)
    except ValueError as error:
        known = ", ".join(tiktoken.list_encoding_names())
        raise BudgetError(f"tiktoken has no encoding {name!r}; it has {known}.") from error
    except Exception as error:
        # Whatever its download raised; the type depends on the HTTP library it found.
        raise BudgetError(
            f"tiktoken could not load {name!r} ({type(error).__name__}). Set TIKTOKEN_CACHE_DIR to a folder that "
            "holds it; llama-index-core ships one."
        ) from error
