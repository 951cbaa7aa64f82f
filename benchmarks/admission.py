"""What an admission costs, as ratios to the work that cannot be avoided, measured in the same run.

Ten sealed chunks of 4 kB and a glossary of 1,000 aliases. Warm: the gate has seen the chunks before; the floor is the
SHA-256 of the ten texts. Cold: it has not; the floor is SHA-256, Ed25519 verification and one pass of ahocorasick-rs.
"""

from __future__ import annotations

import hashlib
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

from headgate import Chunk, Gate
from headgate.provenance.jws import ParsedJws, parse_jws
from headgate.testing import FixedClock, Publisher

_CHUNKS, _CHARS, _ALIASES, _BATCHES = 10, 4_000, 1_000, 60
_SYLLABLES = ["ka", "lo", "mi", "ren", "tas", "vu", "zo", "pel", "dar", "nim", "sut", "qui", "bor", "fen", "gal", "hix"]


def _words(chance: random.Random, count: int) -> list[str]:
    return ["".join(chance.choices(_SYLLABLES, k=chance.randint(2, 4))) for _ in range(count)]


def _text(chance: random.Random, vocabulary: Sequence[str], aliases: Sequence[str], density: float) -> str:
    """Return prose of 4 kB; `density` is the share of words that are aliases."""
    words: list[str] = []
    length = 0
    while length < _CHARS:
        word = chance.choice(aliases) if chance.random() < density else chance.choice(vocabulary)
        words.append(word)
        length += len(word) + 1
    return " ".join(words)[:_CHARS]


def _best(action: Callable[[], object], repeats: int = 7, calls: int = 50) -> float:
    """Return seconds per call: the best of several rounds, which noise can only make worse."""
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        for _ in range(calls):
            action()
        best = min(best, (time.perf_counter() - started) / calls)
    return best


def _once(action: Callable[[], object]) -> float:
    started = time.perf_counter()
    action()
    return time.perf_counter() - started


def _set_up(density: float) -> tuple[list[Chunk], dict[str, object], FixedClock, list[str], Publisher]:
    chance = random.Random(11)  # noqa: S311 - a seed that can be repeated, no secret
    aliases = list(dict.fromkeys(_words(chance, 2_000)))[:_ALIASES]
    vocabulary = [word for word in _words(chance, 4_000) if word not in set(aliases)]
    clock = FixedClock()
    publisher = Publisher("handbook", "https://handbook.example/**", clock)
    chunks = [
        publisher.seal(
            _text(chance, vocabulary, aliases, density),
            f"https://handbook.example/{number}",
            {"source": f"https://handbook.example/{number}", "title": f"Page {number}", "page": number},
        )
        for number in range(_CHUNKS * _BATCHES)
    ]
    glossary = Path(tempfile.mkdtemp()) / "glossary.yaml"
    terms = "\n".join(f"  Canonical Term {n}: [{alias}]" for n, alias in enumerate(aliases))
    glossary.write_text(f"terms:\n{terms}\n", encoding="utf-8")
    source = publisher.source(freshness={"max_age": "90d"}, terminology=[str(glossary)])
    return chunks, {"sources": [source]}, clock, aliases, publisher


def main() -> None:
    """Print the ratios."""
    print(f"{_CHUNKS} sealed chunks of {_CHARS:,} characters, {_ALIASES:,} aliases\n")
    print(f"{'':<34}{'headgate':>12}{'floor':>12}{'ratio':>8}")
    # The first is near what the glossary of `benchmarks.peps` finds in its documents.
    for density in (1 / 500, 1 / 40):
        _measure(density)
    _imports()


def _measure(density: float) -> None:
    chunks, policy, clock, aliases, publisher = _set_up(density)
    batches = [chunks[start : start + _CHUNKS] for start in range(0, len(chunks), _CHUNKS)]
    gate = Gate(policy, clock=clock)
    key = next(iter(publisher.sealer.public))
    automaton = AhoCorasick(aliases, matchkind=MatchKind.LeftmostLongest, implementation=Implementation.DFA)

    def digests(texts: Sequence[str]) -> None:
        for text in texts:
            hashlib.sha256(text.encode()).digest()

    def floor(texts: Sequence[str], tokens: Sequence[ParsedJws]) -> None:
        digests(texts)
        for token in tokens:
            assert key.verify(token.algorithm, token.signed, token.signature)
        for text in texts:
            automaton.find_matches_as_indexes(text)

    cold, cold_floor, rewritten = [], [], 0
    for batch in batches:
        texts = [chunk.text for chunk in batch]
        tokens = [parse_jws(chunk.metadata["headgate_seal"]) for chunk in batch]
        cold_floor.append(_once(lambda: floor(texts, tokens)))  # noqa: B023 - called at once
        cold.append(_once(lambda: gate.admit(batch)))  # noqa: B023 - called at once
        admission = gate.admit(batch)
        assert len(admission.chunks) == _CHUNKS, admission.counts()
        rewritten += sum(len(decision.rewrite.edits) for decision in admission.decisions if decision.rewrite)

    batch, texts = batches[0], [chunk.text for chunk in batches[0]]
    warm, warm_floor = _best(lambda: gate.admit(batch)), _best(lambda: digests(texts))
    name = f"{rewritten / _BATCHES:.0f} terms rewritten"
    _row(f"warm, {name}", warm, warm_floor)
    _row(f"cold, {name}", statistics.median(cold), statistics.median(cold_floor))


def _row(name: str, spent: float, least: float) -> None:
    print(f"{name:<34}{spent * 1e6:>9.0f} us{least * 1e6:>9.0f} us{spent / least:>8.2f}")


def _imports() -> None:
    """Print what `import headgate` costs beyond starting Python, and whether it pulls in anything heavy."""
    best = {"pass": float("inf"), "import headgate": float("inf")}
    for _ in range(7):
        for program in tuple(best):
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", program], check=True)  # noqa: S603 - our own programs
            best[program] = min(best[program], time.perf_counter() - started)
    spent = best["import headgate"] - best["pass"]
    print(f"\nimport headgate: {spent * 1e3:.1f} ms beyond {best['pass'] * 1e3:.1f} ms for starting Python")


if __name__ == "__main__":
    main()
