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
_ONLY_DIRECTIONS, _SOME_DIRECTIONS = re.compile(f"[{_DIRECTIONS}]{{1,4}}"), re.compile(f"[{_DIRECTIONS}]+")
_RIGHT_TO_LEFT = re.compile(
    "[\u0590-\u061b\u061d-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]"
)
# Scripts whose words are not set apart, so that a space which no one sees says where a line may end.
_UNSPACED = re.compile("[\u0e00-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u1b00-\u1b7f\ua980-\ua9ff\uaa60-\uaadf]")
# Scripts whose letters join, in more ways than one.
_JOINING = re.compile(
    "[\u0600-\u0dff\u0f00-\u109f\u1780-\u18af\u1b00-\u1bff\ua840-\ua8ff\ua980-\ua9ff\uaa60-\uaa7f\uaae0-\uaaff"
    "\uabc0-\uabff\ufb50-\ufdff\ufe70-\ufefc\U00010a00-\U00010aff\U00010d00-\U00010fff\U00011000-\U00011fff"
    "\U0001e900-\U0001e95f]"
)
_MONGOLIAN, _KHMER = re.compile("[\u1800-\u18af]"), re.compile("[\u1780-\u17ff]")
_IDEOGRAPH = re.compile("[\u2e80-\u2fdf\u3005-\u3007\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff\uffa0-\uffdc]")
_STYLES, _JOINED, _KEYCAPS, _KEYCAP = "\ufe0e\ufe0f", "\ufe0f\u200d", "#*0123456789", "\u20e3"
_PICTURES = frozenset("\u203c\u2049\u2139\u3030\u303d")  # whose category is of letters or punctuation
_BLANK = "\u2800"  # a symbol that looks like a space
_HYPHEN, _SPACE, _JOINERS, _ORDER_MARK = "\u00ad", "\u200b", "\u200c\u200d", "\ufeff"
_BREAKS = f"{_SPACE}{_JOINERS}\u2060{_ORDER_MARK}"
_FILLERS = "\u115f\u1160\u3164\uffa0"
_FLAG = "\U0001f3f4"
# The flags of England, Scotland and Wales are the only ones that are spelt (UTS #51, annex C).
_SPELT_FLAGS = tuple(
    "".join(chr(0xE0000 + ord(sign)) for sign in region) + "\U000e007f" for region in ("gbeng", "gbsct", "gbwls")
)
# How many signs that might have a use are believed to have one: more of them, chosen one by one, can spell anything.
_MOST_ODD, _SHARE_ODD = 8, 0.02
# How far from a letter that is written right to left a sign of direction may stand: around a number, or an address.
_NEAR = 32


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
    has_directions = _allows_directions(text)
    uses = [_use(text, *span, has_directions=has_directions) for span in runs]
    believed = _believed(text, runs, uses)
    spans = [span for span, use in zip(runs, uses, strict=True) if use not in believed]
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


Use = Literal["plain", "odd", "alike", "none"]
"""What a run of signs is good for: something that can be seen where it stands; something that is believed of a few;
something that is believed of a few, and of more only if all are the same sign; nothing."""


def _believed(text: str, runs: list[tuple[int, int]], uses: list[Use]) -> frozenset[Use]:
    """Return which uses are believed of the runs of a text."""
    seen = len(text) - sum(end - start for start, end in runs)
    if uses.count("odd") + uses.count("alike") > max(_MOST_ODD, _SHARE_ODD * seen):
        return frozenset({"plain"})
    alike = [text[start:end] for (start, end), use in zip(runs, uses, strict=True) if use == "alike"]
    # Of two signs, each place says one thing or the other.
    if len(alike) > _MOST_ODD and len(set(alike)) > 1:
        return frozenset({"plain", "odd"})
    return frozenset({"plain", "odd", "alike"})


def _allows_directions(text: str) -> bool:
    """Return whether as many letters are written right to left as there are signs of direction, but for a few."""
    signs = sum(end - start for start, end in (run.span() for run in _SOME_DIRECTIONS.finditer(text)))
    letters = sum(1 for _ in _RIGHT_TO_LEFT.finditer(text)) if signs else 0
    return letters > 0 and signs <= max(_MOST_ODD, letters)


def _use(text: str, start: int, end: int, *, has_directions: bool) -> Use:
    signs, before, after = text[start:end], text[start - 1 : start] if start else "", text[end : end + 1]
    if has_directions and _ONLY_DIRECTIONS.fullmatch(signs):
        near = text[max(start - _NEAR, 0) : end + _NEAR]
        if _RIGHT_TO_LEFT.search(near):
            return "plain" if len(signs) == 1 else "odd"
    if len(signs) == 1:
        return "plain" if signs == _ORDER_MARK and not start else _use_alone(signs, before, after)
    is_useful = (signs == _JOINED and _is_picture(before) and _is_picture(after)) or (
        before == _FLAG and signs in _SPELT_FLAGS
    )
    return "plain" if is_useful else "none"


def _use_alone(sign: str, before: str, after: str) -> Use:
    if _ONE_SELECTOR.match(sign):
        return _use_of_selector(sign, before, after)
    if _ONE_DIRECTION.match(sign):
        return "none"
    if _ONE_MARK.match(sign):
        return "alike"
    if sign == _HYPHEN:
        return "plain" if _is_of_a_word(before) and _is_of_a_word(after) else "alike"
    if sign in _BREAKS:
        return _use_of_break(sign, before, after)
    if sign in _FILLERS:
        return _use_of_filler(sign, before, after)
    # Mongolian and Khmer have signs of their own; in other words they say nothing.
    own = _MONGOLIAN if "\u180b" <= sign <= "\u180f" else _KHMER if sign in "\u17b4\u17b5" else None
    return "plain" if own is not None and own.match(before) else "none"


def _use_of_break(sign: str, before: str, after: str) -> Use:
    if sign == _SPACE:
        has_use = _UNSPACED.match(before) or _UNSPACED.match(after)
    elif sign in _JOINERS:
        has_use = _JOINING.match(before) or _JOINING.match(after)
        if sign == _JOINERS[1] and _is_picture(before) and _is_picture(after):
            return "plain"
    else:
        has_use = None
    return "plain" if has_use else "alike"


def _use_of_filler(sign: str, before: str, after: str) -> Use:
    """Return the use of a filler: one stands for a vowel behind a consonant, one for a consonant before a vowel."""
    is_of_a_syllable = (sign == "\u115f" and "\u1161" <= after <= "\u11a7") or (
        sign == "\u1160" and "\u1100" <= before <= "\u115e"
    )
    if is_of_a_syllable:
        return "plain"
    return "alike" if _HANGUL.match(before) or _HANGUL.match(after) else "none"


def _use_of_selector(sign: str, before: str, after: str) -> Use:
    if sign in _STYLES and (_is_picture(before) or (before != "" and before in _KEYCAPS and after == _KEYCAP)):
        return "plain"
    if sign in _STYLES and before != "" and before in _KEYCAPS:
        return "alike"
    return "odd" if _IDEOGRAPH.match(before) or category(before or " ") == "Sm" else "none"


def _is_picture(sign: str) -> bool:
    """Return whether a sign may be shown in colour or not: no letter, mark, space or dash of a text is."""
    if sign == "" or sign.isascii() or sign == _BLANK:
        return False
    kind = category(sign)
    # What a later Unicode calls a picture is not known here.
    return kind in ("So", "Sk", "Sm") or sign in _PICTURES or (kind == "Cn" and sign >= "\U0001f000")


def _is_of_a_word(sign: str) -> bool:
    return sign != "" and category(sign)[0] in "LMN"


def _kind_of(sign: str) -> str:
    return next(kind for kind, signs in _KIND_OF if signs.match(sign))
