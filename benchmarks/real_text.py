"""Real prose in pieces, and aliases that stand in it: what the gate meets, rather than what it is good at."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from benchmarks.peps import corpora, read_peps

__all__ = ["NAME", "aliases_in", "pieces"]

_PHRASE = re.compile(r"(?<![\w`/.:-])([a-z]{4,12}) ([a-z]{4,12})(?![\w`/.:-])")


def _prose() -> tuple[str, str]:
    folder = corpora()
    if folder is not None:
        return "Python Enhancement Proposals", "\n\n".join(row["text"] for row in read_peps(folder, 2026))
    docs = sorted((Path(__file__).parents[1] / "docs").glob("*.md"))
    return "headgate's documentation", "\n\n".join(path.read_text(encoding="utf-8") for path in docs)


NAME, _PROSE = _prose()
"""Where the prose comes from; `benchmarks.peps` says where the larger corpus is looked for."""


def pieces(count: int, chars: int = 4_000) -> list[str]:
    """Return pieces of real prose, each from another place and no two alike."""
    step = max(1, (len(_PROSE) - chars) // count)
    return [_PROSE[start : start + chars] for start in range(0, step * count, step)][:count]


def aliases_in(texts: Sequence[str], count: int) -> list[str]:
    """Return phrases of two words that stand in the texts, but not often: about as a company's own terms do."""
    seen = Counter(match.group() for text in texts for match in _PHRASE.finditer(text))
    rare = [phrase for phrase, times in sorted(seen.items()) if 2 <= times <= 20]
    random.Random(5).shuffle(rare)  # noqa: S311 - the same each time
    used: set[str] = set()
    found: list[str] = []
    for phrase in rare:
        # Of phrases that share a word, the first: a glossary names a thing once.
        if not used & set(phrase.split()):
            used.update(phrase.split())
            found.append(phrase)
    return (found + [f"{phrase} unseen" for phrase in rare])[:count]
