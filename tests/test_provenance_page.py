"""The drills of docs/provenance.md are done as they stand there."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from headgate import Chunk, Gate, Sealer
from headgate.cli.app import app
from headgate.provenance import generate_signing_key

PAGE = (Path(__file__).parents[1] / "docs" / "provenance.md").read_text(encoding="utf-8")
DRILLS = [block.strip().splitlines() for block in re.findall(r"<!-- drill -->\n```console\n(.*?)```", PAGE, re.S)]
URI = "https://docs.example/a.md"


@pytest.fixture
def company(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What the page takes for granted: documents, two keys, a policy, a list and a log."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "keys").mkdir()
    for name in ("docs", "security"):
        generate_signing_key(name).save(tmp_path / "keys" / name)
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("---\nlast_modified: 2026-01-01T00:00:00Z\n---\nThirty days.\n")
    write_policy(["keys/docs.jwks.json"])
    log = {"log": {"path": "decisions.jsonl"}}
    Gate({**json.loads(Path("headgate.yaml").read_text()), **log}).admit([sealed_by("docs")])
    return tmp_path


def write_policy(keys: list[str], **more: object) -> None:
    source = {"id": "docs", "match": "https://docs.example/**", "provenance": {"keys": keys}}
    Path("headgate.yaml").write_text(json.dumps({"sources": [source], **more}))


def sealed_by(name: str, text: str = "Thirty days.\n") -> Chunk:
    metadata = {"last_modified": "2026-01-01T00:00:00Z", "source": URI}
    return Sealer(f"keys/{name}.private.jwk.json", "docs").seal(Chunk(text, metadata), subject=URI)


def run(line: str) -> str:
    program, *arguments = shlex.split(line.removeprefix("$ "))
    assert program == "headgate"
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code in (0, 1), (line, result.output, result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), line
    return result.output


def test_there_are_two() -> None:
    assert len(DRILLS) == 2


def test_a_rotation(company: Path) -> None:
    keygen, seal, audit = DRILLS[0]
    run(keygen)
    write_policy(["keys/docs.jwks.json", "keys/docs-2027.jwks.json"])
    assert "1 document sealed" in run(seal)
    assert "P103" not in run(audit)
    assert all(
        one.admitted for one in Gate("headgate.yaml").admit([sealed_by("docs"), sealed_by("docs-2027")]).decisions
    )


def test_a_leak(company: Path) -> None:
    revoke, show, keygen, build, log = DRILLS[1]
    # Of a policy that names a list already; it begins empty.
    run(
        "$ headgate revoke add revoked.jws --key keys/security.private.jwk.json --issuer security --document https://x.example/"
    )
    lists = [{"list": "revoked.jws", "keys": "keys/security.jwks.json"}]
    write_policy(["keys/docs.jwks.json"], revocations=lists)
    gate = Gate("headgate.yaml")
    assert gate.admit([sealed_by("docs")]).decisions[0].admitted
    run(revoke)
    assert gate.admit([sealed_by("docs")]).decisions[0].codes == ("P107",)
    assert "laptop stolen" in run(show)
    run(keygen)
    run(build)
    keys = ["keys/docs.jwks.json", "keys/docs-new.jwks.json"]
    provenance = {"require": "manifest", "keys": keys, "manifest": "manifests/docs"}
    source = {"id": "docs", "match": "https://docs.example/**", "provenance": provenance}
    Path("headgate.yaml").write_text(json.dumps({"sources": [source], "revocations": lists}))
    assert gate.reload()
    genuine, poison = sealed_by("docs"), sealed_by("docs", "No days at all.")
    assert [one.admitted for one in gate.admit([genuine, poison]).decisions] == [True, False]
    assert "docs" in run(log)
