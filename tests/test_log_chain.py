"""The log's chain shows that a record was removed, changed, added or moved; not that nothing was."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from headgate import Gate, KeySet
from headgate.cli.app import app
from headgate.provenance import generate_signing_key
from headgate.record import DecisionLog, log_record, read_log
from headgate.record.chain import Head, read_heads, verify_chain
from headgate.record.reading import log_files
from headgate.record.receipt import issue_receipt, verify_receipt
from headgate.testing import FixedClock, Publisher

URI = "https://handbook.example/a"


def make_gate(handbook: Publisher, clock: FixedClock, path: Path, **log: Any) -> Gate:
    return Gate({"sources": [handbook.source()], "log": {"path": str(path), **log}}, clock=clock)


def written(handbook: Publisher, clock: FixedClock, path: Path, count: int = 5) -> list[bytes]:
    with make_gate(handbook, clock, path) as gate:
        for number in range(count):
            gate.admit([handbook.seal(f"text {number}", URI)], f"question {number}")
    return path.read_bytes().splitlines(keepends=True)


def test_what_was_written_is_whole(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    written(handbook, clock, path)
    written(handbook, clock, path, 2)
    check = verify_chain([path])
    assert (check.records, check.unchained, check.findings, check.is_whole) == (7, 0, [], True)
    assert sorted(head.number for head in check.heads.values()) == [1, 4]


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "removed in the middle": lambda lines: lines[:2] + lines[3:],
    "removed at the beginning": lambda lines: lines[1:],
    "changed": lambda lines: [*lines[:2], lines[2].replace(b'"admit"', b'"drop"'), *lines[3:]],
    "re-ordered": lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
    "repeated": lambda lines: [*lines, lines[2]],
    "added without a chain": lambda lines: [*lines, unchained(lines[1])],
    "replaced by noise": lambda lines: [*lines[:2], b"noise\n", *lines[3:]],
    "all of the first chain removed": lambda lines: lines[5:],
}


def unchained(line: bytes) -> bytes:
    record = json.loads(line)
    del record["chain"]
    return json.dumps(record).encode() + b"\n"


@pytest.mark.parametrize("change", CHANGES.values(), ids=list(CHANGES))
def test_a_change_is_found(
    change: Callable[[list[bytes]], list[bytes]], handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    written(handbook, clock, path)
    lines = written(handbook, clock, path, 3)
    path.write_bytes(b"".join(change(lines)))
    check = verify_chain([path])
    assert not check.is_whole
    assert str(path) in check.findings[0]
    assert CliRunner().invoke(app, ["log", str(path), "--verify"]).exit_code == 1


CLOCK = FixedClock()
BOOK = Publisher("handbook", "https://handbook.example/**", CLOCK)


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    path = tmp_path_factory.mktemp("chain") / "log.jsonl"
    written(BOOK, CLOCK, path, 4)
    return written(BOOK, CLOCK, path, 4)


@given(st.data())
def test_whatever_is_removed_before_the_end_of_a_chain_is_found(
    recorded: list[bytes], tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    removed = data.draw(st.sets(st.integers(0, 7), min_size=1).filter(lambda some: not {3, 7} & some))
    path = tmp_path_factory.mktemp("less") / "log.jsonl"
    path.write_bytes(b"".join(line for number, line in enumerate(recorded) if number not in removed))
    assert not verify_chain([path]).is_whole


def test_what_is_missing_at_the_end_shows_against_what_was_known(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    path, heads = tmp_path / "log.jsonl", tmp_path / "heads.json"
    lines = written(handbook, clock, path)
    heads.write_text(CliRunner().invoke(app, ["log", str(path), "--verify", "--json"]).stdout)
    known = read_heads(json.loads(heads.read_text()))
    assert verify_chain([path], known).is_whole
    path.write_bytes(b"".join(lines[:3]))
    assert verify_chain([path]).is_whole  # nothing in the file itself tells
    assert not verify_chain([path], known).is_whole
    shown = CliRunner().invoke(app, ["log", str(path), "--verify", "--heads", str(heads)])
    assert (shown.exit_code, "is not here" in shown.stderr) == (1, True)


def test_a_log_written_anew_shows_against_a_receipt(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    path, desk = tmp_path / "log.jsonl", generate_signing_key("desk")
    written(handbook, clock, path)
    entry = next(one for number, one in enumerate(read_log([path])) if number == 2)
    assert entry.record is not None
    token = issue_receipt(entry.record, desk, "desk", line_digest=entry.digest)
    receipt = verify_receipt(token, KeySet.from_jwks(desk.public_jwks()), query="question 2")
    assert receipt.head is not None
    known = {receipt.head[0]: Head(*receipt.head[1:])}
    assert receipt.head[1] == 2
    assert verify_chain([path], known).is_whole
    path.unlink()
    written(handbook, clock, path)
    assert verify_chain([path]).is_whole
    assert not verify_chain([path], known).is_whole


@pytest.mark.parametrize("name", ["log.jsonl", "log[prod]*.jsonl"])
def test_the_chain_goes_through_rotations_and_says_what_has_gone(
    name: str, handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    path = tmp_path / name
    with make_gate(handbook, clock, path, max_bytes=10_000, keep=2) as gate:
        for _ in range(60):
            gate.admit([handbook.seal("text", URI)])
    files = log_files(path)
    check = verify_chain(files)
    assert len(files) == 3
    assert check.is_whole, check.findings
    (gone,) = check.earlier.values()
    assert gone + check.records == 60
    files[1].unlink()  # between the oldest and the newest, nobody rotates
    assert not verify_chain(log_files(path)).is_whole


def test_threads_forks_and_two_writers_make_chains_that_are_whole(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    gate, other = (make_gate(handbook, clock, path, max_bytes=100_000, keep=100) for _ in range(2))
    chunks = [handbook.seal("text", URI)]
    gate.admit(chunks)
    children = []
    for _ in range(2):
        child = os.fork()
        if child == 0:
            for _ in range(40):
                gate.admit(chunks)
            os._exit(0)
        children.append(child)

    def ask(one: Gate) -> None:
        for _ in range(40):
            one.admit(chunks)

    threads = [threading.Thread(target=ask, args=(one,)) for one in (gate, gate, other)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0]
    check = verify_chain(log_files(path))
    assert (check.records, len(check.heads), check.findings) == (201, 4, [])


@pytest.mark.parametrize("torn", [10, -1], ids=["within the record", "before the line break"])
def test_a_write_that_fails_half_way_breaks_no_chain(
    torn: int, handbook: Publisher, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "log.jsonl"
    gate = make_gate(handbook, clock, path)
    chunks = [handbook.seal("text", URI)]
    gate.admit(chunks)
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:torn]))
    assert not gate.admit(chunks).chunks
    monkeypatch.undo()
    gate.admit(chunks)
    check = verify_chain([path])
    assert check.findings == []
    assert check.records == (2 if torn > 0 else 3)


def test_records_of_older_versions_are_counted(handbook: Publisher, clock: FixedClock, tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    lines = written(handbook, clock, path, 2)
    path.write_bytes(b"".join(map(unchained, lines)))
    written(handbook, clock, path, 2)
    check = verify_chain([path])
    assert (check.records, check.unchained, check.is_whole) == (4, 2, True)


def test_rotated_files_are_kept_for_as_long_as_the_policy_says(
    handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    path = tmp_path / "log.jsonl"
    settings = make_gate(handbook, clock, path, max_bytes=10_000, keep=1, keep_for="180d").policy.log
    admission = Gate({"sources": [handbook.source()]}, clock=clock).admit([handbook.seal("text", URI)])
    log = DecisionLog(path, settings, clock=clock)
    size = len(json.dumps(log_record(admission)))
    for _ in range(5 * 10_000 // size):
        log.write(admission)
    kept = log_files(path)[:-1]
    assert len(kept) > 3
    for number, file in enumerate(kept):  # the oldest two were last written to 180 days ago and more
        age = timedelta(days=200 - 20 * number)
        os.utime(file, ((clock.now - age).timestamp(),) * 2)
    oldest = [file.stat().st_ino for file in kept[:2]]
    current = path.stat().st_ino
    while path.stat().st_ino == current:  # until the next rotation
        log.write(admission)
    left = [file.stat().st_ino for file in log_files(path)[:-1]]
    assert len(left) == len(kept) - 2 + 1
    assert not {*oldest} & {*left}


def test_a_disk_that_is_nearly_full_is_said(
    handbook: Publisher,
    clock: FixedClock,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    import shutil

    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=50_000))
    with make_gate(handbook, clock, tmp_path / "log.jsonl", max_bytes=10_000) as gate:
        for _ in range(20):
            gate.admit([handbook.seal("text", URI)])
    assert "the disk of the decision log" in caplog.text


@pytest.mark.parametrize("name", ["schema", '{"schema":1,"type":"admission"', "type"])
def test_no_entry_of_a_document_is_taken_for_the_beginning_of_a_record(
    name: str, handbook: Publisher, clock: FixedClock, tmp_path: Path
) -> None:
    (tmp_path / "terms.yaml").write_text("terms: {LarkDesk: [LDX]}")
    path = tmp_path / "log.jsonl"
    source = handbook.source(terminology=[str(tmp_path / "terms.yaml")])
    policy = {"sources": [source], "log": {"path": str(path), "content": "full"}}
    with Gate(policy, clock=clock) as gate:
        for _ in range(3):
            chunk = handbook.seal("LDX text", URI, {"source": URI, name: "LDX"}, cover=[name])
            shown = replace(chunk, prompt_metadata=(name,))
            (decision,) = gate.admit([shown], '{"schema":1,"type":"admission"').decisions
            assert decision.metadata_rewrites
    assert verify_chain([path]).records == 3
    assert verify_chain([path]).is_whole
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].replace(b'"enforce"', b'"audit"', 1) + lines[2])
    assert not verify_chain([path]).is_whole
    # A record behind one that was torn is found all the same.
    path.write_bytes(lines[0] + lines[1][:60] + lines[1] + lines[2])
    assert verify_chain([path]).records == 3
