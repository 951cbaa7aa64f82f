"""Readers that somebody else's file could crash, mislead or slow down: front matter, policies, glossaries, tables."""

from __future__ import annotations

import csv
import gzip
import json
import os
import stat
from pathlib import Path

import pytest

from headgate import Chunk, Gate, Glossary, KeySet, Policy, PolicyError
from headgate.corpus import CorpusItem, read_corpus
from headgate.files import replacing
from headgate.record.reading import read_log

# Each once raised something other than a PolicyError, or was read as something that nobody wrote.
NOT_WHAT_THE_TAG_SAYS = [
    "!!bool x",
    "!!int x",
    "!!float x",
    "!!null x",
    "!!timestamp x",
    "!!timestamp 2026-99-99",
    "!!binary é",
    "!!set [a]",
    "!!omap {a: b}",
    "!!pairs x",
    "!!python/name:os.system x",
    "!own x",
    "!!map x",
    "!!seq x",
    "!!str [x]",
    "!!int 0b101",
]
BROKEN_YAML = [
    *(f"a: {value}" for value in NOT_WHAT_THE_TAG_SAYS),
    "a: b: c",
    "a: [",
    "a: *b",
    "a: &b c",
    "? [a]\n: b",
    "a: 1\na: 2",
    "a: \x01",
    "a: '",
    "%YAML 9.9\n---\na: b",
    "a: " + "[" * 10_000,
    "- " * 10_000,
]


def only(path: Path) -> CorpusItem:
    (item,) = read_corpus(path, prefix="https://a.example/")
    return item


def page(folder: Path, text: str | bytes) -> CorpusItem:
    (folder / "page.md").write_bytes(text if isinstance(text, bytes) else text.encode())
    return only(folder)


@pytest.mark.parametrize("yaml", BROKEN_YAML)
def test_front_matter_that_cannot_be_read_is_named_with_its_line(yaml: str, tmp_path: Path) -> None:
    item = page(tmp_path, f"---\ntitle: Leave\n{yaml}\n---\nText\n")
    # The text alone is not used: what cannot be read may be its end of validity.
    assert item.chunk is None
    assert item.problem is not None
    assert "front matter" in item.problem
    assert "line " in item.problem


@pytest.mark.parametrize("yaml", BROKEN_YAML)
def test_a_policy_that_breaks_does_not_replace_the_one_in_force(yaml: str, tmp_path: Path) -> None:
    path = tmp_path / "headgate.yaml"
    path.write_text("mode: audit\n")
    gate = Gate(path)
    before = gate.policy_revision
    path.write_text(f"mode: audit\nmetadata:\n  {yaml}\n".replace("  %", "%"))
    with pytest.raises(PolicyError, match=r"headgate\.yaml"):
        gate.reload()
    assert gate.policy_revision == before


@pytest.mark.parametrize(
    "policy",
    [
        {"sources": [{"id": "a", "match": "https://a.example/**", "freshness": {"max_age": "999999999d"}}]},
        {"budget": {"max_tokens": float("inf")}},
        {"budget": {"max_tokens": 10**400}},
        {"log": {"path": "x" * 10_000}},
        {"sources": [{"id": "a", "match": ["https://a.example/**"], "provenance": {"keys": ["\x00"]}}]},
        {"sources": [{"id": "a", "match": ["https://a.example/**"], "provenance": {"keys": ["x" * 10_000]}}]},
        {"default": {"provenance": {"require": "declared"}, "terminology": ["x" * 10_000]}},
        {"metadata": {"timezone": "../../etc/passwd"}},
        {"metadata": {"timezone": "\x00"}},
        {"quarantine": {"path": "q"}, "sources": [{"id": "a", "match": "https://a/**", "quarantine": {"window": {}}}]},
    ],
)
def test_a_value_that_no_validator_expects_is_a_policy_error(policy: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "headgate.yaml").write_text(json.dumps(policy))
    with pytest.raises(PolicyError):
        Gate(tmp_path / "headgate.yaml")


SCALARS = [
    ("1:20", "1:20"),
    ("190:20:30", "190:20:30"),
    ("010", 10),
    ("0o10", 8),
    ("0x10", 16),
    ("yes", "yes"),
    ("no", "no"),
    ("on", "on"),
    ("off", "off"),
    ("y", "y"),
    ("NO", "NO"),
    ("true", True),
    ("False", False),
    ("~", None),
    ("", None),
    ("null", None),
    ("1_000", "1_000"),
    ("0b11", "0b11"),
    ("1.5", 1.5),
    (".5", 0.5),
    ("-.inf", float("-inf")),
    ("1e3", 1000.0),
    ("2026-05-01", "2026-05-01"),
    ("2026-05-01 10:00", "2026-05-01 10:00"),
    ("'7'", "7"),
    ("!!str 7", "7"),
    ("!!float 7", 7.0),
    ("=", "="),
    ("9" * 5_000, "9" * 5_000),
    ("1:" * 5_000 + "1", "1:" * 5_000 + "1"),
]


@pytest.mark.parametrize(("written", "meant"), SCALARS, ids=range(len(SCALARS)))
def test_scalars_mean_what_yaml_1_2_says(written: str, meant: object, tmp_path: Path) -> None:
    item = page(tmp_path, f"---\nvalue: {written}\n---\nText\n")
    assert item.chunk is not None
    assert item.chunk.metadata["value"] == meant
    assert type(item.chunk.metadata["value"]) is type(meant)


def test_a_policy_may_still_say_yes(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(
        "log: {path: d.jsonl, fsync: yes}\nsources: [{id: a, match: 'https://a.example/**', "
        "provenance: {require: declared}, freshness: {supersede: off}}]\n"
    )
    policy = Policy.load(tmp_path / "p.yaml")
    assert policy.log is not None
    assert policy.log.fsync is True
    assert policy.sources[0].freshness.supersede is False


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ('+++\nexpiryDate = "2024-06-11"\n+++\nBody\n', "Body\n"),
        ("+++\nexpiryDate = 2024-06-11\n+++\nBody\n", "Body\n"),
        ("+++\r\nexpiryDate = 2024-06-11T00:00:00Z\r\n+++\r\n\r\nBody\r\n", "Body\r\n"),
        ("---\nexpiryDate: 2024-06-11\n---\nBody\n", "Body\n"),
        ("---\nexpiryDate: 2024-06-11\n...\nBody\n", "Body\n"),
        ("---  \r\nexpiryDate: 2024-06-11\r\n... \r\nBody\r\n", "Body\r\n"),
        ("\ufeff---\nexpiryDate: 2024-06-11\n---\nBody\n", "Body\n"),
        ("\ufeff+++\nexpiryDate = 2024-06-11\n+++\nBody\n", "Body\n"),
        ("\ufeff\ufeff---\nexpiryDate: 2024-06-11\n---\nBody\n", "Body\n"),
        ("--- # front matter\nexpiryDate: 2024-06-11\n---\nBody\n", "Body\n"),
        ("+++\t# front matter\r\nexpiryDate = 2024-06-11\r\n+++\r\nBody\r\n", "Body\r\n"),
        ("---\nexpiryDate: 2024-06-11\n---", ""),
        ("---\nexpiryDate: 2024-06-11\n...", ""),
    ],
)
def test_every_form_of_front_matter_that_people_write(text: str, body: str, tmp_path: Path) -> None:
    item = page(tmp_path, text)
    assert item.chunk is not None
    assert item.chunk.text == body
    gate = Gate({"sources": [{"id": "a", "match": ["https://a.example/**"], "provenance": {"require": "none"}}]})
    (decision,) = gate.admit([item.chunk]).decisions
    assert not decision.admitted
    assert "F201" in decision.codes


@pytest.mark.parametrize(
    "text",
    [
        "---\nA rule, and no end.\n",
        "+++\nno end\n",
        "---\njust a sentence\n---\nText\n",
        "----\na: b\n----\n",
        "---\n\n# Leave\n\nNote: everyone gets thirty days.\n",
        "\n---\n\nA rule below an empty line.\n",
        "---\nSee https://a.example/ and 10:30.\n",
        "A line\n\n---\nexpires: 2025-01-01\n",
        "{% include 'head' %}\nText\n",
        '{"title": "An example"}\nText\n',
        "--- a line in a play\nText\n",
        "-" * 300_000,
        "\u2014" * 300_000,
        "---" + " " * 300_000,
        "",
        "---",
    ],
)
def test_a_line_that_only_looks_like_front_matter_is_text(text: str, tmp_path: Path) -> None:
    item = page(tmp_path, text)
    assert item.problem is None
    assert item.chunk is not None
    assert item.chunk.text == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("---\ntitle: T\nexpires: 2025-01-01\n\nOld offer.\n", "line 1: it has no end"),
        ("---\nexpires: 2025-01-01", "line 1: it has no end"),
        ("---\r\ntitle:\r\n  - T\r\nOld offer.\r\n", "line 1: it has no end"),
        ("---\n\n# The offer\nExpiry-Date: 2025-01-01\n\nOld offer.\n", "line 1: it has no end"),
        ('---\n"valid until": 2025-01-01\nOld offer.\n', "line 1: it has no end"),
        ("---\ntitle: T\n----\nOld offer.\n", "line 1: it has no end"),
        ("----\nexpires: 2025-01-01\n----\nOld offer.\n", "line 1: it has no end"),
        ("+++\ntitle = 'T'\nexpires = 2025-01-01\n\nOld offer.\n", "line 1: it has no end"),
        ("\n---\nexpires: 2025-01-01\n---\nOld offer.\n", "line 2: it does not begin on the first line"),
        ("\r\n \r\n---\r\ntitle: T\r\n---\r\nOld offer.\r\n", "line 3: it does not begin on the first line"),
        ("\n+++\nexpires = 2025-01-01\n+++\nOld offer.\n", "line 2: it does not begin on the first line"),
        (" ---\nexpires: 2025-01-01\n---\nOld offer.\n", "line 1: it does not begin on the first line"),
        ("---\nexpires: 2025-01-01\n----\nOld offer.\n", "line 1: it has no end"),
        ("---\rexpires: 2025-01-01\r---\rOld offer.\r", "line 1: its lines end in a carriage return alone"),
        ("--- yaml\nexpires: 2025-01-01\n---\nOld offer.\n", "line 1: it has no end"),
        ('---json\n{"expires": "2025-01-01"}\n---\nOld offer.\n', "line 1: it has no end"),
        ("--- {expires: 2025-01-01}\n---\nOld offer.\n", "line 1: it has no end"),
        ("---\n- expires: 2025-01-01\n---\nOld offer.\n", "line 1: it is not a mapping"),
        ("---\n---\nexpires: 2025-01-01\n---\nOld offer.\n", "line 1: it is not a mapping"),
        ("\u2014\nexpires: 2025-01-01\n\u2014\nOld offer.\n", "line 1: it begins with a line that is not read"),
        (';;;\n"expires": "2025-01-01"\n;;;\nOld offer.\n', "line 1: it begins with a line that is not read"),
        ("\u200b---\nexpires: 2025-01-01\n---\nOld offer.\n", "line 1: it does not begin on the first line"),
        ('{\n "expires": "2025-01-01"\n}\nOld offer.\n', "line 1: it is written in JSON"),
        ('\n{"expires": "2025-01-01", "expires": null}\nOld offer.\n', "line 1: it is written in JSON"),
        ('{\n "replaced_by": "page-2",\n}\nOld offer.\n', "line 1: it is written in JSON"),
        ("\ufeff\n---\nexpires: 2025-01-01\n---\nOld offer.\n", "line 2: it does not begin on the first line"),
    ],
)
def test_front_matter_that_is_not_closed_or_not_at_the_top_is_named(text: str, problem: str, tmp_path: Path) -> None:
    item = page(tmp_path, text)
    assert item.chunk is None
    assert problem in str(item.problem)


def test_an_anchor_in_front_matter_is_named_as_such(tmp_path: Path) -> None:
    problem = str(page(tmp_path, "---\na: &x 1\nb: *x\n---\nText\n").problem)
    assert "front matter" in problem
    assert "line 2: anchors and aliases" in problem
    assert "pattern" not in problem


def test_pictures_beside_documents_are_no_problem_and_other_files_are_named(tmp_path: Path) -> None:
    (tmp_path / "page.md").write_text("Text")
    for name in ("logo.png", "photo.JPG", "font.woff2"):
        (tmp_path / name).write_bytes(b"\x89")
    assert [item.problem for item in read_corpus(tmp_path)] == [None]
    (tmp_path / "table.pptx").write_bytes(b"%PDF")
    assert [item.place for item in read_corpus(tmp_path) if item.problem] == [str(tmp_path / "table.pptx")]


@pytest.mark.parametrize(
    "toml",
    [
        "a",
        "a = ",
        "a = 1\na = 2",
        "a = " + "9" * 5_000,
        "a = 0x" + "f" * 5_000,
        "a = " + "[" * 5_000,
        "[" + "a." * 900 + "a]",
    ],
)
def test_toml_that_cannot_be_read_is_named(toml: str, tmp_path: Path) -> None:
    item = page(tmp_path, f"+++\n{toml}\n+++\nText\n")
    assert item.chunk is None
    assert "front matter" in str(item.problem)


def test_front_matter_without_end_costs_no_more_than_the_file(tmp_path: Path) -> None:
    item = page(tmp_path, "---\n" + "a: b\n" * 100_000 + "---\nText\n")
    assert item.chunk is None
    assert "longer than" in str(item.problem)


def test_loading_a_glossary_changes_nothing_for_the_process(tmp_path: Path) -> None:
    before = csv.field_size_limit(123_456)
    try:
        (tmp_path / "terms.csv").write_text("canonical,alias\nLarkDesk,LDX\n")
        assert Glossary.load(tmp_path / "terms.csv").rewrite("LDX").text == "LarkDesk"
        (tmp_path / "wide.csv").write_text(f"canonical,alias\nLarkDesk,{'x' * 200_000}\n")
        with pytest.raises(PolicyError, match=r"wide\.csv"):
            Glossary.load(tmp_path / "wide.csv")
        assert csv.field_size_limit() == 123_456
    finally:
        csv.field_size_limit(before)


@pytest.mark.parametrize("name", ["\x00", "x" * 5_000, "a/" * 3_000])
def test_a_file_name_that_no_system_takes_is_a_policy_error(name: str, tmp_path: Path) -> None:
    with pytest.raises(PolicyError):
        Policy.load(tmp_path / name)
    with pytest.raises(PolicyError):
        KeySet.load(tmp_path / name)


def test_utf_16_is_said_plainly(tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_bytes("mode: audit".encode("utf-16"))
    with pytest.raises(PolicyError, match="UTF-16"):
        Policy.load(tmp_path / "p.yaml")


LINES = [
    b"[" * 100_000,
    b'{"text": "x", "metadata": ' + b'{"a":' * 900 + b"1" + b"}" * 901,
    b'{"text": 7}',
    b'"text"',
    b"\xff\xfe",
    b'{"text": "x", "id": ' + b"9" * 5_000 + b"}",
    b"NaN",
    b"",
]


def test_a_hostile_line_hides_no_other(tmp_path: Path) -> None:
    good = b'{"text": "good", "metadata": {"source": "https://a.example/x"}}'
    for number, line in enumerate(LINES):
        (tmp_path / f"{number}.jsonl").write_bytes(good + b"\n" + line + b"\n" + good + b"\n")
    with gzip.open(tmp_path / "torn.jsonl.gz", "wb") as file:
        file.write(good * 1_000)
    data = (tmp_path / "torn.jsonl.gz").read_bytes()
    (tmp_path / "torn.jsonl.gz").write_bytes(data[: len(data) // 2])
    items = list(read_corpus(tmp_path))
    assert sum(item.chunk is not None and item.chunk.text == "good" for item in items) == 2 * len(LINES)
    assert any("torn.jsonl.gz" in item.place and item.problem for item in items)


def test_what_is_passed_over_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("A page.")
    (tmp_path / "scan.pptx").write_bytes(b"%PDF")
    (tmp_path / "README").write_text("No ending.")
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "x.md").write_text("hidden")
    (tmp_path / "link.md").symlink_to(tmp_path / "a.md")
    (tmp_path / "loop").symlink_to(tmp_path, target_is_directory=True)
    os.mkfifo(tmp_path / "pipe.md")
    items = list(read_corpus(tmp_path))
    assert [item.place for item in items if item.chunk is not None] == [str(tmp_path / "a.md")]
    named = {Path(item.place).name for item in items if item.chunk is None}
    assert named == {"scan.pptx", "README", "link.md", "loop", "pipe.md"}
    assert not any(item.is_document for item in items if item.chunk is None)


def test_a_file_appears_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "out" / "result.jsonl"
    with replacing(path) as stream:
        stream.write("one\n")
    path.chmod(0o640)
    link = tmp_path / "link.jsonl"
    link.symlink_to(path)

    def half() -> None:
        with replacing(link) as stream:
            stream.write("tw")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        half()
    assert path.read_text() == "one\n"
    with replacing(link) as stream:
        stream.write("two\n")
        assert path.read_text() == "one\n"
    assert path.read_text() == "two\n"
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [file.name for file in path.parent.iterdir()] == ["result.jsonl"]


@pytest.mark.parametrize("broken", ["b: [}", "b: \x01", "b: &x y", "b: *x", "b: !!bool x", "a: 2", "b: " + "[" * 99])
def test_the_line_that_is_named_is_the_line_that_is_wrong(broken: str, tmp_path: Path) -> None:
    (tmp_path / "p.yaml").write_text(f"a: 1\n\n{broken}\n")
    with pytest.raises(PolicyError, match=r"p\.yaml:3"):
        Policy.load(tmp_path / "p.yaml")
    (tmp_path / "page.md").write_text(f"---\na: 1\n{broken}\n---\nText")
    assert "line 3" in str(only(tmp_path / "page.md").problem)


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ('A,"b\nKubernetes,k8s\nAllowlist,whitelist\n', 2),
        ('Kubernetes,k8s\nA,"b\nAllowlist,whitelist\n', 3),
        ('A,"b\nKubernetes,k8s\nB,"c"\n', 2),
        ('A,"b"c\nKubernetes,k8s\n', 2),
    ],
)
def test_a_quote_that_is_not_closed_swallows_no_terms(rows: str, line: int, tmp_path: Path) -> None:
    (tmp_path / "terms.csv").write_text(f"canonical,alias\n{rows}")
    with pytest.raises(PolicyError, match=rf"terms\.csv:{line}: this is not CSV"):
        Glossary.load(tmp_path / "terms.csv")


def test_a_record_that_no_reader_would_read_is_not_acknowledged(tmp_path: Path) -> None:
    gate = Gate(
        {
            "sources": [{"id": "a", "match": "https://a.example/**", "provenance": {"require": "none"}}],
            "log": {"path": str(tmp_path / "log.jsonl"), "content": "full"},
        }
    )
    text = "\x01" * 11_000_000  # six characters each in JSON
    assert not gate.admit([Chunk(text, {"source": "https://a.example/1"})]).chunks
    assert gate.admit([Chunk("text", {"source": "https://a.example/1"})]).chunks
    assert all(entry.record is not None for entry in read_log([tmp_path / "log.jsonl"]))
