"""Commands that did something else than they said, or said something else than they did."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from headgate.cli.app import app
from headgate.encoding import digest_label

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
@pytest.mark.parametrize("text", ["Thirty days.", "Thirty days.\n", "\r\n\n", "\u00dcbung\n"])
def test_the_documented_shell_line_makes_the_digest_of_the_gate(text: str, here: Path) -> None:
    (here / "chunk.txt").write_bytes(text.encode())
    line = re.search(r"^\$ (openssl .*)$", (DOCS / "seal-format.md").read_text(encoding="utf-8"), re.M)
    assert line is not None
    printed = subprocess.run(["sh", "-c", line[1]], check=True, capture_output=True, text=True).stdout  # noqa: S603, S607
    assert f"sha-256:{printed}" == digest_label(text.encode())


@pytest.mark.parametrize("more", [[], ["--counts"], ["--code", "P101"], ["--json"]])
def test_a_page_of_the_log_is_written_or_refused(more: list[str], here: Path) -> None:
    (here / "log.jsonl").write_text("")
    done = run("log", "log.jsonl", "--html", "page.html", *more)
    assert "--admission" in str(done.exception)
    assert not (here / "page.html").exists()
