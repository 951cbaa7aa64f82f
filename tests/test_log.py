"""No acknowledged record is lost, whatever happens; what happens when there is nowhere to write."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from headgate import Admission, Chunk, Gate, PolicyError
from headgate.cli import main
from headgate.record import read_log
from headgate.testing import FixedClock, Publisher

URI = "https://handbook.example/a"
DEEP = os.environ.get("HYPOTHESIS_PROFILE") == "deep"


def make_gate(handbook: Publisher, clock: FixedClock, path: Path, **log: Any) -> Gate:
    return Gate({"sources": [handbook.source()], "log": {"path": str(path), **log}}, clock=clock)


def records(path: Path) -> list[Any]:
    return [entry.record for entry in read_log([path]) if entry.record is not None]


def test_a_record_is_written_before_the_documents_are_released(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    chunk = handbook.seal("secret text", URI, {"note": "secret metadata"})
    admission = make_gate(handbook, clock, path).admit(
        [chunk, chunk.with_metadata(headgate_seal="x")], "secret question"
    )
    (record,) = records(path)
    assert record["admission"] == admission.id
    assert record["now"] == clock.now.isoformat()
    assert record["policy_revision"] == admission.policy_revision
    assert [decision["action"] for decision in record["decisions"]] == ["admit", "drop"]
    assert record["decisions"][0]["evidence"]["seal"]["iss"] == "handbook"
    assert record["decisions"][0]["evidence"]["times"]["modified"][4] == "seal"
    assert "/query" in record["masked"]
    assert "secret" not in path.read_text()


def test_content_in_the_clear_is_a_choice(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    make_gate(handbook, clock, path, content="full").admit([handbook.seal("the text", URI)], "the question")
    (record,) = records(path)
    assert record["query"] == "the question"
    assert record["decisions"][0]["text"] == "the text"


def test_nowhere_to_write_means_nothing_released_unless_the_policy_says_so(
    handbook: Publisher, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chunks = [handbook.seal("text", URI)]
    closed = make_gate(handbook, clock, tmp_path / "a")
    opened = make_gate(handbook, clock, tmp_path / "b", on_error="admit")
    watching = Gate({"mode": "audit", "sources": [handbook.source()], "log": {"path": str(tmp_path / "c")}})

    def full(descriptor: int, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    refused = closed.admit(chunks)
    assert refused.chunks == ()
    assert refused.decisions[0].codes == ("G905",)
    assert refused.decisions[0].findings[-1].detail == {"error": "No space left on device"}
    assert refused.dropped[0].chunk is chunks[0]
    assert len(opened.admit(chunks).chunks) == 1
    watched = watching.admit(chunks)
    assert (len(watched.chunks), watched.decisions[0].codes) == (1, ())
    assert closed.failures == watching.failures == {"log": 1}


def test_of_what_went_wrong_only_the_first_time_is_said_and_no_content(
    handbook: Publisher,
    clock: FixedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    gate = make_gate(handbook, clock, tmp_path / "a")

    def fails(descriptor: int, data: bytes) -> int:
        raise ValueError("the secret text")

    monkeypatch.setattr(os, "write", fails)
    with caplog.at_level("WARNING", "headgate"):
        (finding,) = gate.admit([handbook.seal("text", URI)]).decisions[0].findings
        gate.admit([])
    assert finding.detail == {"error": "ValueError"}
    (warning,) = caplog.records
    assert warning.getMessage() == "the decision log could not be written: ValueError"
    assert warning.exc_info
    assert gate.failures == {"log": 2}


def test_a_line_that_was_torn_spoils_no_other(
    handbook: Publisher, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    gate = make_gate(handbook, clock, path)
    chunks = [handbook.seal("text", URI)]
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:100]))
    assert not gate.admit(chunks).chunks
    monkeypatch.undo()
    assert gate.admit(chunks).chunks
    entries = list(read_log([path]))
    assert [entry.notice for entry in entries] == ["the line is not JSON", None]


def test_a_log_that_cannot_be_opened_is_a_policy_error(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="log"):
        make_gate(handbook, clock, tmp_path / "none" / "log.jsonl")


def test_a_record_behind_a_torn_one_is_found(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    gate = make_gate(handbook, clock, path)
    first = gate.admit([handbook.seal('{"schema":1,"type":"admission"', URI)]).id
    second = gate.admit([]).id
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0][:200] + lines[0] + lines[1])
    entries = list(read_log([path]))
    assert [entry.record["admission"] for entry in entries if entry.record] == [first, second]
    assert entries[0].notice == "the line begins with a torn record"
    path.write_bytes(lines[0][:200])
    third = make_gate(handbook, clock, path).admit([]).id
    entries = list(read_log([path]))
    assert [entry.notice for entry in entries] == ["the line is not JSON", None]
    assert entries[1].record is not None
    assert entries[1].record["admission"] == third


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
def test_no_acknowledged_record_is_lost_when_the_process_is_killed(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    gate = make_gate(handbook, clock, path)
    chunks = [handbook.seal("text", URI)]
    acknowledged: list[str] = []
    for number in range(1_000 if DEEP else 100):
        acknowledged += _killed_after(gate, chunks, 1 + number % 20)
    written = {record["admission"] for record in records(path)}
    assert len(acknowledged) > 500
    assert set(acknowledged) <= written


def _killed_after(gate: Gate, chunks: list[Any], admissions: int) -> list[str]:
    """Kill a child that admits without end once it has acknowledged so many; return all that it acknowledged."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        while True:
            os.write(writing, gate.admit(chunks).id.encode())
    os.close(writing)
    data = b""
    while len(data) < 32 * admissions:
        data += os.read(reading, 32)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while part := os.read(reading, 65_536):
        data += part
    os.close(reading)
    return [data[start : start + 32].decode() for start in range(0, len(data) - len(data) % 32, 32)]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="several processes write to one log")
def test_processes_and_threads_share_a_log_that_rotates(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    gate = make_gate(handbook, clock, path, max_bytes=20_000, keep=10_000)
    chunks = [handbook.seal("text", URI)]
    children = []
    for _ in range(3):
        child = os.fork()
        if child == 0:
            for _ in range(100):
                gate.admit(chunks)
            os._exit(0)
        children.append(child)
    threads = [threading.Thread(target=lambda: [gate.admit(chunks) for _ in range(25)]) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for child in children:
        assert os.waitpid(child, 0)[1] == 0
    files = [file for file in tmp_path.iterdir() if not file.name.endswith(".lock")]
    # How often it is rotated depends on who waits for whom: a file grows while another process renames it.
    assert len(files) > 1
    entries = list(read_log(files))
    assert len(entries) == 400
    assert all(entry.notice is None for entry in entries)
    assert len({entry.record["admission"] for entry in entries if entry.record}) == 400


def test_only_so_many_rotated_files_are_kept(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    gate = make_gate(handbook, clock, tmp_path / "log.jsonl", max_bytes=10_000, keep=2)
    for _ in range(100):
        gate.admit([handbook.seal("text", URI)])
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "log.jsonl",
        "log.jsonl.1",
        "log.jsonl.2",
        "log.jsonl.lock",
    ]


def test_the_command_filters_counts_and_skips_what_is_no_record(
    handbook: Publisher,
    clock: FixedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "log.jsonl"
    gate = make_gate(handbook, clock, path)
    good = handbook.seal("text", URI)
    gate.admit([good, Chunk("text", {"source": URI})])
    clock.now = clock.now.replace(day=2)
    gate.admit([good])
    records = [record for entry in read_log([path]) if (record := entry.record) is not None]
    with path.open("a") as file:
        file.write('not json\n{"schema": 9, "type": "admission"}\n[]\n{"torn')

    def run(*arguments: str) -> tuple[str, str]:
        monkeypatch.setattr(sys, "argv", ["headgate", "log", str(path), *arguments])
        with contextlib.suppress(SystemExit):
            main()
        return capsys.readouterr()

    out, err = run()
    assert len(out.splitlines()) == 3
    for line, number in zip(out.splitlines(), (0, 0, 1), strict=True):
        assert line.split()[1] == records[number]["admission"][:12]
    whole = "".join(run("--admission", str(records[0]["admission"]))[0].split())
    for fact in ("admission", "policy_revision"):
        assert str(records[0][fact]) in whole
    assert "modeenforce" in whole
    assert "2026-06-01T" in whole
    assert err.count("skipped") == 4
    assert "torn" in err
    assert len(run("--code", "p101")[0].splitlines()) == 1
    assert len(run("--action", "admit", "--since", "2026-06-02T00:00:00Z")[0].splitlines()) == 1
    assert len(run("--source", "other")[0].splitlines()) == 0
    days = json.loads(run("--counts", "--json")[0])
    assert days["days"]["2026-06-01"] == {"documents": 2, "admit": 1, "drop": 1, "P101": 1}
    assert days["skipped_lines"] == 4


def test_a_sink_that_fails_or_blocks_costs_nothing_but_a_count(handbook: Publisher, clock: FixedClock) -> None:
    seen: list[Admission] = []
    blocked = threading.Event()

    def fails(admission: Admission) -> None:
        raise RuntimeError("sink")

    def blocks(admission: Admission) -> None:
        blocked.wait(30)

    gate = Gate({"sources": [handbook.source()]}, clock=clock, sinks=[seen.append, fails, blocks])
    chunks = [handbook.seal("text", URI)]
    admissions = [gate.admit(chunks) for _ in range(1_200)]
    assert all(admission.chunks for admission in admissions)
    blocked.set()
    gate._in_force.recorder._background[0].flush()
    gate._in_force.recorder._background[1].flush()
    assert [admission.id for admission in seen][:10] == [admission.id for admission in admissions][:10]
    assert gate.failures["sink"] >= 200


def test_reloading_keeps_the_log_open_and_follows_a_new_one(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    policy = tmp_path / "headgate.yaml"

    def write(name: str, mode: str) -> None:
        policy.write_text(json.dumps({"mode": mode, "sources": [handbook.source()], "log": {"path": name}}))

    write("one.jsonl", "enforce")
    gate = Gate(policy, clock=clock)
    gate.admit([])
    write("one.jsonl", "audit")
    assert gate.reload()
    gate.admit([])
    write("two.jsonl", "audit")
    assert gate.reload()
    gate.admit([])
    assert [record["mode"] for record in records(tmp_path / "one.jsonl")] == ["enforce", "audit"]
    assert len(records(tmp_path / "two.jsonl")) == 1


def test_reloading_does_not_open_a_log_again_that_stays_the_same(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    policy, folder = tmp_path / "headgate.yaml", tmp_path / "logs"
    folder.mkdir()

    def write(name: str, mode: str) -> None:
        policy.write_text(json.dumps({"mode": mode, "sources": [handbook.source()], "log": {"path": f"logs/{name}"}}))

    write("one.jsonl", "enforce")
    gate = Gate(policy, clock=clock)
    folder.rename(tmp_path / "elsewhere")  # now nothing can be opened there
    write("one.jsonl", "audit")
    assert gate.reload()
    write("two.jsonl", "audit")
    with pytest.raises(PolicyError, match="log"):
        gate.reload()


def test_a_line_without_end_is_skipped_in_bounded_memory(
    tmp_path: Path, handbook: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headgate.record.reading._MAX_LINE", 4_096)
    path = tmp_path / "log.jsonl"
    gate = Gate({"sources": [handbook.source()], "log": {"path": str(path)}}, clock=handbook.clock)
    gate.admit([handbook.seal("Text.", URI)])
    path.write_bytes(b'{"schema":1,' + b"[" * 20_000 + b"\n" + path.read_bytes() + b"x" * 9_000)
    long, whole, unended = read_log([path])
    assert (long.record, long.notice) == (None, "the line is longer than 4,096 bytes")
    assert whole.record is not None
    assert whole.place.endswith(":2")
    assert unended.record is None
