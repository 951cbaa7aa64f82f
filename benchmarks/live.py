"""What asking documents' own servers costs: the time to a deadline, the rest of a broken server, warm answers.

The server is a real one on loopback, over TLS, in a process of its own. Times are wall-clock: what is bounded here is
what a user waits for.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import sys
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from multiprocessing.connection import Connection
from pathlib import Path

from headgate import Chunk, Gate
from headgate.origins.asking import Asker
from headgate.origins.questions import Question
from headgate.testing import FixedClock, Publisher

sys.path.append(str(Path(__file__).parents[1] / "tests"))
from servers import Server

_DOCUMENTS, _THREADS, _TIMEOUT = 1_000, 64, 0.3
_HOUR = timedelta(hours=1)


def _serve(folder: Path, connection: Connection) -> None:
    """Answer until told to end; the other side says with which status, or with none."""
    server = Server(folder)
    server.headers = {"Last-Modified": "Wed, 01 Jan 2020 00:00:00 GMT"}
    connection.send(server.url)
    while (status := connection.recv()) is not None:
        server.status = status
        (server.hangs.set if status else server.hangs.clear)()
        connection.send(True)
    server.close()


class _World:
    def __init__(self, clock: FixedClock) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self._server, theirs = multiprocessing.Pipe()
        self._process = multiprocessing.get_context("spawn").Process(target=_serve, args=(self.folder, theirs))
        self._process.start()
        self.base = base = self._server.recv().rpartition("/")[0]
        os.environ["SSL_CERT_FILE"] = str(self.folder / "server.pem")
        self.publisher = Publisher("docs", f"{base}/**", clock)
        self.chunks = [self.publisher.seal(f"text {n}", f"{base}/{n}") for n in range(_DOCUMENTS)]
        self.clock = clock

    def answers(self, status: int) -> None:
        """Have the server answer with a status; 0 for none."""
        self._server.send(status)
        self._server.recv()

    def close(self) -> None:
        """End the server."""
        self._server.send(None)
        self._process.join()

    def gate(self, **freshness: object) -> Gate:
        source = self.publisher.source(freshness=freshness)
        return Gate({"sources": [source], "key_sets": {"private": ["127.0.0.1"]}}, clock=self.clock)


def _each(gate: Gate, chunks: list[Chunk]) -> list[float]:
    """Return how long one admission per chunk takes, in seconds, with many at once."""

    def one(chunk: Chunk) -> float:
        started = time.perf_counter()
        gate.admit([chunk])
        return time.perf_counter() - started

    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(one, chunks))


def _waits(gate: Gate, chunks: list[Chunk]) -> list[float]:
    """Return how long an admission takes that asks nobody and then waits for the deadline, with as many at once."""

    def one(chunk: Chunk) -> float:
        started = time.perf_counter()
        gate.admit([chunk])
        threading.Event().wait(_TIMEOUT)
        return time.perf_counter() - started

    with ThreadPoolExecutor(_THREADS) as threads:
        return list(threads.map(one, chunks))


def _steps(world: _World, asker: Asker) -> list[float]:
    """Return how long the step that asks takes for each document, all of them at once on one event loop."""

    async def one(number: int) -> float:
        question = Question(f"{world.base}/{number}", _HOUR, source="docs")
        started = time.perf_counter()
        await asker.begin([question], world.clock(), timedelta(seconds=_TIMEOUT)).wait_async()
        return time.perf_counter() - started

    async def every() -> list[float]:
        return await asyncio.gather(*map(one, range(_DOCUMENTS)))

    return asyncio.run(every())


def _one_by_one(gate: Gate, chunks: list[Chunk]) -> list[float]:
    """Return the CPU time of an admission per chunk."""
    found = []
    for chunk in chunks:
        started = time.process_time()
        gate.admit([chunk])
        found.append(time.process_time() - started)
    return found


def _shown(name: str, seconds: list[float]) -> None:
    ordered = sorted(seconds)
    p99 = ordered[int(len(ordered) * 0.99)]
    figures = f"{statistics.median(ordered) * 1e3:10.1f}{p99 * 1e3:10.1f}{ordered[-1] * 1e3:10.1f}"
    print(f"{name:<52}{figures}")


def main() -> None:
    """Print the times."""
    clock = FixedClock()
    world = _World(clock)
    rule = {"revalidate": {"after": "1h", "timeout": "300ms"}}
    print(f"{_DOCUMENTS:,} admissions of as many documents, {_THREADS} at once, deadline {_TIMEOUT * 1e3:.0f} ms\n")
    print(f"{'milliseconds per admission':<52}{'median':>10}{'99 %':>10}{'most':>10}")
    _shown("no rule", _each(world.gate(), world.chunks))
    _shown("no rule, and a wait for the deadline: the floor", _waits(world.gate(), world.chunks))
    _shown("the server answers", _each(world.gate(**rule), world.chunks))
    world.answers(0)
    hanging = world.gate(**rule)
    _shown("the server hangs", _each(hanging, world.chunks))
    _shown("the step that asks, all at once, the server hangs", _steps(world, Asker(clock, ("127.0.0.1",))))
    world.answers(503)
    broken = world.gate(**rule)
    _each(broken, world.chunks[:50])
    _shown("the server failed, and has a rest", _each(broken, world.chunks[50:]))
    _shown("the same one by one, CPU", _one_by_one(broken, world.chunks[50:]))
    _shown("no rule, one by one, CPU", _one_by_one(world.gate(), world.chunks[50:]))
    world.answers(200)
    _warm(world)
    world.close()


def _warm(world: _World) -> None:
    patient = {"revalidate": {"after": "1h", "timeout": "10s"}}
    plain, asked = world.gate(), world.gate(**patient)
    batch = world.chunks[:10]
    for gate in (plain, asked):
        gate.admit(batch)
    best: dict[str, float] = {}
    for name, gate in (("no rule", plain), ("verified", asked)) * 5:
        started = time.process_time()
        for _ in range(200):
            gate.admit(batch)
        best[name] = min(best.get(name, 9.0), (time.process_time() - started) / 200)
    extra = best["verified"] / best["no rule"]
    figures = f"no rule {best['no rule'] * 1e6:.0f} us, verified {best['verified'] * 1e6:.0f} us, {extra:.2f}x"
    print(f"\nten warm chunks, CPU: {figures}")


if __name__ == "__main__":
    main()
