"""Recorded traffic decided again: 100,000 admissions of 10 documents, read from a log on the disk."""

from __future__ import annotations

import json
import random
import resource
import sys
import tempfile
import time
from datetime import datetime, timedelta, timezone
from pathlib import Path

from headgate import Chunk, Gate, Policy
from headgate.record import DecisionLog, read_log
from headgate.replay import replay_records
from headgate.testing import FixedClock, Publisher

_NOW = datetime(2026, 6, 1, 12, tzinfo=timezone.utc)
_DOCUMENTS = 5_000
_K = 10


def corpus(publisher: Publisher, chance: random.Random) -> list[Chunk]:
    """Return documents of which some are old, some unsigned and some changed."""
    chunks = []
    for number in range(_DOCUMENTS):
        page = f"https://docs.example/page-{number % 1_000}"
        modified = _NOW - timedelta(days=chance.randint(0, 400))
        text = f"Paragraph {number}. " + "Words that say something about it. " * 20
        chunk = publisher.seal(text, page, {"source": page}, modified=modified)
        fate = chance.random()
        if fate < 0.1:
            chunk = Chunk(chunk.text, {"source": page, "last_modified": modified.isoformat()})
        elif fate < 0.15:
            chunk = Chunk(chunk.text + "!", chunk.metadata)
        chunks.append(chunk)
    return chunks


def main() -> int:
    """Write the log, replay it, print how long both took."""
    admissions = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    chance = random.Random(11)  # noqa: S311 - a seed that can be repeated, no secret
    publisher = Publisher("docs", "https://docs.example/**", FixedClock(_NOW))
    chunks = corpus(publisher, chance)
    source = publisher.source(freshness={"max_age": "365d"})
    gate = Gate({"sources": [source]}, clock=publisher.clock)
    stricter = Policy.from_mapping({"sources": [{**source, "freshness": {"max_age": "90d"}}]})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "decisions.jsonl"
        log = DecisionLog(path)
        started = time.perf_counter()
        for number in range(admissions):
            log.write(gate.judge(chance.choices(chunks, k=_K), f"question {number}"))
        written = time.perf_counter() - started
        log.close()
        files = [path.with_name(f"{path.name}.{n}") for n in range(10, 0, -1)]
        present = [file for file in files if file.exists()] + [path]
        size = sum(file.stat().st_size for file in present)
        started = time.perf_counter()
        lines = sum(1 for file in present for line in file.open("rb") if json.loads(line))
        parsed = time.perf_counter() - started
        started = time.perf_counter()
        replay = replay_records(read_log(present), stricter)
        seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{lines:,} admissions of {_K} documents in the log, {size / 1e6:,.0f} MB; written in {written:.1f} s")
    print(f"read as JSON alone     {parsed:6.1f} s")
    print(f"decided again          {seconds:6.1f} s   {seconds / parsed:.1f} times reading; {peak:,.0f} MB at most")
    print(f"of {replay.documents:,} documents, {sum(replay.newly_dropped.values()):,} would go")
    return int(bool(replay.undecided))


if __name__ == "__main__":
    sys.exit(main())
