"""One gate for threads, tasks and forks, while its policy changes."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from headgate import Admission, Chunk, Gate
from headgate.integration.loops import wait_for
from headgate.testing import FixedClock, Publisher

URI = "https://handbook.example/"


class Changing:
    """A gate whose policy changes between two revisions all the time, with what each must decide."""

    def __init__(self, folder: Path, handbook: Publisher, clock: FixedClock) -> None:
        self._path = folder / "headgate.yaml"
        self._texts = []
        for mode, term in (("enforce", "Kubernetes"), ("audit", "Nomad")):
            (folder / f"{mode}.yaml").write_text(f"terms: {{{term}: [K8s]}}")
            source = handbook.source(terminology=[f"{mode}.yaml"])
            self._texts.append(json.dumps({"mode": mode, "sources": [source]}))
        self._write(0)
        self.gate = Gate(self._path, clock=clock)
        self.chunks = [
            handbook.seal(f"K8s {number}", f"{URI}{number}")
            if number % 2
            else Chunk(f"K8s forged {number}", {"source": URI})
            for number in range(10)
        ]
        self.expected: dict[str, tuple[str, ...]] = {}
        for which in (0, 1):
            self._write(which)
            self.gate.reload()
            self.expected[self.gate.policy_revision] = self.texts(self.gate.admit(self.chunks))
        assert len(set(self.expected.values())) == 2
        self._stopped = threading.Event()
        self.reloads = 0

    @staticmethod
    def texts(admission: Admission) -> tuple[str, ...]:
        return tuple(chunk.text for chunk in admission.chunks)

    def is_whole(self, admission: Admission) -> bool:
        return self.texts(admission) == self.expected[admission.policy_revision]

    def change_while(self, action: Callable[[], None]) -> None:
        changing = threading.Thread(target=self._change)
        changing.start()
        try:
            action()
        finally:
            self._stopped.set()
            changing.join()

    def _change(self) -> None:
        while not self._stopped.is_set():
            self._write(self.reloads % 2)
            self.reloads += self.gate.reload()

    def _write(self, which: int) -> None:
        other = self._path.with_suffix(".new")
        other.write_text(self._texts[which])
        other.replace(self._path)


@pytest.fixture
def changing(tmp_path: Path, handbook: Publisher, clock: FixedClock) -> Changing:
    return Changing(tmp_path, handbook, clock)


def test_64_threads_see_whole_revisions_only(changing: Changing) -> None:
    admissions: list[Admission] = []

    def work() -> None:
        admissions.extend(changing.gate.admit(changing.chunks) for _ in range(20))

    def all_threads() -> None:
        with ThreadPoolExecutor(64) as pool:
            for future in [pool.submit(work) for _ in range(64)]:
                future.result()

    changing.change_while(all_threads)
    assert len(admissions) == 64 * 20
    assert changing.reloads > 1
    assert {admission.policy_revision for admission in admissions} == set(changing.expected)
    assert all(changing.is_whole(admission) for admission in admissions)


def test_1000_tasks_do_not_mix(changing: Changing, handbook: Publisher) -> None:
    chunks = [[handbook.seal(f"K8s task {number}", f"{URI}{number}")] for number in range(1_000)]

    async def one(number: int) -> tuple[int, Admission]:
        await asyncio.sleep(0)
        return number, await changing.gate.aadmit(chunks[number], f"question {number}")

    async def all_tasks() -> list[tuple[int, Admission]]:
        return await asyncio.gather(*(one(number) for number in range(1_000)))

    found: list[tuple[int, Admission]] = []
    changing.change_while(lambda: found.extend(asyncio.run(all_tasks())))
    assert len(found) == 1_000
    for number, admission in found:
        assert admission.decisions[0].uri == f"{URI}{number}"
        assert admission.chunks[0].text.endswith(f"task {number}")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_after_use_decides_alike_even_while_a_thread_is_busy(changing: Changing) -> None:
    changing.gate.admit(changing.chunks)
    stop = threading.Event()

    def keep_busy() -> None:
        while not stop.is_set():
            changing.gate.admit(changing.chunks)

    busy = threading.Thread(target=keep_busy)
    busy.start()
    try:
        for _ in range(4):
            child = os.fork()
            if child == 0:
                is_whole = all(changing.is_whole(changing.gate.admit(changing.chunks)) for _ in range(5))
                os._exit(0 if is_whole else 1)
            assert os.waitpid(child, 0)[1] == 0
    finally:
        stop.set()
        busy.join()


def test_asynchronous_code_is_waited_for_in_one_loop_that_goes_on() -> None:
    async def own_loop() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    async def in_a_notebook() -> asyncio.AbstractEventLoop:
        return wait_for(own_loop())

    loops = [wait_for(own_loop()), asyncio.run(in_a_notebook()), asyncio.run(in_a_notebook())]
    assert len(set(loops)) == 1
    assert loops[0].is_running()
