"""URLs and e-mail addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from headgate.terminology.boundaries import SPACELESS_RANGES

__all__ = ["addresses", "urls"]

Span = tuple[int, int]

# Brackets belong to a URL in pairs, as in https://en.wikipedia.org/wiki/Mercury_(planet).
_URL_SIGN = rf"[^\s<>\"`{{}}|\\^()\[\]{SPACELESS_RANGES}]"
_URL = re.compile(
    rf"(?:\b[A-Za-z][A-Za-z0-9+.\-]{{0,30}}://|\bwww\.)(?:{_URL_SIGN}+|\({_URL_SIGN}*\)|\[{_URL_SIGN}*\]){{0,200}}"
)
_HOST = re.compile(rf"@(?=[^\W_])(?:[^\W{SPACELESS_RANGES}]|[.\-]){{1,255}}")
# Read backwards from the sign. Between letters of two scripts, of which one has no spaces, a sentence goes on.
_PIECE = rf"(?:[{SPACELESS_RANGES}]+|[^\W{SPACELESS_RANGES}]+)"
_LOCAL_PART = re.compile(rf"{_PIECE}(?:[.+%\-]+{_PIECE})*")
_LOCAL_CHARS = 64  # RFC 5321, section 4.5.3.1.1


def urls(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield URLs in a stretch of a text."""
    return (match.span() for match in _URL.finditer(text, start, end))


def addresses(text: str, start: int, end: int) -> Iterator[Span]:
    """Yield e-mail addresses in a stretch of a text."""
    for match in _HOST.finditer(text, start, end):
        begin = match.start()
        local = _LOCAL_PART.match(text[max(0, begin - _LOCAL_CHARS) : begin][::-1])
        if local is not None:
            yield begin - local.end(), match.end()
