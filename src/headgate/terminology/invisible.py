"""Text that nobody sees and a model reads: tags, runs of variation selectors and zero-width signs, bidi overrides.

What is looked at are the code points that Unicode calls default ignorable (UAX #44, `Default_Ignorable_Code_Point`)
and interlinear annotations. Most of them have a use: they join emoji and letters, hyphenate, choose the form of a sign.
What stands where none of these uses is, says something else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from headgate.terminology.edits import Edit, Rewrite, apply_edits

__all__ = ["KINDS", "Invisible", "find_invisible", "without_invisible"]

KINDS = ("tags", "variation selectors", "zero-width signs", "bidi controls")
"""What is counted, by name."""

_SELECTORS = "\ufe00-\ufe0f\U000e0100-\U000e01ef"
_TAGS = "\U000e0000-\U000e00ff\U000e01f0-\U000e0fff"
_OVERRIDES = "\u202d\u202e\u206a-\u206f\ufff9-\ufffb"
_DIRECTIONS = "\u061c\u200e\u200f\u202a-\u202c\u2066-\u2069"
_WIDTHLESS = (
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200d\u2060-\u2065\u3164\ufeff\uffa0\ufff0-\ufff8"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
)
_RUN = re.compile(f"[{_SELECTORS}{_TAGS}{_OVERRIDES}{_DIRECTIONS}{_WIDTHLESS}]+")
_KIND_OF = tuple(
    (kind, re.compile(f"[{signs}]"))
    for kind, signs in zip(KINDS, (_TAGS, _SELECTORS, _WIDTHLESS, _OVERRIDES + _DIRECTIONS), strict=True)
)
_ONE_SELECTOR, _ONE_DIRECTION = re.compile(f"[{_SELECTORS}]"), re.compile("[\u202a-\u202c\u2066-\u2069]")
_ONE_THAT_IS_NEVER_ALONE = re.compile(f"[{_TAGS}{_OVERRIDES}]")
_ONLY_DIRECTIONS = re.compile(f"[{_DIRECTIONS}]+")
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
_STYLES, _JOINED, _KEYCAPS = "\ufe0e\ufe0f", "\ufe0f\u200d", "#*0123456789"
_FLAG = "\U0001f3f4"
# The flags of England, Scotland and Wales are the only ones that are spelt (UTS #51, annex C).
_SPELT_FLAGS = tuple(
    "".join(chr(0xE0000 + ord(sign)) for sign in region) + "\U000e007f" for region in ("gbeng", "gbsct", "gbwls")
)


def _as_selectors(data: bytes) -> str:
    return "".join(chr(0xFE00 + byte if byte < 16 else 0xE0100 + byte - 16) for byte in data)


# How a manifest of the C2PA begins in a text (Technical Specification 2.4, annex A.8).
_C2PA = "\ufeff" + _as_selectors(b"C2PATXT\0")


@dataclass(frozen=True, slots=True)
class Invisible:
    """What of a text nobody sees.

    Attributes:
        spans: where it is, in order.
        counts: how many signs, by kind.
        manifests: how many of the spans begin as a manifest of the C2PA does; what it says is not verified.
    """

    spans: tuple[tuple[int, int], ...]
    counts: Mapping[str, int]
    manifests: int = 0


def find_invisible(text: str) -> Invisible | None:
    """Return what of a text nobody sees although it has no use there; None where there is nothing of the kind."""
    if text.isascii():
        return None
    spans = [run.span() for run in _RUN.finditer(text)]
    if not spans:
        return None
    is_right_to_left = _RIGHT_TO_LEFT.search(text) is not None
    spans = [span for span in spans if not _has_use(text, *span, is_right_to_left=is_right_to_left)]
    if not spans:
        return None
    signs = Counter(sign for start, end in spans for sign in text[start:end])
    counts = Counter[str]()
    for sign, count in signs.items():
        counts[_kind_of(sign)] += count
    return Invisible(tuple(spans), dict(counts), sum(_C2PA in text[start:end] for start, end in spans))


def without_invisible(text: str, found: Invisible) -> Rewrite:
    """Return a text without what nobody sees in it, with the way back to the original.

    Args:
        text: the text.
        found: what was found in it.
    """
    edits = tuple(Edit(start, end, text[start:end], "", "replace", "") for start, end in found.spans)
    rewritten, alignment = apply_edits(text, edits)
    return Rewrite(rewritten, edits, alignment)


def _has_use(text: str, start: int, end: int, *, is_right_to_left: bool) -> bool:
    signs, before, after = text[start:end], text[start - 1 : start] if start else "", text[end : end + 1]
    if len(signs) == 1:
        return _has_use_alone(signs, before, is_right_to_left=is_right_to_left)
    if signs == _JOINED:
        return _is_picture(before) and _is_picture(after)
    if before == _FLAG and signs in _SPELT_FLAGS:
        return True
    return is_right_to_left and _ONLY_DIRECTIONS.fullmatch(signs) is not None


def _has_use_alone(sign: str, before: str, *, is_right_to_left: bool) -> bool:
    if _ONE_SELECTOR.match(sign):
        return _is_picture(before) or (sign in _STYLES and before != "" and before in _KEYCAPS)
    if _ONE_DIRECTION.match(sign):
        return is_right_to_left
    return _ONE_THAT_IS_NEVER_ALONE.match(sign) is None


def _is_picture(sign: str) -> bool:
    """Return whether there is a sign that may have more than one form."""
    return sign != "" and not sign.isascii() and not sign.isspace()


def _kind_of(sign: str) -> str:
    return next(kind for kind, signs in _KIND_OF if signs.match(sign))
