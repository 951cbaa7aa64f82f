"""Every block of docs/tuning.md, docs/receipts.md and docs/rehearsal.md does what it says."""

from __future__ import annotations

import json
import re
import shlex
import sys
from pathlib import Path
from typing import Any

import pytest

from headgate import Chunk, Gate, KeySet
from headgate.cli import main
from headgate.rehearsal import CATALOGUE
from headgate.testing import FixedClock, Publisher

DOCS = Path(__file__).parents[1] / "docs"
QUESTION = "How many days of leave do I get?"
CLOCK = FixedClock()
HANDBOOK = Publisher("handbook", "https://handbook.acme.example/**", CLOCK)


def blocks(page: str) -> list[tuple[str, str]]:
    return re.findall(r"^```(\w+)\n(.*?)^```$", (DOCS / page).read_text(encoding="utf-8"), re.M | re.S)


def sealed(number: int) -> Chunk:
    page = f"https://handbook.acme.example/page-{number}"
    text = f"Page {number}. Everyone gets {number + 20} days of leave. Book them in LDX."
    metadata: dict[str, object] = {"source": page, "title": f"Leave, part {number}"}
    return HANDBOOK.seal(text, page, {**metadata, "last_modified": CLOCK.ago(days=number).isoformat()})


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").mkdir()
    (tmp_path / "docs").mkdir()
    for number in range(30):
        (tmp_path / "docs" / f"leave-{number}.md").write_text(f"Part {number}: {number + 20} days of leave.")
    HANDBOOK.key.save(tmp_path / "keys" / "handbook")
    (tmp_path / "glossary.yaml").write_text("terms: {LarkDesk: [LDX]}")
    keys = json.dumps(HANDBOOK.key.public_jwks())
    (tmp_path / "headgate.yaml").write_text(
        "sources:\n"
        f"  - {{id: handbook, match: 'https://handbook.acme.example/**', provenance: {{keys: {keys}}},"
        " freshness: {max_age: 90d}, terminology: [glossary.yaml]}\n"
        "  - {id: wiki, match: 'https://wiki.acme.example/**', provenance: {require: declared}, quarantine: {}}\n"
        "  - {id: docs, match: 'file:docs/**', provenance: {require: declared}}\n"
        "quarantine: {path: quarantine.jsonl}\n"
        "log: {path: decisions.jsonl}\n"
    )
    held = {"at": CLOCK().isoformat(), "action": "hold", "source": "wiki", "reason": "a test"}
    (tmp_path / "quarantine.jsonl").write_text(json.dumps(held) + "\n")
    chunks = [sealed(number) for number in range(40)]
    gate = Gate("headgate.yaml", clock=CLOCK)
    admission = gate.admit([*chunks[:4], Chunk("x")], QUESTION)
    for number in range(5):
        gate.admit(chunks[number * 4 : number * 4 + 6], QUESTION)
    known = {"admission": admission, "chunks": chunks, "questions": [QUESTION], "question": QUESTION}
    return {**known, "KeySet": KeySet, "now": CLOCK()}


def run() -> int | str | None:
    try:
        main()
    except SystemExit as left:
        return left.code
    return 0


@pytest.mark.parametrize("page", ["tuning.md", "receipts.md", "rehearsal.md"])
def test_every_block_runs(page: str, place: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    names = dict(place)
    for language, code in blocks(page):
        if language == "python":
            exec(compile(code, page, "exec"), names)  # noqa: S102 - our own page
            continue
        assert language == "console"
        for line in code.splitlines():
            words = shlex.split(line.removeprefix("$ ").replace("2d8fa1f77d49", names["admission"].id[:12]))
            monkeypatch.setattr(sys, "argv", words)
            assert run() in (None, 0, 1), line


def test_the_page_of_the_rehearsal_names_every_injection() -> None:
    text = (DOCS / "rehearsal.md").read_text(encoding="utf-8")
    for one in CATALOGUE:
        assert f"| {one.name} |" in text
