"""Commands that lost something and ended green: half a file, a wrong limit, nothing to look at."""

from __future__ import annotations

import gzip
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from headgate import Chunk, Gate
from headgate.cli.app import app
from headgate.corpus import CorpusItem, audit_corpus, read_corpus, to_line, to_lines
from headgate.errors import HeadgateError
from headgate.integration.publishing import Publishing
from headgate.testing import FixedClock, Publisher

NOW = "2026-06-01T12:00:00Z"
OPEN = "sources: [{id: a, match: ['file:**', 'https://a.example/**'], provenance: {require: declared}}]\n"
Row = dict[str, Any]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "headgate.yaml").write_text(OPEN)
    run("keygen", "--out", "k")
    return tmp_path


def run(*words: object) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def code_of(done: Result) -> int:
    """What `main` makes of it: an error on purpose is a line and exit code 2."""
    if isinstance(done.exception, HeadgateError):
        return 2
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code


def write_lines(path: Path, count: int) -> None:
    rows: list[Row] = [{"text": f"t{n}", "metadata": {"source": f"https://a.example/{n}"}} for n in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def seal(documents: Path, out: Path) -> Result:
    return run("seal", documents, "-k", "k.private.jwk.json", "-i", "me", "-o", out)


def counts_of(done: Result) -> Row:
    counts: Row = json.loads(done.stdout)["counts"]
    return counts


def test_every_chunk_of_a_long_document_is_judged(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source(provenance={"require": "declared"})]}, clock=clock)
    chunks = [Chunk(f"t{n}", {"source": "https://handbook.example/a"}) for n in range(10_050)]
    audit = audit_corpus(gate, [CorpusItem(str(n), chunk) for n, chunk in enumerate(chunks)], clock.now)
    assert audit.counts() == {"documents": 10_050, "admissible": 10_050, "kept_out": 0, "unreadable": 0}


@pytest.mark.parametrize("between", [0, 3, 2_500])
@pytest.mark.parametrize("newer_first", [True, False])
def test_a_superseded_version_is_found_however_far_away_it_is(
    between: int, handbook: Publisher, clock: FixedClock, *, newer_first: bool
) -> None:
    source = handbook.source(provenance={"require": "declared"}, freshness={"supersede": True})
    gate = Gate({"sources": [source]}, clock=clock)
    page = "https://handbook.example/a"
    versions = [Chunk(f"v{n}", {"source": page, "version": n}) for n in ((2, 1) if newer_first else (1, 2))]
    filling = [Chunk(f"t{n}", {"source": f"https://handbook.example/other/{n}"}) for n in range(between)]
    chunks = [versions[0], *filling, versions[1]]
    audit = audit_corpus(gate, [CorpusItem(str(n), chunk) for n, chunk in enumerate(chunks)], clock.now)
    assert audit.counts()["kept_out"] == 1
    (old,) = [row for row in audit.rows if row.keeps_out]
    assert old.place == ("0" if not newer_first else str(len(chunks) - 1))


def test_the_parts_of_a_corpus_stay_in_order(handbook: Publisher, clock: FixedClock) -> None:
    gate = Gate({"sources": [handbook.source(provenance={"require": "declared"})]}, clock=clock)
    items = [
        CorpusItem(str(n), Chunk(f"t{n}", {"source": f"https://handbook.example/{n % 7}"}) if n % 5 else None, "broken")
        for n in range(2_100)
    ]
    audit = audit_corpus(gate, items, clock.now)
    assert [row.place for row in audit.rows] == [str(n) for n in range(2_100)]
    assert audit.counts()["unreadable"] == 420


@pytest.mark.parametrize("ending", ["jsonl", "jsonl.gz"])
def test_a_sealed_file_says_how_many_documents_it_holds(ending: str, here: Path) -> None:
    write_lines(here / "in.jsonl", 5)
    assert code_of(seal(here / "in.jsonl", here / "out.jsonl")) == 0
    rows = [json.loads(line) for line in (here / "out.jsonl").read_text().splitlines()]
    assert all(set(row) == {"text", "metadata", "headgate"} for row in rows)
    assert rows[-1]["headgate"] == {"document": 5, "of": 5}
    if ending == "jsonl.gz":
        (here / "out.jsonl.gz").write_bytes(gzip.compress((here / "out.jsonl").read_bytes()))
    assert code_of(run("audit", f"out.{ending}")) == 0


def _without_end(lines: Sequence[str]) -> str:
    return "".join(lines[:3])


def _torn(lines: Sequence[str]) -> str:
    return "".join(lines)[:-30]


def _without_middle(lines: Sequence[str]) -> str:
    return "".join([*lines[:1], *lines[2:]])


def _without_beginning(lines: Sequence[str]) -> str:
    return "".join(lines[2:])


def _twice(lines: Sequence[str]) -> str:
    return "".join([*lines, lines[1]])


def _joined_with_half(lines: Sequence[str]) -> str:
    return "".join([*lines, *lines[:2]])


@pytest.mark.parametrize("spoil", [_without_end, _torn, _without_middle, _without_beginning, _twice, _joined_with_half])
def test_an_audit_of_a_file_that_lost_documents_is_not_green(spoil: Callable[[Sequence[str]], str], here: Path) -> None:
    write_lines(here / "in.jsonl", 5)
    seal(here / "in.jsonl", here / "out.jsonl")
    lines = (here / "out.jsonl").read_text().splitlines(keepends=True)
    (here / "out.jsonl").write_text(spoil(lines))
    done = run("audit", "out.jsonl", "--json")
    assert code_of(done) == 1
    assert "out.jsonl: it" in done.stderr
    assert json.loads(done.stdout)["skipped"]


def test_sealed_files_may_be_joined_split_by_lines_and_sealed_again(here: Path) -> None:
    write_lines(here / "in.jsonl", 5)
    seal(here / "in.jsonl", here / "a.jsonl")
    (here / "b.jsonl").write_text((here / "a.jsonl").read_text() * 2)
    assert code_of(run("audit", "b.jsonl")) == 0
    assert code_of(seal(here / "b.jsonl", here / "c.jsonl")) == 0
    assert json.loads((here / "c.jsonl").read_text().splitlines()[-1])["headgate"] == {"document": 10, "of": 10}
    # Lines that somebody else wrote need no count.
    chunks = [item.chunk for item in read_corpus(here / "a.jsonl") if item.chunk is not None]
    (here / "plain.jsonl").write_text("".join(to_line(chunk) + "\n" for chunk in chunks[:2]))
    assert code_of(run("audit", "plain.jsonl")) == 0


def test_the_count_is_in_the_last_line_only() -> None:
    chunks = [Chunk(f"t{n}", {}) for n in range(3)]
    counts = [json.loads(line)["headgate"] for line in to_lines(chunks)]
    assert counts == [{"document": 1}, {"document": 2}, {"document": 3, "of": 3}]
    assert list(to_lines([])) == []


def test_sealing_that_is_killed_leaves_the_old_file(here: Path) -> None:
    write_lines(here / "in.jsonl", 1)
    seal(here / "in.jsonl", here / "out.jsonl")
    before = (here / "out.jsonl").read_bytes()
    program = (
        "import os, signal, sys\n"
        "from headgate.chunk import Chunk; from headgate.corpus import CorpusItem; from headgate.cli import options\n"
        "def endless(path, **options):\n"
        "    for n in range(10_000):\n"
        "        if n == 2_000: os.kill(os.getpid(), signal.SIGKILL)\n"
        "        yield CorpusItem(str(n), Chunk('x' * 1_000, {'source': 'https://a.example/x'}))\n"
        "options.read_corpus = endless\n"
        "sys.argv = ['headgate', 'seal', 'in.jsonl', '-k', 'k.private.jwk.json', '-i', 'me', '-o', 'out.jsonl']\n"
        "from headgate.cli import main; main()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=here, capture_output=True, check=False)  # noqa: S603
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert (here / "out.jsonl").read_bytes() == before
    # What it left lies under a name that no reader of a folder takes for a document.
    assert all(item.place.endswith(("in.jsonl", ":1")) for item in read_corpus(here) if item.is_document)


def test_sealing_nothing_does_not_replace_a_file(here: Path) -> None:
    write_lines(here / "in.jsonl", 1)
    seal(here / "in.jsonl", here / "out.jsonl")
    before = (here / "out.jsonl").read_bytes()
    (here / "empty.jsonl").write_text("")
    (here / "broken.jsonl").write_text("nothing\n")
    (here / "nameless.jsonl").write_text('{"text": "x", "metadata": {}}\n')
    for name in ("empty", "broken", "nameless"):
        assert code_of(seal(here / f"{name}.jsonl", here / "out.jsonl")) == 2
        assert (here / "out.jsonl").read_bytes() == before


DOCUMENTS = [
    ("audit",),
    ("seal", "-k", "k.private.jwk.json", "-i", "me", "-o", "o.jsonl"),
    ("init", "-o", "new.yaml"),
    ("rehearse",),
]
LOGS = [
    ("log",),
    ("log", "--counts"),
    ("replay", "--policy", "headgate.yaml"),
    ("sources",),
    ("report", "adoption"),
    ("report", "stale"),
]


def with_path(words: Sequence[str], path: str) -> list[str]:
    """The command with the path as its argument: after its name, and that of its group."""
    place = 2 if words[0] in ("report", "receipt") else 1
    return [*words[:place], path, *words[place:]]


@pytest.mark.parametrize("words", DOCUMENTS, ids=lambda words: words[0])
def test_nothing_to_look_at_is_not_fine(words: Sequence[str], here: Path) -> None:
    (here / "empty").mkdir()
    (here / "scans").mkdir()
    (here / "scans" / "a.pptx").write_bytes(b"%PDF")
    (here / "none.jsonl").write_text("\n\n")
    for path in ("empty", "scans", "none.jsonl", "missing"):
        done = run(*with_path(words, path))
        assert code_of(done) == 2, path
        assert not (here / "o.jsonl").exists()
        assert not (here / "new.yaml").exists()
    assert "a.pptx" in str(run(*with_path(words, "scans")).exception)


@pytest.mark.parametrize("words", DOCUMENTS[:3], ids=lambda words: words[0])
@pytest.mark.parametrize("skipped", ["x.pptx", "broken.md", "lines.jsonl", "link.md"])
def test_what_is_skipped_is_named_and_not_fine(words: Sequence[str], skipped: str, here: Path) -> None:
    docs = here / "docs"
    docs.mkdir()
    (docs / "good.md").write_text("A page.")
    if skipped == "link.md":
        (docs / skipped).symlink_to(docs / "good.md")
    else:
        content = {"x.pptx": b"%PDF", "broken.md": b"\xff", "lines.jsonl": b'{"text": "x", "source": "a.md"}\nno\n'}
        (docs / skipped).write_bytes(content[skipped])
    done = run(*with_path(words, "docs"))
    assert code_of(done) == 1
    assert skipped in done.output
    (docs / skipped).unlink()
    assert code_of(run(*with_path(words, "docs"), *(["--force"] if words[0] == "init" else []))) == 0


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="everybody may read everything")
def test_a_folder_that_cannot_be_read_is_named(here: Path) -> None:
    closed = here / "docs" / "closed"
    closed.mkdir(parents=True)
    (here / "docs" / "good.md").write_text("A page.")
    closed.chmod(0)
    try:
        assert any("closed" in item.place and item.problem for item in read_corpus(here / "docs"))
    finally:
        closed.chmod(0o700)


@pytest.mark.parametrize("words", LOGS, ids=" ".join)
def test_an_empty_log_is_not_fine_and_a_torn_line_is_named(
    words: Sequence[str], here: Path, handbook: Publisher, clock: FixedClock
) -> None:
    (here / "empty.jsonl").write_text("")
    assert code_of(run(*with_path(words, "empty.jsonl"))) == 2
    assert code_of(run(*with_path(words, "missing.jsonl"))) == 2
    policy = {"sources": [handbook.source()], "log": {"path": str(here / "log.jsonl")}}
    (here / "headgate.yaml").write_text(json.dumps(policy))
    gate = Gate(policy, clock=clock)
    gate.admit([handbook.seal("text", "https://handbook.example/a")])
    gate.close()
    fine = run(*with_path(words, "log.jsonl"))
    assert code_of(fine) == 0, fine.output
    with (here / "log.jsonl").open("a") as file:
        file.write('{"torn')
    torn = run(*with_path(words, "log.jsonl"))
    assert code_of(torn) == 1
    assert "log.jsonl:2" in torn.stderr


@pytest.mark.parametrize(
    "words",
    [
        ("seal", "docs", "-k", "k.private.jwk.json", "-i", "me", "-o"),
        ("init", "docs", "--force", "-o"),
        ("audit", "docs", "--html"),
        ("schema", "--out"),
        ("demo", "--questions", "1", "--html"),
    ],
    ids=lambda words: words[0],
)
def test_an_output_that_cannot_be_written_leaves_the_old_one(
    words: Sequence[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "docs").mkdir()
    (here / "docs" / "good.md").write_text("A page.")
    (here / "result").write_text("old")

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    done = run(*words, "result")
    assert isinstance(done.exception, OSError)
    assert (here / "result").read_text() == "old"
    assert not [path for path in here.iterdir() if path.name.endswith(".part")]


def seal_one(line: str, here: Path) -> tuple[Result, Row | None]:
    """Seal a file of one line, and return what became of it."""
    (here / "one.jsonl").write_text(line + "\n")
    done = seal(here / "one.jsonl", here / "out.jsonl")
    out = here / "out.jsonl"
    return done, json.loads(out.read_text()) if out.exists() else None


@pytest.mark.parametrize("beside", [{"expires": "2020-01-01"}, {"Valid-Until": "2020"}, {"superseded_by": "page-2"}])
def test_a_restriction_beside_the_metadata_is_sealed(beside: Row, here: Path) -> None:
    done, sealed = seal_one(json.dumps({"text": "t", **beside, "metadata": {"source": "https://a.example/1"}}), here)
    assert code_of(done) == 0
    assert sealed is not None
    assert beside.items() <= sealed["metadata"].items()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ('{"text":"t","source":"https://a.example/1","expires":"2020","expires":null}', "'expires' is there twice"),
        ('{"text":"t","metadata":{"source":"https://a.example/1","a":{"b":1,"b":2}}}', "'b' is there twice"),
        ('{"text":"old","text":"new","source":"https://a.example/1"}', "'text' is there twice"),
        ('{"text":"t","source":"https://a.example/1","metadata":"{\\"expires\\":\\"2020\\"}"}', "not a JSON object"),
        ('{"text":"t","source":"https://a.example/1","metadata":[{"expires":"2020"}]}', "not a JSON object"),
        (
            '{"text":"t","expires":"2020","metadata":{"source":"https://a.example/1","expires":"2999"}}',
            "'expires' is in",
        ),
        ('{"text":"t","expires":"2020","metadata":{"source":"https://a.example/1","expires":null}}', "'expires' is in"),
        ('{"text":"t","source":"https://a.example/1","superseded_by":["page-2"]}', "(superseded_by) cannot be covered"),
        ('{"text":"t","source":"https://a.example/1","superseded_by":{"id":2}}', "(superseded_by) cannot be covered"),
    ],
)
def test_a_line_whose_restrictions_would_be_lost_is_not_sealed(line: str, problem: str, here: Path) -> None:
    done, sealed = seal_one(line, here)
    assert sealed is None
    assert code_of(done) == 2
    assert problem in str(done.exception)


def test_more_entries_than_are_looked_at_are_not_sealed(here: Path) -> None:
    many: Row = {"source": "https://a.example/1", **{f"k{n}": 1 for n in range(10_001)}, "valid_until": "2020-01-01"}
    for row in ({"text": "t", "metadata": many}, {"text": "t", **many}, {"text": "t", "metadata": {"a": 1}, **many}):
        done, sealed = seal_one(json.dumps(row), here)
        assert sealed is None
        assert code_of(done) == 2


def test_an_empty_successor_and_a_date_that_no_seal_covers_are_no_reason_to_refuse() -> None:
    metadata = {"source": "https://a.example/1", "superseded_by": [], "published": FixedClock().now}
    claims = Publishing().claims(metadata)
    assert claims.arguments["subject"] == "https://a.example/1"
    with pytest.raises(HeadgateError, match="superseded_by"):
        Publishing().claims({**metadata, "superseded_by": FixedClock().now})
