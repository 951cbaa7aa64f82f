"""Reports from a decision log and from its tables: how much faster, how much smaller, and how far tables go.

    python -m benchmarks.log_tables [ADMISSIONS] [--days N] [--copies N]

A log of ADMISSIONS (20,000) is written, made into tables, and reported on from both. With `--copies N` its tables are
copied N times, as if the same traffic had come again with other numbers, and only the copies are asked: 100,000 times
100 are ten million records. Memory is that of a process which asks and does nothing else.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from benchmarks.replay import _K, _NOW, corpus
from headgate import Gate
from headgate.compaction import CompactedLog, compact_log
from headgate.compaction.state import State, load_state
from headgate.history import find_stale, score_sources, study_adoption
from headgate.policy import Log
from headgate.record import DecisionLog, read_log
from headgate.record.reading import log_files
from headgate.testing import FixedClock, Publisher

_REPORTS: dict[str, Callable[[Any], Any]] = {
    "sources": score_sources,
    "report adoption": study_adoption,
    "report stale": find_stale,
}
_ASK = """
import sys, time
from pathlib import Path
from headgate.compaction import CompactedLog
from benchmarks.log_tables import _REPORTS
log = CompactedLog(sys.argv[1])
for name in _REPORTS:
    started, cpu = time.perf_counter(), time.process_time()
    _REPORTS[name](log)
    print(f"{name:<18} {time.perf_counter() - started:7.1f} s, {time.process_time() - cpu:7.1f} s of CPU", flush=True)
# Not what `getrusage` says, which counts what the process was that started this one.
peak = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(f"{int(peak) / 1024:,.0f} MB at most")
"""


def write(path: Path, admissions: int, days: int) -> None:
    """Write a log of so many days."""
    chance = random.Random(11)  # noqa: S311 - a seed that can be repeated, no secret
    publisher = Publisher("docs", "https://docs.example/**", FixedClock(_NOW))
    chunks = corpus(publisher, chance)
    gate = Gate({"sources": [publisher.source(freshness={"max_age": "365d"})]}, clock=publisher.clock)
    log = DecisionLog(path, Log(path=str(path), keep=10_000))
    for number in range(admissions):
        now = _NOW + timedelta(days=days * number / admissions)
        log.write(gate.judge(chance.choices(chunks, k=_K), f"question {number}", now))
    log.close()


def compare(path: Path, folder: Path) -> bool:
    """Report from the log and from its tables, print both times, and return whether the figures are the same."""
    files, tables = log_files(path), CompactedLog(folder)
    is_same = True
    for name, report in _REPORTS.items():
        report(tables)  # DuckDB is imported once
        started = time.process_time()
        by_sql = report(tables).to_dict()
        quick = time.process_time() - started
        started = time.process_time()
        by_line = report(read_log(files)).to_dict()
        slow = time.process_time() - started
        is_same = is_same and by_sql == by_line
        print(f"{name:<18} {slow:7.2f} s of CPU by line, {quick:7.3f} by SQL: {slow / quick:,.0f} times as fast")
    return is_same


def copied(folder: Path, into: Path, copies: int) -> None:
    """Write tables that hold the same traffic many times, numbered on."""
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    state = load_state(folder)
    assert state is not None
    whole = State(files=state.files)
    for copy in range(copies):
        for part in state.parts:
            name = f"part-{copy:04x}{part.name[9:-8]}.parquet"
            place = replace(part, name=name, commit=copy, first=0, last=0)
            table = pq.read_table(folder / part.place, partitioning=None)
            groups = pq.read_metadata(folder / part.place).num_row_groups
            for column, size in (("seq", state.seq), ("row", state.row)):
                if column in table.column_names:
                    at = table.column_names.index(column)
                    table = table.set_column(at, column, pc.add(table[column], copy * size))
            (into / place.place).parent.mkdir(parents=True, exist_ok=True)
            pq.write_table(
                table,
                into / place.place,
                row_group_size=-(-part.rows // groups),  # as the tables themselves have them
                compression="zstd",
                dictionary_pagesize_limit=32_000_000,
            )
            whole.parts.append(replace(place, bytes=(into / place.place).stat().st_size))
    whole.seq, whole.row, whole.commits = state.seq * copies, state.row * copies, copies
    assert len(asdict(whole)["parts"]) == len({part.place for part in whole.parts})
    whole.save(into)


def main() -> int:
    """Write, compact, report, print."""
    parser = argparse.ArgumentParser()
    parser.add_argument("admissions", nargs="?", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=10, help="that the log is of; each has files of its own")
    parser.add_argument("--copies", type=int, default=0)
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        path, folder = Path(place) / "decisions.jsonl", Path(place) / "tables"
        write(path, wanted.admissions, wanted.days)
        started = time.process_time()
        done = compact_log(path, folder)
        seconds = time.process_time() - started
        size = sum(file.stat().st_size for file in folder.rglob("*.parquet"))
        print(json.dumps({"admissions": done.admissions, "lines kept as they are": done.raw}))
        print(f"{done.bytes / 1e6:,.0f} MB of log are {size / 1e6:,.1f} MB of tables, made in {seconds:.1f} s of CPU")
        if wanted.copies:
            many = Path(place) / "many"
            many.mkdir()
            copied(folder, many, wanted.copies)
            size = sum(file.stat().st_size for file in many.rglob("*.parquet"))
            print(f"{done.admissions * wanted.copies:,} admissions in {size / 1e6:,.0f} MB of tables:", flush=True)
            return subprocess.run([sys.executable, "-c", _ASK, many], check=False).returncode  # noqa: S603
        return int(not compare(path, folder))


if __name__ == "__main__":
    sys.exit(main())
