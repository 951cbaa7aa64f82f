"""docs/day-one.md, followed from its first line to its last: every command and every block runs as it stands."""

from __future__ import annotations

import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from headgate import Policy
from headgate.cli import main
from langchain_headgate import guard

DOCS = Path(__file__).parents[1] / "docs"
PAGE = (DOCS / "day-one.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", PAGE, re.M | re.S)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of real documents, and nothing else."""
    shutil.copytree(DOCS, tmp_path / "docs", ignore=shutil.ignore_patterns("*.png", "*.svg"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(tmp_path), *sys.path])
    sys.modules.pop("app", None)
    yield tmp_path
    sys.modules.pop("app", None)


def command(line: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "argv", shlex.split(line))
    try:
        main()
    except SystemExit as exit_:
        return int(exit_.code or 0)
    return 0


def edit(path: Path, *changes: tuple[str, str]) -> None:
    text = path.read_text(encoding="utf-8")
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    path.write_text(text, encoding="utf-8")


def write_files(folder: Path) -> None:
    for _, name, body in BLOCKS:
        if name:
            (folder / name).write_text(body, encoding="utf-8")


def run_console(block: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for line in block.splitlines():
        words = line.removeprefix("$ ")
        if not words.startswith("pip "):
            assert command(words, monkeypatch) in (0, 1), words


def run_python(block: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(block, "day-one.md", "exec"), names)  # noqa: S102 - our own page
    return names


def test_the_page_leads_from_an_ordinary_index_to_an_enforced_policy(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    policy = here / "headgate.yaml"
    write_files(here)
    dated = False
    for language, name, body in BLOCKS:
        if language == "console":
            run_console(body, monkeypatch)
        elif name == "glossary.yaml":  # what the page asks its reader to write by hand
            # Where the documents that were found define short forms, the draft names a glossary of them.
            drafted = re.sub(r"(?m)^    (# )?terminology: .*$", "    terminology: [glossary.yaml]", policy.read_text())
            policy.write_text(drafted, encoding="utf-8")
        elif language == "python" and not name:
            if "99 days" in body:
                edit(policy, ("mode: audit", "mode: enforce"))
                assert command("headgate audit app:chain --questions questions.txt", monkeypatch) == 0
                assert re.search(r"(\d+) of \1 documents", capsys.readouterr().out.rpartition("Admissible")[2])
            dated = "dated" in run_python(body) or dated
    assert dated
    assert Policy.load(policy).mode == "enforce"
    assert (here / "decisions.jsonl").read_text().count("\n") >= 3
    app = sys.modules["app"]
    for question in (here / "questions.txt").read_text().splitlines():
        assert guard(app.retriever, "headgate.yaml").invoke(question)
        assert app.chain.invoke(question)


def test_the_policy_that_the_page_begins_with_is_read_as_the_page_says(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_files(here)
    for target in ("app:retriever", "app:chain", "app:store"):
        assert command(f"headgate init {target} --questions questions.txt --force", monkeypatch) == 0
        text = (here / "headgate.yaml").read_text()
        assert text.splitlines()[3].startswith("# Enforced as it is, it would keep out none of these")
        rules = yaml.safe_load(text)
        assert rules["mode"] == "audit"
        assert rules["sources"][0]["match"] == ["file:docs/**"]
        assert rules["log"] == {"path": "decisions.jsonl"}
    out = capsys.readouterr()
    assert not out.err


def test_the_line_of_llama_index_on_the_same_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (body,) = [body for _, name, body in BLOCKS if not name and "SimpleDirectoryReader" in body]
    write_files(here)
    (here / "app.py").write_text(body.partition("nodes = ")[0])
    assert command("headgate init app:index --questions questions.txt", monkeypatch) == 0
    edit(here / "headgate.yaml", ("mode: audit", "mode: enforce"))
    assert run_python(body)["nodes"].retrieve("How old may a document be?")
