"""One gate per policy file and revision: shared by all that are guarded with it, and never replaced by a broken one."""

from __future__ import annotations

import json
import logging
import os
import pickle
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from doors import NodeShelf, Shelf
from headgate import Gate, PolicyError
from headgate.integration.adapters import gate_from_reference, gate_reference, guard
from headgate.integration.sharing import SharedGates
from headgate.testing import FixedClock
from langchain_headgate import GatedRetriever, HeadgateCompressor
from llama_index.postprocessor.headgate import HeadgatePostprocessor
from worlds import HANDBOOK


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return write(tmp_path / "headgate.yaml")


def write(path: Path, **changes: Any) -> Path:
    (path.parent / "keys.json").write_text(json.dumps(HANDBOOK.key.public_jwks()))
    if not (path.parent / "terms.yaml").exists():
        (path.parent / "terms.yaml").write_text("terms: {LarkDesk: [LDX]}")
    source = {
        "id": "handbook",
        "match": ["https://handbook.example/**"],
        "provenance": {"require": "sealed", "keys": "keys.json"},
        "terminology": ["terms.yaml"],
    }
    path.write_text(json.dumps({"sources": [source], "log": {"path": "log.jsonl"}, **changes}))
    return path


def gate_of(policy: object) -> Gate:
    gate: Gate = guard(Shelf(found=[]), policy).gate  # type: ignore[attr-defined, arg-type]
    return gate


def test_everything_that_is_guarded_with_a_file_shares_its_gate(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = gate_of(policy)
    assert gate_of(str(policy)) is gate
    nodes: Any = guard(NodeShelf([]), policy)
    assert nodes.gate is gate
    assert HeadgateCompressor(policy=policy).gate is gate
    assert HeadgatePostprocessor(str(policy)).gate is gate
    assert GatedRetriever(retriever=Shelf(found=[]), policy=policy).gate is gate
    assert pickle.loads(pickle.dumps(HeadgatePostprocessor(gate))).gate.policy_revision == gate.policy_revision
    monkeypatch.chdir(policy.parent)
    assert gate_of("headgate.yaml") is gate
    monkeypatch.chdir("/")
    assert gate.reload() is False


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="counts descriptors in /proc")
def test_a_request_costs_no_descriptor(policy: Path) -> None:
    kept = [guard(Shelf(found=[]), policy)]
    before = len(os.listdir("/proc/self/fd"))
    kept += [guard(Shelf(found=[]), policy) for _ in range(50)]
    assert len(os.listdir("/proc/self/fd")) <= before


def test_gates_built_by_hand_are_not_shared(policy: Path) -> None:
    shared, clock = gate_of(policy), FixedClock()
    timed, told = Gate(policy, clock=clock), Gate(policy, sinks=[lambda _: None])
    assert len({id(gate_of(one)) for one in (policy, timed, told, Gate(policy))}) == 4
    assert timed.now() == clock() != shared.now()


@pytest.mark.parametrize("name", ["headgate.yaml", "terms.yaml", "keys.json"])
def test_a_changed_file_is_a_new_gate_and_the_old_one_goes_on(policy: Path, name: str) -> None:
    old, file = gate_of(policy), policy.with_name(name)
    revision, stat = old.policy_revision, file.stat()
    text = file.read_text()
    change = {"headgate.yaml": ("LDX", ""), "terms.yaml": ("LDX", "LDY"), "keys.json": ("", "")}[name]
    file.write_text(text.replace(*change) if change[0] else text.replace('"keys"', '"keys" '))
    if name == "headgate.yaml":
        write(policy, mode="audit")
    if name == "terms.yaml":  # of the same length and the same age
        os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    new = gate_of(policy)
    # White space in a key file is not a new revision.
    assert (new is old) == (name == "keys.json")
    assert old.policy_revision == revision
    assert gate_of(policy) is new


def test_a_reload_by_one_is_what_the_next_ones_get(policy: Path) -> None:
    gate = gate_of(policy)
    write(policy, mode="warn")
    assert gate.reload()
    assert gate_of(policy) is gate
    assert gate.policy.mode == "warn"


BREAKS: dict[str, Callable[[Path], Any]] = {
    "yaml": lambda policy: policy.write_text("sources: ["),
    "key": lambda policy: write(policy, moed="audit"),
    "glossary": lambda policy: policy.with_name("terms.yaml").write_text("terms: ["),
    "keys": lambda policy: policy.with_name("keys.json").write_text("{}"),
    "gone": lambda policy: policy.unlink(),
    "keys gone": lambda policy: policy.with_name("keys.json").unlink(),
    "folder": lambda policy: policy.rename(policy.with_name("moved")).with_name(policy.name).mkdir(),
    "log": lambda policy: write(policy, log={"path": "nowhere/log.jsonl"}),
    "other keys": lambda policy: policy.write_text(policy.read_text().replace("keys.json", "later.json")),
}


@pytest.mark.parametrize("how", sorted(BREAKS))
def test_a_broken_file_replaces_nothing(policy: Path, how: str, caplog: pytest.LogCaptureFixture) -> None:
    gate = gate_of(policy)
    reference = gate_reference(gate)
    BREAKS[how](policy)
    with caplog.at_level(logging.WARNING, "headgate"):
        assert [gate_of(policy) for _ in range(3)] == [gate] * 3
    assert caplog.text.count("stays in force") == 1
    # What is loaded under a revision needs the file that has it.
    with pytest.raises(PolicyError):
        gate_from_reference(reference)
    if policy.is_dir():
        policy.rmdir()
    policy.with_name("terms.yaml").write_text("terms: {LarkDesk: [LDX, old desk]}")
    write(policy)
    assert gate_of(policy) is not gate


def test_what_was_missing_is_found_later(policy: Path) -> None:
    gate = gate_of(policy)
    BREAKS["other keys"](policy)
    assert gate_of(policy) is gate
    later = policy.with_name("later.json")
    later.write_text(policy.with_name("keys.json").read_text())
    policy.write_text(policy.read_text() + " ")
    assert later in gate_of(policy).files


def test_a_file_that_never_worked_is_an_error_every_time(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yaml"
    for _ in range(2):
        with pytest.raises(PolicyError):
            gate_of(broken)
    assert gate_of(write(broken)).path == broken


def test_a_closed_gate_opens_its_log_again(policy: Path) -> None:
    gate, log = gate_of(policy), policy.with_name("log.jsonl")
    chunk = HANDBOOK.seal("genuine", "https://handbook.example/1")
    with gate:
        gate.admit([chunk])
    gate_of(policy).admit([chunk])
    gate.close()
    assert len(log.read_text().splitlines()) == 2


def test_only_so_many_are_kept(tmp_path: Path) -> None:
    gates, paths = SharedGates(most=2), []
    for number in range(4):
        (tmp_path / str(number)).mkdir()
        paths.append(write(tmp_path / str(number) / "headgate.yaml"))
    held = [gates.get(path) for path in paths]
    assert gates.get(paths[3]) is held[3]
    assert gates.get(paths[2]) is held[2]
    assert gates.get(paths[0]) is not held[0]
    assert held[1].policy_revision == held[0].policy_revision


def test_threads_that_come_together_load_once(policy: Path) -> None:
    gates, found = SharedGates(), []
    threads = [threading.Thread(target=lambda: found.append(gates.get(policy))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(gate) for gate in found}) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_fork_goes_on_with_the_gate(policy: Path) -> None:
    gate_of(policy)
    child = os.fork()
    if child == 0:
        chunk = HANDBOOK.seal("genuine", "https://handbook.example/1")
        os._exit(0 if gate_of(policy).admit([chunk]).chunks else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert len(policy.with_name("log.jsonl").read_text().splitlines()) == 1
