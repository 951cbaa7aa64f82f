"""Commands that wrote their result over what they had read: a log, the documents, the policy, a key."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_type_hints

import pytest
from typer.testing import CliRunner, Result

from headgate import Chunk, Gate
from headgate.cli.app import app
from headgate.cli.outputs import OUTPUTS
from headgate.errors import HeadgateError
from headgate.files import replacing
from headgate.policy import Policy

POLICY = """\
version: 1
sources:
  - id: a
    match: ["https://a.example/**", "file:**"]
    provenance: {require: declared, keys: k.jwks.json}
    terminology: terms.yaml
default: {provenance: {require: none}}
log: {path: decisions.jsonl}
registry: {path: registry.sqlite}
quarantine: {path: held.jsonl}
overrides: {path: open.jsonl}
revocations: [{list: revoked.jws, keys: s.jwks.json}]
"""
GLOSSARY = "terms: {Portable Document Format: [PDF]}\n"


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    run("keygen", "-o", "k")
    run("keygen", "-o", "s")
    run("revoke", "add", "revoked.jws", "-k", "s.private.jwk.json", "-i", "s", "--document", "https://a.example/gone")
    Path("held.jsonl").write_text("")
    Path("open.jsonl").write_text("")
    Path("terms.yaml").write_text(GLOSSARY)
    Path("p.yaml").write_text(POLICY)
    Path("docs.jsonl").write_text('{"text": "t", "metadata": {"source": "https://a.example/x"}}\n')
    Path("docs").mkdir()
    Path("docs/page.html").write_text("<p>A page.</p>")
    Path("docs/page.md").write_text("A page.")
    Path("questions.txt").write_text("What?\n")
    Path("app.py").write_text("def find(question): return ['a']\n")
    gate = Gate(Policy.load("p.yaml"))
    gate.admit([Chunk("t", {"source": "https://a.example/x"})])
    gate.close()
    Path("decisions.jsonl.1").write_bytes(Path("decisions.jsonl").read_bytes())
    return tmp_path


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def admission() -> str:
    return str(json.loads(Path("decisions.jsonl").read_text().splitlines()[0])["admission"])


SEAL = ("-k", "k.private.jwk.json", "-i", "me")
CASES = [
    ("decisions.jsonl", "sources decisions.jsonl --html"),
    ("decisions.jsonl.1", "sources decisions.jsonl --html"),
    ("p.yaml", "sources decisions.jsonl -p p.yaml --html"),
    ("decisions.jsonl", "report adoption decisions.jsonl --html"),
    ("decisions.jsonl", "report adoption decisions.jsonl --unsealed"),
    ("decisions.jsonl", "report stale decisions.jsonl --html"),
    ("terms.yaml", "report stale decisions.jsonl -p p.yaml --html"),
    ("decisions.jsonl", "replay decisions.jsonl -p p.yaml --html"),
    ("k.jwks.json", "replay decisions.jsonl -p p.yaml --html"),
    ("decisions.jsonl", "log decisions.jsonl --admission ID --html"),
    ("docs.jsonl", "audit docs.jsonl -p p.yaml --html"),
    ("p.yaml", "audit docs.jsonl -p p.yaml --html"),
    ("terms.yaml", "audit docs.jsonl -p p.yaml --html"),
    ("k.jwks.json", "audit docs.jsonl -p p.yaml --html"),
    ("decisions.jsonl", "audit docs.jsonl -p p.yaml --html"),
    ("decisions.jsonl.1", "audit docs.jsonl -p p.yaml --html"),
    ("registry.sqlite", "audit docs.jsonl -p p.yaml --html"),
    ("held.jsonl", "audit docs.jsonl -p p.yaml --html"),
    ("open.jsonl", "audit docs.jsonl -p p.yaml --html"),
    ("revoked.jws", "audit docs.jsonl -p p.yaml --html"),
    ("docs/page.html", "audit docs -p p.yaml --html"),
    ("docs/page.md", "audit docs -p p.yaml --html"),
    ("app.py", "audit app:find --questions questions.txt -p p.yaml --html"),
    ("questions.txt", "audit app:find --questions questions.txt -p p.yaml --html"),
    ("docs.jsonl", "init docs.jsonl --force -o"),
    ("docs/page.md", "init docs --force -o"),
    ("k.jwks.json", "init docs --keys k.jwks.json --force -o"),
    ("docs.jsonl", "seal docs.jsonl SEAL -o"),
    ("docs/page.md", "seal docs SEAL -o"),
    ("k.private.jwk.json", "seal docs.jsonl SEAL -o"),
    ("k.private.jwk.json", "audit docs.jsonl -p p.yaml --sign k.private.jwk.json --html"),
    (
        "k.private.jwk.json",
        "delegate --key k.private.jwk.json --to k.jwks.json --match https://a.example/** --until 400d -o",
    ),
    ("k.jwks.json", "delegate --key k.private.jwk.json --to k.jwks.json --match https://a.example/** --until 400d -o"),
    ("docs", "manifest build docs SEAL --corpus c -o"),
    (
        "k.private.jwk.json",
        "receipt issue decisions.jsonl --admission ID --key k.private.jwk.json --issuer i --force -o",
    ),
    ("decisions.jsonl", "receipt issue decisions.jsonl --admission ID --key k.private.jwk.json --issuer i --force -o"),
    ("docs/page.md", "rehearse docs -p p.yaml --html"),
    ("p.yaml", "rehearse docs -p p.yaml --plot"),
    ("docs.jsonl", "backfill store SEAL --against docs.jsonl --list"),
]


def names_of(victim: str) -> Iterator[Path]:
    """Yield names of a file or folder: its own, another way there, a link, and another name of the file itself."""
    yield from (Path(victim), Path("docs", "..", victim), Path.cwd() / victim)
    Path("link.jsonl").symlink_to(victim)
    yield Path("link.jsonl")
    # Of what is in a folder another name is a file of its own: the one in the folder stays when it is replaced.
    if Path(victim).is_file() and Path(victim).parent == Path():
        os.link(victim, "hard.jsonl")
        yield Path("hard.jsonl")


@pytest.mark.parametrize(("victim", "command"), CASES, ids=[f"{c.split(' -')[0]} over {v}" for v, c in CASES])
def test_what_is_read_is_not_written_over(victim: str, command: str, here: Path) -> None:
    words: list[object] = []
    for word in command.split():
        words += SEAL if word == "SEAL" else [admission() if word == "ID" else word]
    targets = list(names_of(victim))
    before = {file: file.read_bytes() for file in here.rglob("*") if file.is_file()}
    for target in targets:
        done = run(*words, target)
        assert isinstance(done.exception, HeadgateError), done.output
        assert "Choose another name" in str(done.exception)
    # The log too: nothing has begun.
    assert {file: file.read_bytes() for file in here.rglob("*") if file.is_file()} == before


def test_the_glossary_that_is_drafted_is_not_read_either(here: Path) -> None:
    Path("new.glossary.yaml").write_text("What?\n")
    done = run("init", "app:find", "--questions", "new.glossary.yaml", "-o", "new.yaml", "--force")
    assert "Choose another name" in str(done.exception)


def test_nor_by_what_a_command_writes_beside_its_result(here: Path) -> None:
    key = Path("k.private.jwk.json").read_bytes()
    for place, command in (
        (".o.jsonl.headgate-resume", "seal docs.jsonl -i me -o o.jsonl -k"),
        ("m/timestamp.json", "manifest build docs.jsonl -i me --corpus c -o m -k"),
        ("m/manifests/1.json", "manifest build docs.jsonl -i me --corpus c -o m -k"),
    ):
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        Path(place).write_bytes(key)
        assert "Choose another name" in str(run(*command.split(), place).exception)
        assert Path(place).read_bytes() == key
        Path(place).unlink()


def test_two_results_are_not_written_to_one_file(here: Path) -> None:
    done = run("report", "adoption", "decisions.jsonl", "--html", "x", "--unsealed", "./x")
    assert "two results" in str(done.exception)


def test_results_are_written_over_earlier_results(here: Path) -> None:
    """Also beside what is read, and into the folder of the manifest that the policy names."""
    for _ in range(2):
        assert run("audit", "docs.jsonl", "-p", "p.yaml", "--html", "audit.html").exit_code == 0
        for words in (("docs", "-o", "docs/headgate.yaml"), (".", "-o", "headgate.yaml")):
            assert "drafted from" in run("init", *words, "--force").output
    Path("m.yaml").write_text(
        "sources: [{id: a, match: ['file:docs/**'], provenance: {require: manifest, manifest: m, keys: k.jwks.json}}]\n"
    )
    Path("docs/headgate.yaml").unlink()
    for _ in range(2):
        built = run("manifest", "build", "docs", *SEAL, "--corpus", "c", "-o", "m", "-p", "m.yaml")
        assert built.exit_code == 0, built.output


@pytest.mark.parametrize(
    "command",
    ["audit docs.jsonl -p p.yaml --html", "init docs.jsonl -o", "seal docs.jsonl SEAL -o", "schema -o", "demo --html"],
)
def test_a_link_that_leads_to_nothing_is_not_followed(command: str, here: Path) -> None:
    (here / "outside").mkdir()
    Path("out").symlink_to(here / "outside" / "made")
    words = [part for word in command.split() for part in (SEAL if word == "SEAL" else (word,))]
    done = run(*words, "out")
    assert "leads to nothing" in str(done.exception)
    assert list((here / "outside").iterdir()) == []


@pytest.mark.parametrize("ending", [".private.jwk.json", ".jwks.json"])
@pytest.mark.parametrize("leads", ["to nothing", "to a file"])
def test_keys_are_not_written_through_links(ending: str, leads: str, here: Path) -> None:
    (here / "outside").mkdir()
    made = here / "outside" / "made"
    if leads == "to a file":
        made.write_text("kept")
    Path(f"new{ending}").symlink_to(made)
    done = run("keygen", "-o", "new")
    assert isinstance(done.exception, HeadgateError)
    assert [file.read_text() for file in (here / "outside").iterdir()] == (["kept"] if leads == "to a file" else [])
    # Neither half is left behind without the other.
    assert sorted(file.name for file in here.glob("new.*")) == [f"new{ending}"]


def test_a_file_that_replaces_another_is_not_made_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "made")
    with pytest.raises(HeadgateError, match="leads to nothing"), replacing(tmp_path / "link") as stream:
        stream.write("x")
    (tmp_path / "made").write_text("before")
    with replacing(tmp_path / "link") as stream:
        stream.write("after")
    assert ((tmp_path / "made").read_text(), (tmp_path / "link").is_symlink()) == ("after", True)


READ = {
    "after", "against", "before", "document", "documents", "examples", "glossary",
        "history", "folder", "heads", "key", "keys", "known", "log", "new", "old", "path", "policy",
    "questions", "receipt", "sign", "timestamp_key", "timestamp_keys", "to", "corpus_place",
}  # fmt: skip


def functions(typed: Any) -> Iterator[Callable[..., object]]:
    for command in typed.registered_commands:
        yield command.callback
    for group in typed.registered_groups:
        yield from functions(group.typer_instance)


def test_every_file_that_a_command_names_is_read_or_written() -> None:
    """A new parameter is in `OUTPUTS`, or here: what is written and is in neither is not looked at."""
    named = set()
    for function in functions(app):
        hints = get_type_hints(inspect.unwrap(function))
        named |= {name for name, hint in hints.items() if "Path" in repr(hint)}
    assert len(named) > 10
    assert named - OUTPUTS - READ == set()
    assert not READ & OUTPUTS
