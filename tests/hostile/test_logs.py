"""Records that somebody else wrote, or that were altered: every report on a log still ends, and shows what it can."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from headgate import Gate
from headgate.cli import app
from headgate.demo.company import open_company
from headgate.errors import HeadgateError

COMMANDS = (
    "replay LOG -p POLICY --html PAGE",
    "replay LOG -p POLICY --at 2027-01-01T00:00:00Z --json",
    "sources LOG --html PAGE",
    "sources LOG --by hour --json",
    "report adoption LOG --html PAGE --unsealed OUT",
    "report adoption LOG --json",
    "report stale LOG -p POLICY --html PAGE",
    "report stale LOG --json",
    "log LOG",
    "log LOG --json",
    "log LOG --counts",
    "log LOG --admission ID --html PAGE",
)
FOREIGN: tuple[Any, ...] = (
    *(None, True, -1, 1e308, float("inf"), float("nan"), -(10**15), 10**400),
    *("", "x" * 1_000, "\ud800", "\u202e<script>alert(1)</script>", "\x1b[2J", "[bold]x[/bold]", "[/]", "F202"),
    *("2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00+14:00"),
    *([], {}, [[]], [None], {"a": {}}, {"sub": 1}, ["2026-01-01T00:00:00Z"] * 6),
)


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    folder = tmp_path_factory.mktemp("company")
    company = open_company(folder)
    settings = yaml.safe_load((folder / "headgate.yaml").read_text())
    policy = folder / "logged.yaml"
    policy.write_text(yaml.safe_dump({**settings, "log": {"path": "decisions.jsonl", "content": "full"}}))
    gate = Gate(policy, clock=lambda: company.today)
    chunks = [document.chunk for document in company.documents]
    for number, question in enumerate(company.questions):
        gate.admit(chunks[number * 4 : number * 4 + 8], question)
    lines = (folder / "decisions.jsonl").read_text(encoding="utf-8").splitlines()
    return {"folder": folder, "policy": policy, "records": [json.loads(line) for line in lines]}


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from places(item, (*path, key))


def spoil(record: Mapping[str, Any], path: tuple[Any, ...], value: object) -> None:
    holder: Any = record
    try:
        for key in path[:-1]:
            holder = holder[key]
        if value == "DELETE":
            del holder[path[-1]]
        else:
            holder[path[-1]] = value
    except (LookupError, TypeError):
        pass  # an earlier change took the place away


@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_record_breaks_a_report(company: dict[str, Any], data: st.DataObject) -> None:
    lines = []
    for record in data.draw(st.lists(st.sampled_from(company["records"]), min_size=1, max_size=4)):
        spoiled = copy.deepcopy(record)
        where = st.sampled_from(list(places(record)))
        for path in data.draw(st.lists(where, min_size=1, max_size=4)):
            spoil(spoiled, path, data.draw(st.sampled_from((*FOREIGN, "DELETE"))))
        lines.append(json.dumps(spoiled))
    log, page = company["folder"] / "foreign.jsonl", company["folder"] / "page.html"
    log.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    names = {"LOG": log, "POLICY": company["policy"], "PAGE": page, "OUT": company["folder"] / "out.jsonl"}
    names["ID"] = company["records"][0]["admission"]
    for command in COMMANDS:
        page.unlink(missing_ok=True)
        result = CliRunner().invoke(app, [str(names.get(word, word)) for word in command.split()])
        assert isinstance(result.exception, SystemExit | HeadgateError | None), (command, result.exception)
        assert "\x1b" not in result.stdout
        assert "\u202e" not in result.stdout or "--json" in command
        shown = page.read_text(encoding="utf-8") if page.exists() else ""
        assert "<script" not in shown
        assert len(shown) < 256_000


@pytest.mark.parametrize("encoding", ["utf-8", "ascii", "cp1252"])
@pytest.mark.parametrize(
    "command", ["audit d.jsonl -p p.yaml", "audit d.jsonl -p p.yaml --json", "init d.jsonl --force", "demo"]
)
def test_output_of_any_encoding_takes_any_text(tmp_path: Path, encoding: str, command: str) -> None:
    (tmp_path / "p.yaml").write_text("mode: enforce")
    row = {"text": "caf\u00e9 \u4f60\u597d \U0001f600 \ud800", "metadata": {"source": "https://x.example/\ud800\u4f60"}}
    (tmp_path / "d.jsonl").write_text(json.dumps(row))
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "COLUMNS": "100"}
    done = subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-m", "headgate", *command.split()],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode in (0, 1), done.stderr
    assert b"Traceback" not in done.stderr
    assert done.stdout.decode(encoding)
    if "--json" in command:
        assert json.loads(done.stdout.decode(encoding))["documents"]
