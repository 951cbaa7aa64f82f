"""`headgate manifest`, as a user runs it."""

from __future__ import annotations

import json
import shutil
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from headgate import Chunk, Gate, KeySet, Manifest
from headgate.cli import main

NOW = "2026-06-01T12:00:00Z"
COMMANDS = ("build", "timestamp", "verify", "diff", "completeness", "show")


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    monkeypatch.chdir(tmp_path)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["headgate", *arguments])
        code = 0
        try:
            main()
        except SystemExit as exit_:
            code = int(exit_.code or 0)
        output = capsys.readouterr()
        return code, output.out, output.err

    assert call("keygen", "--out", "keys/docs")[0] == 0
    return call


def line(name: str, text: str, **metadata: object) -> str:
    return json.dumps({"text": text, "metadata": {"source": f"https://docs.example/{name}", **metadata}}) + "\n"


@pytest.fixture
def export(tmp_path: Path) -> Path:
    file = tmp_path / "export.jsonl"
    file.write_text(line("a", "One.", title="A") + line("a", "Two.", title="A") + line("b", "Three."))
    return file


def build(run: Any, *more: str) -> tuple[int, str, str]:
    arguments = ("--key", "keys/docs.private.jwk.json", "--issuer", "docs", "--corpus", "docs", "--out", "m")
    result: tuple[int, str, str] = run("manifest", "build", "export.jsonl", *arguments, "--now", NOW, *more)
    return result


def verify(run: Any, *more: str) -> tuple[int, str, str]:
    result: tuple[int, str, str] = run("manifest", "verify", "m", "--keys", "keys/docs.jwks.json", "--now", NOW, *more)
    return result


def test_every_command_has_help_with_an_example(run: Any) -> None:
    for name in COMMANDS:
        code, text, _ = run("manifest", name, "--help")
        assert code == 0
        assert f"Example: headgate manifest {name}" in text


@pytest.mark.usefixtures("export")
def test_an_index_is_signed_checked_and_gated(run: Any, tmp_path: Path) -> None:
    code, out, err = build(run)
    assert (code, out) == (0, "")
    assert "'docs', version 1: 2 documents, 3 chunks, written to m." in err
    assert "It speaks for https://docs.example/*." in err
    assert "All of them signed unseen" in err
    code, out, err = verify(run)
    assert (code, err) == (0, "")
    assert "It verifies. Signed by 'docs'" in out
    policy = {
        "sources": [
            {
                "id": "docs",
                "match": "https://docs.example/**",
                "provenance": {"require": "manifest", "manifest": "m", "keys": "keys/docs.jwks.json"},
            }
        ]
    }
    (tmp_path / "headgate.yaml").write_text(json.dumps(policy))
    code, out, _ = run("audit", "export.jsonl", "--policy", "headgate.yaml", "--now", NOW)
    assert code == 0
    gate = Gate(tmp_path / "headgate.yaml")
    forged = Chunk("Forged.", {"source": "https://docs.example/a", "title": "A"})
    assert [one.codes[:1] for one in gate.judge([forged]).decisions] == [("P110",)]


def test_what_changed_is_named(run: Any, export: Path) -> None:
    build(run)
    export.write_text(line("a", "One.", title="A") + line("a", "2.", title="A") + line("c", "Four."))
    assert "version 2: 2 documents" in build(run)[2]
    arguments = ("manifest", "diff", "m/manifests/1.json", "m", "--keys", "keys/docs.jwks.json")
    code, out, _ = run(*arguments, "--json")
    assert code == 1
    assert json.loads(out) == {
        "added": ["https://docs.example/c"],
        "removed": ["https://docs.example/b"],
        "changed": ["https://docs.example/a"],
        "unchanged": 0,
    }
    code, out, _ = run(*arguments)
    assert "1 document added\n  https://docs.example/c\n" in out
    code, out, _ = run("manifest", "diff", "m", "m/manifests/2.json", "--keys", "keys/docs.jwks.json")
    assert (code, out.splitlines()[-1]) == (0, "2 documents unchanged")


def test_completeness_is_measured(run: Any, export: Path) -> None:
    build(run)
    arguments = ("manifest", "completeness", "m", "export.jsonl", "--keys", "keys/docs.jwks.json")
    code, out, _ = run(*arguments)
    assert (code, out.splitlines()[:2]) == (0, ["2 of 2 documents are there in full,", "3 of 3 chunks."])
    export.write_text(line("a", "One.", title="A") + line("x", "X."))
    code, out, _ = run(*arguments, "--json")
    assert code == 1
    found = json.loads(out)
    assert (found["complete"], found["found"], found["missing"]) == (0, 1, ["https://docs.example/b"])
    assert found["unlisted"] == ["export.jsonl:2"]


@pytest.mark.usefixtures("export")
def test_a_comparison_with_the_origin_keeps_out_what_it_does_not_confirm(run: Any, tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    (origin / "a").with_suffix(".md").write_text("---\nsource: https://docs.example/a\n---\nZero. One.\n")
    code, _, err = build(run, "--against", "origin")
    assert code == 1
    assert "version 1: 1 document, 1 chunk" in err
    assert "2 places not listed:" in err
    assert "export.jsonl:2: it is not listed: its text is not part of the origin's document" in err
    assert "the origin has no document https://docs.example/b" in err
    code, out, _ = build(run, "--against", "origin", "--unseen", "--json")
    assert code == 1
    said = json.loads(out)
    assert (said["documents"], said["compared"], said["unseen"]) == (2, 1, 1)
    assert said["unseen_documents"] == ["https://docs.example/b"]
    code, _, err = build(run, "--unseen")
    assert (code, "--against" in err) == (2, True)


@pytest.mark.usefixtures("export")
def test_a_timestamp_is_renewed_by_its_own_key(run: Any) -> None:
    assert run("keygen", "--out", "keys/stamps")[0] == 0
    build(run, "--timestamp-key", "keys/stamps.private.jwk.json", "--expires", "1d")
    own = ("--timestamp-keys", "keys/stamps.jwks.json")
    assert verify(run, *own)[0] == 0
    code, _, err = verify(run)
    assert (code, "none of these keys may sign" in err) == (1, True)
    later = "2026-06-05T00:00:00Z"
    code, _, err = run("manifest", "verify", "m", "--keys", "keys/docs.jwks.json", *own, "--now", later)
    assert (code, "(P114)" in err) == (1, True)
    renew = ("manifest", "timestamp", "m", "--key", "keys/stamps.private.jwk.json", "--now", later)
    code, _, err = run(*renew)
    assert (code, "none of these keys may sign" in err) == (2, True)
    code, out, _ = run(*renew, "--keys", "keys/docs.jwks.json", "--expires", "36h", "--json")
    assert (code, json.loads(out)["expires"]) == (0, "2026-06-06T12:00:00+00:00")
    assert run("manifest", "verify", "m", "--keys", "keys/docs.jwks.json", *own, "--now", later)[0] == 0
    code, _, err = run(*renew, "--keys", "keys/docs.jwks.json", "--at-least", "2")
    assert (code, "P108" in err) == (2, True)
    # The next version is signed by the same two, or its number has to be given.
    code, _, err = build(run)
    assert (code, "none of these keys may sign" in err) == (2, True)
    assert build(run, "--timestamp-key", "keys/stamps.private.jwk.json")[0] == 0


@pytest.mark.usefixtures("export")
def test_show_says_whether_it_was_verified(run: Any, tmp_path: Path) -> None:
    build(run)
    code, out, _ = run("manifest", "show", "m")
    assert (code, out.splitlines()[-1]) == (0, "Not verified: give --keys.")
    assert out.startswith(
        "'docs', version 1, by 'docs', signed 2026-06-01 12:00 UTC\n2 documents, 3 chunks, in 1 shard\n"
    )
    code, out, _ = run("manifest", "show", "m", "--keys", "keys/docs.jwks.json", "--json")
    said = json.loads(out)
    assert (code, said["verified"], said["documents"], said["expires"]) == (0, True, 2, "2026-06-08T12:00:00+00:00")
    (tmp_path / "m/timestamp.json").write_text("{}")
    code, _, err = run("manifest", "show", "m")
    assert (code, "headgate: " in err, "Traceback" in err) == (2, True, False)


@pytest.mark.usefixtures("export")
def test_a_manifest_that_does_not_hold_is_a_finding(run: Any, tmp_path: Path) -> None:
    build(run)
    (shard,) = (tmp_path / "m/shards").iterdir()
    shard.write_bytes(b"x")
    code, out, err = verify(run)
    assert (code, out) == (1, "")
    assert "It does not hold:" in err
    assert str(shard.relative_to(tmp_path)) in err
    code, out, _ = verify(run, "--json")
    assert (code, len(json.loads(out)["problems"])) == (1, 1)
    # Building again mends what is there.
    assert build(run, "--version", "1")[0] == 0
    assert verify(run)[0] == 0
    assert verify(run, "--at-least", "5")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (("--expires", "soon"), "--expires"),
        (("--expires", "0s"), "--expires"),
        (("--date-order", "X"), "--date-order"),
        (("--timezone", "Nowhere"), "--timezone"),
        (("--namespace", "https://other.example/**"), "outside the namespace"),
        (("--namespace", "https://a**/"), "--namespace"),
        (("--corpus", "x\ny"), "not a name"),
        (("--against", "nothing"), "no such file"),
    ],
)
@pytest.mark.usefixtures("export")
def test_usage_errors_are_named(arguments: tuple[str, ...], problem: str, run: Any) -> None:
    code, out, err = build(run, *arguments)
    assert (code, out) == (2, "")
    assert problem in err


def test_nothing_is_signed_where_nothing_can_be(run: Any, tmp_path: Path) -> None:
    for content, problem in (("", "no document"), ('{"text": "x"}\n', "names no source"), ("not json\n", "not JSON")):
        (tmp_path / "export.jsonl").write_text(content)
        code, _, err = build(run)
        assert code == 2
        assert problem in err
    assert not (tmp_path / "m").exists()


@pytest.mark.usefixtures("export")
def test_another_corpus_in_the_folder_is_not_overwritten(run: Any) -> None:
    build(run)
    code, _, err = build(run, "--corpus", "other")
    assert (code, "of another corpus, 'docs'" in err) == (2, True)


@pytest.mark.usefixtures("export")
def test_looking_at_a_later_manifest_takes_none_out_of_force(run: Any, tmp_path: Path) -> None:
    build(run)
    shutil.copytree(tmp_path / "m", tmp_path / "staging")
    source = {"id": "docs", "match": "https://docs.example/**"}
    provenance = {"require": "manifest", "manifest": str(tmp_path / "m"), "keys": str(tmp_path / "keys/docs.jwks.json")}
    policy = {"sources": [{**source, "provenance": provenance}]}
    chunk = Chunk("Three.", {"source": "https://docs.example/b"})
    assert (
        Gate(policy, clock=lambda: datetime.fromisoformat(NOW.replace("Z", "+00:00")))
        .admit([chunk])
        .decisions[0]
        .admitted
    )
    arguments = ("--key", "keys/docs.private.jwk.json", "--issuer", "docs", "--corpus", "docs", "--out", "staging")
    run("manifest", "build", "export.jsonl", *arguments, "--now", NOW)
    for command in (
        ("verify", "staging", "--now", NOW),
        ("diff", "m", "staging"),
        ("completeness", "staging", "export.jsonl"),
    ):
        run("manifest", *command, "--keys", "keys/docs.jwks.json")
    gate = Gate(policy, clock=lambda: datetime.fromisoformat(NOW.replace("Z", "+00:00")))
    assert gate.admit([chunk]).decisions[0].admitted


@pytest.mark.usefixtures("export")
def test_a_manifest_that_was_rolled_back_is_no_empty_one(run: Any, tmp_path: Path) -> None:
    build(run)
    shutil.copytree(tmp_path / "m", tmp_path / "old")
    build(run)
    Manifest.load(tmp_path / "m", KeySet.load(tmp_path / "keys/docs.jwks.json"))  # as a gate does
    for command in (("diff", "m", "old"), ("completeness", "old", "export.jsonl")):
        code, _, err = run("manifest", *command, "--keys", "keys/docs.jwks.json")
        assert code == 2
        assert "P108" in err
