"""Rewriting against its peers on real prose: flashtext, flashtext2 and a bare pass of the engine, in one run.

`python -m benchmarks.terminology [FOLDER]` reads the Python Enhancement Proposals (see `benchmarks.peps`) in pieces of
4,000 characters, as reStructuredText and as Markdown, with glossaries of 1,000, 10,000 and 100,000 aliases of which
0, 1, 10 or 50 are in a piece. The peers replace words and do nothing else: they leave no code alone, tell no offsets,
and do not look for what they have written. `pip install flashtext flashtext2` brings them; without them their columns
are empty.
"""

from __future__ import annotations

import gc
import random
import re
import string
import sys
import time
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind
from rich.console import Console
from rich.table import Table

from benchmarks.peps import corpora, read_peps
from headgate import Glossary

_CHARS, _PIECES, _ROUNDS = 4_000, 200, 5
_SIZES, _HITS = (1_000, 10_000, 100_000), (0, 1, 10, 50)
_WORD = re.compile(r"(?<![\w`/.:-])[a-z]{4,12}(?![\w`/.:-])")


def pieces_of(folder: Path) -> list[str]:
    """Return pieces of real prose."""
    text = "\n\n".join(row["text"] for row in read_peps(folder, 2026))
    starts = random.Random(1).sample(range(0, len(text) - _CHARS, _CHARS), _PIECES)  # noqa: S311 - the same each time
    return [text[start : start + _CHARS] for start in starts]


def as_markdown(piece: str) -> str:
    """Return a piece as Markdown has its titles, code and lists."""
    text = re.sub(r"^(.+)\n[=~-]{3,}$", r"## \1", piece, flags=re.MULTILINE)
    return re.sub(r"``([^`\n]+)``", r"`\1`", text)


def aliases_of(count: int) -> list[str]:
    """Return made-up words, which no text holds."""
    chance = random.Random(count)  # noqa: S311 - as above
    found: set[str] = set()
    while len(found) < count:
        found.add("".join(chance.choice(string.ascii_lowercase) for _ in range(chance.randint(6, 12))))
    return sorted(found)


def planted(piece: str, hits: int, aliases: Sequence[str]) -> str:
    """Return a piece in which so many words of its prose are aliases."""
    places = [match.span() for match in _WORD.finditer(piece)]
    chance = random.Random(len(piece) + hits)  # noqa: S311 - as above
    for start, end in sorted(chance.sample(places, min(hits, len(places))), reverse=True):
        piece = piece[:start] + chance.choice(aliases[:500]) + piece[end:]
    return piece


def engines(aliases: Sequence[str]) -> Iterator[tuple[str, Callable[[str], object] | None]]:
    """Yield what rewrites, by its name; None where it is not installed."""
    glossary = Glossary.from_mapping({f"Term {number}": [alias] for number, alias in enumerate(aliases)})
    yield "headgate", glossary.rewrite
    for name in ("flashtext2", "flashtext"):
        yield name, _flashtext(name, aliases)
    patterns = [f" {alias} " for alias in aliases]
    bare = AhoCorasick(
        patterns,
        matchkind=MatchKind.LeftmostLongest,
        store_patterns=False,
        implementation=Implementation.DFA if len(patterns) <= 5_000 else None,
    )
    yield "bare engine", lambda text: bare.find_matches_as_indexes(text.lower())


def _flashtext(name: str, aliases: Sequence[str]) -> Callable[[str], object] | None:
    try:
        module: Any = __import__(name)
    except ImportError:
        return None
    processor = module.KeywordProcessor(case_sensitive=False)
    for number, alias in enumerate(aliases):
        processor.add_keyword(alias, f"Term {number}")
    replace: Callable[[str], object] = processor.replace_keywords
    return replace


def _seconds(action: Callable[[str], object], pieces: Sequence[str]) -> float:
    """Return the CPU seconds that a piece takes, in the best of several rounds."""
    for piece in pieces[:20]:
        action(piece)
    best = float("inf")
    gc.disable()
    try:
        for _ in range(_ROUNDS):
            started = time.process_time()
            for piece in pieces:
                action(piece)
            best = min(best, time.process_time() - started)
    finally:
        gc.enable()
    return best / len(pieces)


def main() -> None:
    """Print the table."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else corpora()
    if folder is None:
        sys.exit("The corpora are not there: see benchmarks/peps.py.")
    pieces = pieces_of(folder)
    forms = {"reST": pieces, "Markdown": [as_markdown(piece) for piece in pieces]}
    table = Table(title=f"microseconds per {_CHARS:,} characters; in brackets how many times as fast headgate is")
    for column in ("aliases", "text", "hits", "headgate", "flashtext2", "flashtext", "bare engine"):
        table.add_column(column, justify="right")
    for size in _SIZES:
        aliases = aliases_of(size)
        made = dict(engines(aliases))
        for form, texts in forms.items():
            for hits in _HITS:
                shown = [planted(text, hits, aliases) for text in texts]
                times = {name: _seconds(one, shown) * 1e6 if one is not None else None for name, one in made.items()}
                own = times["headgate"] or 0.0
                cells = [f"{one:,.0f} ({one / own:.2f})" if one is not None else "" for one in list(times.values())[1:]]
                table.add_row(f"{size:,}", form, str(hits), f"{own:,.0f}", *cells)
    console = Console(width=110)
    console.print(table)
    tracemalloc.start()
    started = time.process_time()
    Glossary.from_mapping({f"Term {number}": [alias] for number, alias in enumerate(aliases_of(100_000))})
    seconds, peak = time.process_time() - started, tracemalloc.get_traced_memory()[1]
    console.print(
        f"100,000 aliases made in {seconds:.2f} s of CPU under a memory profiler, at most {peak / 1e6:.0f} MB"
    )


if __name__ == "__main__":
    main()
