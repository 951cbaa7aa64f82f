"""The commands, as a user runs them."""

from __future__ import annotations

import gzip
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from headgate import Chunk, Gate
from headgate.cli import main
from headgate.codes import CODES

NOW = "2026-06-01T12:00:00Z"


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

    return call


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "leave.md").write_text("---\ntitle: Leave\nupdated_at: 2026-05-01T10:00:00Z\n---\nThirty days.\n")
    (folder / "old.md").write_text("---\nupdated_at: 2020-01-01T00:00:00Z\n---\nTwenty days.\n")
    (folder / "two.md").write_text("---\nupdated_at: 02/03/2026\n---\nTwo readings.\n")
    (folder / "binary.txt").write_bytes(b"\xff\xfe")
    (folder / ".hidden.md").write_text("hidden")
    (folder / "more.jsonl").write_text(
        '{"text": "A line.", "metadata": {"url": "https://wiki.example/a"}}\nnot json\n[]\n'
    )
    return folder


def test_every_command_has_help_with_an_example(run: Any) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for name in ("demo", "init", "keygen", "seal", "audit", "explain", "schema"):
        assert re.search(rf"^  {name} ", out, re.M)
        code, text, _ = run(name, "--help")
        assert code == 0
        assert re.search(rf"Examples?: headgate {name}", text)
    for words in (("log",), ("receipt", "verify"), ("receipt", "issue"), ("rehearse",), ("replay",)):
        assert "<list[" not in run(*words, "--help")[1]


def test_the_time_of_a_file_is_sealed_as_no_time_of_change_unless_the_policy_says_so(run: Any, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "leave.md").write_text("Thirty days.\n")
    run("keygen", "--out", "keys/docs")
    assert run("seal", "docs", "--key", "keys/docs.private.jwk.json", "--issuer", "docs", "--out", "s.jsonl")[0] == 0
    source = "{provenance: {require: sealed, keys: keys/docs.jwks.json}, freshness: {max_age: 3650d, missing: drop}}"
    policy = f"default: {source}"
    (tmp_path / "headgate.yaml").write_text(policy)
    code, out, _ = run("audit", "s.jsonl", "--json")
    assert (code, json.loads(out)["counts"]["F203"]) == (1, 1)
    (tmp_path / "headgate.yaml").write_text(f"{policy}\nmetadata: {{modified: mtime}}\n")
    assert run("audit", "s.jsonl")[0] == 0


def test_from_documents_to_a_clean_audit(run: Any, docs: Path, tmp_path: Path) -> None:
    assert run("keygen", "--out", "keys/docs")[0] == 0
    code, out, err = run("seal", "docs", "--key", "keys/docs.private.jwk.json", "--issuer", "docs", "--out", "s.jsonl")
    assert code == 1  # three places could not be read, and it says which
    assert "4 documents sealed" in err
    assert "3 documents not sealed:" in err
    assert "binary.txt" in err
    code, out, _ = run("init", "s.jsonl", "--keys", "keys/docs.jwks.json", "--now", NOW)
    assert code == 0
    assert "file:docs/**" in out
    policy = (tmp_path / "headgate.yaml").read_text()
    assert "mode: audit" in policy
    assert 'keys: ["keys/docs.jwks.json"]' in policy
    code, out, _ = run("audit", "s.jsonl", "--json", "--now", NOW)
    found = json.loads(out)
    assert found["counts"]["documents"] == 4
    old = next(row for row in found["documents"] if row["decision"]["uri"] == "file:docs/old.md")
    assert code == int(found["counts"]["kept_out"] > 0)
    assert old["decision"]["assurance"] == "sealed"


def test_an_audit_names_the_reason_of_every_document_it_keeps_out(run: Any, docs: Path, tmp_path: Path) -> None:
    (tmp_path / "headgate.yaml").write_text(
        "sources:\n  - id: docs\n    match: ['file:docs/**']\n    provenance: {require: declared}\n"
        "    freshness: {max_age: 90d}\n"
    )
    code, out, _ = run("audit", "docs", "--now", NOW, "--html", "page.html")
    assert code == 1
    assert "would be kept out" in Path("page.html").read_text()
    for fragment in ("old.md", "F202", "binary.txt", "not UTF-8", "P109", "two.md", "more.jsonl:2"):
        assert fragment in out
    code, out, _ = run("audit", "docs/leave.md", "--prefix", "file:docs/", "--now", NOW)
    assert code == 0
    assert re.search(r"Admissible under headgate\.yaml at 2\d{3}-\d\d-\d\d \d\d:\d\d UTC: 1 of 1 document\.", out)


def test_a_version_superseded_within_the_corpus_is_found(run: Any, tmp_path: Path) -> None:
    rows = [{"text": f"v{n}", "metadata": {"source": "file:docs/a", "version": n}} for n in (1, 2)]
    with gzip.open(tmp_path / "docs.jsonl.gz", "wt") as file:
        file.write("\n".join(json.dumps(row) for row in rows))
    (tmp_path / "headgate.yaml").write_text(
        "sources: [{id: docs, match: 'file:docs/**', provenance: {require: declared}, freshness: {supersede: true}}]"
    )
    code, out, _ = run("audit", "docs.jsonl.gz", "--json")
    assert code == 1
    assert json.loads(out)["counts"]["F205"] == 1


def test_init_refuses_to_overwrite_and_an_empty_corpus(run: Any, docs: Path, tmp_path: Path) -> None:
    code, _, err = run("init", "docs", "--now", NOW)
    assert code == 1  # it is written, and what was skipped is named
    assert "binary.txt" in err
    code, _, err = run("init", "docs")
    assert code == 2
    assert "--force" in err
    (tmp_path / "empty").mkdir()
    code, _, err = run("init", "empty", "--out", "x.yaml")
    assert code == 2
    assert "no document" in err


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (("audit", "none"), "headgate.yaml"),
        (("audit", "none", "--policy", "p.yaml"), "no such file"),
        (("explain", "F20"), "Did you mean"),
        (("explain", "\x1b[31m"), "not a reason code"),
        (("keygen", "--out", "k", "--algorithm", "HS256"), "Ed25519"),
        (("seal", "p.yaml", "--key", "none", "--issuer", "x"), "does not exist"),
        (("audit", "p.yaml", "--now", "soon", "--policy", "p.yaml"), "--now"),
        (("audit", "p.yaml", "--policy", "p.yaml"), "this kind of file"),
        (("nonsense",), "nonsense"),
        (("audit", "--nonsense"), "--nonsense"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_two(run: Any, tmp_path: Path, arguments: Any, fragment: str) -> None:
    (tmp_path / "p.yaml").write_text("mode: audit")
    code, _, err = run(*arguments)
    assert code == 2
    assert fragment in err
    assert "Traceback" not in err


def test_every_code_is_explained(run: Any) -> None:
    code, out, _ = run("explain")
    assert code == 0
    for name in CODES:
        assert name in out
        code, text, _ = run("explain", name.lower())
        assert code == 0
        assert "How to fix it" in text
    assert json.loads(run("explain", "P105", "--json")[1])["check"] == "provenance"


def test_the_schema_describes_the_policy(run: Any, tmp_path: Path) -> None:
    schema = json.loads(run("schema")[1])
    assert {"mode", "sources", "default", "budget"} <= set(schema["properties"])
    assert schema["additionalProperties"] is False
    run("schema", "--out", "s.json")
    assert json.loads((tmp_path / "s.json").read_text()) == schema


def test_document_text_cannot_write_to_the_terminal(run: Any, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text("mode: enforce")
    row = {"text": "x", "metadata": {"source": "https://evil.example/\x1b[2J[bold]x[/bold]\u202e"}}
    (tmp_path / "d.jsonl").write_text(json.dumps(row))
    _, out, _ = run("audit", "d.jsonl", "--policy", "p.yaml")
    assert "\x1b" not in out
    assert "\u202e" not in out


@pytest.mark.parametrize("file", ["chroma.sqlite3", "docstore.json"])
def test_a_folder_of_an_index_is_said_to_be_one_with_what_to_use(run: Any, tmp_path: Path, file: str) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / file).write_bytes(b"")
    run("keygen", "--out", "k")
    (tmp_path / "p.yaml").write_text("sources: []\n")
    for words in (
        ("init", "store"),
        ("audit", "store", "--policy", "p.yaml"),
        ("seal", "store", "--key", "k.private.jwk.json", "--issuer", "k", "--out", "s.jsonl"),
        ("rehearse", "store", "--policy", "p.yaml"),
        ("glossary", "suggest", "store"),
    ):
        code, _, err = run(*words)
        assert (code, "the folder of an index" in err, "MODULE:NAME" in err) == (2, True, True), (words, err)


def test_texts_beside_the_file_of_an_index_are_read(run: Any, tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "docstore.json").write_text("{}")
    (tmp_path / "docs" / "leave.md").write_text("Thirty days.")
    code, out, _ = run("init", "docs")
    assert (code, "drafted from 1 document" in out) == (1, True)


def test_the_address_of_a_store_is_no_file_and_its_password_is_not_said(run: Any, tmp_path: Path) -> None:
    run("keygen", "--out", "k")
    (tmp_path / "p.yaml").write_text("sources: []\n")
    place = "postgresql://me:secret@db.example/texts"
    for words in (
        ("init", place),
        ("audit", place, "--policy", "p.yaml"),
        ("seal", place, "--key", "k.private.jwk.json", "--issuer", "k"),
    ):
        code, _, err = run(*words)
        assert (code, "--out DIR" in err, "secret" in err) == (2, True, False), (words, err)


def test_an_option_that_would_mean_nothing_is_refused(run: Any, docs: Path, tmp_path: Path) -> None:
    run("keygen", "--out", "k")
    (tmp_path / "p.yaml").write_text("sources: []\n")
    signing = ("--key", "k.private.jwk.json", "--issuer", "k")
    table = tmp_path / "t.parquet"
    table.write_bytes(b"")
    listing = ("--corpus", "c", "--out", "m")
    for words, said in (
        (("audit", "docs", "--policy", "p.yaml", "--collection", "faq"), "give --out DIR"),
        (("audit", "docs", "--policy", "p.yaml", "--workers", "2"), "give --out DIR"),
        (("audit", "docs", "--policy", "p.yaml", "--sign", "k.private.jwk.json"), "give --out DIR"),
        (("audit", "docs/more.jsonl", "--policy", "p.yaml", "--collection", "x", "--out", "a"), "has no collections"),
        (("seal", "docs", *signing, "--collection", "x", "--out", "s.jsonl"), "has no collections"),
        (("manifest", "build", "docs", *signing, *listing, "--collection", "x"), "has no collections"),
        (("manifest", "build", "docs/more.jsonl", *signing, *listing, "--collection", "x"), "has no collections"),
        (("manifest", "build", "t.parquet", *signing, *listing, "--collection", "x"), "has no collections"),
        (("glossary", "suggest", "docs", "--workers", "2"), "give --out DIR"),
    ):
        code, _, err = run(*words)
        assert (code, said in err) == (2, True), (words, err)


def test_what_names_no_source_is_told_what_can_name_it(run: Any, tmp_path: Path) -> None:
    lines = [{"text": "a", "metadata": {"link": 7, "title": "A"}}, {"text": "b", "metadata": {}}]
    (tmp_path / "d.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    run("keygen", "--out", "k")
    _, _, err = run("seal", "d.jsonl", "--key", "k.private.jwk.json", "--issuer", "k", "--out", "s.jsonl")
    assert "no document can be sealed" in err
    (tmp_path / "e.jsonl").write_text(
        json.dumps({"text": "c", "metadata": {"url": "https://a.example/"}}) + "\n" + (tmp_path / "d.jsonl").read_text()
    )
    _, _, err = run("seal", "e.jsonl", "--key", "k.private.jwk.json", "--issuer", "k", "--out", "s.jsonl")
    assert "--field-map source=ENTRY" in err
    assert "keys are: link, title." in err
    assert "It names no source: it has no metadata." in err
    assert err.count("cannot be sealed") == 2
    code, out, _ = run("init", "d.jsonl")
    assert (code, "It has no lock" in out, "require: none" in (tmp_path / "headgate.yaml").read_text()) == (
        0,
        True,
        True,
    )


def test_one_is_one_in_what_is_said(run: Any, tmp_path: Path) -> None:
    (tmp_path / "d.jsonl").write_text(json.dumps({"text": "a", "metadata": {"source": "https://a.example/"}}) + "\n")
    (tmp_path / "p.yaml").write_text("default: {provenance: {require: sealed}}\nlog: {path: log.jsonl}\n")
    assert "0 of 1 document is admissible" in run("audit", "d.jsonl", "--policy", "p.yaml")[1]
    with Gate(tmp_path / "p.yaml") as gate:
        admission = gate.admit([Chunk("a", {"source": "https://a.example/"})], "?")
        gate.admit([], "?")
        gate.admit([], "?")
    assert [one.message for one in admission.findings] == [
        "None of the 1 document that was found may enter the prompt."
    ]
    lines = (tmp_path / "log.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "log.jsonl").write_bytes(lines[0] + lines[2])
    assert "2 records in 1 chain: 1 problem." in run("log", "log.jsonl", "--verify")[1]
