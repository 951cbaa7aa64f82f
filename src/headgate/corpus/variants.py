"""Spellings of one word in documents: with a hyphen, a blank or neither, and with other capitals."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeVar

__all__ = ["Variants"]

_Form = TypeVar("_Form")

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LEAST_CHARS = 4
_LEAST_COUNT = 2
_LEAST_OF_PAIR = 2
_AROUND_WORDS = ".,;:!?()[]{}\"'*\u201c\u201d\u2018\u2019"
_MOST_FORMS = 200_000
_RARER = 5
"""How much rarer a spelling in two words has to be: `set up` is none of `setup`."""
# Words that make two words of one with another sense: everyday, sign in, anyone.
_PARTICLES = frozenset(
    (
        *("any", "back", "be", "body", "by", "day", "down", "ever", "every", "how", "in", "into", "less", "like"),
        *("more", "no", "not", "of", "off", "on", "one", "out", "over", "self", "some", "thing", "time", "to", "under"),
        *("up", "way", "where", "while", "with", "a", "all", "an", "as", "so", "the", "there", "can", "may", "non"),
    )
)


class Variants:
    """Counts spellings, text by text, within a bound."""

    def __init__(self) -> None:
        self._forms: Counter[str] = Counter()
        self._pairs: Counter[tuple[str, str]] = Counter()

    def add(self, prose: str) -> None:
        """Count the words of a text without its code."""
        tokens = prose.split()
        words = [token.strip(_AROUND_WORDS) for token in tokens]
        self._count(self._forms, Counter(w for w in words if len(w) >= _LEAST_CHARS and _WORD.fullmatch(w)))
        # With a sign between them two words are not one.
        pairs = ((left.lower(), right.rstrip(_AROUND_WORDS).lower()) for left, right in pairwise(tokens))
        self._count(self._pairs, Counter(pair for pair in pairs if all(map(_is_part, pair))))

    @staticmethod
    def _count(counter: Counter[_Form], found: Counter[_Form]) -> None:
        for form, count in found.items():
            if form in counter or len(counter) < _MOST_FORMS:
                counter[form] += count

    def merge(self, word: str | tuple[str, str], count: int) -> None:
        """Add what was counted of a word, or of two beside each other, elsewhere."""
        if isinstance(word, str):
            self._count(self._forms, Counter({word: count}))
        else:
            self._count(self._pairs, Counter({word: count}))

    def counted(self) -> Iterator[tuple[str | tuple[str, str], int]]:
        """Yield every word, and every two beside each other, with its count."""
        yield from self._forms.items()
        yield from self._pairs.items()

    def found(self) -> Iterator[tuple[str, str, int, int]]:
        """Yield `(canonical, variant, how often the one, how often the other)`."""
        yield from self._hyphens()
        yield from self._capitals()

    def _hyphens(self) -> Iterator[tuple[str, str, int, int]]:
        lowered: Counter[str] = Counter()
        written: dict[str, str] = {}
        for form, count in self._forms.most_common():
            lowered[form.lower()] += count
            written.setdefault(form.lower(), form)
        for form, count in sorted(lowered.items()):
            joined = form.replace("-", "")
            if "-" in form and min(count, lowered[joined]) >= _LEAST_COUNT:
                first, second = sorted((form, joined), key=lambda one: -lowered[one])
                yield written[first], second, lowered[first], lowered[second]
        for (left, right), count in sorted(self._pairs.items()):
            joined = left + right
            if count < _LEAST_COUNT or "-" in joined or not _PARTICLES.isdisjoint((left, right)):
                continue
            is_name = joined in lowered and not written[joined][1:].islower()
            if lowered.get(joined, 0) >= _RARER * count and not is_name:
                yield written[joined], f"{left} {right}", lowered[joined], count

    def _capitals(self) -> Iterator[tuple[str, str, int, int]]:
        groups: dict[str, list[str]] = {}
        for form, count in self._forms.items():
            if count >= _LEAST_COUNT and not form.isupper():
                groups.setdefault(form.lower(), []).append(form)
        for _, forms in sorted(groups.items()):
            # At the beginning of a sentence every word has a capital; within it, only a name has.
            inner = [form for form in forms if form[1:] != form[1:].lower() and "-" not in form]
            if not inner or len(forms) < 2:
                continue
            best = max(inner, key=lambda form: self._forms[form])
            if self._forms[best] * _RARER < max(self._forms[form] for form in forms):
                continue  # a slip, or an identifier
            for form in sorted(forms):
                if form != best:
                    yield best, form, self._forms[best], self._forms[form]


def _is_part(word: str) -> bool:
    return len(word) >= _LEAST_OF_PAIR and word.isalpha()
