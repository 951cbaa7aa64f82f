"""Tokens: which of the admitted texts fit into the prompt (tiktoken)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headgate.errors import BudgetError

if TYPE_CHECKING:
    from tiktoken import Encoding

__all__ = ["Fit", "TokenBudget"]

# Encoding time grows faster than the length of a text without spaces; pieces of this size keep it linear.
_PIECE_CHARS = 8_192


@dataclass(frozen=True, slots=True)
class Fit:
    """How a text fits: its tokens, and what is left of it (None if nothing)."""

    tokens: int
    text: str | None
    is_cut: bool = False


class TokenBudget:
    """A bound on the tokens of one prompt.

    Args:
        max_tokens: the bound.
        encoding: the name of a tiktoken encoding.
        cut: whether the first text that does not fit is cut rather than dropped.

    Raises:
        BudgetError: tiktoken is not installed, or cannot load the encoding.
    """

    def __init__(self, max_tokens: int, encoding: str, *, cut: bool = False) -> None:
        self._max_tokens = max_tokens
        self._encoding = _load(encoding)
        self._cut = cut

    def fit(self, texts: Sequence[str]) -> list[Fit]:
        """Return how each text fits, in order; a text that does not fit leaves its room to the following ones."""
        left = self._max_tokens
        fits = []
        for text in texts:
            tokens = self.count(text)
            if tokens <= left:
                fits.append(Fit(tokens, text))
                left -= tokens
            elif self._cut:
                # Rank decides: a text that is cut uses up all that is left, and the ones after it have no claim.
                kept = self._first_tokens(text, left)
                fits.append(Fit(tokens, kept or None, is_cut=bool(kept)))
                left = 0
            else:
                fits.append(Fit(tokens, None))
        return fits

    def count(self, text: str) -> int:
        """Return the number of tokens of a text, at most a few too many for very long ones."""
        return sum(len(self._encode(piece)) for piece in _pieces(text))

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


def _load(name: str) -> Encoding:
    try:
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
