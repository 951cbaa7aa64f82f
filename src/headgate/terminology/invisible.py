"""Text that nobody sees and a model reads: tags, runs of variation selectors and zero-width characters, bidi overrides.

What is looked at are the code points that Unicode calls default ignorable (UAX #44, `Default_Ignorable_Code_Point`)
and interlinear annotations. Most of them have a use: they join emoji and letters, hyphenate, choose the form of a sign.
What is anywhere else says something else.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from unicodedata import category

from headgate.terminology.edits import Edit, Rewrite, apply_edits

__all__ = ["KINDS", "Invisible", "find_invisible", "without_invisible"]

KINDS = ("tags", "variation selectors", "zero-width characters", "bidi controls")
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
_ONE_MARK = re.compile("[\u061c\u200e\u200f]")
_ONLY_DIRECTIONS = re.compile(f"[{_DIRECTIONS}]{{1,4}}")
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
# Letters of scripts without joiners, and without spaces that no one sees: Latin, Greek, Cyrillic, Armenian, Georgian.
_PLAIN = re.compile("[0-9A-Za-z\u00c0-\u058f\u10a0-\u10ff\u1e00-\u1fff]")
_IDEOGRAPH = re.compile("[\u2e80-\u2fdf\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff\uffa0-\uffdc]")
_STYLES, _JOINED, _KEYCAPS = "\ufe0e\ufe0f", "\ufe0f\u200d", "#*0123456789"
_HYPHEN, _BREAKS = "\u00ad", "\u200b\u200c\u200d\u2060\ufeff"
_FILLERS = "\u115f\u1160\u3164\uffa0"
_FLAG = "\U0001f3f4"
# The flags of England, Scotland and Wales are the only ones that are spelt (UTS #51, annex C).
_SPELT_FLAGS = tuple(
    "".join(chr(0xE0000 + ord(sign)) for sign in region) + "\U000e007f" for region in ("gbeng", "gbsct", "gbwls")
)
# How many signs that might have a use are believed to have one: more of them, chosen one by one, can spell anything.
_MOST_ODD, _SHARE_ODD = 8, 0.02


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
    runs = [run.span() for run in _RUN.finditer(text)]
    if not runs:
        return None
    is_right_to_left = _RIGHT_TO_LEFT.search(text) is not None
    uses = [_use(text, *span, is_right_to_left=is_right_to_left) for span in runs]
    # Breaks within plain words, and rare forms of ideographs, have a use as long as they are few.
    is_much = uses.count("odd") > max(_MOST_ODD, _SHARE_ODD * len(text))
    spans = [span for span, use in zip(runs, uses, strict=True) if use == "none" or (use == "odd" and is_much)]
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


Use = Literal["plain", "odd", "none"]


def _use(text: str, start: int, end: int, *, is_right_to_left: bool) -> Use:
    """Return whether a run of signs has a use where it stands, one that is believed of a few only, or none."""
    signs, before, after = text[start:end], text[start - 1 : start] if start else "", text[end : end + 1]
    if len(signs) == 1:
        return _use_alone(signs, before, after, is_right_to_left=is_right_to_left)
    is_useful = (
        (signs == _JOINED and _is_picture(before) and _is_picture(after))
        or (before == _FLAG and signs in _SPELT_FLAGS)
        or (is_right_to_left and _ONLY_DIRECTIONS.fullmatch(signs) is not None)
    )
    return "plain" if is_useful else "none"


def _use_alone(sign: str, before: str, after: str, *, is_right_to_left: bool) -> Use:
    if _ONE_SELECTOR.match(sign):
        return _use_of_selector(sign, before)
    if _ONE_DIRECTION.match(sign):
        return "plain" if is_right_to_left else "none"
    if _ONE_MARK.match(sign):
        return "plain" if is_right_to_left else "odd"
    if sign == _HYPHEN:
        return "plain"
    is_within_a_word = _PLAIN.match(before) is not None and _PLAIN.match(after) is not None
    if sign in _BREAKS:
        return "odd" if is_within_a_word else "plain"
    if sign in _FILLERS:
        return "plain" if _HANGUL.match(before) or _HANGUL.match(after) else "none"
    # Mongolian and Khmer have signs of their own; in other words they say nothing.
    is_own = "\u17b4" <= sign <= "\u180f" and not (before + after).isascii()
    return "plain" if is_own and not is_within_a_word else "none"


def _use_of_selector(sign: str, before: str) -> Use:
    if sign in _STYLES and (_is_picture(before) or (before != "" and before in _KEYCAPS)):
        return "plain"
    return "odd" if _IDEOGRAPH.match(before) or category(before or " ") == "Sm" else "none"


def _is_picture(sign: str) -> bool:
    """Return whether a sign may be shown in colour or not: no letter of a word is."""
    return sign != "" and not sign.isascii() and (not sign.isalpha() or _IDEOGRAPH.match(sign) is not None)


def _kind_of(sign: str) -> str:
    return next(kind for kind, signs in _KIND_OF if signs.match(sign))
