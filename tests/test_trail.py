"""What audit mode leaves: a log where none is configured, summaries, and a warning where nothing was admissible."""

from __future__ import annotations

import json
import logging
import os
import shlex
import stat
import sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langchain_core.documents import Document

from headgate import Chunk, Gate
from headgate.admission.trail import default_trail
from headgate.cli import main
from headgate.record.place import default_log_path
from headgate.testing import FixedClock, Publisher
from langchain_headgate import gate_documents, guard

AUDIT: dict[str, object] = {"mode": "audit"}
CHUNKS = [Chunk("SECRET", {"source": "https://a.example/1"}), Chunk("SECRET", {})]


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work = tmp_path / "my app"
    work.mkdir()
    monkeypatch.chdir(work)
    monkeypatch.setenv("HEADGATE_STATE", str(tmp_path / "state"))
    return tmp_path / "state"


def lines(caplog: pytest.LogCaptureFixture, level: int = logging.INFO) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno >= level]


def test_decisions_are_recorded_at_a_default_place_that_is_said_once(
    state: Path, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):  # a gate per request
        Gate(AUDIT, clock=clock).admit(CHUNKS, "SECRET")
    (log,) = state.rglob("decisions.jsonl")
    assert log == default_log_path()
    assert log.parent.name.startswith("my-app-")
    assert len(log.read_text().splitlines()) == 3
    assert "SECRET" not in log.read_text()
    assert stat.S_IMODE(log.parent.stat().st_mode) == 0o700
    assert sum(str(log) in line and "nothing is dropped" in line for line in lines(caplog)) == 1
    assert not list(Path.cwd().iterdir())  # and nothing beside the program


def test_guard_without_a_policy_says_where_it_records(state: Path, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        assert gate_documents(Gate(AUDIT)).invoke([Document("x")])
        guard(_shelf())
    said = [line for line in lines(caplog) if "decisions are recorded in" in line]
    assert len(said) == 1
    assert str(default_log_path()) in said[0]


def _shelf() -> Any:
    from doors import Shelf

    return Shelf(found=[Document("x")])


def test_a_warning_names_what_left_nothing_and_the_command_that_explains_it(
    state: Path, clock: FixedClock, handbook: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    gate = Gate({**AUDIT, "sources": [handbook.source()]}, clock=clock)
    gate.admit([handbook.seal("Good.", "https://handbook.example/a"), *CHUNKS])
    gate.admit([])
    assert not [line for line in lines(caplog, logging.WARNING) if "admissible" in line]
    admission = gate.admit(CHUNKS)
    (line,) = [line for line in lines(caplog, logging.WARNING) if "admissible" in line]
    assert "of 2 documents nothing is admissible (P109: 2)" in line
    assert "headgate explain P109" in line
    assert f"headgate log {default_log_path()} --admission {admission.id[:12]}" in line
    assert len(admission.chunks) == 2


def test_the_five_most_frequent_reasons_are_named(
    state: Path, clock: FixedClock, handbook: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    page = "https://handbook.example/a"
    sealed, stranger = handbook.seal("Good.", page), Publisher("x", "https://handbook.example/**", clock)
    chunks = [
        sealed.with_metadata(headgate_seal="x"),
        replace(sealed, text="Bad."),
        stranger.seal("Good.", page),
        handbook.seal("Good.", page, expires=clock.ago(days=1)),
        handbook.seal("Good.", page, not_before=clock.ago(days=-1)),
        CHUNKS[0],
    ]
    gate = Gate({**AUDIT, "sources": [handbook.source()]}, clock=clock)
    for number, named in ((5, "1)"), (6, "1, ...)")):
        caplog.clear()
        gate.admit([*chunks[:number], chunks[1]])
        (line,) = [line for line in lines(caplog, logging.WARNING) if "admissible" in line]
        assert line.partition("(")[2].startswith("P105: 2, P106: 1, P103: 1, F201: 1, F206: ")
        assert line.partition("F206: ")[2].startswith(named)


def test_the_commands_that_are_named_work(
    state: Path, clock: FixedClock, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    Gate(AUDIT, clock=clock).admit(CHUNKS)
    (line,) = [line for line in lines(caplog) if "headgate explain" in line]
    for command in line.partition("Why: ")[2].split("; "):
        monkeypatch.setattr(sys, "argv", shlex.split(command))
        try:
            main()
        except SystemExit as exit_:
            assert exit_.code in (None, 0)  # noqa: PT017 - the code is what is asserted
    assert "P109" in capsys.readouterr().out


def test_a_summary_comes_every_hundred_admissions_and_every_hour_of_the_gates_clock(
    state: Path, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    gate = Gate(AUDIT, clock=clock)

    def summaries() -> list[str]:
        return [line for line in lines(caplog) if "Enforced, " in line]

    for _ in range(99):
        gate.admit(CHUNKS)
    assert not summaries()
    assert len([line for line in lines(caplog) if "nothing is admissible" in line]) == 10  # the summary has the rest
    gate.admit([])
    (line,) = summaries()
    assert "100 admissions with 198 documents since 2026-06-01T12:00:00" in line
    assert "198 documents would be kept out (P109: 198), and 99 prompts would be empty" in line
    assert "headgate report adoption" in line
    gate.admit(CHUNKS)
    clock.advance(timedelta(minutes=59))
    gate.admit(CHUNKS)
    assert len(summaries()) == 1
    clock.advance(timedelta(minutes=1))
    gate.admit([])
    assert "3 admissions with 4 documents" in summaries()[1]
    clock.advance(timedelta(hours=-5))
    gate.admit([])
    clock.advance(timedelta(hours=-1))
    gate.admit([])
    clock.advance(timedelta(hours=1))
    gate.admit([])
    assert "2 admissions with 0 documents" in summaries()[2]
    gate.admit([])
    gate.close()
    assert "1 admission with" in summaries()[3]
    assert caplog.records[-1].levelno == logging.INFO


def test_a_configured_log_is_followed_and_nothing_is_written_elsewhere(
    state: Path, clock: FixedClock, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    log = tmp_path / "own.jsonl"
    Gate({**AUDIT, "log": {"path": str(log)}}, clock=clock).admit(CHUNKS)
    assert len(log.read_text().splitlines()) == 1
    assert not state.exists()
    assert f"headgate log {log} " in lines(caplog, logging.WARNING)[-1]


@pytest.mark.parametrize("policy", [{}, {"mode": "warn"}])
def test_other_modes_leave_nothing_that_nobody_asked_for(state: Path, policy: Any) -> None:
    Gate(policy).admit(CHUNKS)
    assert not state.exists()


def test_off_means_off(
    state: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("HEADGATE_STATE", "Off")
    assert len(Gate(AUDIT, clock=clock).admit(CHUNKS).chunks) == 2
    assert not state.exists()
    assert "only in traces and sinks" in lines(caplog)[0]
    assert "nothing is admissible" in lines(caplog)[1]


@pytest.mark.parametrize("where", ["a file in the way", "a link in the way", "no home", "/proc/none"])
def test_where_nothing_can_be_written_the_chain_goes_on_and_it_is_said_once(
    state: Path, where: str, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    if where == "a file in the way":
        state.write_text("")
    elif where == "a link in the way":
        path = default_log_path()
        assert path is not None
        path.parent.mkdir(parents=True)
        path.symlink_to("/nowhere/at/all")
    elif where == "no home":
        monkeypatch.setenv("HEADGATE_STATE", "~nobody-at-all/x")
    else:
        monkeypatch.setenv("HEADGATE_STATE", where)
    for _ in range(3):
        assert len(Gate(AUDIT, clock=clock).admit(CHUNKS).chunks) == 2
    assert sum("cannot record decisions" in line for line in lines(caplog)) <= 1
    assert sum("nothing is admissible" in line for line in lines(caplog)) == 3


@pytest.mark.parametrize(
    ("environment", "platform", "expected"),
    [
        ({"XDG_STATE_HOME": "/x"}, "linux", "/x/headgate"),
        ({"HEADGATE_STATE": "/y"}, "win32", "/y"),
        ({"LOCALAPPDATA": "/z"}, "win32", "/z/headgate"),
        ({}, "win32", None),
        ({"HEADGATE_STATE": "off"}, "linux", None),
    ],
)
def test_the_place_is_that_of_the_platform(environment: dict[str, str], platform: str, expected: str | None) -> None:
    found = default_log_path(environment, platform, "/srv/app")
    assert (None if found is None else str(found.parent.parent)) == expected
    other = default_log_path(environment, platform, "/opt/app")
    assert found is None or found != other
    if platform == "linux" and expected:
        relative = default_log_path({"XDG_STATE_HOME": "x"}, platform, "/srv/app")
        assert relative is not None
        assert str(relative).startswith(str(Path.home()))


@given(folder=st.text(max_size=60))
def test_no_folder_leads_out_of_the_place(folder: str) -> None:
    path = default_log_path({"HEADGATE_STATE": "/s"}, "linux", folder)
    assert path is not None
    assert path.parent.parent == Path("/s")
    assert os.path.normpath(path) == str(path)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
def test_processes_share_the_place(state: Path, clock: FixedClock) -> None:
    gate = Gate(AUDIT, clock=clock)
    gate.admit(CHUNKS)
    child = os.fork()
    if not child:
        gate.admit(CHUNKS)
        os._exit(0)
    os.waitpid(child, 0)
    gate.admit(CHUNKS)
    path = default_log_path()
    assert path is not None
    assert len({json.loads(line)["pid"] for line in path.read_text().splitlines()}) == 2
    assert default_trail() is default_trail()
