"""What a gate costs under traffic: repeated documents, threads, an event loop, and the first import.

The same documents as `benchmarks.admission`. Zipf: which documents are retrieved follows Zipf's law, so that a few come
again and again and most hardly ever; the gate has seen none before. Threads: how much eight threads get done, compared
with one. Event loop: the longest time for which it stood still while a hundred admissions of unseen documents ran.
"""

from __future__ import annotations

import asyncio
import gc
import random
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate, pairwise

from benchmarks import real_text
from benchmarks.admission import World, build_world, digests
from headgate import Chunk, Gate

_DOCUMENTS, _ADMISSIONS, _CHUNKS = 5_000, 2_000, 10
_THREADS, _CONCURRENT = 8, 100


def main() -> None:
    """Print the figures."""
    world = build_world(_DOCUMENTS)
    print(f"{_DOCUMENTS:,} sealed chunks of 4,000 characters from {real_text.NAME}\n")
    for exponent in (0.8, 1.0, 1.2):
        _zipf(world, exponent)
    print()
    _threads(world)
    asyncio.run(_loop(world))
    _pauses(world)
    print()
    _imports()


def _zipf(world: World, exponent: float) -> None:
    chance = random.Random(3)  # noqa: S311 - the same each time
    weights = list(accumulate(1 / rank**exponent for rank in range(1, _DOCUMENTS + 1)))
    retrievals = [chance.choices(world.chunks, cum_weights=weights, k=_CHUNKS) for _ in range(_ADMISSIONS)]
    gate = Gate(world.worded, clock=world.clock)
    texts = [chunk.text for chunk in retrievals[0]]
    floor = min(_timed(lambda: digests(texts)) for _ in range(50))
    spent = [_timed(lambda: gate.admit(retrieval)) for retrieval in retrievals]  # noqa: B023 - called at once
    late = sorted(spent[len(spent) // 2 :])
    mean, middle = sum(late) / len(late), late[len(late) // 2]
    print(
        f"Zipf {exponent}: {mean * 1e6:,.0f} us an admission in the second half ({mean / floor:.1f} x SHA-256), "
        f"median {middle * 1e6:,.0f} us ({middle / floor:.1f} x)"
    )


def _timed(action: Callable[[], object]) -> float:
    started = time.thread_time()
    action()
    return time.thread_time() - started


def _threads(world: World) -> None:
    gate = Gate(world.worded, clock=world.clock)
    batch = world.chunks[:_CHUNKS]
    calls = 4_000
    for _ in range(5):
        gate.admit(batch)

    def work(count: int) -> None:
        for _ in range(count):
            gate.admit(batch)

    def rate(threads: int) -> float:
        with ThreadPoolExecutor(threads) as pool:
            started = time.perf_counter()
            list(pool.map(work, [calls // threads] * threads))
            return calls / (time.perf_counter() - started)

    one, many = (max(rates) for rates in zip(*((rate(1), rate(_THREADS)) for _ in range(5)), strict=True))
    print(f"{_THREADS} threads, warm: {many / one:.2f} of the admissions of one ({one:,.0f}/s)")


async def _loop(world: World) -> None:
    gate = Gate(world.worded, clock=world.clock)
    batches = [world.chunks[start : start + _CHUNKS] for start in range(0, _CONCURRENT * _CHUNKS, _CHUNKS)]
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            ticks.append(time.perf_counter())
            await asyncio.sleep(0)

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(0)
    started = time.perf_counter()
    await asyncio.gather(*(gate.aadmit(batch) for batch in batches))
    spent = time.perf_counter() - started
    ticking.cancel()
    lags = sorted(later - earlier for earlier, later in pairwise(ticks))
    print(
        f"{_CONCURRENT} concurrent cold admissions in {spent:.2f} s: the event loop stood still for "
        f"{lags[-1] * 1e3:.1f} ms at most, {lags[int(len(lags) * 0.999)] * 1e3:.1f} ms in 999 of 1,000 turns"
    )


def _pauses(world: World) -> None:
    """Print the longest collection of garbage while a gate remembers all documents."""
    gate = Gate(world.worded, clock=world.clock)
    _fill(gate, world.chunks)
    spent: list[float] = []
    for _ in range(5):
        started = time.perf_counter()
        gc.collect()
        spent.append(time.perf_counter() - started)
    print(f"a full collection of garbage with {_DOCUMENTS:,} remembered documents: {min(spent) * 1e3:.0f} ms")


def _fill(gate: Gate, chunks: Sequence[Chunk]) -> None:
    for start in range(0, len(chunks), 500):
        gate.judge(chunks[start : start + 500])


def _imports() -> None:
    """Print what imports cost beyond starting Python."""
    programs = {
        "pass": ["-c", "pass"],
        "import headgate": ["-c", "import headgate"],
        "from headgate import Gate": ["-c", "from headgate import Gate"],
        "headgate --help": ["-m", "headgate", "--help"],
    }
    best = dict.fromkeys(programs, float("inf"))
    for _ in range(7):
        for name, arguments in programs.items():
            started = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, stdout=subprocess.DEVNULL)  # noqa: S603 - our own
            best[name] = min(best[name], time.perf_counter() - started)
    for name in list(programs)[1:]:
        print(
            f"{name}: {(best[name] - best['pass']) * 1e3:.0f} ms beyond {best['pass'] * 1e3:.0f} ms for starting Python"
        )


if __name__ == "__main__":
    main()
