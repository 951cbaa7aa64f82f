"""Where a word may begin and end within a run of letters: changes of script, particles, scripts without spaces.

Limits: no dictionary is consulted. In Japanese, a term in Kanji counts only where no other Kanji is beside it; in
Chinese it counts anywhere. In Thai, a term counts before a space, a sign, another script or a vowel that is written
before its consonant, for only there it is certain that its word ends.
"""

from __future__ import annotations

import re

__all__ = ["SCRIPTED", "changes_script", "goes_on_behind", "is_part_of_longer"]

_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\uac00-\ud7af]+")
_SEMITIC = re.compile("[\u0590-\u05ff\u0600-\u06ff\u0750-\u077f\ufb1d-\ufdff\ufe70-\ufefe]")
_LATIN = re.compile("[0-9A-Za-z\u00c0-\u024f]")
_KATAKANA = re.compile("[\u30a1-\u30fa\u30fc-\u30ff\uff66-\uff9f]")
_KANA = re.compile("[\u3041-\u30ff]")
_HAN = re.compile("[\u3005\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")
_THAI = re.compile("[\u0e01-\u0e5b]")
_THAI_FIRST_VOWELS = "\u0e40\u0e41\u0e42\u0e43\u0e44"
_NEARBY = 40

SCRIPTED = re.compile("[\u0590-\u06ff\u0750-\u077f\u1100-\u11ff\u3130-\u318f\uac00-\ud7af\ufb1d-\ufdff\ufe70-\ufefe]")
"""Letters beside which a word may end without a space, at the border to another script."""

# Particles of Korean that follow a noun directly, and the copula.
_PARTICLE_WORDS = """
    은 는 이 가 을 를 의 에 에서 에게 에게서 께 께서 한테 와 과 랑 이랑 하고 로 으로
    로서 으로서 로써 으로써 도 만 까지 부터 조차 마저 밖에 보다 처럼 같이 마다 대로 이나 나
    이라도 라도 이란 란 이라는 라는 이라고 라고 이며 며 이고 에는 에도 에서는 에서도 으로는
    로는 과는 와는 들 들은 들이 들을 들의 들에 들도 이다 다 입니다 이었다 였다 이에요 예요
    인 일 님 님이 님은
"""
_PARTICLES = frozenset(_PARTICLE_WORDS.split())
_MOST_PARTICLE = max(map(len, _PARTICLES))


def changes_script(one: str, other: str) -> bool:
    """Return whether a word ends between two letters because another script begins: Latin beside Korean or Arabic."""
    return any(
        _LATIN.match(first) is not None and (_HANGUL.match(second) is not None or _SEMITIC.match(second) is not None)
        for first, second in ((one, other), (other, one))
    )


def goes_on_behind(text: str, end: int) -> bool:
    """Return whether a Korean word that ends at `end` is followed by more than a particle."""
    run = _HANGUL.match(text, end, end + _MOST_PARTICLE + 1)
    return run is None or run[0] not in _PARTICLES


def is_part_of_longer(text: str, start: int, end: int) -> bool:
    """Return whether `text[start:end]`, in a script without spaces, is certainly or probably within a longer word."""
    first, last, before, after = text[start], text[end - 1], text[start - 1 : start], text[end : end + 1]
    for pattern in (_KATAKANA, _HAN):
        is_behind = bool(before) and pattern.match(first) is not None and pattern.match(before) is not None
        is_ahead = bool(after) and pattern.match(last) is not None and pattern.match(after) is not None
        if is_behind or is_ahead:
            # In Chinese every sign of a sentence is beside another one.
            return pattern is _KATAKANA or _KANA.search(text, max(0, start - _NEARBY), end + _NEARBY) is not None
    if _THAI.match(last) is not None and after and _THAI.match(after) is not None:
        return after not in _THAI_FIRST_VOWELS
    return bool(before) and _THAI.match(first) is not None and before in _THAI_FIRST_VOWELS
