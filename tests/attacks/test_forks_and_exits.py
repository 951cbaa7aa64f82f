"""What a fork, a busy thread, a normal exit and a stuck neighbour do to records: lose none, hang nobody."""

from __future__ import annotations

import asyncio
import builtins
import fcntl
import importlib
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import pytest

from headgate import Admission, Gate
from headgate.caching import OncePerProcess
from headgate.forks import importing
from headgate.record import Background, DecisionLog, read_log
from headgate.registry.connection import SharedConnection
from headgate.testing import FixedClock, Publisher

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
URI = "https://handbook.example/a"
LIMIT_SECONDS = 60


def make_gate(handbook: Publisher, clock: FixedClock, path: Path, **log: object) -> Gate:
    return Gate({"sources": [handbook.source()], "log": {"path": str(path), **log}}, clock=clock)


def ids(*paths: Path) -> list[str]:
    return [entry.record["admission"] for entry in read_log(paths) if entry.record is not None]


@contextmanager
def busy(gate: Gate, handbook: Publisher, threads: int = 4) -> Iterator[list[str]]:
    """Have threads admit without end; yield the ids of what they admitted."""
    stop = threading.Event()
    found: list[str] = []
    chunks = [handbook.seal("text", URI)]

    def work() -> None:
        while not stop.is_set():
            found.append(gate.admit(chunks).id)

    working = [threading.Thread(target=work) for _ in range(threads)]
    for thread in working:
        thread.start()
    try:
        yield found
    finally:
        stop.set()
        for thread in working:
            thread.join()


def in_child(gate: Gate, handbook: Publisher, admissions: int = 3) -> list[str]:
    """Fork, admit in the child, and return the ids; a child that hangs is ended by its alarm, and fails the test."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(LIMIT_SECONDS)
        os.write(writing, "".join(gate.admit([handbook.seal("text", URI)]).id for _ in range(admissions)).encode())
        os._exit(0)
    os.close(writing)
    assert os.waitpid(child, 0)[1] == 0
    with os.fdopen(reading) as pipe:
        told = pipe.read()
    return [told[start : start + 32] for start in range(0, len(told), 32)]


@pytest.mark.parametrize(
    "settings",
    [
        pytest.param({}, id="one file"),
        pytest.param({"max_bytes": 20_000, "keep": 10_000}, id="rotating"),
    ],
)
def test_a_fork_while_threads_write_the_log_loses_nothing_and_hangs_nobody(
    handbook: Publisher, clock: FixedClock, tmp_path: Path, settings: dict[str, object]
) -> None:
    path = tmp_path / "log.jsonl"
    gate = make_gate(handbook, clock, path, **settings)
    with busy(gate, handbook) as found:
        told = [one for _ in range(10) for one in in_child(gate, handbook)]
    written = ids(*(file for file in tmp_path.iterdir() if file.suffix != ".lock"))
    assert len(told) == 30
    assert sorted(written) == sorted((*found, *told))


def test_a_rotation_by_another_process_while_the_log_is_opened_loses_nothing(
    handbook: Publisher, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    gate = make_gate(handbook, clock, path)
    told = [gate.admit([handbook.seal("text", URI)]).id]
    gate.close()
    opens = os.open

    def opened_and_rotated(name: os.PathLike[str] | str, flags: int, mode: int = 0o777, **more: int) -> int:
        descriptor = opens(name, flags, mode, **more)
        if os.fspath(name) == str(path) and path.stat().st_size:
            path.replace(tmp_path / "log.jsonl.1")
            path.touch()
        return descriptor

    monkeypatch.setattr(os, "open", opened_and_rotated)
    told.append(gate.admit([handbook.seal("text", URI)]).id)
    monkeypatch.undo()
    told.append(gate.admit([handbook.seal("text", URI)]).id)
    assert ids(tmp_path / "log.jsonl.1", path) == told
    assert not gate.failures


def test_a_fork_in_the_middle_of_a_write_leaves_the_child_a_log_of_its_own(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    gate = make_gate(handbook, clock, path)
    log = gate._in_force.recorder._decision_log
    assert isinstance(log, DecisionLog)
    before = gate.admit([]).id
    with log._alone():
        (told,) = in_child(gate, handbook, 1)
    assert ids(path) == [before, told]
    assert ids(path)[-1] != gate.admit([]).id


def test_a_child_does_not_keep_the_lock_of_a_rotation(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    gate = make_gate(handbook, clock, path, max_bytes=10_000, keep=1_000)
    log = gate._in_force.recorder._decision_log
    assert isinstance(log, DecisionLog)
    reading, writing = os.pipe()
    with log._alone(), log._exclusive():
        child = os.fork()
        if child == 0:
            signal.alarm(LIMIT_SECONDS)
            os.close(writing)
            os.read(reading, 1)  # until the parent is done
            os._exit(0)
    os.close(reading)
    try:
        for _ in range(50):
            gate.admit([handbook.seal("text", URI)])
        assert len(list(tmp_path.glob("log.jsonl.[0-9]*"))) > 1
    finally:
        os.close(writing)
        os.waitpid(child, 0)


def test_a_process_that_hangs_while_it_rotates_holds_up_nobody(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    gate = make_gate(handbook, clock, path, max_bytes=10_000)
    with (tmp_path / "log.jsonl.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        told = [gate.admit([handbook.seal("text", URI)]).id for _ in range(50)]
        assert ids(path) == told
    told.append(gate.admit([handbook.seal("text", URI)]).id)
    assert ids(tmp_path / "log.jsonl.1", path) == told


def test_what_waits_for_a_sink_at_a_fork_is_handed_over_once_and_the_child_has_a_sink_too(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    file = tmp_path / "seen"
    opened = threading.Event()

    def sink(admission: Admission) -> None:
        opened.wait(LIMIT_SECONDS)
        with file.open("a") as seen:
            seen.write(f"{os.getpid()} {admission.id}\n")

    background = Background(sink)
    gate = Gate({"sources": [handbook.source()]}, clock=clock)
    waiting = [gate.admit([]) for _ in range(20)]
    for admission in waiting:
        background(admission)
    child = os.fork()
    if child == 0:
        signal.alarm(LIMIT_SECONDS)
        opened.set()
        background(gate.admit([]))
        os._exit(0 if background.flush(LIMIT_SECONDS) else 1)
    assert os.waitpid(child, 0)[1] == 0
    opened.set()
    assert background.close(LIMIT_SECONDS)
    seen = [line.split() for line in file.read_text().splitlines()]
    assert [one for pid, one in seen if pid == str(os.getpid())] == [admission.id for admission in waiting]
    assert len([one for pid, one in seen if pid == str(child)]) == 1


def test_a_sink_that_was_closed_goes_on_when_it_is_needed_again(handbook: Publisher, clock: FixedClock) -> None:
    seen: list[Admission] = []
    background = Background(seen.append)
    gate = Gate({"sources": [handbook.source()]}, clock=clock)
    for number in range(1, 4):
        background(gate.admit([]))
        assert background.close()
        assert len(seen) == number
    assert not background.failures


LONG_QUERY = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) SELECT sum(i) FROM n"


def test_a_fork_waits_for_whoever_is_within_sqlite(tmp_path: Path) -> None:
    """SQLite's own locks are shared by all connections: one held by another thread is locked for ever in the child."""
    begun, ended = threading.Event(), threading.Event()
    connection = SharedConnection(
        tmp_path / "registry.sqlite", lambda: sqlite3.connect(":memory:", check_same_thread=False)
    )

    def count(shared: sqlite3.Connection) -> None:
        begun.set()
        shared.execute(LONG_QUERY).fetchall()
        ended.set()

    counting = threading.Thread(target=connection.use, args=(count,))
    counting.start()
    begun.wait()
    child = os.fork()
    if child == 0:
        os._exit(0 if ended.is_set() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    counting.join()
    assert connection.use(lambda shared: shared.execute("SELECT 1").fetchone()) == (1,)


def test_a_fork_waits_for_whoever_imports_late(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lock of a module that another thread is importing is locked for ever in the child."""
    (tmp_path / "optional_library.py").write_text(
        "import threading\nIMPORTING.set()\nFORKING.wait()\nsum(range(3_000_000))\nis_whole = True\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    begun, forking = threading.Event(), threading.Event()
    monkeypatch.setattr(builtins, "IMPORTING", begun, raising=False)
    monkeypatch.setattr(builtins, "FORKING", forking, raising=False)

    def load() -> bool:
        with importing():
            return bool(importlib.import_module("optional_library").is_whole)

    loading = threading.Thread(target=load)
    loading.start()
    begun.wait()
    forking.set()
    child = os.fork()
    if child == 0:
        signal.alarm(LIMIT_SECONDS)
        os._exit(0 if load() else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    loading.join()
    monkeypatch.delitem(sys.modules, "optional_library")


def test_a_child_need_not_wait_for_what_a_thread_of_its_parent_was_making() -> None:
    shared, begun, go_on = OncePerProcess[str, str](), threading.Event(), threading.Event()

    def slowly() -> str:
        begun.set()
        go_on.wait()
        return "made"

    making = threading.Thread(target=shared.get, args=("key set", slowly))
    making.start()
    begun.wait()
    child = os.fork()
    if child == 0:
        signal.alarm(LIMIT_SECONDS)
        os._exit(0 if shared.get("key set", lambda: "made here") == "made here" else 1)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    go_on.set()
    making.join()
    assert status == 0
    assert shared.get("key set", lambda: "made again") == "made"


def test_what_comes_while_a_sink_is_closed_is_handed_over_in_order() -> None:
    told: list[object] = []
    background = Background(told.append, capacity=5_000)
    admissions: list[Any] = list(range(3_000))

    def close() -> None:
        while len(told) < len(admissions):
            background.close()

    closers = [threading.Thread(target=close) for _ in range(3)]
    for closing in closers:
        closing.start()
    for number in admissions:
        background(number)
    for closing in closers:
        closing.join()
    assert told == admissions
    assert not background.failures


@pytest.mark.parametrize("error", [asyncio.CancelledError, SystemExit, KeyboardInterrupt, ValueError])
def test_whatever_a_sink_ends_in_the_next_admission_is_handed_over(error: type[BaseException]) -> None:
    told: list[object] = []

    def sink(admission: Any) -> None:
        told.append(admission)
        if admission % 2:
            raise error

    background = Background(sink)
    for number in range(10):
        background(cast("Any", number))
    assert background.flush(LIMIT_SECONDS)
    assert told == list(range(10))
    assert background.failures == {"failed": 5}


def test_waiting_for_a_sink_that_is_stuck_has_an_end(handbook: Publisher, clock: FixedClock) -> None:
    opened = threading.Event()

    def blocks(admission: Admission) -> None:
        opened.wait(LIMIT_SECONDS)

    background = Background(blocks, capacity=1)
    gate = Gate({"sources": [handbook.source()]}, clock=clock)
    for _ in range(5):
        background(gate.admit([]))
    assert not background.flush(0.01)
    assert not background.close(0.01)
    assert background.failures["skipped"] >= 3
    opened.set()
    assert background.flush(LIMIT_SECONDS)


SCRIPT = """
import multiprocessing, sys
from headgate import Gate
path, kind = sys.argv[1:]

def sink(admission):
    with open(path, "a") as seen:
        seen.write(admission.id + "\\n")

def work():
    gate = Gate({"sources": [], "default": {"provenance": {"require": "none"}}}, sinks=[sink])
    for _ in range(300):
        gate.admit([])

if kind == "process":
    work()
else:
    child = multiprocessing.get_context("fork").Process(target=work)
    child.start()
    child.join()
"""


@pytest.mark.parametrize("kind", ["process", "multiprocessing child"])
def test_a_normal_exit_loses_nothing_that_waited_for_a_sink(tmp_path: Path, kind: str) -> None:
    seen = tmp_path / "seen"
    subprocess.run([sys.executable, "-c", SCRIPT, str(seen), kind], check=True, timeout=LIMIT_SECONDS)  # noqa: S603
    assert len(set(seen.read_text().split())) == 300


def test_an_exit_does_not_wait_for_a_stuck_sink_for_ever(tmp_path: Path) -> None:
    script = (
        "import threading, headgate.record.sinks as sinks\n"
        "from headgate import Gate\n"
        "sinks.EXIT_SECONDS = 0.2\n"
        "gate = Gate({'sources': []}, sinks=[lambda admission: threading.Event().wait()])\n"
        "gate.admit([])\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=LIMIT_SECONDS, cwd=tmp_path)  # noqa: S603


def test_a_log_that_nobody_holds_any_more_closes_its_file(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "log.jsonl")
    descriptor = log._descriptor
    del log
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptor)
