"""What an admission costs on real prose, as ratios to the work that cannot be avoided, measured in the same run.

Ten sealed chunks of 4,000 characters of real prose, and a glossary of 1,000 phrases, many of which stand in it. Warm:
the gate has seen the chunks before; the floor is the SHA-256 of the ten texts. Cold: it has not; the floor is SHA-256,
verification of Ed25519 by the library that the gate uses, and one pass of ahocorasick-rs over each text. Everything is
interleaved in one process and counted in CPU time; the ratios are of medians, with the quartiles in brackets.
"""

from __future__ import annotations

import gc
import hashlib
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from itertools import count
from pathlib import Path
from typing import Any

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind
from rich.console import Console
from rich.table import Table

from benchmarks import real_text
from benchmarks.measuring import Spent, interleaved, ratio
from headgate import Chunk, Gate
from headgate.provenance.jws import parse_jws
from headgate.testing import FixedClock, Publisher

_CHUNKS, _ALIASES, _BATCHES = 10, 1_000, 60


@dataclass(frozen=True)
class World:
    """Sealed chunks of real prose, and policies for them.

    Attributes:
        chunks: what a retriever returns, in the order in which it will.
        aliases: the glossary's.
        plain: a policy without a glossary.
        worded: the same with it.
        publisher: who sealed the chunks.
        clock: tells the gate's time.
    """

    chunks: list[Chunk]
    aliases: list[str]
    plain: dict[str, Any]
    worded: dict[str, Any]
    publisher: Publisher
    clock: FixedClock

    def batches(self) -> list[list[Chunk]]:
        """Return the chunks ten by ten."""
        return [self.chunks[start : start + _CHUNKS] for start in range(0, len(self.chunks), _CHUNKS)]


def build_world(chunks: int = _CHUNKS * _BATCHES, aliases: int = _ALIASES) -> World:
    """Return a publisher's documents and the policies that let them in."""
    clock = FixedClock()
    publisher = Publisher("handbook", "https://handbook.example/**", clock)
    texts = real_text.pieces(chunks)
    sealed = [
        publisher.seal(
            text,
            f"https://handbook.example/{number}",
            {"source": f"https://handbook.example/{number}", "title": f"Page {number}", "page": number},
        )
        for number, text in enumerate(texts)
    ]
    phrases = real_text.aliases_in(texts, aliases)
    glossary = Path(tempfile.mkdtemp()) / "glossary.yaml"
    terms = "\n".join(f"  Canonical Term {number}: [{alias}]" for number, alias in enumerate(phrases))
    glossary.write_text(f"terms:\n{terms}\n", encoding="utf-8")
    plain = publisher.source(freshness={"max_age": "90d"})
    worded = publisher.source(freshness={"max_age": "90d"}, terminology=[str(glossary)])
    return World(sealed, phrases, {"sources": [plain]}, {"sources": [worded]}, publisher, clock)


def main() -> None:
    """Print the table."""
    world = build_world()
    title = f"{_CHUNKS} sealed chunks of 4,000 characters from {real_text.NAME}, {_ALIASES:,} aliases"
    table = Table(title=title)
    for column in ("", "microseconds", "floor", "ratio"):
        table.add_column(column, justify="left" if not column else "right")
    _warm(world, table)
    table.add_section()
    _cold(world, table)
    Console(width=120).print(table)
    print(f"headgate {version('headgate')}, Python {sys.version.split()[0]}; peers: {_versions()}")


def _row(table: Table, name: str, spent: Spent, floor: Spent) -> None:
    table.add_row(name, f"{spent.median * 1e6:,.0f}", f"{floor.median * 1e6:,.0f}", ratio(spent, floor))


def _warm(world: World, table: Table) -> None:
    batch = world.batches()[0]
    texts = [chunk.text for chunk in batch]
    worded, plain = Gate(world.worded, clock=world.clock), Gate(world.plain, clock=world.clock)
    question = count()

    def reranked() -> None:
        number = next(question)
        worded.admit([replace(chunk, metadata={**chunk.metadata, "relevance": number / 7}) for chunk in batch])

    contestants: dict[str, Callable[[], object]] = {
        "floor": lambda: digests(texts),
        "warm": lambda: worded.admit(batch),
        "warm, every object made again": lambda: worded.admit([_again(chunk) for chunk in batch]),
        "warm, a score in the metadata that changes each time": reranked,
        "warm, without a glossary": lambda: plain.admit(batch),
    }
    spent = interleaved(contestants)
    for name in list(contestants)[1:]:
        _row(table, name, spent[name], spent["floor"])


def _again(chunk: Chunk) -> Chunk:
    """Return an equal chunk that shares no object with the one given, as from a store."""
    text = chunk.text[:1] + chunk.text[1:]
    return Chunk(text, {name: value for name, value in chunk.metadata.items()}, chunk.id, chunk.score)  # noqa: C416


def digests(texts: Sequence[str]) -> None:
    """Hash each text."""
    for text in texts:
        hashlib.sha256(text.encode()).digest()


def _cold(world: World, table: Table) -> None:
    """Measure batches that the gate has never seen; each is new once."""
    key = next(iter(world.publisher.sealer.public))
    automaton = AhoCorasick(world.aliases, matchkind=MatchKind.LeftmostLongest, implementation=Implementation.DFA)

    def proofs(batch: Sequence[Chunk]) -> None:
        digests([chunk.text for chunk in batch])
        for chunk in batch:
            token = parse_jws(str(chunk.metadata["headgate_seal"]))
            assert key.verify(token.algorithm, token.signed, token.signature)

    def searches(batch: Sequence[Chunk]) -> None:
        for chunk in batch:
            automaton.find_matches_as_indexes(chunk.text)

    worded, plain = Gate(world.worded, clock=world.clock), Gate(world.plain, clock=world.clock)
    ways: dict[str, Callable[[Sequence[Chunk]], object]] = {
        "proofs": proofs,
        "searches": searches,
        "worded": worded.admit,
        "plain": plain.admit,
    }
    peers = {name: peer for name, peer in (("pqc", _signing_peer(world)), ("flashtext2", _wording_peer(world))) if peer}
    spent = _each_once({**ways, **peers}, world.batches())
    edits = sum(
        len(one.rewrite.edits) for batch in world.batches() for one in worded.admit(batch).decisions if one.rewrite
    )
    floor = _sum(spent["proofs"], spent["searches"])
    _row(table, f"cold, {edits / len(world.batches()):.0f} terms rewritten", spent["worded"], floor)
    _row(table, "cold, without a glossary", spent["plain"], spent["proofs"])
    if "pqc" in peers:
        _row(table, "pqc-rag-signing: signatures alone", spent["pqc"], spent["proofs"])
    if "flashtext2" in peers:
        _row(table, "flashtext2: replacing alone", spent["flashtext2"], spent["searches"])


def _each_once(
    ways: dict[str, Callable[[Sequence[Chunk]], object]], batches: Sequence[Sequence[Chunk]]
) -> dict[str, Spent]:
    """Return the CPU time of each way on batches, each batch once, in turns."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    gc.collect()
    gc.disable()
    try:
        for batch in batches:
            for name, way in ways.items():
                started = time.thread_time()
                way(batch)
                times[name].append(time.thread_time() - started)
    finally:
        gc.enable()
    return {name: Spent.of(spent[5:]) for name, spent in times.items()}


def _sum(one: Spent, other: Spent) -> Spent:
    return Spent(*(first + second for first, second in zip(one, other, strict=True)))


def _signing_peer(world: World) -> Callable[[Sequence[Chunk]], object] | None:
    """Return what verifies the same texts with another project's signatures; None where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from pqc_rag_signing import ChunkSigner
            from quantumshield.identity.agent import AgentIdentity
    except ImportError:
        return None
    signer = ChunkSigner(AgentIdentity.create("handbook"))
    signed = dict(
        zip(
            (chunk.text for chunk in world.chunks),
            signer.sign_chunks([chunk.text for chunk in world.chunks], "handbook"),
            strict=True,
        )
    )
    return lambda batch: [ChunkSigner.verify_chunk(signed[chunk.text]) for chunk in batch]


def _wording_peer(world: World) -> Callable[[Sequence[Chunk]], object] | None:
    try:
        from flashtext2 import KeywordProcessor
    except ImportError:
        return None
    processor = KeywordProcessor(case_sensitive=False)
    for number, alias in enumerate(world.aliases):
        processor.add_keyword(alias, f"Canonical Term {number}")
    return lambda batch: [processor.replace_keywords(chunk.text) for chunk in batch]


def _versions() -> str:
    found = []
    for name in ("ahocorasick-rs", "cryptography", "PyNaCl", "flashtext2", "pqc-rag-signing"):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


if __name__ == "__main__":
    main()
