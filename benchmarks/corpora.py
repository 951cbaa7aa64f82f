"""Whole corpora: chunks per second and core of each kernel against its floor, on one process and several, and memory.

`python -m benchmarks.corpora [--rows 100000] [--workers 2] [--large]`

The floor of judging is SHA-256, an Ed25519 verification and one pass of an Aho-Corasick automaton over the same texts,
with the same libraries; that of sealing is SHA-256 and a signature. Rows are real text (the Python Enhancement
Proposals) where the corpora are there, and words otherwise. `--rows 1000000` takes minutes; with `--large` it goes up
to ten million.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import multiprocessing
import re
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import ahocorasick_rs
import pyarrow as pa
import yaml
from pyarrow import parquet

from benchmarks.peps import corpora
from headgate import KeySet
from headgate.corpus.datasets import find_superseded_rows, run
from headgate.corpus.kernel import JudgeRows, ListRows, SealRows, TermRows
from headgate.corpus.lines import read_lines
from headgate.limits import DEFAULT_LIMITS
from headgate.provenance import generate_signing_key
from headgate.provenance.jws import parse_jws
from headgate.provenance.seals import SEAL_TYPE

_CHARS = 1_200
_PER_DOCUMENT = 10
_SAMPLE = 4_000
_BASE = datetime(2026, 11, 1, tzinfo=timezone.utc)
# Names of two words, as aliases have them: they stand in the texts, and not in every one.
_NAME = re.compile(r"\b[A-Z][a-z]{3,} [A-Z][a-z]{3,}\b")
_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("text", pa.string()),
        ("source", pa.string()),
        ("title", pa.string()),
        ("last_modified", pa.timestamp("us", tz="UTC")),
    ]
)


def texts() -> list[str]:
    """Return pieces of real text, or of words where there is none."""
    folder = corpora()
    if folder is None:
        return [f"the word {number} stands beside others of its kind. " * 24 for number in range(1_000)]
    whole = [item.chunk.text for item in read_lines(folder / "peps-2026.jsonl.gz", DEFAULT_LIMITS) if item.chunk]
    return [text[start : start + _CHARS] for text in whole for start in range(0, len(text), _CHARS)]


def write(path: Path, rows: int, pieces: list[str]) -> None:
    """Write so many rows, of documents of ten chunks."""
    with parquet.ParquetWriter(path, _SCHEMA, compression="zstd") as writer:
        for start in range(0, rows, 10_000):
            numbers = range(start, min(rows, start + 10_000))
            documents = [number // _PER_DOCUMENT for number in numbers]
            columns = {
                "id": [f"c{number}" for number in numbers],
                "text": [f"{number}: {pieces[number % len(pieces)]}" for number in numbers],
                "source": [f"https://docs.example/{number // 1_000}/{number}" for number in documents],
                "title": [f"Page {number}" for number in documents],
                "last_modified": [_BASE - timedelta(minutes=number) for number in documents],
            }
            writer.write_table(pa.table(columns, schema=_SCHEMA))


def prepare(folder: Path, pieces: list[str]) -> None:
    """Write the key, a glossary of a thousand aliases that are names in the texts, and a policy."""
    key = generate_signing_key("docs")
    (folder / "key.json").write_text(json.dumps(key.private_jwk()))
    (folder / "keys.json").write_text(json.dumps(key.public_jwks()))
    found = {match.lower() for text in pieces for match in _NAME.findall(text)}
    terms = {f"canonical {number}": [name] for number, name in enumerate(sorted(found)[:1_000])}
    (folder / "glossary.yaml").write_text(yaml.safe_dump({"terms": terms}))
    source: dict[str, Any] = {"id": "docs", "match": "https://docs.example/**", "terminology": ["glossary.yaml"]}
    source["provenance"] = {"require": "sealed", "keys": "keys.json"}
    (folder / "headgate.yaml").write_text(yaml.safe_dump({"sources": [source]}))


def cpu(action: Any) -> float:
    """Return the CPU seconds of the better of two runs, of this process alone."""
    best = float("inf")
    for _ in range(2):
        started = time.process_time()
        action()
        best = min(best, time.process_time() - started)
    return best


def compare_with_floors(folder: Path, rows: int) -> None:
    """Print what each kernel takes per chunk on one core, and what its primitives take."""
    table = parquet.read_table(folder / "pages.parquet").slice(0, min(rows, _SAMPLE))
    count = table.num_rows
    seal = SealRows(folder / "key.json", "docs")
    sealed = seal(table)
    judge = JudgeRows(folder / "headgate.yaml", _BASE)
    tokens = [parse_jws(token, typ=SEAL_TYPE) for token in sealed.column("headgate_seal").to_pylist()]
    plain = table.column("text").to_pylist()
    (public,) = KeySet.load(folder / "keys.json")
    words = [term for one in yaml.safe_load((folder / "glossary.yaml").read_text())["terms"].values() for term in one]
    automaton = ahocorasick_rs.AhoCorasick(words)
    signing: Any = seal_key(folder)

    def floor_judge() -> None:
        for text, token in zip(plain, tokens, strict=True):
            hashlib.sha256(text.encode()).digest()
            assert public.verify(public.algorithms[0], token.signed, token.signature)
            automaton.find_matches_as_indexes(text)

    def floor_seal() -> None:
        for text, token in zip(plain, tokens, strict=True):
            hashlib.sha256(text.encode()).digest()
            signing.sign(token.signed)

    judge(sealed)
    print(f"{count:,} chunks of about {_CHARS:,} characters, one process, CPU µs per chunk\n")
    print(f"{'':28}{'kernel':>9}{'floor':>9}{'share of the floor':>20}")
    for name, action, floor in (
        ("judge, 1,000 aliases", lambda: fresh(judge)(sealed), floor_judge),
        ("seal", lambda: seal(table), floor_seal),
        ("list for a manifest", lambda: ListRows()(table), None),
        ("count words", lambda: TermRows()(table), None),
    ):
        taken, least = cpu(action) / count * 1e6, cpu(floor) / count * 1e6 if floor is not None else None
        beside = f"{least:>9.1f}{least / taken:>19.0%}" if least is not None else ""
        print(f"{name:28}{taken:>9.1f}{beside}")


def fresh(judge: JudgeRows) -> JudgeRows:
    """Return a kernel whose gate remembers nothing of an earlier pass."""
    from headgate.corpus.kernel.judging import _gate_of

    _gate_of.cache_clear()
    assert judge.gate is not None
    return judge


def seal_key(folder: Path) -> Any:
    """Return the bare private key, as the library that signs has it."""
    from headgate.provenance import SigningKey

    return SigningKey.load(folder / "key.json").key.get_op_key("sign")


def sizes(rows: int, *, is_large: bool) -> Iterator[int]:
    """Yield the sizes at which growth is looked at."""
    size = 10_000
    while size <= (10_000_000 if is_large else rows):
        yield size
        size *= 10


def run_in_child(folder: Path, rows: int, workers: int, queue: Any) -> None:
    """Seal and judge so many rows, and say how long it took and what memory the largest process had."""
    place = folder / f"pages-{rows}.parquet"
    write(place, rows, texts())
    taken = []
    seal = SealRows(folder / "key.json", "docs")
    sealed, out = folder / f"sealed-{rows}-{workers}", folder / f"audit-{rows}-{workers}"
    started = time.perf_counter()
    run(seal, str(place), sealed, workers=workers, has_places=False)
    taken.append(time.perf_counter() - started)
    place.unlink()

    def supersede(outcome: Any) -> None:
        find_superseded_rows(outcome.files, out / "superseded.parquet", outcome.summary, aside=out / ".sql")

    started = time.perf_counter()
    outcome = run(JudgeRows(folder / "headgate.yaml", _BASE), str(sealed), out, workers=workers, finish=supersede)
    taken.append(time.perf_counter() - started)
    assert outcome.rows_in == rows
    assert not outcome.failures
    memory = [resource.getrusage(who).ru_maxrss // 1_024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    queue.put((*taken, *memory))


def grow(folder: Path, rows: int, most: int, *, is_large: bool) -> None:
    """Print how time and memory grow with the corpus, and with the processes."""
    print("\nsealed and judged from Parquet to Parquet; wall time, also of starting processes; largest process\n")
    print(f"{'rows':>12}{'workers':>9}{'sealed/s':>11}{'judged/s':>11}{'MB, parent':>12}{'MB, worker':>12}")
    context = multiprocessing.get_context("spawn")
    for size in sizes(rows, is_large=is_large):
        for workers in dict.fromkeys((1, most)):
            queue = context.Queue()
            child = context.Process(target=run_in_child, args=(folder, size, workers, queue))
            child.start()
            sealing, judging, parent, worker = queue.get()
            child.join()
            print(f"{size:>12,}{workers:>9}{size / sealing:>11,.0f}{size / judging:>11,.0f}{parent:>12}{worker:>12}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="chunks per second of whole corpora")
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--large", action="store_true", help="up to ten million rows")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="headgate-corpora-") as name:
        folder, pieces = Path(name), texts()
        prepare(folder, pieces)
        write(folder / "pages.parquet", _SAMPLE, pieces)
        compare_with_floors(folder, options.rows)
        sys.stdout.flush()
        grow(folder, options.rows, options.workers, is_large=options.large)


if __name__ == "__main__":
    main()
